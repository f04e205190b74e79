# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network behind a router that translates its addresses, seen from outside."""

from __future__ import annotations

import re
import typing as t

import tutorial
from shown import examples
from traffic import capture, ping

if t.TYPE_CHECKING:
    from labmachine import LabMachine
    from testinfra.host import Host

RULE = '-A POSTROUTING -s 192.0.2.0/24 -o gw-veth1 -m comment --comment "tcpip.lab:snat" -j MASQUERADE'


def test_it_is_what_the_tutorial_builds(machine: LabMachine, new_machine: LabMachine) -> None:
    assert tutorial.network(machine) == tutorial.network(tutorial.build("snat", new_machine))


def test_the_one_rule(ns: t.Callable[..., Host]) -> None:
    saved = ns("router").check_output("iptables-save").splitlines()
    assert [line for line in saved if line.startswith("-A")] == [RULE]


def test_outside_the_requests_are_the_routers(machine: LabMachine) -> None:
    with capture(machine, "ns2", "ns2-veth0", 6, "icmp") as packets:
        assert ping(machine, "ns1", "203.0.113.1").count("ttl=63") == 3
    seen = "\n".join(packets)
    assert seen.count("203.0.113.254 > 203.0.113.1: ICMP echo request") == 3, seen
    assert seen.count("203.0.113.1 > 203.0.113.254: ICMP echo reply") == 3, seen


def test_inside_they_are_those_of_ns1(machine: LabMachine) -> None:
    with capture(machine, "ns1", "ns1-veth0", 6, "icmp") as packets:
        ping(machine, "ns1", "203.0.113.1")
    seen = "\n".join(packets)
    assert seen.count("192.0.2.1 > 203.0.113.1: ICMP echo request") == 3, seen
    assert seen.count("203.0.113.1 > 192.0.2.1: ICMP echo reply") == 3, seen


def test_the_router_remembers_the_pair(machine: LabMachine) -> None:
    with capture(machine, "ns1", "ns1-veth0", 1, "icmp") as packets:
        ping(machine, "ns1", "203.0.113.1")
    (identifier,) = re.findall(r"id (\d+),", packets[0])
    tracked = machine.run(["ip", "netns", "exec", "router", "cat", "/proc/net/nf_conntrack"]).stdout
    (shown,) = [text for text in examples("docs/scenarios/snat.md", "text") if text.startswith("icmp ")]
    protocol, number, _seconds_left, *pair = shown.replace("id=4711", f"id={identifier}").split()
    assert re.search(rf"{protocol} +{number} \d+ {re.escape(' '.join(pair))} ", tracked), tracked


def test_nobody_outside_has_a_way_inside(machine: LabMachine) -> None:
    assert {route["dst"] for route in machine.json(["ip", "-n", "ns2", "-j", "route"])} == {"203.0.113.0/24"}
    assert "Network is unreachable" in ping(machine, "ns2", "192.0.2.1")


def test_without_the_rule_there_is_no_answer(machine: LabMachine) -> None:
    iptables = ["ip", "netns", "exec", "router", "iptables", "-w", "-t", "nat"]
    machine.run([*iptables, "-F"])
    try:
        with capture(machine, "ns2", "ns2-veth0", 3, "icmp") as packets:
            lost = ping(machine, "ns1", "203.0.113.1")
        assert "3 packets transmitted, 0 received, 100% packet loss" in lost
        assert "From" not in lost
        assert "\n".join(packets).count("192.0.2.1 > 203.0.113.1: ICMP echo request") == 3
    finally:
        machine.playbook("playbooks/snat.yml", "--extra-vars", "lab_checks=false")
    assert ping(machine, "ns1", "203.0.113.1").count("ttl=63") == 3
