# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all long-lived commands in namespaces have in common, whatever they are for. Pure."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from .. import state as states
from ..command import Command, Spot
from ..errors import LabError
from ..lean import dataclass
from ..operations import (
    AddPort,
    AmendProcess,
    Operation,
    SetAgeing,
    StartCapture,
    StartClient,
    StartProcess,
    StopCapture,
    StopClient,
    StopProcess,
)
from ..options import accepted
from ..scope import Ask, Topic
from ..state import Process, State
from .base import Resource, at

_START: dict[str, type[StartProcess]] = {"capture": StartCapture, "dhcp_client": StartClient}
_STOP: dict[str, type[StopProcess]] = {"capture": StopCapture, "dhcp_client": StopClient}


@dataclass(frozen=True)
class Service(Resource):
    """A resource that is a process."""

    #: The option that tells it from others of its kind in its namespace.
    NAME: ClassVar[str] = "name"
    #: The commands of which it needs one, and where they come from.
    PROGRAMS: ClassVar[tuple[str, ...]] = ()
    INSTALL: ClassVar[str] = ""

    netns: str
    name: str

    @classmethod
    def remains(cls, spot: Spot) -> dict[str, Any]:
        """The item that means the process at C(spot), of which nothing else is known."""
        return {cls.NAME: spot.name, "netns": spot.netns or None}

    @abstractmethod
    def choices(self, spot: Spot, state: State) -> Sequence[Command]:
        """The commands that do what is declared, the best one first. Raises LabError if there is none here."""

    def spaces(self) -> Iterator[tuple[str, str]]:
        yield self.netns, at(self.place, "netns")

    def asks(self) -> Iterator[Ask]:
        yield Ask(Topic.PROCESS, self.netns, f"{self.KIND}.{self.name}")
        for command in self.programs():
            yield Ask(Topic.COMMAND, self.netns, command)

    def programs(self) -> tuple[str, ...]:
        """The commands of which it needs one."""
        return self.PROGRAMS

    def found(self, state: State) -> Process | None:
        """What there is of it."""
        return state.processes.get((self.KIND, self.netns, self.name))

    def proven(self, state: State) -> bool:
        return self.found(state) is not None

    def present(self, state: State, alias: str | None) -> Iterator[Operation]:
        spot = Spot(states.owner(alias or "") or "", self.KIND, self.netns, self.name)
        have, choices = self.found(state), self.choices(spot, state)
        if have is None or have.command is None or not have.pid:
            yield _START.get(self.KIND, StartProcess)(self.netns, choices[0])
        elif have.command not in choices or self.amiss(have, state):
            yield stop_process(have, choices[0], self.amiss(have, state))
            yield _START.get(self.KIND, StartProcess)(self.netns, choices[0], have.command)
        else:
            yield from _amend(have, have.command, choices[choices.index(have.command)])

    def amiss(self, have: Process, state: State) -> str:
        """What the running process stands on that is not what it was started on any more; empty if all of it is."""
        if not have.in_place:
            return "its namespace or its output is another one now"
        links = {name: state.link((self.netns, name)) for name in have.indexes}
        lost = [name for name, link in links.items() if not link or link.index != have.indexes[name]]
        return f"{lost[0]} is another interface now" if lost else ""

    def absent(self, state: State) -> Iterator[Operation]:
        have = self.found(state)
        if have:
            yield stop_process(have)

    def available(self, state: State) -> list[str]:
        """Those of the commands that it needs that are there. Raises LabError if none is."""
        there = [command for command in self.programs() if command in state.commands]
        if not there:
            names = " nor ".join(repr(command) for command in self.programs())
            text = f"neither {names} is" if len(self.programs()) > 1 else f"the command {names} is not"
            raise LabError(f"{text} on this machine", self.place, self.INSTALL)
        return there

    def item(self, state: State) -> dict[str, Any] | None:
        have = self.found(state)
        if have is None or have.command is None or not have.pid or not have.in_place:
            return None
        found = {self.NAME: self.name, "netns": self.netns, **self.running(have, have.command)}
        return accepted(found, self.OPTIONS)

    def running(self, have: Process, command: Command) -> dict[str, Any]:
        """The options that it was started with, by its record."""
        return {}

    def live(self, state: State) -> dict[str, Any] | None:
        have = self.found(state)
        if have is None:
            return None
        place = have.spot.directory
        return {
            self.NAME: self.name,
            "netns": self.netns,
            "running": bool(have.pid),
            "pid": have.pid or None,
            "log": f"{place}/log",
        }


def stop_process(have: Process, successor: Command | None = None, amiss: str = "") -> StopProcess:
    """The step that ends a process of any kind; what is left of a dead one is taken away."""
    stop, alive, taught = _STOP.get(have.spot.kind, StopProcess), bool(have.pid), tuple(_taught(have))
    return stop(have.spot.netns, have.spot, have.command, successor, amiss, alive=alive, taught=taught)


def _taught(have: Process) -> Iterator[Operation]:
    """What one in its place would have to be told: the ports of a switch."""
    if have.told:
        yield SetAgeing(have.spot.netns, have.spot, have.told["ageing_time"])
        for port in have.told["ports"]:
            yield AddPort(have.spot.netns, have.spot, port["name"])


def _amend(have: Process, former: Command, command: Command) -> Iterator[Operation]:
    if have.altered or former.stop != command.stop:
        yield AmendProcess(command.spot.netns, former, command, have.altered)
