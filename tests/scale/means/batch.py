# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ip(8) at its best: one process for what the machine's namespace can do, and one for each namespace."""

from __future__ import annotations

import typing as t

from ..network import Network, Port
from .base import CHANGED_MTU, Command, Job, Means, Phase


class Batch(Means):
    """`ip -batch`, with peers made where they belong."""

    name = "ip -batch"

    def command(self, phase: Phase, job: Job) -> Command | None:
        scripts: dict[Phase, t.Callable[[], list[str]]] = {
            Phase.CREATE: lambda: _create(job, job.network),
            Phase.CHANGE: lambda: [_change(job.network.last_port)],
            Phase.GROW: lambda: _create(job, job.node),
            Phase.READ: lambda: _read(job),
            Phase.REMOVE: lambda: _remove(job),
        }
        if phase not in scripts:
            return None
        return Command(["sh", job.write("batch.sh", "\n".join(["set -e", *scripts[phase]()]))])


def _create(job: Job, network: Network) -> list[str]:
    """Namespaces; then what each makes, with the peers in theirs; then what is left to do in each."""
    namespaces = job.write("root.batch", "".join(f"netns add {name}\n" for name in network.namespaces))
    making, finishing = _making(network), _finishing(network)
    return [
        f"ip -batch {namespaces}",
        *(_batch(job, "make", netns, lines) for netns, lines in making.items()),
        *(_batch(job, "finish", netns, lines) for netns, lines in finishing.items()),
        *(_forward(netns) for netns in network.routers),
    ]


def _making(network: Network) -> dict[str, list[str]]:
    """What is made where the left end is. A port of a bridge needs nothing else."""
    lines: dict[str, list[str]] = {}
    for bridge in network.bridges:
        mine = lines.setdefault(bridge.netns, [])
        mine += [f"link add {bridge.name} up type bridge"]
        mine += [f"addr add {bridge.address} dev {bridge.name}"] if bridge.address else []
    for cable in network.cables:
        left, right = cable.left, cable.right
        master = f"master {left.master} " if left.master else ""
        lines.setdefault(left.netns, []).append(
            f"link add {left.name} {master}up type veth peer name {right.name} netns {right.netns}"
        )
    return lines


def _finishing(network: Network) -> dict[str, list[str]]:
    lines: dict[str, list[str]] = {name: ["link set lo up"] for name in network.namespaces}
    for cable in network.cables:
        for port, is_up in ((cable.left, True), (cable.right, False)):
            todo = _port(port, is_up)
            if todo:
                lines.setdefault(port.netns, []).extend(todo)
    for route in network.routes:
        lines[route.netns].append(f"route add {route.dst} via {route.via}")
    return lines


def _port(port: Port, is_up: bool) -> list[str]:
    up = [] if is_up else [f"link set {port.name} {f'master {port.master} ' if port.master else ''}up"]
    return up + ([f"addr add {port.address} dev {port.name}"] if port.address else [])


def _batch(job: Job, step: str, netns: str, lines: t.Sequence[str]) -> str:
    return f"ip -n {netns} -batch {job.write(f'{step}.{netns}', chr(10).join(lines))}"


def _forward(netns: str) -> str:
    """There is no command for settings in ip(8). nsenter(1) is quicker than `ip netns exec`: it makes no new mounts."""
    return f"nsenter --net=/run/netns/{netns} sysctl -qw net.ipv4.ip_forward=1"


def _change(port: Port) -> str:
    return f"ip -n {port.netns} link set {port.name} mtu {CHANGED_MTU}"


def _read(job: Job) -> list[str]:
    path = job.write("read.batch", "link\naddr\nroute\n")
    return [f"ip -n {name} -j -d -batch {path}" for name in job.network.namespaces]


def _remove(job: Job) -> list[str]:
    names = (job.network + job.node).namespaces
    return [f"ip -batch {job.write('remove.batch', ''.join(f'netns del {name}{chr(10)}' for name in names))}"]
