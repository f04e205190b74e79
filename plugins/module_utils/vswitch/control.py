# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How one speaks to a running switch: a request and an answer in JSON by a Unix socket, for root and the switch's user.

A request to add a port brings the port's socket along, so that the switch itself needs no privilege at all.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from collections.abc import Mapping, Sequence
from typing import Any

#: The name of the socket, in the directory that the switch may write to.
CONTROL = "control"
REQUEST_BYTES = 4096
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
    said = b"".join(iter(lambda: connection.recv(65536), b""))
    try:
        answer = json.loads(said)
    except ValueError:
        raise ConnectionError("it has given no answer") from None
    if "refused" in answer:
        raise RefusedError(answer["refused"])
    return answer


def hear(connection: socket.socket) -> tuple[dict[str, Any], list[socket.socket]]:
    """The request that has come, with the sockets that came with it. Raises ValueError if it is none."""
    connection.settimeout(PATIENCE)
    said, descriptors, _flags, _sender = socket.recv_fds(connection, REQUEST_BYTES, 1)
    sockets = [socket.socket(fileno=each) for each in descriptors]
    request = json.loads(said)
    if not isinstance(request, dict):
        raise ValueError("a request is a mapping")
    return request, sockets


def answer(connection: socket.socket, text: Mapping[str, Any]) -> None:
    """Answer a request."""
    connection.sendall(json.dumps(text).encode())
