# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How large a packet may be in a lab whose links cross between machines. Pure.

A link that crosses takes bytes of the underlay for its headers. All interfaces of the lab that declare no MTU get the
one that crosses, whether or not their own link does: the stations of one LAN must agree about it, since a bridge drops
in silence what is too large for a port. An overlay of the lab's own takes its headers of that again, from all of the
LAN that it is a part of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from .errors import LabError
from .ground import ground_first
from .kinds import BridgeVlan, Macvlan, Resource, Veth, Vswitch, Vxlan
from .kinds.base import at
from .kinds.interface import ETHERNET_MTU, IPV6_MTU, Interface, is_ipv6
from .kinds.vxlan import HEADERS
from .state import ROOT, LinkName

#: The tag of IEEE 802.1Q in the inner Ethernet, which no MTU counts.
_TAG = 4


class Underlay(Protocol):
    """What matters of a machine: the MTU, in bytes, and the IP version of its underlay."""

    @property
    def mtu(self) -> int:
        """In bytes."""

    @property
    def version(self) -> int:
        """4 or 6."""


class Widths:
    """The MTUs of a lab's interfaces. C(width) is that of links which declare none, None where no link crosses."""

    def __init__(self, resources: Sequence[Resource], crossing: Sequence[Veth], home: Mapping[str, Underlay]) -> None:
        """Raises LabError with the place where an interface declares more than crosses, or needs it."""
        self._segments = _Segments(resources)
        self._tagged = {self._segments.of(port) for port in _trunks(resources)}
        ends = [end for link in crossing for end in link.ends()]
        self._crossed = {self._segments.of(end.key) for end in ends}
        self._underlay = min((home[end.netns].mtu for end in ends), default=0)
        self._headers = max((HEADERS[home[end.netns].version] + self._tag(end.key) for end in ends), default=0)
        self._left = self._underlay - self._headers
        self.width = min(ETHERNET_MTU, self._left) if crossing else None
        self._limits: dict[LinkName, int] = {}
        self._declared = {end.key: end.mtu for resource in resources for end in resource.ends() if end.mtu}
        self._of = {**self._declared}
        inside = [each for each in ground_first(resources) if crossing and not _is_outside(each)]
        for overlay in inside:
            if isinstance(overlay, Vxlan):
                self._limit_by(overlay)
        for resource in inside:
            self._take(resource)

    def of(self, key: LinkName) -> int | None:
        """The MTU of an interface, None where the lab does not say."""
        return self._of.get(key)

    def applied(self, resource: Resource) -> Mapping[str, Any]:
        """The resource as it was written, with the MTU that each of its interfaces has."""
        item, peer, ends = dict(resource.given), resource.given.get("peer"), resource.ends()
        for end in ends:
            if self._of.get(end.key):
                mtu = {"mtu": self._of[end.key]}
                item.update({"peer": {**(peer or {}), **mtu}} if peer and end is ends[-1] else mtu)
        return item

    def _tag(self, key: LinkName) -> int:
        """What a tag takes of what an interface sends."""
        return _TAG if self._segments.of(key) in self._tagged else 0

    def _limit_by(self, overlay: Vxlan) -> None:
        """Note what an overlay leaves to all that is of one Ethernet with it, and whether that crosses."""
        key, below = overlay.end.key, _below(overlay)
        carried = min((self._carried(each) for each in below), default=min(ETHERNET_MTU, self._left))
        left = carried - HEADERS[overlay.version] - self._tag(key)
        self._limits[self._segments.of(key)] = min(left, self._limit(key))
        # Where an overlay goes that goes by the routes is not known.
        if not below or any(self._segments.of(each) in self._crossed for each in below):
            self._crossed.add(self._segments.of(key))

    def _limit(self, key: LinkName) -> int:
        """The largest MTU of an interface with which all that it sends can cross."""
        return self._limits.get(self._segments.of(key), self._left)

    def _carried(self, key: LinkName) -> int:
        """The MTU of an interface: what is declared of it, else that of an Ethernet as far as that can cross."""
        return self._declared.get(key) or min(ETHERNET_MTU, self._limit(key))

    def _take(self, resource: Resource) -> None:
        """Note the MTUs of a resource's interfaces. A bridge takes that of its ports by itself."""
        parent = next(iter(_below(resource)), None) if isinstance(resource, Macvlan) else None
        for end in resource.ends():
            self._check(end)
            self._check_ipv6(resource, end)
            if not isinstance(resource, BridgeVlan):
                self._of.setdefault(end.key, self._carried(parent or end.key))

    def _check(self, end: Interface) -> None:
        """Raise LabError where an interface declares more than crosses."""
        limit = self._limit(end.key)
        if end.mtu and end.mtu > limit and self._segments.of(end.key) in self._crossed:
            below = f"the underlay carries {self._underlay}, and VXLAN takes {self._headers} of that"
            message = f"packets of {end.mtu} bytes do not cross between the machines: {below}"
            raise LabError(message, at(end.place, "mtu"), f"leave it out, or give {limit} at most")

    def _check_ipv6(self, resource: Resource, end: Interface) -> None:
        """Raise LabError where too little is left of the underlay for an interface's IPv6 addresses."""
        room = self._limit(end.key)
        narrowed = self._segments.of(end.key) in self._crossed or not isinstance(resource, BridgeVlan)
        # An MTU that the lab itself declares is no matter of the underlay.
        if room >= IPV6_MTU or not narrowed or any(key in self._declared for key in (end.key, *_below(resource))):
            return
        for _netns, address, place in end.networks():
            if is_ipv6(address):
                taken = self._underlay - room
                left = f"the underlay carries {self._underlay}, and VXLAN takes {taken} of that, which leaves {room}"
                message = f"{address} needs an MTU of {IPV6_MTU} bytes (IPv6, RFC 8200): {left}"
                hint = f"use an underlay of {IPV6_MTU + taken} bytes or more between the machines, or IPv4 in the lab"
                raise LabError(message, place, hint)


