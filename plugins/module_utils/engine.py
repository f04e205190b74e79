# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way of the data: observe, plan, apply. For a single module and for a whole topology alike."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from . import ahead, merging, namespaces, observe, plan, records, topology, verify
from . import ledger as ledgers
from .apply import Apply, ResidueError
from .command import MACHINE
from .errors import LabError, naming
from .kinds import KINDS, Netns, Resource, Service, Sysctl
from .lean import cached_property, dataclass
from .ledger import Ledger
from .merging import Items
from .netlink import Sockets
from .operations import CreateNamespace, Operation, WriteSysctl
from .progress import Progress
from .scope import Ask, Scope, Topic, asked
from .state import ROOT, LinkName, State, describe
from .verify import Claims


@dataclass
class Outcome:
    """What a run did, or in check mode would do, and what there was when it began."""

    operations: list[Operation]
    state: State

    @property
    def changed(self) -> bool:
        """Whether anything had, or has, to be done."""
        return bool(self.operations)

    def result(self) -> dict[str, Any]:
        """The part of a module's result that all modules share."""
        return {
            "changed": self.changed,
            "changes": [step.title for step in self.operations],
            "diff": plan.diff(self.operations),
        }


@dataclass(frozen=True)
class Request:
    """What is asked for: resources to be present and to be absent, of a lab or of nobody.

    C(reverts): what is present then is what there was before. C(forgets): nobody will ask for what there was before.
    C(former): what the lab had before, by its ledger.
    """

    present: Sequence[Resource] = ()
    absent: Sequence[Resource] = ()
    lab: str | None = None
    former: Sequence[Resource] = ()
    reverts: bool = False
    forgets: bool = False

    @property
    def resources(self) -> list[Resource]:
        """All of them."""
        return [*self.present, *self.absent]


def run(request: Request, check: bool) -> Outcome:
    """Close the difference between what is asked for and what is there; with C(check) only say what it is.

    Raises LabError with nothing changed.
    """
    return _locked(request.lab or MACHINE, check, lambda ledger, progress: _run(request, ledger, check, progress))


def revert(lab: str, check: bool) -> Outcome:
    """Take back what the last run for a lab changed, which must have come to its end; with C(check) only say what.

    Raises LabError with nothing changed.
    """
    return _locked(lab, check, lambda ledger, progress: _run(_former(lab, ledger), ledger, check, progress))


def _former(lab: str, ledger: Ledger | None) -> Request:
    """What there was before the last run."""
    if ledger is None:
        return Request(lab=lab, reverts=True)
    if ledger.former is None:
        raise LabError(f"what there was of lab {lab!r} before is not known", hint="state: absent removes the lab")
    return Request(present=topology.parse(ledger.former), lab=lab, reverts=True)


def _locked(name: str, check: bool, run_: Callable[[Ledger | None, Progress], Outcome]) -> Outcome:
    if check:
        return run_(ledgers.load(name), Progress())
    with ledgers.lock(name) as progress:
        return run_(ledgers.load(name), progress)


def _run(request: Request, ledger: Ledger | None, check: bool, progress: Progress) -> Outcome:
    with Sockets() as sockets:
        if request.lab:
            request = _with_history(request, ledger or _recover(request.lab, sockets))
        state = observe.read(scope_of(request, ledger), sockets, progress, ahead.take(ledger, progress))
        if ledger:
            recall(state, ledger)
        operations = steps(request, state, ledger, _claimed_by_others(request))
        if not check:
            work = Apply(sockets, state, lambda: _look(request, state, sockets), progress)
            _apply(request, operations, state, ledger or Ledger(request.lab or MACHINE), work)
    return Outcome(operations, state)


def _look(request: Request, before: State, sockets: Sockets) -> State:
    """What there is while the run is under way, wherever was looked before."""
    scope = Scope.of(request.resources, request.lab)
    scope.namespaces.update(before.namespaces)
    return observe.read(scope, sockets)


