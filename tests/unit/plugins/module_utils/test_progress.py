# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of a run that takes long, and how little that takes of it."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import progress
from ansible_collections.tcpip.lab.plugins.module_utils.operations import CreateNamespace, Operation, RemoveLink
from ansible_collections.tcpip.lab.plugins.module_utils.progress import Progress

if t.TYPE_CHECKING:
    import pathlib

WANTED: list[Operation] = [CreateNamespace("a"), CreateNamespace("b"), RemoveLink("a", "a0")]


class Steps(list[Operation]):
    """A list that knows how often somebody has looked at one of it."""

    looks = 0

    def __getitem__(self, number: t.Any) -> t.Any:
        self.looks += 1
        return super().__getitem__(number)

    def __iter__(self) -> t.Iterator[Operation]:
        self.looks += len(self)
        return super().__iter__()


def test_each_step_is_counted_once(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EVERY_S", 0)
    done, wanted, told = Steps(), Steps(WANTED), []
    with (tmp_path / "lock").open("w+", encoding="utf-8") as file:
        telling = Progress(file.fileno())
        for step in WANTED:
            done.append(step)
            telling.steps(done, wanted)
            told.append((tmp_path / "lock").read_text(encoding="utf-8"))
    assert told == [
        "1 of 2 namespaces, 0 of 1 links, 1 of 3 steps",
        "2 of 2 namespaces, 0 of 1 links, 2 of 3 steps",
        "2 of 2 namespaces, 1 of 1 links, 3 of 3 steps",
    ]
    assert (done.looks, wanted.looks) == (3, 3)


def test_other_steps_are_counted_anew(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EVERY_S", 0)
    with (tmp_path / "lock").open("w+", encoding="utf-8") as file:
        telling = Progress(file.fileno())
        telling.steps(WANTED, WANTED)
        telling.steps([], WANTED[:1])
        assert (tmp_path / "lock").read_text(encoding="utf-8") == "0 of 1 namespaces, 0 of 1 steps"
