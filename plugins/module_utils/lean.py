# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frozen dataclasses and cached properties that cost less at each start, and each time one is made.

The standard library compiles six methods for each frozen dataclass: for a hundred of them that is a sixth of the time
that a module needs to start. Here only C(__init__) is compiled, when the first of the class is made, and the other
methods are the same for all. That nobody assigns to a field is what mypy sees to, to which these are
C(dataclass(frozen=True)).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Callable

__all__ = ["cached_property", "dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
    from functools import cached_property
else:

    def dataclass(cls: type | None = None, *, frozen: bool = False) -> type | Callable[[type], type]:
        """As in the standard library."""
        return _made if frozen else dataclasses.dataclass(cls)

    class cached_property:  # noqa: N801 - as in the standard library
        """As in the standard library, whose one takes a lock before Python 3.12: as long as most take to work out."""

        def __init__(self, work_out: Callable[[Any], Any]) -> None:
            self._work_out = work_out
            self.__doc__ = work_out.__doc__

        def __set_name__(self, _owner: type, name: str) -> None:
            self._name = name

        def __get__(self, instance: Any, _owner: type | None = None) -> Any:
            if instance is None:
                return self
            value = instance.__dict__[self._name] = self._work_out(instance)
            return value


def _made(cls: Any) -> Any:
    cls.__doc__ = cls.__doc__ or cls.__name__  # else the standard library would write one, by parsing signatures
    made = dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
    made._compared = tuple(each.name for each in dataclasses.fields(made) if each.compare)
    for name, method in (("__init__", _first(made)), ("__eq__", _equal), ("__hash__", _hash), ("__repr__", _text)):
        setattr(made, name, method)
    return made


def _first(cls: Any) -> Callable[..., None]:
    """What makes the first object of the class, and sees to it that the next ones are made by the true C(__init__)."""

    def make(self: Any, *values: Any, **named: Any) -> None:
        cls.__init__ = _initializer(dataclasses.fields(cls))  # another thread may do the same, which does no harm
        cls.__init__(self, *values, **named)

    return make


def _initializer(fields: Iterable[dataclasses.Field[Any]]) -> Any:
    """As the standard library writes it."""
    parameters, assignments = ["self"], []
    known: dict[str, Any] = {"MISSING": dataclasses.MISSING}
    for each in fields:
        value, name = each.name, f"default_of_{each.name}"
        if each.default is not dataclasses.MISSING:
            known[name] = each.default
            parameters.append(f"{each.name}={name}")
        elif each.default_factory is not dataclasses.MISSING:
            known[name] = each.default_factory
            parameters.append(f"{each.name}=MISSING")
            value = f"{name}() if {each.name} is MISSING else {each.name}"
        else:
            parameters.append(each.name)
        assignments.append(f"    self.{each.name} = {value}")
    exec("\n".join([f"def __init__({', '.join(parameters)}):", *assignments, "    return"]), known)  # noqa: S102 - our names
    return known["__init__"]


def _compared(self: Any) -> tuple[Any, ...]:
    return tuple([getattr(self, name) for name in self._compared])


def _equal(self: object, other: object) -> Any:
    return _compared(self) == _compared(other) if self.__class__ is other.__class__ else NotImplemented


def _hash(self: object) -> int:
    return hash(_compared(self))


def _text(self: Any) -> str:
    shown = ", ".join(f"{each.name}={getattr(self, each.name)!r}" for each in dataclasses.fields(self) if each.repr)
    return f"{type(self).__name__}({shown})"
