# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel to state: a few dumps a namespace, whatever number of objects is in it."""

from __future__ import annotations

import errno
import os
import pwd
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext, suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from . import decode, encode, iptables, namespaces, netlink, nsids, parallel, records
from . import state as states
from .decode import RawAddress, RawFdbEntry, RawLink
from .errors import LabError, naming, understood
from .features import KINDS, Feature
from .netlink import CREATE, Socket, Sockets
from .parallel import Looking
from .progress import Progress
from .requests import AF_BRIDGE, ROOT_QDISC
from .scope import Ask, Scope, Topic
from .settings import read_settings
from .state import LOWER, ROOT, FdbEntry, Link, LinkName, Namespace, Qdisc, Route, State, Vlan

_T = TypeVar("_T")


def read(
    scope: Scope, sockets: Sockets, progress: Progress | None = None, begun: Looking[_Reading | None] | None = None
) -> State:
    """The present state of the namespaces in scope; those that do not exist are left out.

    C(begun) is what C(begin) has begun. Raises LabError when the kernel does not tell.
    """
    with naming("see what is there"):
        return _read(scope, sockets, progress or Progress(), begun)


def begin(names: Sequence[str]) -> Looking[_Reading | None] | None:
    """Let other processes see what is in the namespaces, as C(read) will ask for it; None if that is not worth it."""
    scope = Scope(asked={Ask(Topic.FDB, name) for name in names})
    sockets = Sockets()

    def look(name: str) -> _Reading | None:
        try:
            return _try(name, scope, sockets)
        finally:
            sockets.forget(name)

    return parallel.begun(look, names)


def _read(scope: Scope, sockets: Sockets, progress: Progress, begun: Looking[_Reading | None] | None) -> State:
    there = sorted(scope.namespaces & {ROOT, *namespaces.entries()})
    readable = [name for name in there if name not in scope.unseen]
    tried = parallel.looked(lambda name: _try(name, scope, sockets), readable, progress, begun)
    found = [reading for reading in tried if reading]
    unseen = {name: Namespace(name) for name in there if name in scope.unseen and namespaces.exists(name)}
    state = State({**_Sight(found).namespaces(), **unseen}, lacking=_lacking(scope), lab=scope.lab)
    for name, wanted in scope.names(Topic.SETTING).items():
        if name in state.namespaces:
            state.namespaces[name].sysctls = read_settings(name, wanted)
    for name in scope.names(Topic.NAT):
        if name in state.namespaces:
            state.namespaces[name].nat = iptables.read(name)
    state.processes = records.observe(scope.lab, scope.names(Topic.PROCESS))
    commands = {name for wanted in scope.names(Topic.COMMAND).values() for name in wanted}
    state.commands = frozenset(name for name in commands if records.which(name))
    users = {name for wanted in scope.names(Topic.USER).values() for name in wanted}
    state.users = frozenset(name for name in users if _is_user(name))
    state.texts = _texts(path for wanted in scope.names(Topic.TEXT).values() for path in wanted)
    state.folders = dict(_folders(scope.names(Topic.FOLDER)))
    return state


def _is_user(name: str) -> bool:
    try:
        return bool(pwd.getpwnam(name))
    except KeyError:
        return False


def _texts(paths: Iterable[str]) -> dict[str, str]:
    found = {}
    for path in paths:
        with suppress(OSError, UnicodeDecodeError):
            found[path] = Path(path).read_text(encoding="utf-8")
    return found


def _folders(asked: Mapping[str, Iterable[str]]) -> Iterator[tuple[tuple[bool, str], frozenset[str]]]:
    """What is in each, of the machine itself and of a namespace that has just been made."""
    of_spaces = {path for netns, paths in asked.items() if netns != ROOT for path in paths}
    for path in asked.get(ROOT, ()):
        yield (True, path), _listed(path)
    with namespaces.anonymous() if of_spaces else nullcontext():
        listed = {path: _listed(path) for path in of_spaces}
    for path, names in listed.items():
        yield (False, path), names


