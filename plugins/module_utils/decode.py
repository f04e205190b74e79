# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's messages on links, addresses and routes as plain data (rtnetlink(7)).

What every message has is read straight from its bytes. pyroute2's codecs make an object of each of the sixty attributes
of an interface, which takes ten times as long, and a lab has thousands; to import them takes as long as to look at a
hundred namespaces. They decode what few interfaces have: the parameters of their kind, but for those of bridges, which
are in most labs; VLANs, forwarding databases.
"""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from . import codecs
from .codecs import attributes, decoded, signed
from .encode import NETEM, number
from .requests import (
    FAMILIES,
    IFF_UP,
    NETEM_LIMIT,
    NUD_PERMANENT,
    PVID,
    ROOT_QDISC,
    ROUTE_TYPES,
    TICKS,
    UNTAGGED,
)
from .state import Netem, Qdisc, Route, Vlan
from .values import LOCAL_TABLE

# linux/rtnetlink.h
_CLONED = 0x200
_TENTATIVE, _DADFAILED, _PERMANENT = 0x40, 0x08, 0x80  # linux/if_addr.h
_UNICAST = ROUTE_TYPES["unicast"]
_ROUTE_TYPES = {number: name for name, number in ROUTE_TYPES.items()}
_FAMILIES = {number: version for version, number in FAMILIES.items()}

# The fixed parts behind the header: struct ifinfomsg, ifaddrmsg, rtmsg and tcmsg.
_LINK = struct.Struct("=16xBxHiII")
_ADDRESS = struct.Struct("=16xBBBBI")
_ROUTE = struct.Struct("=16xBBBBBBBBI")
_QUEUE = struct.Struct("=20xiII4x")
_TABLE_AT = 20
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_LINK = map(
    number, ("IFLA_ADDRESS", "IFLA_IFNAME", "IFLA_MTU", "IFLA_LINK")
)
_IFLA_MASTER, _IFLA_LINKINFO, _IFLA_IFALIAS = map(number, ("IFLA_MASTER", "IFLA_LINKINFO", "IFLA_IFALIAS"))
_INFO_KIND, _INFO_DATA = map(number, ("IFLA_INFO_KIND", "IFLA_INFO_DATA"))
_BR_AGEING_TIME, _BR_STP_STATE = map(number, ("IFLA_BR_AGEING_TIME", "IFLA_BR_STP_STATE"))
_BR_FORWARD_DELAY, _BR_TOPOLOGY_CHANGE = map(number, ("IFLA_BR_FORWARD_DELAY", "IFLA_BR_TOPOLOGY_CHANGE"))
_BR_VLAN_FILTERING, _BR_VLAN_DEFAULT_PVID = map(number, ("IFLA_BR_VLAN_FILTERING", "IFLA_BR_VLAN_DEFAULT_PVID"))
_BR_MCAST_SNOOPING = number("IFLA_BR_MCAST_SNOOPING")
_IFA_ADDRESS, _IFA_LOCAL = map(number, ("IFA_ADDRESS", "IFA_LOCAL"))
_RTA_DST, _RTA_OIF, _RTA_GATEWAY = map(number, ("RTA_DST", "RTA_OIF", "RTA_GATEWAY"))
_RTA_PRIORITY, _RTA_PREFSRC, _RTA_TABLE = map(number, ("RTA_PRIORITY", "RTA_PREFSRC", "RTA_TABLE"))
#: What is only read: linux/if_link.h, linux/rtnetlink.h.
_IFLA_LINK_NETNSID, _IFLA_QDISC, _RTA_VIA = 37, 6, 18
_TCA_KIND, _TCA_OPTIONS = map(number, ("TCA_KIND", "TCA_OPTIONS"))
_NETEM_RATE, _NETEM_RATE64 = map(number, ("TCA_NETEM_RATE", "TCA_NETEM_RATE64"))
_NETEM_LATENCY64, _NETEM_JITTER64 = map(number, ("TCA_NETEM_LATENCY64", "TCA_NETEM_JITTER64"))
#: What else a netem can do.
_NETEM_LOSS = 5
_NETEM_MORE = (_NETEM_LOSS, *(number(f"TCA_NETEM_{word}") for word in ("CORR", "REORDER", "CORRUPT", "ECN", "SLOT")))


class RawLink(NamedTuple):
    """An interface, with others named by the numbers that the kernel gives.

    C(lower): its peer or the device it stands on. C(space): the number by which its namespace knows that one's, None if
    it is the same. C(master): the bridge. 0 where there is none. C(qdisc): the kind of its queueing discipline.
    """

    number: int
    name: str
    kind: str
    mac: str
    mtu: int
    up: bool
    alias: str
    settings: Mapping[str, Any]
    lower: int
    space: int | None
    master: int
    qdisc: str


class RawAddress(NamedTuple):
    """An address with its prefix. C(leased): it is one of IPv4 that has an end.

    C(peer) is the address at the other end, where a point-to-point link has been made of this one (ip-address(8)).
    """

    text: str
    leased: bool
    peer: str = ""


class RawFdbEntry(NamedTuple):
    """An entry of a VXLAN, C(via) being a number in the namespace that it stands in."""

    mac: str
    dst: str
    via: int


def link(data: bytes) -> RawLink:
    """An interface."""
    _family, _type, index, flags, _change = _LINK.unpack_from(data)
    found = attributes(data, _LINK.size)
    info = attributes(found.get(_IFLA_LINKINFO, b""))
    kind = _text(info.get(_INFO_KIND))
    parameters = _parameters(kind, data, info)
    return RawLink(
        number=index,
        name=_text(found.get(_IFLA_IFNAME)),
        kind=kind,
        mac=found.get(_IFLA_ADDRESS, b"").hex(":"),
        mtu=_number(found.get(_IFLA_MTU)),
        up=bool(flags & IFF_UP),
        alias=_text(found.get(_IFLA_IFALIAS)),
        settings=_SETTINGS[kind](parameters) if parameters else {},
        lower=_lower(kind, parameters, found),
        space=signed(found[_IFLA_LINK_NETNSID]) if _IFLA_LINK_NETNSID in found else None,
        master=_number(found.get(_IFLA_MASTER)),
        qdisc=_text(found.get(_IFLA_QDISC)),
    )


def _lower(kind: str, parameters: Any, found: Mapping[int, bytes]) -> int:
    if parameters and kind == "vxlan":
        return int(parameters.get_attr("IFLA_VXLAN_LINK") or 0)
    return _number(found.get(_IFLA_LINK))


def _parameters(kind: str, data: bytes, info: Mapping[int, bytes]) -> Any:
    if kind not in _SETTINGS:
        return None
    if kind == "bridge":
        return attributes(info.get(_INFO_DATA, b""))
    return decoded(codecs.ifinfmsg, data).get_attr("IFLA_LINKINFO").get_attr("IFLA_INFO_DATA")


def address(data: bytes) -> tuple[int, RawAddress] | None:
    """The number of an interface and an address of it with its prefix; None if it is neither IPv4 nor IPv6."""
    family, prefix, flags, _scope, index = _ADDRESS.unpack_from(data)
    found = attributes(data, _ADDRESS.size)
    far = found.get(_IFA_ADDRESS)
    value = found.get(_IFA_LOCAL) or far
    if value is None or family not in _FAMILIES:
        return None
    leased = not flags & _PERMANENT
    peer = socket.inet_ntop(family, far) if far and far != value else ""
    return index, RawAddress(f"{socket.inet_ntop(family, value)}/{prefix}", leased, peer)


def settling(data: bytes) -> str | None:
    """The address, if it is no source yet: whether it is a duplicate is still found out (RFC 4862, section 5.4)."""
    family, _prefix, flags, _scope, _index = _ADDRESS.unpack_from(data)
    value = attributes(data, _ADDRESS.size).get(_IFA_ADDRESS)
    if value is None or family != socket.AF_INET6 or not flags & _TENTATIVE or flags & _DADFAILED:
        return None
    return socket.inet_ntop(family, value)


def fdb(data: bytes) -> tuple[int, RawFdbEntry] | None:
    """The number of a VXLAN and an entry of it that does not age; None for any other entry."""
    message = decoded(codecs.ndmsg, data)
    dst = message.get_attr("NDA_DST")
    if not dst or not message["state"] & NUD_PERMANENT:
        return None
    return message["ifindex"], RawFdbEntry(message.get_attr("NDA_LLADDR"), dst, message.get_attr("NDA_IFINDEX") or 0)


def vlans(data: bytes) -> Iterator[tuple[int, Vlan]]:
    """The VLANs of a port, or of a bridge, each with its number."""
    message = decoded(codecs.ifinfmsg, data)
    spec = message.get_attr("IFLA_AF_SPEC")
    for entry in spec.get_attrs("IFLA_BRIDGE_VLAN_INFO") if spec else ():
        flags = entry["flags"]
        yield message["index"], Vlan(entry["vid"], bool(flags & PVID), bool(flags & UNTAGGED))


def qdisc(data: bytes) -> tuple[int, Qdisc] | None:
    """The number of an interface and its queueing discipline; None for one inside another, or the kernel's own."""
    index, handle, parent = _QUEUE.unpack_from(data)
    if parent != ROOT_QDISC or not handle:
        return None
    found = attributes(data, _QUEUE.size)
    kind, options = _text(found.get(_TCA_KIND)), found.get(_TCA_OPTIONS, b"")
    return index, Qdisc(kind, _netem(options) if kind == "netem" else None, handle, options)


