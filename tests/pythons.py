# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python interpreters of this machine, by version."""

from __future__ import annotations

import os
import pathlib
import subprocess

VERSIONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14")


def _answers(path: str, version: str) -> str | None:
    """The interpreter behind a path, or None: a shim of pyenv is often none at all, or one of another version."""
    code = "import sys; print('%d.%d' % sys.version_info[:2], sys.executable)"
    try:
        done = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return None
    found, _blank, executable = done.stdout.strip().partition(" ")
    return executable if found == version else None


def _pyenv_roots() -> list[pathlib.Path]:
    """Where pyenv may keep its interpreters: beside its shims on PATH, which are there under any home, or at home."""
    places = [pathlib.Path(place) for place in os.environ["PATH"].split(os.pathsep)]
    return [*(place.parent for place in places if place.name == "shims"), pathlib.Path.home() / ".pyenv"]


def find() -> dict[str, str]:
    """Version ("3.9") to interpreter: what PATH has, else what pyenv has installed."""
    roots = _pyenv_roots()
    found = {}
    for version in VERSIONS:
        name = f"python{version}"
        installed = [str(path) for root in roots for path in sorted(root.glob(f"versions/{version}.*/bin/{name}"))]
        answers = (_answers(path, version) for path in (f"/usr/bin/{name}", *installed, name))
        executable = next((answer for answer in answers if answer), None)
        if executable:
            found[version] = executable
    return found


def path_of_links(directory: pathlib.Path) -> str:
    """A PATH with a link to each interpreter in `directory`, and without the shims of pyenv.

    For tools that take whatever is called python3.8 for a Python 3.8.
    """
    for version, executable in find().items():
        (directory / f"python{version}").symlink_to(executable)
    rest = [place for place in os.environ["PATH"].split(os.pathsep) if pathlib.Path(place).name != "shims"]
    return os.pathsep.join([str(directory), *rest])
