# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations as rtnetlink requests (rtnetlink(7)): one request each."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from functools import singledispatch
from typing import Any, Callable

from . import encode, netlink
from .netlink import APPEND, CREATE, EXCLUSIVE, REPLACE
from .numbers import Numbers
from .operations import (
    AddAddress,
    AddFdb,
    AddRoute,
    AddVlan,
    CreateDevice,
    CreateVeth,
    Operation,
    RemoveAddress,
    RemoveFdb,
    RemoveLink,
    RemoveQdisc,
    RemoveRoute,
    RemoveVlan,
    ReplaceRoute,
    SetLink,
    SetQdisc,
)
from .state import Netem, Route
from .values import ip_interface, is_flooded

IFF_UP = 1
AF_BRIDGE = 7
_NTF_SELF, NUD_PERMANENT = 0x2, 0x80
# linux/if_bridge.h: BRIDGE_FLAGS_SELF, BRIDGE_VLAN_INFO_PVID, BRIDGE_VLAN_INFO_UNTAGGED
_SELF, PVID, UNTAGGED = 2, 2, 4
# linux/rtnetlink.h: scopes
_UNIVERSE, _LINK, _NOWHERE = 0, 253, 255
ROUTE_TYPES = {"unicast": 1, "blackhole": 6, "unreachable": 7, "prohibit": 8, "throw": 9}
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
_TABLE_BYTE = 256
#: linux/pkt_sched.h: TC_H_ROOT.
ROOT_QDISC = 0xFFFFFFFF
#: How many packets wait in a netem at most: what tc(8) gives to one.
NETEM_LIMIT = 1000
_RATE_END = 2**32 - 1
_NOBODY = "0.0.0.0"  # noqa: S104 (an address to clear, not to listen on)


def home(step: Operation) -> str:
    """The namespace whose socket takes the request: an interface is made where what it stands on is."""
    return step.base if isinstance(step, CreateDevice) else step.netns


def named(step: Operation) -> tuple[str, ...]:
    """The interfaces of the step's home whose numbers its request needs."""
    if isinstance(step, (AddAddress, RemoveAddress, AddVlan, RemoveVlan, SetQdisc, RemoveQdisc)):
        return (step.link,)
    if isinstance(step, (AddFdb, RemoveFdb)):
        return (step.link, step.entry.via) if step.entry.via and step.base == step.netns else (step.link,)
    if isinstance(step, (AddRoute, ReplaceRoute, RemoveRoute)):
        return (step.route.dev,) if step.route.dev else ()
    settings: Mapping[str, Any] = {}
    if isinstance(step, CreateDevice):
        settings = step.settings
    elif isinstance(step, SetLink) and step.base in (step.netns, ""):
        settings = step.after
    return tuple(settings[name] for name in ("dev", "parent", "master") if settings.get(name))


@singledispatch
def request(step: Operation, numbers: Numbers) -> bytes:
    """The request that carries the step out."""
    raise NotImplementedError(type(step).__name__)


@request.register
def _create_veth(step: CreateVeth, numbers: Numbers) -> bytes:
    netns, name = step.peer
    near_number, far_number = numbers.choose((step.netns, step.name), step.peer)
    peer = _born(name, step.peer_mtu, step.peer_mac)
    if netns != step.netns:
        peer.append(("IFLA_NET_NS_FD", numbers.descriptor(netns)))
    data = {"attrs": [("VETH_INFO_PEER", {"index": far_number, "attrs": peer})]}
    attributes = [*_born(step.name, step.mtu, step.mac), _link_info("veth", data)]
    return encode.link_message(netlink.NEWLINK, CREATE | EXCLUSIVE, attributes, index=near_number)


