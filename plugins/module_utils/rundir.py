# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories under /run/tcpip.lab: only root writes there, and no link is followed, whoever may have planted it."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from .errors import LabError

#: Where all is that we remember on this machine, and in it what is about processes.
DIRECTORY, PROCESSES = "/run/tcpip.lab", "process"
#: What the name of a directory begins with that was set aside: that of none begins with it otherwise.
_ASIDE = "."
#: Everything is opened by this: the very thing, if it is not a link.
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: For directories on the way to what others than root have to read: they can be passed, not listed.
PRIVATE, PASSABLE = 0o700, 0o711
#: The longest text, in bytes, that is read of what a process has written; what only root writes is read whole.
_MOST, WHOLE = 4 << 20, -1


def make_directory() -> None:
    """Make /run/tcpip.lab: others pass through it to the files that a process of theirs is given, and cannot list it.

    Raises LabError when something else is there.
    """
    while True:
        with suppress(FileExistsError):
            os.mkdir(DIRECTORY, PRIVATE)
        try:
            _see_to_it()
        except FileNotFoundError:  # another run has just tidied up
            continue
        return


def _see_to_it() -> None:
    found = os.lstat(DIRECTORY)
    if found.st_uid != os.geteuid() or found.st_mode & 0o066 or not stat.S_ISDIR(found.st_mode):
        raise LabError(
            f"{DIRECTORY} is not a directory of root's own that nobody else can list or write", hint="remove it"
        )
    if stat.S_IMODE(found.st_mode) != PASSABLE:  # a run that was killed has made it, or this one has
        os.chmod(DIRECTORY, PASSABLE)


@contextmanager
def opened(parts: Sequence[str], make: bool = False) -> Iterator[int]:
    """A descriptor of the directory of that path under /run/tcpip.lab/process, made with C(make) if it is not there.

    Raises FileNotFoundError if it is not there, LabError if a part of the way is not a directory of root's own.
    """
    descriptor = _open(parts, make)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _open(parts: Sequence[str], make: bool) -> int:
    while True:
        if make:
            make_directory()
        try:
            return _walk(parts, make)
        except FileNotFoundError:
            if not make:
                raise  # otherwise another run has just tidied up a directory on the way


def _walk(parts: Sequence[str], make: bool) -> int:
    descriptor, path = -1, ""
    for part in (DIRECTORY, PROCESSES, *parts):
        path = f"{path}/{part}" if path else part
        try:
            inner = _step(descriptor, part, path, make)
        finally:
            if descriptor >= 0:
                os.close(descriptor)
        descriptor = inner
    return descriptor


def _step(descriptor: int, part: str, path: str, make: bool) -> int:
    parent = None if descriptor < 0 else descriptor
    if make and parent is not None:
        with suppress(FileExistsError):
            os.mkdir(part, PASSABLE, dir_fd=parent)
    try:
        inner = os.open(part, _DIRECTORY, dir_fd=parent)
    except NotADirectoryError:  # also where it is a link
        raise _refused(path) from None
    found = os.fstat(inner)
    if found.st_uid != os.geteuid() or found.st_mode & 0o022:
        os.close(inner)
        raise _refused(path)
    return inner


def _refused(path: str) -> LabError:
    return LabError(f"{path} is not a directory of root's own that nobody else can write to", hint="remove it")


def let_pass(directory: int, others: bool) -> None:
    """Let other users than root pass through the directory to what is theirs in it, or not."""
    os.fchmod(directory, PASSABLE if others else PRIVATE)


def make_inside(directory: int, name: str, mode: int, uid: int = 0, gid: int = 0) -> None:
    """Make a directory with this mode and owner, or give them to the one that is there."""
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=directory)
    inner = os.open(name, _DIRECTORY, dir_fd=directory)
    try:
        os.fchown(inner, uid, gid)
        os.fchmod(inner, mode)
    finally:
        os.close(inner)


def names(parts: Sequence[str]) -> list[str]:
    """What is in the directory, none if it is not there."""
    try:
        with opened(parts) as directory:
            return sorted(os.listdir(directory))
    except FileNotFoundError:
        return []