def _below(resource: Resource) -> list[LinkName]:
    """What an interface stands on, or what is a port of it."""
    return [key for key, _place in resource.devices()]


def _is_outside(resource: Resource) -> bool:
    """Whether it is an overlay of the machine's own network, of which the lab does not say what it carries."""
    return isinstance(resource, Vxlan) and resource.underlay == ROOT


def _trunks(resources: Iterable[Resource]) -> Iterator[LinkName]:
    """The ports of bridges that send frames with a tag."""
    for bridge in (each for each in resources if isinstance(each, BridgeVlan)):
        for port in bridge.ports:
            if any(not vlan.untagged for vlan in port.vlans or ()):
                yield bridge.end.netns, port.name


class _Segments:
    """Which interfaces are of one Ethernet, so that what one sends may arrive at another as it is."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._next: dict[LinkName, LinkName] = {}
        for resource in resources:
            keys = list(_joined(resource))
            for key in keys[1:]:
                self._join(key, keys[0])

    def _join(self, one: LinkName, other: LinkName) -> None:
        one, other = self.of(one), self.of(other)
        if one != other:
            self._next[one] = other

    def of(self, key: LinkName) -> LinkName:
        """The interface that stands for all of its segment."""
        while key in self._next:
            above = self._next[key]
            self._next[key] = self._next.get(above, above)  # half the way for the next one who asks
            key = self._next[key]
        return key


def _joined(resource: Resource) -> Iterator[LinkName]:
    """The interfaces that a resource joins to one Ethernet."""
    if isinstance(resource, (Veth, BridgeVlan, Macvlan)):
        yield from (end.key for end in resource.ends())
    if isinstance(resource, (BridgeVlan, Macvlan, Vswitch)):
        yield from (key for key, _place in resource.devices())