@request.register
def _create_device(step: CreateDevice, numbers: Numbers) -> bytes:
    given = {name: value for name, value in step.settings.items() if value is not None and (name, value) != _UNSAID}
    attributes = [*_born(step.name, step.mtu, step.mac), _kind_settings(step.kind, given, step.base, numbers)]
    if "parent" in given:
        attributes.append(("IFLA_LINK", numbers.index(step.base, given["parent"])))
    if step.netns != step.base:
        numbers.leave({step.netns})
        attributes.append(("IFLA_NET_NS_FD", numbers.descriptor(step.netns)))
        return encode.link_message(netlink.NEWLINK, CREATE | EXCLUSIVE, attributes, index=numbers.elsewhere())
    (number,) = numbers.choose((step.netns, step.name))
    return encode.link_message(netlink.NEWLINK, CREATE | EXCLUSIVE, attributes, index=number)


@request.register
def _remove_link(step: RemoveLink, _numbers: Numbers) -> bytes:
    return encode.link_message(netlink.DELLINK, attributes=[("IFLA_IFNAME", step.name)])


@request.register
def _set_link(step: SetLink, numbers: Numbers) -> bytes:
    attributes: list[Any] = [("IFLA_IFNAME", step.name)]
    attributes += [(_LINK_ATTRIBUTES[name], value) for name, value in step.after.items() if name in _LINK_ATTRIBUTES]
    if "master" in step.after:
        master = step.after["master"]
        attributes.append(("IFLA_MASTER", numbers.index(step.netns, master) if master else 0))
    if step.kind:
        attributes.append(_kind_settings(step.kind, step.after, step.base, numbers, step.before))
    if "up" not in step.after:
        return encode.link_message(netlink.NEWLINK, 0, attributes)
    return encode.link_message(netlink.NEWLINK, 0, attributes, flags=int(step.after["up"]), change=IFF_UP)


@request.register
def _add_address(step: AddAddress, numbers: Numbers) -> bytes:
    return _address(netlink.NEWADDR, CREATE | REPLACE, step, numbers)


@request.register
def _remove_address(step: RemoveAddress, numbers: Numbers) -> bytes:
    return _address(netlink.DELADDR, 0, step, numbers)


@request.register
def _add_fdb(step: AddFdb, numbers: Numbers) -> bytes:
    how = APPEND if is_flooded(step.entry.mac) else REPLACE
    return _fdb(netlink.NEWNEIGH, CREATE | how, step, numbers)


@request.register
def _remove_fdb(step: RemoveFdb, numbers: Numbers) -> bytes:
    return _fdb(netlink.DELNEIGH, 0, step, numbers)


@request.register
def _add_vlan(step: AddVlan, numbers: Numbers) -> bytes:
    return _vlan(netlink.SETLINK, step, numbers)


@request.register
def _remove_vlan(step: RemoveVlan, numbers: Numbers) -> bytes:
    return _vlan(netlink.DELLINK, step, numbers)


@request.register
def _set_qdisc(step: SetQdisc, numbers: Numbers) -> bytes:
    """One of the same kind is changed as it is, with the packets that wait in it, another one gives way to it."""
    qdisc = step.qdisc
    options = qdisc.options or (_netem(qdisc.netem) if qdisc.netem else b"")
    attributes: list[tuple[str, Any]] = [("TCA_KIND", qdisc.kind)]
    if options:
        attributes.append(("TCA_OPTIONS", options))
    where = {"ifindex": numbers.index(step.netns, step.link), "handle": qdisc.handle, "parent": ROOT_QDISC}
    return encode.qdisc_message(netlink.NEWQDISC, CREATE | REPLACE, attributes, **where)


@request.register
def _remove_qdisc(step: RemoveQdisc, numbers: Numbers) -> bytes:
    return encode.qdisc_message(netlink.DELQDISC, ifindex=numbers.index(step.netns, step.link), parent=ROOT_QDISC)


@request.register
def _add_route(step: AddRoute, numbers: Numbers) -> bytes:
    return _route(netlink.NEWROUTE, CREATE | EXCLUSIVE, step.route, numbers)


@request.register
def _replace_route(step: ReplaceRoute, numbers: Numbers) -> bytes:
    return _route(netlink.NEWROUTE, CREATE | REPLACE, step.route, numbers)


