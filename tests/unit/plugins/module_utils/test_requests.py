# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps as requests to the kernel: the bytes are decoded again by pyroute2, and hold what the step says."""

from __future__ import annotations

import socket
import struct
import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import decode, encode, netlink
from ansible_collections.tcpip.lab.plugins.module_utils import operations as ops
from ansible_collections.tcpip.lab.plugins.module_utils.codecs import attributes, decoded, ifinfmsg, ndmsg
from ansible_collections.tcpip.lab.plugins.module_utils.numbers import Numbers
from ansible_collections.tcpip.lab.plugins.module_utils.requests import home, named, request
from ansible_collections.tcpip.lab.plugins.module_utils.state import FdbEntry, Netem, Qdisc, Route
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg


class Known(Numbers):
    """Numbers that nobody need be asked for."""

    def index(self, netns: str, name: str) -> int:
        return sum(map(ord, netns + name))

    def descriptor(self, netns: str) -> int:
        return 100 + len(netns)


NUMBERS = Known(netlink.Sockets())
CREATE, EXCLUSIVE, REPLACE, APPEND = 0x400, 0x200, 0x100, 0x800
A = ord("a")


def _sent(step: ops.Operation) -> bytes:
    return request(step, NUMBERS)


def _head(data: bytes) -> tuple[int, int]:
    """Type and flags; the length that it says is its own."""
    length, type_, flags = struct.unpack_from("=IHH", data)
    assert length == len(data)
    return type_, flags


def _info(message: t.Any) -> tuple[str, t.Any]:
    info = message.get_attr("IFLA_LINKINFO")
    return info.get_attr("IFLA_INFO_KIND"), info.get_attr("IFLA_INFO_DATA")


def test_a_pair() -> None:
    data = _sent(ops.CreateVeth("", "a", 1400, "02:00:00:00:00:01", ("ns2", "b"), 9000, "02:00:00:00:00:02"))
    assert _head(data) == (netlink.NEWLINK, CREATE | EXCLUSIVE)
    message = decoded(ifinfmsg, data)
    assert [message.get_attr(name) for name in ("IFLA_IFNAME", "IFLA_MTU", "IFLA_ADDRESS")] == [
        "a",
        1400,
        "02:00:00:00:00:01",
    ]
    kind, info = _info(message)
    peer = info.get_attr("VETH_INFO_PEER")
    names = ("IFLA_IFNAME", "IFLA_MTU", "IFLA_ADDRESS", "IFLA_NET_NS_FD")
    assert kind == "veth"
    assert [peer.get_attr(name) for name in names] == ["b", 9000, "02:00:00:00:00:02", 103]


def test_a_pair_inside_one_namespace_names_none() -> None:
    message = decoded(ifinfmsg, _sent(ops.CreateVeth("ns1", "a", peer=("ns1", "b"))))
    peer = _info(message)[1].get_attr("VETH_INFO_PEER")
    assert [peer.get_attr(name) for name in ("IFLA_IFNAME", "IFLA_MTU", "IFLA_NET_NS_FD")] == ["b", None, None]
    assert message.get_attr("IFLA_MTU") is None


