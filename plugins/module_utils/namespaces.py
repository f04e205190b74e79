# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network namespaces in this process: open, enter, make, remove. No helper process is started.

A named namespace is a file in /run/netns with the namespace mounted on it, as ip-netns(8) has it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import time
from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Callable

from .errors import LabError
from .hints import meant
from .state import describe

DIRECTORY = "/run/netns"

_HOME = "/proc/thread-self/ns/net"
_CLONE_NEWNET = 0x40000000
_MS_BIND, _MS_REC, _MS_SHARED, _MNT_DETACH = 0x1000, 0x4000, 0x100000, 2
#: How long another process may take between making the file and mounting the namespace on it.
_HALF_MADE_S = 0.5

_libc = ctypes.CDLL(None, use_errno=True)


def path(name: str) -> str:
    """Where the namespace C(name) is mounted; the root namespace is this thread's own."""
    return f"{DIRECTORY}/{name}" if name else _HOME


def exists(name: str) -> bool:
    """Whether C(name) is a namespace and not a mere file left in the directory."""
    return _device(path(name)) == _namespaces_device()


def identity(name: str) -> str:
    """What tells the namespace from another one that has its name later.

    Numbers of inodes are given again soon, so the time of its making counts, too. There is one root namespace only.
    """
    found = os.stat(path(name))
    return f"{found.st_ino}.{found.st_ctime_ns}" if name else str(found.st_ino)


@cache
def own_name() -> str:
    """The name of this thread's namespace, empty if it has none, as that of the machine has not."""
    own = os.stat(_HOME)
    with suppress(OSError):
        if os.path.samestat(own, os.stat("/proc/1/ns/net")):
            return ""
    return next((name for name in entries() if _is(name, own)), "")


def _is(name: str, namespace: os.stat_result) -> bool:
    with suppress(FileNotFoundError):  # it has gone since
        return os.path.samestat(os.stat(path(name)), namespace)
    return False


def names() -> list[str]:
    """The named namespaces of this machine, in order."""
    return sorted(entry for entry in entries() if exists(entry))


def entries() -> list[str]:
    """What is in the directory of namespaces, mere files among them."""
    try:
        return os.listdir(DIRECTORY)
    except FileNotFoundError:
        return []


def open_namespace(name: str) -> int:
    """A file descriptor of the namespace; the caller closes it.

    Raises LabError when there is none of that name.
    """
    if not _comes_to_be(name):
        raise LabError(f"there is no {describe(name)}", hint=meant(name, names()))
    return os.open(path(name), os.O_RDONLY | os.O_CLOEXEC)


@contextmanager
def inside(name: str) -> Iterator[None]:
    """Run the block with this thread in the namespace, and come back whatever happens."""
    if not name:
        yield
        return
    descriptor = open_namespace(name)
    try:
        with _returning():
            _call("setns", descriptor, _CLONE_NEWNET)
            yield
    finally:
        os.close(descriptor)


@contextmanager
def anonymous() -> Iterator[None]:
    """Run the block with this thread in a new namespace without a name, which ends with what is opened in it."""
    with _returning():
        _call("unshare", _CLONE_NEWNET)
        yield


def create(name: str, prepare: Callable[[], None]) -> None:
    """Make the namespace C(name); C(prepare) runs in it before anybody can see it by its name.

    Raises LabError when the name is taken, OSError when the kernel refuses.
    """
    _reserve(name)
    try:
        with _returning():
            _call("unshare", _CLONE_NEWNET)
            prepare()
            _mount(_HOME, path(name), _MS_BIND)
    except BaseException:
        os.unlink(path(name))
        raise


def attach(name: str, descriptor: int) -> None:
    """Give the namespace behind C(descriptor) the name C(name) again, with all that is in it."""
    _reserve(name)
    _mount(f"/proc/self/fd/{descriptor}", path(name), _MS_BIND)


def remove(name: str, descriptor: int) -> None:
    """Take the name away from the namespace behind C(descriptor), which ends with its last user. All of it or nothing.

    Raises OSError when the kernel refuses.
    """
    _call("umount2", path(name).encode(), _MNT_DETACH)
    try:
        os.unlink(path(name))
    except OSError:
        _mount(f"/proc/self/fd/{descriptor}", path(name), _MS_BIND)
        raise


def prepare_directory(note: Callable[[str], None]) -> None:
    """Make /run/netns as ip-netns(8) does, shared so that all mount namespaces see what comes and goes in it.

    Before anything is done for it, C(note) hears what: C(directory), C(mount).
    """
    if not os.path.isdir(DIRECTORY):
        note("directory")
        os.mkdir(DIRECTORY, 0o755)
    try:
        _mount("", DIRECTORY, _MS_SHARED | _MS_REC)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        note("mount")
        _mount(DIRECTORY, DIRECTORY, _MS_BIND | _MS_REC)
        _mount("", DIRECTORY, _MS_SHARED | _MS_REC)


def remove_directory(done: Container[str]) -> bool:
    """Take back what C(prepare_directory) did, unless somebody has a namespace there; returns whether it is done."""
    if os.path.isdir(DIRECTORY) and os.listdir(DIRECTORY):
        return False
    if "mount" in done:
        with suppress(OSError):
            _call("umount2", DIRECTORY.encode(), _MNT_DETACH)
    if "directory" in done:
        with suppress(OSError):
            os.rmdir(DIRECTORY)
    return True


def discard_leftover(name: str) -> None:
    """Remove a file that a crash left between making it and mounting a namespace on it."""
    if os.path.exists(path(name)) and not exists(name):
        os.unlink(path(name))


def _reserve(name: str) -> None:
    """Take the name, so that nobody else does; what a crash left under it is cleared away."""
    if os.path.exists(path(name)) and not _comes_to_be(name):
        discard_leftover(name)
    try:
        os.close(os.open(path(name), os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0))
    except FileExistsError:
        raise LabError(f"{describe(name)} was made by somebody else in the meantime") from None


def _comes_to_be(name: str) -> bool:
    """Whether there is a namespace of that name, or another process is making it: the file comes before the mount."""
    deadline = time.monotonic() + _HALF_MADE_S
    while not exists(name):
        if not os.path.exists(path(name)) or time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@contextmanager
def _returning() -> Iterator[None]:
    home = os.open(_HOME, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield
    finally:
        _call("setns", home, _CLONE_NEWNET)
        os.close(home)


@cache
def _namespaces_device() -> int | None:
    """The file system of the kernel that all namespaces are on."""
    return _device(_HOME)


def _device(file: str) -> int | None:
    try:
        return os.stat(file).st_dev
    except FileNotFoundError:
        return None


def _mount(source: str, target: str, flags: int) -> None:
    _call("mount", source.encode(), target.encode(), b"none", ctypes.c_ulong(flags), None)


def _call(function: str, *arguments: object) -> None:
    if getattr(_libc, function)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")
