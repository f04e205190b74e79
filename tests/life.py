# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a scenario without molecule and ansible-playbook, each run of which takes minutes under emulation.

What the playbook declares is given to the modules that the role lab gives it to, in the steps that molecule makes.
"""

from __future__ import annotations

import contextlib
import typing as t

import rendered

if t.TYPE_CHECKING:
    from labmachine import LabMachine
    from rendered import Items, Lab


@contextlib.contextmanager
def lived(scenario: str, machine: LabMachine) -> t.Iterator[None]:
    """Predicted, built as predicted, built again, checked; the block sees it; removed. Then stage after stage."""
    lab = rendered.read(scenario)
    last = len(lab.topologies) - 1
    try:
        predicted = _build(machine, lab, last, _check=True)
        built = _build(machine, lab, last)
        assert built["changed"]
        assert built["diff"] == predicted["diff"]  # had the prediction changed anything, there were less to do
        assert not _build(machine, lab, last)["changed"]
        _check(machine, lab, last)
        yield
        assert _remove(machine, lab)["changed"]
        for stage in range(last):
            _build(machine, lab, stage)
            _check(machine, lab, stage)
        _build(machine, lab, last)
    finally:
        _remove(machine, lab)


def see_failures_gone(machine: LabMachine, stages: t.Sequence[t.Sequence[Items]]) -> None:
    """In the whole lab the early stages' checks of failures are not met; one that is, too, could not fail.

    :param stages: the checks of each stage.
    """
    last = [_subject(check) for check in stages[-1]]
    for check in (check for stage in stages[:-1] for check in stage):
        if of_failure(check) and _subject(check) not in last:
            (result,) = machine.module("check", _fails=True, checks=[check])["results"]
            assert not result["ok"]


def of_failure(check: Items) -> bool:
    """Whether it shows that something fails, does not happen, or is not there."""
    subject = _subject(check)
    unmet = subject.get("expect", "reply") not in {"reply", "delivered", "answer"}
    failing = unmet or subject.get("status", 200) != 200
    quiet = any(each.get("absent") or each.get("count") == 0 for each in check.get("captures", ()))
    return failing or quiet or subject.get("present") is False


def _subject(check: Items) -> Items:
    """What is asked, whatever words the check has for it."""
    return next(value for value in check.values() if isinstance(value, dict))


def _build(machine: LabMachine, lab: Lab, stage: int, _check: bool = False) -> Items:
    return machine.module("topology", name=lab.name, _check=_check, _diff=True, **lab.topologies[stage])


def _check(machine: LabMachine, lab: Lab, stage: int) -> None:
    machine.module("check", checks=lab.checks[stage])


def _remove(machine: LabMachine, lab: Lab) -> Items:
    return machine.module("topology", name=lab.name, state="absent")
