# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bridges, their ports, and the VLANs of both (bridge(8), Documentation/networking/bridge.rst). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from .. import values
from ..errors import LabError
from ..features import Feature
from ..lean import dataclass
from ..operations import CreateDevice, Operation, SetLink
from ..options import Option, Options, read
from ..state import ROOT, Link, LinkName, State, Vlan
from . import interface, vlans
from .base import Claim, Resource, at, port_claim
from .interface import Interface, change_settings, configure
from .removal import removable, remove_link

_VLAN: Options = {
    "vid": Option("int", value=values.vid, required=True),
    "pvid": Option("bool", default=False),
    "untagged": Option("bool", default=False),
}
_VLANS = Option("list", elements="dict", options=_VLAN)
_PORT: Options = {"name": Option(value=values.link_name, required=True), "vlans": _VLANS}
#: What the kernel lets change on a bridge that exists, with what it has where nobody says anything.
_SETTINGS = {"vlan_filtering": False, "stp": False, "ageing_time": 300, "multicast_snooping": True}
#: BR_MAX_PORTS in net/bridge/br_private.h, of which the kernel gives no port the number 0.
_MOST_PORTS = 1023


@dataclass(frozen=True)
class Port:
    """A declared port; C(vlans) None is not managed, otherwise they are exactly these."""

    name: str
    vlans: frozenset[Vlan] | None
    place: str


@dataclass(frozen=True)
class BridgeVlan(Resource):
    """A bridge and its ports. C(stale) are ports that the lab declared before and that are no longer declared."""

    KIND = "bridge_vlan"
    OPTIONS: ClassVar[Options] = {
        **interface.OPTIONS,
        "ports": Option("list", elements="dict", options=_PORT, default=[]),
        "purge_ports": Option("bool", default=False),
        "vlans": _VLANS,
        "vlan_filtering": Option("bool"),
        "stp": Option("bool"),
        "ageing_time": Option("int", value=values.ageing),
        "multicast_snooping": Option("bool"),
    }

    end: Interface
    ports: tuple[Port, ...]
    purge_ports: bool
    vlans: frozenset[Vlan] | None
    settings: Mapping[str, Any]
    stale: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, item: Mapping[str, Any], place: str) -> BridgeVlan:
        options = read(item, cls.OPTIONS, place)
        ports = [_port(port, at(place, f"ports[{i}]")) for i, port in enumerate(options["ports"])]
        end = Interface.of(options, place)
        _check_ports(ports, end)
        return cls(
            place=place,
            given=item,
            end=end,
            ports=tuple(ports),
            purge_ports=options["purge_ports"],
            vlans=_vlans(options["vlans"], at(place, "vlans")),
            settings={name: options[name] for name in _SETTINGS if options[name] is not None},
        )

    def ends(self) -> tuple[Interface, ...]:
        return (self.end,)

    def spaces(self) -> Iterator[tuple[str, str]]:
        yield self.end.netns, at(self.place, "netns")

    def devices(self) -> Iterator[tuple[LinkName, str]]:
        for port in self.ports:
            yield (self.end.netns, port.name), at(port.place, "name")

    def takes(self) -> Iterator[tuple[LinkName, str]]:
        return self.devices()

    def unmarked(self) -> Iterator[Claim]:
        if self.end.netns == ROOT:
            yield from (port_claim(name, place) for (_netns, name), place in self.devices())

    def unique(self) -> Iterator[tuple[tuple[Any, ...], str]]:
        yield from super().unique()
        for port in self.ports:
            yield ("port", self.end.netns, port.name), at(port.place, "name")

    def needs(self) -> Iterator[tuple[Feature, str]]:
        yield from super().needs()
        given = [(self.settings.get("vlan_filtering"), at(self.place, "vlan_filtering"))]
        given += [(self.vlans is not None, at(self.place, "vlans"))]
        given += [(port.vlans is not None, at(port.place, "vlans")) for port in self.ports]
        for wanted, place in given:
            if wanted:
                yield Feature.VLAN_FILTERING, place

    def succeed(self, former: Resource) -> Resource:
        if not isinstance(former, BridgeVlan):
            return self
        had = {port.name: port for port in former.ports}
        dropped = {name: value for name, value in _SETTINGS.items() if name in former.settings}
        return replace(
            self,
            end=self.end.succeed(former.end),
            ports=tuple(replace(port, vlans=_succeeding(port, had.get(port.name))) for port in self.ports),
            vlans=_succeeding(self, former),
            settings={**dropped, **self.settings},
            stale=self.stale | (had.keys() - {port.name for port in self.ports}),
        )

    def obsolete(self, state: State) -> Iterable[Link]:
        link = state.link(self.end.key)
        return (link,) if link and (link.kind != "bridge" or self._is_too_late(link)) else ()

    def _is_too_late(self, link: Link) -> bool:
        """Whether it lacks a VLAN and can get none: it has no MAC address, and no port from which to take one.

        For each VLAN of its own, the kernel enters that address in the forwarding database (C(br_fdb_add_local) in
        net/bridge/br_fdb.c).
        """
        new = {vlan.vid for vlan in self.vlans or ()} - {vlan.vid for vlan in link.vlans}
        return bool(new) and not self.ports and self._is_nobody(link)

    def _is_nobody(self, link: Link) -> bool:
        """Whether it loses its MAC address with its last port, or has done so: then it takes that of the next one.

        It keeps one that it was given (C(br_stp_recalculate_bridge_id) in net/bridge/br_stp_if.c).
        """
        return not link.station or (link.deserted and link.mac != self.end.mac)

    def beforehand(self, state: State) -> Iterator[Operation]:
        link = state.link(self.end.key)
        if link is None:
            return
        yield from change_settings(link, self._comparable(link))
        if not self._is_nobody(link):  # as long as it has a port, which may go to another bridge
            yield from self._own_vlans(link)
        yield from self._release(link, state)

    def present(self, state: State, alias: str | None) -> Iterator[Operation]:
        link, end = state.link(self.end.key), self.end
        if link is None:
            yield CreateDevice(end.netns, end.name, None, end.mac, "bridge", end.netns, self.settings)
            yield from self._own_vlans(None)
        for port in self.ports:
            yield from self._join(port, state, link)
        if link is not None and self._is_nobody(link):
            yield from self._own_vlans(link)
        if link is None and end.mtu is not None:  # an MTU from before the ports came gives way to theirs
            yield SetLink(end.netns, end.name, after={"mtu": end.mtu})
        yield from configure(end, link, alias)  # up at last: a bridge that is up floods to each port that joins

    def _own_vlans(self, link: Link | None) -> Iterator[Operation]:
        if self.vlans is not None:
            have = link.vlans if link else vlans.initial(None)
            yield from vlans.change(self.end.netns, self.end.name, have, self.vlans, own=True)

    def _comparable(self, link: Link) -> Mapping[str, Any]:
        """Without the ageing time while nobody can know what it is."""
        unknown = link.kind == "bridge" and link.settings.get("ageing_time") is None
        return {name: value for name, value in self.settings.items() if not (unknown and name == "ageing_time")}

    def _release(self, link: Link, state: State) -> Iterator[Operation]:
        declared = {port.name for port in self.ports}
        for port in state.ports_of(link):
            if port.name in self.stale or (self.purge_ports and port.name not in declared):
                yield vlans.move(port, None, state)

    def _join(self, port: Port, state: State, bridge: Link | None) -> Iterator[Operation]:
        netns, name = self.end.key
        link = state.link((netns, port.name))
        joined = link is not None and link.master == name
        if link is None:
            yield SetLink(netns, port.name, after={"master": name})
        elif not joined:
            yield vlans.move(link, name, state)
        if port.vlans is not None:
            have = link.vlans if link and joined else vlans.initial(bridge)
            yield from vlans.change(netns, port.name, have, port.vlans)

    def live(self, state: State) -> dict[str, Any] | None:
        return self.live_link(state.link(self.end.key), state)

    @staticmethod
    def live_link(link: Link | None, state: State) -> dict[str, Any] | None:
        """An observed interface as data, for results."""
        found = interface.live(link)
        if found and link and link.kind == "bridge":
            found.update(link.settings, vlans=_live_vlans(link))
            found["ports"] = [{"name": port.name, "vlans": _live_vlans(port)} for port in state.ports_of(link)]
        return found

    def absent(self, state: State) -> Iterator[Operation]:
        for link in removable(self.ends(), "bridge", state):
            yield remove_link(link, state)


