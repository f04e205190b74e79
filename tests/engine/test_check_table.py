# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page with all kinds of checks: each check that it shows says what it says there."""

from __future__ import annotations

import fnmatch
import typing as t

import yaml
from labs import PAIR
from shown import examples, kinds_of_checks

if t.TYPE_CHECKING:
    from labmachine import LabMachine


def test_what_each_kind_of_check_says(machine: LabMachine) -> None:
    machine.module("topology", name="veth", **PAIR)
    (example,) = examples("docs/checks.md", "yaml")
    machine.module("check", **yaml.safe_load(example))
    rows = kinds_of_checks()
    checks = [yaml.safe_load(f"{{{row.check}}}") for row in rows]
    assert [row.kind in check for row, check in zip(rows, checks)] == [True] * len(rows)
    results = machine.module("check", _fails=True, checks=checks)["results"]
    wrong = {row.kind: seen["got"] for row, seen in zip(rows, results) if not _says(seen, row.got)}
    assert not wrong


def _says(seen: dict[str, t.Any], got: str) -> bool:
    """Whether a check has failed, and with these words; three dots stand for any."""
    return not seen["ok"] and fnmatch.fnmatchcase(seen["got"], got.replace("...", "*"))
