# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a run has come, for those who wait for it: a line in the file that it holds locked, empty when it ends."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Callable, TypeVar

from . import interruption
from .operations import CreateNamespace, Creation, Operation, RemoveLink, RemoveNamespace

#: So often at most it is told.
EVERY_S = 1.0
#: What is counted, by its name.
_NOUNS: dict[str, tuple[type, ...]] = {
    "namespaces": (CreateNamespace, RemoveNamespace),
    "links": (Creation, RemoveLink),
    "steps": (Operation,),
}

_T = TypeVar("_T")


class Progress:
    """Tells it in the open file; without one, nobody.

    C(waited): another run had to come to its end first.
    """

    def __init__(self, descriptor: int | None = None, waited: bool = False) -> None:
        self.waited = waited
        self._file = descriptor
        self._due = time.monotonic() + EVERY_S
        self._done, self._wanted = _Tally(()), _Tally(())

    def tell(self, words: Callable[[], str]) -> None:
        """Let it be known, unless that was done a moment ago."""
        if self._file is None or time.monotonic() < self._due:
            return
        with suppress(OSError):  # nobody's lab is to fail for it
            os.ftruncate(self._file, 0)  # so that nobody reads the end of the line before
            os.pwrite(self._file, words().encode(), 0)
        self._due = time.monotonic() + EVERY_S

    def through(self, items: Iterable[_T], of: int, verb: str, nouns: str) -> Iterator[_T]:
        """The items one by one, each time telling how many of so many there have been; each is a place to end."""
        for number, item in enumerate(items):
            interruption.heed()
            self.tell(lambda number=number: f"{verb} {number} of {of} {nouns}")  # type: ignore[misc]
            yield item

    def steps(self, done: Sequence[Operation], of: Sequence[Operation]) -> None:
        """Tell how many of the steps are done."""
        self.tell(lambda: self._words(done, of))

    def _words(self, done: Sequence[Operation], of: Sequence[Operation]) -> str:
        if self._done.steps is not done or self._wanted.steps is not of:
            self._done, self._wanted = _Tally(done), _Tally(of)
        there, wanted = self._done.numbers(), self._wanted.numbers()
        return ", ".join(f"{there[noun]} of {number} {noun}" for noun, number in wanted.items() if number)


class _Tally:
    """How many steps of each kind a list has that only grows. Each step is looked at once, however often it is told."""

    def __init__(self, steps: Sequence[Operation]) -> None:
        self.steps = steps
        self._looked_at = 0
        self._numbers = dict.fromkeys(_NOUNS, 0)

    def numbers(self) -> Mapping[str, int]:
        """By the noun for the kind."""
        for number in range(self._looked_at, len(self.steps)):
            step = self.steps[number]
            for noun, kinds in _NOUNS.items():
                self._numbers[noun] += isinstance(step, kinds)
        self._looked_at = len(self.steps)
        return self._numbers
