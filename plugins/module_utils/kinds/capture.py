# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packet captures: a program that writes a file for Wireshark, started before its interface is switched on. Pure."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar

from .. import sniffer, values
from ..command import DATA, FILES, PYTHON, Command, File, Ready, Spot
from ..errors import LabError
from ..lean import dataclass
from ..options import Option, Options, read
from ..rundir import DIRECTORY
from ..state import LinkName, Process, State
from . import interface
from .base import Claim, at
from .service import Service

_PROGRAM = "sniffer.py"
#: Who reads the packets.
_USER = "nobody"


@dataclass(frozen=True)
class Capture(Service):
    """A capture on C(dev), to C(path), which is empty for a file that goes with it."""

    KIND = "capture"
    OPTIONS: ClassVar[Options] = {
        "name": Option(value=values.process_name, required=True),
        "netns": interface.NETNS,
        "dev": Option(value=values.name),
        "filter": Option(value=values.text, default=""),
        "snaplen": Option("int", value=values.snaplen, default=sniffer.MOST),
        "path": Option(value=values.directory),
    }

    dev: str | None
    filter: str
    snaplen: int
    path: str

    @classmethod
    def parse(cls, item: Mapping[str, Any], place: str) -> Capture:
        options = read(item, cls.OPTIONS, place)
        path = options["path"] or ""
        if _is_ours(path):
            raise LabError(f"{path!r} would be removed with the lab", at(place, "path"), "omit it, or use another")
        return cls(
            place,
            item,
            options["netns"] or "",
            options["name"],
            options["dev"],
            options["filter"],
            options["snaplen"],
            path,
        )

    def unique(self) -> Iterator[tuple[tuple[Any, ...], str]]:
        yield from super().unique()
        if self.path:
            yield ("file", self.path), at(self.place, "path")

    def unmarked(self) -> Iterator[Claim]:
        if self.path:
            yield Claim(("file", self.path), f"the file {self.path!r}", at(self.place, "path"))

    def devices(self) -> Iterator[tuple[LinkName, str]]:
        if self.dev:
            yield (self.netns, self.dev), at(self.place, "dev")

    def complete(self) -> Capture:
        self._interface()
        return self

    def _interface(self) -> str:
        if self.dev is None:
            raise LabError("is required", at(self.place, "dev"))
        return self.dev

    def choices(self, spot: Spot, state: State) -> Sequence[Command]:
        dev = self._interface()
        program = (PYTHON, "-I", _PROGRAM)
        return (
            Command(
                spot,
                (*program, dev, str(self.snaplen), _USER, self.filter),
                directory=f"{spot.directory}/{FILES}",
                files=(File(_PROGRAM, _source(), quiet=True),),
                devices=(dev,),
                output=self.path or own_file(spot),
                test=(*program, "--test", self.filter) if self.filter else (),
                ready=Ready(log="^listening on "),
            ),
        )

    def running(self, have: Process, command: Command) -> dict[str, Any]:
        found = _arguments(command)
        return {**found, "path": None} if _is_ours(found["path"]) else found

    def live(self, state: State) -> dict[str, Any] | None:
        have, found = self.found(state), super().live(state)
        if have and found and have.command:
            found.update(_arguments(have.command))
        return found


def own_file(spot: Spot) -> str:
    """The file that goes with the capture, if no other was asked for."""
    return f"{spot.directory}/{DATA}/capture.pcap"


def _arguments(command: Command) -> dict[str, Any]:
    _python, _isolated, _program, dev, snaplen, _user, expression = command.argv
    return {"dev": dev, "filter": expression, "snaplen": int(snaplen), "path": command.output}


@lru_cache(maxsize=1)
def _source() -> str:
    """The program, which travels to the machine with the module, in an archive perhaps."""
    return inspect.getsource(sniffer)


def _is_ours(path: str) -> bool:
    """Whether the path leads to where the files of labs are, however it is written."""
    normal = os.path.normpath(path).replace("//", "/")
    return f"{normal.removeprefix('/var')}/".startswith(f"{DIRECTORY}/")
