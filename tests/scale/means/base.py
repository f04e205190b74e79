# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a means of building is to the benchmark."""

from __future__ import annotations

import abc
import dataclasses
import enum
import pathlib
import typing as t

from ..network import Network


class Phase(enum.Enum):
    """What is measured, in the order in which it is done."""

    CREATE = "create"
    AGAIN = "no change"
    CHANGE = "one attribute"
    GROW = "one node more"
    READ = "read"
    REMOVE = "remove"


#: The MTU that Phase.CHANGE gives to one interface.
CHANGED_MTU = 1400


@dataclasses.dataclass(frozen=True)
class Job:
    """A network to build, one node to add to it later, and a directory for what the means wants to read then."""

    network: Network
    node: Network
    directory: pathlib.Path

    def write(self, name: str, text: str) -> str:
        """Put a file into the directory; returns its path."""
        path = self.directory / name
        path.write_text(text, encoding="utf-8")
        return str(path)


@dataclasses.dataclass(frozen=True)
class Command:
    """What is run in the machine and measured. `stdin` is the path of a file."""

    argv: t.Sequence[str]
    stdin: str = "/dev/null"
    environment: t.Mapping[str, str] = dataclasses.field(default_factory=dict)


class Means(abc.ABC):
    """A means of building. What it reads is written beforehand, and no part of what is measured."""

    name: t.ClassVar[str]
    #: What it prints where there was nothing to change.
    unchanged: t.ClassVar[str] = ""

    def lacks(self) -> str:
        """What it takes and this machine has not, empty if it can be used."""
        return ""

    @abc.abstractmethod
    def command(self, phase: Phase, job: Job) -> Command | None:
        """What does a phase of the job, None if this means has nothing for it."""
