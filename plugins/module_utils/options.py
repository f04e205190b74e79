# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading one item of the user's input by a table of options, with the place of each error.

Ansible validates a module's own options. A topology has thousands of items, and an error must name the very item
(C(veth[3].peer.netns)), so its items are read here, by the same tables that the modules' argument specs come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from .errors import LabError
from .hints import meant
from .lean import cached_property, dataclass

_TRUE = frozenset(("true", "yes", "on", "1"))
_FALSE = frozenset(("false", "no", "off", "0"))
#: An option that says nothing.
_ROOT = ("netns", "")


@dataclass(frozen=True)
class Option:
    """One option: its Ansible type, and C(value), which normalises what was given or raises ValueError.

    C(unit) is that of a number, with an example, for those who write the unit, too.
    """

    type: str = "str"
    value: Callable[[Any], Any] | None = None
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    elements: str | None = None
    options: Options | None = None
    unit: str = ""

    @cached_property
    def is_plain(self) -> bool:
        """Whether the default does for every item that omits it."""
        return not self.required and not isinstance(self.default, list)

    @cached_property
    def normal(self) -> Callable[[Any], Any]:
        """What makes the normal form of a single value, or of one in a list, or raises ValueError."""
        convert, value = _CONVERT[self.type if self.type != "list" else self.elements or "str"], self.value
        if self.unit:
            convert = _measured(convert, self.unit)
        if self.choices:
            return lambda given: _chosen(convert(given), self.choices)
        return (lambda given: value(convert(given))) if value else convert


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


def normal(item: Any, options: Options) -> dict[str, Any]:
    """An item that can be read as it would be given at its plainest: defaults, and values in their normal form."""
    return accepted(read(item, options, ""), options)


def read(item: Any, options: Options, place: str) -> dict[str, Any]:
    """The normal form of C(item): every option of the table, None where it was omitted and has no default.

    Raises LabError with the place of the first fault.
    """
    if not isinstance(item, dict):
        raise LabError(f"{item!r} is not a mapping of options", place)
    table = _tables.get(id(options)) or _tables.setdefault(id(options), _Table(options))
    found = table.defaults.copy()
    for name, given in item.items():
        option = options.get(name)
        if option is None:
            raise LabError(f"{name!r} is not an option", place, meant(name, options))
        if given is not None:
            found[name] = _read_option(given, option, place, name)
    for name, option in table.particular:
        if item.get(name) is None:
            found[name] = _omitted(name, option, place)
    return found


class _Table:
    """What the items of a table have in common, which are thousands."""

    def __init__(self, options: Options) -> None:
        self.options = options  # kept, so that no other table is ever known by its number
        self.defaults = {name: option.default for name, option in options.items()}
        self.particular = [(name, option) for name, option in options.items() if not option.is_plain]


#: The tables, which are constants, by their numbers in this process.
_tables: dict[int, _Table] = {}


def _inside(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _omitted(name: str, option: Option, place: str) -> Any:
    if option.required:
        raise LabError("is required", _inside(place, name))
    return list(option.default) if isinstance(option.default, list) else option.default


def _read_option(given: Any, option: Option, place: str, name: str) -> Any:
    if option.type == "list":
        return _read_list(given, option, _inside(place, name))
    if option.options is not None:
        return read(given, option.options, _inside(place, name))
    try:
        return option.normal(given)
    except ValueError as reason:
        raise LabError(str(reason), _inside(place, name)) from None


def _read_list(given: Any, option: Option, place: str) -> list[Any]:
    if not isinstance(given, (list, tuple)):
        raise LabError(f"{given!r} is not a list", place)
    if option.options is not None:
        return [read(each, option.options, f"{place}[{i}]") for i, each in enumerate(given)]
    return [_read_element(each, option, f"{place}[{i}]") for i, each in enumerate(given)]


def _read_element(given: Any, option: Option, place: str) -> Any:
    try:
        return option.normal(given)
    except ValueError as reason:
        raise LabError(str(reason), place) from None


def _measured(convert: Callable[[Any], Any], unit: str) -> Callable[[Any], Any]:
    def converted(given: Any) -> Any:
        try:
            return convert(given)
        except ValueError as reason:
            raise ValueError(f"{reason}: {unit}") from None

    return converted


def _chosen(value: Any, choices: tuple[str, ...]) -> Any:
    if value not in choices:
        raise ValueError(f"{value!r} is none of {', '.join(choices)}")
    return value


def _text(given: Any) -> str:
    if isinstance(given, str):  # nearly all are
        return str(given)
    if isinstance(given, bool) or not isinstance(given, (int, float)):
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
