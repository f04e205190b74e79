# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the molecule scenarios' tests; docs/testing.md shows them in use."""

from __future__ import annotations

import functools
import os
import pathlib
import shlex
import typing as t

import life
import pytest
import rendered
import snapshot
from ansible_collections.tcpip.lab.extensions.pytest.netns import NetnsBackend
from labmachine import LabMachine
from served import ServedMachine
from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.host import Host


class MachineBackend(BaseBackend):  # type: ignore[misc]
    """Runs testinfra's commands in a throw-away machine."""

    NAME = "machine"

    def __init__(self, machine: LabMachine) -> None:
        super().__init__("machine")
        self._prefix = [*machine.enter(), "sh", "-c"]

    def run(self, command: str, *args: str, **_more: t.Any) -> CommandResult:
        return self.run_local(shlex.join([*self._prefix, self.get_command(command, *args)]))


@pytest.fixture(scope="session")
def scratch() -> pathlib.Path:
    """Where the scenario's steps leave what later steps need."""
    return pathlib.Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])


@pytest.fixture(scope="module")
def machine(request: pytest.FixtureRequest) -> t.Iterator[LabMachine]:
    """The throw-away machine that the scenario runs in; under emulation the whole life of the lab is around it."""
    if not request.config.getoption("--emulated"):
        yield LabMachine.load(request.getfixturevalue("scratch") / "machine.json")
        return
    scenario = request.path.parents[1].name
    with ServedMachine.start() as started:
        before = started.snapshot()
        with life.lived(scenario, started):
            life.see_failures_gone(started, rendered.read(scenario).checks)
            yield started
        differences = snapshot.diff(before, started.snapshot())
        assert not differences, "\n".join(differences)


@pytest.fixture(scope="module")
def ns(machine: LabMachine) -> t.Callable[..., Host]:
    """A function: the name of a namespace to testinfra's host for it; without a name, the machine itself."""

    @functools.cache
    def host(name: str | None = None) -> Host:
        reached = MachineBackend(machine)
        return Host(NetnsBackend(name, machine=reached) if name else reached)

    return host


@pytest.fixture
def new_machine() -> t.Iterator[LabMachine]:
    """Another machine, empty, that ends with the test."""
    with LabMachine.start() as started:
        yield started
