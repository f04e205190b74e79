# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes around switches of up to 1,000 ports each, which are LANs of their own. Pure."""

from __future__ import annotations

import math

from ..network import Bridge, Cable, Network, Port, Route, Work

#: A bridge takes 1,024 (BR_MAX_PORTS in the kernel's net/bridge/br_private.h).
PORTS = 1000


def build(size: int) -> Network:
    """`size` nodes, and as many switches as they need."""
    count = _switches(size)
    switches = Network(
        namespaces=tuple(f"sw{switch}" for switch in range(count)),
        bridges=tuple(Bridge(f"sw{switch}", "br0", f"{_gateway(switch)}/16") for switch in range(count)),
    )
    ports = [_port(number, number // PORTS, number % PORTS) for number in range(size)]
    cables, routes = tuple(cable for cable, _route in ports), tuple(route for _cable, route in ports)
    return switches + Network(tuple(route.netns for route in routes), (), cables, routes)


def node(size: int) -> Network:
    """One more on the last switch, which may be full: 1,001 ports are possible, too."""
    cable, route = _port(size, _switches(size) - 1, PORTS)
    return Network((route.netns,), (), (cable,), (route,))


def _switches(size: int) -> int:
    return math.ceil(size / PORTS)


def _gateway(switch: int) -> str:
    return f"10.{switch + 1}.255.254"


def _port(number: int, switch: int, place: int) -> tuple[Cable, Route]:
    name = f"n{number}"
    address = f"10.{switch + 1}.{place // 250}.{place % 250 + 1}/16"
    cable = Cable(Port(f"sw{switch}", f"p{number}", master="br0"), Port(name, "eth0", address))
    return cable, Route(name, "default", _gateway(switch))


STAR = Work("star", build, node)
