# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From this process to a command of its own: fork, wait for leave, new session, other user, exec."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress

from . import privileges
from .command import PATH
from .errors import LabError
from .files import ALLOWANCE
from .lean import dataclass

_GO = b"!"
_UMASK = 0o077


@dataclass(frozen=True)
class Plan:
    """What the child becomes. C(user) is uid and gid, None for root. C(output) and C(log) are descriptors."""

    executable: str
    argv: Sequence[str]
    environment: dict[str, str]
    directory: str
    user: tuple[int, int] | None
    capabilities: Sequence[str]
    output: int
    log: int


@dataclass(frozen=True)
class Child:
    """A child that waits for leave. It goes with its parent, should that die before."""

    pid: int
    _leave: int
    _failure: int

    def go(self) -> None:
        """Let it become the command; returns when it has. Raises OSError with the reason if it cannot."""
        os.write(self._leave, _GO)
        os.close(self._leave)
        with os.fdopen(self._failure, "rb") as stream:
            said = stream.read().decode(errors="surrogateescape")
        if said:
            os.waitpid(self.pid, 0)
            number, _colon, reason = said.partition(":")
            raise OSError(int(number), reason)

    def give_up(self) -> None:
        """Let it end instead."""
        os.close(self._leave)
        os.close(self._failure)
        os.waitpid(self.pid, 0)


def environment(declared: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What a command gets: nothing of ours, whose variables are the user's own."""
    return {"PATH": PATH, "LANG": "C.UTF-8", "HOME": "/", **dict(declared)}


def open_log(directory: int, name: str) -> int:
    """The log, at whose end is written. Only root may read it."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(name, flags, 0o600, dir_fd=directory)


def open_output(path: str) -> tuple[int, bool]:
    """The file that the output is added to, and whether it was made for it.

    Raises LabError when it is a link, no regular file, or not root's own: whoever plants such a thing means harm.
    """
    flags = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        try:
            return os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600), True
        except FileExistsError:
            descriptor = os.open(path, flags)
    except OSError as error:
        raise LabError(f"could not open {path}: {error.strerror}") from None
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_nlink != 1:
        os.close(descriptor)
        raise LabError(f"{path} exists and is not a file of root's own", hint="use another name, or remove it")
    return descriptor, False


def fork(plan: Plan) -> Child:
    """A child in this thread's namespace that waits for leave to become the command."""
    leave_read, leave_write = os.pipe()
    failure_read, failure_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become(plan, leave_read, leave_write, failure_write)
    os.close(leave_read)
    os.close(failure_write)
    return Child(pid, leave_write, failure_read)


def exit_status(pid: int) -> str | None:
    """How a child of ours ended, in words, None if it has not, or is not ours."""
    try:
        found, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return None
    if found == 0:
        return None
    return f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"status {os.WEXITSTATUS(status)}"


def _become(plan: Plan, leave: int, other_end: int, failure: int) -> None:
    """The child: nothing here returns."""
    try:
        os.close(other_end)
        if os.read(leave, 1) != _GO:
            os._exit(0)
        os.setsid()
        _default_signals()
        os.umask(_UMASK)
        os.chdir(plan.directory)
        _connect(plan, failure)
        ALLOWANCE.restore()  # now that ours are closed: below a limit nothing can be opened
        if plan.user:
            privileges.become(*plan.user, plan.capabilities)
        os.execve(plan.executable, list(plan.argv), plan.environment)  # noqa: S606
    except OSError as error:
        what = f"{error.filename}: " if isinstance(error.filename, str) else ""
        os.write(failure, f"{error.errno}:{what}{error.strerror}".encode(errors="surrogateescape"))
    except BaseException as error:
        os.write(failure, f"0:{error!r}".encode())
    finally:
        os._exit(127)


def _default_signals() -> None:
    """Python ignores some signals, and so would the command."""
    for number in (signal.SIGPIPE, signal.SIGINT, signal.SIGXFSZ, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _connect(plan: Plan, failure: int) -> None:
    """Standard streams as planned, and no other descriptor of ours."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(plan.output, 1)
    os.dup2(plan.log, 2)
    for name in os.listdir("/proc/self/fd"):
        descriptor = int(name)
        if descriptor > 2 and descriptor != failure:
            with suppress(OSError):
                os.close(descriptor)
