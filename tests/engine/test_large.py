# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab of more namespaces than are held open at a time, and than one answer of the kernel tells of."""

from __future__ import annotations

import typing as t

import pytest
from labmachine import ROOT
from labs import run_under

if t.TYPE_CHECKING:
    from labmachine import LabMachine

#: With them every socket of a thousand has to be allowed, and what a batch of requests opens besides.
SPOKES = 1010
HUB: dict[str, t.Any] = {
    "netns": [{"name": "hub"}, *({"name": f"n{number}"} for number in range(SPOKES))],
    # declared from the hub's side: each of its requests names another namespace
    "veth": [
        {"name": f"p{number}", "netns": "hub", "peer": {"name": f"eth{number}", "netns": f"n{number}"}}
        for number in range(SPOKES)
    ],
    "process": [{"name": "sleeper", "netns": "n9", "command": ["sleep", "600"]}],
}


def _open_files(machine: LabMachine, pid: str) -> str:
    """How many files a process may hold open at first (proc(5))."""
    limits = machine.run(["cat", f"/proc/{pid}/limits"]).stdout.splitlines()
    return next(line for line in limits if line.startswith("Max open files")).split()[3]


@pytest.mark.parametrize("most", [1024, 4096])
def test_every_cable_ends_where_it_should(machine: LabMachine, most: int) -> None:
    """Under the usual limit of open files, of which a run would like more, and gets them or not."""
    limited = ["prlimit", f"--nofile=1024:{most}", machine.module_python, str(ROOT / "tests/run_module.py")]
    made = run_under(machine, limited, "topology", name="hub", **HUB)
    assert '"changed": true' in made.stdout, made.stdout + made.stderr
    wrong = {}
    for number in range(0, SPOKES, 7):
        names = {link["ifname"] for link in machine.json(["ip", "-n", f"n{number}", "-j", "link"])}
        if names != {"lo", f"eth{number}"}:
            wrong[number] = names
    assert not wrong
    again = run_under(machine, limited, "topology", name="hub", **HUB)
    assert '"changed": false' in again.stdout, again.stdout + again.stderr
    sleeper = machine.run(["pgrep", "-x", "sleep"]).stdout.strip()
    assert _open_files(machine, sleeper) == "1024", "it got more than what the run had at first"
    machine.module("topology", name="hub", state="absent")
    assert machine.json(["ip", "-j", "netns"]) == []
