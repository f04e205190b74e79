# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel takes along unasked, and the steps that give it back. Pure.

Routes go with their address, secondary addresses with their primary one, IPv6 addresses with a link that goes down.
When they do depends on the kernel's release and settings, so it is found out by looking again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from .kinds.interface import is_ipv6, is_link_local, oldest_first
from .operations import AddAddress, AddRoute, Operation, RemoveAddress, RemoveLink, RemoveRoute, ReplaceRoute
from .state import BY_DHCP, BY_STATIC, Link, Route, State


def lost(
    before: State, now: State, on_purpose: Iterable[Operation] = (), where: Collection[str] | None = None
) -> Iterator[Operation]:
    """The steps that give back addresses and routes that were there, but for those that were taken on purpose.

    What went with an interface that is gone, or was made anew, is gone for good. C(where): in these namespaces only.
    """
    steps = list(on_purpose)
    remade = {key for step in steps if isinstance(step, RemoveLink) for key in before.along((step.netns, step.name))}
    before = State({name: each for name, each in before.namespaces.items() if where is None or name in where})
    addresses = {(step.netns, step.link, step.address) for step in steps if isinstance(step, RemoveAddress)}
    for link in before.links():
        after = None if link.key in remade else now.link(link.key)
        for address in _lost_addresses(link, after) if after else ():
            if (*link.key, address) not in addresses:
                for peer in link.peers_of(address):
                    yield AddAddress(link.netns, link.name, address, peer)
    routes = [step.route for step in steps if isinstance(step, RemoveRoute)]
    routes += [step.former for step in steps if isinstance(step, ReplaceRoute)]
    for route in _lost_routes(before, now):
        if route not in routes and (route.netns, route.dev) not in remade:
            yield AddRoute(route.netns, route)


def _lost_addresses(before: Link, now: Link) -> Iterator[str]:
    """Without those of IPv6 that come by a router's advertisement, and come again with the next one."""
    for address in oldest_first(before.addresses):
        advertised = is_ipv6(address) and address in before.leased
        if address not in now.addresses and not advertised and (now.up or not is_link_local(address)):
            yield address


def _lost_routes(before: State, now: State) -> Iterator[Route]:
    """Those without a gateway first: others may lead over them.

    A routing daemon, or the kernel for a router's advertisement, sees to its own.
    """
    for netns, namespace in before.namespaces.items():
        if netns not in now.namespaces:
            continue
        there = now.routes(netns)
        for route in sorted(namespace.routes, key=lambda each: each.via is not None):
            link = now.link((netns, route.dev)) if route.dev else None
            peoples = route.protocol <= BY_STATIC or route.protocol == BY_DHCP
            if peoples and not route.connected and route not in there and (route.dev is None or (link and link.up)):
                yield route
