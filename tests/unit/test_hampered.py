# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which acts of a run the tests of faults let fail, and by what."""

from __future__ import annotations

import errno
import json
import os
import pathlib

import acts
import pytest
from hampered import Act, Try, failures, kills, some
from hampered_server import Hand

FOUND = [
    *(Act("new", "netlink message of type 16", which) for which in (1, 2, 3)),
    Act("batch", "36 bytes", 1),
    *(Act("dump", f"netlink message of type {kind}", 1) for kind in (18, 22)),
    Act("mkdir", "lab", 1),
    *(Act("write", "pipe", which) for which in range(1, 9)),
]


@pytest.mark.parametrize("position", range(len(FOUND) + 1))
def test_another_act_leaves_all_pairs_as_they_are(position: int) -> None:
    more = [*FOUND[:position], Act("get", "netlink message of type 18", 1), *FOUND[position:]]
    assert [each for each in failures(more) if each.act.sort != "get"] == failures(FOUND)
    assert len(set(some(failures(more), 3)) - set(some(failures(FOUND), 3))) <= 1


def test_acts_fail_by_every_error_that_a_run_goes_on_from_and_by_another_one() -> None:
    tried = failures(FOUND)
    for act in FOUND:
        errors = [each.error for each in tried if each.act == act]
        assert len(errors) == len(set(errors)) == {"new": 3, "dump": 2, "mkdir": 2}.get(act.sort, 1)
    assert Try(FOUND[4], acts.INTERRUPTED) in tried
    assert Try(FOUND[6], errno.EEXIST) in tried


def test_same_ones_fail_by_all_errors_in_turn() -> None:
    errors = {each.error for each in failures(FOUND) if each.act.sort == "write"}
    assert errors == {errno.ENOMEM, errno.EPERM, errno.EBUSY, errno.ENOSPC}


def test_some_are_of_different_sorts() -> None:
    assert len({each.act.sort for each in some(failures(FOUND), 4)}) == 4


def test_messages_are_killed_and_not_their_batch() -> None:
    assert [each.act for each in kills(FOUND)] == [act for act in FOUND if act.sort != "batch"]


@pytest.mark.parametrize(
    ("words", "other"),
    [
        (
            "/run/tcpip.lab/.iptables:4:4026532323.1795358237460696398:lab-in",
            "/run/tcpip.lab/.iptables:4:4026532999.1795358200000000000:lab-in",
        ),
        (".11c9bf0b278b0f0d", ".5f89d9d6f523d59b"),
    ],
    ids=["numbers of a namespace", "the name of a directory that is about to go"],
)
def test_an_act_is_known_again_whatever_else_its_words_have(tmp_path: pathlib.Path, words: str, other: str) -> None:
    notes = os.open(tmp_path / "notes", os.O_RDWR | os.O_CREAT)
    Hand({"act": None, "error": 0}, notes).ask("remove", words)
    noted = json.loads((tmp_path / "notes").read_text())
    hand = Hand({"act": noted, "error": errno.ENOSPC}, notes)
    assert hand.ask("write", words) == 0
    assert hand.ask("remove", other) == errno.ENOSPC
    assert hand.ask("remove", other) == 0
    os.close(notes)
