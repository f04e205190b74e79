# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the items of a topology were written that several stages add up to. Pure.

What is wrong with an item is told with its place in the sum, C(veth[2].peer): a place that is nowhere in the playbook.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.tcpip.lab.plugins.module_utils import merging
from ansible_collections.tcpip.lab.plugins.module_utils.merging import Part

#: What was written, by variables: a topology each, or a list of stages. They add up in this order.
Written = Mapping[str, Any]

#: An item in the sum, and its option. What follows a dot or a bracket is a place already.
_PLACE = re.compile(r"(?<![\w.\]])(\w+)\[(\d+)\](?:\.(\w+))?")


def placed(said: str, written: Written) -> str:
    """What was said of the sum, with the places that its items were written at."""
    items = merging.gathered(_topologies(written))

    def place(found: re.Match[str]) -> str:
        kind, number, option = found[1], int(found[2]), found[3] or ""
        if number >= len(items.get(kind, ())):
            return found[0]
        where = _where(items[kind][number], option)
        return f"{where}.{option}" if option else where

    return _PLACE.sub(place, said)


def _where(parts: Sequence[Part], option: str) -> str:
    """Of an item that later stages complete, the place at which the option has got its value; else the first one."""
    place, value = parts[0][0], parts[0][1].get(option)
    for where, part in parts[1:]:
        if part.get(option, value) != value:
            place, value = where, part[option]
    return place


def _topologies(written: Written) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each topology, with its place."""
    for variable, value in written.items():
        if isinstance(value, Mapping):
            yield variable, value
            continue
        for number, stage in enumerate(value):
            yield f"{variable}[{number}].topology", stage.get("topology") or {}
