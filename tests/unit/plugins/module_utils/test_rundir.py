# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory that all runs share comes and goes with the first and the last of them."""

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
