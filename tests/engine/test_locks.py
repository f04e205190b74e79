# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several runs at once, and surroundings that must make no difference."""

from __future__ import annotations

import json
import subprocess
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from labmachine import ROOT
from labs import PAIR, ROOTED, changed, run_under, same, settled, view

if t.TYPE_CHECKING:
    from labmachine import LabMachine
    from labs import Items

DIRECTORY = "/run/tcpip.lab"
LOCK = f"{DIRECTORY}/lab.lock"


@contextmanager
def held(machine: LabMachine, path: str) -> t.Iterator[None]:
    """Somebody else holds the lock for the length of the block."""
    holder = machine.popen(["flock", path, "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdin is not None
    assert holder.stdout is not None
    holder.stdin.write("held\n")
    holder.stdin.flush()
    assert holder.stdout.readline() == "held\n"
    try:
        yield
    finally:
        holder.communicate()


def test_a_run_waits_for_the_one_before_it(machine: LabMachine) -> None:
    machine.module("topology", name="lab", **PAIR)
    with ThreadPoolExecutor() as pool:
        with held(machine, LOCK):
            # neither another lab nor a prediction waits
            machine.module("topology", name="other", netns=[{"name": "x"}])
            machine.module("topology", _check=True, name="lab", state="absent")
            removal = pool.submit(machine.module, "topology", name="lab", state="absent")
            time.sleep(0.8)
            assert not removal.done()
        assert removal.result()["changed"]


def test_many_runs_at_once_on_one_lab(machine: LabMachine) -> None:
    """Present and absent from several sides at once: each is a whole, and the last one decides."""
    before = settled(machine)
    other = changed(PAIR, "veth", 0, mtu=1400, addresses=["192.0.2.9/24"])
    runs: list[dict[str, t.Any]] = [PAIR, {"state": "absent"}, other, {"state": "absent"}] * 3
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda items: machine.module("topology", name="lab", **items), runs))
    machine.module("topology", name="lab", **PAIR)
    assert not machine.module("topology", name="lab", **PAIR)["changed"]
    machine.module("topology", name="lab", state="absent")
    same(before, settled(machine))


@pytest.mark.parametrize(("now", "then"), [({"state": "absent"}, PAIR), (PAIR, {"state": "absent"})])
def test_the_directory_of_namespaces_is_made_and_removed_by_one_at_a_time(
    machine: LabMachine, now: Items, then: Items
) -> None:
    before = settled(machine)
    machine.module("topology", name="lab", **then)
    machine.run(["mkdir", "-p", "-m", "711", DIRECTORY])
    with ThreadPoolExecutor() as pool, held(machine, DIRECTORY):
        run = pool.submit(machine.module, "topology", name="lab", **now)
        time.sleep(0.8)
        assert not run.done()
    assert run.result()["changed"]
    machine.module("topology", name="lab", state="absent")
    same(before, settled(machine))


def test_many_labs_at_once(machine: LabMachine) -> None:
    before = settled(machine)

    def live(number: int) -> None:
        items: Items = {
            "netns": [{"name": f"n{number}"}],
            "veth": [{"name": f"a{number}", "netns": f"n{number}", "peer": {"name": f"b{number}"}}],
        }
        for _round in range(2):
            machine.module("topology", name=f"lab{number}", **items)
            machine.module("topology", name=f"lab{number}", state="absent")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(live, range(4)))
    same(before, settled(machine))


def test_umask_and_directory_make_no_difference(machine: LabMachine) -> None:
    before = settled(machine)
    machine.run(["mkdir", "/tmp/gone"])
    script = "cd /tmp/gone && rmdir /tmp/gone && umask {} && exec {} {}"
    run = f"{machine.module_python} {ROOT}/tests/run_module.py"
    for umask in ("000", "077", "777"):
        command = ["sh", "-c", script.format(umask, run, "")]
        done = run_under(machine, command, "topology", name="lab", **ROOTED)
        assert json.loads(done.stdout.splitlines()[-1]).get("changed"), done.stdout + done.stderr
        modes = machine.run(["stat", "-c", "%a %n", "/run/netns", "/run/tcpip.lab", "/run/tcpip.lab/lab.json"]).stdout
        assert modes == "755 /run/netns\n711 /run/tcpip.lab\n600 /run/tcpip.lab/lab.json\n"
        assert view(machine, "ns1")
        machine.module("topology", name="lab", state="absent")
        same(before, settled(machine))
        machine.run(["mkdir", "/tmp/gone"])
    machine.run(["rmdir", "/tmp/gone"])


SOMEBODY_ELSES = "/run/tcpip.lab is not a directory of root's own that nobody else can list or write (remove it)"


def test_a_directory_that_is_not_roots_own_is_refused(machine: LabMachine) -> None:
    for command in ("mkdir -m 755 /run/tcpip.lab", "ln -s /tmp /run/tcpip.lab"):
        machine.run(["sh", "-c", command])
        said = machine.module("topology", name="lab", _fails=True, **PAIR)["msg"]
        assert said == SOMEBODY_ELSES
        machine.run(["rm", "-r", "/run/tcpip.lab"])
