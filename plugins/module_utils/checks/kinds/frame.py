# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A single Ethernet frame, sent as it is: what a switch does with it is for captures to see."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from ... import values
from ...errors import LabError
from ...lean import dataclass
from ...namespaces import inside
from ...options import Option, Options
from ..outcome import Outcome
from ..subject import LINK_NAME, NETNS, Kind, Traffic, netns_words

if TYPE_CHECKING:
    from collections.abc import Callable


def _test(_source: bytes) -> bytes:
    """What was once made to try an Ethernet out (Ethernet 2.0, section 8): nobody answers, and tcpdump knows it."""
    return bytes.fromhex("9000 0000 0100 0000")


def _bpdu(source: bytes) -> bytes:
    """What a bridge that takes itself for the root says (IEEE 802.1D, 9.3.1): length, LLC, and 35 bytes."""
    bridge = bytes.fromhex("8000") + source
    times = bytes.fromhex("0000 1400 0200 0f00")
    body = bytes.fromhex("424203 0000 00 00 00") + bridge + bytes(4) + bridge + bytes.fromhex("8001") + times
    return len(body).to_bytes(2, "big") + body


def _lldp(source: bytes) -> bytes:
    """Who somebody is, his port, for how long that holds, and the end (IEEE 802.1AB, 8.4)."""
    return b"".join(
        [bytes.fromhex("88cc 0207 04"), source, bytes.fromhex("0407 03"), source, bytes.fromhex("06020078 0000")]
    )


_CONTENTS: dict[str, Callable[[bytes], bytes]] = {"test": _test, "bpdu": _bpdu, "lldp": _lldp}

OPTIONS: Options = {
    "from": NETNS,
    "dev": LINK_NAME,
    "to": Option(value=values.mac, required=True),
    "source": Option(value=values.station, required=True),
    "carries": Option(choices=tuple(_CONTENTS), default="test"),
}


@dataclass(frozen=True)
class Frame(Traffic):
    """A frame from C(source) to C(to), by the interface C(dev)."""

    from_: str
    dev: str
    to: str
    source: str
    carries: str

    def describe(self) -> str:
        """From where to what address."""
        return f"{self.carries} in a frame from {self.source} to {self.to}, by {self.dev} in {netns_words(self.from_)}"

    def expected(self) -> str:
        """That it leaves: nobody answers."""
        return "it is sent"

    def once(self) -> tuple[bool, Outcome]:
        """Send the frame. Raises LabError when the interface does not take it."""
        try:
            with inside(self.from_), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as out:
                out.bind((self.dev, 0))
                out.send(self.content().ljust(60, b"\0"))
        except OSError as error:
            raise LabError(f"{self.dev} in {netns_words(self.from_)} does not send: {error.strerror}") from None
        return True, Outcome("sent", f"sent to {self.to}")

    def content(self) -> bytes:
        """All of the frame, without what fills it up to its least length."""
        to, source = (bytes.fromhex(each.replace(":", "")) for each in (self.to, self.source))
        return to + source + _CONTENTS[self.carries](source)

    def flow(self) -> None:
        """No packet that a route leads anywhere."""

    @property
    def works(self) -> bool:
        """Once is enough."""
        return False


def _build(given: dict[str, Any], _place: str) -> Frame:
    return Frame(from_=given.pop("from"), **given)


KIND = Kind(OPTIONS, _build)