@request.register
def _remove_route(step: RemoveRoute, numbers: Numbers) -> bytes:
    return _route(netlink.DELROUTE, 0, step.route, numbers, scope=_NOWHERE, protocol=0)


_LINK_ATTRIBUTES = {"mac": "IFLA_ADDRESS", "mtu": "IFLA_MTU", "alias": "IFLA_IFALIAS"}


def _born(name: str, mtu: int | None, mac: str | None) -> list[tuple[str, Any]]:
    given = (("IFLA_IFNAME", name), ("IFLA_MTU", mtu), ("IFLA_ADDRESS", mac))
    return [(attribute, value) for attribute, value in given if value is not None]


def _link_info(kind: str, data: Mapping[str, Any]) -> tuple[str, Any]:
    return ("IFLA_LINKINFO", {"attrs": [("IFLA_INFO_KIND", kind), ("IFLA_INFO_DATA", data)]})


def _kind_settings(
    kind: str, settings: Mapping[str, Any], base: str, numbers: Numbers, former: Mapping[str, Any] | None = None
) -> tuple[str, Any]:
    """The parameters of a kind, C(former) being what they were; what names another interface is given by its number."""
    said = {name: value for name, value in settings.items() if name not in ("dev", "parent")}
    if said.get("remote") or said.get("group"):  # one attribute for both: what there is not must not take away what is
        said = {name: value for name, value in said.items() if value or name not in ("remote", "group")}
    were = former or {}
    attributes = [
        _SETTINGS[kind](name, _nobody(were.get(name)) if value is None else value) for name, value in said.items()
    ]
    if "dev" in settings:
        attributes.append(("IFLA_VXLAN_LINK", numbers.index(base, settings["dev"]) if settings["dev"] else 0))
    return _link_info(kind, {"attrs": attributes})


def _nobody(former: str | None) -> str:
    """The address that clears this one: the kernel takes none of the other IP version."""
    return "::" if former and ":" in former else _NOBODY


def _vxlan_setting(name: str, value: Any) -> tuple[str, Any]:
    if name in ("remote", "group", "local"):
        base = "IFLA_VXLAN_LOCAL" if name == "local" else "IFLA_VXLAN_GROUP"
        return (f"{base}6" if ":" in value else base), value
    return _VXLAN_ATTRIBUTES[name], int(value)


def _bridge_setting(name: str, value: Any) -> tuple[str, Any]:
    return _BRIDGE_ATTRIBUTES[name], round(value * TICKS) if name == "ageing_time" else int(value)


def _macvlan_setting(_name: str, value: Any) -> tuple[str, Any]:
    return "IFLA_MACVLAN_MODE", _MACVLAN_MODES[value]


#: The kernel's clock for times of bridges, in ticks a second (USER_HZ).
TICKS = 100
_SETTINGS: dict[str, Callable[[str, Any], tuple[str, Any]]] = {
    "vxlan": _vxlan_setting,
    "bridge": _bridge_setting,
    "macvlan": _macvlan_setting,
}
#: enum macvlan_mode in linux/if_link.h.
_MACVLAN_MODES = {"private": 1, "vepa": 2, "bridge": 4, "passthru": 8, "source": 16}
_VXLAN_ATTRIBUTES = {
    "id": "IFLA_VXLAN_ID",
    "dstport": "IFLA_VXLAN_PORT",
    "learning": "IFLA_VXLAN_LEARNING",
    "ttl": "IFLA_VXLAN_TTL",
}
#: A new bridge has it so, and a kernel without VLAN filtering refuses to hear of it at all.
_UNSAID = ("vlan_filtering", False)
_BRIDGE_ATTRIBUTES = {
    "vlan_filtering": "IFLA_BR_VLAN_FILTERING",
    "default_pvid": "IFLA_BR_VLAN_DEFAULT_PVID",
    "stp": "IFLA_BR_STP_STATE",
    "ageing_time": "IFLA_BR_AGEING_TIME",
    "multicast_snooping": "IFLA_BR_MCAST_SNOOPING",
}


