# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that does not come to its end is told of in words, not by a traceback."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import iptables, process
from ansible_collections.tcpip.lab.plugins.module_utils.command import PATH, Command, Spot
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError

LIMIT_S = 0.2


def test_of_iptables(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    program = tmp_path / "iptables-restore"
    program.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(iptables, "PATH", f"{tmp_path}:{PATH}")
    monkeypatch.setattr(iptables, "_LIMIT_S", LIMIT_S)
    with pytest.raises(OSError, match=r"^iptables-restore did not end within 0\.2 s$"):
        iptables._restore("", "iptables-restore", "")


def test_of_the_test_of_a_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    (tmp_path / "staged").mkdir()
    monkeypatch.setattr(Spot, "directory", str(tmp_path))
    monkeypatch.setattr(process, "_TEST_S", LIMIT_S)
    command = Command(Spot("lab", "process", "", "nap"), ("true",), test=("sleep", "60"))
    with pytest.raises(LabError, match=r"process nap: \S*sleep does not say within 0\.2 s whether it is right$"):
        process._run_test(command)
