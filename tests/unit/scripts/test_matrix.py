# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page about what was tested lists what the tests have to run with, and how many passed as the run noted it."""

from __future__ import annotations

import re
import typing as t

import matrix
import prove
import pytest

if t.TYPE_CHECKING:
    import pathlib

RAN: dict[str, t.Any] = {
    "system": "Debian GNU/Linux 12 (bookworm)",
    "kernel": "6.18.1",
    "steps": {
        prove.IN_MACHINES: 800,
        "every scenario on Debian's Linux 6.1.0-50-amd64, emulated": 30,
        "Python 3.9 with pyroute2 0.7.2": 91,
        "playbooks by ansible-core 2.17.14 and Python 3.11": 20,
        "several machines by ansible-core 2.17.14 and Python 3.11": 9,
    },
    "not_run": ["sanity: no Python 3.12 here"],
}


def versions(page: str) -> list[list[str]]:
    """The rows with versions of Python."""
    rows = re.findall(r"^\| (3\.\d+) \| (\S+) \| .* \|$", page, re.MULTILINE)
    return [list(row) for row in rows]


#: Playbooks are tested on one machine and over several.
ALL_VERSIONS = [*prove.rows("matrix.txt"), *prove.rows("controllers.txt") * 2]


def test_the_page_lists_what_is_tested() -> None:
    assert versions(matrix.PAGE.read_text(encoding="utf-8")) == ALL_VERSIONS


def test_what_a_run_noted_is_on_the_page() -> None:
    page = matrix.page(RAN, {"nft": 40, "legacy": 12})
    assert versions(page) == ALL_VERSIONS
    for row in (
        "3.9 | 0.7.2 | 91",
        "3.11 | 2.17.14 | 20",
        "3.11 | 2.17.14 | 9",
        "6.18.1 | 800",
        "6.1.0-50-amd64, emulated | 30",
        "legacy | 12",
    ):
        assert f"| {row} |" in page
    assert "| 3.13 | 0.9.7 | no run yet |" in page  # this run did not have it
    assert "- sanity: no Python 3.12 here" in page


@pytest.mark.parametrize("kernel", ["6.18.44", "6.18.44-mine-v7", "6.18.44.mine", "6.18.44+"])
def test_of_the_kernel_there_is_the_version_and_not_what_its_build_has_added(kernel: str) -> None:
    page = matrix.page({**RAN, "kernel": kernel}, {})
    assert ", Linux 6.18.44.\n" in page
    assert "| 6.18.44 | 800 |" in page


def test_tests_are_counted_by_back_end(tmp_path: pathlib.Path) -> None:
    report = tmp_path / "report.xml"
    names = ("test_a[nft]", "test_a[legacy]", "test_b[nft-moved]", "test_c[infty]", "test_legacy_words")
    cases = "".join(f'<testcase name="{name}"/>' for name in names)
    failed = '<testcase name="test_d[legacy]"><failure/></testcase>'
    report.write_text(f"<testsuite>{cases}{failed}</testsuite>", encoding="utf-8")
    assert matrix.back_ends(report) == {"nft": 2, "legacy": 1}


def test_a_run_with_a_failure_is_not_noted(tmp_path: pathlib.Path, monkeypatch: t.Any) -> None:
    monkeypatch.setattr(prove, "RAN", tmp_path / "output")
    tally = prove.Tally()
    tally.note("a", 3, 0)
    prove.note_what_ran(tally, "test", "c1")
    assert matrix.noted()["steps"] == {"a": 3}
    tally.note("b", 1, 1)
    prove.note_what_ran(tally, "test", "c1")
    assert matrix.noted() == {}


def ran_of(commits: dict[str, str]) -> dict[str, t.Any]:
    """What is noted when each command has run, of these commits."""
    for command, name, number in (("test", "a", 3), ("test-", "a", 1), ("scenarios", "b", 7), ("versions", "a", 2)):
        tally = prove.Tally(not_run=["x", command])
        tally.note(name, number, 0)
        prove.note_what_ran(tally, command, commits.get(command, "c1"))
    return matrix.noted()


def test_what_several_commands_noted_is_put_together(tmp_path: pathlib.Path, monkeypatch: t.Any) -> None:
    monkeypatch.setattr(prove, "RAN", tmp_path / "output")
    ran = ran_of({})
    assert ran["steps"] == {"a": 3, "b": 7}
    assert ran["not_run"] == ["x", "test", "versions", "scenarios"]


def test_what_was_noted_of_another_commit_is_not(tmp_path: pathlib.Path, monkeypatch: t.Any) -> None:
    monkeypatch.setattr(prove, "RAN", tmp_path / "output")
    ran = ran_of({"scenarios": "c2"})
    assert ran["steps"] == {"a": 3}
    assert ran["not_run"] == ["x", "test", "versions", "`make test-scenarios`: no whole run of the same commit"]
    (prove.RAN / "ran-versions.json").unlink()
    assert matrix.noted()["not_run"][2].startswith("`make test-versions`: no whole run")
