# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One rtnetlink socket per namespace: batches of requests, dumps, and the kernel's own words on errors.

pyroute2's sockets are not used: their ways differ between releases (threads, event loops, dumps that were interrupted
without a word), and they send one request at a time.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from . import namespaces
from .codecs import attributes
from .encode import HEADER
from .files import ALLOWANCE

# linux/rtnetlink.h
NEWLINK, DELLINK, GETLINK, SETLINK = 16, 17, 18, 19
NEWADDR, DELADDR, GETADDR = 20, 21, 22
NEWROUTE, DELROUTE, GETROUTE = 24, 25, 26
NEWNEIGH, DELNEIGH, GETNEIGH = 28, 29, 30
NEWQDISC, DELQDISC, GETQDISC = 36, 37, 38
NEWNSID, GETNSID = 88, 90

# linux/rtnetlink.h: RTEXT_FILTER_BRVLAN, RTEXT_FILTER_SKIP_STATS
WITH_VLANS, WITHOUT_STATISTICS = 2, 8

# linux/netlink.h
REQUEST, ACK, REPLACE, EXCLUSIVE, CREATE, APPEND = 0x1, 0x4, 0x100, 0x200, 0x400, 0x800
_DUMP, _INTERRUPTED, _HAS_TLVS = 0x300, 0x10, 0x200
_ERROR, _DONE = 2, 3
_SOL_NETLINK, _CAP_ACK, _EXT_ACK, _STRICT = 270, 10, 11, 12

_EXT_ACK_MESSAGE = 1
#: The number of C(lo) in every namespace (LOOPBACK_IFINDEX in net/flow.h).
LOOPBACK = 1
_INDEX_AT = 20  # struct ifinfomsg behind the header

#: Acknowledgements of one batch have to fit into the socket's receive buffer all together.
AT_ONCE = 64
_RECEIVE_BYTES = 1 << 17
#: So many sockets are held open at a time at least, and so many more each time that these do not do.
_MANY = 256
#: How often a dump is repeated that was interrupted by a change.
_DUMP_TRIES = 20


class Refusal(NamedTuple):
    """The kernel's answer to a request that it did not carry out: errno, and its own words where it has some."""

    number: int
    text: str

    def __str__(self) -> str:
        general = os.strerror(self.number)
        return f"{self.text} [{general}]" if self.text else general


class Answer(NamedTuple):
    """What came back to one request."""

    refusal: Refusal | None
    messages: list[bytes]


