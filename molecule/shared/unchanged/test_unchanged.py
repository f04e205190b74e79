# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine is exactly as it was when it was new."""

from __future__ import annotations

import json
import pathlib
import typing as t

import snapshot

if t.TYPE_CHECKING:
    from labmachine import LabMachine


def test_nothing_was_left_and_nothing_is_missing(machine: LabMachine, scratch: pathlib.Path) -> None:
    before = json.loads((scratch / "before.json").read_text(encoding="utf-8"))
    differences = snapshot.diff(before, machine.snapshot())
    assert not differences, "\n".join(differences)
