# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lean dataclasses do what the standard library's do."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import lean

DATACLASSES = [lean.dataclass, dataclasses.dataclass]


def family(dataclass: t.Any) -> tuple[t.Any, t.Any]:
    """A class and one that inherits from it, made by a decorator."""

    @dataclass(frozen=True)
    class Base:
        name: str
        place: str = dataclasses.field(default="", compare=False)

    @dataclass(frozen=True)
    class Derived(Base):
        given: str = dataclasses.field(default="", repr=False)
        words: tuple[str, ...] = ()

    return Base, Derived


@pytest.mark.parametrize("dataclass", DATACLASSES)
def test_what_is_compared(dataclass: t.Any) -> None:
    base, derived = family(dataclass)
    assert base("a", "here") == base("a", "there")
    assert derived("a", given="x") != derived("a", given="y")
    assert derived("a", words=("w",)) != derived("a")
    assert base("a") != derived("a")
    assert len({base("a", "here"), base("a", "there"), base("b"), derived("a"), derived("a", "here")}) == 3


@pytest.mark.parametrize("dataclass", DATACLASSES)
def test_replaced_and_shown(dataclass: t.Any) -> None:
    _base, derived = family(dataclass)
    changed = dataclasses.replace(derived("a", given="x"), words=("w",))
    assert (changed.name, changed.given, changed.words) == ("a", "x", ("w",))
    assert repr(changed).endswith("Derived(name='a', place='', words=('w',))")


def test_one_that_changes_is_the_standard_library_s() -> None:
    @lean.dataclass
    class Changing:
        numbers: list[int] = dataclasses.field(default_factory=list)

    found = Changing()
    found.numbers = [1]
    assert found == Changing([1])
    with pytest.raises(TypeError, match="unhashable"):
        hash(found)


@pytest.mark.parametrize("dataclass", DATACLASSES)
def test_each_has_a_default_of_its_own(dataclass: t.Any) -> None:
    @dataclass(frozen=True)
    class Holding:
        name: str
        numbers: list[int] = dataclasses.field(default_factory=list)

    first, second, given = Holding("a"), Holding(name="b"), Holding("c", [7])
    first.numbers.append(1)
    assert (first.numbers, second.numbers, given.numbers) == ([1], [], [7])


@pytest.mark.parametrize("dataclass", DATACLASSES)
def test_what_is_left_out_is_named(dataclass: t.Any) -> None:
    base, _derived = family(dataclass)
    for _each in range(2):  # the first of a class is made in another way
        with pytest.raises(TypeError, match=r"__init__\(\) missing 1 required positional argument: 'name'"):
            base(place="here")


def test_what_was_worked_out_is_kept() -> None:
    worked: list[int] = []

    class Working:
        @lean.cached_property
        def number(self) -> int:
            """A number."""
            worked.append(1)
            return 7

    one, other = Working(), Working()
    assert (one.number, one.number, other.number) == (7, 7, 7)
    assert len(worked) == 2
    assert Working.number.__doc__ == "A number."
