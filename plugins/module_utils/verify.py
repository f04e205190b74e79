# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can only be judged with the present state in sight, and has to hold before anything is changed. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from . import state as states
from . import values
from .errors import LabError
from .hints import there_are
from .kinds import BridgeVlan, Netns, Resource, Route, Sysctl
from .kinds.base import at
from .kinds.interface import Interface, is_link_local
from .lean import dataclass
from .networks import Networks, network
from .state import ROOT, Link, LinkName, Namespace, State, describe


@dataclass(frozen=True)
class Claims:
    """What ledgers say about things that bear no mark.

    C(links): interfaces of the root namespace that are ours by the ledger. C(keys): the resources that the lab had
    before. C(others): the keys of what other labs have and cannot mark, with their names.
    """

    lab: str | None = None
    links: frozenset[LinkName] = frozenset()
    keys: frozenset[tuple[Any, ...]] = frozenset()
    others: Mapping[tuple[Any, ...], str] = field(default_factory=dict)


def everything(desired: Sequence[Resource], absent: Sequence[Resource], state: State, claims: Claims) -> None:
    """All the rules below, for what is to be there when C(absent) is not any more.

    Raises LabError for the first rule that is broken.
    """
    ownership(desired, state, claims)
    networks = Networks(desired, absent, state)
    existence(desired, networks, state)
    features(desired, state)
    settings(desired, state)
    gateways(desired, networks)
    if claims.lab:
        lendings(desired, networks)
        overlaps(desired, state, claims)
    else:
        replacements(desired, state)


def ownership(resources: Iterable[Resource], state: State, claims: Claims) -> None:
    """Nothing that belongs to another lab is touched; a lab does not touch what belongs to nobody, either."""
    for resource in resources:
        for name, place in resource.spaces():
            namespace = state.namespaces.get(name)
            if name != ROOT and namespace and namespace.owner != claims.lab:
                raise _clash(describe(name), namespace.owner, place)
        for end in resource.ends():
            link = state.link(end.key)
            if link and end.netns == ROOT and not _is_own(link, claims):
                raise _clash(f"{end.name!r} in the root namespace", states.owner(link.alias), at(end.place, "name"))
        _foundations(resource, state, claims)
        _unmarked(resource, state, claims)


def _foundations(resource: Resource, state: State, claims: Claims) -> None:
    """What it stands on in the root namespace may be the machine's, but not another lab's."""
    for (netns, name), place in resource.devices():
        link = state.link((netns, name)) if netns == ROOT else None
        owner = states.owner(link.alias) if link else None
        if owner not in (None, claims.lab):
            raise _clash(f"{name!r} in the root namespace", owner, place)
    for (netns, name), place in resource.takes():
        link = state.link((netns, name)) if netns == ROOT and claims.lab else None
        bridge = state.link((netns, link.master)) if link and link.master else None
        if bridge and not _is_own(bridge, claims):
            raise _taken(name, bridge, place)


def _taken(name: str, bridge: Link, place: str) -> LabError:
    held, owner = f"{name!r} is a port of {bridge.name!r}, which", states.owner(bridge.alias)
    return _clash(held, owner, place) if owner else LabError(f"{held} is not the lab's", place, "take it out there")


def _is_own(link: Link, claims: Claims) -> bool:
    owner = states.owner(link.alias)
    return owner == claims.lab or (owner is None and link.key in claims.links)


def _unmarked(resource: Resource, state: State, claims: Claims) -> None:
    for key, thing, place in resource.unmarked():
        if key in claims.others:
            raise _clash(thing, claims.others[key], place)
        if claims.lab and resource.key not in claims.keys and resource.stranger(state, claims.lab):
            raise _clash(thing, None, place)


def is_ours(resource: Resource, state: State, claims: Claims) -> bool:
    """Whether what a lab made once is still its own: meanwhile somebody else may have taken the name."""
    if resource.proven(state):
        return True
    try:
        ownership([resource], state, claims)
    except LabError:
        return False
    return True


def _clash(thing: str, owner: str | None, place: str) -> LabError:
    if owner:
        way = f"ansible-playbook tcpip.lab.labs -e lab_remove={owner}; from a checkout: make labs lab_remove={owner}"
        return LabError(f"{thing} belongs to lab {owner!r}", place, f"change it there, or remove that lab: {way}")
    return LabError(f"{thing} exists and belongs to no lab", place, "use another name, or remove it")


def existence(desired: Sequence[Resource], networks: Networks, state: State) -> None:
    """Every namespace and device that is named is there already, or will be."""
    there = {resource.name for resource in desired if isinstance(resource, Netns)} | state.namespaces.keys()
    ends = {end.key for resource in desired for end in resource.ends()}
    for resource in desired:
        for name, place in resource.outside(there):
            raise LabError(f"there is no {describe(name)}", place, "tcpip.lab.netns makes one")
        for key, place in resource.devices():
            if key not in ends and not networks.keeps(key) and key[1] != "lo":
                raise LabError(f"there is no interface {key[1]!r} in {describe(key[0])}", place)


