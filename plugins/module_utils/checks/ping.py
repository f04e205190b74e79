# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ping by iputils' ping(8), whose own words are the evidence, and the reading of those words."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from re import Pattern
from typing import TYPE_CHECKING

from ..errors import LabError
from ..output import lines_of, output_of
from ..requirements import IPROUTE2, IPUTILS
from . import look
from .outcome import Outcome
from .subject import family

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .kinds.ping import Ping

#: What a router says, or a namespace to itself, when a neighbour does not answer.
_NO_NEIGHBOUR = "destination_host_unreachable"
#: The ends that an ICMP error of another machine brings about, so that one can ask which machine.
ANSWERED_BY_OTHERS = ("destination_net_unreachable", _NO_NEIGHBOUR)
#: Seconds between two requests that are to be answered; less than 0.2 is root's privilege.
_INTERVAL_S = 0.01
#: Seconds without an answer after which a packet counts as lost.
_PATIENCE_S = 1.0
#: A neighbour that does not answer is given up, and reported, after three probes of 1 s (arp(7)).
_NEIGHBOUR_PATIENCE_S = 4.0
#: Seconds after which a router that said too much says something again. Linux limits the ICMP errors to one address:
#: each costs one second in icmp_send() (icmp_ratelimit in ip-sysctl) and, if there is no route, another in ip_error().
#: A request within that time would use up the allowance without being answered.
LIMITED_S = 2.1
_SECOND_LOOK_PATIENCE_S = 0.4
#: Seconds more that ping may take to start and to end: a busy or an emulated machine needs some.
_GRACE_S = 10.0

_REPLY = re.compile(r"\d+ bytes from .*?\bicmp_seq=\d+(?: ttl=(?P<ttl>\d+))?")
_ERROR = re.compile(r"From (?P<by>[^\s,]+?):? icmp_seq=\d+ (?P<what>.+)")
_LOCAL = re.compile(r"(?:ping6?: )?(?:connect|sendmsg|sendto|local error|bind): (?P<what>.+)")
_SUMMARY = re.compile(r"(?<!\d)(?P<sent>\d+) packets transmitted, (?P<received>\d+) (?:packets )?received")

#: The kinds of errors in ping's words, for IPv4 (RFC 792, RFC 1812) and IPv6 (RFC 4443); the first that matches counts.
_KINDS: tuple[tuple[Pattern[str], str], ...] = tuple(
    (re.compile(words, re.IGNORECASE), kind)
    for words, kind in (
        (r"^network is unreachable", "network_unreachable"),
        (r"message too long|frag needed|packet too big", "message_too_long"),
        (r"^destination net (unreachable|unknown)|unreachable: no route", "destination_net_unreachable"),
        (r"^destination host (unreachable|unknown)|address unreachable", "destination_host_unreachable"),
        (r"destination port unreachable|unreachable: port unreachable", "destination_port_unreachable"),
        (r"filtered|prohibited|reject route|policy", "filtered"),
        (r"time to live exceeded|time exceeded", "ttl_exceeded"),
    )
)
#: ping's local failures that a network still coming up shows: no link yet, or addresses still being checked (RFC 4862).
_NOT_YET = re.compile(r"cannot assign requested address|network is (unreachable|down)|no route to host", re.IGNORECASE)


#: Kind, sender ("" where ping could not even send) and words.
Error = tuple[str, str, str]


@dataclass
class Transcript:
    """What ping printed, read."""

    lines: list[str] = field(default_factory=list)
    replies: int = 0
    ttls: set[int] = field(default_factory=set)
    errors: list[Error] = field(default_factory=list)
    sent: int | None = None


def read_transcript(lines: Iterable[str]) -> Transcript:
    """Read ping's output under C(LC_ALL=C). Lines of no known form are kept as evidence and mean nothing."""
    transcript = Transcript()
    for line in lines:
        if line.strip():
            transcript.lines.append(line.rstrip())
            _read_line(line, transcript)
    return transcript


def _read_line(line: str, transcript: Transcript) -> None:
    reply = _REPLY.match(line)
    if reply:
        if "(DUP!)" not in line:
            transcript.replies += 1
        if reply["ttl"]:
            transcript.ttls.add(int(reply["ttl"][:4]))
        return
    error = _ERROR.match(line)
    local = _LOCAL.match(line)
    if error and not error["what"].startswith("Redirect"):
        by = error["by"].partition("%")[0]  # the interface, of a link-local address
        transcript.errors.append((_kind(error["what"]), by, error["what"].strip()))
    elif local:
        transcript.errors.append((_kind(local["what"]), "", local["what"].strip()))
    summary = _SUMMARY.search(line)
    if summary:
        transcript.sent = (transcript.sent or 0) + int(summary["sent"][:9])


def _kind(words: str) -> str:
    return next((kind for pattern, kind in _KINDS if pattern.search(words)), "error")


