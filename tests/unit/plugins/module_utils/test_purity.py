# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports go one way: a module that says it is pure imports none that touches the kernel, nor does it by itself.

What is imported within a function or for type checkers does not count, and of a check's kind (C(checks/kinds)) only
what it imports for itself.
"""

from __future__ import annotations

import ast
import pathlib
import typing as t

import pytest
from labmachine import ROOT

UTILS = ROOT / "plugins/module_utils"
#: What one touches the kernel by.
KERNEL = {"ctypes", "fcntl", "pyroute2", "select", "signal", "socket", "subprocess", "termios"}
#: Programs that pure modules know the text of, and send to a machine.
PROGRAMS = {"sniffer", *(f"vswitch/{path.stem}" for path in (UTILS / "vswitch").glob("*.py"))}


def named(path: pathlib.Path) -> str:
    return str(path.relative_to(UTILS).with_suffix(""))


def executed(body: t.Iterable[ast.stmt]) -> t.Iterator[ast.stmt]:
    """The statements of a module that are executed when it is imported, those of functions and classes apart."""
    for node in body:
        yield node
        if isinstance(node, (ast.Try, ast.With)):
            yield from executed(node.body)


def imported(path: pathlib.Path) -> t.Iterator[str]:
    """The modules that it imports when it is imported: its siblings by their paths, others by their names."""
    for node in executed(ast.parse(path.read_text(encoding="utf-8")).body):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield str(node.module).partition(".")[0]
        elif isinstance(node, ast.ImportFrom):
            room = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            inner = [room / alias.name for alias in node.names if (room / f"{alias.name}.py").exists()]
            yield from (named(each) for each in inner or [room])


def reached(module: str) -> set[str]:
    """All that comes along when it is imported."""
    found: set[str] = set()
    waiting = [module]
    while waiting:
        for name in MODULES.get(waiting.pop(), set()) - PROGRAMS - found:
            found.add(name)
            if not name.startswith("checks/kinds"):
                waiting.append(name)
    return found


MODULES = {named(path): set(imported(path)) for path in UTILS.rglob("*.py")}
MODULES["values"].discard("socket")  # it asks only for inet_pton(3) and inet_ntop(3), which turn texts into texts
PURE = sorted(
    named(path)
    for path in UTILS.rglob("*.py")
    if "Pure" in (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")
)


def test_there_are_pure_modules() -> None:
    assert {"plan", "placement", "checks/steps", "kinds/veth"} <= set(PURE)


@pytest.mark.parametrize("module", PURE)
def test_what_is_pure_imports_nothing_that_touches_the_kernel(module: str) -> None:
    assert sorted(name for name in reached(module) if name in KERNEL or MODULES.get(name, set()) & KERNEL) == []