def _netem(options: bytes) -> Netem:
    _latency, limit, loss, gap, duplicate, _jitter = NETEM.unpack_from(options)
    found = attributes(options, NETEM.size)
    rate = found[_NETEM_RATE]
    more = limit != NETEM_LIMIT or gap or duplicate or any(rate[4:])
    return Netem(
        delay=signed(found[_NETEM_LATENCY64]),
        jitter=signed(found[_NETEM_JITTER64]),
        loss=loss,
        rate=_number(found.get(_NETEM_RATE64) or rate[:4]),
        more=bool(more or any(any(found.get(each, b"")) for each in _NETEM_MORE)),
    )


def route(netns: str, data: bytes, names: Mapping[int, str]) -> Route | None:
    """A route of C(netns), whose interfaces have these names; None if it is not one that people make."""
    if data[_TABLE_AT] == LOCAL_TABLE:  # most are
        return None
    family, length, _source, _tos, short, protocol, _scope, type_, flags = _ROUTE.unpack_from(data)
    if family not in _FAMILIES or type_ not in _ROUTE_TYPES or flags & _CLONED:
        return None
    found = attributes(data, _ROUTE.size)
    return Route(
        netns=netns,
        family=_FAMILIES[family],
        dst=f"{socket.inet_ntop(family, found[_RTA_DST])}/{length}" if length else "default",
        via=_gateway(family, found),
        # IPv6 shows unreachable routes on lo, where nobody put them
        dev=names.get(_number(found.get(_RTA_OIF))) if type_ == _UNICAST else None,
        metric=_number(found.get(_RTA_PRIORITY)),
        table=_number(found[_RTA_TABLE]) if _RTA_TABLE in found else short,
        source=socket.inet_ntop(family, found[_RTA_PREFSRC]) if _RTA_PREFSRC in found else None,
        type=_ROUTE_TYPES[type_],
        protocol=protocol,
    )


