# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How one speaks to a running switch: a request and an answer in JSON by a Unix socket, for root and the switch's user.

A request to add a port brings the port's socket along, so that the switch itself needs no privilege at all.
"""

from __future__ import annotations

import json
import math
import os
import socket
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

#: The name of the socket, in the directory that the switch may write to.
CONTROL = "control"
#: The longest request, and the longest answer: of a full table it has half of that.
REQUEST_BYTES, ANSWER_BYTES = 4096, 1 << 20
#: Seconds until the other side is given up.
PATIENCE = 5.0
CREDENTIALS = struct.Struct("=iII")


class RefusedError(Exception):
    """The switch does not do it, and says why."""


def offer(path: str) -> socket.socket:
    """The socket on which a switch is spoken to."""
    if os.path.lexists(path):  # left by one that was killed
        os.unlink(path)
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    found.bind(path)
    found.listen()
    return found


def connect(path: str) -> socket.socket:
    """A connection to a switch, for one request."""
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    found.settimeout(PATIENCE)
    try:
        found.connect(path)
    except OSError:
        found.close()
        raise
    return found


def peer(connection: socket.socket) -> int:
    """The number of the process on the other side."""
    pid, _uid, _gid = CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size))
    return int(pid)


def ask(connection: socket.socket, request: Mapping[str, Any], sockets: Sequence[socket.socket] = ()) -> Any:
    """The answer to a request. Raises RefusedError, and OSError if there is none."""
    words = [json.dumps(request).encode()]
    if sockets:
        socket.send_fds(connection, words, [each.fileno() for each in sockets])
    else:
        connection.sendmsg(words)
    try:
        answer = json.loads(_received(connection))
    except (RecursionError, ValueError):
        raise ConnectionError("it has given no answer") from None
    if not isinstance(answer, dict):
        raise ConnectionError("it has given an answer that is none")
    if "refused" in answer:
        raise RefusedError(str(answer["refused"])[:REQUEST_BYTES])
    return answer


def _received(connection: socket.socket) -> bytes:
    """All that it says, which has an end: a switch does what its hook does. Raises OSError if it finds none."""
    said, limit = b"", time.monotonic() + PATIENCE
    while len(said) <= ANSWER_BYTES and time.monotonic() < limit:
        block = connection.recv(65536)
        if not block:
            return said
        said += block
    raise ConnectionError("it does not come to the end of its answer")


def shown(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What a switch shows of itself, and nothing else. Raises ConnectionError if it is not in that form."""
    try:
        return {
            "ageing_time": _seconds(answer["ageing_time"]),
            "ports": [_typed(each, _PORT) for each in answer["ports"]],
            "table": [_typed(each, _STATION) for each in answer["table"]],
        }
    except (ArithmeticError, LookupError, TypeError, ValueError):
        raise ConnectionError("it shows something else than its ports and its table") from None


_PORT = {"name": str, "index": int, "received": int, "sent": int, "dropped": int}
_STATION = {"mac": str, "port": str, "age": int}


def _typed(given: Mapping[str, Any], form: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any]:
    return {word: convert(given[word]) for word, convert in form.items()}


def _seconds(given: Any) -> float:
    if not 0 <= float(given) < math.inf:
        raise ValueError(given)
    return float(given)


def hear(connection: socket.socket) -> tuple[dict[str, Any], list[socket.socket]]:
    """The request that has come, with the sockets that came with it. Raises ValueError if it is none."""
    connection.settimeout(PATIENCE)
    said, descriptors, _flags, _sender = socket.recv_fds(connection, REQUEST_BYTES, 1)
    sockets = [socket.socket(fileno=each) for each in descriptors]
    try:
        request = json.loads(said)
    except RecursionError:
        raise ValueError("a request is not so deep") from None
    if not isinstance(request, dict):
        raise ValueError("a request is a mapping")
    return request, sockets


def answer(connection: socket.socket, text: Mapping[str, Any]) -> None:
    """Answer a request."""
    connection.sendall(json.dumps(text).encode())
