# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mininet's nodes and links."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import shutil

from .base import Command, Job, Means, Phase

_PROGRAM = pathlib.Path(__file__).parent.parent / "by_mininet.py"
#: Debian's package `mininet` is for Debian's Python.
_PYTHON = "/usr/bin/python3"


class Mininet(Means):
    """A shell for each node. What it has built is gone with it, so it has nothing but the creation."""

    name = "mininet"

    def lacks(self) -> str:
        return "" if shutil.which("mnexec") else "it is not installed (Debian's package is `mininet`)"

    def command(self, phase: Phase, job: Job) -> Command | None:
        if phase is not Phase.CREATE:
            return None
        return Command([_PYTHON, str(_PROGRAM)], job.write("mininet.json", json.dumps(dataclasses.asdict(job.network))))
