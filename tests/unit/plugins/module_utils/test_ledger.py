# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files in the directory that all runs share are ledgers of labs."""

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import iptables, ledger


def test_no_other_file_is_taken_for_a_labs(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setattr(ledger, "DIRECTORY", str(tmp_path))
    note = f"{iptables.NOTE}:4:4026531840:x.json"  # of a namespace that is called x.json
    for name in ("lab2.json", "lab1.json", "lab1.lock", "lab1.json.new", ".machine.json", note):
        (tmp_path / name).touch()
    assert ledger.labs() == ["lab1", "lab2"]