def scope_of(request: Request, ledger: Ledger | None) -> Scope:
    """Where to look; for a lab without a true ledger also where things with its mark may have been left."""
    scope = Scope.of(request.resources, request.lab)
    if not request.lab:
        return scope
    if not (ledger and ledger.complete):
        scope.namespaces.add(ROOT)
        # a lab that is removed takes its own namespaces along, with all that is in them
        seen = scope.namespaces if request.present and not ledger else {ROOT}
        scope.asked.update(Ask(Topic.NAT, name) for name in seen)
    else:
        scope.hide(_unseen(request, ledger))
    return scope


def _unseen(request: Request, ledger: Ledger) -> set[str]:
    """Namespaces that go as a whole: proven by the ledger to be ours, and joined with none that stays."""
    going = {each.name for each in request.absent if isinstance(each, Netns)}
    if not going:
        return going
    # also what is made anew with another end: its former end goes with it
    former = request.former if request.present else ()
    touched = [each.namespaces for each in (*request.resources, *former)]
    joined = {name for names in touched if names - going for name in names}
    return {name for name in going - joined if ledgers.is_same(name, ledger.spaces.get(name, ""))}


def repetition(ledger: Ledger) -> Request:
    """The run that makes of a lab again what it was made to be last. Raises LabError for a ledger that is too faulty.

    Runs before that did not come to their end may have left something, which it takes away.
    """
    return _with_history(Request(present=topology.parse(ledger.resources), lab=ledger.lab), ledger)


def recall(state: State, ledger: Ledger) -> None:
    """Add what the ledger knows: first values, and namespaces of ours.

    Somebody may have taken the mark from one of those: it is known by its identity, too.
    """
    state.first_values = ledger.known_values()
    for name, namespace in state.namespaces.items():
        if namespace.owner is None and name in ledger.spaces and ledgers.is_same(name, ledger.spaces[name]):
            namespace.owner = ledger.lab


def _with_history(request: Request, ledger: Ledger) -> Request:
    """The lab as one document: what it had before and is not declared any more is to be absent."""
    former = _parse_ledger(ledger, request.present, ledger.spaces if request.forgets else ())
    standing: dict[tuple[Any, ...], list[Resource]] = {}
    as_before = set(map(id, request.present))  # of those nothing is to be taken away
    for each in (resource for resource in former if id(resource) not in as_before):
        for place in _places(each):
            standing.setdefault(place, []).append(each)
    present = [_succeed(resource, standing) for resource in request.present]
    declared = {resource.key for resource in present}
    ends = _ends(present)
    absent = {each.key: each for each in former if each.key not in declared and not _ends([each]) & ends}
    return replace(request, present=present, absent=list(absent.values()), former=former)


def _succeed(resource: Resource, standing: Mapping[tuple[Any, ...], Sequence[Resource]]) -> Resource:
    """The resource with what it is to take away of those that stood where it is declared now."""
    for place in _places(resource):
        for former in standing.get(place, ()):
            resource = resource.succeed(former)
    return resource


def _places(resource: Resource) -> set[tuple[Any, ...]]:
    """Where a resource stands among those of its kind: a pair may be declared from either end."""
    return {resource.key, *((resource.KIND, *end.key) for end in resource.ends())}


def _ends(resources: Iterable[Resource]) -> set[LinkName]:
    return {end.key for resource in resources for end in resource.ends()}


def _parse_ledger(ledger: Ledger, known: Sequence[Resource] = (), going: Collection[str] = ()) -> list[Resource]:
    """What the lab had, and what it had before runs that did not come to their end.

    C(known) are resources that may be the same ones: they need not be read again. Nor need those that go with the
    namespaces C(going): of a large lab that is nearly all.
    """
    same = _Known(known)
    return [
        (same.resource(kind, item, place) or _read(kind, item, place, ledger)).remembered()
        for kind, item, place in _noted(ledger)
        if not (going and KINDS[kind].goes_along(item, going))
    ]


def _noted(ledger: Ledger) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """The items of a ledger, each with its kind and its place."""
    for items in (*ledger.earlier, ledger.resources):
        for kind in KINDS:
            for i, item in enumerate(items.get(kind) or ()):
                yield kind, item, f"{kind}[{i}]"


