# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kernel leaves to the hardware (checksums, the cutting of long TCP texts) done here. Pure.

Between namespaces there is no hardware: a frame comes with a header (C(virtio_net_hdr) in linux/virtio_net.h) that says
what was left undone, and with that header it can be sent on as it is. Whoever wants to look into frames, or to change
them, needs them as they would be on a wire.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

#: Flags, kind of what is to be cut, length of the headers, of each piece, where the sum begins, and where it is put.
HEADER = struct.Struct("=BBHHHH")
NEEDS_SUM = 1
_LAST = 0xFFFF
TCP4, TCP6, ECN = 1, 4, 0x80
VLAN_TYPES = (0x8100, 0x88A8)
FIN_PSH, CWR = 0x09, 0x80
#: The headers of all pieces of a frame together, in bytes: those of 64 KiB in pieces of 20 bytes.
MOST_HEADERS = 1 << 18


class Packet(NamedTuple):
    """A frame, and what was left undone in it."""

    undone: bytes
    frame: bytes


def whole(frame: bytes) -> Packet:
    """A frame in which nothing was left undone."""
    return Packet(bytes(HEADER.size), frame)


def tagged(packet: Packet, tag: bytes) -> Packet:
    """The packet with a VLAN tag of 4 bytes put in: what lies behind it moves.

    What would lie behind the longest frame still does: that is for the kernel to refuse, when the packet is sent.
    """
    flags, kind, length, size, start, offset = HEADER.unpack(packet.undone)
    if flags & NEEDS_SUM:
        length, start = (min(place + len(tag), _LAST) for place in (length, start))
    frame = packet.frame
    return Packet(HEADER.pack(flags, kind, length, size, start, offset), frame[:12] + tag + frame[12:])


def on_the_wire(packet: Packet) -> list[bytes]:
    """The frames that hardware would send for it. Raises ValueError if it would have to cut something else than TCP."""
    flags, kind, _length, size, start, offset = HEADER.unpack(packet.undone)
    if kind & ~ECN in (TCP4, TCP6):
        try:
            return _cut(packet.frame, start, size)
        except (IndexError, struct.error):
            raise ValueError("a long frame whose headers are not whole cannot be cut here") from None
    if kind:
        raise ValueError(f"a long frame that is not TCP (type {kind}) cannot be cut here")
    return [_summed(packet.frame, start, start + offset)] if flags & NEEDS_SUM else [packet.frame]


def _summed(frame: bytes, start: int, field: int) -> bytes:
    """The sum of the pseudo-header is in the field already (RFC 9293, section 3.1)."""
    if field + 2 > len(frame):
        raise ValueError("a frame whose sum lies behind its end cannot be summed up here")
    return frame[:field] + struct.pack("!H", 0xFFFF - _sum(frame[start:])) + frame[field + 2 :]


def _sum(data: bytes) -> int:
    """The sum of 16-bit numbers with the carries added again (RFC 1071), which is what a division by 65535 leaves."""
    return int.from_bytes(data + bytes(len(data) % 2), "big") % 0xFFFF


def _cut(frame: bytes, tcp: int, size: int) -> list[bytes]:
    """A long TCP segment as many short ones: C(tcp) is where its header begins."""
    data = tcp + (frame[tcp + 12] >> 4) * 4
    starts = range(data, len(frame), size)
    if len(starts) * data > MOST_HEADERS:  # a station may say that its pieces have one byte each
        raise ValueError(f"a frame that would be cut into {len(starts)} pieces cannot be cut here")
    return [_piece(frame, tcp, (data, start), size) for start in starts]


def _piece(frame: bytes, tcp: int, at: tuple[int, int], size: int) -> bytes:
    """The piece that begins at the second place in C(at); the first one is where the text begins."""
    data, start = at
    head, text, ip = bytearray(frame[:data]), frame[start : start + size], _behind_tags(frame)
    (sequence,) = struct.unpack_from("!I", head, tcp + 4)
    struct.pack_into("!I", head, tcp + 4, (sequence + start - data) & 0xFFFFFFFF)
    if start > data:
        head[tcp + 13] &= ~CWR & 0xFF
    if start + size < len(frame):
        head[tcp + 13] &= ~FIN_PSH & 0xFF
    length = data - tcp + len(text)
    if head[ip] >> 4 == 4:
        addresses = _number4(head, ip, tcp, length, (start - data) // size)
    else:
        struct.pack_into("!H", head, ip + 4, tcp - ip - 40 + length)
        addresses = bytes(head[ip + 8 : ip + 40])
    struct.pack_into("!H", head, tcp + 16, _sum(addresses + struct.pack("!HH", 6, length)))
    return _summed(bytes(head) + text, tcp, tcp + 16)


def _number4(head: bytearray, ip: int, tcp: int, length: int, number: int) -> bytes:
    """Length, number and sum of an IPv4 header; returns the addresses in it."""
    (first,) = struct.unpack_from("!H", head, ip + 4)
    struct.pack_into("!HH", head, ip + 2, tcp - ip + length, (first + number) & 0xFFFF)
    struct.pack_into("!H", head, ip + 10, 0)
    struct.pack_into("!H", head, ip + 10, 0xFFFF - _sum(bytes(head[ip:tcp])))
    return bytes(head[ip + 12 : ip + 20])


def _behind_tags(frame: bytes) -> int:
    """Where the packet begins in the frame."""
    at = 12
    while int.from_bytes(frame[at : at + 2], "big") in VLAN_TYPES:
        at += 4
    return at + 2
