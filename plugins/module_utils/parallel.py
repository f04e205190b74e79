# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at many namespaces on all processors, by a process for each: who is faster looks at more of them.

What the kernel tells is soon told. To make something of it takes Python five times as long, and of that Python does one
thing at a time.
"""

from __future__ import annotations

import math
import os
import pickle
import signal
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Callable, TypeVar

from . import interruption, privileges
from .progress import Progress

#: To begin a process and to hear what it found takes as long as to look at a few dozen.
_WORTH_IT = 200
#: The names are taken in so many parts at most, whose numbers are bytes.
_PARTS = 128

_Found = TypeVar("_Found")


def looked(look: Callable[[str], _Found], names: Sequence[str], progress: Progress) -> list[_Found]:
    """What C(look) finds in each of the namespaces, in their order. It changes nothing, and finds plain data."""
    with ExitStack() as stack:
        helpers = _worthwhile(len(names))
        own = stack.enter_context(_shared(names)) if helpers else names
        pipes = [stack.enter_context(_helper(look, own)) for _number in range(helpers)]
        found = {name: look(name) for name in progress.through(own, len(names), "read", "namespaces")}
        for pipe in pipes:
            found.update(_heard(pipe))
    return [found[name] if name in found else look(name) for name in names]


def _worthwhile(number: int) -> int:
    """How many helpers for so many names: one for each processor, as far as there is enough to do."""
    return max(1, min(len(os.sched_getaffinity(0)), number // _WORTH_IT)) - 1


@contextmanager
def _shared(names: Sequence[str]) -> Iterator[Iterable[str]]:
    """The names for several processes that go through them: each of these takes a part whenever it has done one.

    The numbers of the parts lie in a pipe, from which no two processes read the same byte.
    """
    size = math.ceil(len(names) / _PARTS)
    numbers, writing = os.pipe()
    os.write(writing, bytes(range(math.ceil(len(names) / size))))
    os.close(writing)
    try:
        yield _taken(names, size, numbers)
    finally:
        os.close(numbers)


def _taken(names: Sequence[str], size: int, numbers: int) -> Iterator[str]:
    while number := os.read(numbers, 1):
        yield from names[size * number[0] : size * (number[0] + 1)]


@contextmanager
def _helper(look: Callable[[str], Any], names: Iterable[str]) -> Iterator[int | None]:
    """A process that looks, for the length of the block; the pipe in which it is heard, None if there can be none."""
    reading, writing = os.pipe()
    try:
        pid = os.fork()
    except OSError:  # so many processes are not allowed
        os.close(writing)
        os.close(reading)
        yield None
        return
    if pid == 0:
        _help(look, names, writing)
    os.close(writing)
    try:
        yield reading
    finally:
        os.close(reading)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _help(look: Callable[[str], Any], names: Iterable[str], writing: int) -> None:
    """Be the helper. What goes wrong here need not be told: who misses an answer looks for it."""
    try:
        privileges.end_with_parent()
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump({name: look(name) for name in names}, pipe, pickle.HIGHEST_PROTOCOL)
    finally:
        os._exit(0)


def _heard(reading: int | None) -> dict[str, Any]:
    """What a helper found; nothing if it could not find everything."""
    if reading is None:
        return {}
    with interruption.waiting(), open(reading, "rb", closefd=False) as pipe:
        said = pipe.read()
    try:
        found: dict[str, Any] = pickle.loads(said)  # noqa: S301 - our own process has said it
    except (EOFError, pickle.UnpicklingError):
        return {}
    return found
