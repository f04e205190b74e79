# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long-lived commands in namespaces: started, watched, ended, and never mistaken for others.

A record on disk says who a process is: its number, the time at which it started, its namespace. All three have to fit,
or it is a stranger that was given the number later, and is left alone. The children of a process are known by its
session, and by a random word in their environment, which they inherit.
"""

from __future__ import annotations

import itertools
import os
import pwd
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import field, replace

from . import command as commands
from . import interruption, launch, namespaces, procfs, records, rundir
from .command import DATA, FILES, LOG, PYTHON, Command, File, Spot
from .errors import LabError, naming
from .lean import dataclass
from .procfs import Life
from .records import Record

_STAGED = "staged"
_NONCE = "TCPIP_LAB_PROCESS"
#: Seconds that killed processes may take to vanish, and a test of a configuration to come to its end.
_DIE_S, _TEST_S = 10.0, 30.0
#: Lines of a log that an error shows.
_SHOWN = 5


@dataclass(frozen=True)
class _User:
    uid: int
    gid: int


def prepare(command: Command) -> None:
    """See that the command can be started: it is there, so is its user, and its files pass its own test.

    Raises LabError with what is wrong; what runs has not been touched then.
    """
    _executable(command.argv[0])
    user = _user(command)
    if not command.test:
        return
    with rundir.opened(command.spot.parts, make=True) as directory:
        try:
            _write_files(directory, _STAGED, command.files, user)
            _run_test(command)
        finally:
            with naming(f"remove {command.spot.directory}/{_STAGED}"):
                rundir.empty(directory, [name for name in os.listdir(directory) if name != _STAGED])
    rundir.tidy(command.spot.parts)


def _run_test(command: Command) -> None:
    words = [_executable(command.test[0]), *command.test[1:]]
    try:
        with namespaces.inside(command.spot.netns):
            done = subprocess.run(  # pylint: disable=ansible-bad-function  # the engine has no AnsibleModule
                words,
                cwd=f"{command.spot.directory}/{_STAGED}",
                env=launch.environment(()),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=_TEST_S,
                check=False,
                start_new_session=True,  # Ctrl-C is for us
            )
    except subprocess.TimeoutExpired:
        said = f"{words[0]} does not say within {_TEST_S:g} s whether it is right"
        raise LabError(f"{command.spot.title}: {said}") from None
    if done.returncode:
        said = " / ".join(done.stdout.decode(errors="replace").split("\n")).strip(" /")
        raise LabError(f"{command.spot.title}: what is declared is refused: {said}")


def _executable(name: str) -> str:
    found = sys.executable if name == PYTHON else records.which(name)
    if found is None:
        raise LabError(f"the command {name!r} is not on this machine")
    return found


def _user(command: Command) -> _User:
    try:
        found = pwd.getpwnam(command.user)
    except KeyError:
        raise LabError(f"{command.spot.title}: there is no user {command.user!r} on this machine") from None
    return _User(found.pw_uid, found.pw_gid)


def _write_files(directory: int, into: str, files: Iterable[File], user: _User) -> None:
    """The process may read its files, and nobody but root may write them."""
    rundir.make_inside(directory, into, 0o750, 0, user.gid)
    for file in files:
        *parents, _last = file.name.split("/")
        for depth in range(len(parents)):
            rundir.make_inside(directory, "/".join([into, *parents[: depth + 1]]), 0o750, 0, user.gid)
        rundir.write(directory, f"{into}/{file.name}", file.content, 0o750 if file.executable else 0o640, user.gid)


@dataclass
class _Starting:
    """One that was started and is not known to be ready. C(logged): how long its log was before."""

    title: str
    record: Record
    logged: int
    deadline: float


@dataclass
class _Ending:
    """One that was told to end. C(members) are those in its session, known while their leader lived."""

    spot: Spot
    record: Record | None
    members: list[Life]
    deadline: float
    keep: bool
    discard: bool


@dataclass
class Pending:
    """What was begun and has not come to its end: all that one phase starts or ends gets ready or dies together.

    C(aside) are the directories that were set aside, C(found) those that had something in them before a start.
    """

    starting: list[_Starting] = field(default_factory=list)
    ending: list[_Ending] = field(default_factory=list)
    census: list[Life] | None = None
    aside: list[Spot] = field(default_factory=list)
    found: set[Spot] = field(default_factory=set)

    def settle(self) -> None:
        """Wait until all that was stopped is gone and all that was started is ready. Raises LabError if one is not."""
        ending, self.ending, self.census = self.ending, [], None
        starting, self.starting = self.starting, []
        with naming(f"stop {', '.join(each.spot.title for each in ending)}"):
            _see_end(ending, self.aside)
        for each in starting:
            with naming(f"start {each.title}"):
                _see_ready(each)

    def abandon(self) -> None:
        """Wait for the end of what was stopped, and for nothing else, and bring back what was set aside.

        Raises LabError if the one or the other cannot be.
        """
        self.starting.clear()
        try:
            self.settle()
        finally:
            self._bring_back()

    def _bring_back(self) -> None:
        aside, self.aside = self.aside, []
        for spot in aside:
            with naming(f"bring back {spot.directory}"):
                rundir.bring_back(spot.parts)

    def start(self, command: Command, fresh: bool) -> None:
        """Start a command. C(fresh): nothing of it runs, and its files have not been tested yet."""
        if not fresh or rundir.names(command.spot.parts):
            self.found.add(command.spot)
        if fresh:
            _clear(command, keep=True, discard=False)
        try:
            if fresh:
                prepare(command)
            with rundir.opened(command.spot.parts, make=True) as directory:
                self.starting.append(_start(command, directory))
        except BaseException:
            _clear(command, keep=command.spot in self.found, discard=True)
            raise

    def stop(self, spot: Spot, command: Command | None, keep: bool, discard: bool) -> None:
        """Ask a process to end; C(settle) sees that it does.

        With C(keep) its files are removed then, but for what it wrote, with C(discard) all that was not there before
        it; otherwise they are set aside, in case that it has to come back.
        """
        try:
            with rundir.opened(spot.parts) as directory:
                record = records.load(directory)
        except FileNotFoundError:
            return
        ending = _Ending(spot, record, [], time.monotonic(), keep or spot in self.found, discard)
        leader = record.leader() if record else None
        if record and command:
            ending.members = [leader, *self._session(leader)] if leader else self._orphans(record)
            ending.deadline += command.stop.timeout
            for member in ending.members:
                _signal(member, signal.Signals[command.stop.signal])
        self.ending.append(ending)

    def _session(self, leader: Life) -> list[Life]:
        return [each for each in self._everybody() if each.session == leader.pid and each.pid != leader.pid]

    def _orphans(self, record: Record) -> list[Life]:
        """Those of its session that a dead process has left in a namespace of its own.

        In the machine's own one, a session of that number may be somebody else's by now.
        """
        if not record.command.spot.netns:
            return []
        left = [each for each in self._everybody() if each.session == record.pid and each.started >= record.started]
        return [each for each in left if procfs.namespace(each.pid) == record.netns]

    def _everybody(self) -> list[Life]:
        if self.census is None:
            self.census = list(procfs.everybody())
        return self.census


def _clear(command: Command, keep: bool, discard: bool) -> None:
    """End the children that a dead process has left, and an attempt that nobody has seen to its end."""
    leftover = Pending()
    leftover.stop(command.spot, command, keep, discard)
    leftover.settle()


def amend(command: Command, contents: Mapping[str, str | None]) -> None:
    """Give files of a process these contents, and note how it is to be stopped."""
    user = _user(command)
    with rundir.opened(command.spot.parts) as directory:
        record = records.load(directory)
        for file in command.files:
            content = contents.get(file.name, file.content)
            if content is not None and file.name in contents:
                _write_files(directory, FILES, [replace(file, content=content)], user)
            elif file.name in contents:
                os.unlink(f"{FILES}/{file.name}", dir_fd=directory)
        if record:
            records.save(directory, replace(record, command=command))


def _start(command: Command, directory: int) -> _Starting:
    user = _user(command)
    rundir.empty(directory, (DATA, LOG))
    _write_files(directory, FILES, command.files, user)
    rundir.make_inside(directory, DATA, 0o700, user.uid, user.gid)
    rundir.let_pass(directory, others=bool(user.uid))
    log = launch.open_log(directory, LOG)
    output, made = (log, False) if not command.output else launch.open_output(command.output)
    logged = os.fstat(log).st_size
    nonce = secrets.token_hex(8)
    try:
        with namespaces.inside(command.spot.netns):
            indexes = _indexes(command)
            child = launch.fork(
                launch.Plan(
                    _executable(command.argv[0]),
                    command.words,
                    launch.environment([*command.environment, (_NONCE, nonce)]),
                    command.directory,
                    None if command.user == "root" else (user.uid, user.gid),
                    command.capabilities,
                    output,
                    log,
                )
            )
        space = namespaces.identity(command.spot.netns)
        record = Record(command, child.pid, 0, procfs.namespace(child.pid), space, nonce, indexes, made)
        record = _release(child, record, directory)
    except BaseException:
        if made:
            os.unlink(command.output)
        raise
    finally:
        os.close(log)
        if output != log:
            os.close(output)
    return _Starting(command.title, record, logged, time.monotonic() + command.ready.timeout)


def _release(child: launch.Child, record: Record, directory: int) -> Record:
    """Write the record, and only then let the child go on: should we die before, it ends, and nothing is lost."""
    try:
        born = procfs.life(child.pid)
        record = replace(record, started=born.started if born else 0)
        records.save(directory, record)
    except BaseException:
        child.give_up()
        raise
    child.go()
    return record


def _indexes(command: Command) -> dict[str, int]:
    try:
        return {name: socket.if_nametoindex(name) for name in command.devices}
    except OSError:
        raise LabError(f"{command.spot.title}: it needs the interfaces {', '.join(command.devices)}") from None


def _see_ready(each: _Starting) -> None:
    """Wait until a process serves, and note it. Raises LabError with its last words if it does not."""
    ready, pause = each.record.command.ready, 0.002
    while ready.asked and not _serves(each):
        interruption.heed()
        ended = launch.exit_status(each.record.pid)
        if ended is not None:
            raise _failure(each, f"ended with {ended}")
        if time.monotonic() > each.deadline:
            raise _failure(each, f"is not ready after {ready.timeout:g} s")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
    with rundir.opened(each.record.command.spot.parts) as directory:
        records.save(directory, replace(each.record, complete=True))


def _serves(each: _Starting) -> bool:
    ready = each.record.command.ready
    if ready.log and not commands.has_line(ready.log, _log(each)):
        return False
    wanted = {("tcp", port) for port in ready.tcp} | {("udp", port) for port in ready.udp}
    if not wanted:
        return True
    leader = each.record.leader()
    if leader is None:
        return False
    if wanted <= procfs.ports([leader.pid]):
        return True
    return wanted <= procfs.ports([each.pid for each in procfs.everybody() if each.session == leader.pid])


def _log(each: _Starting) -> str:
    try:
        with rundir.opened(each.record.command.spot.parts) as directory:
            return rundir.read(directory, LOG, each.logged) or ""
    except FileNotFoundError:
        return ""


def _failure(each: _Starting, what: str) -> LabError:
    said = _condensed(line for line in _log(each).splitlines() if line.strip())[-_SHOWN:]
    return LabError(f"could not start {each.title}: it {what}, and its log says: {' / '.join(said) or 'nothing'}")


def _condensed(lines: Iterable[str]) -> list[str]:
    """What is said several times in a row is told once."""
    counted = ((line, len(list(same))) for line, same in itertools.groupby(lines))
    return [line if count == 1 else f"{line} ({count} times)" for line, count in counted]


def _see_end(ending: list[_Ending], aside: list[Spot]) -> None:
    """Wait for all of them, kill those that take too long and the children that they left, take the files away."""
    for each in ending:
        _await_end(each)
    _sweep([each.record for each in ending if each.record])
    for each in ending:
        if each.keep or each.discard:
            _take_away(each)
        elif rundir.set_aside(each.spot.parts):
            aside.append(each.spot)


def _take_away(each: _Ending) -> None:
    with suppress(FileNotFoundError), rundir.opened(each.spot.parts) as directory:
        rundir.empty(directory, (DATA, LOG) if each.keep else ())
    if each.discard and each.record and each.record.made_output:
        with suppress(FileNotFoundError):
            os.unlink(each.record.command.output)
    rundir.tidy(each.spot.parts)


def _await_end(each: _Ending) -> None:
    for member in each.members:
        if not _gone_by(member, each.deadline):
            _signal(member, signal.SIGKILL)
    limit = time.monotonic() + _DIE_S
    for member in each.members:
        if not _gone_by(member, limit):
            raise LabError(f"{each.spot.title}: process {member.pid} does not end, not even by SIGKILL")


def _sweep(records: Collection[Record]) -> None:
    """Kill what bears the word of one of these processes, until there is no more."""
    nonces = {record.nonce for record in records}
    since = min((record.started for record in records), default=0)
    limit = time.monotonic() + _DIE_S
    while records:
        left = [
            each
            for each in procfs.everybody()
            if each.started >= since and each.pid != os.getpid() and procfs.environment(each.pid).get(_NONCE) in nonces
        ]
        if not left:
            return
        for each in left:
            _signal(each, signal.SIGKILL)
            _gone_by(each, limit)
        if time.monotonic() > limit:
            raise LabError(f"processes do not end, not even by SIGKILL: {', '.join(str(each.pid) for each in left)}")


def _signal(target: Life, number: signal.Signals) -> None:
    """Send a signal to this very process: if it is gone, whoever has its number now gets none."""
    try:
        descriptor = os.pidfd_open(target.pid)
    except ProcessLookupError:
        return
    except (AttributeError, OSError):  # Linux before 5.3
        if _lives(target):
            with suppress(ProcessLookupError):
                os.kill(target.pid, number)
        return
    try:
        if _lives(target):  # it is the one that the descriptor stands for, or that one is gone
            signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return
    finally:
        os.close(descriptor)


def _lives(target: Life) -> bool:
    found = procfs.life(target.pid)
    return found is not None and found.started == target.started


def _gone_by(target: Life, limit: float) -> bool:
    """Wait for the end of a process until C(limit) of C(time.monotonic); whether it has come."""
    pause = 0.001
    while _lives(target):
        if time.monotonic() > limit:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 0.02)
    launch.exit_status(target.pid)  # reaps it if it is our own child
    return True
