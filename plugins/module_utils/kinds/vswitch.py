# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A learning switch in user space, whose ports come and go while it runs. Pure."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar

from .. import values
from ..command import FILES, PYTHON, Command, File, Ready, Spot
from ..errors import LabError
from ..lean import dataclass
from ..operations import AddPort, DeletePort, Operation, SetAgeing, StartProcess
from ..options import Option, Options, read
from ..scope import Ask, Topic
from ..state import ROOT, LinkName, Process, State
from ..vswitch import control, forwarding, loop, offload, port, program
from . import interface
from .base import Claim, at, port_claim
from .service import Service

_HOOK = "hook.py"
#: As whom it switches.
_USER = "nobody"
#: The function that a hook has to have.
_TREAT = "treat"


@dataclass(frozen=True)
class Vswitch(Service):
    """A switch with C(ports), C(hook) being the path of the reader's own function, or empty."""

    KIND = "vswitch"
    OPTIONS: ClassVar[Options] = {
        "name": Option(value=values.process_name, required=True),
        "netns": interface.NETNS,
        "ports": Option("list", elements="str", value=values.link_name, default=[]),
        "ageing_time": Option("int", value=values.ageing, default=int(forwarding.AGEING)),
        "hook": Option(value=values.directory),
    }

    ports: tuple[str, ...]
    ageing: int
    hook: str

    @classmethod
    def parse(cls, item: Mapping[str, Any], place: str) -> Vswitch:
        options = read(item, cls.OPTIONS, place)
        ports = tuple(options["ports"])
        for i, name in enumerate(ports):
            if name in ports[:i]:
                raise LabError(f"{name!r} is a port already", f"{at(place, 'ports')}[{i}]")
            if i == forwarding.MOST_PORTS:
                raise LabError(forwarding.too_many(name), f"{at(place, 'ports')}[{i}]")
        netns, hook = options["netns"] or "", options["hook"] or ""
        return cls(place, item, netns, options["name"], ports, options["ageing_time"], hook)

    def devices(self) -> Iterator[tuple[LinkName, str]]:
        for i, name in enumerate(self.ports):
            yield (self.netns, name), f"{at(self.place, 'ports')}[{i}]"

    def unmarked(self) -> Iterator[Claim]:
        if self.netns == ROOT:
            yield from (port_claim(name, place) for (_netns, name), place in self.devices())

    def asks(self) -> Iterator[Ask]:
        yield from super().asks()
        if self.hook:
            yield Ask(Topic.TEXT, self.netns, self.hook)

    def choices(self, spot: Spot, state: State) -> Sequence[Command]:
        hook = (File(_HOOK, self._treatment(state)),) if self.hook else ()
        return (
            Command(
                spot,
                (PYTHON, "-E", "-s", "-m", "vswitch", "serve", _USER, *(file.name for file in hook)),
                directory=f"{spot.directory}/{FILES}",
                files=(*_program(), *hook),
                control=control.CONTROL,
                ready=Ready(log="^ready$"),
                origin=self.hook,
            ),
        )

    def _treatment(self, state: State) -> str:
        """The reader's file, which has at least to be Python with the function in it: it is not run here, as root."""
        place, text = at(self.place, "hook"), state.texts.get(self.hook)
        if text is None:
            raise LabError(f"{self.hook!r} cannot be read as a text", place, "it has to be on the lab's machine")
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError) as error:
            raise LabError(f"{self.hook!r} is not Python: {error}", place) from None
        if not any(isinstance(each, ast.FunctionDef) and each.name == _TREAT for each in tree.body):
            raise LabError(f"{self.hook!r} has no function {_TREAT!r}", place, f"def {_TREAT}(frame, port): ...")
        return text

    def amiss(self, have: Process, state: State) -> str:
        """One that does not answer is as good as dead."""
        return "it does not answer" if have.told is None else super().amiss(have, state)

    def present(self, state: State, alias: str | None) -> Iterator[Operation]:
        steps = list(super().present(state, alias))
        yield from steps
        starts = [step.command.spot for step in steps if isinstance(step, StartProcess)]
        if starts:
            yield SetAgeing(self.netns, starts[0], self.ageing)
            for name in self.ports:
                yield AddPort(self.netns, starts[0], name)
        else:
            yield from self._change(state)

    def _change(self, state: State) -> Iterator[Operation]:
        """From what the running switch tells to what is declared."""
        have = self.found(state)
        if have is None or have.told is None:
            return
        told = have.told
        if told["ageing_time"] != self.ageing:
            yield SetAgeing(self.netns, have.spot, self.ageing, told["ageing_time"])
        indexes = {each["name"]: each["index"] for each in told["ports"]}
        right = [name for name in self.ports if name in indexes and self._is(name, indexes[name], state)]
        for name in indexes:
            if name not in right:
                yield DeletePort(self.netns, have.spot, name)
        for name in self.ports:
            if name not in right:
                yield AddPort(self.netns, have.spot, name)

    def _is(self, name: str, index: int, state: State) -> bool:
        """Whether the interface is still the one that the switch knows by its name."""
        link = state.link((self.netns, name))
        return link is not None and link.index == index

    def running(self, have: Process, command: Command) -> dict[str, Any]:
        told = have.told or {"ports": ()}
        return {**told, "ports": [port["name"] for port in told["ports"]], "hook": command.origin or None}

    def live(self, state: State) -> dict[str, Any] | None:
        have, found = self.found(state), super().live(state)
        if have and found and have.told:
            found.update(have.told)
        return found


@lru_cache(maxsize=1)
def _program() -> tuple[File, ...]:
    """The program, which travels to the machine with the module, in an archive perhaps."""
    modules = {"forwarding": forwarding, "offload": offload, "port": port, "control": control, "loop": loop}
    sources = {name: inspect.getsource(module) for name, module in modules.items()}
    sources.update({"__init__": "", "__main__": inspect.getsource(program)})
    return tuple(File(f"vswitch/{name}.py", text, quiet=True) for name, text in sorted(sources.items()))
