# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which interfaces, addresses and networks there will be when a run is over. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Union

from . import values
from .kinds import Resource, Route
from .kinds.interface import Interface, is_unwanted
from .lean import cached_property
from .state import Link, LinkName, Namespace, State
from .state import Route as Entry

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


class Networks:
    """What there is and stays, and what is declared besides."""

    def __init__(self, desired: Sequence[Resource], absent: Sequence[Resource], state: State) -> None:
        self._desired = desired
        self._absent = absent
        self._state = state

    def has(self, netns: str, address: Address) -> bool:
        """Whether one of the networks on the interfaces of a namespace is that of the address."""
        # most lie in the first network, so that the others need not be read
        return any(address in network(each) for each in self._of(netns))

    def of(self, netns: str) -> list[str]:
        """Those of a namespace in which one could look for a gateway, the declared ones first."""
        found = dict.fromkeys(map(network, self._of(netns)))
        return [str(each) for each in found if not each.is_link_local and not each.is_loopback]

    def keeps(self, key: LinkName) -> bool:
        """Whether an interface that is there is not taken away."""
        return self._state.link(key) is not None and key not in self._going

    def addresses(self, key: LinkName) -> list[str]:
        """The addresses of an interface, the declared ones first."""
        end, link = self._ends.get(key), self._state.link(key)
        return [*dict.fromkeys((*(end.addresses if end else ()), *(self._kept(link) if link else ())))]

    def _of(self, netns: str) -> Iterator[str]:
        yield from self._declared.get(netns, ())
        if netns in self._state.namespaces:
            yield from self._held(self._state.namespaces[netns])

    def _held(self, namespace: Namespace) -> Iterator[str]:
        gone: set[str] = set()
        for link in namespace.links.values():
            kept = self._kept(link)
            yield from kept
            gone.update(str(network(each)) for each in link.addresses if each not in kept)
        for route in namespace.routes:
            if route.dev and not route.via and route.dst != "default" and not self._goes(route, gone):
                yield route.dst

    def _kept(self, link: Link) -> list[str]:
        """The addresses that this run leaves there."""
        if link.key in self._going:
            return []
        end = self._ends.get(link.key)
        return [each for each in link.addresses if not (end and is_unwanted(each, end, link))]

    def _goes(self, route: Entry, gone: set[str]) -> bool:
        """Whether a route to a network goes: by itself, with its interface, or with the address from which it is."""
        with_link = (route.netns, route.dev) in self._going
        return with_link or ("route", *route.key) in self._going or (route.connected and route.dst in gone)

    @cached_property
    def _ends(self) -> dict[LinkName, Interface]:
        return {end.key: end for resource in self._desired for end in resource.ends()}

    @cached_property
    def _going(self) -> set[tuple[object, ...]]:
        """The keys of interfaces and of other resources that are taken away."""
        ends = {end.key for resource in self._absent for end in resource.ends()}
        return {*(ends - self._ends.keys()), *(resource.key for resource in self._absent)}

    @cached_property
    def _declared(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for resource in self._desired:
            if not isinstance(resource, Route) or not resource.entry.via:
                for netns, each, _place in resource.networks():
                    found.setdefault(netns, []).append(each)
        return found


def network(cidr: str) -> Network:
    """The network in which an address with prefix lies."""
    return values.ip_interface(cidr).network
