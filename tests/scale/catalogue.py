# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks of the collection's own labs cost, against a play that does nothing; and a check of all pairs."""

from __future__ import annotations

import pathlib
import sys
import tempfile
import typing as t

import kernel_rules
from labmachine import ROOT, LabMachine

from .means.base import Command
from .means.topology import document, ordered, playbook
from .measure import Sample, meter
from .works.star import STAR

#: The play that does nothing, and what is put behind the name of a lab that is built without its checks.
EMPTY, UNCHECKED = "an empty play", " without checks"
#: That so many nodes reach each other.
NODES = 100
PAIRS = f"all {NODES * (NODES - 1):,} pairs of {NODES} nodes"


def scenarios() -> list[str]:
    """The labs that this kernel can have."""
    left = () if kernel_rules.has_vlan_filtering() else kernel_rules.VLAN_SCENARIOS
    return sorted({page.stem for page in (ROOT / "docs/scenarios").glob("*.md")} - {*left})


def measure(names: t.Sequence[str], rounds: int, say: t.Callable[[str], None]) -> dict[str, list[Sample]]:
    """Build each lab with its checks and without, each in a new machine, and a play that does nothing, in turn."""
    found: dict[str, list[Sample]] = {}
    for number in range(rounds):
        for name, path, more in _plays(names):
            say(f"round {number + 1} of {rounds}: {name}")
            found.setdefault(name, []).append(_one(path, more))
        say(f"round {number + 1} of {rounds}: {PAIRS}")
        found.setdefault(PAIRS, []).append(_pairs())
    return found


def _pairs() -> Sample:
    """The module that checks, alone."""
    network = STAR.build(NODES)
    ports = [port for cable in network.cables for port in (cable.left, cable.right) if port.address]
    addresses = {port.netns: port.address.partition("/")[0] for port in ports}
    check = {"checks": [{"mesh": {"addresses": addresses}}]}
    with tempfile.TemporaryDirectory(dir="/tmp") as directory, LabMachine.start([directory]) as machine:
        machine.module("topology", **document(network))
        order = ordered("check", check, pathlib.Path(directory))
        command = Command([sys.executable, str(ROOT / "tests/run_module.py")], order)
        return meter(machine, command, pathlib.Path(directory) / "log", PAIRS)


def _plays(names: t.Sequence[str]) -> t.Iterator[tuple[str, str, list[str]]]:
    yield EMPTY, "", []
    for name in names:
        path = str(ROOT / f"playbooks/{name}.yml")
        yield name, path, []
        yield name + UNCHECKED, path, ["-e", "lab_checks=false"]


def _one(path: str, more: t.Sequence[str]) -> Sample:
    with tempfile.TemporaryDirectory(dir="/tmp") as directory, LabMachine.start([directory]) as machine:
        empty = pathlib.Path(directory) / "empty.yml"
        empty.write_text("[{hosts: localhost, gather_facts: false, tasks: []}]", encoding="utf-8")
        command = playbook(path or str(empty))
        command = Command([*command.argv, *more], environment=command.environment)
        return meter(machine, command, pathlib.Path(directory) / "log", path)
