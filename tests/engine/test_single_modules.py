# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules used alone, without a lab: what they leave on the machine."""

from __future__ import annotations

import snapshot
from labmachine import LabMachine


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


def test_the_last_namespace_takes_the_directory_of_namespaces_along(machine: LabMachine) -> None:
    before = machine.snapshot()
    machine.module("netns", name="mario")
    machine.module("netns", name="mario2")
    machine.module("netns", name="mario", state="absent")
    assert machine.run(["ip", "netns", "list"]).stdout.split() == ["mario2"]
    machine.module("netns", name="mario2", state="absent")
    assert snapshot.diff(before, machine.snapshot()) == []
