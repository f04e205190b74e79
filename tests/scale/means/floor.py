# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The least that a Python program has to do: it says to the kernel what is to be, and hears that it is."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import sys
import typing as t

from .base import CHANGED_MTU, Command, Job, Means, Phase

_PROGRAM = pathlib.Path(__file__).parent.parent / "raw_netlink.py"


class Floor(Means):
    """Raw netlink messages in batches, without any library. It checks nothing and remembers nothing."""

    name = "floor"

    def command(self, phase: Phase, job: Job) -> Command | None:
        tasks: dict[Phase, tuple[str, t.Any]] = {
            Phase.CREATE: ("build", job.network),
            Phase.CHANGE: ("change", job.network.last_port),
            Phase.GROW: ("build", job.node),
            Phase.REMOVE: ("remove", job.network + job.node),
        }
        if phase not in tasks:
            return None
        task, what = tasks[phase]
        document = {"task": task, "mtu": CHANGED_MTU, **dataclasses.asdict(what)}
        argv = [sys.executable, "-I", "-S", str(_PROGRAM)]
        return Command(argv, job.write("floor.json", json.dumps(document)))