def _succeeding(now: Port | BridgeVlan, former: Port | BridgeVlan | None) -> frozenset[Vlan] | None:
    """The VLANs that are declared, or else those of the kernel if some were declared before."""
    dropped = now.vlans is None and former is not None and former.vlans is not None
    return vlans.initial(None) if dropped else now.vlans


def _port(options: Mapping[str, Any], place: str) -> Port:
    return Port(options["name"], _vlans(options["vlans"], at(place, "vlans")), place)


def _check_ports(ports: Sequence[Port], bridge: Interface) -> None:
    if len(ports) > _MOST_PORTS:
        raise LabError(f"a bridge has {_MOST_PORTS} ports at most", at(ports[_MOST_PORTS].place, "name"))
    seen: set[str] = set()
    for port in ports:
        if port.name == bridge.name:
            raise LabError("a bridge is no port of itself", at(port.place, "name"))
        if port.name in seen:
            raise LabError(f"{port.name!r} is a port already", at(port.place, "name"))
        seen.add(port.name)


def _vlans(items: Iterable[Mapping[str, Any]] | None, place: str) -> frozenset[Vlan] | None:
    """The VLANs as declared, each once, and one PVID at most: it is where untagged frames go."""
    if items is None:
        return None
    found: dict[int, Vlan] = {}
    for i, item in enumerate(items):
        vlan = Vlan(**item)
        if vlan.vid in found:
            raise LabError(f"VLAN {vlan.vid} is given twice", f"{place}[{i}].vid")
        if vlan.pvid and any(other.pvid for other in found.values()):
            raise LabError("there is a PVID already, a port has one", f"{place}[{i}].pvid")
        found[vlan.vid] = vlan
    return frozenset(found.values())


def _live_vlans(link: Link) -> list[dict[str, Any]]:
    return [vlan._asdict() for vlan in sorted(link.vlans)]
