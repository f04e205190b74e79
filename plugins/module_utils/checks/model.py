# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks as data: what may be asked of a network, read from the user's words with the place of each error. Pure."""

from __future__ import annotations

from typing import Any

from ..errors import LabError
from ..hints import like, meant
from ..lean import dataclass
from ..options import Option, Options, read
from . import packets
from .kinds import KINDS
from .packets import Packets
from .subject import LINK_NAME, NETNS, Subject, Traffic


@dataclass(frozen=True)
class Capture:
    """What must be seen on C(dev) while the check's own traffic flows."""

    netns: str
    dev: str
    filter: str
    packets: Packets
    promiscuous: bool = False


@dataclass(frozen=True)
class Check:
    """One check: its sentence, what it asks, and what is captured meanwhile."""

    name: str
    subject: Subject
    captures: tuple[Capture, ...] = ()

    def namespaces(self) -> set[str]:
        """Those that have a part in it, and have to be there."""
        return {*self.subject.namespaces(), *(each.netns for each in self.captures)}


def parse(items: Any, place: str = "checks") -> list[Check]:
    """The checks in the order given. Raises LabError with the place of the first fault: C(checks[2].ping.to: ...)."""
    return [parse_one(item, f"{place}[{number}]") for number, item in enumerate(items)]


def parse_one(item: Any, place: str) -> Check:
    """One of them."""
    _must_be_of_a_kind(item, place)
    given = read(item, CHECK, place)
    kinds = [kind for kind in KINDS if given[kind] is not None]
    if len(kinds) != 1:
        found = " and ".join(kinds) if kinds else "none"
        raise LabError(f"has {found}, and needs exactly one of {', '.join(KINDS)}", place)
    kind = kinds[0]
    subject = KINDS[kind].build(given[kind], f"{place}.{kind}")
    if given["captures"] is not None and not isinstance(subject, Traffic):
        raise LabError(f"a {kind} check sends no packets to capture", f"{place}.captures")
    if given["captures"] is not None and isinstance(subject, Traffic) and not subject.can_be_captured:
        raise LabError(f"a {kind} check is of too many packets to capture: ping a pair of it", f"{place}.captures")
    captures = build_captures(given["captures"], f"{place}.captures")
    return Check(given["name"] or subject.describe(), subject, captures)


def _must_be_of_a_kind(item: Any, place: str) -> None:
    """What is like none of the words that all checks have is meant for a kind."""
    for word in item if isinstance(item, dict) else ():
        if word not in CHECK and like(word, CHECK) not in COMMON:
            raise LabError(f"{word!r} is no kind of check", place, meant(word, KINDS))


def build_captures(given: list[dict[str, Any]] | None, place: str) -> tuple[Capture, ...]:
    """What was given, read by C(CAPTURE). Raises LabError where there is nothing to look for."""
    return tuple(_capture(each, f"{place}[{number}]") for number, each in enumerate(given or []))


def _capture(given: dict[str, Any], place: str) -> Capture:
    return Capture(given["netns"], given["dev"], given["filter"], packets.build(given, place), given["promiscuous"])


CAPTURE: Options = {
    "netns": NETNS,
    "dev": LINK_NAME,
    "filter": Option(default=""),
    "promiscuous": Option("bool", default=False),
    **packets.OPTIONS,
}
#: What a check of any kind may have.
COMMON: Options = {"name": Option(), "captures": Option("list", elements="dict", options=CAPTURE)}
CHECK: Options = {**COMMON, **{name: Option("dict", options=kind.options) for name, kind in KINDS.items()}}
