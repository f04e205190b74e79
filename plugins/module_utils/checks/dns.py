# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A query for a name, sent to a server of the user's choice.

In code, since dig(1) is in a package of its own that no lab needs otherwise, and the resolver of the C library asks
only the servers that the machine is configured for.
"""

from __future__ import annotations

import secrets
import struct
import time
from typing import TYPE_CHECKING

from . import connection, dnsmessage
from .outcome import Outcome
from .subject import netns_words

if TYPE_CHECKING:
    import socket

    from .kinds.dns import Dns

#: Seconds without a sign after which it is silence.
_PATIENCE_S = 2.0
_MOST = 65535
#: Before each message over TCP: how long it is (RFC 1035, section 4.2.2).
_LENGTH = struct.Struct("!H")


def attempt(wanted: Dns) -> tuple[dnsmessage.Response | None, Outcome]:
    """Ask once. Raises LabError when the namespace is not there."""
    query = dnsmessage.query(secrets.randbelow(1 << 16), wanted.name, wanted.type)
    line = f"{netns_words(wanted.from_)}: {wanted.over} to {wanted.to} port {wanted.port}"
    try:
        with connection.opened(wanted.over, wanted.from_, wanted.to, wanted.port, _PATIENCE_S) as client:
            message = (_by_stream if wanted.over == "tcp" else _by_datagram)(client, query)
        response = dnsmessage.read(message, query)
    except OSError as error:
        return None, connection.failed(line, error)
    except ValueError as reason:
        return None, Outcome("malformed", f"not an answer to the query: {reason}", (line,))
    return response, outcome(response, line)


def _by_datagram(client: socket.socket, query: bytes) -> bytes:
    client.send(query)
    return client.recv(_MOST)


def _by_stream(client: socket.socket, query: bytes) -> bytes:
    limit = time.monotonic() + _PATIENCE_S
    client.sendall(_LENGTH.pack(len(query)) + query)
    length = connection.receive(client, _LENGTH.size, limit)
    if len(length) < _LENGTH.size:
        raise ValueError("the connection was closed before any came")
    return connection.receive(client, _LENGTH.unpack(length)[0], limit)


def outcome(response: dnsmessage.Response, line: str) -> Outcome:
    """The response in one phrase, and its lines as dig(1) words them."""
    kind = "nxdomain" if response.code == "NXDOMAIN" else "answer"
    data = ", ".join(record.data for record in response.answers)
    got = f"{response.code}, truncated" if response.truncated else data or f"{response.code} without an answer"
    status = f"status: {response.code}, flags: {' '.join(response.flags)}, answers: {len(response.answers)}"
    return Outcome(kind, got, (f"{line}: {status}", *(record.line() for record in response.answers)))
