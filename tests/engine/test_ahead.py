# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A large lab is looked at while Ansible is still imported, where the module runs in place: with the same result."""

from __future__ import annotations

import json
import os
import pathlib
import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.plugin_utils import in_place
from labmachine import COLLECTIONS, LabMachine

MODULE = COLLECTIONS / "ansible_collections/tcpip/lab/plugins/modules/topology.py"
NODES = 420
LAB: dict[str, t.Any] = {
    "name": "large",
    "netns": [{"name": "hub"}, *({"name": f"n{number}"} for number in range(NODES))],
    "veth": [
        {"netns": f"n{number}", "name": "eth0", "peer": {"netns": "hub", "name": f"p{number}"}}
        for number in range(NODES)
    ],
}
#: Tells of each process that is begun, and of the import of Ansible's part.
_WATCH = """
import os, sys
def _told(event, arguments, _here=os.getpid()):
    basic = event == "open" and "/module_utils/__pycache__/basic." in str(arguments[0])
    if os.getpid() == _here and (event == "os.fork" or basic):
        print("basic" if basic else "fork", file=sys.stderr)
sys.addaudithook(_told)
"""


@pytest.fixture(autouse=True)
def two_processors() -> None:
    """Where there is one, nothing is done ahead."""
    assert len(os.sched_getaffinity(0)) > 1, "these tests need two processors"


def _run(machine: LabMachine, directory: pathlib.Path, ahead: str, **lab: t.Any) -> tuple[dict[str, t.Any], list[str]]:
    """The result, and in which order processes were begun and Ansible imported."""
    text = in_place._program(MODULE, lab, ahead).decode()
    first = text.index("import sys")
    program = directory / "program.py"
    program.write_text(text[:first] + _WATCH + text[first:], encoding="utf-8")
    done = machine.run([machine.module_python, str(program)])
    return json.loads(done.stdout), done.stderr.split()


def test_what_is_seen_early_is_what_a_run_goes_by(machine: LabMachine, tmp_path: pathlib.Path) -> None:
    made, order = _run(machine, tmp_path, "large", **LAB)
    assert made["changed"], made
    assert order[0] == "basic", "nothing is there to be looked at"

    again, order = _run(machine, tmp_path, "large", **LAB)
    assert again["changes"] == []
    assert order[:2] == ["fork", "basic"]

    machine.run(["ip", "-n", "n7", "link", "set", "eth0", "mtu", "1400", "down"])
    machine.run(["ip", "-n", "hub", "link", "del", "p9"])
    machine.run(["ip", "netns", "del", "n400"])
    early, order = _run(machine, tmp_path, "large", **LAB, _ansible_check_mode=True)
    late, other_order = _run(machine, tmp_path, "", **LAB, _ansible_check_mode=True)
    assert order[:2] == ["fork", "basic"] != other_order[:2]
    assert early["changes"] == late["changes"]
    assert {"add namespace n400", "change n7: eth0 down to n7: eth0 up"} < set(early["changes"]), early["changes"]

    mended, _order = _run(machine, tmp_path, "large", **LAB)
    assert mended["changes"] == early["changes"]
    assert _run(machine, tmp_path, "large", **LAB)[0]["changes"] == []
    gone, _order = _run(machine, tmp_path, "", name="large", state="absent")
    assert gone["changed"]
    assert machine.json(["ip", "-j", "netns"]) == []


def test_what_is_wrong_is_told_as_ever(machine: LabMachine, tmp_path: pathlib.Path) -> None:
    """Whoever looks ahead ends with the run, even where that does not come so far."""
    _run(machine, tmp_path, "large", **LAB)
    refused = machine.module("topology", _fails=True, **{**LAB, "bridge_vlan": [{"name": "br0", "netns": "nobody"}]})
    program = tmp_path / "program.py"
    wrong = {**LAB, "bridge_vlan": [{"name": "br0", "netns": "nobody"}]}
    program.write_bytes(in_place._program(MODULE, wrong, "large"))
    done = machine.run([machine.module_python, str(program)], check=False)
    assert done.returncode == 1
    assert json.loads(done.stdout)["msg"] == refused["msg"]
    assert "program.py" not in machine.run(["ps", "-eo", "args"]).stdout
