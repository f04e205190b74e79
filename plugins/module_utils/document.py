# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is there as a document: in the form of a topology, with each module's own options. Pure.

A topology of what this tells, run on the same machine, finds nothing to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, Callable

from . import nat
from . import state as states
from .command import Spot
from .kinds import KINDS, BridgeVlan, Macvlan, Netns, Resource, Route, Service, Sysctl, Veth, Vxlan, iptables_nat, route
from .lean import cached_property, dataclass
from .merging import Items
from .operations import Operation
from .options import accepted
from .state import ROOT, Link, LinkName, State

#: Of each kind of interface, as the kernel calls it, the resource that makes one, and how that tells of it.
_LINKS: Mapping[str, tuple[type[Resource], Callable[[Link | None, State], dict[str, Any] | None]]] = {
    "veth": (Veth, Veth.live_link),
    "macvlan": (Macvlan, Macvlan.live_link),
    "vxlan": (Vxlan, Vxlan.live_link),
    "bridge": (BridgeVlan, BridgeVlan.live_link),
}
#: What every loopback that is up has.
_LOOPBACK = frozenset(("127.0.0.1/8", "::1/128"))


@dataclass(frozen=True)
class Part:
    """What of a state is told: all that is in C(spaces), and what in the root namespace is the lab's.

    That is what bears its mark or is C(declared). C(lab) is empty for what belongs to no lab.
    """

    state: State
    spaces: frozenset[str]
    lab: str = ""
    declared: Sequence[Resource] = field(default=())

    def live(self) -> Items:
        """Lists of items by kind, in the order of the kinds; those that are empty are left out."""
        found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
        for kind, item in self._items():
            found[kind].append(item)
        return {kind: items for kind, items in found.items() if items}

    def _items(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for name in sorted(self.spaces - {ROOT}):
            yield Netns.KIND, {"name": name, "loopback": self.state.namespaces[name].lo.up}
        for link in self._links():
            if link.kind in _LINKS:
                yield _LINKS[link.kind][0].KIND, _link_item(link, self.state)
        for each in self._routes():
            yield Route.KIND, accepted(route.live(each), Route.OPTIONS)
        for item in self._sets():
            yield iptables_nat.IptablesNat.KIND, accepted(item, iptables_nat.IptablesNat.OPTIONS)
        for resource in (*filter(_is_setting, self.declared), *self._services()):
            found = resource.item(self.state)
            if found:
                yield resource.KIND, found

    def others(self) -> dict[str, list[dict[str, Any]]]:
        """What no module of this collection makes: interfaces of other kinds, rules that say more than ours can."""
        links = [_other_link(link) for link in self._links() if link.kind not in _LINKS and not _is_plain_lo(link)]
        return {"links": links, "nat": list(self._other_rules())}

    def processes(self) -> list[dict[str, Any]]:
        """What is known of long-lived commands besides their options: whether they run, what they lease or are told."""
        return [
            {"module": each.KIND, "name": each.name, **_beyond(each.live(self.state), each)}
            for each in self._services()
        ]

    def _links(self) -> Iterator[Link]:
        """The interfaces, of each pair one: that from which it is declared, else the first."""
        near = {resource.ends()[0].key for resource in self.declared if resource.ends()}
        ours = sorted(filter(self._has, self.state.links()), key=lambda link: (link.key not in near, link.key))
        told: set[LinkName] = set()
        for link in ours:
            if link.key not in told:
                told.update(key for key in (link.key, link.peer) if key)
                yield link

    def _has(self, link: Link) -> bool:
        mark = states.owner(link.alias)
        if link.netns in self.spaces:
            return link.netns != ROOT or (mark or "") == self.lab
        return mark == self.lab or link.key in self._ends

    @cached_property
    def _ends(self) -> set[LinkName]:
        return {end.key for resource in self.declared for end in resource.ends()}

    def _routes(self) -> Iterator[states.Route]:
        """Those that the kernel did not make from an address."""
        declared = {resource.entry.key for resource in self.declared if isinstance(resource, Route)}
        for name in sorted(self.state.namespaces):
            for each in self.state.routes(name):
                if not each.connected and (name in self.spaces or each.key in declared):
                    yield each

    def _sets(self) -> Iterator[dict[str, Any]]:
        """The sets of rules of address translation that bear a mark of ours."""
        for name, space in sorted(self.state.namespaces.items()):
            for item in iptables_nat.items(name, space.nat):
                if (nat.lab_of(item["mark"]) or "") == self.lab if name == ROOT else name in self.spaces:
                    yield item

    def _other_rules(self) -> Iterator[dict[str, Any]]:
        for name in sorted(self.spaces):
            for version, table in sorted(self.state.namespaces[name].nat.items()):
                for line in table.rules:
                    if not nat.mark_of(line) or not nat.read(line):
                        yield {"netns": name, "rule": f"{nat.PROGRAMS[version]} -t nat {line}"}

    def _services(self) -> Iterator[Service]:
        for process in sorted(self.state.processes.values(), key=lambda each: each.spot):
            service = _service(process.spot)
            if service:
                yield service


def drift(steps: Iterable[Operation]) -> list[dict[str, Any]]:
    """The steps of a plan, each with the lines that go and those that come."""
    return [{"change": step.title, "before": list(step.lost), "after": list(step.gained)} for step in steps]


def _is_setting(resource: Resource) -> bool:
    return isinstance(resource, Sysctl)


def _link_item(link: Link, state: State) -> dict[str, Any]:
    resource, live = _LINKS[link.kind]
    found = live(link, state) or {}
    if link.kind == "bridge" and found["default_pvid"] is None:  # the kernel has no VLANs on bridges
        found.update(vlans=None, ports=[{"name": port["name"]} for port in found["ports"]])
    return accepted(found, resource.OPTIONS)


def _other_link(link: Link) -> dict[str, Any]:
    names = ("name", "netns", "kind", "mac", "mtu", "up", "master")
    return {**{name: getattr(link, name) for name in names}, "addresses": list(link.addresses)}


def _is_plain_lo(link: Link) -> bool:
    return link.name == "lo" and frozenset(link.addresses) <= _LOOPBACK


def _service(spot: Spot) -> Service | None:
    """The resource that means a process of ours, None for a directory that is none's."""
    kind = KINDS.get(spot.kind)
    if kind is None or not issubclass(kind, Service):
        return None
    found = kind.parse(kind.remains(spot), "")
    return found if isinstance(found, Service) else None


def _beyond(found: Mapping[str, Any] | None, service: Service) -> dict[str, Any]:
    """What a process tells that is none of its options, and its namespace."""
    return {name: value for name, value in (found or {}).items() if name == "netns" or name not in service.OPTIONS}
