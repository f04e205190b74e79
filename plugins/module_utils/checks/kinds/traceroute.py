# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The routers on the way to an address. How they are found is in C(checks/trace.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import values
from ...errors import LabError
from ...lean import dataclass
from ...options import Option, Options
from .. import trace
from ..subject import HOST, NETNS, Flow, Kind, Traffic, family, netns_words

if TYPE_CHECKING:
    from ..outcome import Outcome

OPTIONS: Options = {
    "from": NETNS,
    "to": HOST,
    "hops": Option("list", value=values.address, required=True),
}


@dataclass(frozen=True)
class Traceroute(Traffic):
    """The addresses that answer on the way, in their order, the last of them the destination itself."""

    from_: str
    to: str
    hops: tuple[str, ...]

    def describe(self) -> str:
        """From where to what address."""
        return f"traceroute from {netns_words(self.from_)} to {self.to}"

    def expected(self) -> str:
        """The hops."""
        return trace.words(self.hops)

    def once(self) -> tuple[bool, Outcome]:
        """Ask each hop once."""
        hops, outcome = trace.attempt(self)
        return hops == self.hops, outcome

    def flow(self) -> Flow:
        """Echo requests."""
        return Flow(self.from_, self.to, "icmp")

    @property
    def works(self) -> bool:
        """A way is always expected."""
        return True


def _build(given: dict[str, Any], place: str) -> Traceroute:
    if not given["hops"]:
        raise LabError("needs one address at least, that of the destination", f"{place}.hops")
    for number, hop in enumerate(given["hops"]):
        if family(hop) != family(given["to"]):
            raise LabError(f"{hop!r} is IPv{family(hop)}, and 'to' is not", f"{place}.hops[{number}]")
    return Traceroute(given["from"], given["to"], tuple(given["hops"]))


KIND = Kind(OPTIONS, _build)
