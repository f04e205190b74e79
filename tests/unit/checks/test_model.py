# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading checks: what is accepted, and the place and words of each refusal."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils.checks import model
from ansible_collections.tcpip.lab.plugins.module_utils.checks.kinds import KINDS
from ansible_collections.tcpip.lab.plugins.module_utils.checks.kinds.ping import Ping
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from hypothesis import given
from hypothesis import strategies as st

PING: dict[str, t.Any] = {"from": "ns1", "to": "192.0.2.2"}
TCP: dict[str, t.Any] = {"from": "ns1", "to": "192.0.2.2", "at": "ns2", "port": 54321}
CAPTURE: dict[str, t.Any] = {"netns": "ns2", "dev": "ns2-veth0", "packets": ["ICMP"]}


#: Every key that a kind of check has.
KEYS = {key for kind in KINDS.values() for key in kind.options}


def test_a_ping_with_nothing_but_an_address() -> None:
    (check,) = model.parse([{"ping": {"to": "192.0.2.2"}}])
    assert check.name == "ping from the root namespace to 192.0.2.2"
    assert check.subject == Ping("", "192.0.2.2", None, None, 3, 56, False, "reply", None, None, False)


def test_every_kind_in_order() -> None:
    checks = model.parse(
        [
            {"name": "a sentence", "ping": PING, "captures": [CAPTURE]},
            {"tcp": TCP},
            {"udp": {**TCP, "at": "", "expect": "silence"}},
            {"route": {"netns": "ns1", "dst": "default", "via": "192.0.2.254"}},
            {"link": {"netns": "ns1", "name": "ns1-veth0", "mtu": 1450}},
        ]
    )
    assert [check.name for check in checks] == [
        "a sentence",
        "tcp from ns1 to 192.0.2.2 port 54321",
        "udp from ns1 to 192.0.2.2 port 54321",
        "route to default in ns1",
        "link ns1-veth0 in ns1",
    ]
    assert [capture.dev for capture in checks[0].captures] == ["ns2-veth0"]
    assert checks[2].subject.at == ""  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ("ping", "checks[0]: 'ping' is not a mapping of options"),
        ({"pong": PING}, "checks[0]: 'pong' is no kind of check (did you mean 'ping'?)"),
        ({"nmae": "x", "ping": PING}, "checks[0]: 'nmae' is not an option (did you mean 'name'?)"),
        ({"ping": PING, "capture": []}, "checks[0]: 'capture' is not an option (did you mean 'captures'?)"),
        ({"name": "x"}, "checks[0]: has none, and needs exactly one of ping, "),
        (
            {"ping": PING, "tcp": TCP},
            "checks[0]: has ping and tcp, and needs exactly one of ping, ",
        ),
        ({"ping": {"from": "ns1"}}, "checks[0].ping.to: is required"),
        ({"ping": {"to": "300.0.2.1"}}, "checks[0].ping.to: '300.0.2.1' is not an IP address"),
        ({"ping": {"to": "192.0.2.1/24"}}, "checks[0].ping.to: '192.0.2.1/24' is not an IP address"),
        ({"ping": {"to": "-f"}}, "checks[0].ping.to: '-f' is not an IP address"),
        ({"ping": {"to": "192.0.2.1%eth0"}}, "checks[0].ping.to: '192.0.2.1%eth0' names an interface"),
        ({"ping": {"to": "fe80::1"}}, "checks[0].ping.to: 'fe80::1' is a link-local address: name its interface"),
        ({"ping": {**PING, "fron": "x"}}, "checks[0].ping: 'fron' is not an option (did you mean 'from'?)"),
        ({"ping": {**PING, "from": "../x"}}, "checks[0].ping.from: '../x' "),
        ({"ping": {**PING, "count": 0}}, "checks[0].ping.count: 0 is not a count: 1 to 100"),
        ({"ping": {**PING, "source": "2001:db8::1"}}, "checks[0].ping.source: '2001:db8::1' is IPv6, and 'to' is IPv4"),
        (
            {"ping": {**PING, "source": "192.0.2.1", "dev": "eth0"}},
            "checks[0].ping.dev: excludes source: ping takes the one or the other",
        ),
        ({"ping": {**PING, "expect": "answer"}}, "checks[0].ping.expect: 'answer' is none of reply, silence"),
        ({"ping": {**PING, "ttl": 256}}, "checks[0].ping.ttl: 256 is not a TTL: 1 to 255"),
        ({"ping": {**PING, "ttl": 63, "expect": "silence"}}, "checks[0].ping.ttl: is seen in a reply only"),
        ({"ping": {**PING, "by": "192.0.2.1"}}, "checks[0].ping.by: is who answers with an error"),
        ({"tcp": {**TCP, "at": None}}, "checks[0].tcp.at: is required to deliver a text"),
        ({"tcp": {**TCP, "port": 70000}}, "checks[0].tcp.port: 70000 is not a port: 1 to 65535"),
        ({"udp": {**TCP, "text": "two\nlines"}}, "checks[0].udp.text: must be one line of 1 to 1000 bytes"),
        ({"udp": {**TCP, "text": ""}}, "checks[0].udp.text: must be one line of 1 to 1000 bytes"),
        ({"route": {"dst": "198.51.100.1"}}, "checks[0].route.dst: '198.51.100.1' lacks the prefix length"),
        (
            {"route": {"dst": "198.51.100.0/24", "via": "2001:db8::1"}},
            "checks[0].route.via: '2001:db8::1' is IPv6, and 'dst' is not",
        ),
        (
            {"tcp": {**TCP, "expect": "silence", "sockets": [{"when": "listening", "state": "LISTEN"}]}},
            "checks[0].tcp.sockets: are those of a connection, so they need 'expect: delivered'",
        ),
        (
            {"tcp": {**TCP, "sockets": [{"when": "listening", "state": "UNCONN"}]}},
            "checks[0].tcp.sockets[0].state: 'UNCONN' is none of LISTEN, ESTAB",
        ),
        ({"udp": {**TCP, "sockets": []}}, "checks[0].udp: 'sockets' is not an option"),
        (
            {"socket": {"port": 53, "protocol": "udp", "state": "LISTEN"}},
            "checks[0].socket.state: a udp socket is never LISTEN, but UNCONN or ESTAB",
        ),
        ({"http": {"to": "192.0.2.2", "path": "index.html"}}, "checks[0].http.path: 'index.html' is not a path"),
        ({"http": {"to": "192.0.2.2", "path": "/ HTTP/1.0"}}, "checks[0].http.path: '/ HTTP/1.0' is not a path"),
        ({"http": {"to": "192.0.2.2", "content_type": "html"}}, "checks[0].http.content_type: 'html' is not a content"),
        ({"http": {"to": "192.0.2.2", "version": "2"}}, "checks[0].http.version: '2' is none of 1.0, 1.1"),
        ({"dns": {"to": "192.0.2.2"}}, "checks[0].dns.name: is required"),
        ({"dns": {"to": "192.0.2.2", "name": "a..b"}}, "checks[0].dns.name: 'a..b' is not a name"),
        ({"dns": {"to": "192.0.2.2", "name": "a"}}, "checks[0].dns.answers: are required"),
        (
            {"dns": {"to": "192.0.2.2", "name": "a", "expect": "nxdomain", "answers": ["192.0.2.1"]}},
            "checks[0].dns.answers: are none in an NXDOMAIN",
        ),
        (
            {"dns": {"to": "192.0.2.2", "name": "a", "answers": ["192.0.2.1", "2001:db8::1"]}},
            "checks[0].dns.answers[1]: '2001:db8::1' is no address of type A",
        ),
        (
            {"lease": {"dev": "eth0", "first": "192.0.2.9", "last": "192.0.2.1"}},
            "checks[0].lease.last: 192.0.2.1 is before 192.0.2.9",
        ),
        ({"captured": {"name": "x"}}, "checks[0].captured: needs 'packets', 'absent' or 'count'"),
        (
            {"captured": {"name": "x", "count": 1}, "captures": [CAPTURE]},
            "checks[0].captures: a captured check sends no packets to capture",
        ),
        ({"link": {"name": "a-name-too-long-"}}, "checks[0].link.name: 'a-name-too-long-' has 16 bytes"),
        (
            {"link": {"name": "lo"}, "captures": [CAPTURE]},
            "checks[0].captures: a link check sends no packets to capture",
        ),
        (
            {"ping": PING, "captures": [CAPTURE, {**CAPTURE, "packets": ["ok", "("]}]},
            "checks[0].captures[1].packets[1]: '(' is not a regular expression",
        ),
        (
            {"ping": PING, "captures": [{**CAPTURE, "packets": []}]},
            "checks[0].captures[0]: needs 'packets', 'absent' or 'count'",
        ),
        ({"ping": PING, "captures": [{**CAPTURE, "dev": "-w"}]}, "checks[0].captures[0].dev: '-w' is not a name"),
        ({"traceroute": {"to": "192.0.2.2"}}, "checks[0].traceroute.hops: is required"),
        ({"traceroute": {"to": "192.0.2.2", "hops": []}}, "checks[0].traceroute.hops: needs one address at least"),
        (
            {"traceroute": {"to": "192.0.2.2", "hops": ["192.0.2.1", "2001:db8::1"]}},
            "checks[0].traceroute.hops[1]: '2001:db8::1' is IPv6, and 'to' is not",
        ),
        (
            {"neighbour": {"address": "192.0.2.2", "state": ["alive"]}},
            "checks[0].neighbour.state[0]: 'alive' is none of reachable, ",
        ),
        ({"fdb": {"mac": "00:00:5e:00:53"}}, "checks[0].fdb.mac: '00:00:5e:00:53' is not a MAC address"),
        ({"vlan": {"dev": "br0", "vlans": [{"vid": 4095}]}}, "checks[0].vlan.vlans[0].vid: 4095 is not a VLAN id"),
        ({"conntrack": {"netns": "router"}}, "checks[0].conntrack.protocol: is required"),
        (
            {"conntrack": {"protocol": "tcp", "source": "192.0.2.0/24"}},
            "checks[0].conntrack.source: '192.0.2.0/24' is not an IP address",
        ),
        (
            {"netns": {"name": "ns1", "links": ["lo"], "present": False}},
            "checks[0].netns.links: excludes 'present: false'",
        ),
    ],
)
def test_refused_with_its_place(check: t.Any, message: str) -> None:
    with pytest.raises(LabError) as caught:
        model.parse([check])
    assert str(caught.value).startswith(message)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*model.CHECK, *sorted(KEYS), *model.CAPTURE, "x"]), inner)
    ),
    max_leaves=12,
)


@given(st.lists(VALUES, max_size=3))
def test_any_input_is_read_or_refused(items: list[t.Any]) -> None:
    place = "checks[0]"
    try:
        model.parse(items)
    except LabError as error:
        place = error.place
    assert place.startswith("checks[")
