# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A namespace by itself, seen from outside."""

from __future__ import annotations

import typing as t

import tutorial
from traffic import ping

if t.TYPE_CHECKING:
    from labmachine import LabMachine


def test_it_is_what_the_tutorial_builds(machine: LabMachine, new_machine: LabMachine) -> None:
    assert tutorial.network(machine) == tutorial.network(tutorial.build("namespace", new_machine))


def test_it_is_listed_and_has_a_loopback_alone(machine: LabMachine) -> None:
    assert [each["name"] for each in machine.json(["ip", "-j", "netns"])] == ["helloworld"]
    (link,) = machine.json(["ip", "-n", "helloworld", "-j", "link"])
    assert (link["ifname"], "UP" in link["flags"]) == ("lo", True)


def test_it_reaches_itself_and_nobody_else(machine: LabMachine) -> None:
    assert "3 received, 0% packet loss" in ping(machine, "helloworld", "127.0.0.1")
    assert "Network is unreachable" in ping(machine, "helloworld", "192.0.2.1")


def test_before_its_loopback_was_ever_up_it_does_not_reach_itself(new_machine: LabMachine) -> None:
    new_machine.run(["ip", "netns", "add", "helloworld"])
    (link,) = new_machine.json(["ip", "-n", "helloworld", "-j", "link"])
    assert (link["ifname"], link["operstate"]) == ("lo", "DOWN")
    assert "Network is unreachable" in ping(new_machine, "helloworld", "127.0.0.1")


def test_once_removed_it_is_not_listed(new_machine: LabMachine) -> None:
    new_machine.playbook("playbooks/namespace.yml")
    assert [each["name"] for each in new_machine.json(["ip", "-j", "netns"])] == ["helloworld"]
    new_machine.playbook("playbooks/namespace.yml", lab_state="absent")
    assert new_machine.json(["ip", "-j", "netns"]) == []