@pytest.mark.parametrize(
    ("settings", "attribute", "value"),
    [
        ({"id": 7}, "IFLA_VXLAN_ID", 7),
        ({"dstport": 8472}, "IFLA_VXLAN_PORT", 8472),
        ({"remote": "192.0.2.1"}, "IFLA_VXLAN_GROUP", "192.0.2.1"),
        ({"remote": "2001:db8::1"}, "IFLA_VXLAN_GROUP6", "2001:db8::1"),
        ({"group": "239.0.0.1"}, "IFLA_VXLAN_GROUP", "239.0.0.1"),
        ({"local": "192.0.2.9"}, "IFLA_VXLAN_LOCAL", "192.0.2.9"),
        ({"local": "2001:db8::9"}, "IFLA_VXLAN_LOCAL6", "2001:db8::9"),
        ({"learning": False}, "IFLA_VXLAN_LEARNING", 0),
        ({"ttl": 5}, "IFLA_VXLAN_TTL", 5),
        ({"dev": "a"}, "IFLA_VXLAN_LINK", sum(map(ord, "ns1a"))),
    ],
)
def test_settings_of_an_overlay_at_birth_and_later(settings: dict[str, t.Any], attribute: str, value: t.Any) -> None:
    born = ops.CreateOverlay("ns1", "x", kind="vxlan", base="ns1", settings=settings)
    changed = ops.SetLink("ns1", "x", after=settings, kind="vxlan", base="ns1")
    for step, how in ((born, CREATE | EXCLUSIVE), (changed, 0)):
        data = _sent(step)
        assert _head(data) == (netlink.NEWLINK, how)
        kind, info = _info(decoded(ifinfmsg, data))
        assert (kind, info.get_attr(attribute)) == ("vxlan", value)


@pytest.mark.parametrize(
    ("name", "was", "attribute", "value"),
    [
        ("remote", "192.0.2.1", "IFLA_VXLAN_GROUP", "0.0.0.0"),
        ("group", "ff05::1", "IFLA_VXLAN_GROUP6", "::"),
        ("local", "192.0.2.1", "IFLA_VXLAN_LOCAL", "0.0.0.0"),
        ("local", "2001:db8::1", "IFLA_VXLAN_LOCAL6", "::"),
    ],
)
def test_an_end_of_an_overlay_is_cleared_by_an_address_of_its_ip_version(
    name: str, was: str, attribute: str, value: str
) -> None:
    step = ops.SetLink("ns1", "x", before={name: was}, after={name: None}, kind="vxlan", base="ns1")
    _kind, info = _info(decoded(ifinfmsg, _sent(step)))
    assert info.get_attr(attribute) == value


def test_an_overlay_is_made_where_its_underlay_is() -> None:
    step = ops.CreateOverlay("ns1", "x", kind="vxlan", base="wire", settings={"id": 7, "dev": "a"})
    message = decoded(ifinfmsg, _sent(step))
    assert message.get_attr("IFLA_NET_NS_FD") == 103
    assert _info(message)[1].get_attr("IFLA_VXLAN_LINK") == sum(map(ord, "wirea"))
    assert (home(step), named(step)) == ("wire", ("a",))


def test_an_interface_is_changed_by_its_name() -> None:
    data = _sent(ops.SetLink("ns1", "a", after={"mac": "02:00:00:00:00:01", "mtu": 1400, "alias": "x", "up": True}))
    assert _head(data) == (netlink.NEWLINK, 0)
    message = decoded(ifinfmsg, data)
    names = ("IFLA_IFNAME", "IFLA_ADDRESS", "IFLA_MTU", "IFLA_IFALIAS")
    assert [message.get_attr(name) for name in names] == ["a", "02:00:00:00:00:01", 1400, "x"]
    assert (message["index"], message["flags"], message["change"]) == (0, 1, 1)
    down = decoded(ifinfmsg, _sent(ops.SetLink("ns1", "a", after={"up": False})))
    assert (down["flags"], down["change"]) == (0, 1)
    untouched = decoded(ifinfmsg, _sent(ops.SetLink("ns1", "a", after={"mtu": 1400})))
    assert (untouched["flags"], untouched["change"]) == (0, 0)


def test_removal_of_an_interface() -> None:
    data = _sent(ops.RemoveLink("ns1", "a"))
    assert _head(data) == (netlink.DELLINK, 0)
    assert decoded(ifinfmsg, data).get_attr("IFLA_IFNAME") == "a"


