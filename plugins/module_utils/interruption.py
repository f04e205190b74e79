# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals that ask a run to end: heard at any time, heeded between its steps, where nothing is half done."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

#: Ctrl-C, a polite end, and the loss of the terminal or of the connection (signal(7)).
_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class InterruptionError(Exception):
    """Somebody has asked the run to end."""

    def __init__(self, number: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(number).name}")


@dataclass
class _Ear:
    """C(heard) is the first signal, 0 for none. C(at_once): it need not wait for the end of a step."""

    heard: int = 0
    at_once: bool = False
    deaf: bool = False


_ear = _Ear()


def listen() -> None:
    """From now on such signals are for C(heed), but for those that whoever started us lets us ignore (nohup(1))."""
    hear_of_children()
    for number in _ENDS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _hear)


def hear_of_children() -> None:
    """From now on we are told how our processes end.

    Whoever started us may not want to know that of theirs, which we inherit. Then the kernel forgets it, and a command
    that failed seems to have succeeded (wait(2), NOTES).
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def _hear(number: int, _frame: object) -> None:
    _ear.heard = _ear.heard or number
    if _ear.at_once:
        _ear.at_once = False  # once: what is begun is tidied up now
        heed()


def heed() -> None:
    """A place where the run can end. Raises InterruptionError if it is to."""
    if _ear.heard and not _ear.deaf:
        raise InterruptionError(_ear.heard)


def disregard() -> None:
    """The run ends anyway, and what it did is being undone: from now on nothing interrupts it."""
    _ear.deaf = True


@contextmanager
def waiting() -> Iterator[None]:
    """The block waits for somebody else, who may take long; any moment of it is a place where the run can end."""
    _ear.at_once = True
    try:
        heed()
        yield
    finally:
        _ear.at_once = False