def _read(kind: str, item: Mapping[str, Any], place: str, ledger: Ledger) -> Resource:
    return KINDS[kind].parse(item, f"ledger of {ledger.lab}: {place}")


class _Known:
    """Resources that have been read already. Most stand in the same place as before."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._resources = resources
        self._by_place = {each.place: each for each in resources}

    def resource(self, kind: str, item: Mapping[str, Any], place: str) -> Resource | None:
        """The one that the item was read to, if it was."""
        found = self._by_place.get(place)
        if not found or (found.KIND, found.given) != (kind, item):
            found = self._by_identity.get((kind, merging.identify(kind, item)))
        return found if found and found.given == item else None

    @cached_property
    def _by_identity(self) -> dict[tuple[Any, ...], Resource]:
        return {(each.KIND, merging.identify(each.KIND, each.given)): each for each in self._resources}


def _recover(lab: str, sockets: Sockets) -> Ledger:
    """The namespaces that bear the lab's mark, and the processes that have a record, when its ledger is gone."""
    marked = [{"name": name} for name in namespaces.names() if observe.owner(name, sockets) == lab]
    found: dict[str, list[Mapping[str, Any]]] = {Netns.KIND: [*marked]}
    for spot in records.recorded(lab):
        kind = KINDS.get(spot.kind)
        if kind and issubclass(kind, Service):
            found.setdefault(spot.kind, []).append(kind.remains(spot))
    return Ledger(lab, found)


def steps(
    request: Request, state: State, ledger: Ledger | None, others: Mapping[tuple[Any, ...], str]
) -> list[Operation]:
    """What has to be done; C(others) are the keys of what other labs have and cannot mark, with their names.

    Raises LabError where it must not be done.
    """
    claims = _claims(request, state, ledger, others)
    absent = request.absent
    if request.lab:
        absent = [each for each in absent if verify.is_ours(each, state, claims)]
    verify.everything(request.present, absent, state, claims)
    if not request.lab:
        verify.ownership([each for each in absent if not each.proven(state)], state, claims)
    return plan.make(request.present, absent, state, request.lab)


def _claimed_by_others(request: Request) -> dict[tuple[Any, ...], str]:
    """The keys of what other labs have and cannot mark, if any of it matters to the request."""
    if not any(True for resource in request.resources for _claim in resource.unmarked()):
        return {}
    if namespaces.own_name():  # to which the claims to the machine's own do not extend
        return {}
    return {key: other.lab for other in ledgers.others(request.lab or MACHINE) for key in claimed(other)}


def claimed(ledger: Ledger) -> list[tuple[Any, ...]]:
    """The keys of what a lab has and cannot mark, as far as they can be read: another release may have written them."""
    found: list[tuple[Any, ...]] = []
    for kind, item, place in _noted(ledger):
        with suppress(LabError):
            found += (claim.key for claim in _read(kind, item, place, ledger).remembered().unmarked())
    return found


def _claims(request: Request, state: State, ledger: Ledger | None, others: Mapping[tuple[Any, ...], str]) -> Claims:
    former = request.former if ledger and request.lab else ()
    links = {key for key in _ends(former) if key[0] == ROOT and _is_claimed(key, state, ledger)}
    return Claims(request.lab, frozenset(links), frozenset(each.key for each in former), others)


def _is_claimed(key: LinkName, state: State, ledger: Ledger | None) -> bool:
    """Whether a link without a mark is ours by the ledger.

    A run that did not come to its end may have made it and not marked it. Otherwise somebody took the mark away, or it
    is another one: then what it is joined with must be ours.
    """
    link = state.link(key)
    if not ledger or not link:
        return False
    peer = state.link(link.peer) if link.peer else None
    base = state.namespaces.get(link.base or ROOT)
    return not ledger.complete or ledger.lab in (peer and state.link_owner(peer), base and base.owner)


def _apply(request: Request, operations: list[Operation], state: State, before: Ledger, work: Apply) -> None:
    after = _remember(request, operations, state, before)
    if not operations and after == before:
        return
    intent = _intent(request, after, before)
    ledgers.save(intent)
    try:
        _prepare(request, operations, before)
        with work:
            work.run(
                operations,
                lambda now: plan.make(request.present, (), now, request.lab),
                lambda: _conclude(request, after, work),
            )
    except BaseException as error:
        with suppress(LabError):  # the one that is on the disk is true as well
            ledgers.save(intent if isinstance(error, ResidueError) else before)
        raise


