# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each machine is exactly as it was when it was new."""

from __future__ import annotations

import json
import typing as t

from machines import differences

if t.TYPE_CHECKING:
    import pathlib

    from machines import Bed


def test_nothing_was_left_and_nothing_is_missing(bed: Bed, scratch: pathlib.Path) -> None:
    before = json.loads((scratch / "before.json").read_text(encoding="utf-8"))
    found = differences(before, bed.snapshots())
    assert not found, "\n".join(found)