def _listed(path: str) -> frozenset[str]:
    """What is in a folder; nothing where there is none."""
    try:
        return frozenset(os.listdir(path))
    except OSError:
        return frozenset()


def owner(netns: str, sockets: Sockets) -> str | None:
    """The lab that made a namespace, by the mark on its loopback; None also if somebody has just removed it."""
    try:
        with naming(f"see whose {states.describe(netns)} is"):
            answer = sockets.get(netns).execute([encode.link_message(netlink.GETLINK, index=netlink.LOOPBACK)])[0]
    except LabError:
        if namespaces.exists(netns):
            raise
        return None
    return states.owner(decode.link(answer.messages[0]).alias) if answer.messages else None


def _lacking(scope: Scope) -> frozenset[Feature]:
    return frozenset(feature for feature in scope.features if not _TRIALS[feature]())


@cache
def _has_vlan_filtering() -> bool:
    """Whether a bridge can be made that filters, by making one where it is in nobody's way."""
    with namespaces.anonymous():
        trial = Socket()
    data = {"attrs": [("IFLA_BR_VLAN_FILTERING", 1)]}
    info = {"attrs": [("IFLA_INFO_KIND", "bridge"), ("IFLA_INFO_DATA", data)]}
    message = encode.link_message(netlink.NEWLINK, CREATE, [("IFLA_IFNAME", "trial"), ("IFLA_LINKINFO", info)])
    try:
        refusal = trial.execute([message])[0].refusal
    finally:
        trial.close()
    return refusal is None or refusal.number != errno.EOPNOTSUPP


@cache
def _has_netem() -> bool:
    """Whether there can be a netem, by making one where it is in nobody's way."""
    with namespaces.anonymous():
        trial = Socket()
    attributes = [("TCA_KIND", "netem"), ("TCA_OPTIONS", encode.netem_options(1, 0, ()))]
    where = {"ifindex": netlink.LOOPBACK, "parent": ROOT_QDISC}
    try:
        refusal = trial.execute([encode.qdisc_message(netlink.NEWQDISC, CREATE, attributes, **where)])[0].refusal
    finally:
        trial.close()
    return refusal is None or refusal.number != errno.ENOENT


_TRIALS: dict[Feature, Callable[[], bool]] = {
    Feature.VLAN_FILTERING: _has_vlan_filtering,
    Feature.NETEM: _has_netem,
}


#: What is asked of every namespace: its interfaces without their statistics, its addresses, its routes.
_QUESTIONS = (
    encode.link_message(netlink.GETLINK, attributes=[("IFLA_EXT_MASK", netlink.WITHOUT_STATISTICS)]),
    encode.address_message(netlink.GETADDR),
    encode.route_message(netlink.GETROUTE),
)
_QUEUES = encode.qdisc_message(netlink.GETQDISC)
#: So many numbers that are asked for together take as long as one question to a namespace of its own, or less.
_TOGETHER = 4
#: What virtual interfaces have by themselves: before they are switched on first, and then.
_NO_QUEUE = ("noop", "noqueue")


