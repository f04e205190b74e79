# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How large a packet may be in a lab whose links cross between machines. Pure.

A link that crosses takes bytes of the underlay for its headers. All interfaces of the lab that declare no MTU get the
one that crosses, whether or not their own link does: the stations of one LAN must agree about it, since a bridge drops
in silence what is too large for a port. An overlay of the lab's own takes its headers of that again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from .errors import LabError
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
        ends = [end for link in crossing for end in link.ends()]
        self._crossed = {self._segments.of(end.key) for end in ends}
        self._underlay = min((home[end.netns].mtu for end in ends), default=0)
        self._headers = max((HEADERS[home[end.netns].version] for end in ends), default=0) + self._tag(resources)
        self.width = min(ETHERNET_MTU, self._underlay - self._headers) if crossing else None
        self._of: dict[LinkName, int | None] = {}
        for resource in resources if crossing else ():  # what others stand on comes first
            self._take(resource)

    def applied(self, resource: Resource) -> Mapping[str, Any]:
        """The resource as it was written, with the MTU that each of its interfaces has."""
        item, peer, ends = dict(resource.given), resource.given.get("peer"), resource.ends()
        for end in ends:
            if self._of.get(end.key):
                mtu = {"mtu": self._of[end.key]}
                item.update({"peer": {**(peer or {}), **mtu}} if peer and end is ends[-1] else mtu)
        return item

    def _tag(self, resources: Iterable[Resource]) -> int:
        """What a tag takes, if a segment that crosses has a trunk."""
        ports = ((each.end.netns, port) for each in resources if isinstance(each, BridgeVlan) for port in each.ports)
        for netns, port in ports:
            trunk = any(not vlan.untagged for vlan in port.vlans or ())
            if trunk and self._segments.of((netns, port.name)) in self._crossed:
                return _TAG
        return 0

    def _take(self, resource: Resource) -> None:
        """Note the MTUs of a resource's interfaces."""
        natural = self._natural(resource)
        for end in resource.ends():
            if end.mtu and natural and end.mtu > natural and self._crosses(resource, end.key):
                below = f"the underlay carries {self._underlay}, and VXLAN takes {self._headers} of that"
                message = f"packets of {end.mtu} bytes do not cross between the machines: {below}"
                raise LabError(message, at(end.place, "mtu"), f"leave it out, or give {natural} at most")
            if natural and not end.mtu:
                self._check_ipv6(resource, end, natural)
            self._of[end.key] = end.mtu or (None if isinstance(resource, BridgeVlan) else natural)

    def _check_ipv6(self, resource: Resource, end: Interface, natural: int) -> None:
        """Raise LabError where too little is left of the underlay for an interface's IPv6 addresses."""
        if natural >= IPV6_MTU or self._below(resource) not in (None, self.width):
            return  # an MTU that the lab itself declares for what it stands on is no matter of the underlay
        for _netns, address, place in end.networks():
            if is_ipv6(address) and (self._crosses(resource, end.key) or not isinstance(resource, BridgeVlan)):
                taken = self._underlay - natural
                left = f"the underlay carries {self._underlay}, and VXLAN takes {taken} of that, which leaves {natural}"
                message = f"{address} needs an MTU of {IPV6_MTU} bytes (IPv6, RFC 8200): {left}"
                hint = f"use an underlay of {IPV6_MTU + taken} bytes or more between the machines, or IPv4 in the lab"
                raise LabError(message, place, hint)

    def _natural(self, resource: Resource) -> int | None:
        """What the interfaces of a resource can carry, None where the lab does not say: the machine's own network."""
        if isinstance(resource, Vxlan) and resource.underlay == ROOT:
            return None
        if isinstance(resource, Vxlan) and self.width:
            return (self._below(resource) or self.width) - HEADERS[_version(resource)]
        return (self._below(resource) if isinstance(resource, Macvlan) else None) or self.width

    def _below(self, resource: Resource) -> int | None:
        """The MTU of what an interface stands on."""
        return next((self._of.get(key) for key, _place in resource.devices()), None)

    def _crosses(self, resource: Resource, key: LinkName) -> bool:
        """Whether what an interface sends may cross, which is not known of an overlay that goes by the routes."""
        below = [key for key, _place in resource.devices()] if isinstance(resource, Vxlan) else [key]
        return not below or any(self._segments.of(each) in self._crossed for each in below)


def _version(overlay: Vxlan) -> int:
    """That of IP below an overlay."""
    ends = [overlay.settings.get(name) or "" for name in ("remote", "group", "local")]
    return 6 if any(":" in end for end in [*ends, *(entry.dst for entry in overlay.fdb or ())]) else 4


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
            key = self._next[key]
        return key


def _joined(resource: Resource) -> Iterator[LinkName]:
    """The interfaces that a resource joins to one Ethernet."""
    if isinstance(resource, (Veth, BridgeVlan, Macvlan)):
        yield from (end.key for end in resource.ends())
    if isinstance(resource, (BridgeVlan, Macvlan, Vswitch)):
        yield from (key for key, _place in resource.devices())