def _gateway(family: int, found: Mapping[int, bytes]) -> str | None:
    if _RTA_VIA in found:  # of the other IP version, which stands before it (struct rtvia)
        via = found[_RTA_VIA]
        return socket.inet_ntop(struct.unpack_from("=H", via)[0], via[2:])
    return socket.inet_ntop(family, found[_RTA_GATEWAY]) if _RTA_GATEWAY in found else None


def _vxlan(data: Any) -> dict[str, Any]:
    remote = data.get_attr("IFLA_VXLAN_GROUP") or data.get_attr("IFLA_VXLAN_GROUP6")
    group = bool(remote) and _is_multicast(remote)
    return {
        "id": data.get_attr("IFLA_VXLAN_ID"),
        "remote": None if group else remote,
        "group": remote if group else None,
        "local": data.get_attr("IFLA_VXLAN_LOCAL") or data.get_attr("IFLA_VXLAN_LOCAL6"),
        "dstport": data.get_attr("IFLA_VXLAN_PORT"),
        "dev": None,
        "learning": bool(data.get_attr("IFLA_VXLAN_LEARNING")),
        "ttl": data.get_attr("IFLA_VXLAN_TTL") or 0,
    }


def _bridge(data: Mapping[int, bytes]) -> dict[str, Any]:
    pvid = data.get(_BR_VLAN_DEFAULT_PVID)
    return {
        "vlan_filtering": bool(_number(data.get(_BR_VLAN_FILTERING))),
        "default_pvid": None if pvid is None else _number(pvid),  # a kernel without VLAN filtering has none
        "stp": bool(_number(data.get(_BR_STP_STATE))),
        "ageing_time": _ageing_time(data),
        "multicast_snooping": bool(_number(data.get(_BR_MCAST_SNOOPING))),
    }


def _ageing_time(data: Mapping[int, bytes]) -> float | None:
    """In seconds; None where the kernel only tells what it makes of it for as long as the spanning tree changes: twice
    the forward delay (IEEE 802.1D, section 7.9.2).
    """
    ticks = _number(data.get(_BR_AGEING_TIME))
    is_short = _number(data.get(_BR_TOPOLOGY_CHANGE)) and ticks == 2 * _number(data.get(_BR_FORWARD_DELAY))
    return None if is_short else _seconds(ticks)


def _seconds(ticks: int) -> float:
    """A whole number where it is one, as people give it."""
    return ticks / TICKS if ticks % TICKS else ticks // TICKS


def _macvlan(data: Any) -> dict[str, Any]:
    return {"parent": None, "mode": data.get_attr("IFLA_MACVLAN_MODE")}


_SETTINGS: dict[str, Callable[[Any], dict[str, Any]]] = {"vxlan": _vxlan, "bridge": _bridge, "macvlan": _macvlan}


def _is_multicast(address: str) -> bool:
    return address.lower().startswith("ff") if ":" in address else 224 <= int(address.split(".", 1)[0]) < 240


def _text(value: bytes | None) -> str:
    return value.rstrip(b"\0").decode(errors="replace") if value else ""


def _number(value: bytes | None) -> int:
    return int.from_bytes(value or b"", sys.byteorder)
