# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is wanted and what is there to the steps between them, in order. Pure: no socket, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from . import ground
from . import state as states
from .command import Spot
from .kinds import Netns, Resource, iptables_nat, sysctl
from .kinds.interface import ETHERNET_MTU, resized
from .kinds.removal import remove_link, undoable
from .operations import (
    AddRoute,
    CreateDevice,
    CreateOverlay,
    CreateVeth,
    MovePort,
    Operation,
    RemoveLink,
    ReplaceRoute,
    StopProcess,
    Widen,
    WidenOverlay,
    WidenStation,
)
from .state import ROOT, Link, LinkName, State

if TYPE_CHECKING:
    from typing_extensions import TypeGuard  # in typing only since Python 3.10


def make(
    desired: Sequence[Resource], unwanted: Sequence[Resource], state: State, lab: str | None = None
) -> list[Operation]:
    """The steps that make C(desired) present and C(unwanted) absent.

    What is made for a lab is marked as its own.
    """
    removal = [*_replaced(desired, state), *_unwanted(unwanted, state)]
    if lab:
        removal += _strays(desired, unwanted, state, lab)
    remaining = state.without(_removed(removal))
    replaced = [*_replaced(desired, remaining)] if remaining is not state else []  # what cannot stay without those
    if replaced:
        removal += replaced
        remaining = state.without(_removed(removal))
    alias = states.mark(lab) if lab else None
    creation = [*_beforehand(desired, remaining)]
    creation += [step for resource in desired for step in resource.present(remaining, alias)]
    creation = [*_widened_in_time(creation, remaining), *_released(desired, remaining)]
    steps = sysctl.keeping([*removal, *creation], desired)
    return list(_undoable(_once(_ordered([*steps], ground.heights(desired)), state), state))


def diff(operations: Iterable[Operation]) -> dict[str, str]:
    """The lines that go and come, as Ansible's C(--diff) shows them."""
    steps = list(operations)
    lost = "".join(f"{line}\n" for step in steps for line in step.lost)
    gained = "".join(f"{line}\n" for step in steps for line in step.gained)
    return {"before": lost, "after": gained}


def _replaced(desired: Iterable[Resource], state: State) -> Iterator[Operation]:
    for resource in desired:
        for link in resource.obsolete(state):
            yield remove_link(link, state)


def _removed(steps: Iterable[Operation]) -> set[LinkName]:
    return {(step.netns, step.name) for step in steps if isinstance(step, RemoveLink)}


def _unwanted(unwanted: Sequence[Resource], state: State) -> Iterator[Operation]:
    """Removal; what lives in namespaces that go as a whole goes with them."""
    going = _going(unwanted)
    for resource in unwanted:
        staying = (resource.namespaces & state.namespaces.keys()) - going
        if staying or resource.proven(state) or isinstance(resource, Netns):
            yield from resource.absent(state)


def _going(unwanted: Iterable[Resource]) -> set[str]:
    return {resource.name for resource in unwanted if isinstance(resource, Netns)}


def _strays(desired: Iterable[Resource], unwanted: Iterable[Resource], state: State, lab: str) -> Iterator[Operation]:
    """What bears the lab's mark and is not declared: renamed or moved by hand, or left by a run that was killed."""
    declared = {end.key for resource in desired for end in resource.ends()}
    going = _going(unwanted)
    for link in state.links():
        ours = link.netns == ROOT or state.namespaces[link.netns].owner == lab
        marked = link.kind and states.owner(link.alias) == lab
        if ours and marked and link.key not in declared and link.netns not in going:
            yield remove_link(link, state)
    for step in iptables_nat.strays([*desired, *unwanted], state, lab):
        if step.netns not in going:
            yield step


def _beforehand(desired: Sequence[Resource], state: State) -> Iterator[Operation]:
    """What comes first; a port that goes from one bridge to another does so in one step, that of the other."""
    taken = {port for resource in desired for port, _place in resource.takes()}
    for resource in desired:
        for step in resource.beforehand(state):
            if not (isinstance(step, MovePort) and (step.netns, step.name) in taken):
                yield step


def _released(desired: Iterable[Resource], state: State) -> Iterator[Operation]:
    """Interfaces that still have an MTU which the lab gave them, and declares no more, get the kernel's own."""
    if not any(end.stale_mtus for resource in desired for end in resource.ends()):
        return
    after: dict[LinkName, int] = {}
    for resource in ground.ground_first(desired):
        lower = [key for key, _place in resource.devices()]
        below = next((after.get(key) or _mtu(state.link(key)) for key in lower), None)
        for end in resource.ends():
            link, natural = state.link(end.key), resource.natural_mtu(below)
            after[end.key] = end.mtu or _mtu(link) or natural or 0
            if link and natural and link.mtu in end.stale_mtus and link.mtu != natural:
                after[end.key] = natural
                yield resized(link, natural)