def settings(desired: Sequence[Resource], state: State) -> None:
    """The kernel has each setting."""
    for resource in desired:
        if isinstance(resource, Sysctl):
            resource.known(state)


def features(desired: Sequence[Resource], state: State) -> None:
    """The kernel has what is needed of it."""
    for resource in desired:
        for feature, place in resource.needs():
            if feature in state.lacking:
                raise LabError(f"this kernel has no {feature.value}", place, feature.hint)


def gateways(desired: Sequence[Resource], networks: Networks) -> None:
    """The next hop of a route lies in a network that its namespace has, or will have, on an interface."""
    for route in (each for each in desired if isinstance(each, Route) and each.entry.via):
        via, netns = values.ip_address(str(route.entry.via)), route.entry.netns
        if not via.is_link_local and not networks.has(netns, via):
            reason = f"{via} is in no network of {describe(netns)}"
            raise LabError(reason, at(route.place, "via"), there_are(networks.of(netns)))


def lendings(desired: Sequence[Resource], networks: Networks) -> None:
    """Who lends addresses of a network has one of it on an interface: otherwise it answers nobody.

    Where a client asks, the address comes later, by a lease.
    """
    servers = [each for each in desired if each.KIND == "dnsmasq_dhcp"]
    if not servers:
        return
    asking = {key for each in desired if each.KIND == "dhcp_client" for key, _place in each.devices()}
    for server in servers:
        keys = [key for key, _place in server.devices()]
        if asking.isdisjoint(keys):
            _check_lending(server, [each for key in keys for each in networks.addresses(key)])


def _check_lending(server: Resource, held: Sequence[str]) -> None:
    for lent, place in server.lends():
        if not any(ipaddress.ip_interface(each).ip in network(lent) for each in held):
            raise LabError(f"no interface of the server has an address in {lent}", place, there_are(held))


def replacements(desired: Sequence[Resource], state: State) -> None:
    """Outside a lab, an interface is only made anew if it is of the declared kind and both its ends are in sight.

    Nor is a queueing discipline replaced that is none of ours.
    """
    for resource in desired:
        for end in resource.ends():
            _check_queue(end, state)
        for link in resource.obsolete(state):
            place = at(resource.place, "name")
            if isinstance(resource, BridgeVlan) and link.kind == "bridge":
                raise _nobody(link, resource)
            if link.kind != resource.KIND:
                found = link.kind or "a device of the machine"
                raise LabError(f"{link.name!r} in {describe(link.netns)} is {found} already", place, "use another name")
            if link.kind == "veth" and link.peer is None:
                raise LabError(f"{link.name!r} in {describe(link.netns)} has another peer, out of sight", place)


def _nobody(link: Link, bridge: Resource) -> LabError:
    lost = f"{link.name!r} in {describe(link.netns)} lost its MAC address with its last port"
    reason = f"{lost}: the kernel gives it no VLAN then"
    return LabError(reason, at(bridge.place, "vlans"), "give it a port, or in a task before this one a mac")


def _check_queue(end: Interface, state: State) -> None:
    link = state.link(end.key)
    if end.impaired and link and link.qdisc and not link.qdisc.netem:
        found = f"{link.name!r} in {describe(link.netns)} has the queueing discipline {link.qdisc.kind!r} already"
        raise LabError(found, at(end.place, end.impaired), f"take it away by tc qdisc delete dev {link.name} root")


def overlaps(desired: Sequence[Resource], state: State, claims: Claims) -> None:
    """A prefix that a lab brings into the machine's own namespace must not be one that the machine has.

    IPv6's link-local one is on every link, and on each another network (RFC 4291, section 2.5.6).
    """
    machine = state.namespaces.get(ROOT)
    taken = list(_foreign(machine, claims)) if machine else []
    for resource in desired:
        for netns, prefix, place in resource.networks():
            if netns != ROOT or is_link_local(prefix):
                continue
            for other, by in taken:
                if network(prefix).overlaps(network(other)):
                    raise LabError(f"{prefix} overlaps {other}, which the machine has on {by}", place)


def _foreign(machine: Namespace, claims: Claims) -> Iterator[tuple[str, str]]:
    """The networks of the root namespace that are not the lab's, with the interface."""
    foreign = {link.name: link for link in machine.links.values() if not _is_own(link, claims)}
    for link in foreign.values():
        yield from ((address, link.name) for address in link.addresses)
    for route in machine.routes:
        if route.dst != "default" and route.dev in foreign and ("route", *route.key) not in claims.keys:
            yield route.dst, str(route.dev)
