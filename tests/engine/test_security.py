# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What SECURITY.md says, looked at from outside: modes of files and sockets, secrets in logs and results."""

from __future__ import annotations

import json
import typing as t

import pytest
from labmachine import ANSIBLE_DIRECTORY, COLLECTIONS, ROOT

if t.TYPE_CHECKING:
    from labmachine import LabMachine
    from labs import Items

#: What is to be looked for, of a variable and of a file: the lines of files are what a diff shows.
TOKEN, CONTENT = "correct-horse-battery-staple", "Tr0ub4dor&3"
WITH_SECRETS: Items = {
    "name": "nap",
    "netns": "ns1",
    "command": ["sleep", "1000"],
    "environment": {"TOKEN": TOKEN},
    "files": [{"name": "token", "content": f"{CONTENT}\n"}],
}
LAB: Items = {
    "netns": [{"name": "ns1"}, {"name": "ns2"}],
    "veth": [
        {"name": "a0", "netns": "ns1", "addresses": ["10.0.0.1/24"], "peer": {"name": "b0", "netns": "ns2"}},
        {"name": "a1", "netns": "ns1", "peer": {"name": "b1", "netns": "ns2"}},
    ],
    "process": [WITH_SECRETS],
    "capture": [{"name": "all", "netns": "ns1", "dev": "a1"}],
    "vswitch": [{"name": "sw", "netns": "ns2", "ports": ["b1"]}],
    "dnsmasq_dhcp": [{"netns": "ns1", "interfaces": ["a0"], "ranges": [{"start": "10.0.0.9", "end": "10.0.0.20"}]}],
    "dhcp_client": [{"netns": "ns2", "dev": "b0"}],
}
#: Ansible's module with a system log that is its standard error.
LOGGED = """
import runpy, sys, syslog
syslog.syslog = lambda *words: print("LOGGED", *words, file=sys.stderr)
sys.argv[0] = sys.argv.pop()
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_nobody_but_root_reads_or_writes_what_is_about_a_lab(machine: LabMachine) -> None:
    machine.module("topology", name="lab", **LAB)
    found = machine.run(["find", "/run/tcpip.lab", "-printf", "%y %m %U %p\n"]).stdout.splitlines()
    kinds = {line[0] for line in found}
    assert kinds == {"d", "f", "s"}
    for line in found:
        kind, mode, user, path = line.split(" ", 3)
        assert int(mode, 8) & 0o022 == 0, f"others can write: {line}"
        inside = "/data/" in path  # of a directory that nobody else can enter
        assert inside or int(mode, 8) & 0o004 == 0, f"others can read or list: {line}"
        assert user == "0" or "/data" in path, f"it is not root's own: {line}"
        if kind == "s" or path.endswith((".json", ".lock", "/log", "/data", ".pcap")):
            assert int(mode, 8) & 0o077 == 0, f"others have a right to it: {line}"


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("module", ["process", "topology"])
def test_no_secret_is_in_the_system_log_or_in_the_result(machine: LabMachine, module: str, fails: bool) -> None:
    machine.run(["ip", "netns", "add", "ns1"])
    item = {**WITH_SECRETS, "user": "nosuch"} if fails else WITH_SECRETS
    args = (
        {"name": "lab", "netns": [{"name": "ns2"}], "process": [{**item, "netns": "ns2"}]}
        if module == "topology"
        else item
    )
    order = {"ansible": ANSIBLE_DIRECTORY, "collections": str(COLLECTIONS), "module": module, "args": args}
    command = [machine.module_python, "-c", LOGGED, str(ROOT / "tests/run_module.py")]
    done = machine.run(command, check=False, input=json.dumps(order), timeout=300)
    assert "Invoked with name=" in done.stderr
    result = json.loads([line for line in done.stdout.splitlines() if line.startswith("{")][-1])
    assert bool(result.get("failed")) is fails
    assert TOKEN not in done.stdout + done.stderr
    assert CONTENT not in done.stderr
    assert CONTENT not in json.dumps({**result, "diff": ""})
