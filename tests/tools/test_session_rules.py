# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of a test session: an unnamed skip is a failure, and a change of the host's network is seen."""

from __future__ import annotations

import pytest
import snapshot
from session_rules import reason_listed

RULES = """
import session_rules
session_rules.LISTED = __import__("pathlib").Path(__file__).with_name("skips.toml")
from session_rules import pytest_make_collect_report, pytest_runtest_makereport
"""
TESTS = """
import pytest
def test_named(): pytest.skip("no such kernel")
def test_unnamed(): pytest.skip("too lazy")
@pytest.mark.skip(reason="marked")
def test_marked(): pass
@pytest.mark.xfail(strict=True)
def test_expected_to_fail(): assert False
def test_that_passes(): pass
"""


def test_an_unnamed_skip_is_a_failure(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(RULES)
    pytester.makefile(".toml", skips='"*::test_named" = "kernel"')
    pytester.makepyfile(test_one=TESTS, test_two="import pytest; pytest.importorskip('no_such_module')")
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--continue-on-collection-errors")
    result.assert_outcomes(passed=1, skipped=1, failed=1, errors=2, xfailed=1)
    result.stdout.fnmatch_lines(["*not listed in tests/skips.toml*too lazy*"])


def test_the_list_of_skips_is_matched_by_pattern() -> None:
    listed = {"tests/engine/test_vlan.py::*": "no VLAN filtering"}
    assert reason_listed("tests/engine/test_vlan.py::test_pvid", listed) == "no VLAN filtering"
    assert reason_listed("tests/engine/test_veth.py::test_mtu", listed) is None


def test_a_difference_names_its_section() -> None:
    assert snapshot.diff({"links": ["a", "b"]}, {"links": ["b", "c"]}) == ["links: -a", "links: +c"]
