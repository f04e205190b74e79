# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three networks in a row joined by two routers, seen from outside."""

from __future__ import annotations

import contextlib
import typing as t

import pytest
import tutorial
from traffic import capture, ping

if t.TYPE_CHECKING:
    from labmachine import LabMachine


def test_it_is_what_the_tutorial_builds(machine: LabMachine, new_machine: LabMachine) -> None:
    assert tutorial.network(machine) == tutorial.network(tutorial.build("two_routers", new_machine))


@contextlib.contextmanager
def without(machine: LabMachine, router: str, *route: str) -> t.Iterator[None]:
    """The lab while a router lacks a route."""
    machine.run(["ip", "-n", router, "route", "del", *route])
    try:
        yield
    finally:
        machine.run(["ip", "-n", router, "route", "add", *route])


def test_each_router_takes_one_from_the_ttl(machine: LabMachine) -> None:
    assert ping(machine, "ns1", "198.51.100.1").count("ttl=62") == 3
    assert ping(machine, "ns2", "192.0.2.1").count("ttl=62") == 3


@pytest.mark.parametrize(("ttl", "by"), [(1, "192.0.2.254"), (2, "203.0.113.2")])
def test_the_way_leads_through_both_routers(machine: LabMachine, ttl: int, by: str) -> None:
    assert f"From {by} icmp_seq=1 Time to live exceeded" in ping(machine, "ns1", "-t", str(ttl), "198.51.100.1")


def test_a_ttl_of_three_is_just_enough(machine: LabMachine) -> None:
    assert "3 received" in ping(machine, "ns1", "-t", "3", "198.51.100.1")


def test_without_the_way_there_the_first_router_says_so(machine: LabMachine) -> None:
    with without(machine, "router1", "198.51.100.0/24", "via", "203.0.113.2"):
        answer = ping(machine, "ns1", "198.51.100.1")
    assert "From 192.0.2.254 icmp_seq=1 Destination Net Unreachable" in answer


def test_without_the_way_back_the_answers_get_lost(machine: LabMachine) -> None:
    with (
        without(machine, "router2", "192.0.2.0/24", "via", "203.0.113.1"),
        capture(machine, "ns2", "ns2-veth0", 3, "icmp", seconds=20) as packets,
    ):
        answer = ping(machine, "ns1", "198.51.100.1")
    assert "0 received, 100% packet loss" in answer
    assert "From" not in answer
    asked, answered, refused = packets
    assert "192.0.2.1 > 198.51.100.1: ICMP echo request" in asked
    assert "198.51.100.1 > 192.0.2.1: ICMP echo reply" in answered
    assert "198.51.100.254 > 198.51.100.1: ICMP net 192.0.2.1 unreachable" in refused
