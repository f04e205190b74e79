# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program of its own: adds what passes an interface to the capture file (pcap) on its standard output.

Unlike tcpdump it can begin before the interface is switched on, and goes on when it is switched off and on again.
The socket is opened as root; what comes in is read as an unprivileged user. Filters are libpcap's own (pcap-filter(7)).
Usage: sniffer.py INTERFACE SNAPLEN USER FILTER, or sniffer.py --test FILTER, which only says whether the filter is one.
Sources: packet(7), Documentation/networking/packet_mmap.rst, draft-ietf-opsawg-pcap.
"""

from __future__ import annotations

import ctypes
import errno
import os
import pwd
import select
import signal
import socket
import struct
import sys
from typing import Any

# linux/if_packet.h, linux/if_ether.h, linux/if_arp.h, asm/socket.h
SOL_PACKET, PACKET_STATISTICS, PACKET_AUXDATA, OUTGOING = 263, 6, 8, 4
ETH_P_ALL, ARPHRD_ETHER, ARPHRD_LOOPBACK, ARPHRD_NONE = 3, 1, 772, 65534
SO_RCVBUFFORCE, SO_TIMESTAMPNS = 33, 35
VLAN_VALID, VLAN_TPID_VALID = 0x10, 0x40
AUXDATA, TIMESTAMP = struct.Struct("=IIIHHHH"), struct.Struct("=qq")

#: Number in a capture file, and libpcap's, of the link types that can be captured.
LINK_TYPES = {ARPHRD_ETHER: (1, 1), ARPHRD_LOOPBACK: (1, 1), ARPHRD_NONE: (101, 12)}
HEADER, RECORD = struct.Struct("=IHHiIII"), struct.Struct("=IIII")
MAGIC, MOST = 0xA1B2C3D4, 262144
#: What the kernel keeps while this program is busy, in bytes.
BUFFER = 32 << 20
LIBRARIES = ("libpcap.so.0.8", "libpcap.so.1", "libpcap.so")


class Program(ctypes.Structure):
    """struct bpf_program."""

    _fields_ = [("length", ctypes.c_uint), ("instructions", ctypes.c_void_p)]


class PacketHeader(ctypes.Structure):
    """struct pcap_pkthdr."""

    _fields_ = [
        ("seconds", ctypes.c_long),
        ("microseconds", ctypes.c_long),
        ("captured", ctypes.c_uint32),
        ("length", ctypes.c_uint32),
    ]


class Filter:
    """A filter expression of pcap-filter(7), which whole frames are held against; the empty one lets all pass."""

    def __init__(self, expression: str, link_type: int) -> None:
        self._library: Any = load_library() if expression else None
        if self._library is None:
            return
        handle = ctypes.c_void_p(self._library.pcap_open_dead(link_type, MOST))
        self._program = Program()
        if self._library.pcap_compile(handle, ctypes.byref(self._program), expression.encode(), 1, 0xFFFFFFFF) != 0:
            self._library.pcap_geterr.restype = ctypes.c_char_p
            raise SystemExit(f"{expression!r} is not a filter: {self._library.pcap_geterr(handle).decode()}")

    def passes(self, frame: bytes, length: int) -> bool:
        """Whether the frame, of which there were C(length) bytes, is wanted."""
        if self._library is None:
            return True
        header = PacketHeader(0, 0, len(frame), length)
        return bool(self._library.pcap_offline_filter(ctypes.byref(self._program), ctypes.byref(header), frame))


def load_library() -> Any:
    """The library libpcap."""
    for name in LIBRARIES:
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        library.pcap_open_dead.restype = ctypes.c_void_p
        return library
    raise SystemExit("filters need the library libpcap, which comes with tcpdump")


def listen(interface: str) -> socket.socket:
    """A socket that gets every frame of the interface, whether that is switched on yet or not."""
    found = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    found.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    found.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    found.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
    found.bind((interface, ETH_P_ALL))
    found.setblocking(False)
    return found


def append(record: bytes, otherwise: str) -> None:
    """Add all of the record to the capture file, or nothing, and end with these words and the reason.

    A disk that becomes full takes a part of it, behind which no reader would find another record.
    """
    left = memoryview(record)
    try:
        while left:  # but for that it is one call, so that nobody reads half of it
            left = left[os.write(1, left) :]
    except OSError as error:
        os.ftruncate(1, os.fstat(1).st_size - len(record) + len(left))
        raise SystemExit(f"{otherwise}: {error.strerror}") from None


def begin_file(link_type: int) -> None:
    """Begin the capture file, or go on with one of the same kind. No other file is touched."""
    header = HEADER.pack(MAGIC, 2, 4, 0, 0, MOST, link_type)
    there = os.pread(1, HEADER.size, 0)
    if not there:
        append(header, "the capture file cannot be begun")
    elif there != header:
        raise SystemExit("the file is there and holds something else than such a capture")


def drop_privileges(name: str) -> None:
    """Become an unprivileged user for good."""
    user = pwd.getpwnam(name)
    os.setgroups([])
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)


def whole(frame: bytes, tags: bytes) -> bytes:
    """The frame with the VLAN tag that the kernel has put aside."""
    status, _length, _captured, _mac, _net, tci, tpid = AUXDATA.unpack(tags[: AUXDATA.size])
    if not status & VLAN_VALID:
        return frame
    return frame[:12] + struct.pack("!HH", tpid if status & VLAN_TPID_VALID else 0x8100, tci) + frame[12:]


class Capture:
    """What comes from a socket and passes a filter is added to the file."""

    def __init__(self, source: socket.socket, wanted: Filter, snaplen: int) -> None:
        self._source = source
        self._wanted = wanted
        self._snaplen = snaplen
        address = source.getsockname()
        self._loopback = address[3] == ARPHRD_LOOPBACK
        self._index = socket.if_nametoindex(address[0])
        self.count = 0

    def drain(self) -> None:
        """Take all that the kernel has."""
        while True:
            try:
                frame, extra, _flags, address = self._source.recvmsg(MOST, 256)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENETDOWN:
                    raise
                self._see_interface()
                continue
            if not (self._loopback and address[2] == OUTGOING):  # there each frame comes back in
                self._take(frame, {(level, kind): data for level, kind, data in extra})

    def _see_interface(self) -> None:
        """Switched off it may come back, deleted it never does."""
        try:
            socket.if_indextoname(self._index)
        except OSError:
            raise SystemExit("the interface is gone") from None

    def _take(self, frame: bytes, extra: dict[tuple[int, int], bytes]) -> None:
        frame = whole(frame, extra[SOL_PACKET, PACKET_AUXDATA])
        if not self._wanted.passes(frame, len(frame)):
            return
        seconds, nanoseconds = TIMESTAMP.unpack(extra[socket.SOL_SOCKET, SO_TIMESTAMPNS])
        kept = frame[: self._snaplen]
        record = RECORD.pack(seconds, nanoseconds // 1000, len(kept), len(frame)) + kept
        append(record, f"the capture file ends with packet {self.count} of this capture")
        self.count += 1


def main() -> None:
    """The command line."""
    if sys.argv[1] == "--test":
        Filter(sys.argv[2], 1)
        return
    interface, snaplen, user, expression = sys.argv[1:5]
    source = listen(interface)
    hardware = source.getsockname()[3]
    if hardware not in LINK_TYPES:
        raise SystemExit(f"{interface} carries frames of a kind that cannot be captured (ARPHRD {hardware})")
    in_file, in_library = LINK_TYPES[hardware]
    begin_file(in_file)
    capture = Capture(source, Filter(expression, in_library), int(snaplen))
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_arguments: None)
    drop_privileges(user)
    sys.stderr.write(f"listening on {interface}\n")
    sys.stderr.flush()
    while True:
        ready = select.select([source.fileno(), woken], [], [])[0]
        capture.drain()
        if woken in ready:
            break
    _seen, dropped = struct.unpack("=II", source.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
    sys.stderr.write(f"{capture.count} packets captured, {dropped} dropped by the kernel\n")


if __name__ == "__main__":
    main()
