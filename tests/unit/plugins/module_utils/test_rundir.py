# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directories come, are emptied and go, whatever other runs and the processes in them do."""

from __future__ import annotations

import os
import pathlib
import stat

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import rundir


def test_another_run_removes_the_directory_that_was_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    directory, make = tmp_path / "tcpip.lab", os.mkdir
    directory.mkdir()
    attempts: list[str] = []

    def mkdir(path: str, mode: int) -> None:
        attempts.append(path)
        if len(attempts) > 1:
            make(path, mode)
            return
        directory.rmdir()  # what the other run does in this moment
        raise FileExistsError(path)

    monkeypatch.setattr(rundir, "DIRECTORY", str(directory))
    monkeypatch.setattr(os, "mkdir", mkdir)
    rundir.make_directory()
    assert stat.S_IMODE(directory.stat().st_mode) == rundir.PASSABLE


def test_what_a_process_has_nested_goes_without_a_step_into_each(tmp_path: pathlib.Path) -> None:
    kept, directory = tmp_path / "kept", tmp_path / "process"
    for each in (kept, directory):
        each.mkdir()
        (each / "log").write_text("said")
    _nest(directory, 1500, str(kept))
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        rundir.empty(descriptor, ["log"])
    finally:
        os.close(descriptor)
    assert os.listdir(directory) == ["log"]
    assert os.listdir(kept) == ["log"]


def _nest(directory: pathlib.Path, depth: int, target: str) -> None:
    """Directories in each other, and in each a file, a link and one more directory with a file."""
    inner = os.open(directory, os.O_RDONLY)
    for _level in range(depth):
        for name in ("data", "other"):
            os.mkdir(name, 0o700, dir_fd=inner)
        for name in ("file", "other/file"):
            os.close(os.open(name, os.O_WRONLY | os.O_CREAT, 0o600, dir_fd=inner))
        os.symlink(target, "link", dir_fd=inner)
        outer, inner = inner, os.open("data", os.O_RDONLY, dir_fd=inner)
        os.close(outer)
    os.close(inner)
