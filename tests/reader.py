# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody who reads the documentation at a throw-away machine, and does what is written there."""

from __future__ import annotations

import os
import typing as t

from labmachine import BIN, ansible_environment

if t.TYPE_CHECKING:
    import pathlib

    from labmachine import LabMachine


class Reader:
    """Who follows a page in a directory of their own, as root."""

    def __init__(self, machine: LabMachine, place: pathlib.Path) -> None:
        self._machine, self.place = machine, place

    def writes(self, example: str, name: str = "") -> None:
        """Write a play to a file, by default the one that its first line names."""
        (self.place / (name or example.split()[1])).write_text(example, encoding="utf-8")

    def types(self, command: str, fails: bool = False) -> str:
        """What a command prints."""
        env = {**ansible_environment(str(self.place)), "PATH": f"{BIN}:{os.environ['PATH']}"}
        done = self._machine.run(["sh", "-c", command], check=False, cwd=str(self.place), env=env, timeout=300)
        assert bool(done.returncode) == fails, f"{command}:\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr
