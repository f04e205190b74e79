# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any long-lived command in a namespace. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from .. import values
from ..command import FILES, Command, File, Ready, Spot, Stop
from ..errors import LabError
from ..lean import dataclass
from ..options import Option, Options, read
from ..scope import Ask, Topic
from ..state import Process as Record
from ..state import State
from . import interface
from .base import at
from .service import Service

_SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGKILL")
_CAPABILITIES = ("net_admin", "net_bind_service", "net_raw")


_FILE: Options = {
    "name": Option(value=values.file_name, required=True),
    "content": Option(value=values.text, required=True),
}
_READY: Options = {
    "tcp": Option("int", value=values.port),
    "udp": Option("int", value=values.port),
    "log": Option(value=values.regex),
    "timeout": Option("int", value=values.seconds, default=10),
}


@dataclass(frozen=True)
class Process(Service):
    """A command that the user wrote; C(words) None only where it is to be absent."""

    KIND = "process"
    OPTIONS: ClassVar[Options] = {
        "name": Option(value=values.process_name, required=True),
        "netns": interface.NETNS,
        "command": Option("list", elements="str", value=values.text),
        "user": Option(value=values.user, default="nobody"),
        "directory": Option("str", value=values.directory),
        "environment": Option("dict", value=values.environment),
        "capabilities": Option("list", elements="str", choices=_CAPABILITIES, default=[]),
        "files": Option("list", elements="dict", options=_FILE, default=[]),
        "ready": Option("dict", options=_READY),
        "stop_signal": Option(choices=_SIGNALS, default="SIGTERM"),
        "stop_timeout": Option("int", value=values.seconds, default=10),
    }

    words: tuple[str, ...]
    options: Mapping[str, Any]

    @classmethod
    def parse(cls, item: Mapping[str, Any], place: str) -> Process:
        options = read(item, cls.OPTIONS, place)
        words = tuple(options["command"] or ())
        if options["command"] is not None and not (words and words[0]):
            raise LabError("has no first word: what is to be started?", at(place, "command"))
        if words and "/" in words[0] and not words[0].startswith("/"):
            raise LabError(f"{words[0]!r} is neither a name nor an absolute path", at(place, "command[0]"))
        _check_files(options["files"], place)
        return cls(place, item, options["netns"] or "", options["name"], words, options)

    def programs(self) -> tuple[str, ...]:
        return self.words[:1]

    def complete(self) -> Process:
        if not self.words:
            raise LabError("is required", at(self.place, "command"))
        return self

    def asks(self) -> Iterator[Ask]:
        yield from super().asks()
        yield Ask(Topic.USER, self.netns, self.options["user"])

    def choices(self, spot: Spot, state: State) -> Sequence[Command]:
        self.available(state)
        if self.options["user"] not in state.users:
            raise LabError(f"there is no user {self.options['user']!r} on this machine", at(self.place, "user"))
        return (self._command(spot),)

    def _command(self, spot: Spot) -> Command:
        options = self.options
        files = tuple(File(each["name"], each["content"]) for each in options["files"])
        return Command(
            spot,
            self.words,
            user=options["user"],
            directory=options["directory"] or (f"{spot.directory}/{FILES}" if files else "/"),
            environment=tuple(sorted((options["environment"] or {}).items())),
            capabilities=tuple(sorted(set(options["capabilities"]))),
            files=files,
            ready=_ready(options["ready"]),
            stop=Stop(options["stop_signal"], options["stop_timeout"]),
        )

    def running(self, have: Record, command: Command) -> dict[str, Any]:
        ready, stop = command.ready, command.stop
        ports = {"tcp": next(iter(ready.tcp), None), "udp": next(iter(ready.udp), None)}
        return {
            "command": list(command.argv),
            "user": command.user,
            "directory": command.directory,
            "environment": dict(command.environment) or None,
            "capabilities": list(command.capabilities),
            "files": [vars(file) for file in command.files],
            "ready": {**ports, "log": ready.log or None, "timeout": ready.timeout} if ready.asked else None,
            "stop_signal": stop.signal,
            "stop_timeout": stop.timeout,
        }

    def live(self, state: State) -> dict[str, Any] | None:
        have, found = self.found(state), super().live(state)
        if have and found and have.command:
            found.update(command=list(have.command.argv), user=have.command.user)
        return found


def _check_files(files: Iterable[Mapping[str, str]], place: str) -> None:
    seen: list[str] = []
    for i, file in enumerate(files):
        name = file["name"]
        if any(f"{name}/".startswith(f"{other}/") or f"{other}/".startswith(f"{name}/") for other in seen):
            raise LabError(f"{name!r} is a file or a directory already", f"{at(place, 'files')}[{i}].name")
        seen.append(name)


def _ready(given: Mapping[str, Any] | None) -> Ready:
    if given is None:
        return Ready()
    ports = {name: (given[name],) if given[name] else () for name in ("tcp", "udp")}
    return Ready(**ports, log=given["log"] or "", timeout=given["timeout"])
