# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to rtnetlink(7) as bytes, written by the attributes' names in the kernel's headers.

Here stand those attributes that the collection uses, with their numbers and types. pyroute2 knows all of them, and
takes ten times as long to write a message, which is a fifth of the time that it takes to make a large lab.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Mapping
from typing import Any, Callable

Attributes = Iterable[tuple[str, Any]]

#: struct nlmsghdr: length, type, flags, sequence, port.
HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")

# The fixed parts behind the header, with their fields.
_LINK = (struct.Struct("=BxHiII"), ("family", "type", "index", "flags", "change"))
_ADDRESS = (struct.Struct("=BBBBI"), ("family", "prefixlen", "flags", "scope", "index"))
_ROUTE = (
    struct.Struct("=BBBBBBBBI"),
    ("family", "dst_len", "src_len", "tos", "table", "proto", "scope", "type", "flags"),
)
_NEIGHBOUR = (struct.Struct("=BxxxiHBB"), ("family", "ifindex", "state", "flags", "type"))
_QUEUE = (struct.Struct("=BxxxiIII"), ("family", "ifindex", "handle", "parent", "info"))
_NAMESPACE = (struct.Struct("=Bxxx"), ("family",))
#: struct tc_netem_qopt: latency, limit, loss, gap, duplicate, jitter.
NETEM = struct.Struct("=6I")
_Form = tuple[struct.Struct, tuple[str, ...]]


def link_message(type_: int, how: int = 0, attributes: Attributes = (), **fields: int) -> bytes:
    """A request on an interface (struct ifinfomsg)."""
    return _message(_LINK, type_, how, attributes, fields)


def address_message(type_: int, how: int = 0, attributes: Attributes = (), **fields: int) -> bytes:
    """A request on an address (struct ifaddrmsg)."""
    return _message(_ADDRESS, type_, how, attributes, fields)


def route_message(type_: int, how: int = 0, attributes: Attributes = (), **fields: int) -> bytes:
    """A request on a route (struct rtmsg)."""
    return _message(_ROUTE, type_, how, attributes, fields)


def neighbour_message(type_: int, how: int = 0, attributes: Attributes = (), **fields: int) -> bytes:
    """A request on an entry of a forwarding database (struct ndmsg)."""
    return _message(_NEIGHBOUR, type_, how, attributes, fields)


def qdisc_message(type_: int, how: int = 0, attributes: Attributes = (), **fields: int) -> bytes:
    """A request on a queueing discipline (struct tcmsg)."""
    return _message(_QUEUE, type_, how, attributes, fields)


def netem_options(limit: int, loss: int, attributes: Attributes) -> bytes:
    """What a netem is to do; its times are given by attributes."""
    return NETEM.pack(0, limit, loss, 0, 0, 0) + _written(attributes)


def nsid_message(type_: int, attributes: Attributes) -> bytes:
    """A request on the numbers by which a namespace knows others (struct rtgenmsg)."""
    return _message(_NAMESPACE, type_, 0, attributes, {})


def _message(form: _Form, type_: int, how: int, attributes: Attributes, fields: Mapping[str, int]) -> bytes:
    fixed, names = form
    unknown = fields.keys() - set(names)
    if unknown:
        raise TypeError(f"there is no field {', '.join(sorted(unknown))}")
    body = fixed.pack(*(fields.get(name, 0) for name in names)) + _written(attributes)
    return HEADER.pack(HEADER.size + len(body), type_, how, 0, 0) + body


def _written(attributes: Attributes) -> bytes:
    return b"".join([_attribute(*_KNOWN[name], value) for name, value in attributes])


def _attribute(number: int, writer: Callable[[Any], bytes], value: Any) -> bytes:
    payload = writer(value)
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(payload), number) + payload + bytes(-len(payload) % 4)


def _text(value: str) -> bytes:
    return value.encode() + b"\0"


def _mac(value: str) -> bytes:
    return bytes.fromhex(value.replace(":", ""))


def _ip(value: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in value else socket.AF_INET, value)


def _nested(value: Mapping[str, Attributes]) -> bytes:
    return _written(value["attrs"])


def _peer(value: Mapping[str, Any]) -> bytes:
    return _LINK[0].pack(0, 0, value["index"], 0, 0) + _nested(value)


def _vlan(value: Mapping[str, int]) -> bytes:
    """Struct bridge_vlan_info."""
    return struct.pack("=HH", value["flags"], value["vid"])


