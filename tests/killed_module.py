# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one module as `run_module.py` does, and kills it with SIGKILL before its nth act on the machine.

With a command behind n, the command is run at that moment instead: somebody meddles.

Acts are requests to the kernel, calls for namespaces and mounts, changes of files in /run and of kernel settings,
starts of processes and signals to them, and runs of iptables.
Reads the same order from its input. Ends as the module does where it has fewer acts.
"""

from __future__ import annotations

import importlib
import os
import runpy
import signal
import subprocess
import sys
import typing as t

import run_module

_EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir")
#: What is done by other commands, and for long-lived ones, in directories that are known by a descriptor.
_OF_COMMANDS = {
    "iptables": ("_restore",),
    "nftables": ("_delete",),
    "rundir": ("make_inside", "write", "_remove", "set_aside", "bring_back"),
    "launch": ("open_log", "open_output", "fork"),
    "process": ("_see_ready", "_signal", "_await_end"),
    "records": ("instruct",),
}
_UTILS = "ansible_collections.tcpip.lab.plugins.module_utils"


class Killer:
    """Counts acts, and ends the process before the nth, or runs a command there."""

    def __init__(self, most: int, command: list[str]) -> None:
        self._left = most
        self._command = command

    def act(self) -> None:
        self._left -= 1
        if self._left == 0 and self._command:
            subprocess.run(self._command, check=True)
        elif self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def audit(self, event: str, arguments: tuple[t.Any, ...]) -> None:
        if event not in _EVENTS or not str(arguments[0]).startswith(("/run/", "/proc/sys/")):
            return
        if event != "open" or arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            self.act()

    def wrap(self, module: str, name: str, of: str = "") -> None:
        """Count the calls of a function, or of a method of the class C(of), as acts."""
        holder = importlib.import_module(f"{_UTILS}.{module}")
        target = getattr(holder, of) if of else holder
        original = getattr(target, name)

        def counted(*args: t.Any, **kwargs: t.Any) -> t.Any:
            self.act()
            return original(*args, **kwargs)

        setattr(target, name, counted)


def main() -> None:
    """Arm the killer at the last moment, when the collection can be imported, and run the module."""
    killer = Killer(int(sys.argv[1]), sys.argv[2:])
    run = runpy.run_module

    def armed(*args: t.Any, **kwargs: t.Any) -> t.Any:
        killer.wrap("netlink", "execute", of="Socket")
        killer.wrap("namespaces", "_call")
        for module, names in _OF_COMMANDS.items():
            for name in names:
                killer.wrap(module, name)
        killer.wrap("launch", "go", of="Child")
        sys.addaudithook(killer.audit)
        return run(*args, **kwargs)

    runpy.run_module = armed
    run_module.main()


if __name__ == "__main__":
    main()
