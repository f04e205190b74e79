# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A text over TCP or UDP between two namespaces, by sockets of this process."""

from __future__ import annotations

import fcntl
import select
import socket
import struct
import termios
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Callable

from ..errors import LabError
from . import connection
from .outcome import Outcome
from .ping import LIMITED_S
from .subject import netns_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .kinds.exchange import Exchange

#: Seconds without a sign after which it is silence.
_PATIENCE_S = 1.0
#: How long is waited for what comes of the second datagram, where none is to arrive.
_AGAIN_PATIENCE_S = 0.4
#: Seconds for a listener on another machine, and for an error that its machine sends back.
_FAR_PATIENCE_S, _ERROR_S = 5.0, 0.3
#: How often a datagram is sent that may be lost on the way to another machine.
_TIMES = 3
#: Bytes that are read behind the text, where none should be.
_MOST = 65536


def attempt(exchange: Exchange, look: Callable[[str], None]) -> Outcome:
    """Send the text once. C(look) is called at each moment that can be looked at.

    Raises LabError when the listener cannot listen or a namespace is not there.
    """
    with ExitStack() as stack:
        listener = None
        if exchange.at is not None:
            listener = stack.enter_context(listening(exchange, exchange.at))
            look("listening")
        try:
            client = stack.enter_context(opened(exchange))
            if exchange.protocol == "tcp":
                return _stream(exchange, client, listener, look)
            return _datagram(exchange, client, listener)
        except OSError as error:
            return failed(exchange, error)


def opened(exchange: Exchange) -> socket.socket:
    """A socket that is connected and has sent nothing. Raises OSError when it cannot be."""
    return connection.opened(exchange.protocol, exchange.from_, exchange.to, exchange.port, _PATIENCE_S)


def failed(exchange: Exchange, error: OSError) -> Outcome:
    """How it ended when a socket of its sender raised this."""
    title = f"{exchange.protocol} to {exchange.to} port {exchange.port}"
    return connection.failed(f"{netns_words(exchange.from_)}: {title}", error)


@contextmanager
def listening(exchange: Exchange, at: str) -> Iterator[socket.socket]:
    """A socket that listens in the namespace C(at). Raises LabError when it cannot."""
    with connection.made(exchange.protocol, exchange.to, at) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1 if exchange.protocol == "tcp" else 0)
        try:
            listener.bind(("", exchange.port))
            if exchange.protocol == "tcp":
                listener.listen()
        except OSError as error:
            where = f"{exchange.protocol} port {exchange.port} in {netns_words(at)}"
            hint = "'ss -tulpn' there lists who does"
            raise LabError(f"cannot listen on {where}: {error.strerror}", hint=hint) from None
        yield listener


def _stream(
    exchange: Exchange, client: socket.socket, listener: socket.socket | None, look: Callable[[str], None]
) -> Outcome:
    """Send and close one way, receive until the end, close the other way: both FINs are on the wire afterwards.

    The text has been received before its sender closes, so that it is acknowledged by itself.
    """
    opening = _line(exchange, client, "connected")
    if listener is None:
        return Outcome("connected", "connected, so somebody listens there", (opening,))
    listener.settimeout(_PATIENCE_S)
    try:
        server, sender = listener.accept()
    except socket.timeout:  # TimeoutError only since Python 3.10
        return _elsewhere(exchange, opening)
    with server:
        look("connected")
        client.sendall(exchange.payload)
        received = connection.receive(server, len(exchange.payload), time.monotonic() + _PATIENCE_S)
        client.shutdown(socket.SHUT_WR)
        received += connection.receive(server, _MOST, time.monotonic() + _PATIENCE_S)
    client.recv(1)
    return _arrived(exchange, opening, received, sender)


def _elsewhere(exchange: Exchange, opening: str) -> Outcome:
    got = f"connected, but not to the listener in {netns_words(exchange.at or '')}"
    return Outcome("elsewhere", got, (opening,))


