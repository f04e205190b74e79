# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is there of labs and of the machine, and what of it is not as it was declared. Nothing is changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from . import document, engine, iptables, namespaces, nat, observe, records, rundir
from . import ledger as ledgers
from . import state as states
from .command import MACHINE
from .document import Part
from .engine import Request
from .errors import LabError
from .kinds import Netns, Resource, Route
from .lean import dataclass
from .ledger import Ledger
from .netlink import Sockets
from .scope import Ask, Scope, Topic
from .state import ROOT, Namespace, State


@dataclass(frozen=True)
class _Book:
    """A lab that has a ledger, what a run for it would ask for, and where that would look."""

    ledger: Ledger
    request: Request
    scope: Scope


def take(lab: str | None, machine: bool) -> dict[str, Any]:
    """The result of the module lab_info: of one lab, or of all; C(machine): also of what belongs to none.

    Each namespace is read once. Of a lab without a ledger what bears its mark is looked for everywhere.
    """
    books, unreadable = _books([lab] if lab else ledgers.labs())
    everywhere = lab is None or lab not in {book.ledger.lab for book in books}
    with Sockets() as sockets:
        state = observe.read(_scope(books, everywhere), sockets)
    others = _claimed(books, lab)
    found: dict[str, Any] = {
        "labs": [_lab(book, state, others) for book in books],
        "orphans": _orphans(state, books, lab) if everywhere else [],
        "unreadable": unreadable,
    }
    return {**found, "machine": _rest(state, books) if machine else None}


def _books(labs: Iterable[str]) -> tuple[list[_Book], list[dict[str, str]]]:
    """The ledgers that can be read, and what is wrong with the others."""
    books, unreadable = [], []
    for lab in labs:
        try:
            ledger = ledgers.load(lab)
            if ledger:
                request = engine.repetition(ledger)
                books.append(_Book(ledger, request, engine.scope_of(request, ledger)))
        except LabError as error:
            unreadable.append({"lab": lab, "path": ledgers.file(lab), "reason": str(error)})
    return books, unreadable


def _scope(books: Iterable[_Book], everywhere: bool) -> Scope:
    """All that is to be read. Processes are read lab by lab."""
    scope = Scope()
    for book in books:
        scope.namespaces |= book.scope.namespaces
        scope.features |= book.scope.features
        scope.asked |= {ask for ask in book.scope.asked if ask.topic is not Topic.PROCESS}
    if everywhere:
        scope.namespaces |= {ROOT, *namespaces.names()}
        scope.asked.add(Ask(Topic.NAT, ROOT))
    scope.asked |= {Ask(Topic.FDB, name) for name in scope.namespaces}
    return scope


def _claimed(books: Sequence[_Book], lab: str | None) -> dict[tuple[Any, ...], str]:
    """What labs have and cannot mark, with their names."""
    known = [*(book.ledger for book in books), *(ledgers.others(lab) if lab else ())]
    return {key: each.lab for each in known for key in engine.claimed(each)}


def _lab(book: _Book, state: State, claimed: Mapping[tuple[Any, ...], str]) -> dict[str, Any]:
    ledger, declared = book.ledger, book.request.present
    own = _share(state, book.scope)
    engine.recall(own, ledger)
    others = {key: other for key, other in claimed.items() if other != ledger.lab}
    drift, refusal = _drift(book, own, others)
    spaces = {each.name for each in declared if isinstance(each, Netns) and each.name in own.namespaces}
    part = Part(own, frozenset(spaces | _marked(own, ledger.lab)), ledger.lab, declared)
    known = {"ledger": ledgers.file(ledger.lab), "complete": ledger.complete, "declared": ledger.resources}
    return {**_told(part), **known, "drift": drift, "refusal": refusal}


def _share(state: State, scope: Scope) -> State:
    """What a run for the lab would see."""
    spaces = {name: space for name, space in state.namespaces.items() if name in scope.namespaces}
    seen = {name: space if scope.wants(Topic.NAT, name) else replace(space, nat={}) for name, space in spaces.items()}
    processes = records.observe(scope.lab, scope.names(Topic.PROCESS))
    return replace(state, namespaces=seen, processes=processes, lab=scope.lab)


def _drift(book: _Book, state: State, others: Mapping[tuple[Any, ...], str]) -> tuple[list[dict[str, Any]], str | None]:
    """What a run would do, or why it would refuse to do anything."""
    try:
        return document.drift(engine.steps(book.request, state, book.ledger, others)), None
    except LabError as error:
        return [], str(error)


def _told(part: Part) -> dict[str, Any]:
    return {"name": part.lab, "live": part.live(), "others": part.others(), "processes": part.processes()}


def _orphans(state: State, books: Iterable[_Book], lab: str | None) -> list[dict[str, Any]]:
    """What bears the mark of a lab that has no ledger which can be read."""
    known = {book.ledger.lab for book in books}
    lost = sorted(({lab} if lab else _owners(state)) - known)
    found = (_told(_remains(name, state)) for name in lost)
    return [each for each in found if each["live"] or each["processes"] or any(each["others"].values())]


def _owners(state: State) -> set[str]:
    """The labs that are named by any mark."""
    spaces = {space.owner for space in state.namespaces.values()}
    links = {states.owner(link.alias) for link in state.links()}
    comments = {nat.lab_of(nat.mark_of(line) or "") for table in state.nat(ROOT).values() for line in table.rules}
    return {owner for owner in (*spaces, *links, *comments, *rundir.names([])) if owner and owner != MACHINE}


def _marked(state: State, lab: str | None) -> set[str]:
    """The namespaces that a lab has made, those of no lab with None."""
    return {name for name, space in state.namespaces.items() if space.owner == lab and name != ROOT}


def _remains(lab: str, state: State) -> Part:
    spaces = _marked(state, lab)
    tables = {name: replace(state.namespaces[name], nat=iptables.read(name)) for name in spaces}
    seen = replace(state, namespaces={**state.namespaces, **tables}, processes=_processes(lab), lab=lab)
    return Part(seen, frozenset(spaces), lab)


def _rest(state: State, books: Iterable[_Book]) -> dict[str, Any]:
    """What belongs to no lab."""
    declared = [resource for book in books for resource in book.request.present]
    seen = {**state.namespaces, ROOT: _unclaimed(state.namespaces[ROOT], declared)}
    spaces = frozenset((ROOT, *_marked(state, None)))
    found = _told(Part(replace(state, namespaces=seen, processes=_processes(""), lab=""), spaces))
    del found["name"]
    return found


def _unclaimed(root: Namespace, declared: Sequence[Resource]) -> Namespace:
    """The root namespace without what a lab declares there: not all of it bears a mark."""
    keys = {resource.key for resource in declared}
    links = {end.key for resource in declared for end in resource.ends()}
    return replace(
        root,
        links={name: link for name, link in root.links.items() if link.key not in links},
        routes=[each for each in root.routes if (Route.KIND, *each.key) not in keys],
    )


def _processes(lab: str) -> dict[tuple[str, str, str], states.Process]:
    """All processes of a lab that have a record, or of none."""
    wanted: dict[str, Collection[str]] = {}
    for spot in records.recorded(lab):
        wanted[spot.netns] = [*wanted.get(spot.netns, ()), spot.parts[2]]
    return records.observe(lab, wanted)
