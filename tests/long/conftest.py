# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the long tests are, and what they have tried."""

from __future__ import annotations

import collections
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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was tried, summed up: tests leave it as properties, since what their workers print nobody sees."""
    tried: dict[str, collections.Counter[str]] = {}
    for report in (*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")):
        for name, counts in report.user_properties:
            tried.setdefault(name, collections.Counter()).update(counts)
    for name, counts in sorted(tried.items()):
        terminalreporter.write_line(f"{name}:")
        for what, times in sorted(counts.items()):
            terminalreporter.write_line(f"  {times:5} {what}")
