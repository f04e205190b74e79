# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab with an object of every kind, killed before each single act of a run, and with each of them failing in turn."""

from __future__ import annotations

import itertools
import typing as t

import pytest
from hampered import PASSAGES, Trial

if t.TYPE_CHECKING:
    from labmachine import LabMachine

#: Each test takes a share of the acts, lest one worker has to try them all: every eighth, from one of the first ones.
SHARES = 8
#: Fewer acts of a share mean that they are not counted.
LEAST = 20


@pytest.mark.parametrize("share", range(1, SHARES + 1))
@pytest.mark.parametrize("passage", PASSAGES)
@pytest.mark.parametrize("way", ["killed", "failed"])
def test_every_act(
    machine: LabMachine, way: str, passage: str, share: int, record_property: t.Callable[[str, t.Any], None]
) -> None:
    with Trial(machine, *PASSAGES[passage]) as trial:
        trial.through(getattr(trial, way), itertools.count(share, SHARES))
    record_property(f"{passage}, {way} at each act", {**trial.tried, "something was wrong": len(trial.found)})
    assert not trial.found, "\n".join(trial.found)
    assert trial.tried.total() > LEAST
