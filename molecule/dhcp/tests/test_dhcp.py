# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An address for whoever asks, seen from outside."""

from __future__ import annotations

import ipaddress
import typing as t

import tutorial
from traffic import capture, ping, sockets

if t.TYPE_CHECKING:
    from labmachine import LabMachine

PROCESSES = "/run/tcpip.lab/process/dhcp"
RANGE = (ipaddress.IPv4Address("192.0.2.100"), ipaddress.IPv4Address("192.0.2.200"))
MESSAGES = ["Discover", "Offer", "Request", "ACK"]
#: A client that asks for an address and does nothing with it. It has the patience to ask once.
ASK = ["busybox", "udhcpc", "-f", "-n", "-q", "-T", "20", "-i", "c-veth0", "-s", "/bin/true"]


def addresses(machine: LabMachine) -> list[str]:
    """The client's IPv4 addresses."""
    (link,) = machine.json(["ip", "-n", "client", "-j", "-4", "addr", "show", "dev", "c-veth0"]) or [{}]
    return [f"{each['local']}/{each['prefixlen']}" for each in link.get("addr_info", [])]


def ask(machine: LabMachine, *words: str) -> str:
    """What another client says."""
    done = machine.run(["ip", "netns", "exec", "client", *ASK, *words], check=False)
    return done.stdout + done.stderr


def messages(lines: t.Iterable[str]) -> list[str]:
    """The kinds of DHCP messages that tcpdump -v shows."""
    return [line.split()[-1] for line in lines if "DHCP-Message" in line]


def test_it_is_what_the_tutorial_builds(machine: LabMachine, new_machine: LabMachine) -> None:
    tutorial.build("dhcp", new_machine)
    (address,) = addresses(machine)
    lent = ["valid_lft", "3600", "preferred_lft", "3600"]
    new_machine.run(["ip", "-n", "client", "addr", "add", address, "dev", "c-veth0", *lent])
    new_machine.run(["ip", "-n", "client", "route", "add", "default", "via", "192.0.2.254", "proto", "dhcp"])
    assert tutorial.network(machine) == tutorial.network(new_machine)


def test_an_address_from_the_range(machine: LabMachine) -> None:
    (address,) = map(ipaddress.IPv4Interface, addresses(machine))
    assert RANGE[0] <= address.ip <= RANGE[1]
    assert address.network == ipaddress.IPv4Network("192.0.2.0/24")


def test_a_default_route_by_way_of_the_server(machine: LabMachine) -> None:
    (route,) = machine.json(["ip", "-n", "client", "-j", "route", "show", "default"])
    assert (route["gateway"], route["dev"]) == ("192.0.2.254", "c-veth0")
    assert ping(machine, "client", "192.0.2.254").count("ttl=64") == 3


def test_the_server_lists_the_lease(machine: LabMachine) -> None:
    (link,) = machine.json(["ip", "-n", "client", "-j", "link", "show", "dev", "c-veth0"])
    (lease,) = machine.run(["cat", f"{PROCESSES}/server/dnsmasq_dhcp.dnsmasq/data/leases"]).stdout.splitlines()
    _expires, mac, address, *_more = lease.split()
    assert (mac, [f"{address}/24"]) == (link["address"], addresses(machine))


def test_the_server_answers_no_names(machine: LabMachine) -> None:
    assert sockets(machine, "server", "udp", 67) == ["UNCONN"]
    assert sockets(machine, "server", "udp", 53) == sockets(machine, "server", "tcp", 53) == []


def test_the_labs_capture_has_the_four_messages(machine: LabMachine) -> None:
    seen = machine.run(["tcpdump", "-vnr", f"{PROCESSES}/client/capture.dhcp/data/capture.pcap"]).stdout
    assert list(dict.fromkeys(messages(seen.splitlines())))[:4] == MESSAGES, "some may be there twice"


def test_the_four_messages_between_ports_68_and_67(machine: LabMachine) -> None:
    with capture(machine, "server", "s-veth0", 4, "-v udp port 67", seconds=20) as lines:
        assert "lease of 192.0.2." in ask(machine)
    assert messages(lines) == MESSAGES
    ways = [line.split(": BOOTP/DHCP")[0].split(": [")[0].strip() for line in lines if "BOOTP/DHCP" in line]
    assert ways[0] == ways[2] == "0.0.0.0.68 > 255.255.255.255.67"
    assert all(way.startswith("192.0.2.254.67 > ") and way.endswith(".68") for way in (ways[1], ways[3]))


def test_without_a_server_nobody_answers_and_the_playbook_repairs_it(machine: LabMachine) -> None:
    machine.run(["ip", "-n", "client", "addr", "flush", "dev", "c-veth0"])
    assert "Network is unreachable" in ping(machine, "client", "192.0.2.254")
    for pid in machine.run(["ip", "netns", "pids", "server"]).stdout.split():
        if "dnsmasq" in machine.run(["ps", "-o", "comm=", pid]).stdout:
            machine.run(["kill", "-KILL", pid])
    assert "no lease" in ask(machine, "-t", "1", "-T", "1")
    assert machine.playbook("playbooks/dhcp.yml").changed == 1
    assert len(addresses(machine)) == 1
