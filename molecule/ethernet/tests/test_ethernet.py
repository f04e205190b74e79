# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two stations that find each other by ARP, seen from outside."""

from __future__ import annotations

import typing as t

import tutorial
from traffic import capture, ping

if t.TYPE_CHECKING:
    from labmachine import LabMachine


def test_it_is_what_the_tutorial_builds(machine: LabMachine, new_machine: LabMachine) -> None:
    assert tutorial.network(machine) == tutorial.network(tutorial.build("ethernet", new_machine))


def test_the_mac_addresses(machine: LabMachine) -> None:
    for number in (1, 2):
        (link,) = machine.json(["ip", "-n", f"ns{number}", "-j", "link", "show", f"ns{number}-veth0"])
        assert link["address"] == f"00:00:5e:00:53:0{number}"


def test_it_asks_everybody_and_talks_to_the_one_who_answers(machine: LabMachine) -> None:
    """The other one may ask, too, as kernels do from time to time; and who gets no answer soon asks again."""
    first, second = "00:00:5e:00:53:01", "00:00:5e:00:53:02"
    dialogue = f"icmp or ( arp[6:2] = 1 and ether src {first} ) or ( arp[6:2] = 2 and ether src {second} )"
    machine.run(["ip", "-n", "ns1", "neigh", "flush", "all"])
    with capture(machine, "ns1", "ns1-veth0", 8, dialogue, seconds=20) as packets:
        assert ping(machine, "ns1", "192.0.2.2").count("ttl=64") == 3
    expected = [
        f"{first} > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 42: Request who-has 192.0.2.2 tell 192.0.2.1",
        f"{second} > {first}, ethertype ARP (0x0806), length 42: Reply 192.0.2.2 is-at {second}",
        f"{first} > {second}, ethertype IPv4 (0x0800), length 98: 192.0.2.1 > 192.0.2.2: ICMP echo request",
        f"{second} > {first}, ethertype IPv4 (0x0800), length 98: 192.0.2.2 > 192.0.2.1: ICMP echo reply",
    ]
    seen = [next((start for start in expected if line.startswith(start)), line) for line in packets]
    assert list(dict.fromkeys(seen)) == expected, packets


def test_each_has_learned_where_the_other_is(machine: LabMachine) -> None:
    ping(machine, "ns1", "192.0.2.2")
    for number, other in ((1, 2), (2, 1)):
        (entry,) = machine.json(["ip", "-n", f"ns{number}", "-4", "-j", "neigh"])
        assert (entry["dst"], entry["lladdr"]) == (f"192.0.2.{other}", f"00:00:5e:00:53:0{other}")


def test_where_nobody_answers_no_packet_leaves(machine: LabMachine) -> None:
    with capture(machine, "ns1", "ns1-veth0", 2, "icmp or arp and host 192.0.2.3", seconds=20) as packets:
        assert "0 received, 100% packet loss" in ping(machine, "ns1", "192.0.2.3")
    assert all("Request who-has 192.0.2.3 tell 192.0.2.1" in line for line in packets), packets
    (entry,) = machine.json(["ip", "-n", "ns1", "-j", "neigh", "show", "192.0.2.3"])
    assert "lladdr" not in entry
