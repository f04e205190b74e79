# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks, run as a user runs it: predicted, built, built again, walked through, and removed without a trace."""

from __future__ import annotations

import json
import re
import typing as t

import pytest
import snapshot
import tutorial

if t.TYPE_CHECKING:
    import pathlib

    from labmachine import LabMachine, Run

# Here by the command that a user types; molecule does the like with every scenario.
SCENARIOS = ("router", "veth", "vxlan")


PLUGGED = {"title": "a", "topology": {"netns": [{"name": "a"}]}}


def path(scenario: str) -> str:
    return f"playbooks/{scenario}.yml"


def checks(run: Run) -> int:
    """How often checks were made."""
    return len(re.findall(r"Check what is to be seen in it\] \*+\n(?:ok|fatal): ", run.stdout))


def pages(run: Run) -> list[str]:
    """What the run showed to its reader."""
    return [str(each["msg"]) for each in run.tasks if each["task"].endswith("Show it")]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_life_of_a_lab(scenario: str, machine: LabMachine) -> None:
    before = machine.snapshot()
    predicted = machine.playbook(path(scenario), "--check", "--diff")
    assert snapshot.diff(before, machine.snapshot()) == []
    assert checks(predicted) == 0

    built = machine.playbook(path(scenario), "--diff")
    assert built.changed == 1
    assert built.changes == predicted.changes
    assert checks(built) == 1
    assert len(pages(built)) == 1
    assert "\nok    " in pages(built)[0]

    again = machine.playbook(path(scenario))
    assert again.changed == 0
    assert machine.playbook(path(scenario), "--check", "--diff").changed == 0

    gone = machine.playbook(path(scenario), lab_state="absent")
    assert gone.changed == 1
    assert snapshot.diff(before, machine.snapshot()) == []
    assert machine.playbook(path(scenario), lab_state="absent").changed == 0


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_walkthrough_shows_every_stage_and_ends_in_the_lab(scenario: str, machine: LabMachine) -> None:
    machine.playbook(path(scenario))
    at_once = tutorial.network(machine)
    walk = machine.playbook(path(scenario), walkthrough=True)
    shown = pages(walk)
    assert len(shown) == checks(walk) >= 2
    for number, page in enumerate(shown, start=1):
        assert page.startswith(f"Stage {number} of {len(shown)}: ")
        assert "\nWhat was done:\n  " in page
        assert "\nok    " in page
    assert tutorial.network(machine) == at_once


def test_without_checks_none_are_made(machine: LabMachine) -> None:
    run = machine.playbook(path("veth"), "--extra-vars", "lab_checks=false")
    assert run.changed == 1
    assert checks(run) == 0
    assert "What is seen" not in pages(run)[0]


def test_a_walkthrough_in_check_mode_predicts_the_whole_lab(machine: LabMachine) -> None:
    walk = machine.playbook(path("router"), "--check", "--diff", walkthrough=True)
    assert walk.changes == machine.playbook(path("router"), "--check", "--diff").changes != []


def test_a_machine_that_has_all_is_left_as_it_is(machine: LabMachine) -> None:
    before = machine.snapshot()
    assert machine.playbook(path("machine")).changed == 0
    assert snapshot.diff(before, machine.snapshot()) == []


def test_what_a_lab_needs_besides_is_looked_for_where_its_family_needs_it(machine: LabMachine) -> None:
    there = {"command": "sh", "debian": "dash", "redhat": "bash"}
    for lacks, command in ((True, {"debian": "a", "redhat": "b"}), (True, {"debian": "a"}), (False, {"redhat": "b"})):
        more = [there, {"command": "nosuch", **command}]
        run = machine.playbook(path("machine"), "--check", machine_more_commands=more)
        assert ("Missing: nosuch" in run.stdout) is lacks, command
        assert run.changed == 0


def test_a_kernel_that_lacks_something_is_told_of(machine: LabMachine) -> None:
    run = machine.playbook(path("machine"), _fails=True, machine_link_kinds=["veth", "nosuch"])
    assert "cannot make interfaces of these kinds: nosuch" in " ".join(run.stdout.split())


