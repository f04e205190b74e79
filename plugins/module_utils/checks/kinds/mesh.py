# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""That all namespaces reach each other. How it is found out is in C(checks/mesh.py)."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from ... import values
from ...errors import LabError
from ...lean import dataclass
from ...options import Option, Options
from .. import mesh
from ..subject import Flow, Kind, Traffic, netns_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..outcome import Outcome

#: Addresses at once: each has its number in the requests.
_MOST = 0xFFFF
#: Pairs from one machine to another one, whose namespaces cannot be made to forget from here what they learn of each
#: other: the kernel has room for 1,024 neighbours (gc_thresh3 in arp(7)).
MOST_FROM_AFAR = 800

OPTIONS: Options = {
    "addresses": Option("dict", required=True),
    "from": Option("list", elements="str", value=values.namespace_or_root),
}


@dataclass(frozen=True)
class Mesh(Traffic):
    """Each of C(sources) reaches each of C(addresses), by its namespace, but for its own."""

    can_be_captured = False
    sources: tuple[str, ...]
    addresses: Mapping[str, str]

    @property
    def from_(self) -> str:  # type: ignore[override]
        """The first of them."""
        return self.sources[0]

    @property
    def pairs(self) -> list[mesh.Pair]:
        """Who is to reach whom."""
        return [mesh.Pair(source, netns) for source in self.sources for netns in self.addresses if netns != source]

    @property
    def busy(self) -> list[str]:
        """Those of the sources that have somebody to reach."""
        return [source for source in self.sources if self.addresses.keys() - {source}]

    def namespaces(self) -> set[str]:
        """All that are to reach the addresses."""
        return set(self.sources)

    def describe(self) -> str:
        """How many, from where and to where."""
        return f"ping from {_counted(self.sources)} to {_counted(list(self.addresses))}, each to each"

    def expected(self) -> str:
        """Replies to all."""
        return f"replies to all {len(self.pairs)}"

    def once(self) -> tuple[bool, Outcome]:
        """Try all pairs, those without an answer several times."""
        outcome = mesh.attempt(self.pairs, self.addresses)
        return outcome.kind == "reply", outcome

    def flow(self) -> Flow:
        """The first of the pairs: what is true of it may be true of all."""
        first = self.pairs[0]
        return Flow(first.source, self.addresses[first.target], "icmp")

    @property
    def works(self) -> bool:
        """It is expected to work."""
        return True

    def listens(self) -> tuple[object, ...]:
        """Two of them take turns: the kernel has room for the neighbours of one."""
        return ("mesh",)


def _counted(names: list[str] | tuple[str, ...]) -> str:
    return netns_words(names[0]) if len(names) == 1 else f"{len(names)} namespaces"


def _build(given: dict[str, Any], place: str) -> Mesh:
    addresses = {}
    for netns, address in given["addresses"].items():
        try:
            addresses[values.namespace_or_root(str(netns))] = _address(str(address))
        except ValueError as error:
            raise LabError(str(error), f"{place}.addresses.{netns}") from None
    if len(addresses) > _MOST:
        raise LabError(f"{len(addresses)} addresses are more than {_MOST}", f"{place}.addresses")
    sources = tuple(addresses) if given["from"] is None else tuple(dict.fromkeys(given["from"]))
    found = Mesh(sources, addresses)
    if not found.pairs:
        where = "addresses" if sources else "from"
        raise LabError("there is nobody to reach: name another namespace", f"{place}.{where}")
    return found


def _address(value: str) -> str:
    normal = values.unicast(value)
    if ipaddress.ip_address(normal).is_link_local:
        raise ValueError(f"{value!r} is a link-local address, which means another one on each interface")
    return normal


KIND = Kind(OPTIONS, _build)
