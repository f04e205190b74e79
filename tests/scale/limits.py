# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection promises about its cost, and whether a run bears it out. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from . import catalogue
from .means.base import Phase
from .measure import Case, Results

_WORK, _SIZE, _LARGE = "star", 1_000, 10_000


@dataclasses.dataclass(frozen=True)
class Promise:
    """A figure of a run that is to be no more than `most`; None says that the run did not measure it."""

    text: str
    unit: str
    most: float
    figure: t.Callable[[Results], float | None]


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What became of a promise in a run."""

    promise: Promise
    figure: float | None

    @property
    def kept(self) -> bool:
        """Whether it was kept, or not tried."""
        return self.figure is None or self.figure <= self.promise.most

    @property
    def word(self) -> str:
        """The same in a word."""
        if self.figure is None:
            return "not measured"
        return "kept" if self.kept else "BROKEN"


def judge(results: Results, promises: t.Iterable[Promise]) -> list[Verdict]:
    """What became of these promises."""
    return [Verdict(promise, promise.figure(results)) for promise in promises]


def _took(results: Results, means: str, phase: Phase, size: int = _SIZE, what: str = "wall") -> float | None:
    return results.median(Case(_WORK, size, means, phase), what)


def _ratio(one: float | None, other: float | None) -> float | None:
    return None if one is None or not other else one / other


def _against(means: str) -> t.Callable[[Results], float | None]:
    """How the module's creation compares with that of another means."""
    return lambda results: _ratio(_took(results, "module", Phase.CREATE), _took(results, means, Phase.CREATE))


def _of_creation(phase: Phase) -> t.Callable[[Results], float | None]:
    return lambda results: _ratio(_took(results, "module", phase), _took(results, "module", Phase.CREATE))


def _removal(results: Results) -> float | None:
    by_ip = [took for means in ("ip -batch", "tutorial") if (took := _took(results, means, Phase.REMOVE))]
    return _ratio(_took(results, "module", Phase.REMOVE), min(by_ip, default=None))


def _more_than_module(results: Results) -> float | None:
    play, module = (_took(results, means, Phase.CREATE) for means in ("playbook", "module"))
    return None if play is None or module is None else play - module


def _growth(results: Results) -> float | None:
    """Of what is ours: the time of the module without that of the floor."""
    shares = []
    for size in (_LARGE, _SIZE):
        module, floor = (_took(results, means, Phase.CREATE, size) for means in ("module", "floor"))
        if module is None or floor is None:
            return None
        shares.append(module - floor)
    return _ratio(*shares)


def _small_lab(results: Results) -> float | None:
    return _ratio(results.play(f"veth{catalogue.UNCHECKED}"), results.play(catalogue.EMPTY))


def _memory(results: Results) -> float | None:
    return _took(results, "module", Phase.CREATE, _LARGE, "memory")


def _telling(results: Results) -> float | None:
    return max(results.telling, default=None)


#: By the kind of network: what is promised of it.
OF_NETWORKS = {
    _WORK: (
        Promise("creation: the module to the floor", "", 1.25, _against("floor")),
        Promise("creation: the module to `ip -batch`", "", 1 / 1.3, _against("ip -batch")),
        Promise("creation: the module to Mininet", "", 1 / 4, _against("mininet")),
        Promise("creation: the module to a tutorial's commands", "", 1 / 12, _against("tutorial")),
        Promise("creation: what ansible-playbook adds to the module", "s", 1.2, _more_than_module),
        Promise("creation: the part in which it tells how far it has come, the most of all rounds", "%", 2, _telling),
        Promise("no change, to creation", "", 0.3, _of_creation(Phase.AGAIN)),
        Promise("one attribute changed, to creation", "", 0.35, _of_creation(Phase.CHANGE)),
        Promise("removal: the module to the fastest `ip netns del`", "", 1.3, _removal),
        Promise(f"what is above the floor, {_LARGE:,} nodes to {_SIZE:,}", "", 12, _growth),
        Promise(f"memory of the module, {_LARGE:,} nodes", "MiB", 400, _memory),
    )
}
#: What is promised of the collection's labs.
OF_LABS = (
    Promise("the lab `veth` without checks, to an empty play", "", 2, _small_lab),
    Promise(f"{catalogue.PAIRS}, checked", "s", 5, lambda results: results.play(catalogue.PAIRS)),
)
