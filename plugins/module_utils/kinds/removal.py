# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How interfaces are removed, and made again as they were if the run fails later. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from ..errors import LabError
from ..operations import (
    AddFdb,
    CreateDevice,
    CreateOverlay,
    CreateVeth,
    Operation,
    RemoveLink,
    SetLink,
    SetQdisc,
    WriteLinkSysctl,
    where,
)
from ..state import LOWER, Link, LinkName, State
from . import vlans
from .base import at
from .interface import Interface
from .sysctl import link_of


def removable(ends: Iterable[Interface], kind: str, state: State) -> Iterator[Link]:
    """The interfaces of these names that are there.

    Raises LabError when one is of another kind: then it is not what the user means.
    """
    for end in ends:
        link = state.link(end.key)
        if link and link.kind != kind:
            found = link.kind or "a device of the machine"
            raise LabError(f"{link.name!r} is not a {kind} but {found}", at(end.place, "name"))
        if link:
            yield link


def remove_link(link: Link, state: State) -> RemoveLink:
    """The removal of an interface, and of all that goes with it."""
    ends = [end for end in map(state.link, state.along(link.key)) if end]
    lines = tuple(where(end.netns, f"{end.kind or 'interface'} {end.name}") for end in ends)
    return RemoveLink(link.netns, link.name, lines)


def undoable(step: RemoveLink, state: State, gone: Collection[LinkName]) -> RemoveLink:
    """The removal with what makes all of it again, at a time when the C(gone) are not there: they come back later.

    Addresses and routes are not in it: those are given back when all interfaces are there, see C(aftermath).
    """
    ends = [end for end in map(state.link, state.along((step.netns, step.name))) if end and end.key not in gone]
    return replace(step, rebuild=tuple(_rebuild(ends, state, gone)))


def _rebuild(ends: Sequence[Link], state: State, gone: Collection[LinkName]) -> Iterator[Operation]:
    yield from _create(ends)
    for end in ends:
        for port in state.ports_of(end):
            if port.key not in gone:
                yield SetLink(port.netns, port.name, after={"master": end.name})
                yield from vlans.regain(port, end)
    for end in ends:
        yield from _dress(end, state, gone)


def _create(ends: Iterable[Link]) -> Iterator[Operation]:
    """Make interfaces with their kind's parameters; of a pair, the second is made with the first."""
    known = {end.key: end for end in ends}
    for link in ends:
        if known.pop(link.key, None) is None:
            continue
        peer = known.pop(link.peer, None) if link.peer else None
        if peer:
            yield CreateVeth(link.netns, link.name, link.mtu, link.mac, peer.key, peer.mtu, peer.mac)
        elif link.settings and link.base is not None:
            make = CreateOverlay if link.kind in LOWER else CreateDevice
            yield make(link.netns, link.name, link.mtu, link.station, link.kind, link.base, link.settings)


def _dress(link: Link, state: State, gone: Collection[LinkName]) -> Iterator[Operation]:
    bridge = state.link((link.netns, link.master)) if link.master else None
    if bridge and bridge.key in gone:
        bridge = None
    after = {"alias": link.alias, "up": link.up}
    if bridge:
        after["master"] = bridge.name
    if link.kind == "bridge" and link.mtu not in {port.mtu for port in state.ports_of(link)}:
        after["mtu"] = link.mtu  # given by somebody, it would give way to that of the ports
    if link.settings.get("mode") == "passthru":
        after["mac"] = link.mac  # at its birth it takes that of its parent
    yield SetLink(link.netns, link.name, after=after)
    if link.qdisc:
        yield SetQdisc(link.netns, link.name, link.qdisc)
    if bridge or link.kind == "bridge":
        yield from vlans.regain(link, bridge or link)
    for entry in sorted(link.fdb):
        yield AddFdb(link.netns, link.name, link.base or "", entry)
    for name, value in state.namespaces[link.netns].sysctls.items():
        if link_of(name) == link.name:
            yield WriteLinkSysctl(link.netns, name, value)
