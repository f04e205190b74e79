# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every scenario over two machines, as it is built if nobody asks for stages."""

from __future__ import annotations

import typing as t

import pytest
import spread

if t.TYPE_CHECKING:
    from machines import Bed


@pytest.mark.parametrize("bed", [2], ids=["two"], indirect=True)
@spread.every_scenario
def test_a_lab_over_two_machines(scenario: str, bed: Bed) -> None:
    spread.comes_and_goes(scenario, bed, walkthrough=False)
