# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one module as run_module.py does, and prints, as its last line, what part of its time it spent on telling how
far it has come. To look at the clock is counted, too, so that it is rather less.
"""

from __future__ import annotations

import json
import pathlib
import sys
import time
from typing import Any

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import run_module


class _Clock:
    """Seconds in calls of a function."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def around(self, function: Any) -> Any:
        """The function, with its seconds counted."""

        def counted(*arguments: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*arguments)
            finally:
                self.seconds += time.perf_counter() - began

        return counted


def main() -> None:
    """The command line."""
    began = time.perf_counter()
    order = json.load(sys.stdin)
    run_module.prepare(order)
    from ansible_collections.tcpip.lab.plugins.module_utils.progress import Progress

    clock = _Clock()
    Progress.tell = clock.around(Progress.tell)  # type: ignore[method-assign]
    try:
        run_module.run(order)
    finally:
        print(f"\n{clock.seconds / (time.perf_counter() - began)}")


if __name__ == "__main__":
    main()
