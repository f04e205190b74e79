# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at many namespaces on all processors: each looks at a share of them, in a process of its own.

What the kernel tells is soon told. To make something of it takes Python five times as long, and of that Python does one
thing at a time.
"""

from __future__ import annotations

import math
import os
import pickle
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Callable, TypeVar

from . import interruption, privileges
from .progress import Progress

#: To begin a process and to hear what it found takes as long as to look at a few dozen.
_WORTH_IT = 200

_Found = TypeVar("_Found")


def looked(look: Callable[[str], _Found], names: Sequence[str], progress: Progress) -> Iterator[_Found]:
    """What C(look) finds in each of the namespaces, in their order. It changes nothing, and finds plain data."""
    own, *others = _shares(names)
    with ExitStack() as stack:
        helped = {share[0]: stack.enter_context(_helper(look, share)) for share in others}
        known: dict[str, _Found] = {}
        for name in progress.through([*own, *(name for share in others for name in share)], "read", "namespaces"):
            if name in helped:
                known = _heard(helped[name])
            yield known.pop(name) if name in known else look(name)


def _shares(names: Sequence[str]) -> list[Sequence[str]]:
    """Parts of much the same size, one for each processor, as far as there is enough to do. The first is ours."""
    number = max(1, min(len(os.sched_getaffinity(0)), len(names) // _WORTH_IT))
    size = math.ceil(len(names) / number)
    return [names[size * each : size * (each + 1)] for each in range(number)]


@contextmanager
def _helper(look: Callable[[str], Any], names: Sequence[str]) -> Iterator[int | None]:
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


def _help(look: Callable[[str], Any], names: Sequence[str], writing: int) -> None:
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
