# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to hold of the wish and the present state together, before anything is changed."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import verify
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.module_utils.kinds import KINDS, Resource
from ansible_collections.tcpip.lab.plugins.module_utils.state import BY_KERNEL, Link, Namespace, Qdisc, Route, State
from ansible_collections.tcpip.lab.plugins.module_utils.verify import Claims

LAB = Claims("lab")
NOBODY = Claims()
BACK = "(use another name, or remove it)"
OF_OTHER, OF_LAB = (
    f"(change it there, or remove that lab: ansible-playbook tcpip.lab.labs -e lab_remove={name}; "
    f"from a checkout: make labs lab_remove={name})"
    for name in ("other", "lab")
)


def _machine(*links: Link, routes: t.Sequence[Route] = (), **owners: str | None) -> State:
    spaces = {name: Namespace(name, owner, {"lo": Link(name, "lo")}) for name, owner in {"": None, **owners}.items()}
    for link in links:
        spaces[link.netns].links[link.name] = link
    for route in routes:
        spaces[route.netns].routes.append(route)
    return State(spaces)


def _one(kind: str, **options: t.Any) -> list[Resource]:
    return [KINDS[kind].parse(options, f"{kind}[0]")]


def _pair(**near: t.Any) -> list[Resource]:
    return _one("veth", name="a", **near, peer={"name": "b"})


def _server(interface: str, *starts: str) -> list[Resource]:
    return _one("dnsmasq_dhcp", interfaces=[interface], ranges=[{"start": start, "end": start} for start in starts])


ETH0 = Link("", "eth0", addresses=("192.0.2.2/24", "2001:db8::2/64"))
OURS = Link("", "a", alias="tcpip.lab:lab", addresses=("10.0.0.1/8",))
HOME = Route("", 4, "10.9.0.0/16", None, "eth0")
FORWARD = {"name": "net.ipv4.ip_forward", "value": "1"}

