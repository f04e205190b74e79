# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages of a scenario, as they are written. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Callable

from ansible_collections.tcpip.lab.plugins.module_utils import merging, options
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.module_utils.hints import meant
from ansible_collections.tcpip.lab.plugins.module_utils.merging import IDENTITIES
from ansible_collections.tcpip.lab.plugins.module_utils.options import Option, Options
from jinja2.exceptions import UndefinedError

STAGE: Options = {
    "title": Option(required=True),
    "text": Option(),
    "topology": Option("dict"),
    "checks": Option("list", elements="raw"),
}
_FORM = "A stage has a title, and may have a text, a topology (a mapping of kinds to lists) and checks (a list)"
#: A check as it is given, to the same without what is omitted in it.
Cleaned = Callable[[Any], Any]


def topologies(given: Any, place: str = "stages") -> list[Mapping[str, Any]]:
    """What each stage adds. Raises LabError with the place of the first fault."""
    return [topology(stage, where) for where, stage in _each(given, place)]


def topology(stage: Any, place: str) -> Mapping[str, Any]:
    """What the stage adds. Raises LabError with the place of the first fault."""
    if not isinstance(stage, Mapping):
        raise LabError(f"{stage!r} is not a mapping", place)
    found = stage.get("topology") or {}
    if not isinstance(found, Mapping):
        raise LabError(f"{found!r} is not a mapping of kinds to lists", f"{place}.topology")
    for kind, items in found.items():
        _check_items(kind, items, f"{place}.topology.{kind}")
    return found


def examine(given: Any, before: Sequence[Any], cleaned: Cleaned | None) -> None:
    """Raises LabError for the first fault in the stages of a lab, with the stage and the check that it is in.

    C(before): stages of which only the topology counts. C(cleaned) prepares a check; None leaves checks alone.
    """
    spaces = [*_spaces(topologies(before))]
    for number, (place, stage) in enumerate(_each(given, "lab_stages"), 1):
        told = f"Stage {number}{_named(stage, 'title')}"
        with _telling(told):
            spaces += _spaces([_read(stage, place)])
        for turn, check in _ready(stage.get("checks") or (), cleaned):
            with _telling(f"{told}, check {turn}{_named(check, 'name')}"):
                _examine_check(check, f"{place}.checks[{turn - 1}]", spaces)


def _ready(checks: Sequence[Any], cleaned: Cleaned | None) -> Iterator[tuple[int, Any]]:
    """The checks that can be read now, each with its number."""
    if cleaned is None:
        return
    for turn, check in enumerate(checks, 1):
        with suppress(UndefinedError):  # of what is there when its turn comes, or else it will be told then
            yield turn, cleaned(check)


def _each(given: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Each stage, with its place."""
    if not _is_list(given):
        raise LabError(f"{given!r} is not a list of stages", place)
    return ((f"{place}[{number}]", stage) for number, stage in enumerate(given))


def _read(stage: Any, place: str) -> Mapping[str, Any]:
    """What a stage of the right form adds."""
    try:
        options.read(stage, STAGE, place)
    except LabError as error:
        raise LabError(f"{error}. {_FORM}") from None
    return topology(stage, place)


def _spaces(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    return (str(item.get("name")) for each in found for item in each.get("netns") or ())


def _examine_check(check: Any, place: str, spaces: Sequence[str]) -> None:
    # Where the checks are not to be made, nothing of this has to be imported.
    from ansible_collections.tcpip.lab.plugins.module_utils.checks import model  # noqa: PLC0415

    for netns in sorted(model.parse_one(check, place).namespaces() - {"", *spaces}):
        raise LabError(f"{netns!r} is not in netns of this stage or an earlier one", place, meant(netns, spaces))


@contextmanager
def _telling(what: str) -> Iterator[None]:
    """Put it before what is said of a fault."""
    try:
        yield
    except LabError as error:
        raise LabError(f"{what}: {error}") from None


def _named(item: Any, key: str) -> str:
    name = item.get(key) if isinstance(item, Mapping) else None
    return f" ({name})" if isinstance(name, str) else ""


def _check_items(kind: str, items: Any, place: str) -> None:
    if kind not in IDENTITIES:
        raise LabError("is not a kind of resource", place, meant(kind, IDENTITIES))
    if not _is_list(items):
        raise LabError(f"{items!r} is not a list", place)
    seen: dict[Any, str] = {}
    for where, identity in _identities(kind, items, place):
        if identity in seen:
            what = merging.named((kind, *identity))
            raise LabError(f"{what} is declared already, as {seen[identity]}", where, "a later stage may complete it")
        seen[identity] = where


def _identities(kind: str, items: Sequence[Any], place: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for number, item in enumerate(items):
        where = f"{place}[{number}]"
        if not isinstance(item, Mapping):
            raise LabError(f"{item!r} is not a mapping of options", where)
        try:
            identity = merging.identity(kind, item)
            hash(identity)
        except (TypeError, ValueError) as reason:
            raise LabError(str(reason), where) from None
        yield where, identity


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))
