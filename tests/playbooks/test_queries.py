# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every question of docs/queries.md has the answer that is written there.

The one about VLANs is asked by the tests of the scenario vlan_isolation.
"""

from __future__ import annotations

import pathlib
import shlex
import typing as t

import queries

if t.TYPE_CHECKING:
    import pytest
    from labmachine import LabMachine


def test_every_question_has_its_answer(machine: LabMachine, tmp_path_factory: pytest.TempPathFactory) -> None:
    page = pathlib.Path(tmp_path_factory.mktemp("page")) / "ask.yml"
    page.write_text(queries.PLAY, encoding="utf-8")
    machine.playbook("playbooks/router.yml", lab_checks=False)
    for command in queries.BY_HAND:
        machine.run(shlex.split(command))
    asked = {question: answer for question, answer in queries.ALL.items() if question != queries.OF_VLANS}
    assert len(asked) == 6
    answers = {question: machine.playbook(page, question=question).tasks[-1]["msg"] for question in asked}
    assert answers == asked


def test_a_question_that_cannot_be_read(machine: LabMachine, tmp_path_factory: pytest.TempPathFactory) -> None:
    page = pathlib.Path(tmp_path_factory.mktemp("page")) / "ask.yml"
    page.write_text(queries.PLAY, encoding="utf-8")
    said = machine.playbook(page, _fails=True, question="nodes[].name]").stdout
    assert "the expression cannot be read: " in said
    assert "at column 12" in said
