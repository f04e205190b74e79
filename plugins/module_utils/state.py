# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is there now, as plain data: read by C(observe), compared by the kinds. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from .lean import cached_property, dataclass

if TYPE_CHECKING:
    from .command import Command, Spot
    from .features import Feature

#: The name of the namespace that the module itself runs in.
ROOT = ""

_MARK = "tcpip.lab:"

#: The setting that names the interface on which one of this kind stands, and with which it goes.
LOWER = {"vxlan": "dev", "macvlan": "parent"}

#: Protocols of routes (linux/rtnetlink.h); that by hand is the one that ip-route(8) gives to what a person adds.
BY_KERNEL, BY_HAND, BY_STATIC, BY_DHCP = 2, 3, 4, 16

#: An interface is named by its namespace and its name in it.
LinkName = tuple[str, str]


def describe(netns: str) -> str:
    """A namespace in words, for messages."""
    return f"namespace {netns!r}" if netns else "the root namespace"


def mark(lab: str) -> str:
    """The alias that a link made by the lab carries; a namespace carries it on its loopback."""
    return _MARK + lab


def owner(alias: str) -> str | None:
    """The lab that an alias names, None if it is not a mark of ours."""
    return alias[len(_MARK) :] if alias.startswith(_MARK) else None


class Vlan(NamedTuple):
    """A VLAN of a bridge's port (bridge(8)): C(pvid), it takes untagged frames in; C(untagged), it sends them so."""

    vid: int
    pvid: bool = False
    untagged: bool = False


class Netem(NamedTuple):
    """What netem does to the packets that an interface sends (tc-netem(8)), in the kernel's units; 0 is nothing.

    C(delay) and C(jitter) are in nanoseconds, C(loss) in parts of 2**32 - 1, C(rate) in bytes a second. C(more): it
    does something besides, such as to duplicate packets.
    """

    delay: int = 0
    jitter: int = 0
    loss: int = 0
    rate: int = 0
    more: bool = False


class Qdisc(NamedTuple):
    """The queueing discipline of an interface, where it is not the kernel's own.

    C(netem) is what it does if it is one, None for other kinds. C(handle) and C(options) are as the kernel tells them.
    """

    kind: str
    netem: Netem | None = None
    handle: int = 0
    options: bytes = b""


class FdbEntry(NamedTuple):
    """Where a VXLAN sends the frames for a MAC address: to C(dst), by the interface C(via) of its base if not empty."""

    mac: str
    dst: str
    via: str = ""


@dataclass(frozen=True)
class Link:
    """One interface. C(kind) is empty for hardware.

    C(settings) are the parameters of its kind under the names that the kind's module gives them. C(base) is the
    namespace that it stands in: of a VXLAN that of its underlay, of a macvlan that of its parent. C(peer) and C(base)
    are None where they lie out of sight. C(master) is the bridge that it is a port of, C(vlans) those it is in.
    C(qdisc) is None where it is the kernel's own. C(leased) are those of the addresses that have an end, by DHCP or
    a router's advertisement.
    C(peers): where an address has a peer, all that it has; empty is one for the address without a peer.
    C(deserted): it is a bridge whose last port goes.
    """

    netns: str
    name: str
    index: int = 0
    kind: str = ""
    mac: str = ""
    mtu: int = 0
    up: bool = False
    alias: str = ""
    peer: LinkName | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    base: str | None = None
    master: str | None = None
    vlans: frozenset[Vlan] = frozenset()
    addresses: tuple[str, ...] = ()
    peers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fdb: frozenset[FdbEntry] = frozenset()
    qdisc: Qdisc | None = None
    leased: frozenset[str] = field(default=frozenset(), compare=False)
    deserted: bool = False

    @property
    def key(self) -> LinkName:
        """Namespace and name."""
        return self.netns, self.name

    @property
    def station(self) -> str | None:
        """Its MAC address, if that is one: a bridge has none once it has lost its last port."""
        return self.mac if self.mac.strip("0:") else None

    def peers_of(self, address: str) -> tuple[str, ...]:
        """The peer of each time that it has the address, empty for that without one."""
        return self.peers.get(address, ("",)) if address in self.addresses else ()


@dataclass(frozen=True)
class Route:
    """One route of one routing table. C(via), C(dev) and C(source) are None where the route has none.

    C(protocol) says who made it.
    """

    netns: str
    family: int
    dst: str
    via: str | None = None
    dev: str | None = None
    metric: int = 0
    table: int = 254
    source: str | None = None
    type: str = "unicast"
    protocol: int = field(default=BY_HAND, compare=False)

    @property
    def connected(self) -> bool:
        """Whether the kernel made it itself, from an address."""
        return self.protocol == BY_KERNEL

    @property
    def key(self) -> tuple[str, int, str, int, int]:
        """What the kernel tells routes apart by: family, destination, table and metric, in a namespace."""
        return self.netns, self.family, self.dst, self.table, self.metric


