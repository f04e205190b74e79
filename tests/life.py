# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a scenario without molecule and ansible-playbook, each run of which takes minutes under emulation.

What the playbook declares is given to the modules that the role lab gives it to, in the steps that molecule makes.
"""

from __future__ import annotations

import contextlib
import typing as t

import snapshot
import yaml
from ansible_collections.tcpip.lab.plugins.module_utils import merging
from labmachine import ROOT

if t.TYPE_CHECKING:
    from labmachine import LabMachine

Variables = dict[str, t.Any]


@contextlib.contextmanager
def lived(scenario: str, machine: LabMachine) -> t.Iterator[None]:
    """Predicted, built as predicted, built again, checked; the block sees it; removed. Then stage after stage."""
    (play,) = yaml.safe_load((ROOT / f"playbooks/{scenario}.yml").read_text(encoding="utf-8"))
    variables, last = play["vars"], len(play["vars"]["lab_stages"])
    machine.module("check", checks=[])  # now all that runs the modules is running
    before = machine.snapshot()
    predicted = _build(machine, variables, last, _check=True)
    assert snapshot.diff(before, machine.snapshot()) == []
    built = _build(machine, variables, last)
    assert built["changed"]
    assert built["diff"] == predicted["diff"]
    assert not _build(machine, variables, last)["changed"]
    _check(machine, variables, last)
    yield
    _remove(machine, variables)
    for stage in range(1, last + 1):
        _build(machine, variables, stage)
        _check(machine, variables, stage)
    see_failures_gone(machine, [stage["checks"] for stage in variables["lab_stages"]])
    _remove(machine, variables)
    assert snapshot.diff(before, machine.snapshot()) == []


def see_failures_gone(machine: LabMachine, stages: t.Sequence[t.Sequence[Variables]]) -> None:
    """In the whole lab the early stages' checks of failures are not met; one that is, too, could not fail.

    :param stages: the checks of each stage.
    """
    last = [_subject(check) for check in stages[-1]]
    for check in (check for stage in stages[:-1] for check in stage):
        subject = _subject(check)
        if _is_of_failure(subject) and subject not in last:
            (result,) = machine.module("check", _fails=True, checks=[check])["results"]
            assert not result["ok"]


def _subject(check: Variables) -> Variables:
    """What is asked, whatever words the check has for it."""
    return next(value for value in check.values() if isinstance(value, dict))


def _is_of_failure(subject: Variables) -> bool:
    """Whether it is a failure, or that something is not there, that the check wants to see."""
    return subject.get("expect", "reply") not in {"reply", "delivered", "answer"} or subject.get("present") is False


def _build(machine: LabMachine, variables: Variables, stage: int, _check: bool = False) -> Variables:
    stages = variables["lab_stages"][:stage]
    wanted: t.Any = merging.merge([each.get("topology", {}) for each in stages])
    return machine.module("topology", name=variables["lab_name"], _check=_check, _diff=True, **wanted)


def _check(machine: LabMachine, variables: Variables, stage: int) -> None:
    machine.module("check", checks=variables["lab_stages"][stage - 1]["checks"])


def _remove(machine: LabMachine, variables: Variables) -> None:
    assert machine.module("topology", name=variables["lab_name"], state="absent")["changed"]
