# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every scenario over two machines, and stage after stage over three: all is seen, and nothing is left."""

from __future__ import annotations

import typing as t

import kernel_rules
import pytest
import rendered
from machines import Bed, differences


def marks(scenario: str) -> tuple[pytest.MarkDecorator, ...]:
    return (pytest.mark.vlan,) if scenario in kernel_rules.VLAN_SCENARIOS else ()


@pytest.fixture(scope="module", params=[2, 3], ids=["two", "three"])
def bed(request: pytest.FixtureRequest) -> t.Iterator[Bed]:
    """The machines, on which one lab is built after the other."""
    with Bed.made(request.param) as made:
        yield made


@pytest.mark.parametrize("scenario", [pytest.param(name, marks=marks(name)) for name in rendered.scenarios()])
def test_a_lab_over_several_machines(scenario: str, bed: Bed) -> None:
    playbook = f"playbooks/{scenario}.yml"
    before = bed.snapshots()
    try:
        bed.playbook(playbook, walkthrough=len(bed.machines) > 2)
        assert bed.playbook(playbook, lab_checks=False).changed == 0
        names = [name for machine in bed.machines for name in machine.namespaces()]
        assert len(set(names)) == len(names) > 0
    finally:
        bed.playbook(playbook, lab_state="absent")
    found = differences(before, bed.snapshots())
    assert not found, "\n".join(found)
