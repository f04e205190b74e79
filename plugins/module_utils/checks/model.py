# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks as data: what may be asked of a network, read from the user's words with the place of each error. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from re import Pattern
from typing import Any

from ..errors import LabError
from ..options import Option, Options, read
from .kinds import KINDS
from .subject import LINK_NAME, NETNS, Subject, Traffic


@dataclass(frozen=True)
class Capture:
    """Packets that must, and must not, be seen on C(dev) while the check's own traffic flows."""

    netns: str
    dev: str
    filter: str
    packets: tuple[Pattern[str], ...]
    absent: tuple[Pattern[str], ...]


@dataclass(frozen=True)
class Check:
    """One check: its sentence, what it asks, and what is captured meanwhile."""

    name: str
    subject: Subject
    captures: tuple[Capture, ...] = ()


def parse(items: Any) -> list[Check]:
    """The checks in the order given. Raises LabError with the place of the first fault: C(checks[2].ping.to: ...)."""
    return [_check(item, f"checks[{number}]") for number, item in enumerate(items)]


def _check(item: Any, place: str) -> Check:
    given = read(item, CHECK, place)
    kinds = [kind for kind in KINDS if given[kind] is not None]
    if len(kinds) != 1:
        found = " and ".join(kinds) if kinds else "none"
        raise LabError(f"has {found}, and needs exactly one of {', '.join(KINDS)}", place)
    kind = kinds[0]
    subject = KINDS[kind].build(given[kind], f"{place}.{kind}")
    if given["captures"] is not None and not isinstance(subject, Traffic):
        raise LabError(f"a {kind} check sends no packets to capture", f"{place}.captures")
    captures = tuple(_capture(each, f"{place}.captures[{n}]") for n, each in enumerate(given["captures"] or []))
    return Check(given["name"] or subject.describe(), subject, captures)


def _capture(given: dict[str, Any], place: str) -> Capture:
    if not given["packets"] and not given["absent"]:
        raise LabError("needs 'packets' or 'absent', else there is nothing to look for", place)
    for key in ("packets", "absent"):
        given[key] = tuple(re.compile(each) for each in given[key] or [])
    return Capture(**given)


def _regex(value: str) -> str:
    try:
        re.compile(value)
    except re.error as reason:
        raise ValueError(f"{value!r} is not a regular expression: {reason}") from None
    return value


CAPTURE: Options = {
    "netns": NETNS,
    "dev": LINK_NAME,
    "filter": Option(default=""),
    "packets": Option("list", value=_regex),
    "absent": Option("list", value=_regex),
}
CHECK: Options = {
    "name": Option(),
    **{name: Option("dict", options=kind.options) for name, kind in KINDS.items()},
    "captures": Option("list", elements="dict", options=CAPTURE),
}
