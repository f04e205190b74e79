# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab over several machines: what each of them has of it, and the links that cross. Pure.

A veth whose ends are on two machines becomes a VXLAN (RFC 7348) of its own: in each of the two namespaces the interface
that the user named is the VXLAN device, with its socket in the machine's root namespace. What goes in at one end comes
out at the other, tags of VLANs included.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, NamedTuple

from . import options, placement, topology, values
from .errors import LabError
from .kinds import KINDS, Resource, Veth, Vxlan, interface
from .kinds.interface import Interface
from .lean import dataclass
from .merging import Items
from .options import Option, Options
from .state import ROOT, LinkName, describe
from .widths import Widths

_VNIS = 2**24


@dataclass(frozen=True)
class Machine:
    """A machine of the inventory: its address and the MTU, in bytes, of the underlay; the lab's nodes that it has."""

    name: str
    address: str
    mtu: int
    nodes: tuple[str, ...] = ()

    @property
    def version(self) -> int:
        """That of IP on the underlay."""
        return ipaddress.ip_address(self.address).version


class Crossing(NamedTuple):
    """A link that crosses: its VNI, and both ends."""

    vni: int
    near: Interface
    far: Interface


@dataclass(frozen=True)
class Spread:
    """A lab over machines.

    C(nodes): the machine of each. C(together): which share one, and why. C(mtu), in bytes, is that of interfaces which
    declare none, None where no link crosses. C(parts): the topology of each machine.
    """

    nodes: Mapping[str, str]
    together: Sequence[str]
    crossings: Sequence[Crossing]
    mtu: int | None
    parts: Mapping[str, Items] = field(repr=False)
    machines: Sequence[Machine] = ()

    def summary(self) -> list[str]:
        """Where everything is, in lines for a person."""
        lines = [f"{machine}: {', '.join(self._nodes_of(machine)) or 'nothing'}" for machine in self.parts]
        lines += self.together
        lines += [f"{self._end(each.near)} - {self._end(each.far)}: VNI {each.vni}" for each in self.crossings]
        return lines + ([f"links that declare no MTU have {self.mtu}"] if self.mtu else [])

    def told(self) -> dict[str, Any]:
        """What users are told of it, as data."""
        return {
            "nodes": {**self.nodes},
            "mtu": self.mtu,
            "summary": self.summary(),
            "machines": {machine.name: self._settled(machine) for machine in self.machines},
        }

    def _settled(self, machine: Machine) -> dict[str, Any]:
        """A machine as the options have it, with the nodes that it is to have."""
        nodes = [node for node, where in self.nodes.items() if node and where == machine.name]
        return {"address": machine.address, "mtu": machine.mtu, "nodes": nodes}

    def _nodes_of(self, machine: str) -> list[str]:
        return [node or describe(ROOT) for node, where in self.nodes.items() if where == machine]

    def _end(self, end: Interface) -> str:
        return f"{end.name} on {self.nodes[end.netns]}"


_LAB: Options = {
    "name": Option(value=values.lab, required=True),
    "underlay_port": Option("int", value=values.port, default=values.VXLAN_PORT),
}
_MACHINE: Options = {
    "address": Option(value=values.unicast, required=True),
    "mtu": Option("int", value=values.mtu, required=True),
    "nodes": Option("list", elements="str", default=[]),
}


def read(given: Mapping[str, Any], machines: Any, port: Any = None) -> Spread:
    """Spread a topology, given as the options of the module, over machines as the user named them.

    Raises LabError with the place of the first fault.
    """
    unknown = {name: value for name, value in given.items() if name not in (*KINDS, "state")}
    words = options.read({**unknown, "underlay_port": port}, {**_LAB, **dict.fromkeys(KINDS, Option())}, "")
    items = {kind: given[kind] for kind in KINDS if given.get(kind)}
    return spread(words["name"], items, _machines(machines), words["underlay_port"])


def _machines(given: Any) -> list[Machine]:
    if not isinstance(given, Mapping):
        raise LabError(f"{given!r} is not a mapping of the machines' names", "machines")
    if not given:
        raise LabError("there is none", "machines")
    found = [_machine(str(name), each) for name, each in given.items()]
    seen: dict[str, str] = {}
    for machine in found:
        if machine.address in seen:
            hint = "give each its own by lab_address in the inventory"
            raise LabError(f"{seen[machine.address]} has it, too", f"machines.{machine.name}.address", hint)
        seen[machine.address] = machine.name
    return found


def _machine(name: str, given: Any) -> Machine:
    place = f"machines.{name}"
    if not isinstance(given, Mapping):
        raise LabError(f"{given!r} is not a mapping", place)
    # It may be a result of underlay_info as it is, which says more.
    words = options.read({word: given[word] for word in _MACHINE if word in given}, _MACHINE, place)
    return Machine(name, words["address"], words["mtu"], tuple(words["nodes"]))