def read(directory: int, name: str, offset: int = 0, most: int = _MOST) -> str | None:
    """A text from C(offset) in bytes on, at most C(most) of them; None if there is no regular file of that name."""
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as stream:
        stream.seek(offset)
        return stream.read(most).decode("utf-8", "surrogateescape")


def write(directory: int, name: str, content: str, mode: int = 0o600, gid: int = 0) -> None:
    """Write a text in one step: whoever reads finds the old one or the new one."""
    new = f".{name.replace('/', '_')}.new"
    with suppress(FileNotFoundError):
        os.unlink(new, dir_fd=directory)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(new, flags, 0o600, dir_fd=directory)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            os.fchown(descriptor, 0, gid)
            os.fchmod(descriptor, mode)
            stream.write(content.encode("utf-8", "surrogateescape"))
        os.replace(new, name, src_dir_fd=directory, dst_dir_fd=directory)
    except OSError:
        os.unlink(new, dir_fd=directory)
        raise


def empty(directory: int, keep: Sequence[str] = ()) -> None:
    """Remove all that is in the directory, but for what is to be kept."""
    for name in os.listdir(directory):
        if name not in keep:
            _remove(directory, name)


def _remove(directory: int, name: str) -> None:
    """Remove a file, or a directory with all that is in it: others may have nested more than recursion could reach."""
    left = [name]
    while left:
        each = left.pop()
        try:
            os.unlink(each, dir_fd=directory)
        except IsADirectoryError:
            left += _raise_inner(directory, each)
            os.rmdir(each, dir_fd=directory)


def _raise_inner(directory: int, name: str) -> list[str]:
    """Remove the files of a directory inside, and move its directories out of it; returns their new names."""
    raised = []
    inner = os.open(name, _DIRECTORY, dir_fd=directory)
    try:
        for each in os.listdir(inner):
            try:
                os.unlink(each, dir_fd=inner)
            except IsADirectoryError:
                raised.append(f".{secrets.token_hex(8)}")
                os.rename(each, raised[-1], src_dir_fd=inner, dst_dir_fd=directory)
    finally:
        os.close(inner)
    return raised


def set_aside(parts: Sequence[str]) -> bool:
    """Give the directory a name that nobody asks for, until C(sweep) removes it; returns whether it was there."""
    *way, name = parts
    try:
        with opened(way) as parent:
            with suppress(FileNotFoundError):
                _sweep_out([*way, _ASIDE + name])  # by a run that was killed
            os.rename(name, _ASIDE + name, src_dir_fd=parent, dst_dir_fd=parent)
    except FileNotFoundError:
        return False
    return True


def bring_back(parts: Sequence[str]) -> None:
    """Give a directory that was set aside its name back."""
    *way, name = parts
    with opened(way) as parent:
        os.rename(_ASIDE + name, name, src_dir_fd=parent, dst_dir_fd=parent)


def tidy(parts: Sequence[str]) -> None:
    """Remove the directory, which is empty, and those above it that are empty with it."""
    way = [DIRECTORY, PROCESSES, *parts]
    while len(way) > 1:
        with suppress(FileNotFoundError):  # those above it may still be there
            if not remove_empty("/".join(way)):
                return
        way.pop()


def remove_empty(directory: str) -> bool:
    """Remove the directory if there is nothing in it; returns whether that is so. Raises OSError if it cannot go."""
    try:
        os.rmdir(directory)
    except OSError as error:
        if error.errno != errno.ENOTEMPTY:
            raise
        return False
    return True


def sweep(scope: str) -> None:
    """Remove what was set aside, and empty directories of a lab that a run has left which was killed meanwhile."""
    for netns in names([scope]):
        for process in names([scope, netns]):
            _sweep_out([scope, netns, process])
        tidy([scope, netns])
    tidy([scope])


def _sweep_out(parts: Sequence[str]) -> None:
    if parts[-1].startswith(_ASIDE):
        with opened(parts) as directory:
            empty(directory)
    tidy(parts)