def _packed(form: str) -> Callable[[Any], bytes]:
    """A writer of a struct of several numbers."""
    packed = struct.Struct(form).pack
    return lambda values: packed(*values)


_BYTE, _SHORT, _PORT, _INT, _SIGNED = (struct.Struct(form).pack for form in ("=B", "=H", ">H", "=I", "=i"))
_LONG, _SIGNED_LONG = (struct.Struct(form).pack for form in ("=Q", "=q"))

_KNOWN: dict[str, tuple[int, Callable[[Any], bytes]]] = {
    # linux/if_link.h
    "IFLA_ADDRESS": (1, _mac),
    "IFLA_IFNAME": (3, _text),
    "IFLA_MTU": (4, _INT),
    "IFLA_LINK": (5, _INT),
    "IFLA_MASTER": (10, _INT),
    "IFLA_LINKINFO": (18, _nested),
    "IFLA_IFALIAS": (20, str.encode),
    "IFLA_AF_SPEC": (26, _nested),
    "IFLA_NET_NS_FD": (28, _INT),
    "IFLA_EXT_MASK": (29, _INT),
    "IFLA_INFO_KIND": (1, _text),
    "IFLA_INFO_DATA": (2, _nested),
    "IFLA_MACVLAN_MODE": (1, _INT),
    "IFLA_VXLAN_ID": (1, _INT),
    "IFLA_VXLAN_GROUP": (2, _ip),
    "IFLA_VXLAN_LINK": (3, _INT),
    "IFLA_VXLAN_LOCAL": (4, _ip),
    "IFLA_VXLAN_TTL": (5, _BYTE),
    "IFLA_VXLAN_LEARNING": (7, _BYTE),
    "IFLA_VXLAN_PORT": (15, _PORT),
    "IFLA_VXLAN_GROUP6": (16, _ip),
    "IFLA_VXLAN_LOCAL6": (17, _ip),
    "IFLA_BR_FORWARD_DELAY": (1, _INT),
    "IFLA_BR_AGEING_TIME": (4, _INT),
    "IFLA_BR_STP_STATE": (5, _INT),
    "IFLA_BR_VLAN_FILTERING": (7, _BYTE),
    "IFLA_BR_TOPOLOGY_CHANGE": (14, _BYTE),
    "IFLA_BR_MCAST_SNOOPING": (23, _BYTE),
    "IFLA_BR_VLAN_DEFAULT_PVID": (39, _SHORT),
    # linux/veth.h
    "VETH_INFO_PEER": (1, _peer),
    # linux/if_bridge.h
    "IFLA_BRIDGE_FLAGS": (0, _SHORT),
    "IFLA_BRIDGE_VLAN_INFO": (2, _vlan),
    # linux/if_addr.h
    "IFA_ADDRESS": (1, _ip),
    "IFA_LOCAL": (2, _ip),
    # linux/rtnetlink.h
    "RTA_DST": (1, _ip),
    "RTA_OIF": (4, _INT),
    "RTA_GATEWAY": (5, _ip),
    "RTA_PRIORITY": (6, _INT),
    "RTA_PREFSRC": (7, _ip),
    "RTA_TABLE": (15, _INT),
    # linux/neighbour.h
    "NDA_DST": (1, _ip),
    "NDA_LLADDR": (2, _mac),
    "NDA_IFINDEX": (8, _INT),
    # linux/rtnetlink.h: of queueing disciplines
    "TCA_KIND": (1, _text),
    "TCA_OPTIONS": (2, bytes),
    # linux/pkt_sched.h
    "TCA_NETEM_CORR": (1, _packed("=3I")),
    "TCA_NETEM_REORDER": (3, _packed("=2I")),
    "TCA_NETEM_CORRUPT": (4, _packed("=2I")),
    "TCA_NETEM_RATE": (6, _packed("=IiIi")),
    "TCA_NETEM_ECN": (7, _INT),
    "TCA_NETEM_RATE64": (8, _LONG),
    "TCA_NETEM_LATENCY64": (10, _SIGNED_LONG),
    "TCA_NETEM_JITTER64": (11, _SIGNED_LONG),
    "TCA_NETEM_SLOT": (12, _packed("=qqiiqq")),
    # linux/net_namespace.h
    "NETNSA_NSID": (1, _SIGNED),
    "NETNSA_FD": (3, _INT),
    "NETNSA_TARGET_NSID": (4, _SIGNED),
}


def number(attribute: str) -> int:
    """The number of an attribute among those that stand beside it."""
    return _KNOWN[attribute][0]