def _conclude(request: Request, after: Ledger, work: Apply) -> None:
    """Remember what was done. Raises LabError if a namespace has gone since."""
    with naming("see what was made"):
        _see(request, after, work)
    ledgers.save(after)


def _see(request: Request, after: Ledger, work: Apply) -> None:
    for (netns, name), value in work.ground.found_values.items():
        after.first_values.setdefault((netns, name), (namespaces.identity(netns), value))
    after.spaces = {name: namespaces.identity(name) for name in _made(request)}


def _prepare(request: Request, operations: Iterable[Operation], before: Ledger) -> None:
    """Make room for namespaces."""
    spaces = [each.name for each in request.resources if isinstance(each, Netns)]
    for name in spaces if not before.complete else ():
        with naming(f"remove what is left of {describe(name)}"):
            namespaces.discard_leftover(name)
    if any(isinstance(step, CreateNamespace) for step in operations):
        ledgers.prepare_netns_directory()


def _made(request: Request) -> list[str]:
    """The namespaces that the lab has."""
    return [each.name for each in request.present if isinstance(each, Netns)] if request.lab else []


def _remember(request: Request, operations: Sequence[Operation], state: State, before: Ledger) -> Ledger:
    """The ledger once the operations are done."""
    known = before.known_values()
    values = {key: value for key, value in before.first_values.items() if key in known}
    _note_first_values(values, request, operations, state)
    removed = {each.name for each in request.absent if isinstance(each, Netns)}
    values = {key: value for key, value in values.items() if key[0] not in removed}
    managed = asked(request.present, Topic.SETTING)
    for netns, patterns in asked(request.absent, Topic.SETTING).items():
        if netns in removed:
            continue
        done = [name for where, name in values if where == netns and name not in managed.get(netns, ())]
        for name in (name for pattern in patterns for name in fnmatch.filter(done, pattern)):
            values.pop((netns, name), None)
    resources = topology.unparse(request.present) if request.lab else {}
    spaces = {name: before.spaces[name] for name in _made(request) if name in before.spaces}
    former = _begun_with(request, operations, before)
    return Ledger(before.lab, resources, values, spaces, former=former, elsewhere=before.elsewhere)


def _note_first_values(
    values: dict[tuple[str, str], tuple[str, str]], request: Request, operations: Iterable[Operation], state: State
) -> None:
    """What settings are before they are written for the first time, and before a lab declares them as they are.

    What changes along with one that somebody else has changed meanwhile was not so at first.
    """
    for step in operations:
        if isinstance(step, WriteSysctl) and step.before is not None:
            identity = namespaces.identity(step.netns)
            _where, first = values.setdefault((step.netns, step.name), (identity, step.before))
            for name, value in step.along.items() if first == step.before else ():
                values.setdefault((step.netns, name), (identity, value))
    root = state.namespaces.get(ROOT)
    declared = [each for each in request.present if isinstance(each, Sysctl) and each.netns == ROOT]
    for each in declared if request.lab and root else ():
        if root and each.name in root.sysctls:
            values.setdefault((ROOT, each.name), (namespaces.identity(ROOT), root.sysctls[each.name]))


def _begun_with(request: Request, operations: Sequence[Operation], before: Ledger) -> Items | None:
    """What a run that takes this one back has to come to."""
    if request.forgets:
        return None
    if request.reverts:
        return topology.unparse(request.present)
    return before.resources if operations and before.complete else before.former


def _intent(request: Request, after: Ledger, before: Ledger) -> Ledger:
    """The ledger while the operations are under way: whatever may exist if they stop half-way."""
    values = {**after.first_values, **before.first_values}
    if not request.lab:
        return Ledger(after.lab, {}, values, complete=False, elsewhere=after.elsewhere)
    earlier = [*before.earlier, before.resources]
    return replace(after, first_values=values, spaces=before.spaces, complete=False, earlier=earlier)
