# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What we made on this machine, under /run/tcpip.lab: one file and one lock a lab.

The ledger says where to look and what a setting was at first; the marks on the objects prove that they are ours.
It is written before the kernel is changed, with C(complete) false, so that a crash at any point leaves it true.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from . import interruption, iptables, namespaces
from .command import MACHINE
from .errors import LabError, naming, understood
from .merging import Items
from .progress import Progress
from .rundir import DIRECTORY, make_directory, remove_empty, sweep
from .state import ROOT
from .values import is_lab, namespace, namespace_or_root, text

_NETNS_DIRECTORY_IS_OURS = ".netns-directory"
#: What is lost with a ledger: the machine's, and a lab's.
_FIRST_VALUES = "nobody knows then what the settings were before the modules changed them"
_NOT_MARKED = "what the lab made is known by its marks, but not what its settings were first"


@dataclass
class Ledger:
    """What was applied last, and the first values of settings.

    C(first_values): namespace and name of the setting to the identity of the namespace and the value.
    C(spaces): the namespaces that the lab made, by name, with their identities.
    C(complete): whether the run came to its end. Otherwise C(earlier) is what the lab may have besides, of runs before.
    C(former): what the last run that changed something began with, None if that is not known or not wanted any more.
    C(elsewhere): the first values of the machine itself, where this run takes a named namespace for the root namespace.
    C(version): which of the files it was read from that have lain in its place.
    """

    lab: str
    resources: Items = field(default_factory=dict)
    first_values: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    spaces: dict[str, str] = field(default_factory=dict)
    complete: bool = True
    earlier: list[Items] = field(default_factory=list)
    former: Items | None = None
    elsewhere: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    version: tuple[int, ...] = field(default=(), compare=False)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to remember."""
        known = (self.resources, *self.earlier, self.former or {})
        return not any(any(items.values()) for items in known) and not (self.first_values or self.elsewhere)

    def known_values(self) -> dict[tuple[str, str], str]:
        """The first values of settings in namespaces that are still the same ones."""
        return {
            (netns, name): value
            for (netns, name), (identity, value) in self.first_values.items()
            if is_same(netns, identity)
        }


def load(lab: str) -> Ledger | None:
    """The ledger of a lab, None if there is none.

    Raises LabError when it cannot be read.
    """
    try:
        with open(file(lab), encoding="utf-8") as stream, understood(file(lab)):
            ledger = _at_home(_decode(json.load(stream), lab))
            ledger.version = _version(stream.fileno())
            return ledger
    except FileNotFoundError:
        return None
    except LabError as error:
        lost = _FIRST_VALUES if lab == MACHINE else _NOT_MARKED
        raise LabError(error.message, hint=f"remove the file: {lost}") from error


def save(ledger: Ledger) -> None:
    """Write the ledger in one step, or remove it when there is nothing left to remember.

    Raises LabError when it cannot be written.
    """
    with naming(f"write {file(ledger.lab)}"):
        if not ledger.empty:
            _write(file(ledger.lab), _encode(ledger))
            return
        with suppress(FileNotFoundError):
            os.unlink(file(ledger.lab))


@contextmanager
def lock(lab: str) -> Iterator[Progress]:
    """Hold the lab for the length of the block; a second run waits. No file is left when nothing is to remember.

    How far the run has come it tells in the file that is locked.
    """
    umask = os.umask(0o022)  # whatever the user's is: all may list /run/netns, as after ip-netns(8)
    try:
        yield from _locked(lab)
    finally:
        os.umask(umask)


def _locked(lab: str) -> Iterator[Progress]:
    with naming(f"lock {_lock_file(lab)}"):
        try:
            descriptor, waited = _acquire(lab)
        except OSError:
            with suppress(OSError):
                remove_empty(DIRECTORY)
            raise
    try:
        with naming(f"empty {_lock_file(lab)}"):
            os.ftruncate(descriptor, 0)  # a run that was killed left it
        yield Progress(descriptor, waited)
    except BaseException:
        with suppress(LabError):  # what was wrong before is what is to be told
            _release(lab, descriptor)
        raise
    _release(lab, descriptor)


def _release(lab: str, descriptor: int) -> None:
    """Let the next run begin, and leave nothing behind that is not needed. Raises LabError when that cannot be."""
    with naming(f"tidy up {DIRECTORY}", hint="what was asked for is done"):
        try:
            os.ftruncate(descriptor, 0)
            sweep(lab)
            with suppress(FileNotFoundError):
                os.unlink(f"{file(lab)}.new")  # by a run that was killed
            if not os.path.exists(file(lab)):
                os.unlink(_lock_file(lab))
        finally:
            os.close(descriptor)
        _tidy()


def others(lab: str) -> list[Ledger]:
    """The ledgers of all other labs that can be read."""
    found = []
    for other in labs():
        if other != lab:
            with suppress(LabError):
                found.append(load(other))
    return [each for each in found if each]


def labs() -> list[str]:
    """The labs that have a ledger, in order."""
    files = os.listdir(DIRECTORY) if os.path.isdir(DIRECTORY) else ()
    return sorted(name for name, extension in map(os.path.splitext, files) if extension == ".json" and is_lab(name))


def prepare_netns_directory() -> None:
    """See to it that there is /run/netns, and remember what is done for it, so that the last of us takes it back."""
    with naming(f"make {namespaces.DIRECTORY}"), _alone():
        namespaces.prepare_directory(lambda what: _write(_note(), [*_noted(), what]))


def _noted() -> list[str]:
    try:
        with open(_note(), encoding="utf-8") as stream, understood(_note()):
            return [str(each) for each in json.load(stream)]
    except FileNotFoundError:
        return []


def _write(file: str, content: Any) -> None:
    """Write a file in one step."""
    new = f"{file}.new"
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w") as stream:
        stream.write(json.dumps(content))  # dump() would write it piece by piece, in Python
    os.replace(new, file)


def _acquire(lab: str) -> tuple[int, bool]:
    """The descriptor of the locked file, and whether another run had it first."""
    waited = False
    while True:
        make_directory()
        try:
            descriptor = os.open(_lock_file(lab), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            continue  # another run has just tidied up the directory
        waited |= _wait_for(descriptor)
        if _is_current(descriptor, _lock_file(lab)):
            return descriptor, waited
        os.close(descriptor)  # the run before us removed the file with its lab: lock the new one


def _wait_for(descriptor: int) -> bool:
    """Lock a file; returns whether another run held it. Meanwhile this one can be interrupted."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        try:
            with interruption.waiting():
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        except interruption.InterruptionError:
            os.close(descriptor)
            raise
        return True
    return False


