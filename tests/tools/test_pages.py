# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation shows of the test tools: its example works, and what it has one measure by measures."""

from __future__ import annotations

import importlib
import pathlib
import re
import typing as t

from labmachine import ROOT
from shown import function, lines

if t.TYPE_CHECKING:
    import types

    import pytest
    from labmachine import LabMachine


def started(page: str) -> types.ModuleType:
    """The program that a page has one start."""
    (line,) = lines(page, ".venv/bin/python ")
    program = ROOT / line.split()[1]
    assert program.parent == pathlib.Path(__file__).parents[1]
    return importlib.import_module(program.stem)


def test_the_guide_to_the_tests_has_an_example_that_works(machine: LabMachine) -> None:
    function("docs/testing.md", "test_the_namespace_is_there")(machine)


def test_how_much_a_switch_passes_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Once, and for a moment, which says little of the switch."""
    program = started("docs/vswitch.md")
    monkeypatch.setattr(program, "SECONDS", 0.2)
    monkeypatch.setattr(program, "ROUNDS", 1)
    monkeypatch.setattr(program, "SIZES", program.SIZES[:1])
    program.main()
    said = re.findall(
        r"^(\d+) bytes: vswitch [1-9]\d*/s, the kernel's bridge [1-9]\d*/s: ", capsys.readouterr().out, re.M
    )
    assert said == [str(size) for size in program.SIZES]


def test_what_a_lab_over_several_machines_takes_is_measured_of_300_nodes() -> None:
    """How long that takes is not: it is minutes."""
    program = started("docs/testing.md")
    names = ["lab1", "lab2", "lab3"]
    machines = [program.spread.Machine(name, f"192.0.2.{number}", 1500) for number, name in enumerate(names, 1)]
    items = program.star()
    assert round(len(items["netns"]), -1) == 300
    parts = program.spread.spread("given", items, machines).parts
    assert [*parts] == names
    assert all(part["netns"] for part in parts.values())
