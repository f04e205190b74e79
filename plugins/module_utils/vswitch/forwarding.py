# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a learning switch knows and decides (IEEE 802.1D, section 7). Pure: no socket, and the time is told to it."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

MOST_PORTS = 24
#: Seconds after which a station that was not heard of is forgotten.
AGEING = 300.0
#: Destination and source address, and the type of what follows.
HEADER_BYTES = 14
#: 01:80:c2:00:00:00 to 0f: what one switch says to the next, such as BPDUs. No switch passes it on.
RESERVED = bytes.fromhex("0180c20000")
LLDP = bytes.fromhex("88cc")


class Entry(NamedTuple):
    """By which port a station was heard, and when last."""

    port: str
    heard: float


class Table:
    """Which station is behind which port. It has a limit, or a storm of invented addresses would fill the memory."""

    MOST = 4096

    def __init__(self, ageing: float = AGEING) -> None:
        self.ageing = ageing
        self._entries: OrderedDict[bytes, Entry] = OrderedDict()  # the one that was silent longest comes first

    def learn(self, station: bytes, port: str, now: float) -> None:
        """Note that the station has sent something that came in by the port. A full table learns no new station."""
        self._forget_aged(now)
        if station in self._entries or len(self._entries) < self.MOST:
            self._entries[station] = Entry(port, now)
            self._entries.move_to_end(station)

    def find(self, station: bytes, now: float) -> str | None:
        """The port of the station, None if it is not known (any more)."""
        self._forget_aged(now)
        entry = self._entries.get(station)
        return entry.port if entry else None

    def forget(self, port: str) -> None:
        """Forget all stations of a port."""
        for station in [station for station, entry in self._entries.items() if entry.port == port]:
            del self._entries[station]

    def entries(self, now: float) -> dict[bytes, Entry]:
        """All that is known."""
        self._forget_aged(now)
        return dict(self._entries)

    def _forget_aged(self, now: float) -> None:
        while self._entries:
            station, entry = next(iter(self._entries.items()))
            if now - entry.heard < self.ageing:
                return
            del self._entries[station]


class Switch:
    """Ports and a table: learns from what comes in, and decides where it goes out."""

    def __init__(self, ageing: float = AGEING) -> None:
        self.table = Table(ageing)
        self.ports: list[str] = []

    def add(self, port: str) -> None:
        """Add a port. Raises ValueError if it is one already, or one too many."""
        if port in self.ports:
            raise ValueError(f"{port!r} is a port already")
        if len(self.ports) == MOST_PORTS:
            raise ValueError(too_many(port))
        self.ports.append(port)

    def delete(self, port: str) -> None:
        """Take a port away, and what was learned by it. Raises ValueError if it is none."""
        if port not in self.ports:
            raise ValueError(f"{port!r} is not a port")
        self.ports.remove(port)
        self.table.forget(port)

    def learn(self, frame: bytes, port: str, now: float) -> None:
        """Where the frame came in, there is its sender. A group address is nobody's."""
        if len(frame) >= HEADER_BYTES and not is_group(frame[6:12]):
            self.table.learn(frame[6:12], port, now)

    def decide(self, frame: bytes, port: str, now: float) -> list[str]:
        """The ports by which the frame, which came in by C(port), goes out."""
        if len(frame) < HEADER_BYTES or is_for_switches(frame):
            return []
        known = None if is_group(frame[:6]) else self.table.find(frame[:6], now)
        if known is None:
            return [other for other in self.ports if other != port]
        return [known] if known != port else []


def too_many(port: str) -> str:
    """Why a port more is refused."""
    return f"{port!r} would be port {MOST_PORTS + 1}, a switch has at most {MOST_PORTS}"


def is_group(address: bytes) -> bool:
    """Whether an address means many stations (multicast) or all of them (broadcast)."""
    return bool(address[0] & 1)


def is_for_switches(frame: bytes) -> bool:
    """Whether a frame is one that a switch keeps to itself: BPDUs and their like, and LLDP wherever it is sent to."""
    return (frame[:5] == RESERVED and frame[5] <= 0x0F) or frame[12:14] == LLDP