class _Reading:
    """The dumps of one namespace, in which other namespaces and interfaces are numbers."""

    def __init__(self, name: str, scope: Scope, sockets: Sockets) -> None:
        self.name = name
        socket = sockets.get(name)
        links, addresses, routes = map(socket.dump, _QUESTIONS)
        with understood(f"what the kernel tells of {states.describe(name)}"):
            self._know(map(decode.link, links))
            self.addresses = _grouped(decode.address(data) for data in addresses)
            self.routes = [route for route in (decode.route(name, data, self.names) for data in routes) if route]
        tunnels = any(raw.kind == "vxlan" for raw in self.links.values())
        self.fdb = _fdb(socket) if tunnels and scope.wants(Topic.FDB, name) else {}
        filters = any(raw.settings.get("default_pvid") is not None for raw in self.links.values())
        self.vlans = _vlans(socket) if filters else {}
        queues = any(raw.qdisc not in _NO_QUEUE and raw.kind in KINDS for raw in self.links.values())
        self.qdiscs = _qdiscs(socket) if queues else {}

    def _know(self, links: Iterable[RawLink]) -> None:
        self.links = {raw.number: raw for raw in links}
        self.names = {raw.number: raw.name for raw in self.links.values()}

    def __getstate__(self) -> tuple[Any, ...]:
        """For another process. Of what there is by the thousand, plain tuples do: each object would name its class."""
        links = [tuple(raw) for raw in self.links.values()]
        addresses = {number: [tuple(each) for each in found] for number, found in self.addresses.items()}
        routes = [tuple(vars(route).values()) for route in self.routes]
        return self.name, links, addresses, routes, self.fdb, self.vlans, self.qdiscs

    def __setstate__(self, known: tuple[Any, ...]) -> None:
        self.name, links, addresses, routes, self.fdb, self.vlans, self.qdiscs = known
        self._know(map(RawLink._make, links))
        self.addresses = {number: [*map(RawAddress._make, found)] for number, found in addresses.items()}
        self.routes = [Route(*values) for values in routes]


def _fdb(socket: Socket) -> dict[int, list[RawFdbEntry]]:
    answers = socket.dump(encode.neighbour_message(netlink.GETNEIGH, family=AF_BRIDGE))
    with understood("what the kernel tells of forwarding databases"):
        return _grouped(decode.fdb(data) for data in answers)


def _vlans(socket: Socket) -> dict[int, list[Vlan]]:
    mask = [("IFLA_EXT_MASK", netlink.WITH_VLANS)]
    answers = socket.dump(encode.link_message(netlink.GETLINK, family=AF_BRIDGE, attributes=mask))
    with understood("what the kernel tells of VLANs"):
        return _grouped(pair for data in answers for pair in decode.vlans(data))


def _qdiscs(socket: Socket) -> dict[int, Qdisc]:
    answers = socket.dump(_QUEUES)
    with understood("what the kernel tells of queueing disciplines"):
        return dict(pair for pair in map(decode.qdisc, answers) if pair)


def _try(name: str, scope: Scope, sockets: Sockets) -> _Reading | None:
    """The dumps of a namespace; None if there is none: a mere file has its name, or somebody has just removed it."""
    if not namespaces.exists(name):
        return None
    try:
        with naming(f"see what is in {states.describe(name)}"):
            return _Reading(name, scope, sockets)
    except LabError:
        if namespaces.exists(name):
            raise
        return None


def _grouped(pairs: Iterable[tuple[int, _T] | None]) -> dict[int, list[_T]]:
    found: dict[int, list[_T]] = {}
    for pair in pairs:
        if pair:
            found.setdefault(pair[0], []).append(pair[1])
    return found


def _peers(addresses: Sequence[RawAddress]) -> dict[str, tuple[str, ...]]:
    """The peers of the addresses that have any."""
    joined = {each.text for each in addresses if each.peer}
    return {text: tuple(each.peer for each in addresses if each.text == text) for text in joined}


