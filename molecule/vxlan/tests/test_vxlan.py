# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VXLAN over two networks that a router joins, seen from outside."""

from __future__ import annotations

import re
import typing as t

import pytest
import tutorial
from shown import function
from traffic import capture, ping, send_text

if t.TYPE_CHECKING:
    from labmachine import LabMachine
    from testinfra.host import Host

OVER = ("-I", "198.51.100.1", "198.51.100.2")


def test_it_is_what_the_tutorial_builds(machine: LabMachine, new_machine: LabMachine) -> None:
    assert tutorial.network(machine) == tutorial.network(tutorial.build("vxlan", new_machine))


def test_the_guide_to_the_tests_has_an_example_that_works(machine: LabMachine, ns: t.Callable[..., Host]) -> None:
    function("docs/testing.md", "test_overlay")(machine, ns)


def test_the_underlay_is_routed(machine: LabMachine) -> None:
    assert ping(machine, "ns1", "203.0.113.1").count("ttl=63") == 3


def test_over_the_overlay_they_are_neighbours(machine: LabMachine) -> None:
    answer = ping(machine, "ns1", *OVER)
    assert "3 received, 0% packet loss" in answer
    assert answer.count("ttl=64") == 3


@pytest.mark.parametrize(("netns", "remote"), [("ns1", "203.0.113.1"), ("ns2", "192.0.2.1")])
def test_the_interfaces(machine: LabMachine, netns: str, remote: str) -> None:
    (link,) = machine.json(["ip", "-n", netns, "-j", "-d", "link", "show", f"{netns}-vxlan0"])
    data = link["linkinfo"]["info_data"]
    assert link["mtu"] == 1450
    assert (data["id"], data["remote"], data["port"], data["link"]) == (100, remote, 4789, f"{netns}-veth0")


def test_what_does_not_fit_is_refused(machine: LabMachine) -> None:
    assert "3 received" in ping(machine, "ns1", "-M", "do", "-s", "1422", "198.51.100.2")
    assert "message too long, mtu=1450" in ping(machine, "ns1", "-M", "do", "-s", "1423", "198.51.100.2")


def test_on_the_underlay_the_packets_are_inside_of_others(machine: LabMachine) -> None:
    # Behind UDP's header: 8 bytes of VXLAN, 14 of Ethernet with the type IPv4 at their end, then IPv4 with ICMP.
    with capture(machine, "ns2", "ns2-veth0", 6, "udp port 4789 and udp[28:2] = 0x0800 and udp[39] = 1") as packets:
        ping(machine, "ns1", *OVER)
    seen = "\n".join(packets)
    outer = r"192\.0\.2\.1\.\d+ > 203\.0\.113\.1\.4789: VXLAN, flags \[I\] \(0x08\), vni 100"
    inner = r"198\.51\.100\.1 > 198\.51\.100\.2: ICMP echo request"
    assert len(re.findall(rf"{outer}\n.*{inner}", seen)) == 3, seen


def test_on_the_overlay_there_is_only_the_inside(machine: LabMachine) -> None:
    with capture(machine, "ns2", "ns2-vxlan0", 6, "ip") as packets:
        ping(machine, "ns1", *OVER)
    seen = "\n".join(packets)
    assert seen.count("198.51.100.1 > 198.51.100.2: ICMP echo request") == 3, seen
    assert seen.count("198.51.100.2 > 198.51.100.1: ICMP echo reply") == 3, seen
    assert "VXLAN" not in seen


def test_a_text_by_tcp_in_segments_of_1410_bytes(machine: LabMachine) -> None:
    with capture(machine, "ns2", "ns2-vxlan0", 1, "tcp dst port 54321 and tcp[tcpflags] & tcp-syn != 0") as packets:
        text = send_text(machine, "ns1", "ns2", address="198.51.100.2", port=54321, text="Hello World!")
    assert text == "Hello World!\n"
    assert "mss 1410" in packets[0]


def test_the_router_knows_nothing_of_the_overlay(machine: LabMachine) -> None:
    assert machine.run(["ip", "-n", "router", "route", "get", "198.51.100.2"], check=False).returncode != 0


def test_without_the_overlay_the_router_knows_no_way(machine: LabMachine) -> None:
    machine.run(["ip", "-n", "ns1", "link", "set", "ns1-vxlan0", "down"])
    try:
        answer = ping(machine, "ns1", "198.51.100.2")
    finally:
        machine.run(["ip", "-n", "ns1", "link", "set", "ns1-vxlan0", "up"])
    assert "From 192.0.2.254 icmp_seq=1 Destination Net Unreachable" in answer
