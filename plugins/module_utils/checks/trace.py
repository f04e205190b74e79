# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to an address, hop by hop, as traceroute(8) finds it: a router that takes the last of a packet's TTL says so.

It is done by ping(8), which is there for the other checks, with a TTL of 1, of 2, and so on.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..output import lines_of
from ..requirements import IPUTILS
from .outcome import Outcome
from .ping import Transcript, read_transcript
from .subject import family

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .kinds.traceroute import Traceroute

_PATIENCE_S = 1
#: Traceroute's word for a hop that does not answer.
_SILENT = "*"


def attempt(trace: Traceroute) -> tuple[tuple[str, ...], Outcome]:
    """The hops that answer, and how it ended. One more than expected is looked for, and no further.

    Where a router answered with an error it is not tried again: routers send few errors a second (C(ping.LIMITED_S)).
    """
    hops: list[str] = []
    lines: list[str] = []
    kind, what = "ttl_exceeded", ""
    while kind in ("ttl_exceeded", "silence") and len(hops) <= len(trace.hops):
        kind, by, what = _answer(trace.to, _ask(trace, len(hops) + 1))
        hops += [by] if by else []
        lines.append(f"{len(hops):2}  {by}  {what}".rstrip())
    got = words(hops) if kind in ("reply", "ttl_exceeded", "silence") else f"{words(hops)}: {what}".removeprefix(": ")
    return tuple(hops), Outcome(kind, got, tuple(lines), worth_retrying=_SILENT in hops or not hops)


def words(hops: Iterable[str]) -> str:
    """The hops as one line."""
    return ", ".join(hops)


def _ask(trace: Traceroute, ttl: int) -> Transcript:
    """What comes of one request with this TTL."""
    command = ["ping", f"-{family(trace.to)}", "-n", "-c", "1", "-t", str(ttl), "-W", str(_PATIENCE_S), trace.to]
    limit = time.monotonic() + _PATIENCE_S + 2
    return read_transcript(lines_of(command, trace.from_, IPUTILS, limit, lambda _line: False))


def _answer(to: str, transcript: Transcript) -> tuple[str, str, str]:
    """The kind of answer, who gave it ("" for this namespace itself), and its words."""
    if transcript.replies:
        return "reply", to.partition("%")[0], ""
    return transcript.errors[0] if transcript.errors else ("silence", _SILENT, "")
