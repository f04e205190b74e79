# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of what servers do, met and not met: sockets, pages, names, leases, and what a capture has."""

from __future__ import annotations

import re
import typing as t

import pytest
from processes import RUNTIME

if t.TYPE_CHECKING:
    from labmachine import LabMachine

Check = dict[str, t.Any]

LAB: dict[str, t.Any] = {
    "netns": [{"name": "ns1"}, {"name": "ns2"}, {"name": "ns3"}],
    "veth": [
        {
            "name": "ns1-veth0",
            "netns": "ns1",
            "addresses": ["192.0.2.1/24", "2001:db8::1/64"],
            "peer": {"name": "ns2-veth0", "netns": "ns2", "addresses": ["192.0.2.2/24", "2001:db8::2/64"]},
        },
        {
            "name": "c-veth0",
            "netns": "ns3",
            "peer": {"name": "s-veth0", "netns": "ns2", "addresses": ["198.51.100.254/24"]},
        },
    ],
    "process": [
        {
            "name": "web",
            "netns": "ns2",
            "command": ["python3", "-m", "http.server", "80"],
            "capabilities": ["net_bind_service"],
            "files": [{"name": "index.html", "content": "<h1>Hello, World</h1>\n"}, {"name": "a.txt", "content": "a"}],
            "ready": {"tcp": 80, "timeout": 30},
        }
    ],
    "dnsmasq_dhcp": [
        {
            "netns": "ns2",
            "interfaces": ["ns2-veth0", "s-veth0"],
            "dns": True,
            "records": [{"name": "www.example.com", "addresses": ["192.0.2.80", "192.0.2.81", "2001:db8::80"]}],
            "ranges": [{"start": "198.51.100.100", "end": "198.51.100.200"}],
        }
    ],
    "capture": [{"name": "dhcp", "netns": "ns2", "dev": "s-veth0", "filter": "udp port 67"}],
    "dhcp_client": [{"netns": "ns3", "dev": "c-veth0"}],
}
HTTP: Check = {"from": "ns1", "to": "192.0.2.2"}
DNS: Check = {"from": "ns1", "to": "192.0.2.2", "name": "www.example.com"}
ADDRESSES = ["192.0.2.81", "192.0.2.80"]
LEASE: Check = {
    "netns": "ns3",
    "dev": "c-veth0",
    "server": "ns2",
    "first": "198.51.100.100",
    "last": "198.51.100.200",
}
DHCP: Check = {"netns": "ns2", "name": "dhcp"}
TCP: Check = {"from": "ns1", "to": "192.0.2.2", "at": "ns2", "port": 54321}
#: A server that answers the first query with what it is given on the command line.
ANSWERS = """
import socket, sys
kind = socket.SOCK_STREAM if sys.argv[1] == "tcp" else socket.SOCK_DGRAM
server = socket.socket(socket.AF_INET, kind)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("", 5300))
if sys.argv[1] == "tcp":
    server.listen()
print("ready", flush=True)
if sys.argv[1] == "tcp":
    with server.accept()[0] as client:
        client.recv(512)
        client.sendall(bytes.fromhex(sys.argv[2]))
else:
    _query, sender = server.recvfrom(512)
    server.sendto(bytes.fromhex(sys.argv[2]), sender)
"""


@pytest.fixture(scope="module")
def lab(common_machine: LabMachine) -> LabMachine:
    common_machine.module("topology", name="lab", **LAB)
    return common_machine


MET: list[tuple[Check, str]] = [
    ({"socket": {"netns": "ns2", "port": 80}}, "LISTEN"),
    ({"socket": {"netns": "ns2", "protocol": "udp", "port": 53}}, "UNCONN"),
    ({"socket": {"netns": "ns1", "port": 80, "present": False}}, "no socket of this port"),
    ({"socket": {"netns": "ns2", "port": 80, "state": "ESTAB", "present": False}}, "LISTEN"),
    (
        {"http": {**HTTP, "version": "1.0", "content_type": "text/html", "body": "Hello, World"}},
        "200 OK, text/html, 22 characters",
    ),
    ({"http": {**HTTP, "to": "2001:db8::2", "path": "/a.txt", "body": "^a$"}}, "200 OK, text/plain, 1 characters"),
    ({"http": {**HTTP, "path": "/none", "status": 404}}, "404 File not found, text/html"),
    ({"dns": {**DNS, "answers": ADDRESSES}}, "192.0.2.8"),
    ({"dns": {**DNS, "answers": ADDRESSES, "over": "tcp"}}, "192.0.2.8"),
    ({"dns": {**DNS, "to": "2001:db8::2", "type": "AAAA", "answers": ["2001:db8:0::80"]}}, "2001:db8::80"),
    ({"dns": {**DNS, "name": "nobody.example.com", "expect": "nxdomain"}}, "NXDOMAIN without an answer"),
    ({"dns": {**DNS, "name": "nobody.example.com", "expect": "nxdomain", "over": "tcp"}}, "NXDOMAIN without an answer"),
    ({"lease": LEASE}, "ns2 lists 198.51.100."),
    (
        {
            "captured": {
                **DHCP,
                "packets": [
                    rf"{client}\.68 > {server}\.67: .*DHCP-Message \(53\), length 1: {word}"
                    for client, server, word in (
                        (r"0\.0\.0\.0", r"255\.255\.255\.255", "Discover"),
                        (r"0\.0\.0\.0", r"255\.255\.255\.255", "Request"),
                    )
                ],
            }
        },
        "all there, of ",
    ),
]


