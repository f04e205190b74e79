# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``meant.py WORD KNOWN...``: what to say of a word that is none of those that there are, as the modules say it.

It is run before there is an environment, so it has nothing but Python's own.
"""

from __future__ import annotations

import pathlib
import runpy
import sys

HINTS = pathlib.Path(__file__).resolve().parent.parent / "plugins/module_utils/hints.py"

if __name__ == "__main__":
    print(runpy.run_path(str(HINTS))["meant"](sys.argv[1], sys.argv[2:]))
