# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The blocks of code that the documentation shows, as its pages have them, for the tests that run them.

tests/shown.toml says of each block which test that is; tests/unit/test_shown.py sees that none is left out.
"""

from __future__ import annotations

import re
import typing as t

from labmachine import ROOT

_FENCED = re.compile(r"^```(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(t.NamedTuple):
    """A block of code, and the word behind the three backticks before it."""

    language: str
    text: str

    @property
    def name(self) -> str:
        """What it is called by in tests/shown.toml: its language and its first line."""
        return f"{self.language}: {self.text.strip().partition(chr(10))[0]}"


def blocks(page: str) -> list[Block]:
    """All blocks of a page, which is named from the top of the repository."""
    return [Block(*found) for found in _FENCED.findall((ROOT / page).read_text(encoding="utf-8"))]


def examples(page: str, language: str) -> list[str]:
    """The blocks of a page that are in this language."""
    return [block.text for block in blocks(page) if block.language == language]


def lines(page: str, beginning: str = "") -> list[str]:
    """The lines of a page's block of commands; of that one which begins so, where it has several."""
    (found,) = [text for text in examples(page, "shell") if text.startswith(beginning)]
    return found.splitlines()


def file(page: str, name: str) -> str:
    """A file as a page shows it: a block that begins with the file's name in a comment."""
    (found,) = [block.text for block in blocks(page) if block.text.startswith(f"# {name}\n")]
    return found


class KindOfCheck(t.NamedTuple):
    """A row of the page with all kinds of checks. C(check) is such a check, in YAML."""

    kind: str
    asks: str
    check: str
    got: str


def kinds_of_checks() -> list[KindOfCheck]:
    """All rows."""
    page = (ROOT / "docs/checks.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[`(\w+)`\]\(#\1\) \| (.*?) \| `(.*?)` \| (.*?) \|$", page, re.MULTILINE)
    return [KindOfCheck(*row) for row in rows]


class KeyOfCheck(t.NamedTuple):
    """A row of the table of a kind's keys."""

    key: str
    type: str
    default: str
    meaning: str


def keys_of_checks() -> dict[str, list[KeyOfCheck]]:
    """The tables of keys, by their headings."""
    page = (ROOT / "docs/checks.md").read_text(encoding="utf-8")
    _before, *parts = re.split(r"^###+ `([\w.]+)`\n", page, flags=re.MULTILINE)
    row = re.compile(r"^\| `(\w+)` \| (.*?) \| (.*?) \| (.*) \|$", re.MULTILINE)
    return {name: [KeyOfCheck(*each) for each in row.findall(text)] for name, text in zip(parts[::2], parts[1::2])}


def function(page: str, name: str, **known: t.Any) -> t.Callable[..., None]:
    """A function that a page shows.

    :param known: what it takes for granted, by name.
    """
    (text,) = [each for each in examples(page, "python") if f"def {name}(" in each]
    exec(compile(text, page, "exec"), known)  # noqa: S102 - it is ours
    found: t.Callable[..., None] = known[name]
    return found
