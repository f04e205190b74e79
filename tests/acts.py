# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module does to its machine, act by act, as seen from below the collection: from Python's system calls.

An act is a netlink message, a change of a file, a mount or a new namespace, the start of a process, a signal, or a word
to a process. Before each somebody is asked, who may end the process, or say by which error the act is to fail.
Sources: Python's table of audit events, netlink(7), linux/netlink.h.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import signal
import socket
import struct
import sys
import typing as t

#: Is asked before each act, of which it gets the sort and the words; returns the error, 0 if the act may happen.
Ask = t.Callable[[str, str], int]

#: In place of an error: the answer to a question is marked as one that a change has interrupted.
INTERRUPTED = -1

_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod", "os.chown"}
_STARTS = {"os.fork", "subprocess.Popen"}
_SOCKETS = {"socket.__new__", "socket.connect", "socket.bind"}
_KERNEL = ("unshare", "mount", "umount2")
_HEADER = struct.Struct("=IHHII")
_NLMSG_ERROR, _NLMSG_DONE, _REQUEST, _ACK, _CREATE = 2, 3, 0x1, 0x4, 0x400
_CAPPED, _DUMP_INTERRUPTED = 0x100, 0x10
_FLAGS_AT = 6
_SORTS = ("new", "del", "get", "set")


def watch(ask: Ask) -> None:
    """Ask before each act of this process from now on."""
    acts = _Acts(ask)
    sys.addaudithook(acts.audit)
    _Asking.acts = acts
    socket.socket = _Asking  # type: ignore[misc]
    os.write = acts.before(os.write, "write", lambda descriptor, *_rest: _path(descriptor))
    os.fdopen = acts.watched_stream(os.fdopen)
    signal.pidfd_send_signal = acts.before(signal.pidfd_send_signal, "signal", lambda _descriptor, number: str(number))
    from ansible_collections.tcpip.lab.plugins.module_utils import namespaces

    namespaces._libc = _Library(namespaces._libc, acts)  # type: ignore[assignment]


