# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The measuring itself: all means in one run, taking turns, each time in a new throw-away machine."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import statistics
import sys
import tempfile
import time
import typing as t

from labmachine import ROOT, LabMachine

from . import seen
from .means.base import Command, Job, Means, Phase
from .network import Network, Work

_METER = str(ROOT / "tests/scale/meter.py")
_TIMEOUT_S = 3600
#: Waiting until the kernel has done what goes on behind the last command: at most so long before a creation, and before
#: what follows on it, and no longer than so many nodes give it to do. The processors are quiet when they are idle for
#: so large a part of the time.
_CALM_S, _BETWEEN_S, _NODES_A_SECOND, _IDLE, _LOOK_S = 60.0, 10.0, 200, 0.85, 0.25
#: Each node asks for routers some 1, 5 and 13 s after it is up, and then not for another 16 s (RFC 4861, section 6.3.7,
#: and RFC 7559). On a switch of a thousand ports a thousand nodes hear each of them, for a second or two.
_ASKED_S, _PORTS = 15.0, 500


@dataclasses.dataclass(frozen=True)
class Case:
    """What one means did of one kind and size of network."""

    work: str
    size: int
    means: str
    phase: Phase


@dataclasses.dataclass(frozen=True)
class Sample:
    """What it took: seconds of wall clock and of processors, MiB of the largest process, open files of the first.

    Of the seconds of processors `kernel` are those in system calls.
    """

    wall: float
    cpu: float
    memory: float
    files: int
    kernel: float = 0.0