def test_what_is_so(lab: LabMachine) -> None:
    results = lab.module("check", checks=[check for check, _came in MET])["results"]
    for (_check, got), result in zip(MET, results):
        assert got in result["got"]


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_of_a_large_page_the_beginning_is_read(lab: LabMachine, version: str) -> None:
    lab.run(["truncate", "-s", "2M", f"{RUNTIME}/lab/ns2/process.web/files/large.txt"])
    asked = {**HTTP, "path": "/large.txt", "version": version, "content_type": "text/plain", "body": "^\0"}
    (result,) = lab.module("check", checks=[{"http": asked}])["results"]
    assert re.match(r"200 OK, text/plain, the first 104\d{4} characters", result["got"])


NOT_MET: list[tuple[Check, str, str]] = [
    ({"socket": {"netns": "ns2", "port": 81}}, "tcp port 81 in state LISTEN in ns2", "no socket of this port"),
    (
        {"socket": {"netns": "ns2", "protocol": "udp", "port": 53, "present": False}},
        "none on udp port 53 in state UNCONN in ns2",
        "UNCONN",
    ),
    ({"socket": {"netns": "ns2", "port": 80, "state": "ESTAB"}}, "tcp port 80 in state ESTAB in ns2", "LISTEN"),
    ({"socket": {"netns": "ns9", "port": 80, "present": False}}, "none on", "there is no namespace 'ns9'"),
    ({"http": {**HTTP, "path": "/none"}}, "status 200", "404 File not found"),
    (
        {"http": {**HTTP, "content_type": "text/plain"}},
        "status 200, text/plain",
        "text/html, 22 characters; the content type is not text/plain",
    ),
    (
        {"http": {**HTTP, "body": "Hello, Moon"}},
        "status 200, a body that matches 'Hello, Moon'",
        "; the body does not match 'Hello, Moon'",
    ),
    ({"http": {**HTTP, "port": 81}}, "status 200", "Connection refused"),
    ({"http": {**HTTP, "to": "192.0.3.2"}}, "status 200", "Network is unreachable"),
    ({"dns": {**DNS, "answers": ["192.0.2.80"]}}, "192.0.2.80", "192.0.2.8"),
    ({"dns": {**DNS, "answers": [*ADDRESSES, "192.0.2.82"], "over": "tcp"}}, "192.0.2.82", "192.0.2.8"),
    ({"dns": {**DNS, "expect": "nxdomain"}}, "NXDOMAIN", "192.0.2.8"),
    ({"dns": {**DNS, "name": "nobody.example.com", "answers": ADDRESSES}}, "192.0.2.81", "NXDOMAIN"),
    ({"dns": {**DNS, "port": 54, "answers": ADDRESSES}}, "192.0.2.81", "Connection refused"),
    (
        {"lease": {**LEASE, "last": "198.51.100.100", "first": "198.51.100.1"}},
        "from 198.51.100.1 to 198.51.100.100, /24",
        "; ns2 lists 198.51.100.",
    ),
    ({"lease": {**LEASE, "prefix": 25}}, "/25, and listed", "/24; ns2 lists 198.51.100."),
    (
        {"lease": {**LEASE, "netns": "ns1", "dev": "ns1-veth0", "first": "192.0.2.1", "last": "192.0.2.1"}},
        "one address from 192.0.2.1",
        "has 192.0.2.1/24; ns2 lists 198.51.100.",
    ),
    ({"lease": {**LEASE, "server": "ns1"}}, "listed", "there is no dnsmasq_dhcp 'dnsmasq' in ns1"),
    ({"lease": {**LEASE, "dev": "c-veth9"}}, "listed", "ns3 has no c-veth9"),
    ({"captured": {**DHCP, "packets": ["Offer", "Discover"]}}, "'Offer', 'Discover'", "no packet matches 'Disc"),
    ({"captured": {**DHCP, "absent": ["ACK"]}}, "none that matches 'ACK'", "a packet that must be absent: "),
    ({"captured": {**DHCP, "filter": "udp port 53", "packets": ["x"]}}, "'x'", "of 0 lines seen"),
    ({"captured": {**DHCP, "filter": "udp prot", "count": 0}}, "0 packets", "can't parse filter expression"),
    ({"captured": {**DHCP, "name": "none", "count": 0}}, "0 packets", "there is no capture 'none' in ns2"),
]


