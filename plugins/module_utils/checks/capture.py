# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets seen by tcpdump(8) while a check's traffic flows. What tcpdump prints is the evidence."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import LabError
from ..output import Lines, running
from .subject import netns_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .model import Capture

INSTALL = "install tcpdump: 'apt install tcpdump' on the Debian family, 'dnf install tcpdump' on Red Hat's"
#: Seconds within which tcpdump listens, which takes a moment, and long on a busy or an emulated machine.
_START_S = 30.0
#: Seconds for packets that are still missing when the traffic is over.
_PATIENCE_S = 2.0
#: Seconds for stragglers when the traffic is over and nothing is missing, and when more packets would be wrong.
_SETTLE_S, _SETTLE_MORE_S = 0.02, 0.2

_READY = re.compile(r"listening on ")
#: What tcpdump says of itself, not of packets.
_OWN_WORDS = re.compile(r"tcpdump: |listening on |\d+ packets? (captured|received by filter|dropped by)")


class Watch:
    """A tcpdump that listens."""

    def __init__(self, capture: Capture, lines: Lines) -> None:
        self.capture = capture
        self.lines = lines
        self._seen: list[str] = []

    def wait_until_listening(self) -> None:
        """Return once no packet can be missed. Raises LabError with tcpdump's words when it gives up."""
        said = []
        for line in self.lines.until(time.monotonic() + _START_S):
            if _READY.match(line):
                return
            said.append(line)
        where = f"{self.capture.dev} in {netns_words(self.capture.netns)}"
        raise LabError(f"tcpdump cannot capture on {where}: {' / '.join(said) or 'it says nothing'}")

    def finish(self) -> list[str]:
        """The lines of the packets, once those expected are there or the time is over."""
        self.read(_SETTLE_MORE_S if self.capture.packets.more_is_wrong else _SETTLE_S)
        limit = time.monotonic() + _PATIENCE_S
        while self.capture.packets.incomplete(self._seen) and time.monotonic() < limit:
            self.read(_SETTLE_S)
        return self._seen

    def read(self, seconds: float) -> None:
        """Take what comes within so many seconds."""
        for line in self.lines.until(time.monotonic() + seconds):
            if not _OWN_WORDS.match(line):
                self._seen.append(line)


@contextmanager
def watching(capture: Capture) -> Iterator[Watch]:
    """Start tcpdump for the time of the block."""
    with running(command(capture), capture.netns, INSTALL) as process:
        yield Watch(capture, Lines(process))


def command(capture: Capture) -> list[str]:
    """Tcpdump's words for the capture; see tcpdump(8).

    Link addresses (-e), numbers (-n), a line at once (-l), not promiscuous (-p) unless asked for, and no change of
    user (-Z root), which needs a user that not every machine has.
    """
    words = ["tcpdump", "-n", "-e", "-l", "--immediate-mode", "-Z", "root", "-i", capture.dev]
    words += [] if capture.promiscuous else ["-p"]
    return [*words, "--", capture.filter] if capture.filter else words


def title(capture: Capture) -> str:
    """What is captured where, as a phrase."""
    what = f" ({capture.filter})" if capture.filter else ""
    return f"{capture.dev} in {netns_words(capture.netns)}{what}"


def fault(capture: Capture, lines: list[str]) -> str:
    """What is wrong with the packets seen, as a phrase; "" when all is as expected."""
    found = capture.packets.fault(lines)
    return f"on {title(capture)} {found}" if found else ""


def told(seen: Iterable[tuple[Capture, list[str]]]) -> tuple[list[str], list[str]]:
    """What is wrong with the packets of several captures, as phrases, and all packets as evidence."""
    faults: list[str] = []
    evidence: list[str] = []
    for each, lines in seen:
        faults += filter(None, [fault(each, lines)])
        evidence += [f"on {title(each)}:", *(f"  {line}" for line in lines or ["no packet"])]
    return faults, evidence
