# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sockets of this process that send from a namespace, and what it means when they cannot.

A socket stays in the namespace where it was made, so a thread visits each namespace for as long as that takes.
"""

from __future__ import annotations

import errno
import os
import socket
import time

from ..namespaces import inside
from .outcome import Outcome
from .subject import family

_TYPES = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
_UNREACHABLE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.ENETDOWN)


def made(protocol: str, to: str, netns: str) -> socket.socket:
    """A socket in the namespace for what goes to, or comes to, the address."""
    kind = socket.AF_INET6 if family(to) == 6 else socket.AF_INET
    with inside(netns):
        return socket.socket(kind, _TYPES[protocol])


def opened(protocol: str, netns: str, to: str, port: int, patience: float) -> socket.socket:
    """A socket that is connected, and waits for C(patience) seconds each time. Raises OSError when it cannot be."""
    client = made(protocol, to, netns)
    client.settimeout(patience)
    try:
        with inside(netns):  # the index of a link-local address' interface is looked up here
            found = socket.getaddrinfo(to, port, type=_TYPES[protocol], flags=socket.AI_NUMERICHOST)
            client.connect(found[0][4])
    except BaseException:
        client.close()
        raise
    return client


def receive(client: socket.socket, most: int, limit: float) -> bytes:
    """What comes until the end, until there are so many bytes, or until C(limit) of C(time.monotonic).

    Raises socket.timeout when nothing has come by then.
    """
    received = b""
    while len(received) < most:
        client.settimeout(max(0.001, limit - time.monotonic()))
        try:
            block = client.recv(most - len(received))
        except socket.timeout:  # TimeoutError only since Python 3.10
            if received:
                return received
            raise
        if not block:
            return received
        received += block
    return received


def failed(line: str, error: OSError) -> Outcome:
    """What the error means; C(line) says what was tried."""
    if isinstance(error, socket.timeout) or error.errno == errno.ETIMEDOUT:
        got = "silence: no answer of any kind"
        return Outcome("silence", got, (f"{line}: no answer",), worth_retrying=True)
    words = os.strerror(error.errno) if error.errno else str(error)
    kind = {errno.ECONNREFUSED: "refused"}.get(error.errno or 0, "error")
    return Outcome(kind, words, (f"{line}: {words}",), worth_retrying=error.errno in _UNREACHABLE)