def test_what_is_not_so(lab: LabMachine) -> None:
    results = lab.module("check", checks=[check for check, _expected, _came in NOT_MET], _fails=True)["results"]
    for (check, expected, got), result in zip(NOT_MET, results):
        assert not result["ok"], check
        assert expected in result["expected"]
        assert got in result["got"]


def test_packets_are_counted(lab: LabMachine) -> None:
    """Mostly four. On a busy machine the client asks again before it is answered."""
    file = f"{RUNTIME}/lab/ns2/capture.dhcp/data/capture.pcap"
    count = len(lab.run(["tcpdump", "-tnr", file]).stdout.splitlines())
    assert count >= 4
    checks = [{"captured": {**DHCP, "count": number}} for number in (count, count + 1)]
    right, wrong = lab.module("check", checks=checks, _fails=True)["results"]
    assert (right["ok"], right["got"]) == (True, f"all there, of {count} packets")
    assert (wrong["ok"], wrong["got"]) == (False, f"the packets are {count}, and not {count + 1}")


@pytest.mark.parametrize(
    ("check", "answer", "got"),
    [
        ("http", b"220 smtp.example.com\r\n", "what came is not HTTP"),
        ("http", b"HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nshort", "what came is not HTTP: IncompleteRead"),
        ("http", b"", "what came is not HTTP"),
        ("tcp", b"\x00\x40" + bytes(12), "not an answer to the query: the message is no response to the query"),
        ("tcp", b"\x00", "not an answer to the query: the connection was closed before any came"),
        ("udp", b"short", "not an answer to the query: the message ends too early, after 5 bytes"),
    ],
)
def test_servers_that_answer_something_else(lab: LabMachine, check: str, answer: bytes, got: str) -> None:
    protocol = "udp" if check == "udp" else "tcp"
    command = ["timeout", "30", "ip", "netns", "exec", "ns2", "python3", "-c", ANSWERS, protocol, answer.hex()]
    with lab.popen(command, stdout=-1) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        dns = {**DNS, "port": 5300, "over": protocol, "answers": ADDRESSES}
        asked = {"http": {**HTTP, "port": 5300}} if check == "http" else {"dns": dns}
        (result,) = lab.module("check", checks=[asked], _fails=True)["results"]
    assert got in result["got"]
    assert result["cause"] == "the way is open, with a route at every hop: ns1 → ns2"


def test_a_connection_is_seen_to_open(lab: LabMachine) -> None:
    looks = [
        {"when": "listening", "state": "LISTEN"},
        {"when": "listening", "state": "ESTAB", "present": False},
        {"when": "connected", "state": "LISTEN"},
        {"when": "connected", "state": "ESTAB"},
        {"when": "connected", "netns": "ns1", "state": "ESTAB"},
    ]
    (result,) = lab.module("check", checks=[{"tcp": {**TCP, "sockets": looks}}])["results"]
    assert [line for line in result["evidence"] if line.startswith("ss in ns2, listening: LISTEN")]
    assert [line for line in result["evidence"] if line.startswith("ss in ns1, connected: ESTAB")]


@pytest.mark.parametrize(
    ("look", "got"),
    [
        ({"when": "listening", "state": "ESTAB"}, "; listening, ss does not show tcp port 54321 in state ESTAB in ns2"),
        ({"when": "connected", "state": "ESTAB", "present": False}, "; connected, ss does not show none on tcp port"),
        ({"when": "connected", "netns": "ns1", "state": "LISTEN"}, "; connected, ss does not show tcp port 54321"),
        ({"when": "connected", "netns": "ns9", "state": "LISTEN"}, "there is no namespace 'ns9'"),
    ],
)
def test_a_connection_that_does_not_open_so(lab: LabMachine, look: Check, got: str) -> None:
    (result,) = lab.module("check", checks=[{"tcp": {**TCP, "sockets": [look]}}], _fails=True)["results"]
    assert got in result["got"]


def test_one_query_and_one_response(lab: LabMachine) -> None:
    capture = {
        "netns": "ns2",
        "dev": "ns2-veth0",
        "filter": "udp port 53",
        "packets": [r"\+ A\? www", r"A 192\.0\.2\.8"],
    }
    check = {"dns": {**DNS, "answers": ADDRESSES}}
    lab.module("check", checks=[{**check, "captures": [{**capture, "count": 2}]}])
    wrong = lab.module("check", checks=[{**check, "captures": [{**capture, "count": 1}]}], _fails=True)["results"]
    assert "on ns2-veth0 in ns2 (udp port 53) the packets are 2, and not 1" in wrong[0]["got"]
