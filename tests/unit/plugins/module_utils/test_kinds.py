# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of each kind from a state made by hand: creation, each attribute in place, making anew, absence.

Steps are given as the lines that the diff shows: -what goes, +what comes.
"""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import plan
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.module_utils.kinds import KINDS
from ansible_collections.tcpip.lab.plugins.module_utils.state import FdbEntry, Link, Namespace, Route, State

UNKNOWN = "00:00:00:00:00:00"
VXLAN = {
    "id": 7,
    "remote": "10.0.0.1",
    "group": None,
    "local": None,
    "dstport": 4789,
    "dev": "a",
    "learning": True,
    "ttl": 0,
}


def _state(*links: Link, routes: t.Sequence[Route] = (), sysctls: dict[str, str] | None = None) -> State:
    spaces = {name: Namespace(name, links={"lo": Link(name, "lo")}) for name in ("", "ns1", "ns2")}
    for link in links:
        spaces[link.netns].links[link.name] = link
    spaces["ns1"].routes = list(routes)
    spaces["ns1"].sysctls = sysctls or {}
    return State(spaces, {("ns1", "net.ipv4.ip_forward"): "0"})


def _pair(**attributes: t.Any) -> tuple[Link, Link]:
    near = Link("ns1", "a", kind="veth", mac="02:00:00:00:00:01", mtu=1500, up=True, peer=("ns2", "b"))
    far = Link("ns2", "b", kind="veth", mac="02:00:00:00:00:02", mtu=1500, up=True, peer=("ns1", "a"))
    return Link(**{**vars(near), **attributes}), far


def _overlay(settings: dict[str, t.Any] | None = None, **attributes: t.Any) -> Link:
    merged = {**VXLAN, **(settings or {})}
    fdb = frozenset({FdbEntry(UNKNOWN, merged["remote"] or merged["group"], merged["dev"] or "")})
    link = Link("ns1", "x", kind="vxlan", mtu=1450, up=True, base="ns1", settings=merged, fdb=fdb)
    return Link(**{**vars(link), **attributes})


def _route(**attributes: t.Any) -> Route:
    return Route(**{"netns": "ns1", "family": 4, "dst": "10.1.0.0/16", "via": "192.0.2.2", "dev": "a", **attributes})


def _lines(
    kind: str, options: dict[str, t.Any], state: State, *, absent: bool = False, lab: str | None = None
) -> list[str]:
    resource = KINDS[kind].parse(options, "")
    steps = plan.make(() if absent else [resource], [resource] if absent else (), state, lab)
    return [
        line for step in steps for line in (*(f"-{each}" for each in step.lost), *(f"+{each}" for each in step.gained))
    ]


VETH = {"name": "a", "netns": "ns1", "peer": {"name": "b", "netns": "ns2"}}
OVER = {"name": "x", "netns": "ns1", "id": 7, "remote": "10.0.0.1", "dev": "a"}
WAY = {"netns": "ns1", "dst": "10.1.0.0/16", "via": "192.0.2.2"}
FORWARD = {"netns": "ns1", "name": "net.ipv4.ip_forward"}
ADDRESSED = ("192.0.2.1/24", "192.0.2.9/24", "2001:db8::9/64", "2001:db8::1/64", "fe80::1/64")
#: By hand, as the ends of point-to-point links.
JOINED = {
    "addresses": ("192.0.2.1/24", "10.0.0.1/32"),
    "peers": {"192.0.2.1/24": ("192.0.2.9",), "10.0.0.1/32": ("10.0.0.2", "")},
}

PRESENT: list[tuple[str, dict[str, t.Any], State, list[str]]] = [
    # namespaces
    ("netns", {"name": "new"}, _state(), ["+namespace new"]),
    ("netns", {"name": "new", "loopback": True}, _state(), ["+namespace new", "+new: lo up"]),
    ("netns", {"name": "ns1"}, _state(), []),
    ("netns", {"name": "ns1", "loopback": True}, _state(), ["-ns1: lo down", "+ns1: lo up"]),
    ("netns", {"name": "ns1", "loopback": False}, _state(Link("ns1", "lo", up=True)), ["-ns1: lo up", "+ns1: lo down"]),
    # pairs
    ("veth", VETH, _state(), ["+ns1: veth a peer b in ns2", "+ns2: veth b peer a in ns1", "+ns1: a up", "+ns2: b up"]),
    (
        "veth",
        {
            "name": "a",
            "mtu": 9000,
            "up": False,
            "peer": {"name": "b", "mac": "02:00:00:00:00:09", "addresses": ["10.0.0.1/8"]},
        },
        _state(),
        [
            "+veth a peer b in the root namespace mtu 9000",
            "+veth b peer a in the root namespace address 02:00:00:00:00:09",
            "+b up",
            "+b address 10.0.0.1/8",
        ],
    ),
    ("veth", VETH, _state(*_pair()), []),
    ("veth", {**VETH, "mtu": 1400}, _state(*_pair()), ["-ns1: a mtu 1500", "+ns1: a mtu 1400"]),
    (
        "veth",
        {**VETH, "mac": "02:00:00:00:00:09", "up": False},
        _state(*_pair()),
        ["-ns1: a mac 02:00:00:00:00:01 up", "+ns1: a mac 02:00:00:00:00:09 down"],
    ),
    ("veth", {**VETH, "addresses": ["192.0.2.1/24"]}, _state(*_pair()), ["+ns1: a address 192.0.2.1/24"]),
    ("veth", {**VETH, "addresses": ["192.0.2.1/24"]}, _state(*_pair(addresses=ADDRESSED)), []),
    (
        "veth",
        {**VETH, "addresses": ["192.0.2.1/24"], "purge_addresses": True},
        _state(*_pair(addresses=ADDRESSED)),
        ["-ns1: a address 2001:db8::9/64", "-ns1: a address 2001:db8::1/64", "-ns1: a address 192.0.2.9/24"],
    ),
    ("veth", {**VETH, "addresses": ["192.0.2.1/24"]}, _state(*_pair(**JOINED)), []),
    (
        "veth",
        {**VETH, "addresses": ["192.0.2.1/24"], "purge_addresses": True},
        _state(*_pair(**JOINED)),
        [
            "-ns1: a address 10.0.0.1/32",
            "-ns1: a address 10.0.0.1 peer 10.0.0.2/32",
            "-ns1: a address 192.0.2.1 peer 192.0.2.9/24",
            "+ns1: a address 192.0.2.1/24",
        ],
    ),
    (
        "veth",
        {**VETH, "addresses": ["2001:db8::1/48", "192.0.2.1/16"]},
        _state(*_pair(addresses=ADDRESSED)),
        ["-ns1: a address 2001:db8::1/64", "+ns1: a address 2001:db8::1/48", "+ns1: a address 192.0.2.1/16"],
    ),
    (
        "veth",
        VETH,
        _state(_pair(peer=None)[0]),  # joined with something else
        [
            "-ns1: veth a",
            "+ns1: veth a peer b in ns2",
            "+ns2: veth b peer a in ns1",
            "+ns1: a up",
            "+ns2: b up",
        ],
    ),
    # overlays
    (
        "vxlan",
        OVER,
        _state(*_pair()),
        ["+ns1: vxlan x id 7 dstport 4789 remote 10.0.0.1 dev a learning on", "+ns1: x up"],
    ),
    (
        "vxlan",
        {"name": "x", "netns": "ns2", "underlay": "", "id": 7, "mtu": 1400},
        _state(),
        ["+ns2: vxlan x id 7 dstport 4789 learning on over the root namespace", "+ns2: x mtu 1400 up"],
    ),
    ("vxlan", OVER, _state(*_pair(), _overlay()), []),
    (
        "vxlan",
        {**OVER, "remote": "10.0.0.2"},
        _state(*_pair(), _overlay()),
        ["-ns1: x remote 10.0.0.1", "+ns1: x remote 10.0.0.2"],
    ),
    (
        "vxlan",
        {**OVER, "local": "10.0.0.9"},
        _state(*_pair(), _overlay()),
        ["-ns1: x local none", "+ns1: x local 10.0.0.9"],
    ),
    (
        "vxlan",
        {**OVER, "ttl": 5, "learning": False},
        _state(*_pair(), _overlay()),
        ["-ns1: x learning on ttl 0", "+ns1: x learning off ttl 5"],
    ),
    (
        "vxlan",
        {"name": "x", "netns": "ns1", "id": 7, "group": "239.0.0.1", "dev": "a", "up": False},
        _state(*_pair(), _overlay(up=False)),
        ["-ns1: x remote 10.0.0.1 group none", "+ns1: x remote none group 239.0.0.1"],
    ),
    *(  # one that is up neither leaves nor joins a group
        (
            "vxlan",
            {"name": "x", "netns": "ns1", "id": 7, "group": "239.0.0.1", "dev": "a"},
            _state(*_pair(), _overlay(other)),
            ["-ns1: vxlan x", "+ns1: vxlan x id 7 dstport 4789 group 239.0.0.1 dev a learning on", "+ns1: x up"],
        )
        for other in ({}, {"remote": None, "group": "239.0.0.2"}, {"remote": None, "group": "239.0.0.1", "dev": "z"})
    ),
    (
        "vxlan",
        OVER,
        _state(*_pair(), _overlay({"dev": None})),
        [
            "-ns1: x dev none",
            "+ns1: x dev a",
            f"-ns1: x fdb {UNKNOWN} dst 10.0.0.1",
            f"+ns1: x fdb {UNKNOWN} dst 10.0.0.1 via a",
        ],
    ),
    *(
        (
            "vxlan",
            OVER,
            _state(*_pair(), _overlay(other, **more)),
            ["-ns1: vxlan x", "+ns1: vxlan x id 7 dstport 4789 remote 10.0.0.1 dev a learning on", "+ns1: x up"],
        )
        for other, more in (
            ({"id": 8}, {}),
            ({"dstport": 8472}, {}),
            ({"remote": "2001:db8::1"}, {}),
            ({}, {"base": "ns2"}),
            ({}, {"base": None}),
        )
    ),
    (  # the kernel made it one of IPv4
        "vxlan",
        {**OVER, "remote": "2001:db8::1"},
        _state(*_pair(), _overlay({"remote": None}, fdb=frozenset())),
        ["-ns1: vxlan x", "+ns1: vxlan x id 7 dstport 4789 remote 2001:db8::1 dev a learning on", "+ns1: x up"],
    ),
    (
        "vxlan",
        {**OVER, "fdb": [{"mac": "02:00:00:00:00:09", "dst": "10.0.0.1"}]},
        _state(
            *_pair(),
            _overlay(fdb=frozenset({FdbEntry("02:00:00:00:00:09", "10.0.0.7"), FdbEntry(UNKNOWN, "10.0.0.1", "a")})),
        ),
        ["-ns1: x fdb 02:00:00:00:00:09 dst 10.0.0.7", "+ns1: x fdb 02:00:00:00:00:09 dst 10.0.0.1"],
    ),
    ("vxlan", OVER, _state(*_pair(), _overlay(fdb=frozenset())), [f"+ns1: x fdb {UNKNOWN} dst 10.0.0.1 via a"]),
    (
        "vxlan",
        {**OVER, "fdb": [{"mac": UNKNOWN, "dst": "10.0.0.1"}, {"mac": UNKNOWN, "dst": "10.0.0.2"}]},
        _state(*_pair(), _overlay()),
        [f"+ns1: x fdb {UNKNOWN} dst 10.0.0.2"],
    ),
    # routes
    ("route", WAY, _state(), ["+ns1: route 10.1.0.0/16 via 192.0.2.2"]),
    ("route", WAY, _state(routes=[_route()]), []),
    (
        "route",
        {**WAY, "via": "192.0.2.3"},
        _state(routes=[_route()]),
        ["-ns1: route 10.1.0.0/16 via 192.0.2.2 dev a", "+ns1: route 10.1.0.0/16 via 192.0.2.3"],
    ),
    (
        "route",
        {**WAY, "dev": "b"},
        _state(routes=[_route()]),
        ["-ns1: route 10.1.0.0/16 via 192.0.2.2 dev a", "+ns1: route 10.1.0.0/16 via 192.0.2.2 dev b"],
    ),
    (
        "route",
        {**WAY, "source": "192.0.2.1"},
        _state(routes=[_route()]),
        ["-ns1: route 10.1.0.0/16 via 192.0.2.2 dev a", "+ns1: route 10.1.0.0/16 via 192.0.2.2 src 192.0.2.1"],
    ),
    ("route", {**WAY, "metric": 5}, _state(routes=[_route()]), ["+ns1: route 10.1.0.0/16 via 192.0.2.2 metric 5"]),
    ("route", {**WAY, "table": 7}, _state(routes=[_route()]), ["+ns1: route 10.1.0.0/16 via 192.0.2.2 table 7"]),
    (
        "route",
        {"netns": "ns1", "dst": "10.1.0.0/16", "type": "blackhole"},
        _state(routes=[_route()]),
        ["-ns1: route 10.1.0.0/16 via 192.0.2.2 dev a", "+ns1: route blackhole 10.1.0.0/16"],
    ),
    (
        "route",
        {"netns": "ns1", "dst": "::/0", "via": "2001:db8::1"},
        _state(routes=[Route("ns1", 6, "default", "2001:db8::1", "a", 1024)]),
        [],
    ),
    # settings
    (
        "sysctl",
        {**FORWARD, "value": 1},
        _state(sysctls={"net.ipv4.ip_forward": "0"}),
        ["-ns1: net.ipv4.ip_forward = 0", "+ns1: net.ipv4.ip_forward = 1"],
    ),
    ("sysctl", {**FORWARD, "value": "0"}, _state(sysctls={"net.ipv4.ip_forward": "0"}), []),
    (
        "sysctl",
        {"netns": "ns1", "name": "net.ipv4.tcp_rmem", "value": " 1\t2  3 "},
        _state(sysctls={"net.ipv4.tcp_rmem": "1 2 3"}),
        [],
    ),
    (
        "sysctl",
        {"netns": "ns1", "name": "net/ipv4/conf/eth0.1/forwarding", "value": 1},
        _state(),
        ["+ns1: net.ipv4.conf.eth0/1.forwarding = 1"],
    ),
]

ABSENT: list[tuple[str, dict[str, t.Any], State, list[str]]] = [
    ("netns", {"name": "ns1"}, _state(), ["-namespace ns1"]),
    ("netns", {"name": "new"}, _state(), []),
    ("veth", VETH, _state(*_pair()), ["-ns1: veth a", "-ns2: veth b"]),
    (
        "veth",
        {"name": "a", "netns": "ns1"},
        _state(*_pair(), _overlay()),
        ["-ns1: veth a", "-ns2: veth b", "-ns1: vxlan x"],
    ),
    ("veth", VETH, _state(), []),
    ("vxlan", {"name": "x", "netns": "ns1"}, _state(*_pair(), _overlay()), ["-ns1: vxlan x"]),
    (
        "route",
        {"netns": "ns1", "dst": "10.1.0.0/16"},
        _state(routes=[_route(metric=9)]),
        ["-ns1: route 10.1.0.0/16 via 192.0.2.2 dev a metric 9"],
    ),
    ("route", {**WAY, "metric": 8}, _state(routes=[_route(metric=9)]), []),
    ("route", {**WAY, "via": "192.0.2.9"}, _state(routes=[_route()]), []),
    ("route", {**WAY, "table": 7}, _state(routes=[_route()]), []),
    (
        "sysctl",
        FORWARD,
        _state(sysctls={"net.ipv4.ip_forward": "1"}),
        ["-ns1: net.ipv4.ip_forward = 1", "+ns1: net.ipv4.ip_forward = 0"],
    ),
    ("sysctl", FORWARD, _state(sysctls={"net.ipv4.ip_forward": "0"}), []),
    ("sysctl", {"netns": "ns2", "name": "net.ipv4.ip_forward"}, _state(), []),
]


@pytest.mark.parametrize(("kind", "options", "state", "lines"), PRESENT)
def test_present(kind: str, options: dict[str, t.Any], state: State, lines: list[str]) -> None:
    assert _lines(kind, options, state) == lines


@pytest.mark.parametrize(("kind", "options", "state", "lines"), ABSENT)
def test_absent(kind: str, options: dict[str, t.Any], state: State, lines: list[str]) -> None:
    assert _lines(kind, options, state, absent=True) == lines


@pytest.mark.parametrize(("ends", "version"), [({"remote": "10.0.0.1"}, 4), ({"local": "2001:db8::9"}, 6), ({}, 4)])
def test_an_entry_for_the_other_version_of_ip_is_refused(ends: dict[str, str], version: int) -> None:
    dst = "10.0.0.5" if version == 6 else "2001:db8::5"
    options = {"name": "x", "netns": "ns1", "id": 7, **ends, "fdb": [{"mac": "02:00:00:00:00:05", "dst": dst}]}
    with pytest.raises(LabError, match=rf"^fdb\[0\].dst: the device sends over IPv{version} \("):
        _lines("vxlan", options, _state())


def test_a_route_over_another_one_comes_behind_it() -> None:
    ways = [{"dst": "default", "via": "203.0.113.1"}, {"dst": "203.0.113.1/32", "dev": "a"}]
    routes = [KINDS["route"].parse({"netns": "ns1", **way}, "") for way in ways]
    steps = plan.make(routes, (), _state(*_pair(addresses=("192.0.2.5/32",))), None)
    assert [step.title for step in steps] == [
        "add ns1: route 203.0.113.1/32 dev a",
        "add ns1: route default via 203.0.113.1",
    ]


def test_what_a_lab_makes_is_marked() -> None:
    assert "+ns1: a up alias tcpip.lab:one" in _lines("veth", VETH, _state(), lab="one")
    assert _lines("veth", VETH, _state(*_pair(alias="x")), lab="one")[:2] == [
        "-ns1: a alias x",
        "+ns1: a alias tcpip.lab:one",
    ]
    assert _lines("veth", VETH, _state(*_pair(alias="x"))) == []


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("veth", {"name": "a"}, "peer: is required (a pair has two ends)"),
        ("vxlan", {"name": "a"}, "id: is required"),
        ("route", {"dst": "10.0.0.0/8"}, "via or dev is required (where shall the packets go?)"),
        ("sysctl", {"name": "net.x"}, "value: is required"),
    ],
)
def test_what_only_presence_requires(kind: str, options: dict[str, t.Any], message: str) -> None:
    with pytest.raises(LabError) as error:
        KINDS[kind].parse(options, "").complete()
    assert str(error.value) == message
    assert _lines(kind, options, _state(), absent=True) == []


@pytest.mark.parametrize("kind", ["veth", "vxlan"])
def test_nothing_of_another_kind_is_removed_under_the_name(kind: str) -> None:
    with pytest.raises(LabError) as error:
        _lines(kind, {"name": "br0"}, _state(Link("", "br0", kind="bridge")), absent=True)
    assert str(error.value) == f"name: 'br0' is not a {kind} but bridge"


def test_what_the_kernel_changes_along_is_remembered_and_written_back() -> None:
    along = {"net.ipv4.conf.all.accept_redirects": "0", "net.ipv4.conf.up0.forwarding": "1"}
    values = {"net.ipv4.ip_forward": "0", **along}
    state = _state()
    state.namespaces[""].sysctls = dict(values)
    options = {"name": "net.ipv4.ip_forward", "value": "1"}
    switch: t.Any
    [switch] = plan.make([KINDS["sysctl"].parse(options, "")], (), state)
    assert (switch.along, switch.then) == (along, {})
    [back] = switch.undo()
    assert (back.value, back.then) == ("0", along)

    state.namespaces[""].sysctls = dict.fromkeys(values, "1")
    state.first_values = {("", name): value for name, value in values.items()}
    restore: t.Any
    [restore] = plan.make((), [KINDS["sysctl"].parse(options, "")], state)
    assert (restore.value, restore.then) == ("0", along)
    assert restore.undo()[0].then == dict.fromkeys(along, "1")


def test_what_is_declared_stays_as_it_is_where_the_kernel_changes_it_along() -> None:
    switch, redirects = "net.ipv4.ip_forward", "net.ipv4.conf.all.accept_redirects"
    up0, up1 = ("net.ipv4.conf.up0.forwarding", "net.ipv4.conf.up1.forwarding")
    state = _state(Link("", "up0"), Link("", "up1"))
    state.namespaces[""].sysctls = {switch: "0", redirects: "1", up0: "0", up1: "0"}
    options = [{"name": redirects, "value": 1}, {"name": up0, "value": 0}, {"name": switch, "value": 1}]
    kept = [KINDS["sysctl"].parse(each, "") for each in options]
    write: t.Any
    [write] = plan.make(kept, (), state)
    assert (write.name, write.then) == (switch, {redirects: "1", up0: "0"})
    assert write.undo()[0].then == {redirects: "1", up0: "0", up1: "0"}

    state.namespaces[""].sysctls = {switch: "1", redirects: "1", up0: "0", up1: "1"}
    state.first_values = {("", switch): "0", ("", redirects): "0", ("", up0): "1", ("", up1): "0"}
    restore: t.Any
    [restore] = plan.make(kept[:2], kept[2:], state)
    assert (restore.value, restore.then) == ("0", {redirects: "1", up0: "0", up1: "0"})
    state.first_values.update({("", switch): "1", ("", up1): "1"})
    assert plan.make(kept[:2], kept[2:], state) == []
    state.first_values["", redirects] = "1"
    [only] = plan.make((), kept[1:], state)
    assert only.title == f"change {up0} = 0 to {up0} = 1"


PEER = {"name": "b", "netns": "ns2"}


@pytest.mark.parametrize(
    ("kind", "item", "goes"),
    [
        ("veth", {"name": "a", "netns": "ns1", "peer": PEER}, True),
        ("veth", {"name": "a", "peer": PEER}, False),
        ("veth", {"name": "a", "netns": "ns1", "peer": {"name": "b"}}, False),
        ("veth", {"name": "a", "netns": "ns1", "peer": {"name": "b", "netns": "another"}}, False),
        ("veth", {"name": "a", "netns": ["ns1"], "peer": PEER}, False),
        ("veth", {"name": "a", "netns": "ns1"}, False),
        ("veth", "a", False),
        ("route", {"netns": "ns1", "dst": "default"}, True),
        ("route", {"dst": "default"}, False),
        ("process", {"netns": "ns1", "name": "sleeper", "command": ["sleep"]}, False),
        ("netns", {"name": "ns1"}, False),
    ],
)
def test_only_what_is_gone_with_its_namespaces_is_not_read_before_they_go(kind: str, item: t.Any, goes: bool) -> None:
    assert KINDS[kind].goes_along(item, {"ns1", "ns2"}) is goes
