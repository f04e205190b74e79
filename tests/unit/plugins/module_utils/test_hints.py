# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a word that is none of those that there are."""

from __future__ import annotations

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils.hints import meant, there_are


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("routr", ["router", "ns1"], "did you mean 'router'?"),
        ("host", ["router", "ns1"], "there are: router, ns1"),
        (7, {"router": None}, "there are: router"),
        ("router", [], "there is none"),
    ],
)
def test_what_was_meant(word: object, known: list[str], hint: str) -> None:
    assert meant(word, known) == hint


def test_of_many_the_first_are_named() -> None:
    names = [f"n{number}" for number in range(1_020)]
    assert there_are(names).startswith("there are: n0, n1, ")
    assert there_are(names).endswith(", n19 and 1,000 more")
    assert there_are(names[:20]).endswith(", n18, n19")
