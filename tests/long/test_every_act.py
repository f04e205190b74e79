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

#: Fewer acts mean that they are not counted.
LEAST = 100


@pytest.mark.parametrize("passage", PASSAGES)
@pytest.mark.parametrize("way", ["killed", "failed"])
def test_every_act(machine: LabMachine, way: str, passage: str, capsys: pytest.CaptureFixture[str]) -> None:
    with Trial(machine, *PASSAGES[passage]) as trial:
        trial.through(getattr(trial, way), itertools.count(1))
    with capsys.disabled():
        print(f"\n{passage}, {way} at each act; {len(trial.found)} times something was wrong; else:")
        print(*(f"  {times:5} {what}" for what, times in sorted(trial.tried.items())), sep="\n")
    assert not trial.found, "\n".join(trial.found)
    assert trial.tried.total() > LEAST
