# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running checks: which at once, which one after another, how often again, and the report for a person."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from typing import Callable

from .. import namespaces
from ..errors import LabError
from . import capture, diagnose, exchange, facts, ping
from .look import View, settling
from .model import Check, Exchange, LinkFact, Ping, RouteFact, describe, family
from .outcome import Outcome, Result

#: Threads at once: they mostly wait, and a machine of few cores starts few processes at a time anyway.
_THREADS = 32
#: How long a positive expectation may be tried again, by IP version: a network just made may need a moment, and IPv6
#: checks each address for duplicates first, which takes 1 to 2 s (RFC 4862, 5.4).
_AGAIN_S = {4: 1.2, 6: 3.0}
_PAUSE_S = 0.2
_SETTLE_S = 3.0
_INDENT = " " * 6
#: Ends of which a walk along the way can only say that it is open.
_GOT_THROUGH = ("reply", "delivered", "connected", "altered", "elsewhere")

_Attempt = Callable[[], "tuple[bool, Outcome]"]


def run(checks: list[Check]) -> list[Result]:
    """Run all checks and return their results in the same order.

    Those without a capture run at once. Those with one follow, one after another, so that they see their own traffic
    only. What fails because a command, a namespace or a port is missing is the result of its check, not an exception.
    """
    _wait_for_addresses(checks)
    runner, view = _Runner(checks), View()
    results: dict[int, Result] = {}
    with ThreadPoolExecutor(max_workers=_THREADS) as pool:
        plain = [(number, check) for number, check in enumerate(checks) if not check.captures]
        running = {number: pool.submit(runner.run, check, view) for number, check in plain}
        results.update((number, future.result()) for number, future in running.items())
    for number, check in enumerate(checks):
        if check.captures:
            results[number] = runner.run(check, view)
    _find_causes(checks, results)
    return [results[number] for number in range(len(checks))]


def _wait_for_addresses(checks: list[Check]) -> None:
    """Let IPv6 addresses become usable, lest a check take a network for silent that is only not ready."""
    subjects = [check.subject for check in checks]
    if not any(isinstance(each, (Ping, Exchange)) and family(each.to) == 6 for each in subjects):
        return
    limit = time.monotonic() + _SETTLE_S
    waiting = [netns for netns in namespaces.names() if settling(netns)]
    while waiting and time.monotonic() < limit:
        time.sleep(0.05)
        waiting = [netns for netns in waiting if settling(netns)]


class _Runner:
    """Runs one check after the other or several at once, two never on the same listening port."""

    def __init__(self, checks: list[Check]) -> None:
        subjects = (check.subject for check in checks)
        self._ports = {_port(each): threading.Lock() for each in subjects if isinstance(each, Exchange)}

    def run(self, check: Check, view: View) -> Result:
        """The check's result; the cause of a failure is still to be found."""
        try:
            if isinstance(check.subject, RouteFact):
                return facts.route(check.name, check.subject, view)
            if isinstance(check.subject, LinkFact):
                return facts.link(check.name, check.subject, view)
            with self._alone(check.subject):
                return _with_captures(check, _trial(check.subject))
        except LabError as error:
            return Result(check.name, False, describe(check.subject), _expected(check), str(error), cause=error.hint)

    def _alone(self, subject: Ping | Exchange) -> AbstractContextManager[object]:
        return self._ports[_port(subject)] if isinstance(subject, Exchange) else nullcontext()


def _port(subject: Exchange) -> tuple[str | None, str, int]:
    return subject.at, subject.protocol, subject.port


def _trial(subject: Ping | Exchange) -> _Attempt:
    if isinstance(subject, Ping):
        return partial(_ping_once, subject)
    return partial(_exchange_once, subject)


def _ping_once(subject: Ping) -> tuple[bool, Outcome]:
    transcript, outcome = ping.attempt(subject)
    return ping.verdict(subject, transcript, outcome), outcome


def _exchange_once(subject: Exchange) -> tuple[bool, Outcome]:
    outcome = exchange.attempt(subject)
    return outcome.kind == subject.expect, outcome


def _expected(check: Check) -> str:
    subject = check.subject
    if isinstance(subject, Ping):
        return ping.expectation(subject)
    if isinstance(subject, Exchange):
        return exchange.expectation(subject)
    return "the fact to be so"


def _with_captures(check: Check, attempt: _Attempt) -> Result:
    with ExitStack() as stack:
        watches = [stack.enter_context(capture.watching(each)) for each in check.captures]
        for watch in watches:
            watch.wait_until_listening()
        ok, outcome, earlier = _try(check, attempt)
        seen = [(watch.capture, watch.finish()) for watch in watches]
    faults = [found for found in (capture.fault(each, lines) for each, lines in seen) if found]
    evidence = [*earlier, *outcome.evidence]
    for each, lines in seen:
        evidence += [f"on {capture.title(each)}:", *(f"  {line}" for line in lines or ["no packet"])]
    return Result(
        name=check.name,
        ok=ok and not faults,
        what=describe(check.subject),
        expected=_expected(check),
        came="; ".join([outcome.came, *faults]),
        evidence=evidence,
        outcome=outcome.kind,
    )


def _try(check: Check, attempt: _Attempt) -> tuple[bool, Outcome, list[str]]:
    """Try until it is as expected. An expected failure has one try only: a network that is not ready looks like one."""
    subject = check.subject
    positive = isinstance(subject, (Ping, Exchange)) and subject.expect in ("reply", "delivered")
    version = family(subject.to) if isinstance(subject, (Ping, Exchange)) else 4
    limit = time.monotonic() + (_AGAIN_S[version] if positive else 0)
    earlier: list[str] = []
    while True:
        ok, outcome = attempt()
        if ok or not outcome.worth_retrying or time.monotonic() >= limit:
            return ok, outcome, earlier
        earlier.append(f"try {len(earlier) + 1}: {outcome.came}; tried again")
        time.sleep(_PAUSE_S)


def _find_causes(checks: list[Check], results: dict[int, Result]) -> None:
    view = View()  # a new look: what was read before the traffic may have changed
    for number, check in enumerate(checks):
        result = results[number]
        if not result.ok and not result.cause and isinstance(check.subject, (Ping, Exchange)):
            try:
                result.cause = _cause(view, check.subject, result)
            except LabError:  # a namespace that is not there has been reported as what came
                continue


def _cause(view: View, subject: Ping | Exchange, result: Result) -> str:
    find = diagnose.open_way if result.outcome in _GOT_THROUGH else diagnose.likely_cause
    return find(view, _flow(subject))


def _flow(subject: Ping | Exchange) -> diagnose.Flow:
    if isinstance(subject, Exchange):
        return diagnose.Flow(subject.from_, subject.to, subject.protocol, port=subject.port)
    size = diagnose.ping_size(family(subject.to), subject.size)
    return diagnose.Flow(subject.from_, subject.to, "icmp", subject.source or "", size=size, df=subject.df)


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
