# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is asked to end, by Ctrl-C or otherwise, takes back what it did and says so; or it was done already."""

from __future__ import annotations

import contextlib
import json
import subprocess
import typing as t

import pytest
from labmachine import ANSIBLE_DIRECTORY, COLLECTIONS, ROOT
from labs import FULL, NAP, PAIR, ROOTED, Items, changed, run_under, same, settled, view
from processes import RUNTIME

if t.TYPE_CHECKING:
    from labmachine import LabMachine

#: Every act would take minutes; 1 was tried, and is to be tried after a change of what a run does in which order.
STRIDE = 9
SPACES = ("", "ns1", "router", "ns2")
SIGNALS = ("INT", "TERM", "HUP")


def asked_to_end(machine: LabMachine, act: int, number: str, **options: t.Any) -> str:
    """Run the module topology with a signal before its nth act: what it says, empty if it did all that it was to do."""
    command = [machine.module_python, str(ROOT / "tests/killed_module.py"), str(act), "sh", "-c"]
    done = run_under(machine, [*command, f"kill -{number} $PPID"], "topology", name="lab", **options)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert bool(result.get("failed")) == bool(done.returncode)
    return str(result.get("msg", ""))


def message(number: str, when: str) -> str:
    """What it says."""
    return f"interrupted by SIG{number} ({when})"


def test_asked_to_end_while_it_is_built_and_removed(machine: LabMachine) -> None:
    """It is as it was before then, which is nothing of it or all of it."""
    lab: Items = {**ROOTED, "process": [NAP]}
    nothing = machine.snapshot()
    said: list[str] = []
    for act in range(1, 1000, STRIDE):
        number = SIGNALS[act % 3]
        said.append(asked_to_end(machine, act, number, **lab))
        if not said[-1]:
            break
        assert said[-1] in [
            message(number, when) for when in ("nothing was changed", "what was done before it is undone")
        ]
        same(nothing, settled(machine), f"after SIG{number} before act {act}")
    assert any("undone" in each for each in said[:-1])
    settled(machine)
    whole = view(machine, *SPACES)
    assert not machine.module("topology", name="lab", **lab)["changed"]
    said = []
    for act in range(1, 1000, STRIDE):
        number = SIGNALS[act % 3]
        said.append(asked_to_end(machine, act, number, state="absent"))
        if not said[-1]:
            break
        same(whole, view(machine, *SPACES), f"after SIG{number} before act {act} of the removal")
        assert not machine.module("topology", name="lab", **lab)["changed"]
    assert any("undone" in each for each in said[:-1])
    same(nothing, settled(machine))


def test_asked_to_end_while_it_is_removed_it_has_what_its_processes_have_written(machine: LabMachine) -> None:
    said = {"name": "said", "netns": "ns1", "command": ["sh", "-c", "echo said; sleep 1000"], "ready": {"log": "said"}}
    machine.module("topology", name="lab", **{**PAIR, "process": [said]})
    place = f"{RUNTIME}/lab/ns1/process.said"
    machine.run(["tee", f"{place}/data/written"], input="kept")
    undone = 0
    for act in range(1, 1000):
        if not asked_to_end(machine, act, SIGNALS[act % 3], state="absent"):
            break
        assert machine.run(["cat", f"{place}/data/written"]).stdout == "kept"
        started = machine.run(["grep", "-c", "said", f"{place}/log"]).stdout
        undone = max(undone, int(started) - 1)
    assert undone
    assert machine.run(["ls", RUNTIME], check=False).stdout == ""


def test_asked_to_end_while_it_is_changed(machine: LabMachine) -> None:
    other = changed(changed(FULL, "veth", 0, mtu=1399, mac="00:00:5e:00:53:99"), "vxlan", 0, id=101)
    machine.module("topology", name="lab", **FULL)
    settled(machine)
    before = view(machine, *SPACES)
    for act in range(1, 1000, 2 * STRIDE):
        said = asked_to_end(machine, act, SIGNALS[act % 3], **other)
        if not said:
            break
        same(before, view(machine, *SPACES), f"before act {act}: {said}")
    assert act > STRIDE
    assert not machine.module("topology", name="lab", **other)["changed"]


#: Whom nobody answers, and what nobody sends.
NOBODY = {"from": "ns1", "to": "192.0.2.99"}
CAPTURE = {"netns": "ns1", "dev": "ns1-veth0", "filter": "udp port 9", "absent": ["."]}
#: Started, and then never ready.
LATE = {"name": "late", "command": ["sleep", "1000"], "ready": {"tcp": 9, "timeout": 60}}


