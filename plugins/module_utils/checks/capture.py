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
from .process import Lines, running
from .subject import netns_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .model import Capture

INSTALL = "install tcpdump: 'apt install tcpdump' on the Debian family, 'dnf install tcpdump' on Red Hat's"
#: Seconds within which tcpdump listens.
_START_S = 5.0
#: Seconds for packets that are still missing when the traffic is over.
_PATIENCE_S = 0.5
#: Seconds for stragglers when the traffic is over and nothing is missing, and when packets must be absent.
_SETTLE_S, _SETTLE_ABSENT_S = 0.02, 0.2

_READY = re.compile(r"listening on ")
#: What tcpdump says of itself, not of packets.
_OWN_WORDS = re.compile(r"tcpdump: |listening on |\d+ packets? (captured|received by filter|dropped by)")


class Watch:
    """A tcpdump that listens."""

    def __init__(self, capture: Capture, lines: Lines) -> None:
        self.capture = capture
        self._lines = lines
        self._seen: list[str] = []

    def wait_until_listening(self) -> None:
        """Return once no packet can be missed. Raises LabError with tcpdump's words when it gives up."""
        said = []
        for line in self._lines.until(time.monotonic() + _START_S):
            if _READY.match(line):
                return
            said.append(line)
        where = f"{self.capture.dev} in {netns_words(self.capture.netns)}"
        raise LabError(f"tcpdump cannot capture on {where}: {' / '.join(said) or 'it says nothing'}")

    def finish(self) -> list[str]:
        """The lines of the packets, once those expected are there or the time is over."""
        self._read(_SETTLE_ABSENT_S if self.capture.absent else _SETTLE_S)
        limit = time.monotonic() + _PATIENCE_S
        while missing(self.capture, self._seen) and time.monotonic() < limit:
            self._read(_SETTLE_S)
        return self._seen

    def _read(self, seconds: float) -> None:
        for line in self._lines.until(time.monotonic() + seconds):
            if not _OWN_WORDS.match(line):
                self._seen.append(line)


@contextmanager
def watching(capture: Capture) -> Iterator[Watch]:
    """Start tcpdump for the time of the block."""
    with running(command(capture), capture.netns, INSTALL) as process:
        yield Watch(capture, Lines(process))


def command(capture: Capture) -> list[str]:
    """Tcpdump's words for the capture; see tcpdump(8).

    Link addresses (-e), numbers (-n), a line at once (-l), not promiscuous (-p), and no change of user (-Z root),
    which needs a user that not every machine has.
    """
    words = ["tcpdump", "-n", "-e", "-l", "-p", "--immediate-mode", "-Z", "root", "-i", capture.dev]
    return [*words, "--", capture.filter] if capture.filter else words


def missing(capture: Capture, lines: Iterable[str]) -> list[str]:
    """The expected patterns from the first that no line matched, lines and patterns taken in order."""
    rest = iter(lines)
    for position, pattern in enumerate(capture.packets):
        if not any(pattern.search(line) for line in rest):
            return [each.pattern for each in capture.packets[position:]]
    return []


def unwanted(capture: Capture, lines: Iterable[str]) -> list[str]:
    """The lines that match a pattern that none may match."""
    return [line for line in lines if any(pattern.search(line) for pattern in capture.absent)]


def title(capture: Capture) -> str:
    """What is captured where, as a phrase."""
    what = f" ({capture.filter})" if capture.filter else ""
    return f"{capture.dev} in {netns_words(capture.netns)}{what}"


def fault(capture: Capture, lines: list[str]) -> str:
    """What is wrong with the packets seen, as a phrase; "" when all is as expected."""
    lacking, forbidden = missing(capture, lines), unwanted(capture, lines)
    if lacking:
        return f"on {title(capture)} no packet matches {lacking[0]!r} (in this order), of {len(lines)} lines seen"
    if forbidden:
        return f"on {title(capture)} a packet that must be absent: {forbidden[0]}"
    return ""
