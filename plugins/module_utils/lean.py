# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frozen dataclasses that cost less at each start, and each time one is made.

The standard library compiles six methods for each frozen dataclass: for a hundred of them that is a sixth of the time
that a module needs to start. Here only C(__init__) is compiled, and the other methods are the same for all. That
nobody assigns to a field is what mypy sees to, to which these are C(dataclass(frozen=True)).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Callable

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(cls: type | None = None, *, frozen: bool = False) -> type | Callable[[type], type]:
        """As in the standard library."""
        return _made if frozen else dataclasses.dataclass(cls)


def _made(cls: Any) -> Any:
    made = dataclasses.dataclass(repr=False, eq=False)(cls)
    made._compared = tuple(each.name for each in dataclasses.fields(made) if each.compare)
    for name, method in (("__eq__", _equal), ("__hash__", _hash), ("__repr__", _text)):
        setattr(made, name, method)
    return made


def _compared(self: Any) -> tuple[Any, ...]:
    return tuple([getattr(self, name) for name in self._compared])


def _equal(self: object, other: object) -> Any:
    return _compared(self) == _compared(other) if self.__class__ is other.__class__ else NotImplemented


def _hash(self: object) -> int:
    return hash(_compared(self))


def _text(self: Any) -> str:
    shown = ", ".join(f"{each.name}={getattr(self, each.name)!r}" for each in dataclasses.fields(self) if each.repr)
    return f"{type(self).__name__}({shown})"
