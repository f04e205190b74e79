# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A way to the package registries for a throw-away machine whose network has nothing but its loopback.

The proxy listens on the machine's loopback and connects from this machine. A socket belongs to the namespace in which
it was made, wherever the process is that uses it, so no interface, address or route is needed, here or there.
"""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import http.server
import os
import socket
import socketserver
import threading
import typing as t
import urllib.parse

ADDRESS = ("127.0.0.1", 3128)
URL = f"http://{ADDRESS[0]}:{ADDRESS[1]}"
PATIENCE_S = 120
_CLONE_NEWNET = 0x40000000
# What concerns one connection only (RFC 9110, 7.6.1), and what is said anew.
_PER_HOP = {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "content-length"}


def _socket_of(pid: int) -> socket.socket:
    """A TCP socket in the network namespace of a process, made by a thread that enters it and ends."""
    made: list[socket.socket] = []

    def make() -> None:
        namespace = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
        entered = ctypes.CDLL(None).setns(namespace, _CLONE_NEWNET) == 0
        os.close(namespace)
        if entered:
            made.append(socket.socket())

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    assert made, f"the network namespace of process {pid} could not be entered"
    return made[0]


class _Request(http.server.BaseHTTPRequestHandler):
    """One client's connection: apt asks by GET, pip by CONNECT."""

    protocol_version = "HTTP/1.1"

    def do_CONNECT(self) -> None:
        """Join the client to the server that it names."""
        host, _colon, port = self.path.rpartition(":")
        try:
            server = socket.create_connection((host, int(port)), PATIENCE_S)
        except OSError as error:
            self.send_error(502, f"{self.path}: {error}")
            return
        self.send_response_only(200)
        self.end_headers()
        with server:
            _join(self.connection, server)
        self.close_connection = True

    def do_GET(self) -> None:
        """Fetch what the client names."""
        url = urllib.parse.urlsplit(self.path)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _PER_HOP}
        path = urllib.parse.urlunsplit(("", "", url.path, url.query, ""))
        try:
            with contextlib.closing(http.client.HTTPConnection(url.netloc, timeout=PATIENCE_S)) as server:
                server.request("GET", path, headers=headers)
                answer = server.getresponse()
                body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.send_error(502, f"{url.netloc}: {error}")
            return
        self._hand_on(answer, body)

    def _hand_on(self, answer: http.client.HTTPResponse, body: bytes) -> None:
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in _PER_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_what: t.Any) -> None:
        """Say nothing; what is refused, the client tells."""


def _join(one: socket.socket, other: socket.socket) -> None:
    """Hand on what each of two sockets gets to the other, until both are done."""
    back = threading.Thread(target=_pour, args=(other, one), daemon=True)
    back.start()
    _pour(one, other)
    back.join()


def _pour(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


class ForwardProxy(socketserver.ThreadingTCPServer):
    """A proxy on the loopback of a throw-away machine, until it is closed or this process ends."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, pid: int) -> None:
        """Listen in the network namespace of process `pid`."""
        super().__init__(ADDRESS, _Request, bind_and_activate=False)
        self.socket.close()
        self.socket = _socket_of(pid)
        self.server_bind()
        self.server_activate()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_error: object) -> None:
        """Listen no more."""
        self.shutdown()
        self.server_close()
