# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every question of docs/queries.md has the answer that is written there.

The one about VLANs is asked by the tests of the scenario vlan_isolation.
"""

from __future__ import annotations

import typing as t

import queries
from labmachine import read_record

if t.TYPE_CHECKING:
    from labmachine import LabMachine
    from reader import Reader


def test_every_question_has_its_answer(machine: LabMachine, reader: Reader) -> None:
    reader.writes(queries.PLAY)
    for command in (queries.BUILD, *queries.BY_HAND, queries.ASK):
        reader.types(command)
    assert read_record(reader.place, "ask.yml")[-1]["msg"] == queries.FIRST
    asked = {question: answer for question, answer in queries.ALL.items() if question != queries.OF_VLANS}
    assert len(asked) == 6
    play = reader.place / "ask.yml"
    answers = {question: machine.playbook(play, question=question).tasks[-1]["msg"] for question in asked}
    assert answers == asked


def test_a_question_that_cannot_be_read(machine: LabMachine, reader: Reader) -> None:
    reader.writes(queries.PLAY)
    question = queries.REFUSAL.split('"')[1]
    said = machine.playbook(reader.place / "ask.yml", _fails=True, question=question).stdout
    assert " ".join(queries.REFUSAL.split()) in " ".join(said.split())
