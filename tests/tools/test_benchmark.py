# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark works, and says so when a means builds something else or a promise is broken."""

from __future__ import annotations

import os
import pathlib
import typing as t

import benchmark
import pytest
from scale import limits, measure, report, seen, telling
from scale.means import MEANS, topology
from scale.means.base import Phase
from scale.measure import Case, Results, Sample
from scale.works import WORKS

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a throw-away machine")


def _took(**seconds: float) -> Results:
    return Results(
        {Case("star", 1000, means, Phase.CREATE): [Sample(wall, 0, 0, 0)] for means, wall in seconds.items()}
    )


def _word(results: Results, promise: str) -> str:
    found = limits.judge(results, limits.OF_NETWORKS["star"])
    return next(each.word for each in found if each.promise.text == promise)


@needs_root
def test_means_build_the_same(tmp_path: pathlib.Path) -> None:
    means, phases = "module,floor,ip -batch,pyroute2", "create,again,change,read,remove"
    words = ["--quick", "--works", "star", "--means", means, "--phases", phases, "--labs", "", "--write", str(tmp_path)]
    assert benchmark.main(words) == 0
    assert "| module |" in (tmp_path / "benchmark-star.md").read_text(encoding="utf-8")
    assert "ip -batch" in (tmp_path / "benchmark-star.svg").read_text(encoding="utf-8")


@needs_root
def test_labs_have_a_page_of_their_own(tmp_path: pathlib.Path) -> None:
    benchmark.main(["--quick", "--works", "", "--labs", "veth", "--write", str(tmp_path)])
    (page,) = tmp_path.iterdir()
    text = page.read_text(encoding="utf-8")
    assert "| veth |" in text
    assert "| all 9,900 pairs of 100 nodes, checked |" in text


def test_what_was_measured_is_kept_when_the_run_is_ended(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(_plan: measure.Plan, results: Results, _say: t.Callable[[str], None]) -> None:
        for means, rounds in (("module", 2), ("floor", 1)):
            results.samples[Case("star", 1000, means, Phase.CREATE)] = [Sample(3.25, 0, 0, 0)] * rounds
        raise KeyboardInterrupt

    monkeypatch.setattr(measure, "_measure", ended)
    assert benchmark.main(["--works", "star,chain", "--rounds", "2", "--write", str(tmp_path)]) == 130
    assert sorted(path.name for path in tmp_path.iterdir()) == ["benchmark-star.md", "benchmark-star.svg"]
    text = (tmp_path / "benchmark-star.md").read_text(encoding="utf-8")
    assert "| module | 3.25 (3.25 to 3.25) |" in text
    assert "| floor |" not in text, "not in all rounds"
    assert "- all else: the run was ended" in text


def test_another_network_is_told() -> None:
    one = {"namespaces": ["n0"], "n0": {"routes": []}}
    other = {"namespaces": ["n0"], "n0": {"routes": ["default"]}}
    assert seen.difference(one, one) == ""
    assert seen.difference(one, other).startswith("n0: ")


@needs_root
def test_a_means_that_fails_is_no_result() -> None:
    plan = measure.Plan([MEANS["floor"]], [WORKS["star"]], [1], [Phase.CREATE, Phase.CREATE], 1, 60)
    with pytest.raises(measure.DifferentError, match="FileExistsError"):
        measure.run(plan, print)


@pytest.mark.parametrize(("module", "word"), [(1.2, "kept"), (1.3, "BROKEN")])
def test_promises(module: float, word: str) -> None:
    assert _word(_took(module=module, floor=1.0), "creation: the module to the floor") == word


def test_what_was_not_measured_breaks_no_promise() -> None:
    assert _word(_took(module=1.0), "creation: the module to the floor") == "not measured"


@pytest.mark.parametrize(("parts", "word"), [([0.4, 1.9], "kept"), ([2.1, 0.4], "BROKEN"), ([], "not measured")])
def test_one_slow_telling_breaks_the_promise(parts: list[float], word: str) -> None:
    promise = "creation: the part in which it tells how far it has come, the most of all rounds"
    assert _word(Results(telling=parts), promise) == word


@needs_root
def test_what_telling_takes_is_counted() -> None:
    (part,) = telling.measure(10, 1, print)
    assert 0 < part < 100


def test_where_the_time_goes() -> None:
    took = {(10, "module"): (0.5, 0.3, 0.1), (1000, "module"): (2.0, 1.5, 0.7), (1000, "playbook"): (3.0, 2.0, 0.8)}
    samples = {
        Case("star", size, means, Phase.CREATE): [Sample(wall, cpu, 0, 0, kernel)]
        for (size, means), (wall, cpu, kernel) in took.items()
    }
    *_head, row = report.where_time_goes(Results(samples))
    assert row == "| 1,000 nodes, create | 0.2 | 0.6 | 0.7 | 0.5 | 1 |"
    assert report.where_time_goes(_took(module=1.0)) == []


@pytest.mark.parametrize("work", WORKS)
@pytest.mark.parametrize("size", [10, 100, 1000])
def test_networks_are_sound(work: str, size: int) -> None:
    network = WORKS[work].build(size) + WORKS[work].node(size)
    ports = [port for cable in network.cables for port in (cable.left, cable.right)]
    addresses = [address for address in [p.address for p in ports] + [b.address for b in network.bridges] if address]
    assert len({(port.netns, port.name) for port in ports}) == len(ports)
    assert len(set(addresses)) == len(addresses)
    assert len(set(network.namespaces)) == len(network.namespaces)
    assert {port.netns for port in ports} == {*network.namespaces}


def test_what_takes_too_long_is_left_out() -> None:
    plan = measure.Plan(list(MEANS.values()), [WORKS["star"]], [1000, 10_000], list(Phase), 1, patience=100)
    results = _took(module=5.0, tutorial=50.0)
    worth = {
        name
        for name in ("module", "tutorial")
        if measure.is_worth_it(MEANS[name], WORKS["star"], 10_000, plan, results)
    }
    assert worth == {"module"}
    assert results.left_out == {"tutorial, star 10000": "would take 500 s or more each time"}


@needs_root
def test_a_change_where_there_is_none_to_make_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topology.Module, "unchanged", "what no module prints")
    plan = measure.Plan([MEANS["module"]], [WORKS["star"]], [1], [Phase.CREATE, Phase.AGAIN], 1, 60)
    with pytest.raises(measure.DifferentError, match="it has changed something"):
        measure.run(plan, print)


def test_a_means_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    plan = measure.Plan([MEANS["mininet"]], [WORKS["star"]], [10], list(Phase), 1, 60)
    assert measure.run(plan, print).left_out == {"mininet": "it is not installed (Debian's package is `mininet`)"}
