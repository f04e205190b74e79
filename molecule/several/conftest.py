# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the scenarios over several machines."""

from __future__ import annotations

import typing as t

import pytest
from machines import Bed

if t.TYPE_CHECKING:
    import pathlib


@pytest.fixture(scope="module")
def bed(scratch: pathlib.Path) -> Bed:
    """The machines that the scenario runs on."""
    return Bed.load(scratch / "bed.json")
