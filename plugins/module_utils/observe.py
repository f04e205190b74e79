# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel to state: a few dumps a namespace, whatever number of objects is in it."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from . import iptables, namespaces, netlink, records
from . import state as states
from .features import Feature
from .netlink import CREATE, Socket, Sockets
from .requests import TICKS
from .scope import Scope, Topic
from .settings import read_settings
from .state import LOWER, ROOT, FdbEntry, Link, LinkName, Namespace, Route, State, Vlan

_IFF_UP = 1
_AF_BRIDGE = 7
_NUD_PERMANENT = 0x80
# linux/if_bridge.h and linux/rtnetlink.h
_WITH_VLANS, _PVID, _UNTAGGED = 2, 2, 4
_LOCAL_TABLE = 255
_CLONED = 0x200
_KERNEL = 2
_ROUTE_TYPES = {1: "unicast", 6: "blackhole", 7: "unreachable", 8: "prohibit", 9: "throw"}
_FAMILIES = {socket.AF_INET: 4, socket.AF_INET6: 6}
#: Offsets in struct rtmsg behind the header: what is not wanted is not decoded.
_FAMILY_AT, _TABLE_AT, _TYPE_AT, _FLAGS_AT = 16, 20, 23, 24


def read(scope: Scope, sockets: Sockets) -> State:
    """The present state of the namespaces in scope; those that do not exist are left out."""
    found = [_Reading(name, sockets) for name in sorted(scope.namespaces) if namespaces.exists(name)]
    state = State({each.name: each.namespace(scope) for each in found}, lacking=_lacking(scope), lab=scope.lab)
    _resolve(state, found, sockets)
    for name, wanted in scope.names(Topic.SETTING).items():
        if name in state.namespaces:
            state.namespaces[name].sysctls = read_settings(name, wanted)
    for name in scope.names(Topic.NAT):
        if name in state.namespaces:
            state.namespaces[name].nat = iptables.read(name)
    state.processes = records.observe(scope.lab, scope.names(Topic.PROCESS))
    commands = {name for wanted in scope.names(Topic.COMMAND).values() for name in wanted}
    state.commands = frozenset(name for name in commands if records.which(name))
    state.texts = _texts(path for wanted in scope.names(Topic.TEXT).values() for path in wanted)
    return state


def _texts(paths: Iterable[str]) -> dict[str, str]:
    found = {}
    for path in paths:
        with suppress(OSError, UnicodeDecodeError):
            found[path] = Path(path).read_text(encoding="utf-8")
    return found


def owner(netns: str, sockets: Sockets) -> str | None:
    """The lab that made a namespace, by the mark on its loopback."""
    answer = sockets.get(netns).execute([netlink.link_message(netlink.GETLINK, index=netlink.LOOPBACK)])[0]
    links = [netlink.decode_link(message) for message in answer.messages]
    return states.owner(links[0].get_attr("IFLA_IFALIAS") or "") if links else None


def _lacking(scope: Scope) -> frozenset[Feature]:
    return frozenset(feature for feature in scope.features if not _TRIALS[feature]())


@cache
def _has_vlan_filtering() -> bool:
    """Whether a bridge can be made that filters, by making one where it is in nobody's way."""
    with namespaces.anonymous():
        trial = Socket()
    data = {"attrs": [("IFLA_BR_VLAN_FILTERING", 1)]}
    info = {"attrs": [("IFLA_INFO_KIND", "bridge"), ("IFLA_INFO_DATA", data)]}
    message = netlink.link_message(netlink.NEWLINK, CREATE, [("IFLA_IFNAME", "trial"), ("IFLA_LINKINFO", info)])
    try:
        refusal = trial.execute([message])[0].refusal
    finally:
        trial.close()
    return refusal is None or refusal.number != errno.EOPNOTSUPP


_TRIALS: dict[Feature, Callable[[], bool]] = {Feature.VLAN_FILTERING: _has_vlan_filtering}


@dataclass(frozen=True)
class _Reference:
    """The numbers in an interface that refer to others: its peer or lower device, that one's namespace, its bridge."""

    index: int
    netns: int | None
    master: int


class _FdbEntry(NamedTuple):
    """An entry of a VXLAN, C(via) being a number in the namespace that it stands in."""

    mac: str
    dst: str
    via: int


