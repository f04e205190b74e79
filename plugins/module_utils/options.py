# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading one item of the user's input by a table of options, with the place of each error.

Ansible validates a module's own options. A topology has thousands of items, and an error must name the very item
(C(veth[3].peer.netns)), so its items are read here, by the same tables that the modules' argument specs come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Callable

from .errors import LabError
from .hints import meant
from .lean import dataclass

_TRUE = frozenset(("true", "yes", "on", "1"))
_FALSE = frozenset(("false", "no", "off", "0"))
#: An option that says nothing.
_ROOT = ("netns", "")


@dataclass(frozen=True)
class Option:
    """One option: its Ansible type, and C(value), which normalises what was given or raises ValueError."""

    type: str = "str"
    value: Callable[[Any], Any] | None = None
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    elements: str | None = None
    options: Options | None = None

    @cached_property
    def is_plain(self) -> bool:
        """Whether the default does for every item that omits it."""
        return not self.required and not isinstance(self.default, list)


Options = Mapping[str, Option]


def argument_spec(options: Options) -> dict[str, dict[str, Any]]:
    """The table as Ansible's argument spec."""
    return {name: _argument(option) for name, option in options.items()}


def _argument(option: Option) -> dict[str, Any]:
    spec: dict[str, Any] = {"type": option.type}
    if option.required:
        spec["required"] = True
    if option.default is not None:
        spec["default"] = option.default
    if option.choices:
        spec["choices"] = list(option.choices)
    if option.elements:
        spec["elements"] = option.elements
    if option.options is not None:
        spec["options"] = argument_spec(option.options)
    return spec


def accepted(found: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """Of what was found that which can be given, as it would be given: without what is unknown, and without a netns
    that is the root namespace.
    """
    known = {name: found[name] for name in options if found.get(name) is not None}
    return {name: _accepted(value, options[name].options) for name, value in known.items() if (name, value) != _ROOT}


def _accepted(value: Any, options: Options | None) -> Any:
    if options is None:
        return value
    return [accepted(each, options) for each in value] if isinstance(value, list) else accepted(value, options)


def read(item: Any, options: Options, place: str) -> dict[str, Any]:
    """The normal form of C(item): every option of the table, None where it was omitted and has no default.

    Raises LabError with the place of the first fault.
    """
    if not isinstance(item, Mapping):
        raise LabError(f"{item!r} is not a mapping of options", place)
    for key in item:
        if key not in options:
            raise LabError(f"{key!r} is not an option", place, meant(key, options))
    found = {}
    for name, option in options.items():
        given = item.get(name)
        if given is not None:
            found[name] = _read_option(given, option, _inside(place, name))
        else:
            found[name] = option.default if option.is_plain else _omitted(name, option, place)
    return found


def _inside(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _omitted(name: str, option: Option, place: str) -> Any:
    if option.required:
        raise LabError("is required", _inside(place, name))
    return list(option.default) if isinstance(option.default, list) else option.default


def _read_option(given: Any, option: Option, place: str) -> Any:
    if option.type == "list":
        return _read_list(given, option, place)
    return _read_value(given, option, option.type, place)


def _read_list(given: Any, option: Option, place: str) -> list[Any]:
    if not isinstance(given, (list, tuple)):
        raise LabError(f"{given!r} is not a list", place)
    return [_read_value(each, option, option.elements or "str", f"{place}[{i}]") for i, each in enumerate(given)]


def _read_value(given: Any, option: Option, type_: str, place: str) -> Any:
    if option.options is not None:
        return read(given, option.options, place)
    try:
        value = _CONVERT[type_](given)
        if option.choices and value not in option.choices:
            raise ValueError(f"{value!r} is none of {', '.join(option.choices)}")
        return option.value(value) if option.value else value
    except ValueError as reason:
        raise LabError(str(reason), place) from None


def _text(given: Any) -> str:
    if isinstance(given, bool) or not isinstance(given, (str, int, float)):
        raise ValueError(f"{given!r} is not a text")
    return str(given)


def _whole(given: Any) -> int:
    try:
        if isinstance(given, bool) or (isinstance(given, float) and not given.is_integer()):
            raise ValueError
        return int(given)
    except (TypeError, ValueError):
        raise ValueError(f"{given!r} is not a whole number") from None


def _number(given: Any) -> float:
    try:
        if isinstance(given, bool):
            raise ValueError
        number = float(given)
    except (TypeError, ValueError):
        raise ValueError(f"{given!r} is not a number") from None
    return int(number) if number.is_integer() else number


def _truth(given: Any) -> bool:
    if isinstance(given, bool):
        return given
    word = str(given).lower()
    if word not in _TRUE and word not in _FALSE:
        raise ValueError(f"{given!r} is neither true nor false")
    return word in _TRUE


def _mapping(given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise ValueError(f"{given!r} is not a mapping")
    return dict(given)


_CONVERT: dict[str, Callable[[Any], Any]] = {
    "str": _text,
    "int": _whole,
    "float": _number,
    "bool": _truth,
    "dict": _mapping,
    "raw": lambda given: given,
}
