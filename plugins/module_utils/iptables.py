# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table nat of a namespace, by iptables-save(8) and iptables-restore(8), whichever back end they have.

A change is one run of iptables-restore: the kernel takes it as a whole. Besides rules the programs leave an empty table
and, with the older back end, a lock file. What was not there before goes with the last rule, if it can go.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from . import namespaces, nat, nftables
from .command import PATH
from .operations import ArrangeNat
from .rundir import DIRECTORY
from .state import Nat

#: Notes of what one of us made, in the directory of the ledgers: tables, and the lock file.
NOTE, _LOCK_NOTE = ".iptables", "lock"
#: XT_LOCK_NAME in iptables/xshared.h
_LOCK = "/run/xtables.lock"
#: How long iptables-restore waits for another one that holds the lock, and how long it may take at all.
_WAIT_S, _LIMIT_S = 20, 60
#: How a kernel without nf_tables, or without nfnetlink(7) at all, answers.
_NO_NF_TABLES = (errno.EPROTONOSUPPORT, errno.EOPNOTSUPP, errno.EINVAL)


def read(netns: str) -> Mapping[int, Nat]:
    """The table of each IP version."""
    return {family: _listed(netns, f"{program}-save") for family, program in nat.PROGRAMS.items()}


def _listed(netns: str, program: str) -> Nat:
    done = _run(netns, program)
    return Nat(unseen=_words(done)) if done.returncode else _table(done.stdout)


def _table(text: str) -> Nat:
    """The table nat out of what iptables-save prints of all. With C(-t nat) the older back end would make one."""
    lines = iter(text.splitlines())
    there = any(line == "*nat" for line in lines)
    found = []
    for line in lines:
        if line == "COMMIT":
            break
        if line.startswith("-A "):
            found.append(line)
    return Nat(there, tuple(found))


def arrange(step: ArrangeNat) -> None:
    """Carry the step out on what is there now. Raises OSError with the program's words."""
    with _alone():
        table = _listed(step.netns, f"{nat.PROGRAMS[step.family]}-save")
        if table.unseen:
            raise OSError(table.unseen)
        changes = nat.changes(table.rules, step.after, step.mine)
        if step.new:
            _note(f"{step.family}:{namespaces.identity(step.netns)}:{step.netns}")
        if not os.path.exists(_LOCK):
            _note(_LOCK_NOTE)
        _restore(step.netns, f"{nat.PROGRAMS[step.family]}-restore", changes.script())


def _restore(netns: str, program: str, script: str) -> None:
    done = _run(netns, program, "--noflush", "--wait", str(_WAIT_S), script=script)
    if done.returncode != 0:
        raise OSError(_words(done))


def _words(done: subprocess.CompletedProcess[str]) -> str:
    """Why a program has failed."""
    program = os.path.basename(done.args[0])
    return " ".join(done.stderr.split()) or f"{program} ended with status {done.returncode}"


def _run(netns: str, program: str, *arguments: str, script: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program inside the namespace; one that is not on this machine says nothing and fails."""
    found = shutil.which(program, path=PATH)
    command = [found or program, *arguments]
    if not found:
        return subprocess.CompletedProcess(command, 127, "", f"the command {program!r} is not on this machine")
    try:
        with namespaces.inside(netns):
            return subprocess.run(  # pylint: disable=ansible-bad-function  # the engine has no AnsibleModule
                command,
                input=script,
                capture_output=True,
                encoding="utf-8",
                errors="surrogateescape",
                env={"PATH": PATH, "LC_ALL": "C"},
                timeout=_LIMIT_S,
                check=False,
                start_new_session=True,  # Ctrl-C is for us
            )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", f"{program} did not end within {_LIMIT_S} s")


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the directory, so that no other run takes back what is noted and still to be made."""
    descriptor = os.open(DIRECTORY, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _note(what: str) -> None:
    """Remember what we are about to leave behind. All that there is to say is in the name of the file."""
    note = f"{DIRECTORY}/{NOTE}:{what}"
    os.close(os.open(note, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))


def take_back() -> None:
    """Remove what was noted: the tables that are empty now, and the lock file. What is gone is forgotten.

    The caller holds the directory. Raises OSError if anything could go and does not.
    """
    for name in os.listdir(DIRECTORY):
        if name.startswith(f"{NOTE}:") and _take_back(name.removeprefix(f"{NOTE}:")):
            os.unlink(f"{DIRECTORY}/{name}")


def _take_back(what: str) -> bool:
    """Whether it is gone, or need not go any more."""
    if what == _LOCK_NOTE:
        _remove_lock()
        return True
    family, identity, netns = what.split(":")
    return not _is_same(netns, identity) or _remove_table(netns, int(family))


def _remove_lock() -> None:
    """Take the lock file away, unless somebody else uses it by now."""
    with suppress(FileNotFoundError, BlockingIOError):
        descriptor = os.open(_LOCK, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(_LOCK)
        finally:
            os.close(descriptor)


def _is_same(netns: str, identity: str) -> bool:
    return namespaces.exists(netns) and namespaces.identity(netns) == identity


def _remove_table(netns: str, family: int) -> bool:
    try:
        with namespaces.inside(netns):
            return nftables.remove_table(family, "nat", ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"))
    except OSError as error:
        if error.errno not in _NO_NF_TABLES:
            raise
        return False
