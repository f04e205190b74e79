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
from .limits import Verdict
from .means.base import Phase
from .measure import Case, Plan, Results

_LICENCE = """<!--
Copyright: Contributors to the tcpip.lab collection
GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->
"""
_INTRODUCTION = """# What labs cost

Made by `make bench`, with all figures. All means build the same networks in one run, taking turns, each in a new
throw-away machine; `ip -j` shows that what they have built is the same. Between two measurements the machine comes to
rest: for 15 s after they are up, IPv6 nodes ask for routers, which all nodes on their switch hear.

CPU, memory and open files are those of the creation, memory and open files the most that one process had at a time. The
module raises its own soft limit of open files to as many as it needs.

| means | what it is |
|---|---|
| module | `tcpip.lab.topology` alone: the Python process that Ansible starts on a managed machine |
| playbook | the same through `ansible-playbook`, from its start to its end |
| floor | netlink messages in batches and nothing else, in the plainest order: what a Python program must do at least |
| ip -batch | `ip -batch`, one process a namespace, peers made where they belong |
| pyroute2 | plain pyroute2, one `NetNS` a namespace |
| mininet | Mininet's nodes and links |
| tutorial | one `ip netns exec NS ip ...` after another |

| network | what it is |
|---|---|
| star | nodes on switches of up to 1,000 ports, with addresses and default routes |
| chain | routers in a row, with routes to both ends |
| fat-tree | routers of a fat tree with static routes, and hosts at its edge |
"""


def markdown(plan: Plan, results: Results, verdicts: t.Sequence[Verdict], pictures: t.Sequence[str] = ()) -> str:
    """The whole page."""
    parts = [_LICENCE + _INTRODUCTION, f"Measured on {machine()}, {plan.rounds} rounds: median (least to most).\n"]
    parts += [f"![Time by size]({picture})\n" for picture in pictures]
    parts += ["## What is promised\n", "\n".join(promises(verdicts)) + "\n"]
    for work, size in itertools.product(plan.works, sorted(plan.sizes)):
        parts += [f"## {work.name}, {size:,} nodes\n", "\n".join(table(plan, results, work.name, size)) + "\n"]
    shares = where_time_goes(results)
    if shares:
        parts += ["## Where the time goes\n", "\n".join(shares) + "\n"]
    if results.plays:
        parts += ["## The labs of the collection\n", "\n".join(plays(results)) + "\n"]
    if results.left_out:
        parts += [
            "## What was left out\n",
            "\n".join(f"- {what}: {why}" for what, why in results.left_out.items()) + "\n",
        ]
    return "\n".join(parts)


def machine() -> str:
    """This machine in general terms."""
    return f"{os.cpu_count()} cores, Linux {platform.release().partition('-')[0]}, Python {platform.python_version()}"


def promises(verdicts: t.Sequence[Verdict]) -> list[str]:
    """The promises and what became of them."""
    rows = [
        (each.promise.text, f"{_figure(each.figure)} {each.promise.unit}", _figure(each.promise.most), each.word)
        for each in verdicts
    ]
    return ["| star, 1,000 nodes | measured | at most | |", "|---|---|---|---|", *map(_row, rows)]


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
