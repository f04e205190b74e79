# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running checks: which at once, which one after another, how often again, and the report for a person."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from typing import TYPE_CHECKING

from .. import namespaces
from ..errors import LabError
from . import capture, diagnose
from .look import View, settling
from .outcome import Outcome, Result
from .subject import Fact, Traffic

if TYPE_CHECKING:
    from .model import Check

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


def run(checks: list[Check]) -> list[Result]:
    """Run all checks and return their results in the same order.

    Traffic without a capture runs at once. That with one follows, one after another, so that each sees its own packets
    only. Facts come last, so that they show what the traffic left behind, such as neighbours that were learned. What
    fails because a command, a namespace or a port is missing is the result of its check, not an exception.
    """
    _wait_for_addresses(checks)
    runner = _Runner(checks)
    results: dict[int, Result] = {}
    numbered = list(enumerate(checks))
    results.update(runner.at_once([each for each in numbered if not _is_fact(each[1]) and not each[1].captures]))
    results.update((number, runner.run(check)) for number, check in numbered if check.captures)
    results.update(runner.at_once([each for each in numbered if _is_fact(each[1])]))
    _find_causes(checks, results)
    return [results[number] for number in range(len(checks))]


def _is_fact(check: Check) -> bool:
    return isinstance(check.subject, Fact)


def _wait_for_addresses(checks: list[Check]) -> None:
    """Let IPv6 addresses become usable, lest a check take a network for silent that is only not ready."""
    flows = [check.subject.flow() for check in checks if isinstance(check.subject, Traffic)]
    if not any(flow and flow.version == 6 for flow in flows):
        return
    limit = time.monotonic() + _SETTLE_S
    waiting = [netns for netns in namespaces.names() if settling(netns)]
    while waiting and time.monotonic() < limit:
        time.sleep(0.05)
        waiting = [netns for netns in waiting if settling(netns)]


class _Runner:
    """Runs one check after the other or several at once, two never on the same listening port."""

    def __init__(self, checks: list[Check]) -> None:
        subjects = [check.subject for check in checks]
        self._view = View()
        self._turns = {each.listens(): threading.Lock() for each in subjects if isinstance(each, Traffic)}

    def at_once(self, numbered: list[tuple[int, Check]]) -> list[tuple[int, Result]]:
        """The checks' results by their numbers."""
        with ThreadPoolExecutor(max_workers=_THREADS) as pool:
            running = [(number, pool.submit(self.run, check)) for number, check in numbered]
            return [(number, future.result()) for number, future in running]

    def run(self, check: Check) -> Result:
        """The check's result; the cause of a failure is still to be found."""
        subject = check.subject
        try:
            if isinstance(subject, Fact):
                return subject.look(check.name, self._view)
            with self._turns[subject.listens()] if subject.listens() else nullcontext():
                return _with_captures(check, subject)
        except LabError as error:
            return Result(check.name, False, subject.describe(), subject.expected(), str(error), cause=error.hint)


def _with_captures(check: Check, subject: Traffic) -> Result:
    with ExitStack() as stack:
        watches = [stack.enter_context(capture.watching(each)) for each in check.captures]
        for watch in watches:
            watch.wait_until_listening()
        ok, outcome, earlier = _try(subject)
        seen = [(watch.capture, watch.finish()) for watch in watches]
    faults = [found for found in (capture.fault(each, lines) for each, lines in seen) if found]
    evidence = [*earlier, *outcome.evidence]
    for each, lines in seen:
        evidence += [f"on {capture.title(each)}:", *(f"  {line}" for line in lines or ["no packet"])]
    return Result(
        name=check.name,
        ok=ok and not faults,
        what=subject.describe(),
        expected=subject.expected(),
        came="; ".join([outcome.came, *faults]),
        evidence=evidence,
        outcome=outcome.kind,
    )


def _try(subject: Traffic) -> tuple[bool, Outcome, list[str]]:
    """Try until it is as expected. An expected failure has one try only: a network that is not ready looks like one."""
    flow = subject.flow()
    limit = time.monotonic() + (_AGAIN_S[flow.version] if flow and subject.works else 0)
    earlier: list[str] = []
    while True:
        ok, outcome = subject.once()
        if ok or not outcome.worth_retrying or time.monotonic() >= limit:
            return ok, outcome, earlier
        earlier.append(f"try {len(earlier) + 1}: {outcome.came}; tried again")
        time.sleep(_PAUSE_S)


def _find_causes(checks: list[Check], results: dict[int, Result]) -> None:
    view = View()  # a new look: what was read before the traffic may have changed
    for number, check in enumerate(checks):
        result = results[number]
        if not result.ok and not result.cause and isinstance(check.subject, Traffic):
            try:
                result.cause = _cause(view, check.subject, result)
            except LabError:  # a namespace that is not there has been reported as what came
                continue


def _cause(view: View, subject: Traffic, result: Result) -> str:
    find = diagnose.open_way if result.outcome in _GOT_THROUGH else diagnose.likely_cause
    flow = subject.flow()
    return find(view, flow) if flow else ""


def report(results: list[Result]) -> list[str]:
    """The results as lines for a person."""
    return [line for result in results for line in _report(result)]


def _report(result: Result) -> list[str]:
    mark, explained = ("ok   ", []) if result.ok else ("FAIL ", _explanation(result))
    headline = f"{mark} {result.name} — {result.came}" if result.ok else f"{mark} {result.name}"
    return [headline, *(_INDENT + line for line in [*explained, *result.evidence])]


def _explanation(result: Result) -> list[str]:
    tried = [f"tried: {result.what}"] if result.what != result.name else []
    cause = [f"likely cause: {result.cause}"] if result.cause else []
    return [*tried, f"expected: {result.expected}", f"came: {result.came}", *cause]


def failure(results: list[Result]) -> str:
    """One message for all checks that failed, "" if none did."""
    failed = [result for result in results if not result.ok]
    if not failed:
        return ""
    told = ["\n  ".join([result.name, *_explanation(result)]) for result in failed]
    return "\n".join([f"{len(failed)} of {len(results)} checks failed:", *told])