def _datagram(exchange: Exchange, client: socket.socket, listener: socket.socket | None) -> Outcome:
    """Send once, and where no delivery is expected once more: a refusal may be held back by the limit of errors."""
    opening = _line(exchange, client, f"sent {len(exchange.payload)} bytes")
    poll = select.poll()
    for each in filter(None, (client, listener)):
        poll.register(each, select.POLLIN)
    for patience in (_PATIENCE_S,) if exchange.expect == "delivered" else (LIMITED_S, _AGAIN_PATIENCE_S):
        client.send(exchange.payload)
        ready = [descriptor for descriptor, _event in poll.poll(patience * 1000)]
        if listener is not None and listener.fileno() in ready:
            received, sender = listener.recvfrom(65536)
            return _arrived(exchange, opening, received, sender)
        if ready:
            client.recv(1)  # an ICMP error comes out of here (udp(7)); an answer means that somebody else listens
            return Outcome("connected", "an answer came, so somebody listens there", (opening,))
    return Outcome("silence", "silence: nothing arrived and no error came back", (opening,), worth_retrying=True)


def _arrived(exchange: Exchange, opening: str, received: bytes, sender: tuple[object, ...]) -> Outcome:
    text = received.decode(errors="backslashreplace")
    where = netns_words(exchange.at or "")
    line = f"{where}: {len(received)} bytes from {sender[0]} port {sender[1]}: {text!r}"
    evidence = tuple(filter(None, (opening, line)))
    if received != exchange.payload:
        return Outcome("altered", f"{len(received)} bytes arrived, {text!r}", evidence)
    return Outcome("delivered", f"{len(received)} bytes delivered from {sender[0]} port {sender[1]}", evidence)


def _line(exchange: Exchange, client: socket.socket, what: str) -> str:
    local, remote = client.getsockname(), client.getpeername()
    way = f"{local[0]} port {local[1]} -> {remote[0]} port {remote[1]}"
    return f"{netns_words(exchange.from_)}: {exchange.protocol} {way}: {what}"


def deliver(exchange: Exchange, client: socket.socket, again: bool) -> Outcome:
    """Send the text to a listener that is elsewhere, which alone can say what has arrived. Raises OSError.

    C(again) is for UDP: send it several times, as one may be lost, and nobody says so.
    """
    if exchange.protocol == "udp":
        return _send(exchange, client, _TIMES if again else 1)
    opening = _line(exchange, client, "connected")
    client.sendall(exchange.payload)
    acknowledged = _see_acknowledged(client)
    client.shutdown(socket.SHUT_WR)
    if not acknowledged:
        return Outcome("silence", "connected, but nobody acknowledges the text", (opening,))
    client.settimeout(_FAR_PATIENCE_S)
    if client.recv(1):
        return Outcome("elsewhere", "connected, but not to the listener: this one answers", (opening,))
    return Outcome("sent", f"{len(exchange.payload)} bytes sent and acknowledged, both ways closed", (opening,))


def _see_acknowledged(client: socket.socket) -> bool:
    """Wait until the other side has confirmed all bytes, so that this is seen before the end; whether it has."""
    limit = time.monotonic() + _FAR_PATIENCE_S
    while struct.unpack("i", fcntl.ioctl(client, termios.TIOCOUTQ, bytes(4)))[0]:
        if time.monotonic() > limit:
            return False
        time.sleep(0.002)
    return True


def _send(exchange: Exchange, client: socket.socket, times: int) -> Outcome:
    size = len(exchange.payload)
    opening = _line(exchange, client, f"sent {size} bytes" + (f", {times} times" if times > 1 else ""))
    client.settimeout(_ERROR_S)
    for _time in range(times):
        client.send(exchange.payload)
        with suppress(socket.timeout):
            client.recv(1)
            return Outcome("elsewhere", "an answer came, so somebody else listens there", (opening,))
    return Outcome("sent", f"{size} bytes sent, no error came back", (opening,))


def arrivals(exchange: Exchange, listener: socket.socket, end: socket.socket, limit: float) -> Iterator[Outcome]:
    """What comes to the listener, connection by connection or datagram by datagram, until something comes to C(end).

    C(limit) of C(time.monotonic) is the latest end of a connection.
    """
    while end not in select.select([listener, end], [], [])[0]:
        if exchange.protocol == "udp":
            yield _arrived(exchange, "", *listener.recvfrom(65536))
            continue
        server, sender = listener.accept()
        with server:
            yield _received(exchange, server, sender, limit)


def _received(exchange: Exchange, server: socket.socket, sender: tuple[object, ...], limit: float) -> Outcome:
    try:
        received = connection.receive(server, _MOST, limit)
        server.shutdown(socket.SHUT_WR)
    except OSError as error:
        return Outcome("altered", f"the connection from {sender[0]} port {sender[1]} broke: {error}")
    return _arrived(exchange, "", received, sender)
