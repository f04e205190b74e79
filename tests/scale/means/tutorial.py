# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One command of ip(8) after another, each a process, as tutorials have it."""

from __future__ import annotations

import typing as t

from ..network import Bridge, Cable, Network, Port
from .base import CHANGED_MTU, Command, Job, Means, Phase


class Tutorial(Means):
    """A shell script of `ip netns exec`."""

    name = "tutorial"

    def command(self, phase: Phase, job: Job) -> Command | None:
        scripts: dict[Phase, t.Callable[[], t.Iterator[str]]] = {
            Phase.CREATE: lambda: _create(job.network),
            Phase.CHANGE: lambda: _change(job.network.last_port),
            Phase.GROW: lambda: _create(job.node),
            Phase.READ: lambda: _read(job.network),
            Phase.REMOVE: lambda: (f"ip netns del {name}" for name in (job.network + job.node).namespaces),
        }
        if phase not in scripts:
            return None
        lines = ["set -e", *scripts[phase]()]
        return Command(["sh", job.write("tutorial.sh", "\n".join(lines))])


def _inside(netns: str) -> str:
    return f"ip netns exec {netns}"


def _create(network: Network) -> t.Iterator[str]:
    for name in network.namespaces:
        yield f"ip netns add {name}"
        yield f"{_inside(name)} ip link set lo up"
    for bridge in network.bridges:
        yield from _bridge(bridge)
    for cable in network.cables:
        yield from _cable(cable)
    for name in network.routers:
        yield f"{_inside(name)} sysctl -qw net.ipv4.ip_forward=1"
    for route in network.routes:
        yield f"{_inside(route.netns)} ip route add {route.dst} via {route.via}"


def _bridge(bridge: Bridge) -> t.Iterator[str]:
    yield f"{_inside(bridge.netns)} ip link add {bridge.name} type bridge"
    yield f"{_inside(bridge.netns)} ip link set {bridge.name} up"
    if bridge.address:
        yield f"{_inside(bridge.netns)} ip addr add {bridge.address} dev {bridge.name}"


def _cable(cable: Cable) -> t.Iterator[str]:
    """Made in the machine and moved, under names that no other cable has meanwhile."""
    yield "ip link add bench-left type veth peer name bench-right"
    for name, port in (("bench-left", cable.left), ("bench-right", cable.right)):
        yield f"ip link set {name} netns {port.netns} name {port.name}"
        yield from _port(port)


def _port(port: Port) -> t.Iterator[str]:
    if port.master:
        yield f"{_inside(port.netns)} ip link set {port.name} master {port.master}"
    if port.address:
        yield f"{_inside(port.netns)} ip addr add {port.address} dev {port.name}"
    yield f"{_inside(port.netns)} ip link set {port.name} up"


def _change(port: Port) -> t.Iterator[str]:
    yield f"{_inside(port.netns)} ip link set {port.name} mtu {CHANGED_MTU}"


def _read(network: Network) -> t.Iterator[str]:
    for name in network.namespaces:
        for what in ("link", "addr", "route"):
            yield f"{_inside(name)} ip -j -d {what}"
