# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run has shown, for people: Markdown. Pure but for the description of the machine."""

from __future__ import annotations

import itertools
import os
import platform
import typing as t

from . import catalogue
from .means.base import Phase
from .measure import Case, Plan, Results

if t.TYPE_CHECKING:
    from .limits import Verdict
    from .network import Work

_LICENCE = """<!--
Copyright: Contributors to the tcpip.lab collection
GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->
"""
_TOLD = """[What was measured, and how](benchmark.md). Made by `make bench`: median (least to most) of {rounds} rounds.

Measured on {machine}.
"""


def network(plan: Plan, results: Results, work: Work, verdicts: t.Sequence[Verdict], picture: str = "") -> str:
    """The page of a kind of network."""
    parts = [*_head(f"What it costs: {work.name}", plan.rounds, verdicts)]
    parts += [f"![Time by size]({picture})\n"] if picture else []
    for size in sorted(plan.sizes):
        parts += [f"## {size:,} nodes\n", "\n".join(table(plan, results, work.name, size)) + "\n"]
    shares = where_time_goes(results)
    if shares:
        parts += ["## Where the time goes\n", "\n".join(shares) + "\n"]
    if results.left_out:
        parts += ["## What was left out\n", *(f"- {what}: {why}" for what, why in results.left_out.items())]
    return "\n".join(parts).rstrip("\n") + "\n"


def labs(rounds: int, results: Results, verdicts: t.Sequence[Verdict]) -> str:
    """The page of the collection's labs."""
    return "\n".join([*_head("What the labs of the collection cost", rounds, verdicts), *plays(results)]) + "\n"


def _head(title: str, rounds: int, verdicts: t.Sequence[Verdict]) -> list[str]:
    told = _TOLD.format(machine=machine(), rounds=rounds)
    promised = ["## What is promised\n", "\n".join(promises(verdicts)) + "\n"] if verdicts else []
    return [f"{_LICENCE}# {title}\n", told, *promised]


def machine() -> str:
    """This machine in general terms."""
    return f"{os.cpu_count()} cores, Linux {platform.release().partition('-')[0]}, Python {platform.python_version()}"


def promises(verdicts: t.Sequence[Verdict]) -> list[str]:
    """The promises and what became of them."""
    rows = [
        (
            each.promise.text,
            f"{_figure(each.figure)} {each.promise.unit}" if each.figure is not None else "",
            _figure(each.promise.most),
            each.word,
        )
        for each in verdicts
    ]
    return ["| of 1,000 nodes, if nothing else is said | measured | at most | |", "|---|---|---|---|", *map(_row, rows)]


def table(plan: Plan, results: Results, work: str, size: int) -> list[str]:
    """Seconds of each means and phase, and for the creation what else it took."""
    head = ["means", *(f"{phase.value}, s" for phase in plan.phases), "CPU, s", "memory, MiB", "open files"]
    rows = []
    for means in plan.means:
        cases = [Case(work, size, means.name, phase) for phase in plan.phases]
        if any(case in results.samples for case in cases):
            create = Case(work, size, means.name, Phase.CREATE)
            also = [_figure(results.median(create, what)) for what in ("cpu", "memory", "files")]
            rows.append([means.name, *(_spread(results, case) for case in cases), *also])
    return [_row(head), _row(["---"] * len(head)), *(_row(row) for row in rows)]


def where_time_goes(results: Results) -> list[str]:
    """Of the module's work on stars: to start, in Python, in the kernel; and what Ansible adds to it."""
    sizes = sorted({case.size for case in results.samples if case.work == "star" and case.means == "module"})
    rows = [
        row for size, phase in itertools.product(sizes[1:], Phase) if (row := _shares(results, sizes[0], size, phase))
    ]
    head = ["seconds", "start", "Python", "kernel", "waiting", "Ansible besides"]
    told = "To start takes what a lab of {} nodes takes in Python; kernel is the time in system calls.\n"
    return [told.format(sizes[0]), _row(head), _row(["---"] * len(head)), *rows] if rows else []


def _shares(results: Results, least: int, size: int, phase: Phase) -> str:
    """A row, empty if it was not measured."""
    case = Case("star", size, "module", phase)
    wall, cpu, kernel = (results.median(case, what) for what in ("wall", "cpu", "kernel"))
    small, its_kernel = (results.median(Case("star", least, "module", phase), what) for what in ("cpu", "kernel"))
    if wall is None or cpu is None or kernel is None or small is None or its_kernel is None:
        return ""
    start, play = small - its_kernel, results.median(Case("star", size, "playbook", phase))
    shown = (start, max(0.0, cpu - kernel - start), kernel, max(0.0, wall - cpu), play - wall if play else None)
    return _row([f"{size:,} nodes, {phase.value}", *map(_figure, shown)])


def plays(results: Results) -> list[str]:
    """Seconds of each playbook, with its checks and without, and how often an empty play would fit into it."""
    empty = results.play(catalogue.EMPTY)
    rows = [f"| {each} | {_figure(results.play(each))} | | |" for each in (catalogue.EMPTY, catalogue.PAIRS)]
    for name in results.plays:
        whole, bare = results.play(name), results.play(name + catalogue.UNCHECKED)
        if whole and bare and empty:
            rows.append(_row([name, _figure(whole), _figure(bare), _figure(bare / empty)]))
    return ["| lab | with checks, s | without, s | without, to an empty play |", "|---|---|---|---|", *rows]


def _row(cells: t.Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _spread(results: Results, case: Case) -> str:
    median = results.median(case)
    if median is None:
        return ""
    if len(results.samples[case]) == 1:
        return _figure(median)
    least, most = results.spread(case)
    return f"{_figure(median)} ({_figure(least)} to {_figure(most)})"


def _figure(value: float | None) -> str:
    """Three digits that matter."""
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
