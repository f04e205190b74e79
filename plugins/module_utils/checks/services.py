# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection's own long-lived commands have on this machine, whichever lab they are of."""

from __future__ import annotations

from .. import records, rundir
from ..command import MACHINE
from ..errors import LabError
from ..state import Process
from .subject import netns_words


def find(kind: str, netns: str, name: str) -> Process:
    """The command that one of the modules keeps running. Raises LabError when there is none."""
    for lab in rundir.names([]):
        found = records.observe("" if lab == MACHINE else lab, {netns: [f"{kind}.{name}"]})
        if found:
            return found[kind, netns, name]
    raise LabError(f"there is no {kind} {name!r} in {netns_words(netns)}")