def spread(lab: str, items: Items, machines: Sequence[Machine], port: int = values.VXLAN_PORT) -> Spread:
    """Spread a topology as it was written over machines. Nodes that one of them has stay there.

    Raises LabError with the place of the first fault.
    """
    resources = topology.parse(items)
    known = {machine.name: machine for machine in machines}
    former = {node: machine.name for machine in machines for node in machine.nodes}
    placed = placement.place(items, resources, [*known], former)
    home = {node: known[name] for node, name in placed.nodes.items()}
    crossing = [each for each in resources if isinstance(each, Veth) and _crosses(each, home)]
    widths = Widths(resources, crossing, home)
    crossings = _crossings(lab, crossing, home)
    cut = _Cut(home, widths, port, {each.near.key: each.vni for each in crossings})
    parts = {name: cut.part(resources, machine) for name, machine in known.items()}
    return Spread(placed.nodes, placed.together, crossings, widths.width, parts, machines)


def _crosses(link: Veth, home: Mapping[str, Machine]) -> bool:
    if link.far is None:
        return False
    one, other = home[link.near.netns], home[link.far.netns]
    if one is not other and one.version != other.version:
        there = f"{one.name}, which has {one.address}, and {other.name}, which has {other.address}"
        raise LabError(f"it crosses between {there}: these are of different IP versions", link.place)
    return one is not other


#: What tells a link that crosses from others: of either end the namespace, the name, and the machine's address.
_Key = tuple[tuple[str, str, str], ...]


def _crossings(lab: str, links: Sequence[Veth], home: Mapping[str, Machine]) -> list[Crossing]:
    pairs = [(link.near, link.far) for link in links if link.far]
    keys = [tuple(sorted((*end.key, home[end.netns].address) for end in pair)) for pair in pairs]
    vnis = _vnis(lab, keys)
    return [Crossing(vnis[key], near, far) for key, (near, far) in zip(keys, pairs)]


def _vnis(lab: str, links: Sequence[_Key]) -> dict[_Key, int]:
    """A VNI for each link, the same in each run as long as its ends stay, whatever other links there are.

    With another machine it is another one: what is left of the lab on a machine that was away is not heard any more.
    Two links may hash to the same number: then the one that comes later by its name takes its next hash.
    """
    taken: dict[int, _Key] = {}
    for key in sorted(set(links)):
        taken[next(vni for vni in _hashes(lab, key) if vni not in taken)] = key
    return {key: vni for vni, key in taken.items()}


def _hashes(lab: str, key: _Key) -> Iterator[int]:
    words = "/".join([lab, *(word for end in key for word in end)])  # none of them has a slash
    for attempt in range(_VNIS):
        digest = hashlib.sha256(f"{words}/{attempt}".encode()).digest()
        yield int.from_bytes(digest[:3], "big") or 1  # 24 bits; some take a VNI of 0 for none


@dataclass(frozen=True)
class _Cut:
    """What makes the part of a machine. C(vnis): those of the links that cross, by their near ends."""

    home: Mapping[str, Machine]
    widths: Widths
    port: int
    vnis: Mapping[LinkName, int]

    def part(self, resources: Iterable[Resource], machine: Machine) -> dict[str, list[Mapping[str, Any]]]:
        """The topology of a machine."""
        items: dict[str, list[Mapping[str, Any]]] = {}
        for resource in resources:
            for kind, item in self._items(resource, machine):
                items.setdefault(kind, []).append(item)
        return items

    def _items(self, resource: Resource, machine: Machine) -> Iterator[tuple[str, Mapping[str, Any]]]:
        if isinstance(resource, Veth) and resource.far and resource.near.key in self.vnis:
            vni = self.vnis[resource.near.key]
            for end, other in ((resource.near, resource.far), (resource.far, resource.near)):
                if self.home[end.netns] is machine:
                    yield Vxlan.KIND, self._half(end, vni, machine, self.home[other.netns])
        elif self.home[min(resource.namespaces)] is machine:
            yield resource.KIND, self.widths.applied(resource)

    def _half(self, end: Interface, vni: int, machine: Machine, other: Machine) -> Mapping[str, Any]:
        """The end of a link that crosses, as a VXLAN device. It has one peer, so there is nothing to learn."""
        item = {name: getattr(end, name) for name in interface.OPTIONS}
        tunnel = {"id": vni, "local": machine.address, "remote": other.address, "dstport": self.port}
        where = {"underlay": ROOT, "learning": False, "mtu": self.widths.of(end.key)}
        return {**item, "addresses": list(end.addresses), **tunnel, **where}
