# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table nat of a namespace, by iptables-save(8) and iptables-restore(8), whichever back end they have.

A change is one run of iptables-restore: the kernel takes it as a whole. Besides rules the programs leave an empty table
and, with the older back end, a lock file. What was not there before goes with the last rule, if it can go.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from collections.abc import Mapping
from contextlib import suppress

from . import namespaces, nat, nftables
from .command import PATH
from .operations import ArrangeNat
from .process import which
from .state import Nat

#: Notes of tables that one of us made, in the directory of the ledgers.
NOTE = ".nat"
_DIRECTORY = "/run/tcpip.lab"
#: XT_LOCK_NAME in iptables/xshared.h
_LOCK = "/run/xtables.lock"
#: How long iptables-restore waits for another one that holds the lock, and how long it may take at all.
_WAIT_S, _LIMIT_S = 20, 60


def read(netns: str) -> Mapping[int, Nat]:
    """The table of each IP version. A machine that cannot list any has none; a change then says why."""
    return {family: _table(_run(netns, f"{program}-save").stdout) for family, program in nat.PROGRAMS.items()}


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
    program = nat.PROGRAMS[step.family]
    changes = nat.changes(read(step.netns)[step.family].rules, step.after, step.mine)
    if step.new:
        _note(step.netns, step.family)
    locked = os.path.exists(_LOCK)
    done = _run(step.netns, f"{program}-restore", "--noflush", "--wait", str(_WAIT_S), script=changes.script())
    if not locked:
        _remove_lock()
    if done.returncode != 0:
        raise OSError(" ".join(done.stderr.split()) or f"{program}-restore ended with status {done.returncode}")


def _run(netns: str, program: str, *arguments: str, script: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program inside the namespace; one that is not on this machine says nothing and fails."""
    found = which(program)
    command = [found or program, *arguments]
    if not found:
        return subprocess.CompletedProcess(command, 127, "", f"the command {program!r} is not on this machine")
    with namespaces.inside(netns):
        return subprocess.run(
            command,
            input=script,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            env={"PATH": PATH, "LC_ALL": "C"},
            timeout=_LIMIT_S,
            check=False,
        )


def _remove_lock() -> None:
    """Take the lock file away that iptables has just made, unless somebody else uses it already."""
    with suppress(OSError):
        descriptor = os.open(_LOCK, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(_LOCK)
        finally:
            os.close(descriptor)


def _note(netns: str, family: int) -> None:
    """Remember that the table is made by one of us, before it is."""
    identity = namespaces.identity(netns)
    descriptor = os.open(
        f"{_DIRECTORY}/{NOTE}.{family}.{identity}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600
    )
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump([netns, family, identity], stream)


def take_back_tables() -> None:
    """Remove the tables that we made and that are empty now, and forget those whose namespace is gone."""
    for name in os.listdir(_DIRECTORY):
        if name.startswith(NOTE):
            with suppress(OSError, ValueError):
                _take_back(f"{_DIRECTORY}/{name}")


def _take_back(note: str) -> None:
    with open(note, encoding="utf-8") as stream:
        netns, family, identity = json.load(stream)
    if not _is_same(netns, identity) or _remove_table(netns, family):
        os.unlink(note)


def _is_same(netns: str, identity: str) -> bool:
    return namespaces.exists(netns) and namespaces.identity(netns) == identity


def _remove_table(netns: str, family: int) -> bool:
    with namespaces.inside(netns):
        return nftables.remove_table(family, "nat", ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"))
