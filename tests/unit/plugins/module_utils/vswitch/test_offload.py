# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames made whole: sums are right, and long TCP segments are cut as hardware cuts them."""

from __future__ import annotations

import ipaddress
import struct

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils.vswitch import offload
from ansible_collections.tcpip.lab.plugins.module_utils.vswitch.offload import HEADER, NEEDS_SUM, TCP4, TCP6, Packet
from hypothesis import given
from hypothesis import strategies as some

MACS = bytes.fromhex("00005e00530200005e005301")
TAG = bytes.fromhex("81000064")
FIN_PSH_ACK_CWR = 0x99


def words(data: bytes) -> int:
    """The sum of RFC 1071, as it is written there."""
    total: int = sum(struct.unpack(f"!{len(data + bytes(len(data) % 2)) // 2}H", data + bytes(len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def pseudo(version: int, length: int) -> bytes:
    addresses = ("192.0.2.1", "192.0.2.2") if version == 4 else ("2001:db8::1", "2001:db8::2")
    return b"".join(ipaddress.ip_address(each).packed for each in addresses) + struct.pack("!HH", 6, length)


def ip_header(version: int, length: int) -> bytes:
    addresses = pseudo(version, 0)[:-4]
    if version == 6:
        return struct.pack("!IHBB", 6 << 28, length, 6, 64) + addresses
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0xFFFF, 0, 64, 6, 0) + addresses


def segment(version: int, text: bytes, tag: bytes = b"", size: int = 0) -> Packet:
    """TCP as a kernel hands it over: the sum is that of the pseudo-header, and it may be longer than C(size)."""
    length = 20 + len(text)
    tcp = struct.pack("!HHIIBBHHH", 1, 2, 0xFFFFFFF0, 7, 5 << 4, FIN_PSH_ACK_CWR, 1000, 0, 0)
    tcp = tcp[:16] + struct.pack("!H", words(pseudo(version, length))) + tcp[18:]
    frame = MACS + tag + (b"\x08\x00" if version == 4 else b"\x86\xdd") + ip_header(version, length) + tcp + text
    start = len(frame) - length
    kind = (TCP4 if version == 4 else TCP6) if size else 0
    return Packet(HEADER.pack(NEEDS_SUM, kind, start + 20, size, start, 16), frame)


def parts(frame: bytes, version: int, tag: bytes = b"") -> tuple[bytes, bytes, bytes]:
    """The IP header, the TCP header and the text."""
    packet = frame[14 + len(tag) :]
    tcp = 20 if version == 4 else 40
    return packet[:tcp], packet[tcp : tcp + 20], packet[tcp + 20 :]


def test_what_is_whole_stays_as_it_is() -> None:
    assert offload.on_the_wire(offload.whole(b"anything")) == [b"anything"]


def test_headers_that_would_end_behind_every_frame_still_do_with_a_tag() -> None:
    packet = Packet(HEADER.pack(NEEDS_SUM, 0, 0xFFFE, 0, 0xFFFF, 16), MACS + b"\x08\x00")
    tagged = offload.tagged(packet, TAG)
    assert HEADER.unpack(tagged.undone) == (NEEDS_SUM, 0, 0xFFFF, 0, 0xFFFF, 16)
    with pytest.raises(ValueError, match="lies behind its end"):
        offload.on_the_wire(tagged)


@given(some.binary(max_size=200), some.sampled_from([4, 6]), some.sampled_from([b"", TAG]))
def test_a_sum_that_was_left_undone_is_made(text: bytes, version: int, tag: bytes) -> None:
    (frame,) = offload.on_the_wire(segment(version, text, tag))
    _ip, tcp, told = parts(frame, version, tag)
    assert told == text
    assert words(pseudo(version, 20 + len(text)) + tcp + text) == 0xFFFF


@given(
    some.binary(min_size=1, max_size=400),
    some.integers(1, 150),
    some.sampled_from([4, 6]),
    some.sampled_from([b"", TAG]),
)
def test_a_long_segment_is_cut_and_every_piece_is_right(text: bytes, size: int, version: int, tag: bytes) -> None:
    frames = offload.on_the_wire(segment(version, text, tag, size))
    found = [parts(frame, version, tag) for frame in frames]
    assert b"".join(told for _ip, _tcp, told in found) == text
    position = 0xFFFFFFF0
    for number, (ip, tcp, told) in enumerate(found):
        length = 20 + len(told)
        assert words(pseudo(version, length) + tcp + told) == 0xFFFF
        assert int.from_bytes(tcp[4:8], "big") == position & 0xFFFFFFFF
        assert bool(tcp[13] & 0x80) is (number == 0)
        assert bool(tcp[13] & 0x09) is (number == len(found) - 1)
        if version == 4:
            assert words(ip) == 0xFFFF
            assert struct.unpack_from("!HH", ip, 2) == (20 + length, (0xFFFF + number) & 0xFFFF)
        else:
            assert struct.unpack_from("!H", ip, 4) == (length,)
        position += len(told)


def test_a_tag_moves_what_lies_behind_it() -> None:
    plain, tagged = segment(4, b"text"), segment(4, b"text", TAG)
    assert offload.tagged(plain, TAG) == tagged


def test_what_cannot_be_cut_is_refused() -> None:
    with pytest.raises(ValueError, match=r"not TCP \(type 5\)"):
        offload.on_the_wire(Packet(HEADER.pack(0, 5, 42, 1000, 0, 0), b"frame"))
