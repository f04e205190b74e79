# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every test session in this repository keeps to: the host's network is left alone, and no skip goes unnamed."""

from __future__ import annotations

import fnmatch
import pathlib
import typing as t

import pytest
import snapshot
import tomllib

LISTED = pathlib.Path(__file__).parent / "skips.toml"


def reason_listed(node: str, listed: t.Mapping[str, str]) -> str | None:
    """The reason for which a test may be skipped, or None when it is not in the list."""
    return next((reason for pattern, reason in listed.items() if fnmatch.fnmatchcase(node, pattern)), None)


Report = t.TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def _refuse_unnamed_skip(report: Report) -> Report:
    """Turn a skip into a failure, unless tests/skips.toml has the test with its reason."""
    listed = tomllib.loads(LISTED.read_text(encoding="utf-8"))
    if report.skipped and not hasattr(report, "wasxfail") and reason_listed(report.nodeid, listed) is None:
        report.outcome = "failed"
        report.longrepr = f"skipped, and not listed in tests/skips.toml: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> t.Generator[None, pytest.TestReport, pytest.TestReport]:
    """Skips of tests."""
    return _refuse_unnamed_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> t.Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Skips of whole files."""
    return _refuse_unnamed_skip((yield))


@pytest.fixture(scope="session", autouse=True)
def _host_network_untouched() -> t.Iterator[None]:
    """The network of the machine that runs the tests is the same after them."""
    before = snapshot.take_network()
    yield
    differences = snapshot.diff(before, snapshot.take_network())
    assert not differences, "The tests changed the network of the machine they ran on:\n" + "\n".join(differences)
