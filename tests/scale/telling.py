# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What part of a creation's time goes into telling how far it has come."""

from __future__ import annotations

import pathlib
import sys
import tempfile
import typing as t

from labmachine import ROOT, LabMachine

from .means.base import Command
from .means.topology import document, ordered
from .measure import meter
from .works.star import STAR

_CLOCKED = str(ROOT / "tests/scale/clocked.py")


def measure(size: int, rounds: int, say: t.Callable[[str], None]) -> list[float]:
    """The part in percent, of stars of so many nodes, each in a new machine."""
    found = []
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}: telling how far it is, star {size}")
        found.append(100 * _one(size))
    return found


def _one(size: int) -> float:
    with tempfile.TemporaryDirectory(dir="/tmp") as directory, LabMachine.start([directory]) as machine:
        place = pathlib.Path(directory)
        command = Command([sys.executable, _CLOCKED], ordered("topology", document(STAR.build(size)), place))
        meter(machine, command, place / "log", "telling how far it is")
        return float((place / "log").read_text(encoding="utf-8").splitlines()[-1])