@pytest.mark.parametrize(("address", "family", "prefix"), [("192.0.2.1/24", 2, 24), ("2001:db8::1/64", 10, 64)])
def test_addresses(address: str, family: int, prefix: int) -> None:
    for step, head in (
        (ops.AddAddress("", "a", address), (netlink.NEWADDR, CREATE | REPLACE)),
        (ops.RemoveAddress("", "a", address), (netlink.DELADDR, 0)),
    ):
        data = _sent(step)
        assert _head(data) == head
        message = decoded(ifaddrmsg, data)
        assert (message["family"], message["prefixlen"], message["index"]) == (family, prefix, A)
        assert message.get_attr("IFA_LOCAL") == message.get_attr("IFA_ADDRESS") == address.partition("/")[0]
        assert named(step) == ("a",)


def test_an_address_with_a_peer() -> None:
    """The kernel compares the one at the other end, too."""
    step = ops.RemoveAddress("", "a", "192.0.2.1/32", "192.0.2.2")
    for each in (step, *step.undo()):
        message = decoded(ifaddrmsg, _sent(each))
        assert (message.get_attr("IFA_LOCAL"), message.get_attr("IFA_ADDRESS")) == ("192.0.2.1", "192.0.2.2")


@pytest.mark.parametrize(
    ("step", "type_", "flags"),
    [
        (ops.AddFdb, netlink.NEWNEIGH, CREATE | REPLACE),
        (ops.RemoveFdb, netlink.DELNEIGH, 0),
    ],
)
def test_fdb(step: type[t.Any], type_: int, flags: int) -> None:
    data = _sent(step("", "a", "", FdbEntry("02:00:00:00:00:01", "192.0.2.1", "a")))
    assert _head(data) == (type_, flags)
    message = decoded(ndmsg, data)
    assert (message["family"], message["ifindex"], message["flags"]) == (7, A, 2)
    assert [message.get_attr(f"NDA_{name}") for name in ("LLADDR", "DST", "IFINDEX")] == [
        "02:00:00:00:00:01",
        "192.0.2.1",
        A,
    ]


def test_frames_to_unknown_stations_go_to_each_entry() -> None:
    data = _sent(ops.AddFdb("", "a", "", FdbEntry("00:00:00:00:00:00", "2001:db8::1")))
    assert _head(data) == (netlink.NEWNEIGH, CREATE | APPEND)
    message = decoded(ndmsg, data)
    assert (message.get_attr("NDA_DST"), message.get_attr("NDA_IFINDEX")) == ("2001:db8::1", None)


@pytest.mark.parametrize(
    ("route", "fields", "attributes"),
    [
        (
            Route("", 4, "10.0.0.0/8", "192.0.2.1"),
            {"family": socket.AF_INET, "dst_len": 8, "type": 1, "scope": 0, "table": 254},
            {"DST": "10.0.0.0", "GATEWAY": "192.0.2.1", "TABLE": 254, "OIF": None, "PRIORITY": None},
        ),
        (Route("", 4, "default", None, "a"), {"dst_len": 0, "scope": 253}, {"DST": None, "OIF": A, "GATEWAY": None}),
        (
            Route("", 6, "default", "fe80::1", "a", 1024),
            {"family": socket.AF_INET6, "scope": 0},
            {"GATEWAY": "fe80::1", "OIF": A, "PRIORITY": 1024},
        ),
        (
            Route("", 4, "10.0.0.0/8", None, None, 5, 1000, "192.0.2.9", "blackhole"),
            {"type": 6, "table": 0},
            {"TABLE": 1000, "PRIORITY": 5, "PREFSRC": "192.0.2.9"},
        ),
    ],
)
def test_routes(route: Route, fields: dict[str, int], attributes: dict[str, t.Any]) -> None:
    for step, head in (
        (ops.AddRoute("", route), (netlink.NEWROUTE, CREATE | EXCLUSIVE)),
        (ops.ReplaceRoute("", route, route), (netlink.NEWROUTE, CREATE | REPLACE)),
    ):
        data = _sent(step)
        assert _head(data) == head
        message = decoded(rtmsg, data)
        assert {name: message[name] for name in fields} == fields
        assert {name: message.get_attr(f"RTA_{name}") for name in attributes} == attributes
        assert message["proto"] == 3
    removed = _sent(ops.RemoveRoute("", route))
    assert _head(removed) == (netlink.DELROUTE, 0)
    message = decoded(rtmsg, removed)
    assert (message["scope"], message["proto"]) == (255, 0), "whoever made it, and however"


