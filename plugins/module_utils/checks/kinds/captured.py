# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets that a capture of the lab has. What tcpdump(8) reads of its file is the evidence."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ... import values
from ...errors import LabError
from ...lean import dataclass
from ...options import Option, Options
from ...output import lines_of
from ...state import ROOT
from .. import packets, services
from ..capture import INSTALL
from ..outcome import Result
from ..subject import NETNS, Fact, Kind, netns_words

if TYPE_CHECKING:
    from ..look import View

#: Seconds for packets that are on their way into the file, and how often it is read then; seconds for tcpdump.
_PATIENCE_S, _PAUSE_S, _READ_S = 2.0, 0.1, 10.0
OPTIONS: Options = {
    "netns": NETNS,
    "name": Option(value=values.process_name, required=True),
    "filter": Option(default=""),
    **packets.OPTIONS,
}


@dataclass(frozen=True)
class CapturedFact(Fact):
    """Packets in the file of the capture C(name); each is one line, with all that C(tcpdump -v) tells of it."""

    netns: str
    name: str
    filter: str
    packets: packets.Packets

    def describe(self) -> str:
        """Which capture, in which namespace."""
        return f"packets of capture {self.name} in {netns_words(self.netns)}"

    def expected(self) -> str:
        """What the packets must match."""
        return self.packets.words()

    def look(self, name: str, view: View) -> Result:  # noqa: ARG002 - packets are no state of the machine
        """Whether the packets are as expected, once those that are missing had time to come."""
        seen, limit = self._read(), time.monotonic() + _PATIENCE_S
        while self.packets.incomplete(seen) and time.monotonic() < limit:
            time.sleep(_PAUSE_S)
            seen = self._read()
        fault = self.packets.fault(seen)
        matches = [f"{each.string.split()[0]} {each.group()}" for each in self.packets.found(seen)]
        got = fault or f"all there, of {len(seen)} packets"
        return Result(name, not fault, self.describe(), self.expected(), got, seen if fault else matches)

    def _read(self) -> list[str]:
        capture = services.find("capture", self.netns, self.name)
        if capture.command is None:
            raise LabError(f"the record of capture {self.name!r} in {netns_words(self.netns)} cannot be read")
        words = ["tcpdump", "-n", "-e", "-v", "-Z", "root", "-r", capture.command.output]
        command = [*words, "--", self.filter] if self.filter else words
        lines = lines_of(command, ROOT, INSTALL, time.monotonic() + _READ_S, lambda _line: False)
        complaints = [line for line in lines if line.startswith("tcpdump: ")]
        if complaints:
            raise LabError(f"tcpdump cannot read {capture.command.output}: {' / '.join(complaints)}")
        return joined(lines)


def joined(lines: Iterable[str]) -> list[str]:
    """A line for each packet, of the lines that tcpdump prints of it; those before the first are about the file."""
    found: list[str] = []
    for line in lines:
        if packets.begins(line):
            found.append(" ".join(line.split()))
        elif found:
            found[-1] += " " + " ".join(line.split())
    return found


def _build(given: dict[str, Any], place: str) -> CapturedFact:
    return CapturedFact(given["netns"], given["name"], given["filter"], packets.build(given, place))


KIND = Kind(OPTIONS, _build)
