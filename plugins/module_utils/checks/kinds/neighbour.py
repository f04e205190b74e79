# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom a namespace knows on its segments: the MAC addresses found by ARP or by neighbour discovery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import values
from ...errors import understood
from ...lean import dataclass
from ...options import Option, Options
from ..diagnose import see
from ..subject import NETNS, PRESENT, Kind, netns_words
from ..table import EntryFact

if TYPE_CHECKING:
    from ..look import View
    from ..outcome import Result

#: The states of ip-neighbour(8).
STATES = ("reachable", "stale", "delay", "probe", "permanent", "incomplete", "failed")

OPTIONS: Options = {
    "netns": NETNS,
    "address": Option(value=values.address, required=True),
    "dev": Option(value=values.name),
    "mac": Option(value=values.station),
    "state": Option("list", choices=STATES),
    "present": PRESENT,
}


@dataclass(frozen=True)
class NeighbourFact(EntryFact):
    """An entry of the neighbour table, or that there is none. None is not looked at."""

    netns: str
    address: str
    dev: str | None
    mac: str | None
    state: tuple[str, ...]
    present: bool

    def describe(self) -> str:
        """Whom, in which namespace."""
        return f"neighbour {self.address} in {netns_words(self.netns)}"

    def expected(self) -> str:
        """The entry as C(ip neigh) words it."""
        states = " or ".join(state.upper() for state in self.state)
        words = _line({"dst": self.address, "dev": self.dev, "lladdr": self.mac, "state": [states] if states else []})
        return words if self.present else f"no entry {words}"

    def look(self, name: str, view: View) -> Result:
        """Whether the table has the entry, or has it not."""
        table = view.items(self.netns, "ip", "neigh")
        with understood("what 'ip -j neigh' prints"):
            found = [_line(each) for each in table if self._is(each)]
            nothing = f"no such entry in {netns_words(self.netns)}"
            return self.judge(name, found, [_line(each) for each in table], nothing, self._cause(table))

    def _is(self, each: dict[str, Any]) -> bool:
        same = each["dst"] == self.address and self.dev in (None, each["dev"])
        return same and self.mac in (None, each.get("lladdr")) and self._has_state(each)

    def _has_state(self, each: dict[str, Any]) -> bool:
        """An entry without a MAC address is somebody who was looked for in vain: only to be had by its state."""
        if not self.state:
            return "lladdr" in each
        return any(state.lower() in self.state for state in each["state"])

    def _cause(self, table: list[dict[str, Any]]) -> str:
        show = see(self.netns, "ip", "neigh")
        known = [each for each in table if each["dst"] == self.address]
        if not self.present:
            return f"{netns_words(self.netns)} has met {self.address}, or its entry was made by hand ({show})"
        if not known:
            return f"{netns_words(self.netns)} has not sent to {self.address} on its own segment lately ({show})"
        if "lladdr" in known[0]:
            return f"the entry of {self.address} is another one: {_line(known[0])} ({show})"
        return f"{netns_words(self.netns)} asked for {self.address} on {known[0]['dev']}, and nobody answered ({show})"


def _line(entry: dict[str, Any]) -> str:
    words = [entry["dst"]]
    words += ["dev", entry["dev"]] if entry.get("dev") else []
    words += ["lladdr", entry["lladdr"]] if entry.get("lladdr") else []
    return " ".join([*words, *entry["state"]])


def _build(given: dict[str, Any], _place: str) -> NeighbourFact:
    return NeighbourFact(**{**given, "state": tuple(given["state"] or ())})


KIND = Kind(OPTIONS, _build)