class Socket:
    """An rtnetlink socket in one namespace. Stays there wherever it is used."""

    def __init__(self) -> None:
        """Open in the namespace of this thread."""
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        for option in (_CAP_ACK, _EXT_ACK, _STRICT):
            self._socket.setsockopt(_SOL_NETLINK, option, 1)
        self._sequence = 0

    def close(self) -> None:
        """Give the descriptor back."""
        self._socket.close()

    def execute(self, messages: Sequence[bytes]) -> list[Answer]:
        """Send requests together and return the answer to each. A refused one does not stop those behind it."""
        answers: list[Answer] = []
        for start in range(0, len(messages), AT_ONCE):
            answers += self._exchange(messages[start : start + AT_ONCE])
        return answers

    def dump(self, message: bytes) -> list[bytes]:
        """All objects of a sort, of one moment.

        Raises OSError when the kernel refuses, or when there is no quiet moment.
        """
        for _attempt in range(_DUMP_TRIES):
            answer, interrupted = self._dump_once(message)
            if not interrupted:
                return answer
        raise OSError("the namespace changes too fast to be read")

    def _send(self, messages: Sequence[bytes], flags: int) -> int:
        """Number the requests and send them; returns the first number."""
        first = self._sequence + 1
        batch = bytearray().join(messages)
        offset = 0
        for message in messages:
            self._sequence += 1
            length, type_, given, _sequence, _port = HEADER.unpack_from(message)
            HEADER.pack_into(batch, offset, length, type_, given | flags, self._sequence, 0)
            offset += length
        self._socket.send(batch)
        return first

    def _exchange(self, messages: Sequence[bytes]) -> list[Answer]:
        first = self._send(messages, REQUEST | ACK)
        refusals: dict[int, Refusal | None] = {}
        found: dict[int, list[bytes]] = {}
        while len(refusals) < len(messages):
            for type_, _flags, sequence, message in self._receive():
                if type_ == _ERROR:
                    refusals[sequence] = _refusal(message)
                else:
                    found.setdefault(sequence, []).append(message)
        return [Answer(refusals[n], found.get(n, [])) for n in range(first, first + len(messages))]

    def _dump_once(self, message: bytes) -> tuple[list[bytes], bool]:
        expected = self._send([message], REQUEST | _DUMP)
        found: list[bytes] = []
        interrupted = 0
        while True:
            for type_, flags, sequence, each in self._receive():
                if sequence != expected:
                    continue
                interrupted |= flags & _INTERRUPTED
                if type_ not in (_ERROR, _DONE):
                    found.append(each)
                    continue
                refusal = _refusal(each)
                if refusal:
                    raise OSError(refusal.number, str(refusal))
                return found, bool(interrupted)

    def _receive(self) -> list[tuple[int, int, int, bytes]]:
        data = self._socket.recv(_RECEIVE_BYTES)
        found = []
        offset, last = 0, len(data) - HEADER.size
        while offset <= last:
            length, type_, flags, sequence, _port = HEADER.unpack_from(data, offset)
            if length < HEADER.size:  # the next one would be looked for in the same place
                raise OSError(errno.EBADMSG, "a message of the kernel has no length")
            found.append((type_, flags, sequence, data[offset : offset + length]))
            offset += (length + 3) & ~3
        return found


class Sockets:
    """The sockets of the namespaces, opened when first needed and kept.

    Where the system does not let the process have so many files, the longest unused are closed.
    """

    def __init__(self, most: int = _MANY) -> None:
        ALLOWANCE.ask(most)
        self._most = most
        self._open: OrderedDict[str, Socket] = OrderedDict()

    def __enter__(self) -> Sockets:
        return self

    def __exit__(self, *_exception: object) -> None:
        for name in list(self._open):
            self.forget(name)

    def get(self, netns: str) -> Socket:
        """The socket in the namespace. Raises LabError when there is no such namespace."""
        if netns not in self._open:
            with namespaces.inside(netns):
                self.enter(netns)
        self._open.move_to_end(netns)
        return self._open[netns]

    def enter(self, netns: str) -> Socket:
        """Open the socket of C(netns), in which this thread is at the moment."""
        if len(self._open) >= self._most:
            self._make_room()
        self._open[netns] = Socket()
        return self._open[netns]

    def _make_room(self) -> None:
        if ALLOWANCE.ask(_MANY):
            self._most += _MANY
        else:
            self._open.popitem(last=False)[1].close()

    def forget(self, netns: str) -> None:
        """Close the socket of a namespace that goes."""
        if netns in self._open:
            self._open.pop(netns).close()


def link_index(data: bytes) -> int:
    """The number of an interface, without decoding the rest."""
    return int.from_bytes(data[_INDEX_AT : _INDEX_AT + 4], sys.byteorder)


def _refusal(message: bytes) -> Refusal | None:
    """The error in an acknowledgement (struct nlmsgerr), None if it says that all went well."""
    code = struct.unpack_from("=i", message, HEADER.size)[0] if len(message) >= HEADER.size + 4 else 0
    if code == 0:
        return None
    flags = HEADER.unpack_from(message)[2]
    words = attributes(message, HEADER.size + 4 + HEADER.size).get(_EXT_ACK_MESSAGE, b"") if flags & _HAS_TLVS else b""
    return Refusal(-code, words.rstrip(b"\0").decode(errors="replace"))