REFUSED: list[tuple[list[Resource], State, Claims, str]] = [
    # ownership
    (
        _one("netns", name="n"),
        _machine(n="other"),
        LAB,
        f"netns[0].name: namespace 'n' belongs to lab 'other' {OF_OTHER}",
    ),
    (
        _one("netns", name="n"),
        _machine(n=None),
        LAB,
        f"netns[0].name: namespace 'n' exists and belongs to no lab {BACK}",
    ),
    (
        _one("netns", name="n"),
        _machine(n="lab"),
        NOBODY,
        f"netns[0].name: namespace 'n' belongs to lab 'lab' {OF_LAB}",
    ),
    (_pair(netns="n"), _machine(n="lab"), NOBODY, f"veth[0].netns: namespace 'n' belongs to lab 'lab' {OF_LAB}"),
    (
        _one("sysctl", netns="n", **FORWARD),
        _machine(n="lab"),
        NOBODY,
        f"sysctl[0].netns: namespace 'n' belongs to lab 'lab' {OF_LAB}",
    ),
    (
        _pair(),
        _machine(Link("", "a", alias="tcpip.lab:other")),
        LAB,
        f"veth[0].name: 'a' in the root namespace belongs to lab 'other' {OF_OTHER}",
    ),
    (
        _pair(),
        _machine(Link("", "b")),
        LAB,
        f"veth[0].peer.name: 'b' in the root namespace exists and belongs to no lab {BACK}",
    ),
    (_pair(), _machine(OURS), NOBODY, f"veth[0].name: 'a' in the root namespace belongs to lab 'lab' {OF_LAB}"),
    (
        _pair(),
        _machine(Link("", "a", alias="tcpip.lab:other")),
        Claims("lab", frozenset({("", "a")})),
        f"veth[0].name: 'a' in the root namespace belongs to lab 'other' {OF_OTHER}",
    ),
    (
        _one("sysctl", **FORWARD),
        _machine(),
        Claims("lab", others={("sysctl", "", "net/ipv4/ip_forward"): "other"}),
        f"sysctl[0]: this sysctl of the root namespace belongs to lab 'other' {OF_OTHER}",
    ),
    (
        _one("route", dst="10.9.0.0/16", dev="eth0"),
        _machine(ETH0, routes=[HOME]),
        LAB,
        f"route[0]: this route of the root namespace exists and belongs to no lab {BACK}",
    ),
    # existence
    (_pair(netns="n"), _machine(), LAB, "veth[0].netns: there is no namespace 'n' (tcpip.lab.netns makes one)"),
    (
        _one("route", dst="10.0.0.0/8", dev="zz"),
        _machine(),
        LAB,
        "route[0].dev: there is no interface 'zz' in the root namespace",
    ),
    (
        _one("vxlan", name="x", id=1, dev="zz"),
        _machine(),
        NOBODY,
        "vxlan[0].dev: there is no interface 'zz' in the root namespace",
    ),
    # gateways
    (
        _one("route", dst="10.0.0.0/8", via="198.51.100.1"),
        _machine(ETH0),
        LAB,
        "route[0].via: 198.51.100.1 is in no network of the root namespace (there are: 192.0.2.0/24, 2001:db8::/64)",
    ),
    (
        _one("route", dst="10.0.0.0/8", via="198.51.100.1"),
        _machine(),
        LAB,
        "route[0].via: 198.51.100.1 is in no network of the root namespace (there is none)",
    ),
    # lendings
    (
        _pair(addresses=["203.0.113.1/24"]) + _server("a", "203.0.113.9", "198.51.100.9"),
        _machine(),
        LAB,
        "dnsmasq_dhcp[0].ranges[1].start: no interface of the server has an address in 198.51.100.0/24"
        " (there are: 203.0.113.1/24)",
    ),
    (
        _pair(addresses=["2001:db8:9::1/64"]) + _server("b", "203.0.113.9"),
        _machine(),
        LAB,
        "dnsmasq_dhcp[0].ranges[0].start: no interface of the server has an address in 203.0.113.0/24 (there is none)",
    ),
    # overlaps
    (
        _pair(addresses=["192.0.2.99/32"]),
        _machine(ETH0),
        LAB,
        "veth[0].addresses[0]: 192.0.2.99/32 overlaps 192.0.2.2/24, which the machine has on eth0",
    ),
    (
        _pair(addresses=["192.0.0.1/8"]),
        _machine(ETH0),
        LAB,
        "veth[0].addresses[0]: 192.0.0.1/8 overlaps 192.0.2.2/24, which the machine has on eth0",
    ),
    (
        _pair(addresses=["2001:db8::9/128"]),
        _machine(ETH0),
        LAB,
        "veth[0].addresses[0]: 2001:db8::9/128 overlaps 2001:db8::2/64, which the machine has on eth0",
    ),
    (
        _pair(addresses=["10.9.3.1/24"]),
        _machine(ETH0, routes=[HOME]),
        LAB,
        "veth[0].addresses[0]: 10.9.3.1/24 overlaps 10.9.0.0/16, which the machine has on eth0",
    ),
    (
        _one("route", dst="192.0.2.0/25", type="throw"),
        _machine(ETH0),
        LAB,
        "route[0].dst: 192.0.2.0/25 overlaps 192.0.2.2/24, which the machine has on eth0",
    ),
    # replacements
    (
        _pair(delay=0, loss=1),
        _machine(Link("", "a", kind="veth", peer=("", "b"), qdisc=Qdisc("tbf")), Link("", "b", kind="veth")),
        NOBODY,
        "veth[0].loss: 'a' in the root namespace has the queueing discipline 'tbf' already "
        "(take it away by tc qdisc delete dev a root)",
    ),
    (
        _pair(),
        _machine(Link("", "a", kind="bridge")),
        NOBODY,
        "veth[0].name: 'a' in the root namespace is bridge already (use another name)",
    ),
    (
        _pair(),
        _machine(Link("", "b")),
        NOBODY,
        "veth[0].name: 'b' in the root namespace is a device of the machine already (use another name)",
    ),
    (
        _pair(),
        _machine(Link("", "a", kind="veth")),
        NOBODY,
        "veth[0].name: 'a' in the root namespace has another peer, out of sight",
    ),
]

