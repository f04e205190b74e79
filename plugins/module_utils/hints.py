# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to say of a word that is none of those that there are. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import islice

#: So many are named.
_MOST = 20


def meant(word: object, known: Collection[str]) -> str:
    """The one of them that is like it, else which there are."""
    close = like(word, known)
    return did_you_mean(close) if close else there_are(known)


def like(word: object, known: Collection[str], least: float = 0.6) -> str:
    """The one of them that is most like it, "" if none is so by C(least) (1: the same)."""
    import difflib  # noqa: PLC0415 - faults are few, and it takes its time

    return next(iter(difflib.get_close_matches(str(word), known, n=1, cutoff=least)), "")


def did_you_mean(word: str) -> str:
    """The question for somebody who may have meant this word."""
    return f"did you mean {word!r}?"


def there_are(known: Collection[str]) -> str:
    """Which there are, or the first of many."""
    return f"there are: {_listed(known, len(known))}" if known else "there is none"


def _listed(known: Iterable[str], count: int) -> str:
    more = f" and {count - _MOST:,} more" if count > _MOST else ""
    return ", ".join(islice(known, _MOST)) + more
