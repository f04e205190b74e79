# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A port: a socket that gets every frame of an interface, and sends on it (packet(7))."""

from __future__ import annotations

import errno
import socket
import struct

from .offload import HEADER, Packet, tagged

# linux/if_packet.h, linux/if_ether.h, linux/if_arp.h, asm/socket.h
SOL_PACKET, ADD_MEMBERSHIP, AUXDATA, VNET_HDR, IGNORE_OUTGOING = 263, 1, 8, 15, 23
MR_PROMISC, ETH_P_ALL, ARPHRD_ETHER, SO_RCVBUFFORCE = 1, 3, 1, 33
VLAN_VALID, VLAN_TPID_VALID = 0x10, 0x40
MEMBERSHIP, AUX = struct.Struct("=iHH8s"), struct.Struct("=IIIHHHH")
#: What the kernel keeps while the switch is busy, in bytes.
WAITING = 4 << 20
#: The longest frame: 64 KiB that hardware would cut, with headers.
LONGEST = 66000


def open_port(name: str) -> socket.socket:
    """The socket for an interface of this namespace: only root may, with CAP_NET_RAW. A switch is given it ready."""
    try:
        index = socket.if_nametoindex(name)
    except OSError:
        raise OSError(errno.ENODEV, f"there is no interface {name!r} in this namespace") from None
    found = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    try:
        for option in (AUXDATA, VNET_HDR, IGNORE_OUTGOING):
            found.setsockopt(SOL_PACKET, option, 1)
        found.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, WAITING)
        found.bind((name, ETH_P_ALL))
        if found.getsockname()[3] != ARPHRD_ETHER:
            raise OSError(errno.EMEDIUMTYPE, f"{name} is not an Ethernet interface")
        found.setsockopt(SOL_PACKET, ADD_MEMBERSHIP, MEMBERSHIP.pack(index, MR_PROMISC, 0, b""))
    except OSError:
        found.close()
        raise
    return found


class Port:
    """A port of the running switch, with what it has counted."""

    def __init__(self, name: str, source: socket.socket) -> None:
        self.name = name
        self.socket = source
        self.index = socket.if_nametoindex(name)
        self.received = self.sent = self.dropped = 0
        self._buffer = memoryview(bytearray(LONGEST))
        source.setblocking(False)

    def fileno(self) -> int:
        """The number of the socket, for select(2) and its like."""
        return self.socket.fileno()

    def receive(self) -> Packet | None:
        """The next frame as it came in, with its VLAN tag; None if none is waiting. Raises OSError."""
        try:
            size, extra, _flags, _sender = self.socket.recvmsg_into([self._buffer], 64)
        except BlockingIOError:
            return None
        self.received += 1
        packet = Packet(bytes(self._buffer[: HEADER.size]), bytes(self._buffer[HEADER.size : size]))
        tag = vlan_tag(extra[0][2]) if extra else b""
        return tagged(packet, tag) if tag else packet

    def send(self, packet: Packet) -> None:
        """Send a frame. What cannot be sent (too long, interface off or busy) is dropped, as a switch does."""
        try:
            self.socket.sendmsg(packet)
            self.sent += 1
        except OSError:
            self.dropped += 1

    def is_gone(self) -> bool:
        """Whether the interface was deleted: switched off it may come back, deleted it never does."""
        try:
            socket.if_indextoname(self.index)
        except OSError:
            return True
        return False


def vlan_tag(aux: bytes) -> bytes:
    """The VLAN tag that the kernel has put aside; empty if there was none."""
    status, _length, _captured, _mac, _net, tci, tpid = AUX.unpack(aux[: AUX.size])
    if not status & VLAN_VALID:
        return b""
    return struct.pack("!HH", tpid if status & VLAN_TPID_VALID else 0x8100, tci)
