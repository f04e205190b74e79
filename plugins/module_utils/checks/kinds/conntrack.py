# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that a namespace tracks, with the two directions of each: what address translation has made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import values
from ...lean import dataclass
from ...namespaces import inside
from ...options import Option, Options
from ...output import output_of
from ..diagnose import see
from ..subject import NETNS, PRESENT, Kind, netns_words
from ..table import EntryFact

if TYPE_CHECKING:
    from ..look import View
    from ..outcome import Result

_FILE = "/proc/thread-self/net/nf_conntrack"
_SHOWN = "/proc/net/nf_conntrack"
_INSTALL = "this kernel shows no /proc/net/nf_conntrack; install conntrack, or conntrack-tools on the Red Hat family"
_PROTOCOLS = ("tcp", "udp", "icmp", "icmpv6")

OPTIONS: Options = {
    "netns": NETNS,
    "protocol": Option(choices=_PROTOCOLS, required=True),
    "source": Option(value=values.address),
    "destination": Option(value=values.address),
    "port": Option("int", value=values.port),
    "reply_source": Option(value=values.address),
    "reply_destination": Option(value=values.address),
    "reply_port": Option("int", value=values.port),
    "present": PRESENT,
}
#: The words of a direction in an entry: an answer comes from the port that was asked.
_DIRECTIONS = (
    {"source": "src", "destination": "dst", "port": "dport"},
    {"reply_source": "src", "reply_destination": "dst", "reply_port": "sport"},
)


@dataclass(frozen=True)
class ConntrackFact(EntryFact):
    """A tracked connection, or that there is none. What is not in C(wanted) is not looked at."""

    netns: str
    protocol: str
    wanted: dict[str, str]
    present: bool

    def describe(self) -> str:
        """Which connections, in which namespace."""
        return f"tracked {self.protocol} connection in {netns_words(self.netns)}"

    def expected(self) -> str:
        """The entry, in the words that it is asked for."""
        words = " ".join([self.protocol, *(f"{name} {value}" for name, value in self.wanted.items())])
        return words if self.present else f"no connection {words}"

    def look(self, name: str, view: View) -> Result:  # noqa: ARG002 - connections change from one moment to the next
        """Whether such a connection is tracked."""
        table = [line for line in _read(self.netns) if _protocol(line) == self.protocol]
        found = [line for line in table if self._is(line)]
        nothing = f"no such connection in {netns_words(self.netns)}"
        return self.judge(name, found, table, nothing, self._cause(table))

    def _is(self, line: str) -> bool:
        return self._has(line, 0) and self._has(line, 1)

    def _has(self, line: str, number: int) -> bool:
        """Whether one direction of the connection is as it must be."""
        direction, words = _DIRECTIONS[number], _directions(line)[number]
        return all(words.get(direction[name]) == self.wanted[name] for name in direction if name in self.wanted)

    def _cause(self, table: list[str]) -> str:
        show = see(self.netns, "cat", _SHOWN)
        if not self.present:
            return f"such a connection has come by lately ({show})"
        if not table:
            why = "none has come by lately, or no rule there needs to know of connections"
            return f"{netns_words(self.netns)} tracks no {self.protocol} connection: {why} ({show})"
        if any(self._has(line, 0) for line in table):
            return f"the connection is there, but its answers are expected otherwise ({show})"
        return f"no connection that begins so has come by lately ({show})"


def _read(netns: str) -> list[str]:
    """One line a connection, as the kernel shows it, or C(conntrack -L) where the kernel does not."""
    try:
        with inside(netns), open(_FILE, encoding="ascii", errors="replace") as stream:
            return [" ".join(line.split()[2:]) for line in stream]
    except FileNotFoundError:
        listed = [output_of(["conntrack", "-L", "-f", family], netns, _INSTALL) for family in ("ipv4", "ipv6")]
        return [" ".join(line.split()) for text in listed for line in text.splitlines() if "src=" in line]


def _protocol(line: str) -> str:
    return line.split(" ", 1)[0]


def _directions(line: str) -> tuple[dict[str, str], dict[str, str]]:
    """The words of the packets that began it, and of those that answer."""
    there: dict[str, str] = {}
    back: dict[str, str] = {}
    for word in line.split():
        key, equals, value = word.partition("=")
        if equals and key in ("src", "dst", "sport", "dport"):
            # the file writes IPv6 addresses in full
            (back if key in there else there)[key] = _address(value) if key in ("src", "dst") else value
    return there, back


def _address(word: str) -> str:
    """The address in its usual form, if it is one."""
    try:
        return values.address(word)
    except ValueError:
        return word


def _build(given: dict[str, Any], _place: str) -> ConntrackFact:
    netns, protocol, present = (given.pop(name) for name in ("netns", "protocol", "present"))
    wanted = {name: str(value) for name, value in given.items() if value is not None}
    return ConntrackFact(netns, protocol, wanted, present)


KIND = Kind(OPTIONS, _build)
