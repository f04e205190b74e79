# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules used alone, without a lab: what they leave on the machine."""

from __future__ import annotations

import json
import sys
import typing as t

import snapshot
from labmachine import ROOT, LabMachine


def test_a_setting_that_was_empty_is_empty_again(machine: LabMachine) -> None:
    name = "net.ipv4.ip_local_reserved_ports"
    assert machine.run(["sysctl", "-n", name]).stdout == "\n"
    machine.module("sysctl", name=name, value="8080")
    assert machine.module("sysctl", name=name, state="absent")["changed"]
    assert machine.run(["sysctl", "-n", name]).stdout == "\n"
    machine.run(["sysctl", "-qw", f"{name}=8080"])
    assert machine.module("sysctl", name=name, value="")["changed"]
    assert machine.run(["sysctl", "-n", name]).stdout == "\n"
    assert not machine.module("sysctl", name=name, value="")["changed"]


#: What a node of a lab is managed by that has no ssh, as the connection plugin does it: the machine's files are there.
INSIDE = ["ip", "netns", "exec", "ns1"]


def test_the_machine_and_a_namespace_that_is_managed_like_one_have_settings_of_their_own(machine: LabMachine) -> None:
    name = "net.ipv4.ip_forward"
    machine.run(["ip", "netns", "add", "ns1"])
    machine.run([*INSIDE, "sysctl", "-qw", f"{name}=0"])
    before = machine.snapshot()
    machine.module("topology", name="lab", sysctl=[{"name": "net.ipv4.ip_default_ttl", "value": "65"}])
    machine.module("sysctl", name=name, value="1")
    for option in ({"value": "1"}, {"state": "absent"}, {"value": "1"}):
        assert inside(machine, "sysctl", name=name, **option)["changed"]
    assert inside(machine, "sysctl", name="net.ipv4.ip_default_ttl", value="66")["changed"], "no matter of the lab"
    assert machine.module("sysctl", name=name, state="absent")["changed"]
    assert machine.run(["sysctl", "-n", name]).stdout == "0\n"
    for each in (name, "net.ipv4.ip_default_ttl"):
        assert inside(machine, "sysctl", name=each, state="absent")["changed"]
    machine.module("topology", name="lab", state="absent")
    assert snapshot.diff(before, machine.snapshot()) == []


def inside(machine: LabMachine, module: str, **options: t.Any) -> dict[str, t.Any]:
    """The result of a module for which the namespace is the machine."""
    words = [*INSIDE, sys.executable, str(ROOT / "tests/run_module.py")]
    printed = machine.run(words, input=json.dumps(machine.order(module, options))).stdout
    result: dict[str, t.Any] = json.loads(printed.splitlines()[-1])
    return result


def test_the_last_namespace_takes_the_directory_of_namespaces_along(machine: LabMachine) -> None:
    before = machine.snapshot()
    machine.module("netns", name="mario")
    machine.module("netns", name="mario2")
    machine.module("netns", name="mario", state="absent")
    assert machine.run(["ip", "netns", "list"]).stdout.split() == ["mario2"]
    machine.module("netns", name="mario2", state="absent")
    assert snapshot.diff(before, machine.snapshot()) == []
