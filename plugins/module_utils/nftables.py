# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A table of nf_tables taken away if it is empty, which iptables(8) itself cannot do (nft(8) may not be installed)."""

from __future__ import annotations

import errno
import socket
import struct
import sys
from collections.abc import Iterator, Sequence

# linux/netlink.h, linux/netfilter/nfnetlink.h, linux/netfilter/nf_tables.h
_NETLINK_NETFILTER, _NFNL_SUBSYS_NFTABLES = 12, 10
_BATCH_BEGIN, _BATCH_END, _DELTABLE, _DELCHAIN = 0x10, 0x11, 2, 5
_NLMSG_ERROR, _REQUEST, _ACK, _NONREC = 2, 1, 4, 0x100
_TABLE_NAME, _CHAIN_TABLE, _CHAIN_NAME = 1, 1, 3
_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
_HEADER = struct.Struct("=IHHII")
_ERROR_BYTES = 4
_BUFFER = 65536


def remove_table(family: int, table: str, chains: Sequence[str]) -> bool:
    """Remove a table of this thread's namespace with its chains; returns whether it is gone, or was not there.

    The kernel refuses it as a whole if there is a rule or another chain. Raises OSError if it cannot be asked.
    """
    wanted: list[str] = [*chains, ""]
    answers = _delete(family, table, wanted)
    if answers[-1] == -errno.ENOENT:
        return True
    if -errno.ENOENT in answers:
        answers = _delete(family, table, [name for name, answer in zip(wanted, answers) if answer != -errno.ENOENT])
    return not any(answers)


def _delete(family: int, table: str, names: Sequence[str]) -> list[int]:
    """Delete chains, and the table itself for the empty name, in one transaction; returns the answer to each."""
    messages = [_deletion(number, family, table, name) for number, name in enumerate(names, 1)]
    begin = _message(_BATCH_BEGIN, _REQUEST, 0, 0, _NFNL_SUBSYS_NFTABLES)
    end = _message(_BATCH_END, _REQUEST, len(names) + 1, 0, _NFNL_SUBSYS_NFTABLES)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_NETFILTER) as channel:
        channel.settimeout(5)
        channel.send(begin + b"".join(messages) + end)
        answers: dict[int, int] = {}
        while len(answers) < len(names):
            answers.update(_answers(channel.recv(_BUFFER)))
    if 0 in answers:
        raise OSError(-answers[0], "the kernel has no nf_tables")
    return [answers[number] for number in range(1, len(names) + 1)]


def _deletion(number: int, family: int, table: str, chain: str) -> bytes:
    kind = _DELCHAIN if chain else _DELTABLE
    names = [(_CHAIN_TABLE, table), (_CHAIN_NAME, chain)] if chain else [(_TABLE_NAME, table)]
    attributes = b"".join(_attribute(*each) for each in names)
    flags = _REQUEST | _ACK | _NONREC
    return _message(_NFNL_SUBSYS_NFTABLES << 8 | kind, flags, number, _FAMILIES[family], 0, attributes)


def _attribute(kind: int, text: str) -> bytes:
    value = text.encode() + b"\0"
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def _message(  # noqa: PLR0917 (the fields in the order in which they are sent)
    kind: int, flags: int, number: int, family: int, resource: int, attributes: bytes = b""
) -> bytes:
    body = struct.pack("!BBH", family, 0, resource) + attributes
    return _HEADER.pack(_HEADER.size + len(body), kind, flags, number, 0) + body


def _answers(data: bytes) -> Iterator[tuple[int, int]]:
    """The errors in a datagram by the number of the message, 0 for success. Raises OSError if it is none."""
    while data:
        length, kind, _flags, number, _port = _HEADER.unpack_from(data.ljust(_HEADER.size, b"\0"))
        if not _HEADER.size <= length <= len(data):  # the next one would be looked for in the same place
            raise OSError(errno.EBADMSG, "a message of the kernel has not the length that it says")
        if kind == _NLMSG_ERROR:
            yield number, int.from_bytes(data[_HEADER.size : _HEADER.size + _ERROR_BYTES], sys.byteorder, signed=True)
        data = data[(length + 3) & ~3 :]
