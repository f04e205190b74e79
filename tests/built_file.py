# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as the file that is published. ``built_file.py`` lets galaxy-importer judge it, as Galaxy does.

Galaxy takes a file in spite of warnings. Here each of them is a failure.
"""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys
import tempfile

import run_ansible_test

BIN = pathlib.Path(sys.prefix) / "bin"
# The rules for certified collections, too: one of Galaxy's tags has to be there. ansible-test is a linter of its own.
RULES = {"GALAXY_IMPORTER_CHECK_REQUIRED_TAGS": "true", "GALAXY_IMPORTER_RUN_ANSIBLE_TEST": "false"}


def build(directory: str | os.PathLike[str]) -> pathlib.Path:
    """Build the collection of this checkout into a directory; the file."""
    with run_ansible_test.copy_of_collection() as place:
        command = [str(BIN / "ansible-galaxy"), "collection", "build", "--output-path", str(directory)]
        subprocess.run(command, cwd=place, check=True, capture_output=True)
    (file,) = pathlib.Path(directory).glob("*.tar.gz")
    return file


def faults(file: pathlib.Path) -> list[str]:
    """What galaxy-importer has against a built file; nothing if it would be taken without a word."""
    env = {**os.environ, **RULES, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, "-m", "galaxy_importer.main", file.name]
    done = subprocess.run(command, cwd=file.parent, env=env, capture_output=True, text=True, check=False)
    found = re.findall(r"^(?:WARNING|ERROR|CRITICAL): .*", done.stdout, re.MULTILINE)
    if done.returncode and not found:
        found.append(done.stdout + done.stderr)
    return found


def main() -> int:
    """The command line."""
    with tempfile.TemporaryDirectory() as directory:
        found = faults(build(directory))
    print(*found, sep="\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
