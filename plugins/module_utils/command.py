# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A long-lived command in a namespace: what it is, where its files lie, how it reads in a diff. Pure."""

from __future__ import annotations

import hashlib
import math
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, field
from typing import Any, NamedTuple

from . import rundir
from .lean import dataclass
from .state import ROOT

#: Everything about our processes lies here: a directory a lab, in it one a namespace, in it one a process.
DIRECTORY = f"{rundir.DIRECTORY}/{rundir.PROCESSES}"
#: In place of a lab's or a namespace's name: the machine itself. No such name begins with a dot.
MACHINE, ROOT_DIRECTORY = ".machine", ".root"
#: What a process finds in its environment, whatever the user's own is. The user's PATH may lie in a private home.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: As the first word of a command: the interpreter that runs the module.
PYTHON = "{python}"
#: Options that may hold secrets, and Ansible's own words in the place of one.
MAY_BE_SECRET, HIDDEN = ("environment", "files"), "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
#: Inside the directory of a process: what is given to it to read, what it may write, and all that it prints.
FILES, DATA, LOG = "files", "data", "log"


class Spot(NamedTuple):
    """What tells a process of ours from all others: its lab (empty for none), its module, its namespace, its name."""

    lab: str
    kind: str
    netns: str
    name: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from others of its lab."""
        return self.kind, self.netns, self.name

    @property
    def parts(self) -> tuple[str, str, str]:
        """The names of the directories under DIRECTORY that lead to it."""
        return self.lab or MACHINE, self.netns or ROOT_DIRECTORY, f"{self.kind}.{self.name}"

    @property
    def directory(self) -> str:
        """Where its files are."""
        return "/".join((DIRECTORY, *self.parts))

    @property
    def title(self) -> str:
        """The process in one line, without what it does."""
        return f"{self.netns}: {self.kind} {self.name}" if self.netns else f"{self.kind} {self.name}"

    @classmethod
    def read(cls, lab: str, netns: str, directory: str) -> Spot | None:
        """The process whose directory has this name, None if it is not such a name."""
        kind, dot, name = directory.partition(".")
        return cls(lab, kind, ROOT if netns == ROOT_DIRECTORY else netns, name) if dot and kind and name else None


@dataclass(frozen=True)
class File:
    """A text that the process finds in its files. C(quiet): a program of ours, of which a diff shows a digest only."""

    name: str
    content: str
    quiet: bool = False
    executable: bool = False


@dataclass(frozen=True)
class Ready:
    """How to know that the process serves: ports that it has to hold, and a line (a regular expression) in its log.

    C(timeout) is in seconds.
    """

    tcp: tuple[int, ...] = ()
    udp: tuple[int, ...] = ()
    log: str = ""
    timeout: float = 10

    @property
    def asked(self) -> bool:
        """Whether there is anything to wait for."""
        return bool(self.tcp or self.udp or self.log)


@dataclass(frozen=True)
class Stop:
    """The signal that asks the process to end, and the seconds that it may take before it is killed."""

    signal: str = "SIGTERM"
    timeout: float = 10


@dataclass(frozen=True)
class Command:
    """A command as declared. Two that are equal do the same: C(ready), C(stop) and C(origin) are no part of that.

    C(argv) is a list of words, never a line for a shell. C(directory) is where it starts, C(environment) what is added
    to the little that every process gets. C(devices) are the interfaces that it is bound to: if one is made anew, the
    process has to be, too. C(output) is the file that its standard output is added to, otherwise that goes to the log.
    C(test) is a command that says by its exit status whether the files are right, run before anything is touched.
    C(control) is the name of a socket in DATA on which it can be spoken to while it runs, see vswitch/control.py.
    C(origin) is the path of what one of C(files) is a copy of, empty if there is none.
    """

    spot: Spot
    argv: tuple[str, ...]
    user: str = "root"
    directory: str = "/"
    environment: tuple[tuple[str, str], ...] = ()
    capabilities: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    devices: tuple[str, ...] = ()
    output: str = ""
    test: tuple[str, ...] = ()
    control: str = ""
    ready: Ready = field(default=Ready(), compare=False)
    stop: Stop = field(default=Stop(), compare=False)
    origin: str = field(default="", compare=False)

    @property
    def words(self) -> list[str]:
        """What is run."""
        return [sys.executable if word == PYTHON else word for word in self.argv]

    @property
    def title(self) -> str:
        """The command in one line."""
        return f"{self.spot.title}: {shlex.join(self.words)}"

    @property
    def lines(self) -> tuple[str, ...]:
        """The command for a diff, file by file and line by line."""
        return (self.title, *(f"{self.spot.title}: {line}" for line in self._lines()))

    def _lines(self) -> Iterator[str]:
        yield f"user {self.user}"
        yield f"directory {self.directory}"
        for capability in self.capabilities:
            yield f"capability {capability}"
        for name, value in self.environment:
            yield f"environment {name} ({digest(value)})"
        for file in self.files:
            yield from file_lines(file, file.content)
        if self.output:
            yield f"output {self.output}"

    @property
    def stop_line(self) -> str:
        """How it is stopped, in one line."""
        return f"{self.spot.title}: stop by {self.stop.signal} within {self.stop.timeout:g} s"


def file_lines(file: File, content: str) -> list[str]:
    """The lines of a file with this content, each with its name; of a program of ours the digest."""
    if file.quiet:
        return [f"{file.name}: ({digest(content)})"]
    return [f"{file.name}: {line}".rstrip() for line in content.splitlines()]


def has_line(pattern: str, log: str) -> bool:
    """Whether a whole line of the log has the pattern in it."""
    return re.search(pattern, log[: log.rfind("\n") + 1], re.MULTILINE) is not None


def digest(text: str) -> str:
    """Enough of a hash to see that something has changed without showing what it is."""
    return "sha256 " + hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def encode(command: Command) -> dict[str, Any]:
    """The command as JSON can hold it."""
    return asdict(command)


def decode(document: Mapping[str, Any]) -> Command:
    """The command that was encoded. Raises KeyError, TypeError or ValueError if it is none."""
    given: dict[str, Any] = {**document}
    for name in ("argv", "capabilities", "devices", "test"):
        given[name] = tuple(given[name])
    given["spot"] = Spot(*given["spot"])
    given["environment"] = tuple((name, value) for name, value in given["environment"])
    given["files"] = tuple(File(**each) for each in given["files"])
    ready: dict[str, Any] = {**given["ready"]}
    given["ready"] = Ready(tuple(ready.pop("tcp")), tuple(ready.pop("udp")), **ready)
    given["stop"] = Stop(**given["stop"])
    return _sound(Command(**given))


def _sound(command: Command) -> Command:
    """The command, if all in it is what it should be. Raises ValueError otherwise."""
    texts = [*command.spot, *command.argv, command.user, command.directory, *command.capabilities, *command.devices]
    texts += [word for pair in command.environment for word in pair]
    texts += [text for file in command.files for text in (file.name, file.content)]
    texts += [command.output, *command.test, command.control, command.ready.log, command.stop.signal, command.origin]
    numbers = [*command.ready.tcp, *command.ready.udp, command.ready.timeout, command.stop.timeout]
    if not command.argv or not all(isinstance(each, str) for each in texts):
        raise ValueError("it is not the command that was written")
    if not all(isinstance(each, (int, float)) and 0 <= each < math.inf for each in numbers):
        raise ValueError("it has not the numbers that were written")
    return command
