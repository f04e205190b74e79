# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A query for a name, and the answer that must come. How it is asked is in C(checks/dns.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import values
from ...errors import LabError
from ...lean import dataclass
from ...options import Option, Options
from .. import dns
from ..dnsmessage import TYPES, encode_name
from ..subject import HOST, NETNS, Flow, Kind, Traffic, family, netns_words

if TYPE_CHECKING:
    from ..dnsmessage import Response
    from ..outcome import Outcome

ENDS = ("answer", "nxdomain")
_FAMILIES = {"A": 4, "AAAA": 6}


def _name(value: str) -> str:
    encode_name(value)
    return value


OPTIONS: Options = {
    "from": NETNS,
    "to": HOST,
    "port": Option("int", value=values.port, default=53),
    "name": Option(value=_name, required=True),
    "type": Option(choices=tuple(TYPES), default="A"),
    "over": Option(choices=("udp", "tcp"), default="udp"),
    "expect": Option(choices=ENDS, default="answer"),
    "answers": Option("list", value=values.address, default=[]),
}


@dataclass(frozen=True)
class Dns(Traffic):
    """A query to one server; C(answers) are the addresses that must come, no others, in any order."""

    from_: str
    to: str
    port: int
    name: str
    type: str
    over: str
    expect: str
    answers: tuple[str, ...]

    def describe(self) -> str:
        """From where to what address, and what is asked."""
        return f"dns from {netns_words(self.from_)} to {self.to} for {self.name} {self.type} over {self.over}"

    def expected(self) -> str:
        """The addresses, or that the name does not exist."""
        return ", ".join(self.answers) or "NXDOMAIN"

    def once(self) -> tuple[bool, Outcome]:
        """Ask once."""
        response, outcome = dns.attempt(self)
        return response is not None and self.met_by(response), outcome

    def met_by(self, response: Response) -> bool:
        """Whether the response is what the check expects."""
        code = "NOERROR" if self.expect == "answer" else "NXDOMAIN"
        found = sorted(record.data for record in response.answers if record.type == self.type)
        return response.code == code and not response.truncated and found == sorted(self.answers)

    def flow(self) -> Flow:
        """The packets to the server."""
        return Flow(self.from_, self.to, self.over, port=self.port)

    @property
    def works(self) -> bool:
        """That a name does not exist is an answer, too."""
        return True


def _build(given: dict[str, Any], place: str) -> Dns:
    if bool(given["answers"]) != (given["expect"] == "answer"):
        words = "are required: the addresses that must come" if not given["answers"] else "are none in an NXDOMAIN"
        raise LabError(words, f"{place}.answers")
    for number, address in enumerate(given["answers"]):
        if family(address) != _FAMILIES[given["type"]]:
            raise LabError(f"{address!r} is no address of type {given['type']}", f"{place}.answers[{number}]")
    return Dns(from_=given.pop("from"), answers=tuple(given.pop("answers")), **given)


KIND = Kind(OPTIONS, _build)
