# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of all tests under tests/."""

from __future__ import annotations

import collections
import os
import typing as t

import pytest
from hypothesis import settings
from labmachine import LabMachine
from served import ServedMachine

#: What is drawn at random is the same in each run, lest a run fail for what another one has not seen. Others are drawn
#: with --hypothesis-profile=default, as is done in the long tests, and more of them with --hypothesis-profile=many.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("many", max_examples=3000)
settings.load_profile("same")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The interpreter that modules run under, for the matrix of versions; how many random topologies are tried."""
    parser.addoption("--module-python", default="", help="run modules in test machines under this Python")
    parser.addoption("--topologies", type=int, default=50, help="how many random topologies are built")
    parser.addoption("--topology-shrink", action="store_true", help="look for the smallest that fails; takes minutes")
    parser.addoption("--rounds", type=int, default=5, help="how many rounds the tests of many rounds have")
    parser.addoption("--topology-seed", default="1", help="what they are drawn by; the same seed draws the same ones")


@pytest.fixture
def machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[LabMachine]:
    """A fresh throw-away machine; it ends with the test."""
    yield from _machine(request.config, tmp_path_factory)


@pytest.fixture(scope="module")
def common_machine(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[LabMachine]:
    """A throw-away machine that all tests of a file share."""
    yield from _machine(pytestconfig, tmp_path_factory)


def _machine(config: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[LabMachine]:
    if os.geteuid() != 0:
        pytest.skip("needs root for a throw-away machine")
    with ServedMachine.start([str(tmp_path_factory.getbasetemp())]) as started:
        started.module_python = config.getoption("--module-python") or started.module_python
        yield started


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
