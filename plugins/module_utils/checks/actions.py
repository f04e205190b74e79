# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one machine does, in order, for checks that several machines make together."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from .. import values
from ..errors import LabError
from ..lean import dataclass
from ..options import Option, Options, read
from ..state import ROOT
from . import model, run, witness
from .kinds import exchange, lease
from .model import Check
from .outcome import Result
from .subject import NETNS
from .witness import Witness

WITNESS: Options = {
    "id": Option(value=values.process_name, required=True),
    "name": Option(required=True),
    "tcp": Option("dict", options=exchange.OPTIONS),
    "udp": Option("dict", options=exchange.OPTIONS),
    "part": Option(choices=(exchange.LISTENS, exchange.CALLS)),
    "again": Option("bool", default=False),
    "captures": model.CHECK["captures"],
}
SERVER: Options = {"netns": NETNS, "name": Option(value=values.process_name, default="dnsmasq")}
ACTION: Options = {
    "begin": Option("dict", options=WITNESS),
    "checks": Option("list", elements="dict"),
    "end": Option("dict", options=WITNESS),
    "leases": Option("dict", options=SERVER),
}
LEASE: Options = {
    "server": NETNS,
    "name": Option(value=values.process_name, required=True),
    "address": Option(value=values.address, required=True),
    "mac": Option(value=values.mac, required=True),
}


@dataclass(frozen=True)
class Action:
    """One of the four."""

    begin: Witness | None = None
    checks: tuple[Check, ...] = ()
    end: Witness | None = None
    leases: tuple[str, str] | None = None


def parse(items: list[Any]) -> list[Action]:
    """The actions in the order given. Raises LabError with the place of the first fault."""
    return [_action(item, f"actions[{number}]") for number, item in enumerate(items)]


def _action(item: Any, place: str) -> Action:
    given = read(item, ACTION, place)
    kinds = [kind for kind in ACTION if given[kind] is not None]
    if len(kinds) != 1:
        raise LabError(f"has {' and '.join(kinds) or 'none'}, and needs exactly one of {', '.join(ACTION)}", place)
    if given["checks"] is not None:
        return Action(checks=tuple(model.parse(given["checks"], f"{place}.checks")))
    if given["leases"]:
        return Action(leases=(given["leases"]["netns"], given["leases"]["name"]))
    found = _witness(given[kinds[0]], f"{place}.{kinds[0]}")
    return Action(begin=found) if kinds[0] == "begin" else Action(end=found)


def _witness(given: dict[str, Any], place: str) -> Witness:
    captures = model.build_captures(given["captures"], f"{place}.captures")
    protocols = [protocol for protocol in ("tcp", "udp") if given[protocol]]
    if len(protocols) > 1 or bool(protocols) != bool(given["part"]):
        raise LabError("goes with either tcp or udp, and these with it", f"{place}.part")
    if not protocols:
        if not captures:
            raise LabError("needs captures, tcp or udp, else there is nothing to see", place)
        return Witness(given["id"], given["name"], captures)
    wanted = exchange.build(protocols[0], given[protocols[0]], f"{place}.{protocols[0]}")
    _check_part(given["part"], wanted, f"{place}.{protocols[0]}")
    return Witness(given["id"], given["name"], captures, wanted, given["part"], given["again"])


def _check_part(part: str, wanted: exchange.Exchange, place: str) -> None:
    if wanted.at is None:
        raise LabError("is required: the namespace that listens", f"{place}.at")
    if part == exchange.CALLS and not wanted.works:
        raise LabError("must be delivered where it calls: make it a check", f"{place}.expect")


def parse_leases(items: list[Any]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The leases by their servers. Raises LabError with the place of the first fault."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for number, item in enumerate(items):
        given = read(item, LEASE, f"leases[{number}]")
        found.setdefault((given["server"], given["name"]), []).append(given)
    return found


def carry_out(
    actions: list[Action], leases: dict[tuple[str, str], list[dict[str, Any]]]
) -> tuple[list[Result], list[dict[str, Any]]]:
    """The results of the actions in their order, and the leases that were asked for.

    C(leases) are those that other machines have told of.
    """
    results: list[Result] = []
    told: list[dict[str, Any]] = []
    for action in actions:
        if action.begin:
            results += _begin(action.begin)
        elif action.end:
            results.append(witness.end(action.end))
        elif action.leases:
            told += _lent(*action.leases)
        else:
            results += run.run([*action.checks], leases)
    return results, told


def _begin(one: Witness) -> list[Result]:
    try:
        witness.begin(one)
    except LabError as error:
        return [one.failed(error)]
    return []


def _lent(server: str, name: str) -> list[dict[str, Any]]:
    """What a server lists. Where there is none, whoever misses it will say so."""
    with suppress(LabError):
        listed = lease.lent(server, name)
        return [
            {"server": server or ROOT, "name": name, **{key: each[key] for key in ("address", "mac")}}
            for each in listed
        ]
    return []
