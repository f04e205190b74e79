# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab with an object of every kind, killed before each single act of a run, and with each of them failing in turn.

Each act fails by every error from which a run may go on (hampered.EXPECTED), such as a file that another program has
made a moment ago, and by one of the others, of which the engine makes no difference: ones of the same words have these
in turn. What an act fails by depends on the act alone, so a change of the engine leaves the other pairs as they are.
"""

from __future__ import annotations

import typing as t

import pytest
from hampered import PASSAGES, Trial, failures, kills

if t.TYPE_CHECKING:
    from labmachine import LabMachine

#: Each test takes a share of the acts, lest one worker has to try them all.
SHARES = 8
#: Fewer acts of a share mean that they are not known.
LEAST = 8
WAYS = {"killed": kills, "failed": failures}


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("passage", PASSAGES)
@pytest.mark.parametrize("way", WAYS)
def test_every_act(
    machine: LabMachine, way: str, passage: str, share: int, record_property: t.Callable[[str, t.Any], None]
) -> None:
    with Trial(machine, *PASSAGES[passage]) as trial:
        trial.through([each for each in WAYS[way](trial.acts()) if each.checksum % SHARES == share])
    told = {"something was wrong": len(trial.found), "not met again": len(trial.missed)}
    record_property(f"{passage}, {way} at each act", {**trial.tried, **told})
    assert not trial.found, "\n".join(trial.found)
    assert trial.tried.total() > max(LEAST, 9 * len(trial.missed)), f"not met again: {trial.missed}"
