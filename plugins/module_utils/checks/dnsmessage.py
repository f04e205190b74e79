# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages of DNS as RFC 1035, section 4, has them: a query is written, a response is read. Pure."""

from __future__ import annotations

import ipaddress
import struct

from ..lean import dataclass

#: Types of records that are asked for, by their names (RFC 1035, section 3.2.2, and RFC 3596).
TYPES = {"A": 1, "AAAA": 28}
_ADDRESSES = {1: ipaddress.IPv4Address, 28: ipaddress.IPv6Address}
_INTERNET = 1
_HEADER, _QUESTION, _RECORD = struct.Struct("!6H"), struct.Struct("!2H"), struct.Struct("!HHIH")
_RESPONSE, _TRUNCATED, _RECURSION_DESIRED = 0x8000, 0x0200, 0x0100
_FLAGS = {"aa": 0x0400, "tc": _TRUNCATED, "rd": _RECURSION_DESIRED, "ra": 0x0080}
_CODES = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED")
#: Two bits that say that the rest of a name is elsewhere in the message (section 4.1.4), and what is behind them.
_POINTER, _OFFSET = 0xC0, 0x3FFF
_LABEL_BYTES, _NAME_BYTES = 63, 255


@dataclass(frozen=True)
class Record:
    """A resource record; C(data) is an address, or bytes in the form of RFC 3597 where the type is another."""

    name: str
    ttl: int
    type: str
    data: str

    def line(self) -> str:
        """The record as dig(1) words it."""
        return f"{self.name} {self.ttl} IN {self.type} {self.data}"


@dataclass(frozen=True)
class Response:
    """What a server has answered. C(code) is the word for how it ended, such as V(NXDOMAIN)."""

    code: str
    flags: tuple[str, ...]
    answers: tuple[Record, ...]

    @property
    def truncated(self) -> bool:
        """Whether not all of it has fitted."""
        return "tc" in self.flags


def query(number: int, name: str, type_: str) -> bytes:
    """A message that asks for the records of a name. Raises ValueError if it is none."""
    header = _HEADER.pack(number, _RECURSION_DESIRED, 1, 0, 0, 0)
    return header + encode_name(name) + _QUESTION.pack(TYPES[type_], _INTERNET)


def encode_name(name: str) -> bytes:
    """The name as labels, each with its length before it, up to the root's empty one. Raises ValueError."""
    labels = [label.encode("ascii", "replace") for label in name.rstrip(".").split(".")]
    fits = all(0 < len(label) <= _LABEL_BYTES for label in labels) and sum(map(len, labels)) + len(labels) < _NAME_BYTES
    if not fits or not name.isascii() or not name.isprintable() or " " in name:
        raise ValueError(f"{name!r} is not a name: labels of 1 to {_LABEL_BYTES} letters with dots between them")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def read(message: bytes, asked: bytes) -> Response:
    """The response in a message, which must be one to the query C(asked). Raises ValueError that says what is wrong."""
    try:
        return _read(message, asked)
    except (struct.error, IndexError):
        raise ValueError(f"the message ends too early, after {len(message)} bytes") from None


def _read(message: bytes, asked: bytes) -> Response:
    number, flags, questions, answers, _authorities, _additional = _HEADER.unpack_from(message)
    if number != _HEADER.unpack_from(asked)[0] or not flags & _RESPONSE:
        raise ValueError("the message is no response to the query: another number, or itself a query")
    question = message[_HEADER.size : len(asked)]
    if questions != 1 or question.lower() != asked[_HEADER.size :].lower():
        raise ValueError("the message repeats another question than was asked")
    found, position = [], len(asked)
    for _each in range(answers):
        record, position = _record(message, position)
        found.append(record)
    names = tuple(word for word, bit in _FLAGS.items() if flags & bit)
    return Response(_code(flags & 0xF), names, tuple(found))


def _code(number: int) -> str:
    return _CODES[number] if number < len(_CODES) else f"RCODE{number}"


def _record(message: bytes, position: int) -> tuple[Record, int]:
    name, position = _name(message, position)
    type_, _class, ttl, length = _RECORD.unpack_from(message, position)
    start = position + _RECORD.size
    data = message[start : start + length]
    if len(data) < length:
        raise IndexError
    return Record(name, ttl, _type_name(type_), _data(type_, data)), start + length


def _type_name(number: int) -> str:
    return next((name for name, each in TYPES.items() if each == number), f"TYPE{number}")


def _data(type_: int, data: bytes) -> str:
    form = _ADDRESSES.get(type_)
    return str(form(data)) if form else f"\\# {len(data)} {data.hex()}"


def _name(message: bytes, position: int) -> tuple[str, int]:
    """The name at a position, and the position behind it. Pointers lead back only, so that none goes round."""
    labels, start, behind, hops, size = [], position, 0, 0, 0
    while message[position]:
        length = message[position]
        hops, size = hops + 1, size + (0 if length & _POINTER else length + 1)
        if size >= _NAME_BYTES or hops > _NAME_BYTES:
            raise ValueError(f"a name in the message is longer than {_NAME_BYTES} bytes")
        if length & _POINTER == _POINTER:
            behind = behind or position + 2
            position = struct.unpack_from("!H", message, position)[0] & _OFFSET
            if position >= start:
                raise ValueError("a name in the message does not point back")
            start = position
        elif length & _POINTER:
            raise ValueError("a name in the message has a label of an unknown kind")
        else:
            labels.append(message[position + 1 : position + 1 + length].decode("ascii", "backslashreplace"))
            position += 1 + length
    return ".".join([*labels, ""]) or ".", behind or position + 1