def _widened_in_time(steps: Sequence[Operation], state: State) -> Iterator[Operation]:
    """The steps, but a station that is to be wider than its parent at that moment gets its MTU after that one.

    The kernel refuses it at its birth (C(macvlan_common_newlink) in drivers/net/macvlan.c).
    """
    widths = dict(_widths(steps))
    for step in steps:
        if isinstance(step, CreateOverlay) and step.mtu and step.settings.get("parent"):
            parent = step.base, step.settings["parent"]
            width = widths.get(parent, _mtu(state.link(parent)) or None)
            if width is not None and step.mtu > width:
                yield replace(step, mtu=None)
                yield WidenStation(step.netns, step.name, after={"mtu": step.mtu})
                continue
        yield step


def _widths(steps: Iterable[Operation]) -> Iterator[tuple[LinkName, int]]:
    """The MTUs that interfaces have once they are made, or made wider; 0 where the kernel alone knows that."""
    for step in steps:
        if isinstance(step, CreateVeth):
            yield (step.netns, step.name), step.mtu or ETHERNET_MTU
            yield step.peer, step.peer_mtu or ETHERNET_MTU
        elif isinstance(step, CreateDevice):
            yield (step.netns, step.name), step.mtu or (ETHERNET_MTU if step.kind == "bridge" else 0)
        elif isinstance(step, Widen):
            yield (step.netns, step.name), step.after["mtu"]


def _mtu(link: Link | None) -> int | None:
    return link.mtu if link else None


def _once(steps: Iterable[Operation], state: State) -> Iterator[Operation]:
    """Each interface is removed once, though both ends of a pair may call for it, or what it stands on.

    So is each process, though its namespace calls for it, too.
    """
    gone: set[LinkName] = set()
    stopped: set[Spot] = set()
    for step in steps:
        if isinstance(step, StopProcess):
            if step.spot in stopped:
                continue
            stopped.add(step.spot)
        if isinstance(step, RemoveLink):
            if (step.netns, step.name) in gone:
                continue
            gone.update(state.along((step.netns, step.name)))
        yield step


def _ordered(steps: Sequence[Operation], height: Mapping[LinkName, int]) -> list[Operation]:
    """By phase, and in a phase by namespace, so that each namespace's steps go to the kernel together.

    What stands on another interface comes behind it, wherever that is. Namespaces with a new bridge come last: one that
    is up floods whatever its stations say while they are switched on to all ports. Where an IPv6 route has a source,
    which is to be had once both ends of a link are up for a while, the routes come last of all. Routes by a gateway
    come behind the others of their namespace, over which it may be reached.
    """
    rank: dict[str, int] = {}
    for step in steps:
        rank.setdefault(step.netns, len(rank))
    sourced = {step.netns for step in steps if _is_ipv6_route(step) and step.route.source}
    bridged = {step.netns for step in steps if isinstance(step, CreateDevice) and step.kind == "bridge"}
    direct = {step.netns for step in steps if isinstance(step, (AddRoute, ReplaceRoute)) and not step.route.via}

    def place(step: Operation) -> tuple[int, int, bool, bool, int, bool]:
        level = height.get((step.netns, step.name), 0) if isinstance(step, (CreateOverlay, WidenOverlay)) else 0
        waits = step.netns in sourced and _is_ipv6_route(step)
        over = step.netns in direct and isinstance(step, (AddRoute, ReplaceRoute)) and bool(step.route.via)
        return step.phase, level, waits, step.netns in bridged, rank[step.netns], over

    return sorted(steps, key=place)


def _is_ipv6_route(step: Operation) -> TypeGuard[AddRoute | ReplaceRoute]:
    return isinstance(step, (AddRoute, ReplaceRoute)) and step.route.family == 6


def _undoable(steps: Iterable[Operation], state: State) -> Iterator[Operation]:
    """The removals with what brings each back, newest first: without what was removed before it."""
    gone: set[LinkName] = set()
    for step in steps:
        if isinstance(step, RemoveLink):
            yield undoable(step, state, gone)
            gone.update(state.along((step.netns, step.name)))
        else:
            yield step
