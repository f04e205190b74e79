# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection from one namespace to another, seen from outside."""

from __future__ import annotations

import re
import typing as t

import tutorial
from traffic import capture, inside, ping, sockets

if t.TYPE_CHECKING:
    from labmachine import LabMachine

LISTENER = """
import socket
with socket.create_server(("", 54321)) as server:
    print("listening", flush=True)
    connection = server.accept()[0]
    print("connected", flush=True)
    received = connection.recv(13)
    print(repr(received), flush=True)
    assert connection.recv(1) == b""
    connection.close()
"""
#: Says when it is connected, and goes on when it is told so.
CLIENT = """
import socket
with socket.create_connection(("192.0.2.2", 54321), timeout=10) as client:
    input()
    client.sendall(b"Hello World!\\n")
    input()
    client.shutdown(socket.SHUT_WR)
    assert client.recv(1) == b""
"""
#: A connection with a text of 13 bytes: who sends, the flags, and what else tells the segment from others.
SEGMENTS = [
    ("client", "S", "length 0"),
    ("server", "S.", "length 0"),
    ("client", ".", "ack 1,"),
    ("client", "P.", "length 13"),
    ("server", ".", "ack 14,"),
    ("client", "F.", "seq 14,"),
    ("server", "F.", "ack 15,"),
]
SENDERS = {"192.0.2.1": "client", "192.0.2.2": "server"}


def test_it_is_what_the_tutorial_builds(machine: LabMachine, new_machine: LabMachine) -> None:
    assert tutorial.network(machine) == tutorial.network(tutorial.build("tcp", new_machine))


def test_they_reach_each_other(machine: LabMachine) -> None:
    assert ping(machine, "ns1", "192.0.2.2").count("ttl=64") == 3


def test_a_connection_from_its_first_segment_to_its_last(machine: LabMachine) -> None:
    with (
        machine.popen(inside("ns2", LISTENER), stdout=-1) as listener,
        capture(machine, "ns2", "ns2-veth0", 8, "tcp port 54321", seconds=20) as packets,
    ):
        assert listener.stdout is not None
        assert listener.stdout.readline() == "listening\n"
        assert sockets(machine, "ns2", "tcp", 54321) == ["LISTEN"]
        with machine.popen(inside("ns1", CLIENT), stdin=-1) as client:
            assert client.stdin is not None
            assert listener.stdout.readline() == "connected\n"
            assert sockets(machine, "ns2", "tcp", 54321) == ["ESTAB", "LISTEN"]
            assert sockets(machine, "ns1", "tcp", 54321) == ["ESTAB"]
            print(file=client.stdin, flush=True)
            assert listener.stdout.readline() == "b'Hello World!\\n'\n"
            print(file=client.stdin, flush=True)
            assert client.wait() == listener.wait() == 0
    found = [re.search(r" (\S+)\.\d+ > \S+: Flags \[([^]]*)\], (.*)", line) for line in packets]
    seen = iter([(SENDERS[match[1]], match[2], match[3]) for match in found if match])
    for sender, flags, words in SEGMENTS:
        assert any((who, what) == (sender, flags) and words in more for who, what, more in seen), "\n".join(packets)


def test_where_nobody_listens_it_is_refused_by_a_reset(machine: LabMachine) -> None:
    assert "LISTEN" not in sockets(machine, "ns2", "tcp", 54321)
    with capture(machine, "ns2", "ns2-veth0", 2, "tcp port 54321", seconds=20) as packets:
        refused = machine.run(inside("ns1", CLIENT), check=False)
    assert "Connection refused" in refused.stderr
    assert "Flags [S]" in packets[0]
    assert "Flags [R.]" in packets[1]


def test_without_a_route_ns1_does_not_even_try(machine: LabMachine) -> None:
    machine.run(["ip", "-n", "ns1", "link", "set", "ns1-veth0", "down"])
    try:
        assert "Network is unreachable" in ping(machine, "ns1", "192.0.2.2")
    finally:
        machine.run(["ip", "-n", "ns1", "link", "set", "ns1-veth0", "up"])
