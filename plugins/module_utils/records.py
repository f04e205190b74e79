# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records of long-lived commands: which are ours, whether they live, what they have written and tell."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from . import command as commands
from . import namespaces, procfs, rundir
from .command import DATA, FILES, PATH, Command, File, Spot
from .errors import LabError, understood
from .lean import dataclass
from .leases import LEASES
from .procfs import Life
from .state import Process
from .vswitch import control
from .vswitch.control import RefusedError

_RECORD = "record.json"
#: What a process of ours tells in files. Whatever else it may write, and however much, is not read.
_TOLD_IN_FILES = ("lease", LEASES)


@dataclass(frozen=True)
class Record:
    """Who a process is. C(complete): it has got ready.

    C(netns) is the inode of its namespace, C(space) what tells that from a later one with its name.
    """

    command: Command
    pid: int
    started: int
    netns: int
    space: str
    nonce: str
    indexes: Mapping[str, int]
    made_output: bool
    complete: bool = False

    def leader(self) -> Life | None:
        """The process, if it still lives and is the one that we started."""
        found = procfs.life(self.pid)
        ours = found and found.started == self.started and procfs.namespace(self.pid) == self.netns
        return found if ours else None


def which(name: str) -> str | None:
    """The file of a command, by the PATH that processes get, None if it is not on this machine.

    V(busybox APPLET) is a busybox that has the applet: distributions build it with others each.
    """
    program, _blank, applet = name.partition(" ")
    found = shutil.which(name if program != "busybox" else program, path=PATH)
    if found and applet and program == "busybox":
        listed = subprocess.run(  # pylint: disable=ansible-bad-function  # the engine has no AnsibleModule
            [found, "--list"],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            check=False,
            start_new_session=True,  # so that a terminal does not end it under us
        )
        return found if applet.encode() in listed.stdout.split() else None
    return found


def recorded(lab: str) -> Iterator[Spot]:
    """All processes of a lab that have left anything on this machine."""
    scope = Spot(lab, "", "", "").parts[0]
    for netns in rundir.names([scope]):
        for directory in rundir.names([scope, netns]):
            spot = Spot.read(lab, netns, directory)
            if spot:
                yield spot


def observe(lab: str, wanted: Mapping[str, Collection[str]]) -> dict[tuple[str, str, str], Process]:
    """The processes of a lab that are asked about, by namespace: V(KIND.NAME), or an empty text for all of them."""
    found = {}
    there = set(rundir.names([Spot(lab, "", "", "").parts[0]])) if wanted else set()
    for netns, names in wanted.items():
        parts = Spot(lab, "", netns, "").parts[:2]
        if parts[1] not in there:
            continue
        for directory in rundir.names(parts) if "" in names else sorted(names):
            spot = Spot.read(lab, parts[1], directory)
            process = _look(spot) if spot else None
            if spot and process:
                found[spot.key] = process
    return found


def _look(spot: Spot) -> Process | None:
    try:
        with rundir.opened(spot.parts) as directory:
            record = load(directory)
            if record is None:
                return Process(spot)
            alive = record.complete and record.leader() is not None
            return Process(
                spot,
                command=record.command,
                pid=record.pid if alive else 0,
                in_place=_in_place(record),
                indexes=record.indexes,
                altered=_altered(directory, record.command.files),
                data=_data(directory),
                told=_told(directory, record) if alive and record.command.control else None,
            )
    except FileNotFoundError:
        return None


def _in_place(record: Record) -> bool:
    """Whether the namespace is still the one that has the name, and its output goes to the file that has the name."""
    netns, output = record.command.spot.netns, record.command.output
    if not namespaces.exists(netns) or namespaces.identity(netns) != record.space:
        return False
    try:
        return not output or os.path.samestat(os.lstat(output), os.stat(f"/proc/{record.pid}/fd/1"))
    except OSError:
        return False


def _altered(directory: int, files: Iterable[File]) -> dict[str, str | None]:
    contents = {file.name: rundir.read(directory, f"{FILES}/{file.name}", most=rundir.WHOLE) for file in files}
    return {file.name: contents[file.name] for file in files if contents[file.name] != file.content}


def _data(directory: int) -> dict[str, str]:
    """What the process has written: as another user perhaps, so that no link is followed."""
    try:
        inner = os.open(DATA, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
    except OSError:
        return {}
    try:
        texts = {name: rundir.read(inner, name) for name in _TOLD_IN_FILES}
        return {name: text for name, text in texts.items() if text is not None}
    finally:
        os.close(inner)


def _told(directory: int, record: Record) -> Any:
    try:
        return control.shown(_ask(directory, record, {"do": "show"}))
    except (OSError, RefusedError):
        return None


def instruct(spot: Spot, request: Mapping[str, Any], sockets: Sequence[socket.socket] = ()) -> None:
    """Tell a process of ours to do something. Raises LabError if it does not, OSError if it cannot be told."""
    try:
        with rundir.opened(spot.parts) as directory:
            record = load(directory)
            if record is None or not record.leader():
                raise LabError(f"{spot.title}: it does not run")
            _ask(directory, record, request, sockets)
    except RefusedError as error:
        raise LabError(f"{spot.title}: {error}") from None


def _ask(directory: int, record: Record, request: Mapping[str, Any], sockets: Sequence[socket.socket] = ()) -> Any:
    """Its answer. Whoever else may have put a socket there is not spoken to."""
    path = f"/proc/self/fd/{directory}/{DATA}/{record.command.control}"  # the other way to it may be too long
    with control.connect(path) as connection:
        if control.peer(connection) != record.pid:
            raise PermissionError(f"{DATA}/{record.command.control} is not its own")
        return control.ask(connection, request, sockets)


def load(directory: int) -> Record | None:
    """The record in the directory of a process, None if there is none that can be read."""
    text = rundir.read(directory, _RECORD, most=rundir.WHOLE)
    try:
        with understood("the record"):
            document = json.loads(text or "")
            return _sound(Record(**{**document, "command": commands.decode(document["command"])}))
    except LabError:
        return None


def _sound(record: Record) -> Record:
    """The record, if all in it is what it should be: signals are sent by it. Raises ValueError otherwise."""
    numbers = (record.pid, record.started, record.netns, *record.indexes.values())
    words = (record.space, record.nonce, *record.indexes)
    if any(isinstance(each, bool) or not isinstance(each, int) or each < 0 for each in numbers):
        raise ValueError("it has not the numbers that were written")
    if not all(isinstance(each, str) for each in words):
        raise ValueError("it is not what was written")
    if not record.nonce or signal.Signals[record.command.stop.signal] is None:
        raise ValueError("it has not all that was written")
    return record


def save(directory: int, record: Record) -> None:
    """Write the record in one step."""
    document: dict[str, Any] = {**vars(record), "command": commands.encode(record.command)}
    rundir.write(directory, _RECORD, json.dumps(document))
