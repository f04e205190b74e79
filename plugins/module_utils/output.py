# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands started inside a namespace for what they print: no shell, the C locale, and never one left behind."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Callable

from .errors import LabError
from .namespaces import inside

if TYPE_CHECKING:
    from collections.abc import Iterator

#: System commands live in sbin on many machines, and a user's PATH may lack it.
_PATH = ":".join((os.environ.get("PATH") or os.defpath, "/usr/sbin", "/sbin"))


def start(command: list[str], netns: str, install: str) -> subprocess.Popen[bytes]:
    """Start the command in the namespace: a child is born into the namespace of the thread that starts it.

    C(install) is what to do when the command is not there. Both of its outputs come in one pipe.
    Raises LabError when it is not there, or the namespace is not.
    """
    environment = {**os.environ, "LC_ALL": "C", "PATH": _PATH}
    environment.pop("LANGUAGE", None)
    try:
        with inside(netns):
            return subprocess.Popen(  # pylint: disable=ansible-bad-function  # it goes on when this returns
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
    except FileNotFoundError:
        raise LabError(f"the command {command[0]!r} is not on this machine", hint=install) from None
    except PermissionError as error:
        raise LabError(f"the command {command[0]!r} cannot be started: {error.strerror}") from None


@contextmanager
def running(command: list[str], netns: str, install: str) -> Iterator[subprocess.Popen[bytes]]:
    """The command for the time of the block; whatever happens there, it is gone afterwards."""
    process = start(command, netns, install)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def lines_of(command: list[str], netns: str, install: str, limit: float, enough: Callable[[str], bool]) -> list[str]:
    """What the command prints. Once C(enough) says so of a line it is asked to end (SIGINT) and may finish its words.

    C(limit) is the latest time of C(time.monotonic), after which LabError is raised.
    """
    lines = []
    with running(command, netns, install) as process:
        for line in Lines(process).until(limit):
            lines.append(line)
            if enough(line) and process.poll() is None:
                process.send_signal(signal.SIGINT)
        if time.monotonic() >= limit:
            raise LabError(f"{' '.join(command)} did not end in time; it printed: {' / '.join(lines) or 'nothing'}")
    return lines


class Lines:
    """The lines of a command's output as they come. C(ended): there will be none any more."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdout is None:
            raise ValueError("the command was started without a pipe")
        self._descriptor = process.stdout.fileno()
        self._rest = b""
        self.ended = False
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)

    def fileno(self) -> int:
        """What to wait at for more, as select(2) takes it."""
        return self._descriptor

    def until(self, limit: float) -> Iterator[str]:
        """The lines that come before C(limit) of C(time.monotonic), or the end of the output."""
        while self._poll.poll(max(0.0, limit - time.monotonic()) * 1000):
            block = os.read(self._descriptor, 65536)
            *whole, self._rest = (self._rest + block).split(b"\n")
            yield from (line.decode(errors="replace") for line in whole)
            if not block:
                self.ended = True
                break
        else:
            return
        if self._rest:
            yield self._rest.decode(errors="replace")
            self._rest = b""


def output_of(command: list[str], netns: str, install: str, seconds: float = 30) -> str:
    """All that a command that only looks prints, "" when it fails. Raises LabError as C(start) does."""
    with running(command, netns, install) as process:
        lines = list(Lines(process).until(time.monotonic() + seconds))
        try:
            return "\n".join(lines) if process.wait(timeout=1) == 0 else ""
        except subprocess.TimeoutExpired:
            return ""
