# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A datagram from one namespace to another, seen from outside."""

from __future__ import annotations

import re
import typing as t

import tutorial
from traffic import capture, inside, ping, sockets

if t.TYPE_CHECKING:
    from labmachine import LabMachine

RECEIVER = """
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("", 54321))
print("listening", flush=True)
data, sender = server.recvfrom(65535)
print(sender[0], sender[1], repr(data))
"""
SENDER = """
import socket
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(5)
client.connect(("192.0.2.2", 54321))
client.send(b"Hello World!\\n")
try:
    client.recv(1)
except OSError as error:
    print(error)
"""


def send(machine: LabMachine, port: int, text: str) -> None:
    """Send a text from ns1 to ns2 in one datagram."""
    words = ["bash", "-c", f"echo '{text}' >/dev/udp/192.0.2.2/{port}"]
    machine.run(["ip", "netns", "exec", "ns1", *words])


def test_it_is_what_the_tutorial_builds(machine: LabMachine, new_machine: LabMachine) -> None:
    assert tutorial.network(machine) == tutorial.network(tutorial.build("udp", new_machine))


def test_they_reach_each_other(machine: LabMachine) -> None:
    assert ping(machine, "ns1", "192.0.2.2").count("ttl=64") == 3


def test_a_datagram_arrives_whole_in_one_packet_from_an_ephemeral_port(machine: LabMachine) -> None:
    # The datagram to another port says that the first one is over.
    with (
        machine.popen(inside("ns2", RECEIVER), stdout=-1) as receiver,
        capture(machine, "ns2", "ns2-veth0", 2, "udp or icmp", seconds=20) as packets,
    ):
        assert receiver.stdout is not None
        assert receiver.stdout.readline() == "listening\n"
        assert sockets(machine, "ns2", "udp", 54321) == ["UNCONN"]
        send(machine, 54321, "Hello World!")
        sender, port, data = receiver.stdout.readline().split(None, 2)
        send(machine, 54322, "the end")
    assert (sender, data) == ("192.0.2.1", "b'Hello World!\\n'\n")
    range_ = machine.run(["ip", "netns", "exec", "ns1", "sysctl", "-n", "net.ipv4.ip_local_port_range"]).stdout.split()
    assert int(range_[0]) <= int(port) <= int(range_[1])
    assert f"192.0.2.1.{port} > 192.0.2.2.54321: UDP, length 13" in packets[0]
    assert re.search(r"192\.0\.2\.1\.\d+ > 192\.0\.2\.2\.54322: UDP, length 8", packets[1])


def test_where_nobody_listens_it_is_refused(machine: LabMachine) -> None:
    assert sockets(machine, "ns2", "udp", 54321) == []
    with capture(machine, "ns2", "ns2-veth0", 2, "udp or icmp", seconds=20) as packets:
        refused = machine.run(inside("ns1", SENDER)).stdout
    assert "Connection refused" in refused
    assert "192.0.2.2 > 192.0.2.1: ICMP 192.0.2.2 udp port 54321 unreachable" in packets[1]


def test_without_a_route_ns1_does_not_even_try(machine: LabMachine) -> None:
    machine.run(["ip", "-n", "ns1", "link", "set", "ns1-veth0", "down"])
    try:
        assert "Network is unreachable" in ping(machine, "ns1", "192.0.2.2")
    finally:
        machine.run(["ip", "-n", "ns1", "link", "set", "ns1-veth0", "up"])
