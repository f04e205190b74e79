# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules run one after another by forks of one process, and each is killed before its nth act, or that act fails.

Reads orders as run_module.py takes them, one a line, with the number of the act and its `error`: one of errno(3), -1
for an answer that was interrupted, 0 for SIGKILL, null for an act like any other. It may be a table of lists, too, by
the sort of the act: then each act of a sort has the next one in turn.
Prints for each what the module printed, how it ended, and its acts up to that one.
"""

from __future__ import annotations

import collections
import importlib
import json
import os
import signal
import sys
import traceback
import typing as t

import acts
import module_server
import run_module

#: The whole of netlink messages whose each is an act itself.
_NO_STEPS = "batch"


class Hand:
    """Is asked before each act, notes it, and interferes with one."""

    def __init__(self, order: dict[str, t.Any], notes: int) -> None:
        self._most: int = order["act"]
        self._error: int | dict[str, list[int]] | None = order["error"]
        self._seen: collections.Counter[str] = collections.Counter()
        self._notes = notes
        self._write = os.write

    def ask(self, sort: str, words: str) -> int:
        """The error, or 0; or no answer, if this is the end."""
        if self._error == 0 and sort == _NO_STEPS:
            return 0
        self._most -= 1
        self._seen[sort] += 1
        error = self._chosen(sort) if self._most == 0 else None
        self._write(self._notes, (json.dumps([sort, words, error]) + "\n").encode())
        if error == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return error or 0

    def _chosen(self, sort: str) -> int | None:
        if self._error is None or isinstance(self._error, int):
            return self._error
        errors: list[int] = self._error.get(sort, self._error[""])
        return errors[self._seen[sort] % len(errors)]


def run(order: dict[str, t.Any]) -> dict[str, t.Any]:
    """Run a module in a fork."""
    printed, notes = os.memfd_create("printed"), os.memfd_create("notes")
    child = os.fork()
    if child == 0:
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        acts.watch(Hand(order, notes).ask)
        _end(order)
    _pid, status = os.waitpid(child, 0)
    lines = _text(notes).splitlines()
    return {"printed": _text(printed), "status": os.waitstatus_to_exitcode(status), "acts": [*map(json.loads, lines)]}


def _end(order: dict[str, t.Any]) -> None:
    """The module, which ends the process; so does what it does not catch, and what it prints must not be lost."""
    status = 1
    try:
        run_module.run(order)
    except SystemExit as end:
        status = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _text(descriptor: int) -> str:
    with os.fdopen(descriptor, encoding="utf-8", errors="replace") as stream:
        stream.seek(0)
        return stream.read()


def main() -> None:
    """Serve until the input ends."""
    for number, line in enumerate(sys.stdin):
        order = json.loads(line)
        if number == 0:
            run_module.prepare(order)
            importlib.import_module("ansible.module_utils.basic")
            module_server._import_all("ansible_collections.tcpip.lab.plugins.module_utils")
        print(json.dumps(run(order)), flush=True)


if __name__ == "__main__":
    main()
