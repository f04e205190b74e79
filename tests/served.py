# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Throw-away machines in which modules need not be imported each time they run."""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import signal
import subprocess
import sys
import threading
import typing as t

import snapshot
from labmachine import ROOT, LabMachine

_TIMEOUT_S = 300


class ServedMachine(LabMachine):
    """A throw-away machine whose modules are run by module_server.py."""

    #: Otherwise each has a process of its own, as on a machine that is no test's.
    is_served = True

    def print_of_module(self, order: dict[str, t.Any]) -> str:
        """What the module prints."""
        printed = self._printed(_server(self.module_python), order)
        return super().print_of_module(order) if printed is None else printed

    def snapshot(self) -> snapshot.Snapshot:
        """All that a lab could leave behind in the machine."""
        printed = self._printed(_server(sys.executable), self.order(""))
        if printed is None:
            return super().snapshot()
        found: snapshot.Snapshot = json.loads(printed)
        return found

    def _printed(self, server: Server, order: dict[str, t.Any]) -> str | None:
        """What is printed; None where it is not served, or while something else is that may have to wait for this."""
        if not self.is_served or not server.alone.acquire(blocking=False):
            return None
        try:
            self.enter()
            return server.printed({**order, "machine": self.pid, "environment": {**os.environ}})
        finally:
            server.alone.release()


class Server:
    """A process that runs modules for all machines, one after another. It ends with this process."""

    def __init__(self, python: str) -> None:
        """Start it.

        :param python: the interpreter.
        """
        self.alone = threading.Lock()
        command = [python, str(ROOT / "tests/module_server.py")]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, start_new_session=True, cwd="/")
        atexit.register(self._process.communicate)

    def printed(self, order: dict[str, t.Any]) -> str:
        """What the module of an order prints.

        :raises AssertionError: when it takes too long, or the process has ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        if not select.select([self._process.stdout], [], [], _TIMEOUT_S)[0]:
            os.killpg(self._process.pid, signal.SIGKILL)
        line = self._process.stdout.readline()
        if not line:
            raise AssertionError(f"{order['module']}: nothing in {_TIMEOUT_S} s, or the process that runs it has ended")
        printed: str = json.loads(line)
        return printed


@functools.cache
def _server(python: str) -> Server:
    """The one of an interpreter."""
    return Server(python)
