# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen before a run began counts only if nothing has been done to the lab since."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import ahead, observe
from ansible_collections.tcpip.lab.plugins.module_utils import ledger as ledgers
from ansible_collections.tcpip.lab.plugins.module_utils.ledger import Ledger
from ansible_collections.tcpip.lab.plugins.module_utils.progress import Progress

LEDGER = Ledger(
    "big",
    {
        "netns": [{"name": name} for name in "abc"],
        "veth": [{"netns": "a", "name": "e0", "peer": {"netns": "c", "name": f"p{number}"}} for number in range(3)],
    },
    spaces={"b": "2.2", "a": "1.1", "c": "3.3"},
)


class _Looking:
    def __init__(self, names: t.Sequence[str]) -> None:
        self.names = names
        self.ended = False

    def end(self) -> None:
        self.ended = True


@pytest.fixture(autouse=True)
def begun(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> list[_Looking]:
    """What is begun, and ledgers of the test's own."""
    found: list[_Looking] = []

    def begin(names: t.Sequence[str]) -> _Looking:
        found.append(_Looking(names))
        return found[-1]

    monkeypatch.setattr(observe, "begin", begin)
    monkeypatch.setattr(ledgers, "DIRECTORY", str(tmp_path))
    monkeypatch.setattr(ahead, "_begun", {})
    return found


def _take(waited: bool = False) -> object:
    return ahead.take(ledgers.load("big"), Progress(waited=waited))


def test_it_is_what_the_lab_made_and_counts_once(begun: list[_Looking]) -> None:
    ledgers.save(LEDGER)
    ahead.begin("big")
    assert begun[0].names == ["a", "c", "b"], "those with most ports come first"
    assert _take() is begun[0]
    assert not begun[0].ended
    assert _take() is None


def test_what_was_seen_before_another_run_does_not_count(begun: list[_Looking]) -> None:
    ledgers.save(LEDGER)
    ahead.begin("big")
    ledgers.save(LEDGER)
    assert _take() is None
    assert begun[0].ended


def test_nor_does_it_where_another_run_had_to_come_to_its_end(begun: list[_Looking]) -> None:
    ledgers.save(LEDGER)
    ahead.begin("big")
    assert _take(waited=True) is None
    assert begun[0].ended


def test_nor_does_it_where_the_lab_has_gone(begun: list[_Looking]) -> None:
    ledgers.save(LEDGER)
    ahead.begin("big")
    ledgers.save(Ledger("big"))
    assert _take() is None
    assert begun[0].ended


@pytest.mark.parametrize("name", ["big", "none", "../big", ""])
def test_nothing_is_begun_of_a_lab_whose_ledger_does_not_tell(name: str, begun: list[_Looking]) -> None:
    """The one that is there is of a run that did not come to its end."""
    ledgers.save(dataclasses.replace(LEDGER, complete=False))
    ahead.begin(name)
    assert not begun


@pytest.mark.parametrize("items", ["{", '["veth0"]', '[{"netns": "a", "peer": "b"}]', '[{"netns": ["a"]}]'])
def test_a_ledger_that_cannot_be_read_is_told_by_the_run(
    items: str, begun: list[_Looking], tmp_path: pathlib.Path
) -> None:
    ledgers.save(LEDGER)
    file = tmp_path / "big.json"
    text = json.dumps({**json.loads(file.read_text(encoding="utf-8")), "resources": {"veth": None}})
    file.write_text(text.replace("null", items, 1), encoding="utf-8")
    ahead.begin("big")
    assert not begun
