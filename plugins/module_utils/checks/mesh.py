# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Echo requests between all pairs of many namespaces, by sockets of ours: ping(8) would be a process for each pair."""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from .. import encode, namespaces, netlink
from ..codecs import attributes
from ..netlink import Sockets
from ..state import ROOT
from . import diagnose
from .look import View
from .outcome import Outcome
from .subject import Flow, family, netns_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


class Pair(NamedTuple):
    """A namespace and the one that it is to reach."""

    source: str
    target: str


#: Requests that a socket sends before it looks for replies: these fit into what it may keep of them (socket(7)).
_BURST = 64
#: Seconds for the replies to them, which are there at once where the machine is not busy; those that are late are seen
#: later. What was not answered is tried again, with that patience.
_MOMENT_S, _PATIENCE_S = 0.02, 1.0
#: Sources at once, each with a socket.
_SOURCES = 256
#: The kernel keeps 1,024 neighbours at most, of all namespaces together, for 5 s at least (gc_thresh3 in arp(7)), and
#: both ends of a pair learn the other one. So of so many pairs they forget it again.
_NEIGHBOURS = 256
#: How often a pair without an answer is tried.
_TRIES = 3
#: Pairs that are told singly when they fail.
_TOLD = 10

# linux/icmp.h, linux/icmpv6.h: the options by which a socket is given echo replies only.
_SOL_RAW, _ICMP_FILTER, _ICMPV6_FILTER = 255, 1, 1
_ECHO = struct.Struct("!BBHHH")
# linux/neighbour.h
_NDMSG, _NDA_DST = struct.Struct("=16xBxxxiHBB"), 1
_SET_BY_SOMEBODY, _LEARNED_OUTSIDE = 0x80 | 0x40, 0x10  # NUD_PERMANENT and NUD_NOARP, NTF_EXT_LEARNED


class _Version(NamedTuple):
    """What differs between ICMP and ICMPv6 (RFC 792, RFC 4443)."""

    family: int
    protocol: int
    request: int
    reply: int


_VERSIONS = {
    4: _Version(socket.AF_INET, socket.IPPROTO_ICMP, 8, 0),
    6: _Version(socket.AF_INET6, socket.IPPROTO_ICMPV6, 128, 129),
}
_FAMILIES = {each.family for each in _VERSIONS.values()}


def attempt(pairs: Sequence[Pair], addresses: Mapping[str, str]) -> Outcome:
    """Who does not reach whom, if anybody. Raises LabError where a namespace is not there."""
    missing: dict[Pair, str] = {}
    sources = list(dict.fromkeys(pair.source for pair in pairs))
    for start in range(0, len(sources), _SOURCES):
        group = set(sources[start : start + _SOURCES])
        with _Round(addresses, forgets=len(pairs) > _NEIGHBOURS) as round_:
            missing.update(round_.missing([pair for pair in pairs if pair.source in group]))
    return _outcome(pairs, addresses, missing)


class _Round:
    """Sockets in namespaces, and the pairs between them."""

    def __init__(self, addresses: Mapping[str, str], forgets: bool) -> None:
        self._addresses = addresses
        self._numbers = {netns: number for number, netns in enumerate(addresses)}
        self._by_number = list(addresses)
        self._identity = int.from_bytes(os.urandom(2), "big")  # of other rounds, and other programs, another one
        self._sockets: dict[tuple[str, int], socket.socket] = {}
        self._sources: dict[int, tuple[str, socket.socket]] = {}
        self._watch = select.poll()
        self._stack = ExitStack()
        self._netlink = self._stack.enter_context(Sockets())
        self._refused: dict[Pair, str] = {}
        self._waiting: set[Pair] = set()
        self._here = {netns for netns in addresses if namespaces.exists(netns)}
        self._forgets = forgets
        self._busy: set[str] = set()
        self._since = 0

    def __enter__(self) -> _Round:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stack.close()

    def missing(self, pairs: Sequence[Pair]) -> dict[Pair, str]:
        """Those without an answer, with what the kernel said when they were asked for one, if anything."""
        self._busy.update(*pairs)  # of what was before, as of a part of this that another machine has done
        self._forget()
        remaining = pairs
        for _try in range(_TRIES):
            self._refused.clear()
            self._ask(remaining)
            self._receive(_PATIENCE_S, self._waiting)
            self._forget()
            remaining = [pair for pair in remaining if pair in self._waiting or pair in self._refused]
            self._waiting.clear()
        return {pair: self._refused.get(pair, "") for pair in remaining}

    def _ask(self, pairs: Sequence[Pair]) -> None:
        for burst in _bursts(pairs):
            if self._since + len(burst) > _NEIGHBOURS:
                self._forget()
            for pair in burst:
                self._send(pair)
            self._since += len(burst)
            self._receive(_MOMENT_S, burst)

    def _send(self, pair: Pair) -> None:
        address = self._addresses[pair.target]
        version = family(address)
        request = _request(_VERSIONS[version], self._identity, self._numbers[pair.target])
        source = self._socket(pair.source, version)
        self._busy.update(pair)
        try:
            source.sendto(request, (address, 0))
            self._waiting.add(pair)
        except OSError as error:
            self._refused[pair] = error.strerror or str(error)

    def _socket(self, netns: str, version: int) -> socket.socket:
        if (netns, version) not in self._sockets:
            with namespaces.inside(netns):
                made = self._stack.enter_context(_raw_socket(_VERSIONS[version]))
            self._sockets[netns, version] = made
            self._sources[made.fileno()] = netns, made
            self._watch.register(made, select.POLLIN)
        return self._sockets[netns, version]

    def _receive(self, seconds: float, of: Iterable[Pair]) -> None:
        """Take replies until those of these pairs are there, or the time is over."""
        deadline = time.monotonic() + seconds
        while any(pair in self._waiting for pair in of):
            ready = self._watch.poll(max(0.0, deadline - time.monotonic()) * 1000)
            if not ready:
                return
            for descriptor, _event in ready:
                self._take(*self._sources[descriptor])

    def _take(self, netns: str, raw: socket.socket) -> None:
        """One reply."""
        try:
            data, (address, *_more) = raw.recvfrom(1024)
        except OSError:  # an ICMP error, which is no reply
            return
        echo = data[(data[0] & 15) * 4 :] if data and raw.family == socket.AF_INET else data
        if len(echo) < _ECHO.size:
            return
        _type, _code, _sum, identity, number = _ECHO.unpack_from(echo)
        if identity == self._identity and number < len(self._by_number):
            target = self._by_number[number]
            if self._addresses[target] == address:
                self._waiting.discard(Pair(netns, target))

    def _forget(self) -> None:
        """Let the namespaces forget what they have learned of each other, if that is much."""
        if self._forgets:
            for netns in self._busy:
                # the machine's own neighbours are not ours, and one namespace has room for its share
                if netns != ROOT and (netns in self._here or netns not in self._addresses):
                    self._forget_in(netns)
        self._busy.clear()
        self._since = 0

    def _forget_in(self, netns: str) -> None:
        kernel = self._netlink.get(netns)
        removals = []
        for entry in kernel.dump(encode.neighbour_message(netlink.GETNEIGH)):
            version, index, state, flags, _type = _NDMSG.unpack_from(entry)
            dst = attributes(entry, _NDMSG.size).get(_NDA_DST)
            if dst and version in _FAMILIES and not state & _SET_BY_SOMEBODY and not flags & _LEARNED_OUTSIDE:
                named = [("NDA_DST", socket.inet_ntop(version, dst))]
                removals.append(
                    encode.neighbour_message(netlink.DELNEIGH, attributes=named, family=version, ifindex=index)
                )
        kernel.execute(removals)


