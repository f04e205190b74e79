# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one module of the collection under the interpreter that runs this file, as a target machine would.

Reads ``{"ansible": DIR, "collections": DIR, "module": NAME, "args": {...}}``; the module prints its result.
`ansible` is where ansible-core lies: under an older Python, which a target may have, it cannot be installed.
"""

from __future__ import annotations

import importlib.util
import json
import runpy
import sys
from typing import Any


def _provide_ansible(directory: str) -> None:
    """Make `import ansible` find the package in the directory, and nothing else that lies beside it."""
    spec = importlib.util.spec_from_file_location(
        "ansible", directory + "/__init__.py", submodule_search_locations=[directory]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["ansible"] = module
    spec.loader.exec_module(module)


def prepare(order: dict[str, Any]) -> None:
    """Make what the module needs importable."""
    _provide_ansible(order["ansible"])
    sys.path[0] = order["collections"]  # in the place of this file's directory


def run(order: dict[str, Any]) -> None:
    """Run the module; it ends the process."""
    from ansible.module_utils import basic

    # As Ansible's wrapper does, and ansible.module_utils.testing, whose import takes a third of what a module takes.
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": order["args"]}).encode()
    basic._ANSIBLE_PROFILE = "legacy"
    runpy.run_module(f"ansible_collections.tcpip.lab.plugins.modules.{order['module']}", run_name="__main__")


def main() -> None:
    """Run the module that is ordered by the standard input."""
    order = json.load(sys.stdin)
    prepare(order)
    run(order)


if __name__ == "__main__":
    main()
