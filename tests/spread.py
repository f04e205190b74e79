# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A scenario's lab over several machines: built and seen, built again without a change, gone without a trace."""

from __future__ import annotations

import typing as t

import kernel_rules
import pytest
import rendered
from machines import differences

if t.TYPE_CHECKING:
    from machines import Bed


def _marks(scenario: str) -> tuple[pytest.MarkDecorator, ...]:
    return (pytest.mark.vlan,) if scenario in kernel_rules.VLAN_SCENARIOS else ()


#: Gives a test each scenario's name.
every_scenario = pytest.mark.parametrize(
    "scenario", [pytest.param(name, marks=_marks(name)) for name in rendered.scenarios()]
)


def comes_and_goes(scenario: str, bed: Bed, walkthrough: bool) -> None:
    """Run the scenario's playbook on these machines.

    :param walkthrough: stage after stage.
    :raises AssertionError: with what differs, or what Ansible said.
    """
    playbook = f"playbooks/{scenario}.yml"
    before = bed.snapshots()
    try:
        bed.playbook(playbook, walkthrough=walkthrough)
        assert bed.playbook(playbook, lab_checks=False).changed == 0
        names = [name for machine in bed.machines for name in machine.namespaces()]
        assert len(set(names)) == len(names) > 0
    finally:
        bed.playbook(playbook, lab_state="absent")
    found = differences(before, bed.snapshots())
    assert not found, "\n".join(found)
