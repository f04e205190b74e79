# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report on a run, as a browser shows it: of a lab in which checks fail, and in which somebody writes HTML."""

from __future__ import annotations

import json
import sys
import typing as t

from labmachine import ROOT

if t.TYPE_CHECKING:
    import pathlib

    from labmachine import LabMachine

#: Of a page what can be told only by who has laid it out.
SEEN = """
{
  title: document.title,
  verdict: document.getElementById('verdict').textContent,
  verdictColour: getComputedStyle(document.getElementById('verdict')).color,
  ground: getComputedStyle(document.body).backgroundColor,
  wider: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  drawing: (({width, height}) => [width, height])(document.querySelector('svg').getBoundingClientRect()),
  drawn: [...document.querySelectorAll('svg text')].map(each => each.textContent),
  red: [...document.querySelectorAll('svg [fill="#f0837a"]')].length,
  stages: [...document.querySelectorAll('.stage h3')].map(each => each.textContent),
  checks: [...document.querySelectorAll('.check')].map(each => ({
    name: each.querySelector('.name').textContent,
    mark: each.querySelector('.mark').textContent,
    colour: getComputedStyle(each.querySelector('.mark')).color,
    open: each.open,
    text: each.textContent,
  })),
  faults: [...document.querySelectorAll('.fault')].map(each => each.textContent),
  scripts: document.scripts.length,
  foreign: document.querySelectorAll('img, u, iframe, object, link').length,
}
"""
GREEN, RED = "rgb(11, 110, 79)", "rgb(166, 27, 27)"
GREEN_ON_DARK, RED_ON_DARK = "rgb(110, 231, 183)", "rgb(255, 155, 147)"
HOSTILE = ('"><u>x', "{{7*7}}")


def shown(machine: LabMachine, page: pathlib.Path, scheme: str = "light") -> dict[str, t.Any]:
    """The page in a browser on a machine without a network, which has asked for nothing and complained of nothing."""
    command = [sys.executable, str(ROOT / "tests/browser.py"), str(page), scheme]
    said = json.loads(machine.run(command, input=f"({SEEN})", timeout=180).stdout)
    assert said["requests"] == []
    assert said["complained"] == []
    answer: dict[str, t.Any] = said["answer"]
    assert (answer["scripts"], answer["foreign"], answer["wider"]) == (0, 0, 0)
    assert min(answer["drawing"]) > 50
    return answer


def test_a_report_is_written_of_what_works_and_of_what_fails(machine: LabMachine, tmp_path: pathlib.Path) -> None:
    page = tmp_path / "report.html"
    before = machine.playbook("playbooks/router.yml", "--check", lab_report=str(page))
    assert not page.exists(), "a prediction is written down"
    assert not [task for task in before.tasks if "report" in task["task"].lower()]
    run = machine.playbook("playbooks/router.yml", lab_report=str(page), walkthrough=True)
    assert run.tasks[-1]["msg"] == str(page)
    seen = shown(machine, page)
    assert seen["stages"] == ["1. Addresses only", "2. Default routes", "3. The router forwards"]
    assert (seen["title"], seen["verdictColour"]) == ("Lab router: all 11 checks passed", GREEN)
    assert {(check["mark"], check["colour"], check["open"]) for check in seen["checks"]} == {("ok", GREEN, False)}
    assert {"ns1", "router", "ns2", "192.0.2.254/24"} <= set(seen["drawn"])
    assert seen["red"] == 0
    assert "Request who-has 198.51.100.1 tell 192.0.2.254" in seen["checks"][-1]["text"]

    machine.run(["ip", "netns", "exec", "ns2", "iptables", "-A", "INPUT", "-p", "icmp", "-j", "DROP"])
    machine.run(["ip", "-n", "router", "link", "add", HOSTILE[0], "type", "veth", "peer", "name", HOSTILE[1]])
    machine.playbook("playbooks/router.yml", _fails=True, lab_report=str(page))
    seen = shown(machine, page, "dark")
    failed = [check for check in seen["checks"] if check["mark"] == "FAILED"]
    assert seen["verdict"] == f"{len(failed)} of 5 checks failed"
    assert "ns1 reaches ns2, and the router takes one from the TTL" in {check["name"] for check in failed}
    assert "'-A INPUT -p icmp -j DROP'" in failed[0]["text"]
    assert {(check["colour"], check["open"]) for check in failed} == {(RED_ON_DARK, True)}
    assert {check["colour"] for check in seen["checks"] if check not in failed} == {GREEN_ON_DARK}
    assert seen["ground"] == "rgb(20, 25, 31)"
    assert seen["red"] >= 2  # the node and the legend
    assert {*HOSTILE, "failed", "failed: a check failed here"} <= set(seen["drawn"])


def test_a_lab_that_cannot_be_built_is_reported_on(machine: LabMachine, tmp_path: pathlib.Path) -> None:
    page = tmp_path / "report.html"
    machine.run(["ip", "netns", "add", "helloworld"])
    machine.playbook("playbooks/namespace.yml", _fails=True, lab_report=str(page))
    seen = shown(machine, page)
    assert (seen["verdict"], seen["verdictColour"], seen["checks"]) == ("not built", RED, [])
    (fault,) = seen["faults"]
    assert "'helloworld'" in fault
