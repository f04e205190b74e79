# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VXLAN devices: Ethernet over UDP (RFC 7348; ip-link(8)). Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from .. import values
from ..errors import LabError
from ..lean import dataclass
from ..operations import AddFdb, CreateOverlay, Operation, RemoveFdb
from ..options import Option, Options, read
from ..scope import Ask, Topic
from ..state import ROOT, FdbEntry, Link, LinkName, State
from . import interface
from .base import Claim, Resource, at
from .interface import ETHERNET_MTU, Interface, change_settings, configure
from .removal import removable, remove_link

#: What it takes of the MTU below it, by IP version, in bytes: IP, UDP (8), VXLAN (8) and the inner Ethernet (14).
HEADERS = {4: 20 + 8 + 8 + 14, 6: 40 + 8 + 8 + 14}

_FDB_ENTRY = {
    "mac": Option(value=values.mac, required=True),
    "dst": Option(value=values.somebodys, required=True),
}
#: What the kernel lets change on a device that exists (vxlan_changelink in drivers/net/vxlan).
_CHANGEABLE = ("remote", "group", "local", "dev", "learning", "ttl")
#: Of these, what the kernel has where nobody says anything.
_UNSET = {"remote": None, "group": None, "local": None, "dev": None, "ttl": 0}
#: Those that say where frames to unknown stations go: one takes the place of the other.
_FLOOD = ("remote", "group")
_ENDS = (*_FLOOD, "local")


@dataclass(frozen=True)
class Vxlan(Resource):
    """A VTEP: the overlay's interface in C(end.netns), its UDP socket in C(underlay).

    C(stale) are entries that the lab declared before and that are no longer declared.
    """

    KIND = "vxlan"
    OPTIONS: ClassVar[Options] = {
        **interface.OPTIONS,
        "id": Option("int", value=values.vni),
        "remote": Option(value=values.unicast),
        "group": Option(value=values.multicast),
        "local": Option(value=values.unicast),
        "dstport": Option("int", value=values.port, default=values.VXLAN_PORT),
        "dev": Option(value=values.name),
        "learning": Option("bool", default=True),
        "ttl": Option("int", value=values.ttl),
        "fdb": Option("list", elements="dict", options=_FDB_ENTRY),
        "underlay": Option(value=values.namespace_or_root),
    }

    end: Interface
    id: int
    underlay: str
    settings: Mapping[str, Any]
    fdb: tuple[FdbEntry, ...] | None
    stale: frozenset[FdbEntry] = frozenset()

    @classmethod
    def parse(cls, item: Mapping[str, Any], place: str) -> Vxlan:
        options = read(item, cls.OPTIONS, place)
        end = Interface.of(options, place)
        _check(options, place)
        names = ("id", "dstport", *_CHANGEABLE)
        return cls(
            place=place,
            given=item,
            end=end,
            id=options["id"],
            underlay=end.netns if options["underlay"] is None else options["underlay"],
            settings={name: options[name] for name in names if options[name] is not None},
            fdb=None if options["fdb"] is None else tuple(FdbEntry(**each) for each in options["fdb"]),
        )

    def ends(self) -> tuple[Interface, ...]:
        return (self.end,)

    def spaces(self) -> Iterator[tuple[str, str]]:
        yield self.end.netns, at(self.place, "netns")
        yield self.underlay, at(self.place, "underlay")

    def devices(self) -> Iterator[tuple[LinkName, str]]:
        if self.settings.get("dev"):
            yield (self.underlay, self.settings["dev"]), at(self.place, "dev")

    def asks(self) -> Iterator[Ask]:
        yield Ask(Topic.FDB, self.end.netns)

    def unmarked(self) -> Iterator[Claim]:
        if self.underlay == ROOT and self.id is not None:
            thing = f"VNI {self.id} on port {self.settings['dstport']} of the root namespace"
            yield Claim(("vni", *self.vni), thing, at(self.place, "id"))

    @property
    def version(self) -> int:
        """That of IP below it."""
        return min(_versions(self.settings))

    @property
    def vni(self) -> tuple[int, int, int]:
        """By what the kernel tells VXLANs of one underlay apart (vxlan_config_validate in drivers/net/vxlan)."""
        return self.settings["dstport"], self.id, self.version

    def natural_mtu(self, below: int | None) -> int:
        return below - HEADERS[self.version] if below else ETHERNET_MTU

    def succeed(self, former: Resource) -> Resource:
        if not isinstance(former, Vxlan):
            return self
        said = {*self.settings, *(_FLOOD if _flood(self.settings) else ())}
        dropped = {name: value for name, value in _UNSET.items() if name in former.settings and name not in said}
        stale = self.stale | (frozenset(former.fdb or ()) - frozenset(self.fdb or ()))
        return replace(self, end=self.end.succeed(former.end), settings={**self.settings, **dropped}, stale=stale)

    def obsolete(self, state: State) -> Iterable[Link]:
        link = state.link(self.end.key)
        return (link,) if link and not self._can_become(link) else ()

    def _can_become(self, link: Link) -> bool:
        if link.kind != "vxlan" or link.base != self.underlay:
            return False
        if any(link.settings[name] != self.settings[name] for name in ("id", "dstport")):
            return False
        after = self._after(link)
        # it joins its group when it goes up, and until Linux 6.15 at no other time
        if link.up and _joined(link.settings) != _joined(after):
            return False
        # the kernel never changes the IP version of one, and does not tell that of one without ends
        return _versions(link.settings) == _versions(after)

    def _after(self, link: Link | None) -> dict[str, Any]:
        """The settings that it comes to have; those that are not declared may have been set by hand."""
        return {**(link.settings if link else {}), **self._neither(), **self.settings}

    def complete(self) -> Resource:
        if self.id is None:
            raise LabError("is required", at(self.place, "id"))
        return self

    def present(self, state: State, alias: str | None) -> Iterator[Operation]:
        link = state.link(self.end.key)
        self._check_entries(link)
        if link is None:
            end = self.end
            yield CreateOverlay(end.netns, end.name, None, end.mac, self.KIND, self.underlay, self.settings)
        else:
            yield from self._give_way(link)
            yield from change_settings(link, {**self._neither(), **self.settings})
        yield from configure(self.end, link, alias, mtu_at_birth=False)
        yield from self._entries(link)

    def _check_entries(self, link: Link | None) -> None:
        """Raises LabError for one that leads nowhere: a device sends over one version of IP."""
        version = min(_versions(self._after(link)))
        for i, entry in enumerate(self.fdb or ()):
            if _version(entry.dst) != version:
                hint = "it is for the version that local, remote or group has, and for IPv4 without these"
                raise LabError(f"the device sends over IPv{version}", at(self.place, f"fdb[{i}].dst"), hint)

    def _neither(self) -> dict[str, Any]:
        """Who declares remote or group declares that there is not the other: the kernel has one place for both."""
        return dict.fromkeys(_FLOOD) if _flood(self.settings) else {}

    def _give_way(self, link: Link) -> Iterator[Operation]:
        """What the kernel makes of a new remote goes first if it is there: else undoing the remote would remove it."""
        flood = self._flood_entry(link)
        if flood and flood.dst != _flood(link.settings):
            for entry in sorted(each for each in link.fdb if each[:2] == flood[:2]):
                yield RemoveFdb(self.end.netns, self.end.name, self.underlay, entry)

    def _entries(self, link: Link | None) -> Iterator[Operation]:
        flood = self._flood_entry(link)
        have = _after_change(link, flood)
        declared = {entry for entry in self.fdb or () if not flood or entry[:2] != flood[:2]}
        want = declared | ({flood} if flood else set())
        for entry in sorted(have - want):
            if self.fdb is not None or entry in self.stale or (flood and entry[:2] == flood[:2]):
                yield RemoveFdb(self.end.netns, self.end.name, self.underlay, entry)
        for entry in sorted(want - have):
            yield AddFdb(self.end.netns, self.end.name, self.underlay, entry)

    def _flood_entry(self, link: Link | None) -> FdbEntry | None:
        """The entry that belongs to the remote or the group; what is not declared may have been set by hand."""
        settings: Mapping[str, Any] = {**(link.settings if link and not _flood(self.settings) else {}), **self.settings}
        dst = _flood(settings)
        dev = settings.get("dev") or (link.settings["dev"] if link else None)
        return FdbEntry(values.UNKNOWN_STATION, dst, dev or "") if dst else None

    def live(self, state: State) -> dict[str, Any] | None:
        return self.live_link(state.link(self.end.key), state)

    @classmethod
    def live_link(cls, link: Link | None, _state: State) -> dict[str, Any] | None:
        """An observed interface as data, for results."""
        found = interface.live(link)
        if found and link and link.kind == cls.KIND:
            found.update(link.settings, underlay=link.base)
            found["fdb"] = [{"mac": entry.mac, "dst": entry.dst} for entry in sorted(link.fdb)]
        return found

    def absent(self, state: State) -> Iterator[Operation]:
        for link in removable(self.ends(), "vxlan", state):
            yield remove_link(link, state)


