# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets of a namespace as ss(8) shows them."""

from __future__ import annotations

from dataclasses import field

from ..errors import LabError
from ..lean import dataclass
from ..output import output_of
from ..requirements import IPROUTE2
from .subject import netns_words

#: The states that a socket of each protocol can be asked for, in the words of ss(8); the first is a server's.
STATES = {"tcp": ("LISTEN", "ESTAB"), "udp": ("UNCONN", "ESTAB")}
#: The moments of a TCP connection at which its sockets can be looked at.
MOMENTS = ("listening", "connected")


@dataclass(frozen=True)
class Wanted:
    """Sockets that must, or must not, be in a namespace: their port or that of their peer is C(port)."""

    netns: str
    protocol: str
    port: int
    state: str
    present: bool

    def words(self) -> str:
        """What must be seen, as a phrase."""
        which = f"{self.protocol} port {self.port} in state {self.state} in {netns_words(self.netns)}"
        return which if self.present else f"none on {which}"

    def among(self, lines: list[str]) -> list[str]:
        """Those of the lines of ss(8) that are such sockets."""
        return [line for line in lines if line.split()[:1] == [self.state]]


def look(wanted: Wanted) -> list[str]:
    """The lines of ss(8), a socket each. Raises LabError when the namespace, or ss, is not there."""
    ports = ["sport", "=", f":{wanted.port}", "or", "dport", "=", f":{wanted.port}"]
    command = ["ss", "-n", "-a", f"-{wanted.protocol[0]}", "(", *ports, ")"]
    lines = output_of(command, wanted.netns, IPROUTE2).splitlines()
    if not lines or not lines[0].startswith("State"):  # the heading, without which no socket would mean nothing
        raise LabError(f"ss shows no sockets in {netns_words(wanted.netns)}: {' / '.join(lines) or 'it fails'}")
    return [" ".join(line.split()) for line in lines[1:]]


@dataclass
class Looks:
    """Sockets looked at while a connection opens: what must be seen at each moment, and what was seen."""

    wanted: tuple[tuple[str, Wanted], ...]
    lines: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def at(self, moment: str) -> None:
        """Look at all that is to be seen at this moment."""
        for when, each in self.wanted:
            if when == moment:
                found = each.among(look(each))
                shown = found or [f"no {each.state}"]
                self.lines += [f"ss in {netns_words(each.netns)}, {moment}: {line}" for line in shown]
                if bool(found) != each.present:
                    self.faults.append(f"{moment}, ss does not show {each.words()}")
