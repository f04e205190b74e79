# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every lab's page says what the lab is about before it shows anything."""

from __future__ import annotations

import pathlib
import re

import pytest

PAGES = sorted((pathlib.Path(__file__).resolve().parents[2] / "docs/scenarios").glob("*.md"))


def introduction(page: str) -> str:
    """What is between a page's title and its first picture, comment or block of code."""
    _title, _line, rest = page.partition("\n")
    return re.split(r"^(?:```|!\[|<!--)", rest, maxsplit=1, flags=re.MULTILINE)[0].strip()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_begins_with_a_paragraph(page: pathlib.Path) -> None:
    found = introduction(page.read_text(encoding="utf-8"))
    assert found.endswith((".", ")")), "no paragraph before the first picture"
    assert not found.startswith("#")
