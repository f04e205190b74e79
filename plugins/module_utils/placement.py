# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which node of a lab is on which machine. Pure.

A node is a namespace; the root namespace is one, too, and is that of the first machine. Nodes that a resource other
than a veth joins share a machine, since nothing but an Ethernet link crosses. Nodes that are somewhere already stay
there. The others are placed one by one, each beside those that it has most links with as long as that machine has less
than its share; then nodes are moved where that leaves fewer links to cross.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from . import options
from .errors import LabError
from .hints import meant
from .kinds import Netns, Resource, Veth, Vswitch
from .lean import dataclass
from .merging import Items
from .options import Option, Options
from .state import ROOT, describe
from .topology import BESIDE, HOST

_WISHES: Options = {HOST: Option(), BESIDE: Option()}
#: How often all nodes are looked at again for a better place. Most labs have it after two rounds.
_ROUNDS = 8
#: What a machine may have of its share, for fewer links to cross.
_SLACK = 1.1


@dataclass(frozen=True)
class Placement:
    """C(nodes): the machine of each node, by the node's name. C(together): which share a machine, and why."""

    nodes: dict[str, str]
    together: list[str]


def place(items: Items, resources: Sequence[Resource], machines: Sequence[str], former: Mapping[str, str]) -> Placement:
    """Place the nodes of a topology, as it was written and as it was parsed, C(former) being where nodes are already.

    Raises LabError for a machine or a node that is not there, and when nodes that have to share a machine are wanted on
    different ones.
    """
    wanted = _wishes(items, machines)
    groups = _Groups(resources, wanted)
    homes = _homes(groups, wanted, machines, former)
    found = _Placing(_Graph(resources, groups), len(machines), homes).run()
    return Placement({node: machines[found[group]] for node, group in groups.of.items()}, groups.reasons())


@dataclass(frozen=True)
class _Wish:
    """What an item of netns, at C(where), says of its node's machine: which one it is, or whose."""

    node: str
    where: str
    host: str | None = None
    beside: str | None = None


def _wishes(items: Items, machines: Sequence[str]) -> list[_Wish]:
    """What the user wants of the placement."""
    spaces = {f"{Netns.KIND}[{i}]": item for i, item in enumerate(items.get(Netns.KIND) or ())}
    nodes = {str(item["name"]): None for item in spaces.values()}
    found = []
    for where, item in spaces.items():
        node = str(item["name"])
        words = options.read({name: item.get(name) for name in _WISHES}, _WISHES, where)
        host = _one_of(machines, words[HOST], f"{where}.{HOST}", "none of the machines of this lab")
        beside = _one_of(nodes, words[BESIDE], f"{where}.{BESIDE}", "not in netns")
        if beside == node:
            raise LabError(f"{beside!r} is the node itself", f"{where}.{BESIDE}", "name another one")
        found.append(_Wish(node, where, host, beside))
    return found


def _one_of(known: Collection[str], name: str | None, where: str, otherwise: str) -> str | None:
    if name is None or name in known:
        return name
    raise LabError(f"{name!r} is {otherwise}", where, meant(name, known))


class _Groups:
    """The nodes that share a machine; C(of): the group of each node, known by one of its nodes."""

    def __init__(self, resources: Sequence[Resource], wanted: Sequence[_Wish]) -> None:
        self.of: dict[str, str] = {name: name for resource in resources for name in sorted(resource.namespaces)}
        self._members: dict[str, list[str]] = {name: [name] for name in self.of}
        self._why: dict[tuple[str, ...], str] = {}
        for resource, nodes in _joined(resources):
            self._join(nodes, f"{resource.KIND} {resource.key[-1]} needs it")
        for wish in wanted:
            if wish.beside:
                self._join({wish.node, wish.beside}, f"{wish.node} is wanted {BESIDE} {wish.beside}")

    def _join(self, nodes: Collection[str], why: str) -> None:
        self._why.setdefault(tuple(sorted(nodes)), why)
        home, *others = sorted({self.of[node] for node in nodes}, key=lambda group: -len(self._members[group]))
        for group in others:
            for node in self._members.pop(group):
                self.of[node] = home
                self._members[home].append(node)

    def members(self, node: str) -> list[str]:
        """All nodes of the node's group."""
        return self._members[self.of[node]]

    def reasons(self) -> list[str]:
        """What joins nodes, as sentences."""
        return [
            f"{', '.join(node or describe(ROOT) for node in nodes)} share a machine: {why}"
            for nodes, why in self._why.items()
        ]


def _joined(resources: Sequence[Resource]) -> Iterator[tuple[Resource, frozenset[str]]]:
    """The resources that need several nodes on one machine."""
    peers = {near.key: far.netns for near, far in _directions(resources)}
    for resource in resources:
        nodes = frozenset() if isinstance(resource, Veth) else resource.namespaces
        if isinstance(resource, Vswitch):
            # It learns and forwards what it is handed by its own machine, with both ends of each cable set up for it.
            nodes |= {peers[key] for key, _place in resource.devices() if key in peers}
        if len(nodes) > 1:
            yield resource, nodes


