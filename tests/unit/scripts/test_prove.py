# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command is for, and cannot be had, is a failure of it. Elsewhere it is told of at the end."""

from __future__ import annotations

import os
import typing as t

import emulated
import kernel_rules
import prove
import pytest
import pythons

if t.TYPE_CHECKING:
    import pathlib


def refuse() -> str:
    raise SystemExit("there is no qemu on this machine")


@pytest.fixture
def bare(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with one Python, without an emulator, whose kernel can do all; every step that can be made passes."""
    monkeypatch.setattr(pythons, "find", dict)
    monkeypatch.setattr(emulated, "release", refuse)
    monkeypatch.setattr(kernel_rules, "missing", list)
    monkeypatch.setattr(kernel_rules, "has_vlan_filtering", lambda: True)
    for step in ("one", "pytest"):
        monkeypatch.setattr(prove, step, lambda tally, name, *_words, **_more: tally.note(name, 1, 0))
    monkeypatch.setattr(prove, "RAN", tmp_path / "output")
    monkeypatch.setattr(prove, "REPORTS", tmp_path / "reports")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    ("command", "lacking"),
    [
        ("versions", "pyroute2==0.7.2: there is no Python 3.9 here"),
        ("scenarios", f"{prove.ON_SECOND_KERNEL}, emulated: there is no qemu"),
        ("long", "random topologies on Debian's Linux, emulated: there is no qemu"),
    ],
)
def test_what_a_command_is_for_has_to_be_there(
    command: str, lacking: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["prove.py", command])
    assert prove.main() == 1
    assert f"FAILED  {lacking}" in capsys.readouterr().out


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("forge", [False, True])
def test_all_other_tests_do_without_where_nobody_provides_it(
    forge: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if forge:
        monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setattr("sys.argv", ["prove.py", "test"])
    assert prove.main() == int(forge)
    said, _line, without = capsys.readouterr().out.partition("--- what could not run here")
    where = said if forge else without
    assert "pyroute2==0.7.2: there is no Python 3.9 here" in where
    assert f"{prove.LACKING}, emulated: there is no qemu" in where


@pytest.mark.usefixtures("bare")
def test_what_this_kernel_lacks_has_to_run_on_the_second_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_rules, "missing", lambda: ["vlan"])
    monkeypatch.setattr("sys.argv", ["prove.py", "test"])
    assert prove.main() == 1
