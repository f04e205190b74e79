# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations to kernel, in their order and in batches; what was done is undone when one fails."""

from __future__ import annotations

import errno
import os
import resource
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Callable

from . import encode, namespaces, netlink
from .aftermath import lost
from .errors import LabError
from .features import unknown_kind
from .netlink import AT_ONCE, Answer, Refusal, Sockets
from .operations import AddAddress, AddRoute, CreateDevice, Creation, Direct, Operation, RemoveNamespace
from .perform import Ground, perform
from .progress import Progress
from .requests import Numbers, home, named, request
from .state import LinkName, State, describe

#: The links of a namespace that was removed a moment ago vanish with a delay; until then their names are taken.
_NAME_BUSY_S = 2.0
_NAME_BUSY = (errno.EEXIST, errno.EBUSY)
#: Descriptors that a run needs besides those of the namespaces that it removes.
_OTHER_FILES = 600


#: What is left to do in a state.
Missing = Callable[[State], Sequence[Operation]]


class ResidueError(LabError):
    """An operation failed, and what was done before it could not be undone completely."""


class Apply:
    """Carries operations out and remembers how to undo them.

    C(before) is what there was at first, C(look) tells what there is now.
    """

    def __init__(self, sockets: Sockets, before: State, look: Callable[[], State], progress: Progress) -> None:
        self._sockets = sockets
        self._before = before
        self._look = look
        self._progress = progress
        self._wanted: Sequence[Operation] = ()
        self._done: list[Operation] = []
        self._indexes: dict[LinkName, int] = {}
        self.ground = Ground(sockets)
        self._borrowed: list[int] = []
        self._numbers = Numbers(self._index, self._descriptor)

    def __enter__(self) -> Apply:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.ground.close()

    def run(self, operations: Sequence[Operation], missing: Missing) -> None:
        """Carry out all operations, or none.

        C(missing) tells what is left to do for what is declared, once the kernel has taken things along.
        Raises LabError with the operation that failed and the kernel's reason, after undoing what was done.
        """
        _allow_files(sum(isinstance(step, RemoveNamespace) for step in operations))
        self._wanted = operations
        try:
            self._carry_out_all(operations, missing)
        except LabError as error:
            residue = self._undo()
            failure = ResidueError if residue else LabError
            raise failure(error.message, error.place, _outcome(residue)) from error
        except BaseException as error:
            residue = self._undo()
            if residue:
                raise ResidueError(f"{type(error).__name__}: {error}", hint=_outcome(residue)) from error
            raise

    def _carry_out_all(self, operations: Sequence[Operation], missing: Missing) -> None:
        for _phase, group in groupby(operations, key=lambda each: each.phase):
            steps = list(group)
            self._carry_out(steps)
            if any(step.takes_along for step in steps):
                self._give_back(operations)
        if any(step.takes_along for step in operations):
            self._carry_out(missing(self._look()))
            self._give_back(operations)

    def _give_back(self, operations: Sequence[Operation]) -> None:
        """What the kernel took along; of what nobody declares, as much as can be."""
        self._try(lost(self._before, self._look(), operations))

    def _carry_out(self, operations: Iterable[Operation]) -> None:
        for (_phase, netns), steps in groupby(operations, key=lambda each: (each.phase, home(each))):
            for direct, group in groupby(steps, key=lambda each: isinstance(each, Direct)):
                if direct:
                    self._one_by_one(group)
                else:
                    self._together(netns, list(group))
        self.ground.pending.settle()

    def _undo(self) -> list[str]:
        """Newest first, each on its own; returns what could not be brought back."""
        done, self._done, self._wanted = self._done, [], ()
        residue = self._abandon()
        if not done:
            return residue
        failures = self._try(back for step in reversed(done) for back in step.undo())
        self._try(lost(self._before, self._look()))
        # Addresses and routes can need what comes back later: whether they are there is seen at the end.
        residue += [reason for step, reason in failures if not isinstance(step, (AddAddress, AddRoute))]
        return residue + [f"could not {step.title}" for step in lost(self._before, self._look())]

    def _abandon(self) -> list[str]:
        """Whatever has just been started need not get ready any more."""
        try:
            self.ground.pending.abandon()
        except (LabError, OSError) as error:
            return [str(error)]
        return []

    def _try(self, steps: Iterable[Operation]) -> list[tuple[Operation, str]]:
        """Carry out steps each on its own; returns those that failed, with the reasons."""
        failures = []
        for step in steps:
            try:
                self._carry_out([step])
            except (LabError, OSError) as error:
                failures.append((step, str(error)))
        return failures

    def _one_by_one(self, steps: Iterable[Operation]) -> None:
        for step in steps:
            try:
                perform(step, self.ground)
            except OSError as error:
                raise _failure(step, error.strerror or str(error)) from error
            self._done.append(step)
            self._progress.steps(self._done, self._wanted)

    def _together(self, netns: str, steps: Sequence[Operation]) -> None:
        """Send the requests of one namespace together."""
        for turn in _turns(steps):
            try:
                self._send(netns, turn)
            finally:
                self._return()
            self._progress.steps(self._done, self._wanted)

    def _send(self, netns: str, steps: Sequence[Operation]) -> None:
        """Send requests that are few enough for the namespaces that they name to be open all at once.

        The kernel goes on behind one that it refuses, so that those behind it are to be undone, too.
        """
        self._learn(netns, {name for step in steps for name in named(step)})
        prepared = [(step, self._request(step)) for step in steps]
        answers = iter(self._sockets.get(netns).execute([message for _step, message in prepared if message]))
        failed = None
        for step, message in prepared:
            refusal = self._insist(netns, step, message, next(answers)) if message else None
            if refusal is None or refusal.number == step.gone:
                self._done.append(step)
            elif failed is None:
                failed = _failure(step, _reason(step, refusal))
        if failed:
            raise failed

    def _request(self, step: Operation) -> bytes | None:
        """The request for a step; None for a removal from an interface that somebody else has just removed."""
        try:
            return request(step, self._numbers)
        except LabError as error:
            if step.gone:
                return None
            raise _failure(step, str(error)) from error

    def _insist(self, netns: str, step: Operation, message: bytes, answer: Answer) -> Refusal | None:
        deadline = time.monotonic() + _NAME_BUSY_S
        refusal = answer.refusal
        while refusal and refusal.number in _NAME_BUSY and isinstance(step, Creation) and time.monotonic() < deadline:
            time.sleep(0.01)
            refusal = self._sockets.get(netns).execute([message])[0].refusal
        return refusal

    def _learn(self, netns: str, names: set[str]) -> None:
        """Ask for the numbers of interfaces, all at once."""
        wanted = sorted(names)
        asked = [
            encode.link_message(
                netlink.GETLINK, attributes=[("IFLA_EXT_MASK", netlink.WITHOUT_STATISTICS), ("IFLA_IFNAME", name)]
            )
            for name in wanted
        ]
        for name, answer in zip(wanted, self._sockets.get(netns).execute(asked)):
            self._indexes.pop((netns, name), None)
            for message in answer.messages:
                self._indexes[netns, name] = netlink.link_index(message)

    def _descriptor(self, netns: str) -> int:
        """A namespace for a request to name: it stays open until that was sent."""
        self._borrowed.append(namespaces.open_namespace(netns))
        return self._borrowed[-1]

    def _return(self) -> None:
        """Close the namespaces that were opened for requests."""
        while self._borrowed:
            os.close(self._borrowed.pop())

    def _index(self, netns: str, name: str) -> int:
        if (netns, name) not in self._indexes:
            self._learn(netns, {name})
        if (netns, name) not in self._indexes:
            raise LabError(f"there is no interface {name!r} in {describe(netns)}")
        return self._indexes[netns, name]


def _turns(steps: Iterable[Operation]) -> Iterator[list[Operation]]:
    """Steps that can be sent together: what stands on an interface needs the number that this gets at its birth."""
    turn: list[Operation] = []
    made: set[str] = set()
    for step in steps:
        if len(turn) == AT_ONCE or not made.isdisjoint(named(step)):
            yield turn
            turn, made = [], set()
        turn.append(step)
        if isinstance(step, CreateDevice):
            made.add(step.name)
    yield turn


def _allow_files(removed: int) -> None:
    """Removed namespaces are held open to the end: allow as many files, as far as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = removed + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < needed:
        most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _failure(step: Operation, reason: str) -> LabError:
    return LabError(f"could not {step.title}: {reason}")


def _reason(step: Operation, refusal: Refusal) -> str:
    """In words of ours where the kernel lacks something, in its own otherwise."""
    unknown = unknown_kind(step, refusal.number, refusal.text)
    return f"{unknown} [{refusal}]" if unknown else str(refusal)


def _outcome(residue: Sequence[str]) -> str:
    if residue:
        return f"what was done before it could not be undone completely: {'; '.join(residue)}"
    return "what was done before it is undone"
