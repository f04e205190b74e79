# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Echo requests, and how that must end. How it is done and read is in C(checks/ping.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import values
from ...errors import LabError
from ...lean import dataclass
from ...options import Option, Options
from .. import ping
from ..subject import HOST, NETNS, Flow, Kind, Traffic, family, netns_words

if TYPE_CHECKING:
    from ..outcome import Outcome

#: What a ping can be expected to end with, in the words of ping(8).
ENDS = (
    "reply",
    "silence",
    "network_unreachable",
    "destination_net_unreachable",
    "destination_host_unreachable",
    "message_too_long",
)
#: The header of IPv4 without options or of IPv6, and of ICMP's echo (RFC 791, RFC 8200, RFC 792).
_IP_HEADER, _ICMP_HEADER = {4: 20, 6: 40}, 8

OPTIONS: Options = {
    "from": NETNS,
    "to": HOST,
    "source": Option(value=values.address),
    "dev": Option(value=values.name),
    "count": Option("int", value=values.between(1, 100, "a count"), default=3),
    "size": Option("int", value=values.between(0, 65507, "a size"), default=56),
    "df": Option("bool", default=False),
    "expect": Option(choices=ENDS, default="reply"),
    "ttl": Option("int", value=values.between(1, 255, "a TTL")),
    "by": Option(value=values.address),
    "forget_neighbour": Option("bool", default=False),
}


@dataclass(frozen=True)
class Ping(Traffic):
    """C(count) echo requests of C(size) bytes of data, and how that must end."""

    from_: str
    to: str
    source: str | None
    dev: str | None
    count: int
    size: int
    df: bool
    expect: str
    ttl: int | None
    by: str | None
    forget_neighbour: bool

    def describe(self) -> str:
        """From where to what address."""
        return f"ping from {netns_words(self.from_)} to {self.to}"

    def expected(self) -> str:
        """Replies, silence, or which error from whom."""
        if self.expect == "reply":
            return f"{self.count} of {self.count} replies{f', ttl {self.ttl}' if self.ttl else ''}"
        if self.expect == "silence":
            return "silence: no answer of any kind"
        words = self.expect.replace("_", " ")
        return f"{words} from {self.by}" if self.by else words

    def once(self) -> tuple[bool, Outcome]:
        """Ping once."""
        transcript, outcome = ping.attempt(self)
        return self.met_by(transcript, outcome), outcome

    def met_by(self, transcript: ping.Transcript, outcome: Outcome) -> bool:
        """Whether the outcome is what the check expects."""
        if self.expect == "reply":
            return outcome.kind == "reply" and (self.ttl is None or transcript.ttls == {self.ttl})
        return outcome.kind == self.expect and self.by in (None, outcome.by)

    def flow(self) -> Flow:
        """The echo requests."""
        size = _IP_HEADER[family(self.to)] + _ICMP_HEADER + self.size
        return Flow(self.from_, self.to, "icmp", self.source or "", size=size, df=self.df, ttl=self.ttl or 0)

    @property
    def works(self) -> bool:
        """Whether replies are expected."""
        return self.expect == "reply"


def _build(given: dict[str, Any], place: str) -> Ping:
    if given["source"] and given["dev"]:
        raise LabError("excludes source: ping takes the one or the other", f"{place}.dev")
    _same_family(given, "source", place)
    _same_family(given, "by", place)
    if given["ttl"] is not None and given["expect"] != "reply":
        raise LabError("is seen in a reply only, so it needs 'expect: reply'", f"{place}.ttl")
    if given["by"] is not None and given["expect"] not in ping.ANSWERED_BY_OTHERS:
        others = " or ".join(ping.ANSWERED_BY_OTHERS)
        raise LabError(f"is who answers with an error, so it needs 'expect: {others}'", f"{place}.by")
    return Ping(from_=given.pop("from"), **given)


def _same_family(given: dict[str, Any], key: str, place: str) -> None:
    if given[key] is not None and family(given[key]) != family(given["to"]):
        ours, theirs = family(given[key]), family(given["to"])
        raise LabError(f"{given[key]!r} is IPv{ours}, and 'to' is IPv{theirs}", f"{place}.{key}")


KIND = Kind(OPTIONS, _build)