def _check(options: Mapping[str, Any], place: str) -> None:
    if options["remote"] and options["group"]:
        raise LabError("remote and group exclude each other: a device has one or the other", at(place, "group"))
    if options["group"] and not options["dev"]:
        raise LabError("is required with group: multicast needs an interface", at(place, "dev"))
    ends = [value for value in (options["remote"] or options["group"], options["local"]) if value]
    if len({_version(value) for value in ends}) > 1:
        raise LabError(f"{ends[1]} and {ends[0]} are of different IP versions", at(place, "local"))
    _check_fdb(options["fdb"] or (), at(place, "fdb"))


def _joined(settings: Mapping[str, Any]) -> tuple[str, str | None] | None:
    """The group that the device joins, and the interface on which it does."""
    return (settings["group"], settings.get("dev")) if settings.get("group") else None


def _check_fdb(entries: Iterable[Mapping[str, str]], place: str) -> None:
    seen: set[Any] = set()
    for i, entry in enumerate(entries):
        key = (entry["mac"], entry["dst"]) if values.is_flooded(entry["mac"]) else entry["mac"]
        if key in seen:
            raise LabError(f"{entry['mac']} has an entry already: a station is behind one VTEP", f"{place}[{i}]")
        seen.add(key)


def _after_change(link: Link | None, flood: FdbEntry | None) -> frozenset[FdbEntry]:
    """The entries once the parameters are changed: the kernel makes that of a new remote, and removes the old one's."""
    if link is None:
        return frozenset({flood} if flood else ())
    had = _flood(link.settings)
    if flood and flood.dst == had:
        return link.fdb
    gone = {(values.UNKNOWN_STATION, had), *({flood[:2]} if flood else ())}
    return frozenset(entry for entry in link.fdb if entry[:2] not in gone) | ({flood} if flood else set())


def _flood(settings: Mapping[str, Any]) -> str | None:
    """Where frames to unknown stations go, by the device's own parameters."""
    return next((settings[name] for name in _FLOOD if settings.get(name)), None)


def _version(value: str) -> int:
    return ipaddress.ip_address(value).version


def _versions(settings: Mapping[str, Any]) -> set[int]:
    """Those of IP below it, by its ends: one, unless some are to stay that do not go with the others. Without: IPv4."""
    return {_version(settings[name]) for name in _ENDS if settings.get(name)} or {4}
