# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets that must, and must not, be among those that tcpdump(8) prints. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from re import Match, Pattern
from typing import Any

from .. import values
from ..errors import LabError
from ..lean import dataclass
from ..options import Option, Options

OPTIONS: Options = {
    "packets": Option("list", value=values.regex),
    "absent": Option("list", value=values.regex),
    "count": Option("int", value=values.between(0, 1000, "a number of packets")),
}
#: The time at the beginning of a packet.
_TIME = re.compile(r"\d\d:\d\d:\d\d\.\d+ ")


@dataclass(frozen=True)
class Packets:
    """Patterns that lines must match in this order, those that none may match, and how many packets there must be."""

    wanted: tuple[Pattern[str], ...]
    absent: tuple[Pattern[str], ...]
    count: int | None

    def found(self, lines: Iterable[str]) -> list[Match[str]]:
        """The matches of the patterns, up to the first that no line matches, lines and patterns taken in order."""
        rest, matches = iter(lines), []
        for pattern in self.wanted:
            match = next(filter(None, map(pattern.search, rest)), None)
            if match is None:
                break
            matches.append(match)
        return matches

    def incomplete(self, lines: list[str]) -> bool:
        """Whether there is anything that may still come."""
        return len(self.found(lines)) < len(self.wanted) or number(lines) < (self.count or 0)

    @property
    def more_is_wrong(self) -> bool:
        """Whether a packet that comes late may make it wrong."""
        return bool(self.absent) or self.count is not None

    def fault(self, lines: list[str]) -> str:
        """What is wrong with the lines, as a phrase; "" when all is as expected."""
        found = len(self.found(lines))
        if found < len(self.wanted):
            pattern = self.wanted[found].pattern
            return f"no packet matches {pattern!r} (in this order), of {len(lines)} lines seen"
        forbidden = [line for line in lines if any(pattern.search(line) for pattern in self.absent)]
        if forbidden:
            return f"a packet that must be absent: {forbidden[0]}"
        if self.count not in (None, number(lines)):
            return f"the packets are {number(lines)}, and not {self.count}"
        return ""

    def words(self) -> str:
        """What is expected, as a phrase."""
        words = [f"packets that match {', '.join(repr(each.pattern) for each in self.wanted)}"] if self.wanted else []
        words += [f"none that matches {' or '.join(repr(each.pattern) for each in self.absent)}"] if self.absent else []
        return "; ".join([*words, *([f"{self.count} packets"] if self.count is not None else [])])


def begins(line: str) -> bool:
    """Whether a packet begins in the line. It can have further lines."""
    return bool(_TIME.match(line))


def number(lines: Iterable[str]) -> int:
    """How many packets the lines tell of."""
    return sum(begins(line) for line in lines)


def build(given: dict[str, Any], place: str) -> Packets:
    """What was given, read by C(OPTIONS). Raises LabError where there is nothing to look for."""
    if not given["packets"] and not given["absent"] and given["count"] is None:
        raise LabError("needs 'packets', 'absent' or 'count', else there is nothing to look for", place)
    wanted, absent = (tuple(re.compile(each) for each in given[key] or []) for key in ("packets", "absent"))
    return Packets(wanted, absent, given["count"])
