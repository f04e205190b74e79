# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts that are there or not without any traffic: routes and interfaces."""

from __future__ import annotations

import ipaddress

from .look import Interface, Route, View
from .model import LinkFact, RouteFact, describe, family, netns_words
from .outcome import Result


def route(name: str, fact: RouteFact, view: View) -> Result:
    """Whether the main table has the route, or has it not. Raises LabError when the namespace is not there."""
    table = view.routes(fact.netns, _family(fact))
    found = [each for each in table if _is(each, fact)]
    wanted = _words(fact)
    return Result(
        name=name,
        ok=bool(found) == fact.present,
        what=describe(fact),
        expected=wanted if fact.present else f"no route {wanted}",
        came=found[0].line() if found else f"no such route in {netns_words(fact.netns)}",
        evidence=[each.line() for each in (found or table)] or ["the table is empty"],
        cause="" if bool(found) == fact.present else _route_cause(fact, table, view),
    )


def _family(fact: RouteFact) -> int:
    return family(fact.via or "") if fact.dst == "default" else family(fact.dst)


def _is(each: Route, fact: RouteFact) -> bool:
    same = _network(each.dst) == _network(fact.dst)
    return same and fact.via in (None, each.via) and fact.dev in (None, each.dev)


def _network(dst: str) -> str:
    return "default" if dst in ("default", "::/0", "0.0.0.0/0") else str(ipaddress.ip_network(dst))


def _words(fact: RouteFact) -> str:
    return Route(fact.dst, fact.via or "", fact.dev or "").line()


def _route_cause(fact: RouteFact, table: list[Route], view: View) -> str:
    if not fact.present:
        return ""
    others = [each for each in table if _network(each.dst) == _network(fact.dst)]
    if others:
        return f"the route to {fact.dst} is another one: {others[0].line()}"
    down = [link.name for link in view.links(fact.netns).values() if not link.up and link.name != "lo"]
    return f"{', '.join(down)} is down, and routes go with their interface" if down else ""


def link(name: str, fact: LinkFact, view: View) -> Result:
    """Whether the interface has the attributes. Raises LabError when the namespace is not there."""
    found, what = view.links(fact.netns).get(fact.name), describe(fact)
    if not found:
        there = ", ".join(view.links(fact.netns))
        came = f"{netns_words(fact.netns)} has no {fact.name}"
        return Result(name, False, what, _link_words(fact), came, [f"interfaces there: {there}"])
    wrong = [each for each in _differences(found, fact) if each]
    came = ", ".join(wrong) or f"mtu {found.mtu}, {_up(found.up)}"
    return Result(name, not wrong, what, _link_words(fact), came, [found.line()])


def _differences(found: Interface, fact: LinkFact) -> tuple[str, str]:
    return (
        f"mtu {found.mtu}" if fact.mtu not in (None, found.mtu) else "",
        _up(found.up) if fact.up not in (None, found.up) else "",
    )


def _link_words(fact: LinkFact) -> str:
    words = [f"mtu {fact.mtu}"] if fact.mtu is not None else []
    words += [_up(fact.up)] if fact.up is not None else []
    return f"{fact.name} with {', '.join(words)}" if words else f"{fact.name} exists"


def _up(up: bool) -> str:
    return "up" if up else "down"
