# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command and prints what it took, as JSON. It is small, so that it adds nothing to what it measures.

``meter.py LOG STDIN COMMAND ...``; whatever the command prints goes to the file LOG.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time

_EVERY_S = 0.05


def _open_files(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def main() -> None:
    """The command line."""
    log, stdin, *command = sys.argv[1:]
    files = [
        (os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    began = time.monotonic()
    pid = os.posix_spawnp(command[0], command, os.environ, file_actions=files)
    most = 0
    ended = select.poll()
    ended.register(os.pidfd_open(pid), select.POLLIN)
    while not ended.poll(_EVERY_S * 1000):
        most = max(most, _open_files(pid))
    wall = time.monotonic() - began
    _pid, status, used = os.wait4(pid, 0)
    took = {
        "status": os.waitstatus_to_exitcode(status),
        "wall": wall,
        "cpu": used.ru_utime + used.ru_stime,
        "kernel": used.ru_stime,
        "memory": used.ru_maxrss / 1024,
        "files": most,
    }
    print(json.dumps(took))


if __name__ == "__main__":
    main()
