# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The switch at work: waits for frames and requests, and deals with them one after the other."""

from __future__ import annotations

import selectors
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Optional

from . import control
from .forwarding import Switch
from .offload import Packet, on_the_wire, whole
from .port import Port

#: What a reader puts between receive and forward: a frame and the port that it came in by to the frame that goes on
#: in its place, or to None, and it does not go on.
Hook = Callable[[bytes, str], Optional[bytes]]
#: Frames that are taken from a port before it is the next one's turn.
TURN = 64
#: Failures of a hook that are told whole. There may be one for each frame.
TOLD = 10


class Loop:
    """A switch with the sockets of its ports, and the one on which it is spoken to."""

    def __init__(self, ear: socket.socket, hook: Hook | None = None) -> None:
        self.switch = Switch()
        self.ports: dict[str, Port] = {}
        self._ear = ear
        self._hook = hook
        self._failures = 0
        self._selector = selectors.DefaultSelector()
        self._selector.register(ear, selectors.EVENT_READ)

    def run(self) -> None:
        """Until somebody ends the process."""
        while True:
            for key, _events in self._selector.select():
                if isinstance(key.fileobj, Port):
                    self._take(key.fileobj)
                else:
                    self._listen()

    def _take(self, port: Port) -> None:
        """Receive, and forward, what waits at a port."""
        for _turn in range(TURN):
            if self.ports.get(port.name) is not port:  # deleted a moment ago
                return
            try:
                packet = port.receive()
            except OSError:
                if port.is_gone():
                    self._delete(port.name)
                    say(f"{port.name} is gone")
                return
            if packet is None:
                return
            self._forward(packet, port)

    def _forward(self, packet: Packet, port: Port) -> None:
        now = time.monotonic()
        self.switch.learn(packet.frame, port.name, now)
        for treated in self._treated(packet, port) if self._hook else (packet,):
            for name in self.switch.decide(treated.frame, port.name, now):
                self.ports[name].send(treated)

    def _treated(self, packet: Packet, port: Port) -> Iterator[Packet]:
        """What the hook makes of it. A hook that fails drops the frame, and not the switch."""
        try:
            for frame in on_the_wire(packet):
                result = self._hook(frame, port.name) if self._hook else frame
                if result is not None:
                    yield whole(bytes(result))
        except Exception:
            port.dropped += 1
            self._failures += 1
            if self._failures <= TOLD:
                say(traceback.format_exc())

    def _listen(self) -> None:
        """Deal with one request. Nobody but root, and this process's own user, can make one."""
        connection, _sender = self._ear.accept()
        with connection:
            try:
                reply = self._obey(*control.hear(connection))
            except (KeyError, TypeError, ValueError, OSError) as error:
                reply = {"refused": str(error)}
            with suppress(OSError):  # who asked may be gone
                control.answer(connection, reply)

    def _obey(self, request: dict[str, Any], sockets: list[socket.socket]) -> dict[str, Any]:
        if request["do"] == "add":
            self._add(request["port"], *sockets)
        elif request["do"] == "delete":
            self._delete(request["port"])
        elif request["do"] == "age":
            self.switch.table.ageing = float(request["seconds"])
        elif request["do"] != "show":
            raise ValueError(f"{request['do']!r} is none of add, delete, age, show")
        return self._show()

    def _add(self, name: str, source: socket.socket) -> None:
        port = Port(name, source)
        self.switch.add(name)
        self.ports[name] = port
        self._selector.register(port, selectors.EVENT_READ)

    def _delete(self, name: str) -> None:
        self.switch.delete(name)
        port = self.ports.pop(name)
        self._selector.unregister(port)
        port.socket.close()

    def _show(self) -> dict[str, Any]:
        now = time.monotonic()
        counts = ("name", "index", "received", "sent", "dropped")
        entries = self.switch.table.entries(now).items()
        return {
            "ageing_time": self.switch.table.ageing,
            "ports": [{word: getattr(port, word) for word in counts} for port in self.ports.values()],
            "table": [
                {"mac": station.hex(":"), "port": entry.port, "age": int(now - entry.heard)}
                for station, entry in entries
            ],
        }


def say(text: str) -> None:
    """A line for the log."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
