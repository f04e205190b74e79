# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations to kernel, in their order and in batches; what was done is undone when one fails."""

from __future__ import annotations

import errno
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Callable

from . import decode, encode, interruption, netlink
from .aftermath import lost
from .errors import LabError, naming
from .features import unknown_kind
from .files import ALLOWANCE
from .netlink import AT_ONCE, Refusal, Sockets
from .numbers import Numbers
from .operations import (
    AddAddress,
    AddRoute,
    CreateDevice,
    CreateNamespace,
    Creation,
    Direct,
    Operation,
    RemoveNamespace,
    ReplaceRoute,
)
from .perform import Ground, perform
from .progress import Progress
from .requests import home, named, request
from .state import State

if TYPE_CHECKING:
    from typing_extensions import TypeGuard  # in typing only since Python 3.10

#: The links of a namespace that was removed a moment ago vanish with a delay; until then their names are taken.
_NAME_BUSY_S = 2.0
#: An IPv6 address is a source once nobody has said within 2 s at most that it is his (RFC 4862, section 5.4).
_SETTLE_S = 5.0
_NAME_BUSY = (errno.EEXIST, errno.EBUSY)

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
        self._numbers = Numbers(sockets)
        self.ground = Ground(sockets)

    def __enter__(self) -> Apply:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.ground.close()

    def run(self, operations: Sequence[Operation], missing: Missing, conclude: Callable[[], None]) -> None:
        """Carry out all operations, or none.

        C(missing) tells what is left to do for what is declared, once the kernel has taken things along. C(conclude)
        is done last: if it fails all is undone, too.
        Raises LabError with the operation that failed and the kernel's reason, after undoing what was done. It does so
        when the run is interrupted, too.
        """
        # Removed namespaces are held open to the end, for the case that they have to come back.
        ALLOWANCE.ask(sum(isinstance(step, RemoveNamespace) for step in operations))
        self._numbers = Numbers(self._sockets, {each.netns for each in operations if isinstance(each, CreateNamespace)})
        self._wanted = operations
        try:
            self._carry_out_all(operations, missing)
            conclude()
            interruption.disregard()  # from here on it comes too late
        except LabError as error:
            residue = self._undo()
            failure = ResidueError if residue else LabError
            raise failure(error.message, error.place, _outcome(residue)) from error
        except interruption.InterruptionError as error:
            residue = self._undo()
            failure = ResidueError if residue else LabError
            raise failure(str(error), hint=_outcome(residue)) from error
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
            for _phase, group in groupby(missing(self._look()), key=lambda each: each.phase):
                self._carry_out(group)
            self._give_back(operations)

    def _give_back(self, operations: Sequence[Operation]) -> None:
        """What the kernel took along; of what nobody declares, as much as can be."""
        where = {step.netns for step in operations if step.takes_along}
        self._try(lost(self._before, self._look(), operations, where))

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
        interruption.disregard()
        done, self._done, self._wanted = self._done, [], ()
        residue = self._abandon()
        if not done:
            return residue
        failures = self._try(back for step in reversed(done) for back in step.undo())
        # Addresses and routes can need what comes back later: whether they are there is seen at the end.
        residue += [reason for step, reason in failures if not isinstance(step, (AddAddress, AddRoute))]
        try:
            self._try(lost(self._before, self._look()))
            return residue + [f"could not {step.title}" for step in lost(self._before, self._look())]
        except LabError as error:
            return [*residue, str(error)]

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
            interruption.heed()
            try:
                perform(step, self.ground)
            except OSError as error:
                raise _failure(step, error.strerror or str(error)) from error
            self._done.append(step)
            self._progress.steps(self._done, self._wanted)

    def _together(self, netns: str, steps: Sequence[Operation]) -> None:
        """Send the requests of one namespace together."""
        for turn in _turns(steps):
            interruption.heed()
            try:
                with naming(turn[0].title):
                    self._send(netns, turn)
            finally:
                self._numbers.give_back()
            self._progress.steps(self._done, self._wanted)

    def _send(self, netns: str, steps: Sequence[Operation]) -> None:
        """Send requests that are few enough for the namespaces that they name to be open all at once.

        The kernel goes on behind one that it refuses, so that those behind it are to be undone, too.
        """
        self._numbers.learn(netns, {name for step in steps for name in named(step)})
        prepared = [(step, self._request(step)) for step in steps]
        answers = iter(self._sockets.get(netns).execute([message for _step, message in prepared if message]))
        refused = []
        for step, message in prepared:
            refusal = next(answers).refusal if message else None
            if refusal is None or refusal.number == step.gone:
                self._done.append(step)
            else:
                refused.append((step, refusal))
        for step, first in refused:
            last = self._insist(netns, step, first)
            if last:
                raise _failure(step, _reason(step, last))
            self._done.append(step)

    def _request(self, step: Operation) -> bytes | None:
        """The request for a step; None for a removal from an interface that somebody else has just removed."""
        try:
            return request(step, self._numbers)
        except LabError as error:
            if step.gone:
                return None
            raise _failure(step, str(error)) from error

    def _insist(self, netns: str, step: Operation, refusal: Refusal) -> Refusal | None:
        """Try what was refused again, as long as it may become possible by itself; returns the last refusal."""
        began, hope, found = time.monotonic(), True, refusal
        while hope and time.monotonic() - began < _patience(step, found):
            hope = self._may_settle(netns, step)  # seen before the next try: it may have settled since the last one
            time.sleep(0.01)
            self._numbers.give_back()
            if isinstance(step, Creation):
                self._numbers.leave_all()
            answer = self._sockets.get(netns).execute([request(step, self._numbers)])[0]
            if answer.refusal is None:
                return None
            found = answer.refusal
        return found

    def _may_settle(self, netns: str, step: Operation) -> bool:
        """Whether time may bring what the step needs: of a route with a source, that this becomes one."""
        if not _needs_source(step):
            return True
        addresses = self._sockets.get(netns).dump(encode.address_message(netlink.GETADDR))
        return step.route.source in map(decode.settling, addresses)


def _turns(steps: Iterable[Operation]) -> Iterator[list[Operation]]:
    """Steps that can be sent together: what stands on an interface needs the number that this gets at its birth.

    Behind a route that may have to wait for its source may be one that leads over it.
    """
    turn: list[Operation] = []
    made: set[str] = set()
    for step in steps:
        if len(turn) == AT_ONCE or not made.isdisjoint(named(step)):
            yield turn
            turn, made = [], set()
        turn.append(step)
        if isinstance(step, CreateDevice):
            made.add(step.name)
        if _needs_source(step):
            yield turn
            turn, made = [], set()
    if turn:
        yield turn


def _needs_source(step: Operation) -> TypeGuard[AddRoute | ReplaceRoute]:
    return isinstance(step, (AddRoute, ReplaceRoute)) and step.route.family == 6 and bool(step.route.source)


def _patience(step: Operation, refusal: Refusal) -> float:
    """Seconds within which what the kernel refuses may become possible by itself."""
    if isinstance(step, Creation) and refusal.number in _NAME_BUSY:
        return _NAME_BUSY_S
    return _SETTLE_S if _needs_source(step) and refusal.number == errno.EINVAL else 0


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
