# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules run one after another by forks of one process, and each is killed before one of its acts, or that act fails.

Reads orders as run_module.py takes them, one a line, with the `act`, null for none, and its `error`: one of errno(3),
-1 for an answer that was interrupted, 0 for SIGKILL. An act is known by its sort, its words, and which one of those of
the same sort and words it is: other acts that come or go do not change that.
Prints for each what the module printed, how it ended, and its acts.
"""

from __future__ import annotations

import collections
import json
import os
import re
import signal
import sys
import typing as t

import acts
import module_server

#: What differs in the words of an act between two runs or two machines: numbers of descriptors, of namespaces and of
#: versions, the times of files, where Python is, and the random names of directories that are about to go.
_VARYING = re.compile(r"(?<=/fd/)\d+|(?<=cpython-)\d+|^\.[0-9a-f]{16}$|\d{9,}(\.\d+)?|/\S*/(?=python)")


class Hand:
    """Is asked before each act, notes it, and interferes with one."""

    def __init__(self, order: dict[str, t.Any], notes: int) -> None:
        self._chosen = tuple(order["act"] or ())
        self._error: int = order["error"]
        self._seen: collections.Counter[tuple[str, str]] = collections.Counter()
        self._notes = notes
        self._write = os.write

    def ask(self, sort: str, words: str) -> int:
        """The error, or 0; or no answer, if this is the end."""
        same = (sort, _VARYING.sub("", words))
        self._seen[same] += 1
        act = (*same, self._seen[same])
        self._write(self._notes, (json.dumps(act) + "\n").encode())
        if act != self._chosen:
            return 0
        if self._error == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return self._error


def run(order: dict[str, t.Any]) -> dict[str, t.Any]:
    """Run a module in a fork."""
    printed, notes = os.memfd_create("printed"), os.memfd_create("notes")
    child = os.fork()
    if child == 0:
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        acts.watch(Hand(order, notes).ask)
        module_server.end(order)
    _pid, status = os.waitpid(child, 0)
    lines = _text(notes).splitlines()
    return {"printed": _text(printed), "status": os.waitstatus_to_exitcode(status), "acts": [*map(json.loads, lines)]}


def _text(descriptor: int) -> str:
    with os.fdopen(descriptor, encoding="utf-8", errors="replace") as stream:
        stream.seek(0)
        return stream.read()


def main() -> None:
    """Serve until the input ends."""
    for number, line in enumerate(sys.stdin):
        order = json.loads(line)
        if number == 0:
            module_server.import_all(order)
        print(json.dumps(run(order)), flush=True)


if __name__ == "__main__":
    main()
