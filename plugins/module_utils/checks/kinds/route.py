# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A route that is in the main table, or is not."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from ... import values
from ...errors import LabError
from ...lean import dataclass
from ...options import Option, Options
from ..look import Route
from ..subject import NETNS, PRESENT, Kind, family, netns_words
from ..table import EntryFact

if TYPE_CHECKING:
    from ..look import View
    from ..outcome import Result

OPTIONS: Options = {
    "netns": NETNS,
    "dst": Option(value=values.destination, required=True),
    "via": Option(value=values.address),
    "dev": Option(value=values.name),
    "present": PRESENT,
}


@dataclass(frozen=True)
class RouteFact(EntryFact):
    """A route that is in the main table, or is not."""

    netns: str
    dst: str
    via: str | None
    dev: str | None
    present: bool

    def describe(self) -> str:
        """To where, in which namespace."""
        return f"route to {self.dst} in {netns_words(self.netns)}"

    def expected(self) -> str:
        """The route as C(ip route) words it."""
        words = Route(self.dst, self.via or "", self.dev or "").line()
        return words if self.present else f"no route {words}"

    def look(self, name: str, view: View) -> Result:
        """Whether the main table has the route, or has it not."""
        table = view.routes(self.netns, self._family())
        found = [each for each in table if self._is(each)]
        nothing, cause = f"no such route in {netns_words(self.netns)}", self._cause(table, view)
        return self.judge(name, [each.line() for each in found], [each.line() for each in table], nothing, cause)

    def _family(self) -> int:
        return family(self.via or "") if self.dst == "default" else family(self.dst)

    def _is(self, each: Route) -> bool:
        same = _network(each.dst) == _network(self.dst)
        return same and self.via in (None, each.via) and self.dev in (None, each.dev)

    def _cause(self, table: list[Route], view: View) -> str:
        if not self.present:
            return ""
        others = [each for each in table if _network(each.dst) == _network(self.dst)]
        if others:
            return f"the route to {self.dst} is another one: {others[0].line()}"
        down = [link.name for link in view.links(self.netns).values() if not link.up and link.name != "lo"]
        return f"{', '.join(down)} is down, and routes go with their interface" if down else ""


def _network(dst: str) -> str:
    return "default" if values.is_default(dst) else str(ipaddress.ip_network(dst))


def _build(given: dict[str, Any], place: str) -> RouteFact:
    if given["via"] is not None and given["dst"] != "default" and family(given["via"]) != family(given["dst"]):
        raise LabError(f"{given['via']!r} is IPv{family(given['via'])}, and 'dst' is not", f"{place}.via")
    return RouteFact(**given)


KIND = Kind(OPTIONS, _build)
