# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at many namespaces on all processors, by a process for each: who is faster looks at more of them.

What the kernel tells is soon told. To make something of it takes Python five times as long, and of that Python does one
thing at a time.
"""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from typing import Callable, Generic, TypeVar

from . import interruption, privileges
from .progress import Progress

#: To begin a process and to hear what it found takes as long as to look at a few dozen.
_WORTH_IT = 200
#: The names are taken in so many parts at most, whose numbers are bytes.
_PARTS = 128

_Found = TypeVar("_Found")
_Look = Callable[[str], _Found]


def looked(
    look: _Look[_Found], names: Sequence[str], progress: Progress, begun: Looking[_Found] | None = None
) -> list[_Found]:
    """What C(look) finds in each of the namespaces, in their order. It changes nothing, and finds plain data.

    C(begun): processes that look at them already, and find the same.
    """
    helpers = min(_processors(), len(names) // _WORTH_IT) - 1  # this process looks, too
    found = (begun or Looking(look, names, helpers)).finish(look, names, progress)
    return [found[name] if name in found else look(name) for name in names]


def begun(look: _Look[_Found], names: Sequence[str]) -> Looking[_Found] | None:
    """Processes that look at the namespaces while this one does something else, where it is worth it."""
    helpers = min(_processors() - 1, len(names) // _WORTH_IT)
    return Looking(look, names, helpers) if helpers else None


def _processors() -> int:
    return len(os.sched_getaffinity(0))


class Looking(Generic[_Found]):
    """Processes that look at namespaces, until C(finish) or C(end); each takes a part whenever it has done one.

    The numbers of the parts lie in a pipe, from which no two processes read the same byte. A part is every 128th name:
    what takes long may stand side by side.
    """

    def __init__(self, look: _Look[_Found], names: Sequence[str], helpers: int) -> None:
        self._names = names
        self._helpers: list[_Helper[_Found]] = []
        self._numbers, writing = os.pipe()
        os.write(writing, bytes(range(min(_PARTS, len(names)))))
        os.close(writing)
        interruption.hear_of_children()
        try:
            with suppress(OSError):  # so many processes are not allowed
                for _number in range(helpers):
                    self._helpers.append(_Helper(look, self._parts()))
        except BaseException:
            self.end()
            raise

    def finish(self, look: _Look[_Found], wanted: Collection[str], progress: Progress) -> dict[str, _Found]:
        """What they have found, by name; what none has looked at yet is looked at here, if it is wanted.

        What the processes should have found and did not tell is missing.
        """
        sought = set(wanted)
        own = (name for part in self._parts() for name in part if name in sought)
        try:
            found = {name: look(name) for name in progress.through(own, len(wanted), "read", "namespaces")}
            for helper in self._helpers:
                found.update(helper.found())
        finally:
            self.end()
        return found

    def end(self) -> None:
        """Let the processes end, whatever they have found."""
        while self._helpers:
            self._helpers.pop().end()
        if self._numbers >= 0:
            os.close(self._numbers)
            self._numbers = -1

    def _parts(self) -> Iterator[Sequence[str]]:
        while number := os.read(self._numbers, 1):
            yield self._names[number[0] :: _PARTS]


class _Helper(Generic[_Found]):
    """A process that writes what it finds to a file: nobody has to listen while it looks.

    Raises OSError when there can be no such process.
    """

    def __init__(self, look: _Look[_Found], parts: Iterator[Sequence[str]]) -> None:
        self._file = _unnamed_file()
        try:
            self._pid = os.fork()
        except OSError:
            os.close(self._file)
            raise
        if self._pid == 0:
            _help(look, parts, self._file)

    def found(self) -> dict[str, _Found]:
        """All that it found, once it has come to its end."""
        with interruption.waiting():
            self._reap()
        found: dict[str, _Found] = {}
        with open(self._file, "rb", closefd=False) as file:
            file.seek(0)
            with suppress(EOFError, pickle.UnpicklingError):  # the last part of one that was killed is not whole
                while True:
                    found.update(pickle.load(file))  # noqa: S301 - our own process has written it
        return found

    def end(self) -> None:
        """Let it end now."""
        os.close(self._file)
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            self._reap()

    def _reap(self) -> None:
        os.waitpid(self._pid, 0)
        self._pid = 0


def _unnamed_file() -> int:
    """In memory, unless this Python was built for a C library that did not know of such files (memfd_create(2))."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("found")
    import tempfile  # noqa: PLC0415 - with all that it imports

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _help(look: _Look[_Found], parts: Iterator[Sequence[str]], file: int) -> None:
    """Be the helper. What goes wrong here need not be told: who misses an answer looks for it."""
    try:
        privileges.end_with_parent()
        with os.fdopen(file, "wb") as written:
            for part in parts:
                pickle.dump({name: look(name) for name in part}, written, pickle.HIGHEST_PROTOCOL)
    finally:
        os._exit(0)