ALLOWED: list[tuple[list[Resource], State, Claims]] = [
    (_one("netns", name="n"), _machine(n="lab"), LAB),
    (_one("netns", name="n"), _machine(n=None), NOBODY),
    (_pair(), _machine(OURS), LAB),
    (_pair(), _machine(Link("", "a")), Claims("lab", frozenset({("", "a")}))),
    (_pair(), _machine(Link("", "a", kind="veth", peer=("", "b")), Link("", "b", kind="veth", peer=("", "a"))), NOBODY),
    (_pair(addresses=["10.0.0.2/8"]), _machine(OURS), LAB),  # its own prefix, from another run
    (
        _pair(addresses=["fe80::9/64"]),
        _machine(Link("", "eth0", addresses=("fe80::1/64",)), routes=[Route("", 6, "fe80::/64", None, "eth0")]),
        LAB,  # each link has that network for itself
    ),
    (_pair(addresses=["192.0.2.9/24"]), _machine(ETH0), NOBODY),  # a module alone does what it is told
    (_one("netns", name="n") + _pair(netns="n", addresses=["192.0.2.9/24"]), _machine(ETH0), LAB),  # inside a namespace
    (_one("route", dst="10.0.0.0/8", via="192.0.2.1"), _machine(ETH0), LAB),
    (_one("route", dst="::/0", via="fe80::1", dev="eth0"), _machine(ETH0), LAB),
    (_pair(addresses=["172.16.0.1/24"]) + _one("route", dst="10.0.0.0/8", via="172.16.0.2"), _machine(), LAB),
    (
        _one("route", dst="10.9.0.0/16", dev="eth0"),
        _machine(ETH0, routes=[HOME]),
        Claims("lab", keys=frozenset({("route", *HOME.key)})),
    ),
    (_one("route", dst="10.9.0.0/16", dev="eth0"), _machine(ETH0, routes=[HOME]), NOBODY),
    (_one("sysctl", **FORWARD), _machine(), LAB),
    (_pair(addresses=["203.0.113.1/24"]) + _server("a", "203.0.113.9"), _machine(), LAB),
    (_server("eth0", "192.0.2.99"), _machine(ETH0), LAB),  # the address is there already
    (_pair() + _server("a", "203.0.113.9"), _machine(), NOBODY),  # a task of its own may give it later
    (_pair() + _one("dhcp_client", dev="a") + _server("a", "203.0.113.9"), _machine(), LAB),  # it comes by a lease
]


@pytest.mark.parametrize(("desired", "state", "claims", "message"), REFUSED)
def test_refused(desired: list[Resource], state: State, claims: Claims, message: str) -> None:
    with pytest.raises(LabError) as error:
        verify.everything(desired, [], state, claims)
    assert str(error.value) == message


@pytest.mark.parametrize(("desired", "state", "claims"), ALLOWED)
def test_allowed(desired: list[Resource], state: State, claims: Claims) -> None:
    verify.everything(desired, [], state, claims)


BOTH = Link("", "a", alias="tcpip.lab:lab", addresses=("203.0.113.1/24", "192.0.2.1/24"))
TO_THERE = Route("", 4, "203.0.113.0/24", None, "a", protocol=BY_KERNEL)
BY_IT = _one("route", dst="10.0.0.0/8", via="203.0.113.9")


@pytest.mark.parametrize(
    ("desired", "absent", "message"),
    [
        (_pair(addresses=["192.0.2.1/24"], purge_addresses=True), [], "route[0].via: 203.0.113.9 is in no network of"),
        ([], _pair(), "route[0].via: 203.0.113.9 is in no network of the root namespace (there is none)"),
        (_one("route", dst="10.2.0.0/16", dev="a"), _pair(), "route[0].dev: there is no interface 'a' in the root"),
    ],
)
def test_what_goes_is_not_counted_on(desired: list[Resource], absent: list[Resource], message: str) -> None:
    state = _machine(BOTH, routes=[TO_THERE])
    verify.everything(_pair() + BY_IT, [], state, LAB)
    with pytest.raises(LabError) as error:
        verify.everything(desired + BY_IT, absent, state, LAB)
    assert str(error.value).startswith(message)


def test_a_server_needs_more_than_an_address_that_goes() -> None:
    state, asked = _machine(BOTH), _server("a", "203.0.113.9")
    verify.everything(_pair() + asked, [], state, LAB)
    with pytest.raises(LabError, match="no interface of the server has an address in"):
        verify.everything(_pair(addresses=["192.0.2.1/24"], purge_addresses=True) + asked, [], state, LAB)


def test_what_somebody_took_over_is_not_ours_any_more() -> None:
    [namespace] = _one("netns", name="n")
    assert verify.is_ours(namespace, _machine(n="lab"), LAB)
    assert not verify.is_ours(namespace, _machine(n="other"), LAB)
