# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two stations on a bridge reach the outside by way of their host, seen from outside."""

from __future__ import annotations

import typing as t

import tutorial
from traffic import capture, ping

if t.TYPE_CHECKING:
    from labmachine import LabMachine

OUTSIDE = "203.0.113.1"


def test_it_is_what_the_tutorial_builds(machine: LabMachine, new_machine: LabMachine) -> None:
    ours = tutorial.network(machine)
    assert ours == tutorial.network(tutorial.build("internet_bridge", new_machine))
    assert ours["host"]["translation"]


def test_both_reach_the_outside_in_the_name_of_host(machine: LabMachine) -> None:
    for station in ("ns1", "ns2"):
        with capture(machine, "outside", "outside0", 6, "icmp") as packets:
            assert ping(machine, station, OUTSIDE).count("ttl=63") == 3
        assert sum(f"203.0.113.2 > {OUTSIDE}: ICMP echo request" in line for line in packets) == 3, packets


def test_they_reach_each_other_without_host(machine: LabMachine) -> None:
    assert ping(machine, "ns1", "192.0.2.2").count("ttl=64") == 3
    down = ["ip", "-n", "host", "link", "set", "veth0"]
    machine.run([*down, "down"])
    try:
        assert ping(machine, "ns2", "192.0.2.1").count("ttl=64") == 3
        assert "3 received" not in ping(machine, "ns2", OUTSIDE)
    finally:
        machine.run([*down, "up"])


def test_the_ports(machine: LabMachine) -> None:
    ports = machine.json(["bridge", "-n", "bridge", "-j", "link"])
    assert {(port["ifname"], port["master"]) for port in ports} == {
        ("ns1-br0", "br0"),
        ("ns2-br0", "br0"),
        ("br0-veth0", "br0"),
    }


def test_without_the_rule_the_outside_cannot_answer(machine: LabMachine) -> None:
    machine.run(["ip", "netns", "exec", "host", "iptables", "-t", "nat", "-F"])
    assert "3 packets transmitted, 0 received, 100% packet loss" in ping(machine, "ns2", OUTSIDE)
    assert machine.playbook("playbooks/internet_bridge.yml").changed == 1
    assert "3 received" in ping(machine, "ns2", OUTSIDE)
