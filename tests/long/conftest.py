# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the long tests are."""

from __future__ import annotations

import typing as t

import pytest

if t.TYPE_CHECKING:
    from labmachine import LabMachine


@pytest.fixture
def machine(machine: LabMachine) -> LabMachine:
    """As everywhere, but IPv6 addresses of its root namespace are there at once."""
    machine.run(["sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.all.accept_dad=0"])
    return machine


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """How often."""
    number: int = request.config.getoption("--rounds")
    return number
