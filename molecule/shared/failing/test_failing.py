# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What fails in an early stage does so for want of what later stages bring: in the whole lab its check must fail.

One that passed there, too, could not fail at all.
"""

from __future__ import annotations

import typing as t

from labmachine import read_record

if t.TYPE_CHECKING:
    import pathlib

    from labmachine import LabMachine

Check = dict[str, t.Any]


def subject_of(check: Check) -> Check:
    """What is asked, whatever words the check has for it."""
    return next(value for value in check.values() if isinstance(value, dict))


def expects_failure(subject: Check) -> bool:
    """Whether it is a failure, or that something is not there, that the check wants to see."""
    return subject.get("expect", "reply") not in {"reply", "delivered"} or subject.get("present") is False


def test_failures_are_gone_with_their_causes(machine: LabMachine, scratch: pathlib.Path) -> None:
    tasks = read_record(scratch / "record", "walkthrough.yml")
    stages = [task["args"]["checks"] for task in tasks if task["action"] == "tcpip.lab.check"]
    assert len(stages) >= 2, "no walkthrough has been recorded"
    last = [subject_of(check) for check in stages[-1]]
    early = [(check, subject_of(check)) for stage in stages[:-1] for check in stage]
    for check in (check for check, subject in early if expects_failure(subject) and subject not in last):
        machine.module("check", _fails=True, checks=[check])