class _Reading:
    """The dumps of one namespace, and the numbers in them that refer to other namespaces."""

    def __init__(self, name: str, sockets: Sockets) -> None:
        self.name = name
        self._sockets = sockets
        self.references: dict[str, _Reference] = {}
        self.links: dict[str, Link] = {}
        self.fdb: dict[int, list[_FdbEntry]] = {}
        for data in self._dump(netlink.link_message(netlink.GETLINK)):
            link, reference = _link(name, netlink.decode_link(data))
            self.links[link.name] = link
            self.references[link.name] = reference
        self.names = {link.index: link.name for link in self.links.values()}

    def namespace(self, scope: Scope) -> Namespace:
        """What was read, without what lies in other namespaces."""
        addresses = self._addresses()
        tunnels = any(link.kind == "vxlan" for link in self.links.values())
        self.fdb = self._fdb() if tunnels and scope.wants(Topic.FDB, self.name) else {}
        bridges = any(link.settings.get("default_pvid") is not None for link in self.links.values())
        vlans = self._vlans() if bridges else {}
        links = {
            name: replace(
                link,
                addresses=tuple(addresses.get(link.index, ())),
                vlans=frozenset(vlans.get(link.index, ())),
                master=self.names.get(self.references[name].master),
            )
            for name, link in self.links.items()
        }
        mark = states.owner(links["lo"].alias) if "lo" in links and self.name != ROOT else None
        return Namespace(self.name, mark, links, list(self._routes()))

    def _dump(self, message: bytes) -> list[bytes]:
        return self._sockets.get(self.name).dump(message)

    def _addresses(self) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        for data in self._dump(netlink.address_message(netlink.GETADDR)):
            message = netlink.decode_address(data)
            address = message.get_attr("IFA_LOCAL") or message.get_attr("IFA_ADDRESS")
            if address:
                found.setdefault(message["index"], []).append(f"{address}/{message['prefixlen']}")
        return found

    def _fdb(self) -> dict[int, list[_FdbEntry]]:
        found: dict[int, list[_FdbEntry]] = {}
        for data in self._dump(netlink.neighbour_message(netlink.GETNEIGH, family=_AF_BRIDGE)):
            message = netlink.decode_neighbour(data)
            dst = message.get_attr("NDA_DST")
            if dst and message["state"] & _NUD_PERMANENT:
                entry = _FdbEntry(message.get_attr("NDA_LLADDR"), dst, message.get_attr("NDA_IFINDEX") or 0)
                found.setdefault(message["ifindex"], []).append(entry)
        return found

    def _vlans(self) -> dict[int, list[Vlan]]:
        found: dict[int, list[Vlan]] = {}
        ask = netlink.link_message(netlink.GETLINK, family=_AF_BRIDGE, attributes=[("IFLA_EXT_MASK", _WITH_VLANS)])
        for data in self._dump(ask):
            message = netlink.decode_link(data)
            spec = message.get_attr("IFLA_AF_SPEC")
            for entry in spec.get_attrs("IFLA_BRIDGE_VLAN_INFO") if spec else ():
                flags = entry["flags"]
                vlan = Vlan(entry["vid"], bool(flags & _PVID), bool(flags & _UNTAGGED))
                found.setdefault(message["index"], []).append(vlan)
        return found

    def _routes(self) -> Iterator[Route]:
        # pyroute2's message asks for IPv4 alone unless told otherwise
        for data in self._dump(netlink.route_message(netlink.GETROUTE, family=socket.AF_UNSPEC)):
            if _is_wanted(data):
                yield _route(self.name, netlink.decode_route(data), self.names)


def _is_wanted(route: bytes) -> bool:
    """Whether a route is one that people make, judged without decoding it."""
    cached = int.from_bytes(route[_FLAGS_AT : _FLAGS_AT + 4], sys.byteorder) & _CLONED
    known = route[_FAMILY_AT] in _FAMILIES and route[_TYPE_AT] in _ROUTE_TYPES
    return known and route[_TABLE_AT] != _LOCAL_TABLE and not cached


def _link(netns: str, message: Any) -> tuple[Link, _Reference]:
    """An interface, and the numbers by which it refers to others."""
    info = message.get_attr("IFLA_LINKINFO")
    kind = (info.get_attr("IFLA_INFO_KIND") if info else None) or ""
    data = info.get_attr("IFLA_INFO_DATA") if kind in _SETTINGS else None
    link = Link(
        netns=netns,
        name=message.get_attr("IFLA_IFNAME"),
        index=message["index"],
        kind=kind,
        mac=message.get_attr("IFLA_ADDRESS") or "",
        mtu=message.get_attr("IFLA_MTU") or 0,
        up=bool(message["flags"] & _IFF_UP),
        alias=message.get_attr("IFLA_IFALIAS") or "",
        settings=_SETTINGS[kind](data) if data else {},
        base=netns if kind == "bridge" else None,
    )
    other = data.get_attr("IFLA_VXLAN_LINK") if data and kind == "vxlan" else message.get_attr("IFLA_LINK")
    number = message.get_attr("IFLA_LINK_NETNSID")
    return link, _Reference(other or 0, number, message.get_attr("IFLA_MASTER") or 0)


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