def _directions(resources: Iterable[Resource]) -> Iterator[tuple[Any, Any]]:
    """Each veth in both directions."""
    for resource in resources:
        if isinstance(resource, Veth) and resource.far:
            yield resource.near, resource.far
            yield resource.far, resource.near


def _homes(
    groups: _Groups, wanted: Sequence[_Wish], machines: Sequence[str], former: Mapping[str, str]
) -> dict[str, int]:
    """The machines, by their numbers, of the groups that have one already: by the user's word, or by their past."""
    homes: dict[str, int] = {}
    if ROOT in groups.of:
        homes[groups.of[ROOT]] = 0
    for wish in wanted:
        if wish.host:
            machine, group = machines.index(wish.host), groups.of[wish.node]
            if homes.setdefault(group, machine) != machine:
                others = ", ".join(describe(node) for node in groups.members(wish.node) if node != wish.node)
                there = f"shares a machine with {others}, which belongs to {machines[homes[group]]}"
                raise LabError(f"{wish.node!r} {there}", f"{wish.where}.{HOST}", "see what else the lab says of it")
    for node, name in former.items():
        if node in groups.of and name in machines:
            homes.setdefault(groups.of[node], machines.index(name))
    return homes


class _Graph:
    """The groups, what each weighs, and how many links it has with each other one."""

    def __init__(self, resources: Sequence[Resource], groups: _Groups) -> None:
        self.weights: dict[str, int] = {}
        for node, group in groups.of.items():
            self.weights[group] = self.weights.get(group, 0) + (node != ROOT)
        self.links: dict[str, dict[str, int]] = {group: {} for group in self.weights}
        for near, far in _directions(resources):
            one, other = groups.of[near.netns], groups.of[far.netns]
            self.weights[one] += 1
            if one != other:
                self.links[one][other] = self.links[one].get(other, 0) + 1


class _Placing:
    """The machine of each group, by its number, as it comes to be."""

    def __init__(self, graph: _Graph, machines: int, homes: Mapping[str, int]) -> None:
        self._graph, self._fixed, self._home = graph, frozenset(homes), dict(homes)
        self._load = [0] * machines
        for group, machine in homes.items():
            self._load[machine] += graph.weights[group]
        self._share = sum(graph.weights.values()) / machines
        self._limit = max(self._share * _SLACK, self._share + max(graph.weights.values(), default=0) / 2)

    def run(self) -> dict[str, int]:
        """Place all groups."""
        for group in self._growing():
            self._put(group, self._first_place(group))
        for _round in range(_ROUNDS):
            if not sum(self._moved(group) for group in self._graph.links if group not in self._fixed):
                break
        return self._home

    def _growing(self) -> Iterator[str]:
        """The groups without a place: first those with most links to ones that have a place, and fewest to others."""
        order = {group: number for number, group in enumerate(self._graph.links)}
        heap = [(*self._rank(group), order[group], group) for group in order if group not in self._home]
        heapq.heapify(heap)
        while heap:
            *rank, _number, group = heapq.heappop(heap)
            if group in self._home or tuple(rank) != self._rank(group):
                continue  # it has come to another rank since
            yield group
            for other in self._graph.links[group]:
                if other not in self._home:
                    heapq.heappush(heap, (*self._rank(other), order[other], other))

    def _rank(self, group: str) -> tuple[int, int]:
        links = self._graph.links[group]
        placed = sum(count for other, count in links.items() if other in self._home)
        return -placed, sum(links.values()) - placed

    def _first_place(self, group: str) -> int:
        """Beside its neighbours, where there is room for at least half of it; else where there is least."""
        half = self._graph.weights[group] / 2
        room = [machine for machine, load in enumerate(self._load) if load + half <= self._share]
        pull = self._pull(group)
        return min(room or range(len(self._load)), key=lambda machine: (-pull[machine], self._load[machine], machine))

    def _pull(self, group: str) -> list[int]:
        """How many links it has to each machine."""
        pull = [0] * len(self._load)
        for other, count in self._graph.links[group].items():
            if other in self._home:
                pull[self._home[other]] += count
        return pull

    def _put(self, group: str, machine: int) -> None:
        if group in self._home:
            self._load[self._home[group]] -= self._graph.weights[group]
        self._home[group] = machine
        self._load[machine] += self._graph.weights[group]

    def _moved(self, group: str) -> bool:
        """Move it where it has more links, if there is room; whether it was moved."""
        pull, here = self._pull(group), self._home[group]
        weight = self._graph.weights[group]
        room = [m for m, load in enumerate(self._load) if pull[m] > pull[here] and load + weight <= self._limit]
        if not room:
            return False
        self._put(group, max(room, key=lambda machine: (pull[machine], -self._load[machine])))
        return True
