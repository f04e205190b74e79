# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A namespace reaches the outside by way of its host, seen from outside."""

from __future__ import annotations

import typing as t

import tutorial
from traffic import capture, ping

if t.TYPE_CHECKING:
    from labmachine import LabMachine

OUTSIDE = "203.0.113.1"


def test_it_is_what_the_tutorial_builds(machine: LabMachine, new_machine: LabMachine) -> None:
    ours = tutorial.network(machine)
    assert ours == tutorial.network(tutorial.build("internet", new_machine))
    assert ours["host"]["translation"]


def test_the_outside_sees_host_and_ns1_sees_the_outside(machine: LabMachine) -> None:
    with (
        capture(machine, "outside", "outside0", 6, "icmp") as outside,
        capture(machine, "ns1", "ns1-veth0", 6, "icmp") as inside,
    ):
        assert ping(machine, "ns1", OUTSIDE).count("ttl=63") == 3
    assert sum(f"203.0.113.2 > {OUTSIDE}: ICMP echo request" in line for line in outside) == 3, outside
    assert not any("192.0.2.1" in line for line in outside)
    assert sum(f"192.0.2.1 > {OUTSIDE}: ICMP echo request" in line for line in inside) == 3, inside
    assert sum(f"{OUTSIDE} > 192.0.2.1: ICMP echo reply" in line for line in inside) == 3, inside


def test_without_the_rule_the_outside_cannot_answer(machine: LabMachine) -> None:
    machine.run(["ip", "netns", "exec", "host", "iptables", "-t", "nat", "-F"])
    with capture(machine, "outside", "outside0", 3, "icmp") as packets:
        lost = ping(machine, "ns1", OUTSIDE)
    assert "3 packets transmitted, 0 received, 100% packet loss" in lost
    assert sum(f"192.0.2.1 > {OUTSIDE}: ICMP echo request" in line for line in packets) == 3, packets
    assert machine.playbook("playbooks/internet.yml").changed == 1
    assert "3 received" in ping(machine, "ns1", OUTSIDE)


def test_without_forwarding_nothing_leaves(machine: LabMachine) -> None:
    setting = ["ip", "netns", "exec", "host", "sysctl", "-q"]
    machine.run([*setting, "net.ipv4.ip_forward=0"])
    try:
        assert "3 packets transmitted, 0 received" in ping(machine, "ns1", OUTSIDE)
    finally:
        machine.run([*setting, "net.ipv4.ip_forward=1"])
