# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What fails in an early stage does so for want of what later stages bring: in the whole lab it does not."""

from __future__ import annotations

import typing as t

import life
from labmachine import read_record

if t.TYPE_CHECKING:
    import pathlib

    from labmachine import LabMachine


def test_failures_are_gone_with_their_causes(machine: LabMachine, scratch: pathlib.Path) -> None:
    tasks = read_record(scratch / "record", "walkthrough.yml")
    stages = [task["args"]["checks"] for task in tasks if task["action"] == "tcpip.lab.check"]
    assert len(stages) >= 2, "no walkthrough has been recorded"
    life.see_failures_gone(machine, stages)
