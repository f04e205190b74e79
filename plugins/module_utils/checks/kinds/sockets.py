# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets that a namespace has, or has not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import LabError
from ...lean import dataclass
from ...options import Option, Options
from .. import sockets
from ..outcome import Result
from ..subject import NETNS, PORT, PRESENT, Fact, Kind, netns_words

if TYPE_CHECKING:
    from ..look import View

_STATES = tuple(dict.fromkeys(state for states in sockets.STATES.values() for state in states))
OPTIONS: Options = {
    "netns": NETNS,
    "protocol": Option(choices=tuple(sockets.STATES), default="tcp"),
    "port": PORT,
    "state": Option(choices=_STATES),
    "present": PRESENT,
}


@dataclass(frozen=True)
class SocketFact(Fact):
    """Sockets of one port and state."""

    wanted: sockets.Wanted

    def describe(self) -> str:
        """Which port, in which namespace."""
        return f"sockets of {self.wanted.protocol} port {self.wanted.port} in {netns_words(self.wanted.netns)}"

    def home(self) -> str:
        """Where the sockets are."""
        return self.wanted.netns

    def expected(self) -> str:
        """The state that one of them must have, or none."""
        return self.wanted.words()

    def look(self, name: str, view: View) -> Result:  # noqa: ARG002 - ss shows what changes from one moment to the next
        """Whether there is such a socket."""
        lines = sockets.look(self.wanted)
        states = ", ".join(dict.fromkeys(line.split()[0] for line in lines))
        got = states or "no socket of this port"
        ok = bool(self.wanted.among(lines)) == self.wanted.present
        return Result(name, ok, self.describe(), self.expected(), got, lines)


def _build(given: dict[str, Any], place: str) -> SocketFact:
    states = sockets.STATES[given["protocol"]]
    state = given.pop("state") or states[0]
    if state not in states:
        raise LabError(f"a {given['protocol']} socket is never {state}, but {' or '.join(states)}", f"{place}.state")
    return SocketFact(sockets.Wanted(state=state, **given))


KIND = Kind(OPTIONS, _build)