def outcome(transcript: Transcript, wanted: int) -> Outcome:
    """What the transcript says of C(wanted) requests. Raises LabError when ping itself did not work."""
    lines = tuple(transcript.lines)
    if transcript.replies >= wanted:
        return Outcome("reply", _replies(transcript, wanted), lines)
    if transcript.replies:
        return Outcome("loss", _replies(transcript, wanted), lines, worth_retrying=True)
    if transcript.errors:
        return _failed(transcript)
    if transcript.sent:
        return Outcome("silence", f"silence: {transcript.sent} sent, no answer of any kind", lines, worth_retrying=True)
    raise LabError(f"ping did not work: {' / '.join(lines) or 'it printed nothing'}")


def _replies(transcript: Transcript, wanted: int) -> str:
    ttls = ", ".join(str(ttl) for ttl in sorted(transcript.ttls))
    return f"{transcript.replies} of {wanted} replies{f', ttl {ttls}' if ttls else ''}"


def _failed(transcript: Transcript) -> Outcome:
    kind, by, words = transcript.errors[0]  # what follows may be its consequence, such as a path MTU learned
    got = f"{words} from {by}" if by else words
    retry = bool(by) or bool(_NOT_YET.search(words))
    return Outcome(kind, got, tuple(transcript.lines), by, worth_retrying=retry)


def attempt(ping: Ping) -> tuple[Transcript, Outcome]:
    """Ping once, from within the namespace. Raises LabError when ping(8) is not there or does not work.

    Silence is looked at twice: a router whose errors are being held back looks silent too.
    """
    if ping.forget_neighbour:
        output_of(["ip", "neigh", "flush", "to", ping.to.partition("%")[0]], ping.from_, IPROUTE2)
    if ping.expect == "reply":
        transcript = _look(ping, ping.count, _INTERVAL_S, _PATIENCE_S)
        return transcript, outcome(transcript, ping.count)
    if ping.expect == "silence":
        transcript = _look_for_silence(ping)
    elif ping.expect in ANSWERED_BY_OTHERS:
        patience = _NEIGHBOUR_PATIENCE_S if ping.expect == _NO_NEIGHBOUR else _PATIENCE_S
        transcript = _look(ping, min(ping.count, 2), LIMITED_S, patience)
    else:  # this machine's own errors are not limited, nor is the news that a packet is too big
        transcript = _look(ping, ping.count, _INTERVAL_S, _PATIENCE_S)
    return transcript, outcome(transcript, transcript.sent or ping.count)


def _look_for_silence(ping: Ping) -> Transcript:
    """Look twice, the second time briefly. That no neighbour answers is the namespace's own word, and silence, too."""
    seen = _look(ping, ping.count, _INTERVAL_S, LIMITED_S)
    if seen.errors and not _of_others(seen.errors, ping.from_):
        # A neighbour was asked for 3 s, so it was asked before us, maybe by somebody who came too early: ask anew.
        seen = _look(ping, ping.count, _INTERVAL_S, LIMITED_S)
    if not seen.replies and not _of_others(seen.errors, ping.from_):
        again = _look(ping, 1, _INTERVAL_S, _SECOND_LOOK_PATIENCE_S)
        seen = read_transcript([*seen.lines, *again.lines])
    seen.errors = _of_others(seen.errors, ping.from_)
    return seen


def _of_others(errors: list[Error], netns: str) -> list[Error]:
    """Without the errors by which the namespace tells itself that a neighbour does not answer (arp(7))."""
    links = look.View().links(netns).values() if errors else ()
    return [(kind, by, words) for kind, by, words in errors if kind != _NO_NEIGHBOUR or not _is_own(by, links)]


def _is_own(address: str, links: Iterable[look.Interface]) -> bool:
    return bool(address) and any(link.holds(address) for link in links)


def _look(ping: Ping, count: int, interval: float, patience: float) -> Transcript:
    """Run ping; where no reply is expected, until the first answer of any kind."""
    seen = Transcript()

    def enough(line: str) -> bool:
        _read_line(line, seen)
        return ping.expect != "reply" and bool(seen.errors or seen.replies)

    limit = time.monotonic() + count * interval + patience + _GRACE_S
    return read_transcript(lines_of(command(ping, count, interval, patience), ping.from_, IPUTILS, limit, enough))


def command(ping: Ping, count: int, interval: float, patience: float) -> list[str]:
    """Ping's words for the check; see ping(8)."""
    words = ["ping", f"-{family(ping.to)}", "-n", "-c", str(count), "-s", str(ping.size)]
    words += ["-i", str(interval), "-W", str(patience)]
    if ping.df:
        words += ["-M", "do"]
    bound_to = ping.source or ping.dev
    if bound_to:
        words += ["-I", bound_to]
    return [*words, ping.to]
