# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's messages as data: pyroute2 writes them here."""

from __future__ import annotations

import socket
import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import decode
from ansible_collections.tcpip.lab.plugins.module_utils.codecs import attributes, ifinfmsg
from ansible_collections.tcpip.lab.plugins.module_utils.state import Route
from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

UP = 1
KERNEL, BOOT = 2, 3
PERMANENT = 0x80
NAMES = {2: "eth0"}


def _message(codec: t.Any, attributes_: t.Iterable[tuple[str, t.Any]], **fields: int) -> bytes:
    message = codec()
    for name, value in fields.items():
        message[name] = value
    message["attrs"] = [list(each) for each in attributes_]
    message.encode()
    return bytes(message.data)


def _link(*more: tuple[str, t.Any], kind: str = "veth", data: t.Any = None, **fields: int) -> decode.RawLink:
    info = [("IFLA_INFO_KIND", kind), *([("IFLA_INFO_DATA", {"attrs": data})] if data else [])]
    given_ = [("IFLA_IFNAME", "eth0"), ("IFLA_MTU", 1450), ("IFLA_LINKINFO", {"attrs": info}), *more]
    return decode.link(_message(ifinfmsg, given_, index=2, **fields))


def test_an_interface() -> None:
    link = _link(
        ("IFLA_ADDRESS", "02:00:00:00:00:0a"),
        ("IFLA_LINK", 7),
        ("IFLA_LINK_NETNSID", 3),
        ("IFLA_MASTER", 9),
        ("IFLA_IFALIAS", "tcpip.lab:x"),
        flags=UP,
    )
    assert link == (2, "eth0", "veth", "02:00:00:00:00:0a", 1450, True, "tcpip.lab:x", {}, 7, 3, 9, "")


def test_an_interface_with_nothing_more() -> None:
    link = _link()
    assert (link.mac, link.up, link.alias, link.lower, link.space, link.master) == ("", False, "", 0, None, 0)


def test_a_namespace_out_of_sight_is_no_number() -> None:
    assert _link(("IFLA_LINK_NETNSID", -1)).space == -1


def test_hardware_is_of_no_kind() -> None:
    message = _message(ifinfmsg, [("IFLA_IFNAME", "eth0")], index=2)
    assert decode.link(message).kind == ""


def test_what_a_vxlan_stands_on_is_among_its_parameters() -> None:
    link = _link(kind="vxlan", data=[("IFLA_VXLAN_ID", 100), ("IFLA_VXLAN_LINK", 5), ("IFLA_VXLAN_GROUP", "239.1.1.1")])
    assert (link.lower, link.settings["id"], link.settings["group"], link.settings["remote"]) == (
        5,
        100,
        "239.1.1.1",
        None,
    )


@pytest.mark.parametrize(
    ("family", "attribute", "value", "prefix"),
    [
        (socket.AF_INET, "IFA_LOCAL", "192.0.2.1", 24),
        (socket.AF_INET6, "IFA_ADDRESS", "2001:db8::1", 64),
    ],
)
def test_an_address(family: int, attribute: str, value: str, prefix: int) -> None:
    message = _message(ifaddrmsg, [(attribute, value)], family=family, prefixlen=prefix, index=2)
    assert decode.address(message) == (2, (f"{value}/{prefix}", True, "")), "without a flag, it has an end"


def test_the_own_address_of_two_at_a_point_to_point_link() -> None:
    both = [("IFA_ADDRESS", "192.0.2.2"), ("IFA_LOCAL", "192.0.2.1")]
    message = _message(ifaddrmsg, both, family=socket.AF_INET, prefixlen=32, flags=PERMANENT, index=2)
    assert decode.address(message) == (2, ("192.0.2.1/32", False, "192.0.2.2"))


def _route(*attributes_: tuple[str, t.Any], **fields: int) -> Route | None:
    given_ = {"family": socket.AF_INET, "table": 254, "type": 1, "proto": BOOT, **fields}
    return decode.route("ns1", _message(rtmsg, attributes_, **given_), NAMES)


def test_a_route() -> None:
    found = _route(
        ("RTA_DST", "198.51.100.0"),
        ("RTA_GATEWAY", "192.0.2.254"),
        ("RTA_OIF", 2),
        ("RTA_PRIORITY", 50),
        ("RTA_PREFSRC", "192.0.2.1"),
        ("RTA_TABLE", 1000),
        dst_len=24,
    )
    assert found == Route("ns1", 4, "198.51.100.0/24", "192.0.2.254", "eth0", 50, 1000, "192.0.2.1")


def test_a_default_route_of_ipv6() -> None:
    found = _route(("RTA_GATEWAY", "2001:db8::1"), ("RTA_OIF", 2), family=socket.AF_INET6)
    assert found == Route("ns1", 6, "default", "2001:db8::1", "eth0")


def test_a_gateway_of_the_other_ip_version() -> None:
    found = _route(("RTA_VIA", {"family": socket.AF_INET6, "addr": "fe80::1"}), ("RTA_OIF", 2))
    assert found
    assert found.via == "fe80::1"


def test_an_unreachable_route_is_on_no_interface() -> None:
    found = _route(("RTA_DST", "2001:db8::"), ("RTA_OIF", 2), family=socket.AF_INET6, dst_len=32, type=7)
    assert found == Route("ns1", 6, "2001:db8::/32", type="unreachable")


def test_the_kernels_own_route_to_a_network() -> None:
    found = _route(("RTA_DST", "192.0.2.0"), ("RTA_OIF", 2), dst_len=24, proto=KERNEL)
    assert found
    assert found.connected


@pytest.mark.parametrize("fields", [{"table": 255}, {"type": 2}, {"family": 28}, {"flags": 0x200}], ids=str)
def test_what_people_do_not_make_is_left_out(fields: dict[str, int]) -> None:
    assert _route(("RTA_OIF", 2), **fields) is None


@given(st.binary(max_size=64))
def test_no_bytes_keep_the_reader_of_attributes_for_ever(data: bytes) -> None:
    assert sum(map(len, attributes(data).values())) <= len(data)
