# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three stations on a bridge, seen from outside."""

from __future__ import annotations

import typing as t

import pytest
import tutorial
from traffic import capture, ping

if t.TYPE_CHECKING:
    from labmachine import LabMachine


def test_it_is_what_the_tutorial_builds(machine: LabMachine, new_machine: LabMachine) -> None:
    assert tutorial.network(machine) == tutorial.network(tutorial.build("bridge", new_machine))


@pytest.mark.parametrize("number", [2, 3])
def test_ns1_reaches_the_others(machine: LabMachine, number: int) -> None:
    assert ping(machine, "ns1", f"192.0.2.{number}").count("ttl=64") == 3


def test_each_station_is_behind_its_port(machine: LabMachine) -> None:
    for number in (2, 3):
        ping(machine, "ns1", f"192.0.2.{number}")
    entries = machine.json(["bridge", "-n", "bridge", "-j", "fdb", "show", "br", "br0"])
    places = {(each["mac"], each["ifname"]) for each in entries if each["mac"].startswith("00:00:5e:00:53:")}
    assert places == {(f"00:00:5e:00:53:0{number}", f"ns{number}-br0") for number in (1, 2, 3)}


def test_a_third_hears_the_question_and_not_the_rest(machine: LabMachine) -> None:
    ping(machine, "ns1", "192.0.2.2")
    machine.run(["ip", "-n", "ns1", "neigh", "flush", "all"])
    with capture(
        machine, "ns3", "ns3-veth0", 2, "icmp or arp and (dst host 192.0.2.2 or dst host 192.0.2.3)", seconds=20
    ) as packets:
        ping(machine, "ns1", "192.0.2.2")
        ping(machine, "ns1", "192.0.2.3")
    first, second = packets
    assert "00:00:5e:00:53:01 > ff:ff:ff:ff:ff:ff" in first
    assert "Request who-has 192.0.2.2 tell 192.0.2.1" in first
    assert "192.0.2.3" in second, packets  # what was said to ns2 in between did not come by


def test_without_the_bridge_nobody_is_reached(machine: LabMachine) -> None:
    machine.run(["ip", "-n", "bridge", "link", "set", "ns2-br0", "nomaster"])
    try:
        assert "0 received, 100% packet loss" in ping(machine, "ns1", "192.0.2.2")
        assert "3 received" in ping(machine, "ns1", "192.0.2.3")
    finally:
        machine.run(["ip", "-n", "bridge", "link", "set", "ns2-br0", "master", "br0"])
