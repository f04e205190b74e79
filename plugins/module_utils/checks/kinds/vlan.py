# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VLANs that a port of a bridge, or the bridge itself, is in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import values
from ...errors import understood
from ...lean import dataclass
from ...options import Option, Options
from ..diagnose import see
from ..outcome import Result
from ..subject import LINK_NAME, NETNS, Fact, Kind, netns_words

if TYPE_CHECKING:
    from ..look import View

_MEMBER: Options = {
    "vid": Option("int", value=values.vid, required=True),
    "pvid": Option("bool", default=False),
    "untagged": Option("bool", default=False),
}
OPTIONS: Options = {
    "netns": NETNS,
    "dev": LINK_NAME,
    "vlans": Option("list", elements="dict", options=_MEMBER, required=True),
}
#: Bridge(8)'s words for the flags.
_FLAGS = {"pvid": "PVID", "untagged": "Egress Untagged"}


@dataclass(frozen=True)
class VlanFact(Fact):
    """The VLANs of a port, these and no other, in the words of bridge(8)."""

    netns: str
    dev: str
    vlans: tuple[str, ...]

    def describe(self) -> str:
        """Of which port, in which namespace."""
        return f"VLANs of {self.dev} in {netns_words(self.netns)}"

    def expected(self) -> str:
        """The VLANs."""
        return f"{self.dev} in {_words(self.vlans)}"

    def look(self, name: str, view: View) -> Result:
        """Whether the port is in these VLANs and in no other."""
        items = view.items(self.netns, "bridge", "vlan")
        with understood("what 'bridge -j vlan' prints"):
            table = {str(each["ifname"]): members(each["vlans"]) for each in items}
        found = table.get(self.dev, ())
        there = self.dev in table or self.dev in view.links(self.netns)
        ok = there and set(found) == set(self.vlans)
        lines = [f"{dev} {_words(vlans)}" for dev, vlans in table.items() if dev == self.dev or not ok]
        got = f"{self.dev} in {_words(found)}" if there else f"{netns_words(self.netns)} has no {self.dev}"
        cause = "" if ok else self._cause(table)
        return Result(name, ok, self.describe(), self.expected(), got, lines or ["no VLANs at all"], cause)

    def _cause(self, table: dict[str, tuple[str, ...]]) -> str:
        show = see(self.netns, "bridge", "vlan")
        if self.dev not in table:
            return f"{self.dev} is not a port of a bridge in {netns_words(self.netns)}, or is in no VLAN ({show})"
        lacking = [each for each in self.vlans if each not in table[self.dev]]
        beyond = [each for each in table[self.dev] if each not in self.vlans]
        words = [f"lacks {_words(lacking)}"] if lacking else []
        words += [f"has {_words(beyond)} beyond what is expected"] if beyond else []
        return f"{self.dev} {' and '.join(words)} ({show})"


def members(shown: list[dict[str, Any]]) -> tuple[str, ...]:
    """The VLANs of C(bridge -j vlan), which shows several with the same flags as one range."""
    return tuple(
        " ".join([str(vid), *each.get("flags", ())])
        for each in shown
        for vid in range(values.vid(each["vlan"]), values.vid(each.get("vlanEnd", each["vlan"])) + 1)
    )


def _words(vlans: Any) -> str:
    return ", ".join(vlans) or "no VLAN"


def _build(given: dict[str, Any], _place: str) -> VlanFact:
    vlans = [[str(each["vid"]), *(word for key, word in _FLAGS.items() if each[key])] for each in given["vlans"]]
    return VlanFact(given["netns"], given["dev"], tuple(" ".join(words) for words in vlans))


KIND = Kind(OPTIONS, _build)
