# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A text over TCP or UDP, and how that must end. How it is done is in C(checks/exchange.py)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ...errors import LabError
from ...lean import dataclass
from ...options import Option, Options
from ...state import ROOT
from .. import exchange, sockets
from ..sockets import Wanted
from ..subject import HOST, NETNS, PORT, PRESENT, SOME_NETNS, Flow, Kind, Traffic, netns_words

if TYPE_CHECKING:
    from ..outcome import Outcome

ENDS = ("delivered", "refused", "silence")
#: Its two parts, where they are on two machines.
LISTENS, CALLS = "listens", "calls"
_TEXT_BYTES = 1000


def _text(value: str) -> str:
    """A line of text. One packet carries it whole, which is what a reader of the capture expects."""
    if not value or "\n" in value or len(value.encode()) > _TEXT_BYTES:
        raise ValueError(f"must be one line of 1 to {_TEXT_BYTES} bytes")
    return value


_SOCKET: Options = {
    "when": Option(choices=sockets.MOMENTS, required=True),
    "netns": SOME_NETNS,
    "state": Option(choices=sockets.STATES["tcp"], required=True),
    "present": PRESENT,
}
OPTIONS: Options = {
    "from": NETNS,
    "to": HOST,
    "at": SOME_NETNS,
    "port": PORT,
    "text": Option(value=_text, default="Hello World!"),
    "expect": Option(choices=ENDS, default="delivered"),
}

TCP_OPTIONS: Options = {**OPTIONS, "sockets": Option("list", elements="dict", options=_SOCKET)}


@dataclass(frozen=True)
class Exchange(Traffic):
    """A text sent over TCP or UDP from one namespace to a listener in another (C(at) is None: nobody listens)."""

    protocol: str
    from_: str
    to: str
    at: str | None
    port: int
    text: str
    expect: str
    sockets: tuple[tuple[str, Wanted], ...] = ()

    def namespaces(self) -> set[str]:
        """Who sends, who listens, and whose sockets are looked at."""
        listener = set() if self.at is None else {self.at}
        return {self.from_, *listener, *(wanted.netns for _when, wanted in self.sockets)}

    def describe(self) -> str:
        """From where to what address and port."""
        return f"{self.protocol} from {netns_words(self.from_)} to {self.to} port {self.port}"

    def expected(self) -> str:
        """Delivery, refusal or silence."""
        if self.expect == "delivered":
            return f"{len(self.payload)} bytes delivered to {netns_words(self.at or '')}"
        return {"refused": "Connection refused", "silence": "silence: no answer of any kind"}[self.expect]

    @property
    def payload(self) -> bytes:
        """What goes over the network: the text as a line, as nc(1) sends it."""
        return self.text.encode() + b"\n"

    def once(self) -> tuple[bool, Outcome]:
        """Send the text once, and look at the sockets meanwhile."""
        looks = sockets.Looks(self.sockets)
        outcome = exchange.attempt(self, looks.at)
        got, evidence = "; ".join([outcome.got, *looks.faults]), (*outcome.evidence, *looks.lines)
        return outcome.kind == self.expect and not looks.faults, replace(outcome, got=got, evidence=evidence)

    def flow(self) -> Flow:
        """The packets to the port."""
        return Flow(self.from_, self.to, self.protocol, port=self.port)

    @property
    def works(self) -> bool:
        """Whether the text is expected to arrive."""
        return self.expect == "delivered"

    def listens(self) -> tuple[object, ...]:
        """The port that is listened on, or tried: nobody says whose namespace it is that refuses or is silent."""
        return self.protocol, self.port


def build(protocol: str, given: dict[str, Any], place: str) -> Exchange:
    """What was given, read by C(OPTIONS). Raises LabError where it makes no sense."""
    if given["expect"] == "delivered" and given["at"] is None:
        raise LabError("is required to deliver a text: the namespace that listens", f"{place}.at")
    return Exchange(protocol=protocol, from_=given.pop("from"), **given)


def _build_tcp(given: dict[str, Any], place: str) -> Exchange:
    looks, port = given.pop("sockets") or [], given["port"]
    built = build("tcp", given, place)
    if looks and not built.works:
        raise LabError("are those of a connection, so they need 'expect: delivered'", f"{place}.sockets")
    wanted = tuple((each["when"], _wanted(each, built.at or ROOT, port)) for each in looks)
    return replace(built, sockets=wanted)


def _wanted(given: dict[str, Any], listener: str, port: int) -> Wanted:
    netns = listener if given["netns"] is None else given["netns"]
    return Wanted(netns, "tcp", port, given["state"], given["present"])


TCP = Kind(TCP_OPTIONS, _build_tcp)
UDP = Kind(OPTIONS, partial(build, "udp"))
