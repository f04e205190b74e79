# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests of the playbooks."""

from __future__ import annotations

import typing as t

import pytest
from reader import Reader

if t.TYPE_CHECKING:
    from labmachine import LabMachine


@pytest.fixture
def reader(machine: LabMachine, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """Somebody at a machine of their own."""
    return Reader(machine, tmp_path_factory.mktemp("reader"))
