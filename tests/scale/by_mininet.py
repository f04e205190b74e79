# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network of Mininet's nodes and links. Run by the distribution's Python, which Mininet is installed for.

Reads `scale.network.Network` as JSON from the standard input. Its nodes get names that ip(8) knows, so that the
network outlives this process. `Mininet` itself is not used: it changes settings of the whole machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t

from mininet.link import Link
from mininet.node import Node

_Item = t.Mapping[str, t.Any]


def build(network: _Item) -> list[Node]:
    """Make the network."""
    nodes = {name: Node(name) for name in network["namespaces"]}
    for node in nodes.values():
        node.cmd("ip link set lo up")
    for bridge in network["bridges"]:
        nodes[bridge["netns"]].cmd(f"ip link add {bridge['name']} up type bridge")
        nodes[bridge["netns"]].cmd(f"ip addr add {bridge['address']} dev {bridge['name']}")
    for cable in network["cables"]:
        _cable(nodes, cable["left"], cable["right"])
    for name in network["routers"]:
        nodes[name].cmd("sysctl -qw net.ipv4.ip_forward=1")
    for route in network["routes"]:
        nodes[route["netns"]].cmd(f"ip route add {route['dst']} via {route['via']}")
    return list(nodes.values())


def _cable(nodes: t.Mapping[str, Node], left: _Item, right: _Item) -> None:
    link = Link(nodes[left["netns"]], nodes[right["netns"]], intfName1=left["name"], intfName2=right["name"])
    for end, interface in ((left, link.intf1), (right, link.intf2)):
        if end["master"]:
            nodes[end["netns"]].cmd(f"ip link set {end['name']} master {end['master']}")
        if end["address"]:
            interface.setIP(end["address"])
        else:
            interface.ifconfig("up")


def keep(nodes: t.Sequence[Node]) -> None:
    """Give the namespaces names, as `ip netns attach` does, by one process for all."""
    os.makedirs("/run/netns", exist_ok=True)
    for node in nodes:
        with open(f"/run/netns/{node.name}", "x", encoding="ascii"):
            pass
    lines = [f"mount --bind /proc/{node.pid}/ns/net /run/netns/{node.name}" for node in nodes]
    subprocess.run(["sh", "-e"], input="\n".join(lines), text=True, check=True)


if __name__ == "__main__":
    keep(build(json.load(sys.stdin)))