@dataclasses.dataclass
class Results:
    """All samples of a run, and what was left out and why."""

    samples: dict[Case, list[Sample]] = dataclasses.field(default_factory=dict)
    left_out: dict[str, str] = dataclasses.field(default_factory=dict)
    #: The playbooks of the collection, by name, and what else is measured alone.
    plays: dict[str, list[Sample]] = dataclasses.field(default_factory=dict)
    #: The part of a creation's time, in percent, that goes into telling how far it has come: of the most nodes tried.
    telling: list[float] = dataclasses.field(default_factory=list)
    #: Whether somebody has ended the run before it had measured everything.
    ended: bool = False

    def median(self, case: Case, what: str = "wall") -> float | None:
        """The median of a case, None if it was not measured."""
        found = self.samples.get(case)
        return statistics.median(getattr(sample, what) for sample in found) if found else None

    def play(self, name: str) -> float | None:
        """The median seconds of a playbook, None if it was not run."""
        found = self.plays.get(name)
        return statistics.median(sample.wall for sample in found) if found else None

    def spread(self, case: Case, what: str = "wall") -> tuple[float, float]:
        """The least and the most of a case that was measured."""
        values = [getattr(sample, what) for sample in self.samples[case]]
        return min(values), max(values)


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is measured. What would take a means longer than `patience` seconds for a creation is left out."""

    means: t.Sequence[Means]
    works: t.Sequence[Work]
    sizes: t.Sequence[int]
    phases: t.Sequence[Phase]
    rounds: int
    patience: float


class DifferentError(Exception):
    """A means has failed, or has built something else than the others."""


def run(plan: Plan, say: t.Callable[[str], None]) -> Results:
    """Measure everything. When the run is interrupted, what has been measured in all rounds is kept.

    :param say: is told what goes on.
    :raises DifferentError: when a command fails or the networks differ.
    """
    results = Results()
    try:
        _measure(plan, results, say)
    except KeyboardInterrupt:
        results.ended = True
        results.left_out["all else"] = "the run was ended"
        results.samples = {case: found for case, found in results.samples.items() if len(found) == plan.rounds}
    return results


def _measure(plan: Plan, results: Results, say: t.Callable[[str], None]) -> None:
    means = [each for each in plan.means if not _lacks(each, results)]
    for work in plan.works:
        for size in sorted(plan.sizes):
            patient = [each for each in means if is_worth_it(each, work, size, plan, results)]
            _Turns(plan, work, size, results).take(patient, say)


def _lacks(means: Means, results: Results) -> bool:
    lacking = means.lacks()
    if lacking:
        results.left_out[means.name] = lacking
    return bool(lacking)


def is_worth_it(means: Means, work: Work, size: int, plan: Plan, results: Results) -> bool:
    """Judged by the next smaller size, as if time grew no faster than size."""
    smaller = [each for each in plan.sizes if each < size]
    if not smaller:
        return True
    last = results.median(Case(work.name, max(smaller), means.name, Phase.CREATE))
    expected = (last or plan.patience) * size / max(smaller)
    if last is None or expected > plan.patience:
        results.left_out[f"{means.name}, {work.name} {size}"] = f"would take {expected:.0f} s or more each time"
        return False
    return True


class _Turns:
    """All rounds of one network, and what ip(8) saw in the first one: by whom it was built, and what it was."""

    def __init__(self, plan: Plan, work: Work, size: int, results: Results) -> None:
        self._plan = plan
        self._work = work
        self._size = size
        self._results = results
        self._looks: dict[Phase, tuple[str, dict[str, t.Any]]] = {}

    def take(self, means: t.Sequence[Means], say: t.Callable[[str], None]) -> None:
        """Each round begins with another means."""
        for number in range(self._plan.rounds):
            first = number % (len(means) or 1)
            for each in (*means[first:], *means[:first]):
                say(f"{self._work.name} {self._size}, round {number + 1} of {self._plan.rounds}: {each.name}")
                self._one(each, compares=number == 0)

    def _one(self, means: Means, compares: bool) -> None:
        """One means, in a machine of its own."""
        with tempfile.TemporaryDirectory(dir="/tmp") as directory, LabMachine.start([directory]) as machine:
            job = self._job(pathlib.Path(directory))
            for phase in self._plan.phases:
                command = means.command(phase, job)
                if command is None:
                    continue
                _calm_down(self._size, _CALM_S if phase is Phase.CREATE else _BETWEEN_S)
                case = Case(self._work.name, self._size, means.name, phase)
                sample = meter(machine, command, job.directory / "log", str(case))
                if phase is Phase.AGAIN and means.unchanged not in (job.directory / "log").read_text(encoding="utf-8"):
                    raise DifferentError(f"{case}: it has changed something in a network that is as it should be")
                self._results.samples.setdefault(case, []).append(sample)
                created = time.monotonic()
                if compares:
                    self._compare(case, seen.look(machine, (job.network + job.node).namespaces))
                if phase is Phase.CREATE and _is_crowded(job.network):
                    time.sleep(max(0.0, created + _ASKED_S - time.monotonic()))

    def _job(self, directory: pathlib.Path) -> Job:
        grows = Phase.GROW in self._plan.phases
        return Job(self._work.build(self._size), self._work.node(self._size) if grows else Network(), directory)

    def _compare(self, case: Case, look: dict[str, t.Any]) -> None:
        name, other = self._looks.setdefault(case.phase, (case.means, look))
        difference = seen.difference(look, other)
        if difference:
            raise DifferentError(f"{case}: {case.means} and {name} differ in {difference}")


def meter(machine: LabMachine, command: Command, log: pathlib.Path, what: str) -> Sample:
    """What a command takes in the machine. `log` is the file for what it prints, `what` its name in an error."""
    words = [sys.executable, "-I", "-S", _METER, str(log), command.stdin, *command.argv]
    took = json.loads(machine.run(words, env=command.environment, timeout=_TIMEOUT_S).stdout)
    if took.pop("status"):
        raise DifferentError(f"{what}: {log.read_text(encoding='utf-8')[-2000:]}")
    return Sample(**took)


def _is_crowded(network: Network) -> bool:
    """Whether what one node says to all keeps the machine busy."""
    return bool(network.bridges) and len(network.cables) / len(network.bridges) >= _PORTS


def _calm_down(size: int, seconds: float) -> None:
    """Wait for the kernel, which ends namespaces and looks for duplicate addresses when it has time."""
    deadline = time.monotonic() + min(seconds, size / _NODES_A_SECOND)
    while time.monotonic() < deadline and _idle() < _IDLE:
        pass


def _idle() -> float:
    """How much of the time the processors had nothing to do, while we looked (proc(5), stat)."""
    before = _ticks()
    time.sleep(_LOOK_S)
    spent = [now - then for now, then in zip(_ticks(), before)]
    return spent[3] / (sum(spent) or 1)


def _ticks() -> list[int]:
    first = pathlib.Path("/proc/stat").read_text(encoding="ascii").splitlines()[0]
    return [int(word) for word in first.split()[1:9]]