def _bridge(data: Any) -> dict[str, Any]:
    return {
        "vlan_filtering": bool(data.get_attr("IFLA_BR_VLAN_FILTERING")),
        "default_pvid": data.get_attr("IFLA_BR_VLAN_DEFAULT_PVID"),  # a kernel without VLAN filtering has none
        "stp": bool(data.get_attr("IFLA_BR_STP_STATE")),
        "ageing_time": _seconds(data.get_attr("IFLA_BR_AGEING_TIME") or 0),
        "multicast_snooping": bool(data.get_attr("IFLA_BR_MCAST_SNOOPING")),
    }


def _seconds(ticks: int) -> float:
    """A whole number where it is one, as people give it."""
    return ticks / TICKS if ticks % TICKS else ticks // TICKS


def _macvlan(data: Any) -> dict[str, Any]:
    return {"parent": None, "mode": data.get_attr("IFLA_MACVLAN_MODE")}


_SETTINGS: dict[str, Callable[[Any], dict[str, Any]]] = {"vxlan": _vxlan, "bridge": _bridge, "macvlan": _macvlan}


def _is_multicast(address: str) -> bool:
    return address.lower().startswith("ff") if ":" in address else 224 <= int(address.split(".", 1)[0]) < 240


def _route(netns: str, message: Any, names: dict[int, str]) -> Route:
    family = _FAMILIES[message["family"]]
    dst = message.get_attr("RTA_DST")
    table = message.get_attr("RTA_TABLE")
    return Route(
        netns=netns,
        family=family,
        dst=f"{dst}/{message['dst_len']}" if message["dst_len"] else "default",
        via=_gateway(message),
        dev=_device(message, names),
        metric=message.get_attr("RTA_PRIORITY") or 0,
        table=message["table"] if table is None else table,
        source=message.get_attr("RTA_PREFSRC"),
        type=_ROUTE_TYPES[message["type"]],
        connected=message["proto"] == _KERNEL,
    )


def _gateway(message: Any) -> str | None:
    via = message.get_attr("RTA_VIA")
    gateway: str | None = via["addr"] if via else message.get_attr("RTA_GATEWAY")
    return gateway


def _device(message: Any, names: dict[int, str]) -> str | None:
    if message["type"] != 1:
        return None  # IPv6 shows unreachable routes on lo, where nobody put them
    return names.get(message.get_attr("RTA_OIF") or 0)


def _resolve(state: State, readings: list[_Reading], sockets: Sockets) -> None:
    """Find the peers of veths and the underlays of VXLANs: an index alone says nothing without its namespace."""
    resolver = _Resolver(readings, sockets)
    for reading in readings:
        links = state.namespaces[reading.name].links
        for name, link in links.items():
            reference = reading.references[name]
            if link.kind == "veth" and reference.index:
                links[name] = replace(link, peer=resolver.peer(reading, link.index, reference))
            elif link.kind in LOWER and link.settings:
                links[name] = resolver.stand(reading, link, reference)


class _Resolver:
    """Knows which namespace is meant by which number in which namespace."""

    def __init__(self, readings: list[_Reading], sockets: Sockets) -> None:
        self._readings = {each.name: each for each in readings}
        self._sockets = sockets
        self._numbers: dict[tuple[str, str], int] = {}
        self._by_reference: dict[tuple[int, int], list[LinkName]] = {}
        for reading in readings:
            for link in reading.links.values():
                key = (link.index, reading.references[link.name].index)
                self._by_reference.setdefault(key, []).append(link.key)

    def peer(self, reading: _Reading, index: int, reference: _Reference) -> LinkName | None:
        """The interface with that index, which refers back to ours, in the namespace of that number."""
        for netns, name in self._by_reference.get((reference.index, index), ()):
            if self._is(reading.name, netns, reference.netns):
                return netns, name
        return None

    def stand(self, reading: _Reading, link: Link, reference: _Reference) -> Link:
        """The interface with the namespace that it stands in, and the name of the one it stands on."""
        candidates = [reading.name] if reference.netns is None else [ROOT, *self._readings]
        base = next((name for name in candidates if self._is(reading.name, name, reference.netns)), None)
        names = self._readings[base].names if base in self._readings else {}
        fdb = frozenset(FdbEntry(mac, dst, names.get(via, "")) for mac, dst, via in reading.fdb.get(link.index, ()))
        settings = {**link.settings, LOWER[link.kind]: names.get(reference.index)}
        return replace(link, base=base, settings=settings, fdb=fdb)

    def _is(self, netns: str, other: str, number: int | None) -> bool:
        if number is None:
            return netns == other
        if (netns, other) not in self._numbers:
            self._numbers[netns, other] = self._ask(netns, other)
        return self._numbers[netns, other] == number

    def _ask(self, netns: str, other: str) -> int:
        descriptor = self._sockets.get(other).namespace
        answer = self._sockets.get(netns).execute([netlink.nsid_message(descriptor)])[0]
        found = [netlink.decode_nsid(message).get_attr("NETNSA_NSID") for message in answer.messages]
        return _signed(found[0]) if found else -1


def _signed(number: int) -> int:
    return number - (1 << 32) if number >= 1 << 31 else number
