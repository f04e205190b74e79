# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two stations in a VLAN of a bridge, seen from outside."""

from __future__ import annotations

import typing as t

import pytest
import tutorial
from traffic import capture, ping, vlans

if t.TYPE_CHECKING:
    from labmachine import LabMachine

pytestmark = pytest.mark.vlan


def test_it_is_what_the_tutorial_builds(machine: LabMachine, new_machine: LabMachine) -> None:
    assert tutorial.network(machine) == tutorial.network(tutorial.build("vlan", new_machine))


def test_the_ports_are_in_their_vlans_and_in_no_other(machine: LabMachine) -> None:
    flags = ["PVID", "Egress Untagged"]
    ports = {f"br0-veth{number}": [(vid, flags)] for number, vid in enumerate((100, 100))}
    assert vlans(machine, "bridge") == {"br0": [(1, flags)], **ports}


def test_frames_have_a_tag_on_the_bridge_and_none_beyond_it(machine: LabMachine) -> None:
    with (
        capture(machine, "bridge", "br0", 2, "vlan 100 and icmp", seconds=30) as tagged,
        capture(machine, "ns2", "ns2-veth0", 2, "icmp", seconds=30) as plain,
    ):
        assert ping(machine, "ns1", "-W", "20", "192.0.2.2").count("ttl=64") == 3
    first, second = tagged
    assert "192.0.2.1 > 192.0.2.2: ICMP echo request" in first
    assert "192.0.2.2 > 192.0.2.1: ICMP echo reply" in second
    assert all("ethertype 802.1Q (0x8100)" in line and "vlan 100," in line for line in tagged), tagged
    assert [line for line in plain if "802.1Q" not in line] == plain != []


def test_in_another_vlan_ns2_is_not_reached(machine: LabMachine) -> None:
    move = ["bridge", "-n", "bridge", "vlan", "add", "dev", "br0-veth1", "pvid", "untagged", "vid"]
    leave = ["bridge", "-n", "bridge", "vlan", "del", "dev", "br0-veth1", "vid"]
    machine.run([*move, "200"])
    machine.run([*leave, "100"])
    try:
        assert "3 packets transmitted, 0 received" in ping(machine, "ns1", "192.0.2.2")
    finally:
        machine.run([*move, "100"])
        machine.run([*leave, "200"])
