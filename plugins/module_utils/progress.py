# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a run has come, for those who wait for it: a line in the file that it holds locked, empty when it ends."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Callable, TypeVar

from . import interruption
from .operations import CreateNamespace, Creation, Operation, RemoveLink, RemoveNamespace

#: So often at most it is told.
EVERY_S = 1.0

_T = TypeVar("_T")


class Progress:
    """Tells it in the open file; without one, nobody.

    C(waited): another run had to come to its end first.
    """

    def __init__(self, descriptor: int | None = None, waited: bool = False) -> None:
        self.waited = waited
        self._file = descriptor
        self._due = time.monotonic() + EVERY_S

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
        self.tell(lambda: ", ".join(_counted(done, of)))


def _counted(done: Iterable[Operation], of: Iterable[Operation]) -> Iterator[str]:
    for noun, kinds in (
        ("namespaces", (CreateNamespace, RemoveNamespace)),
        ("links", (Creation, RemoveLink)),
        ("steps", Operation),
    ):
        wanted = sum(isinstance(step, kinds) for step in of)
        if wanted:
            yield f"{sum(isinstance(step, kinds) for step in done)} of {wanted} {noun}"