def test_the_number_of_tasks_is_small(machine: LabMachine) -> None:
    run = machine.playbook(path("vxlan"))
    assert len(run.tasks) <= 8, [each["task"] for each in run.tasks]


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"lab_state": "there"}, "value of lab_state must be one of: present, absent, got: there"),
        ({"lab_stages": "a"}, "lab_stages: 'a' is not a list of stages. Nothing was changed."),
        (
            {"lab_stages": [{"text": "a"}]},
            "Stage 1: lab_stages[0].title: is required. A stage has a title, and may have a",
        ),
        (
            {"lab_stages": [PLUGGED, {"title": "b", "checks": "c"}]},
            "Stage 2 (b): lab_stages[1].checks: 'c' is not a list.",
        ),
        (
            {"lab_stages": [{"title": "a", "topolgy": {}}]},
            "Stage 1 (a): lab_stages[0]: 'topolgy' is not an option (did you mean 'topology'?). A stage has a title,"
            " and may have a text, a topology (a mapping of kinds to lists) and checks (a list). Nothing was changed.",
        ),
        (
            {"lab_stages": [{"title": "a", "topology": {"veths": []}}]},
            "Stage 1 (a): lab_stages[0].topology.veths: is not a kind of resource (did you mean 'veth'?). Nothing",
        ),
        (
            {"lab_stages": [{"title": "a", "topology": {"netns": [{"name": "../x"}]}}]},
            "lab_stages[0].topology.netns[0].name: '../x'",
        ),
        (
            {"lab_stages": [PLUGGED, {"title": "b", "topology": {"veth": [{"name": "a0", "netns": "a"}]}}]},
            "lab_stages[1].topology.veth[0].peer: is required",
        ),
        ({"lab_stages": []}, "nothing is declared"),
        (
            {"lab_sate": "absent"},
            "-e lab_sate: is no variable of labs (did you mean 'lab_state'?). Nothing was changed.",
        ),
        ({"walktrough": True}, "-e walktrough: is no variable of labs (did you mean 'walkthrough'?). Nothing was"),
        (
            {"lab_report": "/no/such/x.html"},
            "lab_report: there is no directory /no/such where Ansible runs. Nothing was changed.",
        ),
        (
            {"lab_stages": [PLUGGED, {"title": "b", "checks": [{"name": "lo", "link": {"netns": "c", "name": "lo"}}]}]},
            "Stage 2 (b), check 1 (lo): lab_stages[1].checks[0]: 'c' is not in netns of this stage or an earlier one",
        ),
        (
            {"walkthrough": True, "lab_stages": [PLUGGED, {"title": "b", "checks": [{"pong": {}}]}]},
            "lab_stages[1].checks[0]: 'pong' is no kind of check (did you mean 'ping'?). Nothing was changed.",
        ),
    ],
)
def test_what_is_no_scenario_is_refused_and_nothing_is_made(
    variables: dict[str, t.Any], message: str, machine: LabMachine
) -> None:
    before = machine.snapshot()
    run = machine.playbook(path("veth"), _fails=True, **variables)
    assert message in str(run.tasks[-1]["msg"])
    assert run.changed == 0
    assert snapshot.diff(before, machine.snapshot()) == []


@pytest.mark.parametrize("walkthrough", [False, True])
def test_what_has_nothing_behind_its_colon_is_not_there(
    machine: LabMachine, tmp_path: pathlib.Path, walkthrough: bool
) -> None:
    stage = {"title": "Nothing", "text": None, "topology": None, "checks": None}
    report = tmp_path / "report.html"
    given: dict[str, t.Any] = {"lab_stages": [PLUGGED, stage], "lab_report": str(report)}
    run = machine.playbook(path("veth"), walkthrough=walkthrough, **given)
    assert "None" not in run.stdout
    assert "None" not in report.read_text(encoding="utf-8")


def test_a_place_in_another_topology_of_the_play_is_its_own(machine: LabMachine, tmp_path: pathlib.Path) -> None:
    other = {"tcpip.lab.topology": {"name": "other", "netns": [{"name": "b"}], "veth": [{"name": "b0", "netns": "b"}]}}
    cable = {"name": "a0", "netns": "a", "peer": {"name": "a1", "netns": "a"}}
    stage = {"title": "a", "topology": {"netns": [{"name": "a"}], "veth": [cable]}}
    lab = {"lab_name": "pair", "lab_stages": [stage]}
    play = {"hosts": "localhost", "gather_facts": False, "vars": lab, "roles": ["tcpip.lab.lab"], "post_tasks": [other]}
    file = tmp_path / "play.yml"
    file.write_text(json.dumps([play]), encoding="utf-8")
    assert machine.playbook(file, _fails=True).tasks[-1]["msg"] == "veth[0].peer: is required (a pair has two ends)"


def test_a_variable_of_the_play_is_nobody_elses(machine: LabMachine) -> None:
    machine.playbook(path("veth"), "--check", lab_mood="good", lab_port=7)


def test_what_is_omitted_in_a_lab_over_several_machines_is_not_there(machine: LabMachine) -> None:
    run = machine.playbook("tests/playbooks/omitted.yml")
    told = next(str(task["msg"]) for task in run.tasks if "msg" in task)
    assert "links that declare no MTU have 1450" in told
    assert "{'link': {'netns': 'a', 'name': 'a0', 'up': True}}" in told
    (link,) = machine.json(["ip", "-n", "a", "-j", "link", "show", "a0"])
    assert link["mtu"] == 1450
