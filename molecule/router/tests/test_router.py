# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two networks joined by a router, seen from outside."""

from __future__ import annotations

import typing as t

import tutorial
from traffic import capture, ping

if t.TYPE_CHECKING:
    from labmachine import LabMachine
    from testinfra.host import Host


def test_it_is_what_the_tutorial_builds(machine: LabMachine, new_machine: LabMachine) -> None:
    assert tutorial.network(machine) == tutorial.network(tutorial.build("router", new_machine))


def test_each_reaches_the_router_on_its_own_side(machine: LabMachine) -> None:
    assert ping(machine, "ns1", "192.0.2.254").count("ttl=64") == 3
    assert ping(machine, "ns2", "198.51.100.254").count("ttl=64") == 3


def test_the_router_takes_one_from_the_ttl(machine: LabMachine) -> None:
    assert ping(machine, "ns1", "198.51.100.1").count("ttl=63") == 3


def test_the_default_route(machine: LabMachine) -> None:
    (route,) = machine.json(["ip", "-n", "ns1", "-j", "route", "show", "default"])
    assert (route["gateway"], route["dev"]) == ("192.0.2.254", "ns1-veth0")


def test_without_a_route_ns1_does_not_even_try(machine: LabMachine) -> None:
    machine.run(["ip", "-n", "ns1", "route", "del", "default"])
    try:
        assert "Network is unreachable" in ping(machine, "ns1", "198.51.100.1")
    finally:
        machine.run(["ip", "-n", "ns1", "route", "add", "default", "via", "192.0.2.254"])


def test_a_router_that_does_not_forward_is_silent(machine: LabMachine, ns: t.Callable[..., Host]) -> None:
    assert ns("router").sysctl("net.ipv4.ip_forward") == 1
    forward = ["ip", "netns", "exec", "router", "sysctl", "-q"]
    machine.run([*forward, "net.ipv4.ip_forward=0"])
    try:
        lost = ping(machine, "ns1", "198.51.100.1")
    finally:
        machine.run([*forward, "net.ipv4.ip_forward=1"])
    assert "3 packets transmitted, 0 received, 100% packet loss" in lost
    assert "errors" not in lost
    assert "From" not in lost


def test_bound_to_the_wrong_side_the_router_asks_there(machine: LabMachine) -> None:
    with capture(machine, "ns1", "ns1-veth0", 2, "arp and arp[6:2] = 1 and src host 192.0.2.254") as packets:
        ping(machine, "router", "-I", "gw-veth0", "198.51.100.1")
    assert "Request who-has 198.51.100.1 tell 192.0.2.254" in "\n".join(packets)


def test_on_the_far_side_it_asks_as_whom_it_sends(machine: LabMachine) -> None:
    with capture(machine, "ns2", "ns2-veth0", 1, "arp and dst host 198.51.100.2") as packets:
        ping(machine, "router", "-I", "192.0.2.254", "198.51.100.2")
    assert "Request who-has 198.51.100.2 tell 192.0.2.254" in "\n".join(packets)
