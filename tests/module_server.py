# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules run one after another by forks of one process that has imported everything already, each in a machine.

An import of all that a module needs takes longer than what most modules do in a test, and under emulation 5 to 15
seconds; a fork takes some ms. Reads the orders of run_module.py, one a line, with the `machine`: the process id of its
first process; and with the `environment`. Where there is no `module`, it is a snapshot that is asked for. Prints what
was printed for each as JSON, one a line.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import pkgutil
import signal
import sys
import traceback
from typing import Any, NoReturn

import run_module
import snapshot

#: What a machine has of its own: CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWPID, CLONE_NEWNET (linux/sched.h).
_NAMESPACES = 0x20000 | 0x4000000 | 0x8000000 | 0x20000000 | 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Serve until the input ends."""
    for number, line in enumerate(sys.stdin):
        order = json.loads(line)
        if number == 0:
            import_all(order)
        print(json.dumps(_printed_by_fork(order)), flush=True)


def import_all(order: dict[str, Any]) -> None:
    """Import what modules need, but for programs."""
    run_module.prepare(order)
    importlib.import_module("ansible.module_utils.basic")
    package = "ansible_collections.tcpip.lab.plugins.module_utils"
    for each in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
        if not each.name.endswith(".__main__"):
            importlib.import_module(each.name)
    gc.freeze()  # what all forks share is not to be copied for being looked at


def _printed_by_fork(order: dict[str, Any]) -> str:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.dup2(writing, 1)
        os.dup2(writing, 2)
        _enter(order["machine"])
        _run_by_fork(order)  # it is children alone that are in the machine's namespace of processes
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8", errors="replace") as pipe:
        printed = pipe.read()
    os.waitpid(child, 0)
    return printed


def _enter(machine: int) -> None:
    """Go into the machine (setns(2)), as nsenter(1) does."""
    descriptor = os.pidfd_open(machine)
    if _libc.setns(descriptor, _NAMESPACES):
        raise OSError(ctypes.get_errno(), "setns")
    os.close(descriptor)


def _run_by_fork(order: dict[str, Any]) -> NoReturn:
    child = os.fork()
    if child == 0:
        # What a shell starts in the background ignores these two, and so would all that is started here.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)
        os.environ.clear()
        os.environ.update(order["environment"])
        end(order)
    os.waitpid(child, 0)
    os._exit(0)


def end(order: dict[str, Any]) -> NoReturn:
    """Do what is ordered, and end with it: what is printed must not be lost, nor what is not caught."""
    status = 1
    try:
        if order["module"]:
            run_module.run(order)
        else:
            status = snapshot.main([])
    except SystemExit as ended:
        status = int(ended.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
