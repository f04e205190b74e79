# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How checks are made on several machines: step by step, each on one of them. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from ..errors import LabError
from ..lean import dataclass
from ..state import ROOT
from . import model
from .kinds.exchange import CALLS, LISTENS, Exchange
from .kinds.lease import LeaseFact
from .kinds.mesh import MOST_FROM_AFAR, Mesh
from .kinds.netns import NetnsFact
from .model import Check
from .subject import Fact

Item = dict[str, Any]


@dataclass(frozen=True)
class Step:
    """What one machine does before it is another one's turn. C(actions) are as M(tcpip.lab.witness) takes them."""

    machine: str
    title: str
    actions: list[Item]


@dataclass(frozen=True)
class _Action:
    """One action, on its machine, for the check of this name."""

    machine: str
    name: str
    item: Item


@dataclass(frozen=True)
class _Given:
    """A check as the user wrote it, and as it is read."""

    number: int
    item: Item
    check: Check

    @property
    def id(self) -> str:
        """What tells its witnesses from those of other checks, of this lab and of others on the same machines."""
        text = json.dumps([self.number, self.item], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def steps(items: Sequence[Any], nodes: Mapping[str, str], machines: Sequence[str] = ()) -> list[Step]:
    """The steps in their order. C(nodes) says on which machine each namespace is, "" being the root one.

    The order is that of a single machine: traffic without captures, then checks one after another, what is looked at
    last. Raises LabError with the place of the first check that cannot be read.
    """
    given = [_Given(number, dict(item), check) for number, (item, check) in enumerate(zip(items, model.parse(items)))]
    plan = _Plan(nodes, machines or sorted(set(nodes.values())))
    return list(_joined(plan.actions(given)))


class _Plan:
    """Who does what."""

    def __init__(self, nodes: Mapping[str, str], machines: Sequence[str]) -> None:
        if not machines:
            raise LabError("there is no machine", "machines")
        self._nodes = nodes
        self._machines = machines
        #: Whoever is asked about a namespace that nobody has: he says so.
        self._other = nodes.get(ROOT, machines[0])

    def actions(self, given: Sequence[_Given]) -> Iterator[_Action]:
        """All actions in their order."""
        facts = [each for each in given if isinstance(each.check.subject, Fact)]
        traffic = [each for each in given if each not in facts]
        quiet = [each for each in traffic if self._is_quiet(each.check)]
        yield from self._together(quiet)
        for each in traffic:
            if each not in quiet:
                yield from self._one(each)
        leases = [each for each in facts if len(self._machines_of(each.check)) > 1]
        yield from self._together([each for each in facts if each not in leases])
        for each in leases:
            yield from self._lease(each)

    def _machine(self, netns: str) -> str:
        return self._nodes.get(netns, self._other)

    def _home(self, each: _Given) -> str:
        return self._machine(each.check.subject.home())

    def _machines_of(self, check: Check) -> set[str]:
        """All that have a part in it."""
        return {self._machine(netns) for netns in (check.subject.home(), *check.namespaces())}

    def _together(self, given: Iterable[_Given]) -> Iterator[_Action]:
        """Each machine makes its own, one machine after another."""
        by_machine: dict[str, list[_Given]] = {}
        for each in given:
            for machine in self._wherever(each):
                by_machine.setdefault(machine, []).append(each)
        for machine, own in by_machine.items():
            yield from (_check(machine, each, self._share(machine, each)) for each in own)

    def _wherever(self, each: _Given) -> Sequence[str]:
        """A namespace that must not be there must not be anywhere."""
        subject = each.check.subject
        if isinstance(subject, NetnsFact) and not subject.present and subject.name not in self._nodes:
            return self._machines
        if isinstance(subject, Mesh):
            return list(dict.fromkeys(map(self._machine, subject.busy)))
        return [self._home(each)]

    def _is_quiet(self, check: Check) -> bool:
        """Whether one machine after another can make its part of it while there is other traffic."""
        apart = isinstance(check.subject, Mesh) or len(self._machines_of(check)) == 1
        return apart and not check.captures

    def _share(self, machine: str, each: _Given) -> Item:
        """The machine's part of a check."""
        subject = each.check.subject
        if not isinstance(subject, Mesh):
            return each.item
        own = [netns for netns in subject.busy if self._machine(netns) == machine]
        self._bounded(machine, own, each)
        return {**each.item, "mesh": {**each.item["mesh"], "from": own}}

    def _bounded(self, machine: str, sources: Sequence[str], each: _Given) -> None:
        """Refuse what would bring a machine more neighbours from another one than its kernel can keep."""
        if not isinstance(each.check.subject, Mesh):
            return
        away = [self._machine(netns) for netns in each.check.subject.addresses if self._machine(netns) != machine]
        for other in dict.fromkeys(away):
            pairs = away.count(other) * len(sources)
            if pairs > MOST_FROM_AFAR:
                words = f"has {pairs} pairs from {machine} to {other}, and a machine can keep {MOST_FROM_AFAR}"
                raise LabError(words, f"checks[{each.number}].mesh", "give fewer of them in from")

    def _one(self, each: _Given) -> Iterator[_Action]:
        """A check with its own time. If others have a part in it they begin before, and end after."""
        subject = each.check.subject
        if len(self._machines_of(each.check)) == 1:
            yield _check(self._home(each), each, each.item)
        elif isinstance(subject, Exchange) and subject.at is not None and self._is_parted(subject):
            yield from self._exchange(each, subject)
        else:
            yield from self._watched(each, each.item)

    def _is_parted(self, subject: Exchange) -> bool:
        """Whether its ends, or sockets to be looked at, are on several machines."""
        spaces = [subject.from_, subject.at or ROOT, *(wanted.netns for _when, wanted in subject.sockets)]
        return len({self._machine(netns) for netns in spaces}) > 1

    def _captures(self, each: _Given) -> dict[str, list[Item]]:
        """The captures by machine."""
        found: dict[str, list[Item]] = {}
        for item, capture in zip(each.item.get("captures") or [], each.check.captures):
            found.setdefault(self._machine(capture.netns), []).append(item)
        return found

    def _watched(self, each: _Given, item: Item) -> Iterator[_Action]:
        """A check that its own machine makes, and that others watch."""
        captures = self._captures(each)
        own = captures.pop(self._home(each), None)
        others = [_witness(machine, each, captures=listed) for machine, listed in captures.items()]
        yield from _begun(others)
        yield _check(self._home(each), each, {**item, "captures": own})
        yield from _ended(others)

    def _exchange(self, each: _Given, subject: Exchange) -> Iterator[_Action]:
        """A text from one machine to another one, which listens before, and says after what has come."""
        captures, protocol = self._captures(each), subject.protocol
        words = {key: value for key, value in each.item[protocol].items() if key != "sockets"}
        far, near = self._machine(subject.at or ROOT), self._machine(subject.from_)
        listener = _witness(far, each, part=LISTENS, captures=captures.pop(far, None), **{protocol: words})
        own = captures.pop(near, None)
        others = [listener, *(_witness(machine, each, captures=listed) for machine, listed in captures.items())]
        yield from _begun(others)
        yield from self._looks(each, subject, "listening")
        if subject.works:
            counted = any(capture.packets.count is not None for capture in each.check.captures)
            again = True if protocol == "udp" and not counted else None
            caller = _witness(near, each, part=CALLS, captures=own, again=again, **{protocol: words})
            yield from _begun([caller])
            yield from self._looks(each, subject, "connected")
            yield from _ended([caller])
        else:
            alone = {key: value for key, value in words.items() if key != "at"}
            yield _check(near, each, {**each.item, protocol: alone, "captures": own})
        yield from _ended(others)

    def _looks(self, each: _Given, subject: Exchange, moment: str) -> Iterator[_Action]:
        """The sockets that are to be looked at in that moment."""
        for when, wanted in subject.sockets:
            if when == moment:
                fact = {key: getattr(wanted, key) for key in ("netns", "protocol", "port", "state", "present")}
                name = f"{each.check.name} ({moment})"
                yield _Action(self._machine(wanted.netns), name, {"checks": [{"name": name, "socket": fact}]})

    def _lease(self, each: _Given) -> Iterator[_Action]:
        """The server's machine tells what is lent, and then the client's can compare."""
        subject = each.check.subject
        if isinstance(subject, LeaseFact):
            asked = {"netns": subject.server, "name": subject.name}
            yield _Action(self._machine(subject.server), each.check.name, {"leases": asked})
        yield _check(self._home(each), each, each.item)


def _check(machine: str, each: _Given, item: Item) -> _Action:
    given = {key: value for key, value in item.items() if value is not None}
    return _Action(machine, each.check.name, {"checks": [given]})


def _witness(machine: str, each: _Given, **more: Any) -> _Action:
    """To be begun and ended."""
    identity = f"{each.id}.{more.get('part', 'watches')}"
    item = {"id": identity, "name": each.check.name, **{key: value for key, value in more.items() if value is not None}}
    return _Action(machine, each.check.name, item)


def _begun(witnesses: Iterable[_Action]) -> Iterator[_Action]:
    return (_Action(each.machine, each.name, {"begin": each.item}) for each in witnesses)


def _ended(witnesses: Iterable[_Action]) -> Iterator[_Action]:
    return (_Action(each.machine, each.name, {"end": each.item}) for each in witnesses)


def _joined(actions: Iterable[_Action]) -> Iterator[Step]:
    """What one machine does in a row is one step."""
    for machine, row in groupby(actions, key=lambda action: action.machine):
        together = list(row)
        names = list(dict.fromkeys(action.name for action in together))
        more = f", and {len(names) - 1} more" if len(names) > 1 else ""
        yield Step(machine, names[0] + more, _merged(action.item for action in together))


def _merged(items: Iterable[Item]) -> list[Item]:
    """Checks that follow each other are one list."""
    found: list[Item] = []
    for item in items:
        if found and "checks" in found[-1] and "checks" in item:
            found[-1] = {"checks": [*found[-1]["checks"], *item["checks"]]}
        else:
            found.append(item)
    return found
