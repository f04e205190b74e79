# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of long-lived commands have in common."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from labmachine import LabMachine

RUNTIME = "/run/tcpip.lab/process"


def alive(machine: LabMachine) -> list[str]:
    """The command lines of all processes in the machine, but for its init and those that look."""
    lines = machine.run(["ps", "-eo", "pid,stat,args", "--no-headers"]).stdout.splitlines()
    found = [line.split(None, 2) for line in lines]
    return [
        args for pid, stat, args in found if pid != "1" and not stat.startswith("Z") and not args.startswith("ps -eo")
    ]


def wait_for(machine: LabMachine, *command: str) -> None:
    """Return once the command succeeds."""
    machine.run(["sh", "-c", 'until "$@"; do sleep 0.02; done', "sh", *command], timeout=30)
