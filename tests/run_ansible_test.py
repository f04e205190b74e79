# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ansible-test on this checkout, wherever it lies: ``run_ansible_test.py sanity|integration [ARGUMENT ...]``.

ansible-test insists on a directory ansible_collections/tcpip/lab, so it gets a copy there. Integration targets run in a
throw-away machine, which needs root.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import typing as t

import pythons
import throwaway
from ansible_test._internal import python_requirements

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(sys.prefix) / "bin"
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
# What this ansible-core's ansible-test tries of the Pythons that the modules promise to run with.
SANITY_VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
# What a checkout holds besides the collection, where git is not there to say it.
NOT_COPIED = shutil.ignore_patterns(
    ".venv*", ".collections", ".cache", ".ansible", ".hypothesis", ".*_cache", "__pycache__", "output", ".git"
)


def _files_of_git() -> list[str]:
    """The files that git keeps or would keep; none when this is not a git checkout."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return [name for name in done.stdout.split("\0") if name and (ROOT / name).exists()]


@contextlib.contextmanager
def copy_of_collection() -> t.Iterator[pathlib.Path]:
    """A copy of the collection in a directory of the name that Ansible's tools insist on; it goes again."""
    # Not in the checkout: there ansible-test would ask git, and be told that the copy is ignored.
    with tempfile.TemporaryDirectory() as directory:
        place = pathlib.Path(directory) / "ansible_collections/tcpip/lab"
        names = _files_of_git()
        for name in names:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name, follow_symlinks=False)
        if not names:
            shutil.copytree(ROOT, place, ignore=NOT_COPIED, symlinks=True)
        yield place


def _provide_pip() -> None:
    """ansible-test fetches a get-pip.py from a server of its own and keeps it. Python's own pip does as well."""
    source = pathlib.Path(python_requirements.__file__).read_text(encoding="utf-8")
    for version in re.findall(r"pip='([0-9.]+)'", source):
        script = pathlib.Path.home() / f".ansible/test/cache/get_pip_{version.replace('.', '_')}.py"
        if not script.exists():
            script.parent.mkdir(parents=True, exist_ok=True)
            script.write_text("import ensurepip\nensurepip.bootstrap(default_pip=True)\n", encoding="utf-8")


def run(kind: str, arguments: t.Sequence[str], place: pathlib.Path) -> int:
    """Run `ansible-test sanity` or `ansible-test integration` in the copy at `place`; its exit status."""
    links = place.parents[2] / "bin"
    links.mkdir()
    env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{pythons.path_of_links(links)}"}
    env.pop("ANSIBLE_CONFIG", None)
    command = [str(BIN / "ansible-test"), kind, "--color", "no", *arguments]
    if kind == "sanity":
        _provide_pip()
        return subprocess.run(command, cwd=place, env=env, check=False).returncode
    with throwaway.Machine.start([str(place.parents[2])]) as machine:
        inside = [*machine.enter(str(place)), *command, "--python", PYTHON]
        return subprocess.run(inside, env=env, stdin=subprocess.DEVNULL, check=False).returncode


def main() -> int:
    """The command line."""
    with copy_of_collection() as place:
        return run(sys.argv[1], sys.argv[2:], place)


if __name__ == "__main__":
    sys.exit(main())
