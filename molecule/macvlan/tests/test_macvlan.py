# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two more stations on one network interface, seen from outside."""

from __future__ import annotations

import typing as t

import tutorial
from traffic import ping

if t.TYPE_CHECKING:
    from labmachine import LabMachine


def link(machine: LabMachine, netns: str, name: str) -> dict[str, t.Any]:
    (found,) = machine.json(["ip", "-n", netns, "-j", "-d", "link", "show", name])
    return t.cast("dict[str, t.Any]", found)


def test_it_is_what_the_tutorial_builds(machine: LabMachine, new_machine: LabMachine) -> None:
    assert tutorial.network(machine) == tutorial.network(tutorial.build("macvlan", new_machine))


def test_each_reaches_the_other(machine: LabMachine) -> None:
    assert ping(machine, "net1", "192.168.1.60").count("ttl=64") == 3
    assert ping(machine, "net2", "192.168.1.50").count("ttl=64") == 3


def test_the_mode_decides_it(machine: LabMachine) -> None:
    change = ["ip", "-n", "net1", "link", "set", "macvlan1", "type", "macvlan", "mode"]
    assert link(machine, "net1", "macvlan1")["linkinfo"]["info_data"]["mode"] == "bridge"
    machine.run([*change, "private"])
    try:
        assert "3 packets transmitted, 0 received" in ping(machine, "net1", "192.168.1.60")
    finally:
        machine.run([*change, "bridge"])


def test_each_has_a_mac_address_of_its_own(machine: LabMachine) -> None:
    places = (("host", "eth0"), ("net1", "macvlan1"), ("net2", "macvlan2"))
    assert len({link(machine, netns, name)["address"] for netns, name in places}) == 3


def test_the_parent_does_not_reach_them_and_the_network_does(machine: LabMachine) -> None:
    for station in ("192.168.1.50", "192.168.1.60"):
        answer = ping(machine, "host", "-W", "4", station)  # host asks three seconds long who that is
        assert "From 192.168.1.10 icmp_seq=1 Destination Host Unreachable" in answer
        assert ping(machine, "outside", station).count("ttl=64") == 3
