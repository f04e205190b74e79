# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routers in a row; each knows the way to either end. Pure."""

from __future__ import annotations

import ipaddress

from ..network import Cable, Network, Port, Route, Work

_FIRST = int(ipaddress.IPv4Address("10.0.0.0"))
#: Two addresses, as RFC 3021 has it for cables between routers.
_LENGTH = 31


def build(size: int) -> Network:
    """`size` routers and the cables between them."""
    names = tuple(f"r{number}" for number in range(size))
    ends = (0, size - 2)
    routes = [route for number in range(size) for route in _routes(number, size, ends)]
    return Network(names, (), tuple(_cable(number) for number in range(size - 1)), tuple(routes), names)


def node(size: int) -> Network:
    """One more behind the last one. It knows the way to the first one."""
    name = f"r{size}"
    back = Route(name, _network(0), _address(size - 1, 0))
    return Network((name,), (), (_cable(size - 1),), (back,), (name,))


def _routes(number: int, size: int, ends: tuple[int, int]) -> list[Route]:
    """To the first cable by the left neighbour, to the last one by the right one; not to what is at hand."""
    left = [Route(f"r{number}", _network(ends[0]), _address(number - 1, 0))] if number > 1 else []
    right = [Route(f"r{number}", _network(ends[1]), _address(number, 1))] if number < size - 2 else []
    return left + right


def _cable(number: int) -> Cable:
    left = Port(f"r{number}", "right", f"{_address(number, 0)}/{_LENGTH}")
    return Cable(left, Port(f"r{number + 1}", "left", f"{_address(number, 1)}/{_LENGTH}"))


def _address(cable: int, end: int) -> str:
    return str(ipaddress.IPv4Address(_FIRST + 2 * cable + end))


def _network(cable: int) -> str:
    return f"{_address(cable, 0)}/{_LENGTH}"


CHAIN = Work("chain", build, node)