@contextlib.contextmanager
def running(
    machine: LabMachine, module: str = "topology", **options: t.Any
) -> t.Iterator[tuple[subprocess.Popen[str], str]]:
    """A run of the module that goes on by itself, and its number in the machine."""
    args = {**options, "_ansible_check_mode": False, "_ansible_diff": False}
    order = {"ansible": ANSIBLE_DIRECTORY, "collections": str(COLLECTIONS), "module": module, "args": args}
    command = ["sh", "-c", 'echo $$; exec "$@"', "sh", machine.module_python, str(ROOT / "tests/run_module.py")]
    run = machine.popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert run.stdin
    assert run.stdout
    run.stdin.write(json.dumps(order))
    run.stdin.close()
    run.stdin = None
    pid = run.stdout.readline().strip()
    try:
        yield run, pid
    finally:
        machine.run(["kill", "-KILL", pid], check=False)
        run.communicate(timeout=30)


def message_of(run: subprocess.Popen[str]) -> str:
    """What it says in the end, which has to come soon."""
    printed, _nothing = run.communicate(timeout=30)
    return str(json.loads(printed)["msg"])


def until(machine: LabMachine, script: str) -> None:
    """Wait until a script succeeds."""
    machine.run(["sh", "-c", f"until {script}; do sleep 0.05; done"], timeout=20)


@pytest.mark.parametrize("number", SIGNALS)
def test_while_it_waits_for_a_process_that_does_not_get_ready(machine: LabMachine, number: str) -> None:
    """A second signal, by somebody who has no patience, changes nothing."""
    before = settled(machine)
    with running(machine, name="lab", **ROOTED, process=[LATE]) as (run, pid):
        until(machine, "pgrep -x sleep >/dev/null && ip link show lab-veth0 >/dev/null 2>&1")
        machine.run(["sh", "-c", f"kill -{number} {pid}; sleep 0.1; kill -INT {pid} || true"])
        assert message_of(run) == message(number, "what was done before it is undone")
    same(before, settled(machine))


def test_while_it_waits_for_another_run(machine: LabMachine) -> None:
    machine.module("topology", name="lab", **ROOTED)
    before = settled(machine)
    holder = machine.popen(["flock", "/run/tcpip.lab/lab.lock", "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    holder_in, holder_out = t.cast("t.IO[str]", holder.stdin), t.cast("t.IO[str]", holder.stdout)
    print("held", file=holder_in, flush=True)
    assert holder_out.readline() == "held\n"
    with running(machine, name="lab", state="absent") as (run, pid):
        until(
            machine, f"grep -q flock /proc/{pid}/wchan /proc/{pid}/stack || grep -q 'FLOCK.*->\\|-> FLOCK' /proc/locks"
        )
        machine.run(["kill", "-INT", pid])
        assert message_of(run) == message("INT", "nothing was changed")
    holder.communicate()
    same(before, settled(machine))
    assert not machine.module("topology", name="lab", **ROOTED)["changed"]


@pytest.mark.parametrize("number", SIGNALS)
def test_while_a_check_watches(machine: LabMachine, number: str) -> None:
    """What it has started is gone, though no packet comes at which it would notice that nobody listens any more."""
    machine.module("topology", name="lab", **PAIR)
    before = settled(machine)
    with running(machine, "check", checks=[{"ping": NOBODY, "captures": [CAPTURE]}]) as (run, pid):
        until(machine, "pgrep -x tcpdump >/dev/null && pgrep -x ping >/dev/null")
        machine.run(["sh", "-c", f"kill -{number} {pid}; sleep 0.1; kill -INT {pid} || true"])
        assert message_of(run) == f"interrupted by SIG{number}"
    same(before, settled(machine))


def test_while_many_checks_wait(machine: LabMachine) -> None:
    """Those that have not begun do not begin any more. They would take a minute."""
    machine.module("topology", name="lab", **PAIR)
    before = settled(machine)
    with running(machine, "check", checks=[{"ping": NOBODY}] * 2000) as (run, pid):
        until(machine, "pgrep -x ping >/dev/null")
        machine.run(["kill", "-TERM", pid])
        assert message_of(run) == "interrupted by SIGTERM"
    same(before, settled(machine))


def test_a_signal_that_is_ignored_stays_so(machine: LabMachine) -> None:
    """By nohup(1)."""
    lab: Items = {"netns": [{"name": "ns1"}]}
    command = ["nohup", machine.module_python, str(ROOT / "tests/killed_module.py"), "4", "sh", "-c", "kill -HUP $PPID"]
    done = run_under(machine, command, "topology", name="lab", **lab)
    assert json.loads(done.stdout)["changed"], done.stdout
