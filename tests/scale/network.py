# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network as all means of building are given it. Pure."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class Bridge:
    """A bridge in a namespace, switched on, with an address (`192.0.2.1/24`) or none."""

    netns: str
    name: str
    address: str = ""


@dataclasses.dataclass(frozen=True)
class Port:
    """An end of a cable, switched on: on a bridge of its namespace, or with an address, or neither."""

    netns: str
    name: str
    address: str = ""
    master: str = ""


@dataclasses.dataclass(frozen=True)
class Cable:
    """A pair of virtual Ethernet interfaces."""

    left: Port
    right: Port


@dataclasses.dataclass(frozen=True)
class Route:
    """A route of a namespace by way of a neighbour; `dst` is a network or `default`."""

    netns: str
    dst: str
    via: str


@dataclasses.dataclass(frozen=True)
class Network:
    """Namespaces with `lo` switched on, and what is in them. Those that are named in `routers` forward IPv4."""

    namespaces: tuple[str, ...] = ()
    bridges: tuple[Bridge, ...] = ()
    cables: tuple[Cable, ...] = ()
    routes: tuple[Route, ...] = ()
    routers: tuple[str, ...] = ()

    def __add__(self, other: Network) -> Network:
        """Both together."""
        return Network(*(mine + theirs for mine, theirs in zip(_parts(self), _parts(other))))

    @property
    def last_port(self) -> Port:
        """The end whose MTU is what the phase `change` changes."""
        return self.cables[-1].right


def _parts(network: Network) -> list[tuple[t.Any, ...]]:
    return [getattr(network, field.name) for field in dataclasses.fields(network)]


@dataclasses.dataclass(frozen=True)
class Work:
    """A kind of network of any size.

    `build` makes one of so many nodes; `node` is the one more that is added to it, with its cable.
    """

    name: str
    build: t.Callable[[int], Network]
    node: t.Callable[[int], Network]
