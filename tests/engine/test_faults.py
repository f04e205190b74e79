# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run of which one act fails, be it a netlink message, a change of a file, a mount or the start of a process.

A few pairs of an act and an error are tried here, of as many sorts of acts. Each is chosen by what it is itself, so a
change of the engine leaves the others as they are; and all of them are among those that tests/long/test_every_act.py
tries.
"""

from __future__ import annotations

import errno
import typing as t

import pytest
from hampered import PASSAGES, SMALL_PASSAGES, Trial, Try, failures, kills, some

if t.TYPE_CHECKING:
    from labmachine import LabMachine

FEW = 6
#: linux/rtnetlink.h
NEWNSID = 88


@pytest.mark.parametrize("passage", PASSAGES)
def test_any_act_fails(machine: LabMachine, passage: str) -> None:
    with Trial(machine, *PASSAGES[passage]) as trial:
        trial.through(some(failures(trial.acts()), FEW))
    assert not trial.found, "\n".join(trial.found)
    assert trial.tried.total() == FEW, f"not met again: {trial.missed}"


@pytest.mark.parametrize("passage", SMALL_PASSAGES)
def test_files_of_the_ledger_and_of_namespaces(machine: LabMachine, passage: str) -> None:
    """Neither one that is half written nor a name without its namespace is ever left."""
    with Trial(machine, *SMALL_PASSAGES[passage]) as trial:
        acts = [act for act in trial.acts() if act.words.startswith(("/run/tcpip.lab/lab.json", "/run/netns/"))]
        trial.through([*kills(acts), *failures(acts)])
    assert not trial.found, "\n".join(trial.found)
    assert trial.tried.total() > 5, "hardly anything was tried: the acts are not known"


def test_where_namespaces_cannot_be_numbered_no_link_is_made_anew(machine: LabMachine) -> None:
    """Whose other end is out of sight for want of a number is not without one."""
    with Trial(machine, *PASSAGES["change"]) as trial:
        (numbered, *_more) = [act for act in trial.acts() if act.words.endswith(f" {NEWNSID}") and act.sort == "set"]
        trial.through([Try(numbered, errno.EPERM)])
    assert not trial.found, "\n".join(trial.found)
    assert trial.tried == {"EPERM: what was done before it is undone": 1}
