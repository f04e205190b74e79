# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A namespace reaches the outside by way of a router and its host, seen from outside."""

from __future__ import annotations

import typing as t

import tutorial
from traffic import capture, ping

if t.TYPE_CHECKING:
    from labmachine import LabMachine

OUTSIDE = "203.0.113.1"


def test_it_is_what_the_tutorial_builds(machine: LabMachine, new_machine: LabMachine) -> None:
    ours = tutorial.network(machine)
    assert ours == tutorial.network(tutorial.build("internet_router", new_machine))
    assert ours["host"]["translation"]
    assert ours["router"]["translation"]


def test_each_on_the_way_speaks_for_the_one_before(machine: LabMachine) -> None:
    with (
        capture(machine, "outside", "outside0", 6, "icmp") as outside,
        capture(machine, "host", "veth0", 6, "icmp") as between,
        capture(machine, "ns1", "ns1-veth0", 6, "icmp") as inside,
    ):
        assert ping(machine, "ns1", OUTSIDE).count("ttl=62") == 3
    for packets, source in ((outside, "203.0.113.2"), (between, "198.51.100.1"), (inside, "192.0.2.1")):
        assert sum(f"{source} > {OUTSIDE}: ICMP echo request" in line for line in packets) == 3, packets
        assert sum(f"{OUTSIDE} > {source}: ICMP echo reply" in line for line in packets) == 3, packets


def test_the_router_reaches_the_outside(machine: LabMachine) -> None:
    assert ping(machine, "router", OUTSIDE).count("ttl=63") == 3


def test_without_the_routers_nat_host_has_no_way_back(machine: LabMachine) -> None:
    machine.run(["ip", "netns", "exec", "router", "iptables", "-t", "nat", "-F"])
    with capture(machine, "host", "veth0", 3, "icmp") as packets:
        lost = ping(machine, "ns1", OUTSIDE)
    assert "3 packets transmitted, 0 received, 100% packet loss" in lost
    assert sum(f"192.0.2.1 > {OUTSIDE}: ICMP echo request" in line for line in packets) == 3, packets
    assert machine.run(["ip", "-n", "host", "route", "get", "192.0.2.1"]).stdout.startswith("192.0.2.1 via 203.0.113.1")
    assert machine.playbook("playbooks/internet_router.yml").changed == 1
    assert "3 received" in ping(machine, "ns1", OUTSIDE)