def _address(type_: int, flags: int, step: AddAddress | RemoveAddress, numbers: Numbers) -> bytes:
    found, index = ip_interface(step.address), numbers.index(step.netns, step.link)
    attributes = [("IFA_LOCAL", str(found.ip)), ("IFA_ADDRESS", step.peer or str(found.ip))]
    fields = {"family": FAMILIES[found.version], "prefixlen": found.network.prefixlen, "index": index}
    return encode.address_message(type_, flags, attributes, **fields)


def _fdb(type_: int, flags: int, step: AddFdb | RemoveFdb, numbers: Numbers) -> bytes:
    fields = {"family": AF_BRIDGE, "ifindex": numbers.index(step.netns, step.link)}
    attributes: list[tuple[str, Any]] = [("NDA_LLADDR", step.entry.mac), ("NDA_DST", step.entry.dst)]
    if step.entry.via:
        attributes.append(("NDA_IFINDEX", numbers.index(step.base, step.entry.via)))
    return encode.neighbour_message(type_, flags, attributes, state=NUD_PERMANENT, flags=_NTF_SELF, **fields)


def _vlan(type_: int, step: AddVlan | RemoveVlan, numbers: Numbers) -> bytes:
    flags = PVID * step.vlan.pvid | UNTAGGED * step.vlan.untagged if type_ == netlink.SETLINK else 0
    entry = ("IFLA_BRIDGE_VLAN_INFO", {"flags": flags, "vid": step.vlan.vid})
    own = [("IFLA_BRIDGE_FLAGS", _SELF)] if step.own else []
    attributes = [("IFLA_AF_SPEC", {"attrs": [*own, entry]})]
    return encode.link_message(type_, 0, attributes, family=AF_BRIDGE, index=numbers.index(step.netns, step.link))


def _netem(netem: Netem) -> bytes:
    """All that it is to do; what is not said would stay as it is (netem_change in net/sched/sch_netem.c)."""
    attributes: list[tuple[str, Any]] = [
        ("TCA_NETEM_LATENCY64", netem.delay),
        ("TCA_NETEM_JITTER64", netem.jitter),
        ("TCA_NETEM_RATE", (min(netem.rate, _RATE_END), 0, 0, 0)),
        ("TCA_NETEM_CORR", (0, 0, 0)),
        ("TCA_NETEM_REORDER", (0, 0)),
        ("TCA_NETEM_CORRUPT", (0, 0)),
        ("TCA_NETEM_ECN", 0),
        ("TCA_NETEM_SLOT", (0,) * 6),
    ]
    if netem.rate > _RATE_END:
        attributes.append(("TCA_NETEM_RATE64", netem.rate))
    return encode.netem_options(NETEM_LIMIT, netem.loss, attributes)


def _route(
    type_: int, flags: int, route: Route, numbers: Numbers, *, scope: int | None = None, protocol: int | None = None
) -> bytes:
    attributes: list[tuple[str, Any]] = [("RTA_TABLE", route.table)]
    network = None if route.dst == "default" else ip_interface(route.dst).network
    if network:
        attributes.append(("RTA_DST", str(network.network_address)))
    if route.dev:
        attributes.append(("RTA_OIF", numbers.index(route.netns, route.dev)))
    given = (("RTA_GATEWAY", route.via), ("RTA_PREFSRC", route.source), ("RTA_PRIORITY", route.metric))
    attributes += [(name, value) for name, value in given if value]
    fields = {
        "family": FAMILIES[route.family],
        "dst_len": network.prefixlen if network else 0,
        "table": route.table if route.table < _TABLE_BYTE else 0,
        "proto": route.protocol if protocol is None else protocol,
        "scope": _scope(route) if scope is None else scope,
        "type": ROUTE_TYPES[route.type],
    }
    return encode.route_message(type_, flags, attributes, **fields)


def _scope(route: Route) -> int:
    on_link = route.family == 4 and route.type == "unicast" and not route.via
    return _LINK if on_link else _UNIVERSE