def _bursts(pairs: Sequence[Pair]) -> Iterator[Sequence[Pair]]:
    for start in range(0, len(pairs), _BURST):
        yield pairs[start : start + _BURST]


def _raw_socket(version: _Version) -> socket.socket:
    """A socket that is given echo replies only."""
    raw = socket.socket(version.family, socket.SOCK_RAW | socket.SOCK_CLOEXEC, version.protocol)
    if version.family == socket.AF_INET:
        raw.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("=I", ~(1 << version.reply) & 0xFFFFFFFF))
    else:
        words = [0xFFFFFFFF] * 8
        words[version.reply >> 5] &= ~(1 << (version.reply & 31))
        raw.setsockopt(socket.IPPROTO_ICMPV6, _ICMPV6_FILTER, struct.pack("=8I", *words))
    raw.setblocking(False)
    return raw


def _request(version: _Version, identity: int, number: int) -> bytes:
    """An echo request. For IPv6 the kernel computes the checksum."""
    words = (version.request << 8, 0, identity, number)
    total = sum(words)
    total = (total & 0xFFFF) + (total >> 16)
    checksum = ~(total + (total >> 16)) & 0xFFFF if version.family == socket.AF_INET else 0
    return _ECHO.pack(version.request, 0, checksum, identity, number)


def _outcome(pairs: Sequence[Pair], addresses: Mapping[str, str], missing: Mapping[Pair, str]) -> Outcome:
    got = f"{len(pairs) - len(missing)} of {len(pairs)} pairs have replies"
    if not missing:
        return Outcome("reply", got)
    first = next(iter(missing))
    cause = diagnose.likely_cause(View(), Flow(first.source, addresses[first.target], "icmp"))
    told = f"{netns_words(first.source)} to {netns_words(first.target)}: {cause}"
    return Outcome("loss", got, tuple(_lines(pairs, addresses, missing)), cause=told)


def _lines(pairs: Sequence[Pair], addresses: Mapping[str, str], missing: Mapping[Pair, str]) -> Iterator[str]:
    """Whoever reaches nobody, or is reached by nobody, in a line; of the other pairs the first ones."""
    reaching = {pair.source for pair in pairs if pair not in missing}
    reached = {pair.target for pair in pairs if pair not in missing}
    for netns in dict.fromkeys(pair.source for pair in missing):
        if netns not in reaching:
            yield f"{netns_words(netns)} reaches nobody"
    for netns in dict.fromkeys(pair.target for pair in missing):
        if reaching and netns not in reached:
            yield f"{netns_words(netns)} ({addresses[netns]}) is reached by nobody"
    single = [pair for pair in missing if pair.source in reaching and pair.target in reached]
    for pair in single[:_TOLD]:
        words = missing[pair] or "no reply"
        yield f"{netns_words(pair.source)} to {netns_words(pair.target)} ({addresses[pair.target]}): {words}"
    if len(single) > _TOLD:
        yield f"and {len(single) - _TOLD} pairs more"
