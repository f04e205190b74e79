# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What /proc tells of processes (proc(5)): who they are, whose children, which ports they hold."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

from .lean import dataclass

_SOCKET = re.compile(r"socket:\[(\d+)\]")
#: Of a line of /proc/net/tcp and its like the local port, the state and the inode.
_SOCKET_LINE = re.compile(r"\s*\d+: \w+:(?P<port>[0-9A-F]{4}) \S+ (?P<state>\w\w)(?: +\S+){5} +(?P<inode>[0-9]+)")
_LISTEN, _UNCONNECTED = "0A", "07"  # enum in net/tcp_states.h; a UDP socket that is bound has the latter


@dataclass(frozen=True)
class Life:
    """A process as long as it lives: C(started), in ticks since boot, tells it from a later one with its number."""

    pid: int
    session: int
    started: int


def life(pid: int) -> Life | None:
    """The process of that number, None if there is none, or only a dead one that nobody has asked about yet."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
            fields = stream.read().rpartition(")")[2].split()  # the name before it may hold anything
        return None if fields[0] in "ZX" else Life(pid, int(fields[3]), int(fields[19]))
    except (FileNotFoundError, ProcessLookupError):
        return None
    except (IndexError, ValueError):  # in another form than the kernel's
        return None


def namespace(pid: int) -> int:
    """The inode of the network namespace that the process is in, 0 if it is gone."""
    try:
        return os.stat(f"/proc/{pid}/ns/net").st_ino
    except (FileNotFoundError, ProcessLookupError):
        return 0


def everybody() -> Iterator[Life]:
    """All processes of the machine."""
    for name in os.listdir("/proc"):
        found = life(int(name)) if name.isdecimal() else None
        if found:
            yield found


def environment(pid: int) -> dict[str, str]:
    """What the process was given as its environment, nothing if it is gone."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as stream:
            text = stream.read().decode("utf-8", "surrogateescape")
    except OSError:
        return {}
    return dict(entry.partition("=")[::2] for entry in text.split("\0") if entry)


def ports(pids: Iterable[int]) -> set[tuple[str, int]]:
    """The ports that these processes, which share a namespace, hold: V(tcp) or V(udp), and the number."""
    found: set[tuple[str, int]] = set()
    for pid in pids:
        sockets = _sockets(pid)
        for protocol, state in (("tcp", _LISTEN), ("udp", _UNCONNECTED)):
            for file in (protocol, f"{protocol}6"):
                found |= {(protocol, port) for port, inode in _bound(pid, file, state) if inode in sockets}
    return found


def _sockets(pid: int) -> set[str]:
    found = set()
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            match = _SOCKET.match(os.readlink(f"/proc/{pid}/fd/{name}"))
            if match:
                found.add(match.group(1))
    except OSError:
        return found  # it has just ended, or closed one
    return found


def _bound(pid: int, file: str, state: str) -> Iterator[tuple[int, str]]:
    try:
        with open(f"/proc/{pid}/net/{file}", encoding="ascii", errors="replace") as stream:
            lines = stream.read().splitlines()[1:]
    except OSError:
        return  # gone, or a kernel without IPv6
    for line in lines:
        found = _SOCKET_LINE.match(line)
        if found and found["state"] == state:
            yield int(found["port"], 16), found["inode"]