class _Sight:
    """All that was read, and which of it is meant by the numbers in it."""

    def __init__(self, readings: Iterable[_Reading]) -> None:
        self._readings = {each.name: each for each in readings}
        self._names: dict[str, dict[int, str]] = {}
        #: The other ends of pairs, by number, as far as one of the two namespaces has said where the other is.
        self._peers: dict[tuple[str, int], tuple[str, int]] = {}
        self._ask()

    def namespaces(self) -> dict[str, Namespace]:
        """The namespaces with their interfaces, addresses and routes."""
        return {each.name: self._namespace(each) for each in self._readings.values()}

    def _ask(self) -> None:
        """Find out what is meant by the numbers of namespaces.

        Those with most of them are asked first: what a switch knows need not be asked of the nodes around it. But one
        that knows too many to tell all at once has to be asked for each of all there are, so that where these are many
        more, the nodes around it are asked.
        """
        numbered = {
            each.name: [raw for raw in each.links.values() if raw.space is not None] for each in self._readings.values()
        }
        for each in self._readings.values():
            self._join(each.name, (raw for raw in each.links.values() if raw.space is None))
        asking = sorted((name for name in numbered if numbered[name]), key=lambda name: -len(numbered[name]))
        if not asking:
            return
        # the kernel looks for a number from the first to the last: most nodes are cabled with those that know many
        translation = nsids.Nsids(dict.fromkeys([*asking, ROOT, *self._readings]))
        try:
            for name in sorted(asking, key=lambda name: self._is_last(len(numbered[name]))):
                if any(raw.kind != "veth" or (name, raw.number) not in self._peers for raw in numbered[name]):
                    self._names[name] = translation.known(name)
                    self._join(name, numbered[name])
        finally:
            translation.close()

    def _is_last(self, known: int) -> bool:
        """Whether a namespace that knows so many others is asked for each of all, and these are many more."""
        return nsids.WHOLE < known < len(self._readings) / _TOGETHER

    def _join(self, netns: str, links: Iterable[RawLink]) -> None:
        """Note the pairs of a namespace whose numbers are known; both ends refer to each other: an index alone says
        nothing.
        """
        for raw in links:
            where = self._where(netns, raw) if raw.kind == "veth" else None
            other = self._readings[where].links.get(raw.lower) if where in self._readings else None
            if where is not None and other and other.lower == raw.number:
                self._peers[netns, raw.number] = where, raw.lower
                self._peers.setdefault((where, raw.lower), (netns, raw.number))

    def _namespace(self, reading: _Reading) -> Namespace:
        links = {raw.name: self._link(reading, raw) for raw in reading.links.values()}
        mark = states.owner(links["lo"].alias) if "lo" in links and reading.name != ROOT else None
        return Namespace(reading.name, mark, links, reading.routes)

    def _link(self, reading: _Reading, raw: RawLink) -> Link:
        base = self._where(reading.name, raw) if raw.settings else None
        addresses = reading.addresses.get(raw.number, ())
        return Link(
            netns=reading.name,
            name=raw.name,
            index=raw.number,
            kind=raw.kind,
            mac=raw.mac,
            mtu=raw.mtu,
            up=raw.up,
            alias=raw.alias,
            peer=self._peer(reading, raw) if raw.kind == "veth" else None,
            settings=self._settings(raw, base),
            base=base,
            master=reading.names.get(raw.master),
            vlans=frozenset(reading.vlans.get(raw.number, ())),
            addresses=tuple(dict.fromkeys(each.text for each in addresses)),
            peers=_peers(addresses),
            leased=frozenset(each.text for each in addresses if each.leased),
            fdb=frozenset(self._fdb(reading, raw, base)),
            qdisc=reading.qdiscs.get(raw.number),
        )

    def _where(self, netns: str, raw: RawLink) -> str | None:
        """The namespace of what an interface refers to; None if it is out of sight."""
        return netns if raw.space is None else self._names.get(netns, {}).get(raw.space)

    def _peer(self, reading: _Reading, raw: RawLink) -> LinkName | None:
        """The other end of a pair."""
        where, number = self._peers.get((reading.name, raw.number), (None, 0))
        return None if where is None else (where, self._readings[where].names[number])

    def _settings(self, raw: RawLink, base: str | None) -> Mapping[str, Any]:
        """The parameters of its kind, with the name of the interface that it stands on."""
        return {**raw.settings, LOWER[raw.kind]: self._name(base, raw.lower)} if raw.kind in LOWER else raw.settings

    def _fdb(self, reading: _Reading, raw: RawLink, base: str | None) -> Iterator[FdbEntry]:
        for mac, dst, via in reading.fdb.get(raw.number, ()):
            yield FdbEntry(mac, dst, self._name(base, via) or "")

    def _name(self, netns: str | None, index: int) -> str | None:
        return self._readings[netns].names.get(index) if netns in self._readings else None
