# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fat tree of routers with k ports each, as data centres have it, and hosts at its edge. Pure.

Al-Fares, Loukissas, Vahdat: A Scalable, Commodity Data Center Network Architecture (SIGCOMM 2008). Their addresses
tell pod and edge; the way up is fixed by the number of the edge, and of the aggregation router.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import itertools

from ..network import Cable, Network, Port, Route, Work

_FIRST = int(ipaddress.IPv4Address("100.64.0.0"))


def build(size: int) -> Network:
    """The routers of the smallest tree that can have `size` nodes, and as many hosts as are left, at least one."""
    half = _half(size)
    tree = _Tree(half)
    for pod, edge in itertools.product(range(2 * half), range(half)):
        tree.join_edge(pod, edge)
    for pod, up in itertools.product(range(2 * half), range(half)):
        tree.join_aggregation(pod, up)
    for number in range(_hosts(size)):
        tree.join_host(number)
    return tree.network()


def node(size: int) -> Network:
    """One more host, at the edge where the next one belongs, or beside the last one of a full tree."""
    tree = _Tree(_half(size))
    tree.join_host(_hosts(size), name="more")
    return dataclasses.replace(tree.network(), routers=(), namespaces=("more",))


def _hosts(size: int) -> int:
    half = _half(size)
    return max(1, min(size - 5 * half * half, 2 * half**3))


def _half(size: int) -> int:
    """Half of the ports of the smallest tree with that many nodes: k²/4 cores, k²/2 each of the others, k³/4 hosts."""
    return next(half for half in itertools.count(1) if 5 * half * half + 2 * half**3 >= size)


class _Tree:
    """Cables and routes as they come; names are c (core), a (aggregation), e (edge) and h (host) with numbers."""

    def __init__(self, half: int) -> None:
        self.half = half
        self.links = 0
        self.cables: list[Cable] = []
        self.routes: list[Route] = []

    def join_edge(self, pod: int, edge: int) -> None:
        """An edge router to all aggregation routers of its pod. Its way up is by the one of its own number."""
        for up in range(self.half):
            upper, lower = self._cable(f"a{pod}-{up}", f"d{edge}", f"e{pod}-{edge}", f"u{up}")
            self.routes.append(Route(f"a{pod}-{up}", f"10.{pod}.{edge}.0/24", lower))
            if up == edge:
                self.routes.append(Route(f"e{pod}-{edge}", "default", upper))

    def join_aggregation(self, pod: int, up: int) -> None:
        """An aggregation router to its cores. Its way up is by the one of its own number."""
        for place in range(self.half):
            core = f"c{up * self.half + place}"
            upper, lower = self._cable(core, f"d{pod}", f"a{pod}-{up}", f"u{place}")
            self.routes.append(Route(core, f"10.{pod}.0.0/16", lower))
            if place == up:
                self.routes.append(Route(f"a{pod}-{up}", "default", upper))

    def join_host(self, number: int, name: str = "") -> None:
        """A host to its edge router."""
        pod, edge, place = self._seat(number)
        name = name or f"h{number}"
        upper, lower = f"10.{pod}.{edge}.{2 * place}", f"10.{pod}.{edge}.{2 * place + 1}"
        self.cables.append(Cable(Port(f"e{pod}-{edge}", f"d{place}", f"{upper}/31"), Port(name, "eth0", f"{lower}/31")))
        self.routes.append(Route(name, "default", upper))

    def network(self) -> Network:
        """All that was joined."""
        ports = [port for cable in self.cables for port in (cable.left, cable.right)]
        names = tuple(dict.fromkeys(port.netns for port in ports))
        routers = tuple(name for name in names if not name.startswith("h"))
        return Network(names, (), tuple(self.cables), tuple(self.routes), routers)

    def _seat(self, number: int) -> tuple[int, int, int]:
        """Pod, edge and place of a host. Of those that a full tree has no place for, all at the last edge."""
        edges = 2 * self.half * self.half
        edge = min(number // self.half, edges - 1)
        return edge // self.half, edge % self.half, number - edge * self.half

    def _cable(self, upper: str, down: str, lower: str, up: str) -> tuple[str, str]:
        first = _FIRST + 2 * self.links
        self.links += 1
        addresses = (str(ipaddress.IPv4Address(first)), str(ipaddress.IPv4Address(first + 1)))
        self.cables.append(Cable(Port(upper, down, f"{addresses[0]}/31"), Port(lower, up, f"{addresses[1]}/31")))
        return addresses


FAT_TREE = Work("fat-tree", build, node)
