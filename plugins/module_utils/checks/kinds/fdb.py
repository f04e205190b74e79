# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Behind which port a bridge, and behind which remote a VXLAN device, has a station: the forwarding database."""

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

OPTIONS: Options = {
    "netns": NETNS,
    "mac": Option(value=values.mac, required=True),
    "dev": Option(value=values.name),
    "dst": Option(value=values.address),
    "present": PRESENT,
}


@dataclass(frozen=True)
class FdbFact(EntryFact):
    """An entry of a forwarding database, or that there is none. None is not looked at."""

    netns: str
    mac: str
    dev: str | None
    dst: str | None
    present: bool

    def describe(self) -> str:
        """Which station, in which namespace."""
        return f"forwarding entry of {self.mac} in {netns_words(self.netns)}"

    def expected(self) -> str:
        """The entry as C(bridge fdb) words it."""
        words = _line({"mac": self.mac, "ifname": self.dev, "dst": self.dst})
        return words if self.present else f"no entry {words}"

    def look(self, name: str, view: View) -> Result:
        """Whether a forwarding database of the namespace has the entry, or none has it."""
        table = view.items(self.netns, "bridge", "fdb")
        with understood("what 'bridge -j fdb' prints"):
            found = [_line(each) for each in table if self._is(each)]
            nothing = f"no such entry in {netns_words(self.netns)}"
            return self.judge(name, found, [_line(each) for each in table], nothing, self._cause(table))

    def _is(self, each: dict[str, Any]) -> bool:
        same = each["mac"] == self.mac
        return same and self.dev in (None, each["ifname"]) and self.dst in (None, each.get("dst"))

    def _cause(self, table: list[dict[str, Any]]) -> str:
        show = see(self.netns, "bridge", "fdb")
        known = [_line(each) for each in table if each["mac"] == self.mac]
        if not self.present:
            return f"a frame from {self.mac} has come in there lately ({show})"
        if known:
            return f"{self.mac} is somewhere else: {known[0]} ({show})"
        return f"no frame from {self.mac} has come in there lately ({show})"


def _line(entry: dict[str, Any]) -> str:
    words = [entry["mac"]]
    words += [word for key in ("ifname", "dst", "vlan", "master") if entry.get(key) for word in _words(key, entry)]
    return " ".join([*words, *entry.get("flags", ()), entry.get("state", "")]).rstrip()


def _words(key: str, entry: dict[str, Any]) -> tuple[str, str]:
    return "dev" if key == "ifname" else key, str(entry[key])


def _build(given: dict[str, Any], _place: str) -> FdbFact:
    return FdbFact(**given)


KIND = Kind(OPTIONS, _build)
