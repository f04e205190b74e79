# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Throw-away machines for slow computers: one process in each of them runs all modules."""

from __future__ import annotations

import json
import subprocess
import typing as t

from labmachine import ROOT, LabMachine


class ServedMachine(LabMachine):
    """A throw-away machine in which module_server.py runs the modules."""

    _server: subprocess.Popen[str] | None = None

    def print_of_module(self, order: dict[str, t.Any]) -> str:
        """What the module prints."""
        if self._server is None:
            command = [self.module_python, str(ROOT / "tests/module_server.py")]
            self._server = self.popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()
        printed: str = json.loads(self._server.stdout.readline())
        return printed

    def stop(self) -> None:
        """End it, and the process with it."""
        super().stop()
        if self._server is not None:
            self._server.communicate()