@dataclass(frozen=True)
class Process:
    """One of our long-lived commands, or what is left of it.

    C(pid) is 0 if it does not run, or has not been seen to get ready. C(command) is None if its record is lost.
    C(in_place): it runs in the namespace, and writes to the file, that has the name now. C(indexes) are the numbers
    that the interfaces which it is bound to had when it was started. C(altered) are its files that are not as they were
    given, None if one is gone. C(data) are the texts that it has written. C(told) is what it says of itself when it is
    asked, None if it cannot be, or does not answer.
    """

    spot: Spot
    command: Command | None = None
    pid: int = 0
    in_place: bool = True
    indexes: Mapping[str, int] = field(default_factory=dict)
    altered: Mapping[str, str | None] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Nat:
    """The table nat of one IP version: whether it exists, and its rules as iptables-save(8) writes them.

    C(unseen) says why nothing is known of it, and is empty otherwise.
    """

    there: bool = False
    rules: tuple[str, ...] = ()
    unseen: str = ""


#: The tables of a namespace of which none was read, or that is still to be made.
_NO_NAT: Mapping[int, Nat] = {4: Nat(), 6: Nat()}


@dataclass
class Namespace:
    """What one namespace holds, and the lab that made it (None for the root namespace and for strangers)."""

    name: str
    owner: str | None = None
    links: dict[str, Link] = field(default_factory=dict)
    routes: list[Route] = field(default_factory=list)
    sysctls: dict[str, str] = field(default_factory=dict)
    nat: Mapping[int, Nat] = field(default_factory=dict)

    @property
    def lo(self) -> Link:
        """The loopback, which every namespace has."""
        return self.links.get("lo") or Link(self.name, "lo")


@dataclass
class State:
    """All namespaces that a run looks at; one that does not exist is not in it.

    C(lab) is the lab that looks, empty for none. C(lacking) are those of the features that were asked for that the
    kernel does not have.
    C(first_values) are the settings as they were before we first changed them, by namespace and name. C(processes) are
    ours, by module, namespace and name. C(commands) are those on this machine of the commands that were asked about.
    C(users) are those of this machine of the users who were asked about.
    C(texts) are the contents of files that were asked about and can be read, by path; C(folders) are the names in
    folders under /proc/sys, none where there is no such folder, by whether it is of the machine itself or of a new
    namespace, and path.
    """

    namespaces: dict[str, Namespace] = field(default_factory=dict)
    first_values: dict[tuple[str, str], str] = field(default_factory=dict)
    lacking: frozenset[Feature] = frozenset()
    processes: dict[tuple[str, str, str], Process] = field(default_factory=dict)
    commands: frozenset[str] = frozenset()
    lab: str = ""
    users: frozenset[str] = frozenset()
    texts: dict[str, str] = field(default_factory=dict)
    folders: dict[tuple[bool, str], frozenset[str]] = field(default_factory=dict)

    def link(self, key: LinkName) -> Link | None:
        """The interface of that name in that namespace."""
        namespace = self.namespaces.get(key[0])
        return namespace.links.get(key[1]) if namespace else None

    def links(self) -> Iterator[Link]:
        """Every interface in sight."""
        for namespace in self.namespaces.values():
            yield from namespace.links.values()

    def routes(self, netns: str) -> list[Route]:
        """The routes of a namespace, none if it does not exist."""
        namespace = self.namespaces.get(netns)
        return namespace.routes if namespace else []

    def nat(self, netns: str) -> Mapping[int, Nat]:
        """The tables nat of a namespace by IP version, empty ones if it does not exist."""
        namespace = self.namespaces.get(netns)
        return (namespace.nat if namespace else {}) or _NO_NAT

    def ports_of(self, bridge: Link) -> list[Link]:
        """The interfaces that are ports of a bridge."""
        return [link for link in self.namespaces[bridge.netns].links.values() if link.master == bridge.name]

    def link_owner(self, link: Link) -> str | None:
        """The lab that made the interface, or the namespace that it lives in."""
        return owner(link.alias) or self.namespaces[link.netns].owner

    def without(self, gone: Iterable[LinkName]) -> State:
        """The state once these interfaces are removed, with their routes and all that goes along."""
        lost = {each for name in gone for each in self.along(name)}
        if not lost:
            return self
        return replace(self, namespaces={name: _keep(space, lost) for name, space in self.namespaces.items()})

    def along(self, key: LinkName) -> list[LinkName]:
        """The interface and all that the kernel removes with it: its peer, and what stands on either."""
        found = [key]
        for each in found:
            link = self.link(each)
            peer = [link.peer] if link and link.peer else []
            found += [other for other in (*peer, *self._standing.get(each, ())) if other not in found]
        return found

    @cached_property
    def _standing(self) -> dict[LinkName, list[LinkName]]:
        """What stands on which interface."""
        found: dict[LinkName, list[LinkName]] = {}
        for link in self.links():
            lower = link.settings.get(LOWER.get(link.kind, ""))
            if lower and link.base is not None:
                found.setdefault((link.base, lower), []).append(link.key)
        return found


def _keep(namespace: Namespace, lost: set[LinkName]) -> Namespace:
    links = namespace.links.values()
    left = {link.master for link in links if link.key in lost}
    kept = {link.master for link in links if link.key not in lost}
    sources = {address.partition("/")[0] for link in links if link.key in lost for address in link.addresses}
    return replace(
        namespace,
        links={link.name: _free(link, lost, left - kept) for link in links if link.key not in lost},
        routes=[
            route
            for route in namespace.routes
            if (namespace.name, route.dev) not in lost and route.source not in sources
        ],
    )


def _free(link: Link, lost: set[LinkName], deserted: Set[str | None]) -> Link:
    if (link.netns, link.master) in lost:
        return replace(link, master=None)
    return replace(link, deserted=True) if link.name in deserted else link