class _Acts:
    """Asks, in this process and not in those that it starts."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._pid = os.getpid()
        self._error_of_exec = 0

    def error(self, sort: str, words: str) -> int:
        """The error by which the act is to fail, or 0."""
        return self._ask(sort, words) if os.getpid() == self._pid else 0

    def act(self, sort: str, words: str) -> None:
        """Raises OSError if the act is to fail."""
        number = self.error(sort, words)
        if number:
            raise OSError(number, os.strerror(number))

    def audit(self, event: str, arguments: tuple[t.Any, ...]) -> None:
        """What Python itself tells of."""
        if event == "os.exec":
            self._exec()
        elif event in _STARTS:
            self.act("start", f"{event} {arguments[0] if arguments else ''}")
            # the child that is about to be made asks nobody
            self._error_of_exec = self.error("start", "exec") if event == "os.fork" else 0
        elif event in _SOCKETS and arguments[0].family != socket.AF_INET:
            self.act("socket", f"{event} {arguments[1:]}")
        elif event in _CHANGES:
            self.act(event.removeprefix("os."), str(_path(arguments[0])))
        elif event == "open" and _is_change(*arguments):
            self.act("exclusive" if arguments[2] & os.O_EXCL else "open", arguments[0])

    def _exec(self) -> None:
        if self._error_of_exec:
            raise OSError(self._error_of_exec, os.strerror(self._error_of_exec))

    def before(self, function: t.Any, sort: str, words: t.Callable[..., str]) -> t.Any:
        """The function, before which somebody is asked."""

        def asking(*arguments: t.Any) -> t.Any:
            self.act(sort, words(*arguments))
            return function(*arguments)

        return asking

    def watched_stream(self, fdopen: t.Any) -> t.Any:
        """os.fdopen whose streams ask before what is written."""

        def opened(descriptor: int, *arguments: t.Any, **options: t.Any) -> t.Any:
            stream = fdopen(descriptor, *arguments, **options)
            if stream.writable():
                stream.write = self.before(stream.write, "write", lambda _text: _path(descriptor))
            return stream

        return opened


def _is_change(path: object, _mode: object, flags: int) -> bool:
    writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    return bool(writes) and isinstance(path, str) and not path.startswith("/dev/")


def _path(file: object) -> str:
    if not isinstance(file, int):
        return str(file)
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/self/fd/{file}").partition(":[")[0]
    return "a file"


class _Library:
    """The C library, whose calls that change anything ask before."""

    def __init__(self, library: ctypes.CDLL, acts: _Acts) -> None:
        self._library = library
        self._acts = acts

    def __getattr__(self, name: str) -> t.Any:
        function = getattr(self._library, name)
        return function if name not in _KERNEL else lambda *arguments: self._call(function, name, arguments)

    def _call(self, function: t.Any, name: str, arguments: tuple[t.Any, ...]) -> int:
        number = self._acts.error(name, " ".join(each.decode() for each in arguments if isinstance(each, bytes)))
        if number:
            ctypes.set_errno(number)
            return -1
        result: int = function(*arguments)
        return result


class _Asking(socket.socket):
    """A socket that asks before each netlink message, and answers in the kernel's place those that are to fail."""

    acts: t.ClassVar[_Acts]

    def __init__(self, *arguments: t.Any, **options: t.Any) -> None:
        super().__init__(*arguments, **options)
        #: What answers are expected to, the oldest first: a request's number, and by which error it has failed.
        self._expected: list[tuple[int, int]] = []
        self._refused: dict[bytes, int] = {}

    def send(self, data: t.Any, flags: int = 0, /) -> int:
        """Send what is not to fail. A batch may fail as a whole."""
        if not self._is_routing:
            self.acts.act("send", f"{len(data)} bytes")
            return super().send(data, flags)
        self.acts.act("batch", f"{len(data)} bytes")
        for message in _messages(bytes(data)):  # each by itself: a kill comes before any of them
            if self._passes(message):
                super().send(message, flags)
        return len(data)

    @property
    def _is_routing(self) -> bool:
        return self.family == socket.AF_NETLINK and self.proto == socket.NETLINK_ROUTE

    def _passes(self, message: bytes) -> bool:
        _length, kind, flags, number, _port = _HEADER.unpack_from(message)
        sort = _sort(message)
        body = message[:8] + message[12:]
        error = self._refused.get(body) or self.acts.error(sort, f"netlink message of type {kind}")
        if sort == "new" and error:  # whoever tries again is refused again
            self._refused[body] = error
        if flags & _ACK or sort == "dump":
            self._expected.append((number, error))
        return error in {0, INTERRUPTED}

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """The kernel's answers and ours, in the order of the requests."""
        if not self._is_routing or not self._expected:
            return super().recv(size, flags)
        number, error = self._expected[0]
        if error > 0:
            del self._expected[0]
            return _refusal(number, error)
        data = bytearray(super().recv(size, flags))
        for offset, header in list(_headers(data)):
            self._answered(data, offset, *header[1:4])
        return bytes(data)

    def _answered(self, data: bytearray, offset: int, kind: int, _flags: int, number: int) -> None:
        if not self._expected or number != self._expected[0][0]:
            return
        if self._expected[0][1] == INTERRUPTED:
            data[offset + _FLAGS_AT] |= _DUMP_INTERRUPTED
        if kind in (_NLMSG_ERROR, _NLMSG_DONE):
            del self._expected[0]

    def sendmsg(self, *arguments: t.Any) -> int:
        """What a process of ours is told, by a socket of its own."""
        self.acts.act("send", "a message")
        return super().sendmsg(*arguments)

    def sendall(self, *arguments: t.Any) -> None:
        """The same."""
        self.acts.act("send", "a message")
        super().sendall(*arguments)


def _sort(message: bytes) -> str:
    """What an rtnetlink request is, by its type and flags."""
    _length, kind, flags, _number, _port = _HEADER.unpack_from(message)
    sort = _SORTS[kind % 4]
    if sort == "get":
        return "get" if flags & _ACK else "dump"
    return "new" if flags & _CREATE else "set" if sort == "new" else sort


def _headers(data: bytes | bytearray) -> t.Iterator[tuple[int, tuple[int, ...]]]:
    offset = 0
    while offset + _HEADER.size <= len(data):
        header = _HEADER.unpack_from(data, offset)
        yield offset, header
        offset += (header[0] + 3) & ~3


def _messages(data: bytes) -> t.Iterator[bytes]:
    for offset, header in _headers(data):
        yield data[offset : offset + ((header[0] + 3) & ~3)]


def _refusal(number: int, error: int) -> bytes:
    """The kernel's answer to a request that it refuses without a word (struct nlmsgerr)."""
    answer = io.BytesIO()
    answer.write(_HEADER.pack(2 * _HEADER.size + 4, _NLMSG_ERROR, _CAPPED, number, 0))
    answer.write(struct.pack("=i", -error) + _HEADER.pack(_HEADER.size, 0, 0, number, 0))
    return answer.getvalue()
