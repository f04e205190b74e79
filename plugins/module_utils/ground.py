# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which interface stands on which: what is below is made, and made wider, before what is on it. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from .kinds import Resource
from .state import LOWER, LinkName


def below(resources: Iterable[Resource]) -> dict[LinkName, tuple[LinkName, str]]:
    """What each overlay stands on, with the place where the user names it."""
    overlays = [resource for resource in resources if resource.KIND in LOWER]
    return {end.key: device for each in overlays for end in each.ends() for device in each.devices()}


def heights(resources: Iterable[Resource]) -> dict[LinkName, int]:
    """How many interfaces each overlay stands on, one on the other."""
    lower = below(resources)
    return {name: _height(name, lower) for name in lower}


def ground_first(resources: Iterable[Resource]) -> list[Resource]:
    """The resources, otherwise in their order, each overlay behind what it stands on."""
    found = list(resources)
    height = heights(found)
    return sorted(found, key=lambda each: max((height.get(end.key, 0) for end in each.ends()), default=0))


def _height(name: LinkName, lower: dict[LinkName, tuple[LinkName, str]]) -> int:
    height = 0
    while name in lower and height < len(lower):
        name, height = lower[name][0], height + 1
    return height
