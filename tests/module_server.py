# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules run one after another by forks of one process that has imported everything already.

Under emulation an import of all that a module needs takes 5 to 15 seconds, a fork of this process a few tenths of one.
Reads the orders of run_module.py, one a line, and prints what each module printed as JSON, one a line.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import sys
import typing as t

import run_module


def main() -> None:
    """Serve until the input ends."""
    for number, line in enumerate(sys.stdin):
        order = json.loads(line)
        if number == 0:
            run_module.prepare(order)
            importlib.import_module("ansible.module_utils.basic")
            _import_all("ansible_collections.tcpip.lab.plugins.module_utils")
        print(json.dumps(_printed_by_fork(order)), flush=True)


def _import_all(package: str) -> None:
    """Import the package and all that is in it, but for programs."""
    path = importlib.import_module(package).__path__
    for each in pkgutil.walk_packages(path, package + "."):
        if not each.name.endswith(".__main__"):
            importlib.import_module(each.name)


def _printed_by_fork(order: dict[str, t.Any]) -> str:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(writing, 1)
        os.dup2(writing, 2)
        run_module.run(order)  # the module ends the process
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        printed = pipe.read()
    os.waitpid(child, 0)
    return printed


if __name__ == "__main__":
    main()
