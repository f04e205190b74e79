# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every scenario on a second kernel; those with VLANs by their own tests, in molecule/, which see the lab, too."""

from __future__ import annotations

import kernel_rules
import life
import pytest
import rendered
import snapshot
from labmachine import LabMachine

pytestmark = pytest.mark.every_kernel

SCENARIOS = [name for name in rendered.scenarios() if name not in kernel_rules.VLAN_SCENARIOS]


@pytest.fixture(scope="module")
def empty(common_machine: LabMachine) -> snapshot.Snapshot:
    """What there is in the machine as long as there is no lab. A snapshot takes long under emulation."""
    common_machine.module("check", checks=[])  # now all that runs the modules is running
    return common_machine.snapshot()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_life_of_a_lab(scenario: str, common_machine: LabMachine, empty: snapshot.Snapshot) -> None:
    with life.lived(scenario, common_machine):
        pass
    differences = snapshot.diff(empty, common_machine.snapshot())
    assert not differences, "\n".join(differences)
