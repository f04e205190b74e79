# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The run did what the run in check mode had said, task by task and diff by diff."""

from __future__ import annotations

import typing as t

from labmachine import changes, read_record

if t.TYPE_CHECKING:
    import pathlib


def test_the_run_did_what_was_predicted(scratch: pathlib.Path) -> None:
    (predicted,) = (scratch / "record").glob("*-check")
    playbook = predicted.name.removesuffix("-check")
    done = changes(read_record(scratch / "record", playbook))
    assert done, "the run changed nothing, so there was nothing to predict"
    assert changes(read_record(scratch / "record", playbook, check=True)) == done
