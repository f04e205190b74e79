# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run of which one act fails, be it a netlink message, a change of a file, a mount or the start of a process."""

from __future__ import annotations

import itertools
import typing as t

import pytest
from hampered import PASSAGES, SMALL_PASSAGES, Trial

if t.TYPE_CHECKING:
    from labmachine import LabMachine

#: Every act is tried by the long tests.
STRIDE = {"build": 97, "change": 67, "removal": 31}


@pytest.mark.parametrize("passage", PASSAGES)
def test_any_act_fails(machine: LabMachine, passage: str) -> None:
    with Trial(machine, *PASSAGES[passage]) as trial:
        trial.through(trial.failed, itertools.count(1 + len(passage), STRIDE[passage]))
    assert not trial.found, "\n".join(trial.found)
    assert trial.tried.total() > 3, "hardly anything failed: the acts are not counted"


@pytest.mark.parametrize("passage", SMALL_PASSAGES)
def test_files_of_the_ledger_and_of_namespaces(machine: LabMachine, passage: str) -> None:
    """Neither one that is half written nor a name without its namespace is ever left."""
    with Trial(machine, *SMALL_PASSAGES[passage]) as trial:
        for way in ("killed", "failed"):
            trial.through(getattr(trial, way), trial.concerning(way, "/run/tcpip.lab/lab.json", "/run/netns/"))
    assert not trial.found, "\n".join(trial.found)
    assert trial.tried.total() > 5, "hardly anything was tried: the acts are not counted"
