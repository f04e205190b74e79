# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark: the same networks by several means, in one run.

``benchmark.py [--means M,..] [--works W,..] [--sizes N,..] [--phases P,..] [--rounds R] [--labs L,..] [--quick]
[--write DIRECTORY]``
(root; everything happens in throw-away machines.) Each kind of network makes a page, as soon as it is measured, and so
do the collection's labs. Exits with 1 if a promise about the cost is broken. When it is interrupted, it makes the page
of what it has measured so far, and exits with 130.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import pathlib
import sys
import typing as t

from scale import catalogue, limits, measure, plot, report, telling
from scale.means import MEANS
from scale.means.base import Phase
from scale.works import WORKS
from scale.works.star import STAR

if t.TYPE_CHECKING:
    from scale.network import Work

#: As shells have it: 128 and the number of SIGINT.
_INTERRUPTED = 130
_PHASES = {phase.name.lower(): phase for phase in Phase}
_Chosen = t.TypeVar("_Chosen")


def _choice(of: t.Mapping[str, _Chosen]) -> t.Callable[[str], list[_Chosen]]:
    """What reads a list of names with commas between them."""

    def read(text: str) -> list[_Chosen]:
        unknown = [name for name in _words(text) if name not in of]
        if unknown:
            raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(of)}")
        return [of[name] for name in _words(text)]

    return read


def _sizes(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]


def arguments(words: t.Sequence[str]) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description="The same networks by several means")
    add = parser.add_argument
    add("--means", type=_choice(MEANS), default=list(MEANS.values()), help=", ".join(MEANS))
    add("--works", type=_choice(WORKS), default=list(WORKS.values()), help=f"{', '.join(WORKS)}; empty for none")
    add("--sizes", type=_sizes, default=[10, 100, 1_000, 10_000], help="numbers of nodes")
    add("--phases", type=_choice(_PHASES), default=list(Phase), help=", ".join(_PHASES))
    add("--rounds", type=int, default=5, help="how often each means is measured")
    add("--patience", type=float, default=120, help="seconds that a creation may take, else it is left out")
    add("--labs", type=_words, default=catalogue.scenarios(), help="labs of the collection; empty for none")
    add("--quick", action="store_true", help="10 nodes, one round: whether the benchmark itself works")
    add("--write", type=pathlib.Path, help="the directory for the pages and their pictures; otherwise they are printed")
    return parser.parse_args(words)


def _words(text: str) -> list[str]:
    return text.split(",") if text else []


def say(text: str) -> None:
    """Tell who waits what goes on."""
    print(text, file=sys.stderr, flush=True)


def main(words: t.Sequence[str]) -> int:
    """The command line."""
    given = arguments(words)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what Python has compiled it keeps, as it does for who uses it
    sizes, rounds = ([10], 1) if given.quick else (given.sizes, given.rounds)
    phases = [phase for phase in Phase if phase is Phase.CREATE or phase in given.phases]
    plan = measure.Plan(given.means, given.works, sizes, phases, rounds, given.patience)
    verdicts: list[limits.Verdict] = []
    try:
        for work in given.works:
            verdicts += _network(plan, work, given.write)
        if given.labs:
            verdicts += _labs(given.labs, rounds, given.write)
    except KeyboardInterrupt:
        return _INTERRUPTED
    print(*report.promises(verdicts), sep="\n", file=sys.stderr)
    return 0 if all(verdict.kept for verdict in verdicts) else 1


def _network(whole: measure.Plan, work: Work, write: pathlib.Path | None) -> list[limits.Verdict]:
    """Measure one kind of network, and make its page."""
    plan = dataclasses.replace(whole, works=[work])
    results = measure.run(plan, say)
    if work is STAR and not results.ended:
        results.telling = telling.measure(max(plan.sizes), plan.rounds, say)
    verdicts = limits.judge(results, limits.OF_NETWORKS.get(work.name, ()))
    picture = plot.write(plan, results, work.name, write) if write else ""
    _publish(report.network(plan, results, work, verdicts, picture), write, work.name)
    if results.ended:
        raise KeyboardInterrupt
    return verdicts


def _labs(names: t.Sequence[str], rounds: int, write: pathlib.Path | None) -> list[limits.Verdict]:
    """Measure the collection's labs, and make their page."""
    results = measure.Results(plays=catalogue.measure(names, rounds, say))
    verdicts = limits.judge(results, limits.OF_LABS)
    _publish(report.labs(rounds, results, verdicts), write, "labs")
    return verdicts


def _publish(page: str, directory: pathlib.Path | None, name: str) -> None:
    if directory:
        (directory / f"benchmark-{name}.md").write_text(page, encoding="utf-8")
    else:
        print(page)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
