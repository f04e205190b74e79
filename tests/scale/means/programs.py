# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Python programs that read a network and make it, by nothing but netlink or by pyroute2."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import sys
import typing as t

from .base import CHANGED_MTU, Command, Job, Means, Phase

_HERE = pathlib.Path(__file__).parent.parent


class Program(Means):
    """A Python program of this benchmark, which reads a network and what to do with it."""

    file: t.ClassVar[str]
    options: t.ClassVar[t.Sequence[str]] = ()

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
        argv = [sys.executable, *self.options, str(_HERE / self.file)]
        return Command(argv, job.write("task.json", json.dumps(document)))


class Floor(Program):
    """Raw netlink messages in batches, without any library: the least that a Python program has to do.

    It says to the kernel what is to be, and hears that it is. It checks nothing and remembers nothing.
    """

    name = "floor"
    file = "raw_netlink.py"
    options = ("-I", "-S")


class Pyroute2(Program):
    """pyroute2 as its documentation has it, a `NetNS` for each namespace."""

    name = "pyroute2"
    file = "plain_pyroute2.py"