SLOW = Netem(delay=20_000_000, jitter=5_000_000, loss=2**31, rate=1_250_000)


def _queue(data: bytes) -> tuple[tuple[int, int, int], dict[int, bytes]]:
    """Interface, handle and parent (struct tcmsg), and the attributes."""
    return struct.unpack_from("=iII", data, 20), attributes(data, 36)


def test_a_netem_takes_the_place_of_what_was_there() -> None:
    data = _sent(ops.SetQdisc("ns1", "a", Qdisc("netem", SLOW), Qdisc("tbf", handle=7)))
    assert _head(data) == (netlink.NEWQDISC, CREATE | REPLACE)
    place, found = _queue(data)
    assert place == (NUMBERS.index("ns1", "a"), 0, 0xFFFFFFFF)
    assert found[1] == b"netem\0"
    options = found[2]
    assert struct.unpack_from("=6I", options) == (0, 1000, 2**31, 0, 0, 0)  # struct tc_netem_qopt
    more = attributes(options, 24)  # by their numbers in linux/pkt_sched.h
    assert struct.unpack_from("=I", more[6]) == (1_250_000,)
    assert [struct.unpack("=q", more[number]) for number in (10, 11)] == [(20_000_000,), (5_000_000,)]


@pytest.mark.parametrize("netem", [Netem(), SLOW, Netem(rate=2**32 - 1), Netem(rate=2**32), Netem(loss=2**32 - 1)])
def test_a_netem_is_read_as_it_was_written(netem: Netem) -> None:
    data = _sent(ops.SetQdisc("ns1", "a", Qdisc("netem", netem, handle=0x80010000)))
    found = decode.qdisc(data)
    assert found
    index, qdisc = found
    assert (index, qdisc.kind, qdisc.netem, qdisc.handle) == (NUMBERS.index("ns1", "a"), "netem", netem, 0x80010000)
    assert _sent(ops.SetQdisc("ns1", "a", qdisc)) == data


def test_a_netem_that_does_more_is_told_from_one_that_does_not() -> None:
    more = [("TCA_NETEM_LATENCY64", 0), ("TCA_NETEM_JITTER64", 0), ("TCA_NETEM_RATE", (0, 0, 0, 0))]
    for name, value in (("CORR", (0, 1, 0)), ("REORDER", (1, 0)), ("CORRUPT", (1, 0)), ("ECN", 1)):
        options = encode.netem_options(1000, 0, [*more, (f"TCA_NETEM_{name}", value)])
        found = decode.qdisc(_sent(ops.SetQdisc("ns1", "a", Qdisc("netem", None, 1, options))))
        assert found, name
        assert found[1].netem == Netem(more=True), name


def test_a_queueing_discipline_of_the_kernel_or_inside_another_is_none_of_ours() -> None:
    attributes = [("TCA_KIND", "noqueue")]
    for fields in ({"handle": 0, "parent": 0xFFFFFFFF}, {"handle": 0x10000, "parent": 0x20001}):
        assert decode.qdisc(encode.qdisc_message(netlink.NEWQDISC, 0, attributes, ifindex=3, **fields)) is None


def test_a_queueing_discipline_goes_by_its_place() -> None:
    data = _sent(ops.RemoveQdisc("ns1", "a", Qdisc("netem", SLOW)))
    assert _head(data) == (netlink.DELQDISC, 0)
    assert _queue(data) == ((NUMBERS.index("ns1", "a"), 0, 0xFFFFFFFF), {})
