# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Begins a module of the collection where it lies. The text of this file is what in_place.py hands to the interpreter.

It does what Ansible's own wrapper does once it has unpacked a module.
"""

from __future__ import annotations

import sys

# The first is the working directory, or that of this program: nothing is imported from there, not even here.
# Python 3.11 can be told to have no such first one; and where this is only imported, the path is somebody else's.
if __name__ == "__main__" and not getattr(sys.flags, "safe_path", False):
    del sys.path[0]

import atexit
import gc
import importlib
import os
import runpy
import types


def begin(*, module: str, collections: str, ansible: str, options: str, profile: str, lab: str = "") -> None:
    """Run the module, which ends the process.

    :param collections: the directory C(ansible_collections).
    :param ansible: the directory in which the package C(ansible) is, should it not be found otherwise.
    :param options: what the module is given, as JSON.
    :param lab: whose namespaces the module will look at first of all, empty if it is none.
    """
    gc.disable()  # what is imported stays, and so does nearly all that a module makes
    sys.path.append(ansible)
    # Root leaves no files in a directory of somebody else.
    sys.dont_write_bytecode = any(os.stat(each).st_uid != os.geteuid() for each in (collections, ansible))
    # Another package of this name, with collections of its own, may have been installed beside Ansible.
    package = types.ModuleType("ansible_collections")
    package.__path__ = [collections]
    sys.modules[package.__name__] = package
    if lab:
        importlib.import_module(f"{module.rpartition('.modules.')[0]}.module_utils.ahead").begin(lab)
    basic = importlib.import_module("ansible.module_utils.basic")
    vars(basic).update(_ANSIBLE_ARGS=options.encode(), _ANSIBLE_PROFILE=profile)
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        # All has been said. To give memory back object by object would take a tenth of the time of a large lab.
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else int(end.code is not None))
