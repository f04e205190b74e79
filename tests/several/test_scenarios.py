# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every scenario over three machines, stage after stage: all is seen, and nothing is left."""

from __future__ import annotations

import typing as t

import spread

if t.TYPE_CHECKING:
    from machines import Bed


@spread.every_scenario
def test_a_lab_over_three_machines(scenario: str, bed: Bed) -> None:
    spread.comes_and_goes(scenario, bed, walkthrough=True)