def _tidy() -> None:
    """Leave no trace when the last ledger is gone."""
    with _alone():
        iptables.take_back()
        left = os.listdir(DIRECTORY)
        if all(name.startswith(_NETNS_DIRECTORY_IS_OURS) for name in left) and namespaces.remove_directory(_noted()):
            for name in left:
                os.unlink(f"{DIRECTORY}/{name}")
        remove_empty(DIRECTORY)


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the directory itself: what all labs share is made and taken back by one run at a time.

    A lab's lock does not do for that: the last run of one lab may tidy up while the first of another prepares.
    """
    while True:
        make_directory()
        try:
            descriptor = os.open(DIRECTORY, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue  # another run has just removed it
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if _is_current(descriptor, DIRECTORY):
            break
        os.close(descriptor)
    try:
        yield
    finally:
        os.close(descriptor)


def _version(descriptor: int) -> tuple[int, ...]:
    """Each time that a ledger is written, its file is another one."""
    found = os.fstat(descriptor)
    return found.st_ino, found.st_mtime_ns


def _is_current(descriptor: int, file: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(file))
    except FileNotFoundError:
        return False


def is_same(netns: str, identity: str) -> bool:
    """Whether the namespace of that name is still the one with that identity."""
    try:
        return namespaces.identity(netns) == identity
    except FileNotFoundError:
        return False


def file(lab: str) -> str:
    """Where the ledger of a lab is."""
    return f"{DIRECTORY}/{lab}.json"


def _note() -> str:
    return f"{DIRECTORY}/{_NETNS_DIRECTORY_IS_OURS}"


def _lock_file(lab: str) -> str:
    return f"{DIRECTORY}/{lab}.lock"


def _at_home(ledger: Ledger) -> Ledger:
    """The ledger for a run that may be in a named namespace, as by C(ip netns exec): to it, this is the root."""
    own, first = namespaces.own_name(), ledger.first_values
    if own:
        ledger.elsewhere = {key: each for key, each in first.items() if key[0] == ROOT}
        ledger.first_values = {key: each for key, each in first.items() if key[0] not in (ROOT, own)}
        for (netns, name), (identity, value) in first.items():
            if netns == own and is_same(own, identity):
                ledger.first_values[ROOT, name] = (namespaces.identity(ROOT), value)
    return ledger


def _named(ledger: Ledger) -> dict[tuple[str, str], tuple[str, str]]:
    """The first values by the names that the namespaces have for all."""
    own, found = namespaces.own_name(), dict(ledger.elsewhere)
    for (netns, name), (identity, value) in ledger.first_values.items():
        if own and netns == ROOT:
            found[own, name] = (namespaces.identity(own), value)
        else:
            found[netns, name] = (identity, value)
    return found


def _encode(ledger: Ledger) -> dict[str, Any]:
    return {
        "lab": ledger.lab,
        "complete": ledger.complete,
        "resources": ledger.resources,
        "first_values": [[*key, *value] for key, value in _named(ledger).items()],
        "spaces": ledger.spaces,
        "earlier": ledger.earlier,
        "former": ledger.former,
    }


def _decode(document: Mapping[str, Any], lab: str) -> Ledger:
    """The ledger of the lab. Raises ValueError and its like for what was not written by us."""
    words = [[str(word) for word in each] for each in document["first_values"]]
    first = {(namespace_or_root(netns), text(name)): (identity, value) for netns, name, identity, value in words}
    spaces = {namespace(name): str(identity) for name, identity in document["spaces"].items()}
    earlier, former = [_items(each) for each in document["earlier"]], document.get("former")
    if document["lab"] != lab:
        raise ValueError(f"it is the ledger of {document['lab']!r}")
    former = None if former is None else _items(former)
    return Ledger(lab, _items(document["resources"]), first, spaces, bool(document["complete"]), earlier, former)


def _items(document: Mapping[str, Any]) -> Items:
    """Lists of items by kind."""
    if not all(isinstance(each, list) for each in document.values()):
        raise ValueError("it has something else than lists of items")
    return document
