# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes that an interface has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import values
from ...lean import dataclass
from ...options import Option, Options
from ..outcome import Result
from ..subject import LINK_NAME, NETNS, Fact, Kind, netns_words

if TYPE_CHECKING:
    from ..look import Interface, View

OPTIONS: Options = {
    "netns": NETNS,
    "name": LINK_NAME,
    "mtu": Option("int", value=values.mtu),
    "up": Option("bool"),
    "mac": Option(value=values.station),
}


@dataclass(frozen=True)
class LinkFact(Fact):
    """Attributes that an interface has; None is not looked at."""

    netns: str
    name: str
    mtu: int | None
    up: bool | None
    mac: str | None

    def describe(self) -> str:
        """Which interface, in which namespace."""
        return f"link {self.name} in {netns_words(self.netns)}"

    def expected(self) -> str:
        """What is asked of it."""
        words = [f"mtu {self.mtu}"] if self.mtu is not None else []
        words += [_up(self.up)] if self.up is not None else []
        words += [f"mac {self.mac}"] if self.mac else []
        return f"{self.name} with {', '.join(words)}" if words else f"{self.name} exists"

    def look(self, name: str, view: View) -> Result:
        """Whether the interface has the attributes."""
        found = view.settled(self.netns, self.name)
        if not found:
            there = ", ".join(view.links(self.netns))
            got = f"{netns_words(self.netns)} has no {self.name}"
            return Result(name, False, self.describe(), self.expected(), got, [f"interfaces there: {there}"])
        wrong = [each for each in self._differences(found) if each]
        got = ", ".join(wrong) or f"mtu {found.mtu}, {_up(found.up)}, mac {found.mac}"
        return Result(name, not wrong, self.describe(), self.expected(), got, [found.line()])

    def _differences(self, found: Interface) -> tuple[str, ...]:
        return (
            f"mtu {found.mtu}" if self.mtu not in (None, found.mtu) else "",
            _up(found.up) if self.up not in (None, found.up) else "",
            f"mac {found.mac}" if self.mac not in (None, found.mac) else "",
        )


def _up(up: bool) -> str:
    return "up" if up else "down"


def _build(given: dict[str, Any], _place: str) -> LinkFact:
    return LinkFact(**given)


KIND = Kind(OPTIONS, _build)
