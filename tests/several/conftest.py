# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests over several machines."""

from __future__ import annotations

import typing as t

import pytest
from machines import Bed


@pytest.fixture(scope="module", params=[3])
def bed(request: pytest.FixtureRequest) -> t.Iterator[Bed]:
    """Machines that all tests of a file share, three if it does not parametrize this."""
    with Bed.made(request.param) as made:
        yield made
