# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running checks: which at once, which one after another, how often again, and the report for a person."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext, suppress
from typing import TYPE_CHECKING, Callable

from .. import namespaces
from ..errors import LabError
from . import capture, diagnose
from .look import View, settling
from .outcome import Outcome, Result
from .subject import Fact, Traffic

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .look import Leases
    from .model import Check
    from .subject import Subject

#: Threads at once: they mostly wait, and a machine of few cores starts few processes at a time anyway.
_THREADS = 32
#: How long a positive expectation may be tried again, by IP version: a network just made may need a moment, and IPv6
#: checks each address for duplicates first, which takes 1 to 2 s (RFC 4862, 5.4).
_AGAIN_S = {4: 1.2, 6: 3.0}
_PAUSE_S = 0.2
_SETTLE_S = 3.0
_INDENT = " " * 6
#: Ends of which a walk along the way can only say that it is open.
_GOT_THROUGH = (
    "reply",
    "delivered",
    "connected",
    "altered",
    "elsewhere",
    "response",
    "answer",
    "nxdomain",
    "malformed",
)


def run(checks: list[Check], leases: Leases | None = None) -> list[Result]:
    """Run all checks and return their results in the same order. C(leases) are what servers elsewhere have lent.

    Traffic without a capture runs at once. That with one follows, one after another, so that each sees its own packets
    only. Facts come last, so that they show what the traffic left behind, such as neighbours that were learned. What
    fails because a command, a namespace or a port is missing is the result of its check, not an exception.
    """
    wait_for_addresses(check.subject for check in checks)
    runner = _Runner(checks, leases)
    results: dict[int, Result] = {}
    numbered = list(enumerate(checks))
    results.update(runner.at_once([each for each in numbered if not _is_fact(each[1]) and not each[1].captures]))
    results.update((number, runner.run(check)) for number, check in numbered if check.captures)
    results.update(runner.at_once([each for each in numbered if _is_fact(each[1])]))
    _find_causes(checks, results)
    return [results[number] for number in range(len(checks))]


def _is_fact(check: Check) -> bool:
    return isinstance(check.subject, Fact)


def wait_for_addresses(subjects: Iterable[Subject]) -> None:
    """Let IPv6 addresses become usable, lest a check take a network for silent that is only not ready."""
    flows = [subject.flow() for subject in subjects if isinstance(subject, Traffic)]
    if not any(flow and flow.version == 6 for flow in flows):
        return
    limit = time.monotonic() + _SETTLE_S
    waiting = [netns for netns in namespaces.names() if settling(netns)]
    while waiting and time.monotonic() < limit:
        time.sleep(0.05)
        waiting = [netns for netns in waiting if settling(netns)]


class _Runner:
    """Runs one check after the other or several at once, two never on the same listening port."""

    def __init__(self, checks: list[Check], leases: Leases | None) -> None:
        subjects = [check.subject for check in checks]
        self._view = View(leases or {})
        self._turns = {each.listens(): threading.Lock() for each in subjects if isinstance(each, Traffic)}

    def at_once(self, numbered: list[tuple[int, Check]]) -> list[tuple[int, Result]]:
        """The checks' results by their numbers."""
        with ThreadPoolExecutor(max_workers=_THREADS) as pool:
            running = [(number, pool.submit(self.run, check)) for number, check in numbered]
            try:
                return [(number, future.result()) for number, future in running]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)  # who is asked to end begins nothing more
                raise

    def run(self, check: Check) -> Result:
        """The check's result; the cause of a failure is still to be found."""
        subject = check.subject
        try:
            if isinstance(subject, Fact):
                return subject.look(check.name, self._view)
            with self._turns[subject.listens()] if subject.listens() else nullcontext():
                return _with_captures(check, subject)
        except LabError as error:
            return Result(check.name, False, subject.describe(), subject.expected(), error.reason, cause=error.hint)


def _with_captures(check: Check, subject: Traffic) -> Result:
    with ExitStack() as stack:
        watches = [stack.enter_context(capture.watching(each)) for each in check.captures]
        for watch in watches:
            watch.wait_until_listening()
        ok, outcome, earlier = tried(subject.once, patience(subject))
        faults, packets = capture.told((watch.capture, watch.finish()) for watch in watches)
    return Result(
        name=check.name,
        ok=ok and not faults,
        what=subject.describe(),
        expected=subject.expected(),
        got="; ".join([outcome.got, *faults]),
        evidence=[*earlier, *outcome.evidence, *packets],
        outcome=outcome.kind,
        cause=outcome.cause,
    )


def patience(subject: Traffic) -> float:
    """Seconds for which it is tried. An expected failure has one try: a network that is not ready looks like one."""
    flow = subject.flow()
    return _AGAIN_S[flow.version] if flow and subject.works else 0


def tried(once: Callable[[], tuple[bool, Outcome]], seconds: float) -> tuple[bool, Outcome, list[str]]:
    """Try until it is as expected, and what came of it: whether it is, how it ended, and a line for each try before."""
    limit = time.monotonic() + seconds
    earlier: list[str] = []
    while True:
        ok, outcome = once()
        if ok or not outcome.worth_retrying or time.monotonic() >= limit:
            return ok, outcome, earlier
        earlier.append(f"try {len(earlier) + 1}: {outcome.got}; tried again")
        time.sleep(_PAUSE_S)


def _find_causes(checks: list[Check], results: dict[int, Result]) -> None:
    view = View()  # a new look: what was read before the traffic may have changed
    for number, check in enumerate(checks):
        if isinstance(check.subject, Traffic):
            find_cause(view, check.subject, results[number])


def find_cause(view: View, subject: Traffic, result: Result) -> None:
    """Add its likely cause to a failure that has none."""
    if not result.ok and not result.cause:
        with suppress(LabError):  # a namespace that is not there has been reported as what it got
            result.cause = _cause(view, subject, result)


def _cause(view: View, subject: Traffic, result: Result) -> str:
    find = diagnose.open_way if result.outcome in _GOT_THROUGH else diagnose.likely_cause
    flow = subject.flow()
    return find(view, flow) if flow else ""


def report(results: list[Result]) -> list[str]:
    """The results as lines for a person."""
    return [line for result in results for line in _report(result)]


def _report(result: Result) -> list[str]:
    mark, explained = ("ok   ", []) if result.ok else ("FAIL ", _explanation(result))
    headline = f"{mark} {result.name} — {result.got}" if result.ok else f"{mark} {result.name}"
    return [headline, *(_INDENT + line for line in [*explained, *result.evidence])]


def _explanation(result: Result) -> list[str]:
    tried = [f"tried: {result.what}"] if result.what != result.name else []
    cause = [f"likely cause: {result.cause}"] if result.cause else []
    return [*tried, f"expected: {result.expected}", f"got: {result.got}", *cause]


def failure(results: list[Result]) -> str:
    """One message for all checks that failed, "" if none did."""
    failed = [result for result in results if not result.ok]
    if not failed:
        return ""
    told = ["\n  ".join([result.name, *_explanation(result)]) for result in failed]
    return "\n".join([f"{len(failed)} of {len(results)} checks failed:", *told])
