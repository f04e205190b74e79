# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A namespace that is listed by C(ip netns), and the interfaces in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import values
from ...errors import LabError
from ...lean import dataclass
from ...options import Option, Options
from ...state import ROOT
from ..outcome import Result
from ..subject import PRESENT, Fact, Kind

if TYPE_CHECKING:
    from ..look import View

OPTIONS: Options = {
    "name": Option(value=values.namespace, required=True),
    "links": Option("list", value=values.name),
    "present": PRESENT,
}


@dataclass(frozen=True)
class NetnsFact(Fact):
    """A namespace that is listed, with exactly these interfaces (None is not looked at), or that is not."""

    name: str
    links: tuple[str, ...] | None
    present: bool

    def describe(self) -> str:
        """Which namespace."""
        return f"namespace {self.name}"

    def home(self) -> str:
        """The namespace itself: it is listed where it is."""
        return self.name

    def namespaces(self) -> set[str]:
        """Nobody has to be there where nobody must be."""
        return {self.name} if self.present else set()

    def expected(self) -> str:
        """Whether it is listed, and what is in it."""
        if not self.present:
            return f"{self.name} is not listed"
        return f"{self.name} is listed{'' if self.links is None else f', with {_words(self.links)}'}"

    def look(self, name: str, view: View) -> Result:
        """Whether it is there, and has what it must have."""
        names = [each["name"] for each in view.items(ROOT, "ip", "netns")]
        if self.name not in names:
            got = f"{self.name} is not listed"
            return Result(name, not self.present, self.describe(), self.expected(), got, names or ["no namespace"])
        links = view.links(self.name)
        ok = self.present and (self.links is None or set(self.links) == set(links))
        got, lines = f"{self.name} is listed, with {_words(links)}", [link.line() for link in links.values()]
        return Result(name, ok, self.describe(), self.expected(), got, [self.name, *lines])


def _words(links: Any) -> str:
    """The interfaces, in the same order whoever names them."""
    return ", ".join(sorted(links)) or "no interface"


def _build(given: dict[str, Any], place: str) -> NetnsFact:
    if given["links"] is not None and not given["present"]:
        raise LabError("excludes 'present: false': what is not there has no interfaces", f"{place}.links")
    return NetnsFact(**{**given, "links": None if given["links"] is None else tuple(given["links"])})


KIND = Kind(OPTIONS, _build)
