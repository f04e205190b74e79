# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with stages is told with the stage and the check that it is in, before anything is made."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import typing as t

import pytest
import rendered
from ansible import context as program
from ansible_collections.tcpip.lab.plugins.filter import stages_fault as filters
from jinja2 import Environment
from jinja2.exceptions import UndefinedError

PING = {"ping": {"from": "a", "to": "192.0.2.2"}}
OMIT = "left out"


def stage(*checks: t.Any, **more: t.Any) -> dict[str, t.Any]:
    return {"title": "A cable", "topology": {"netns": [{"name": "a"}]}, "checks": [*checks], **more}


def fault(*stages: t.Any, **more: t.Any) -> str:
    context = Environment(autoescape=True).from_string("").new_context({"omit": OMIT})
    return filters.stages_fault(context, [*stages], **more)


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ("ping", "check 1: lab_stages[0].checks[0]: 'ping' is not a mapping of options"),
        ({"pingg": {}}, "check 1: lab_stages[0].checks[0]: 'pingg' is no kind of check (did you mean 'ping'?)"),
        (
            {"name": "It answers", "ping": {"from": "a", "too": "192.0.2.2"}},
            "check 1 (It answers): lab_stages[0].checks[0].ping: 'too' is not an option (did you mean 'to'?)",
        ),
        ({"ping": {"from": "a"}}, "check 1: lab_stages[0].checks[0].ping.to: is required"),
        ({"ping": {"from": "a", "to": "x"}}, "check 1: lab_stages[0].checks[0].ping.to: 'x' is not an IP address"),
        (
            {"ping": {"from": "b", "to": "192.0.2.2"}},
            "check 1: lab_stages[0].checks[0]: 'b' is not in netns of this stage or an earlier one (there are: a)",
        ),
    ],
)
def test_a_check_that_cannot_be_made_is_told_with_its_place(check: t.Any, message: str) -> None:
    assert fault(stage(check)).startswith(f"Stage 1 (A cable), {message}")


@pytest.mark.parametrize(
    "check",
    [
        {"tcp": {"from": "a", "to": "192.0.2.2", "port": 7, "at": "b"}},
        {"tcp": {"from": "a", "to": "192.0.2.2", "port": 7, "at": "a", "sockets": [SOCKET := {"when": "listening"}]}},
        {"mesh": {"addresses": {"a": "192.0.2.1", "b": "192.0.2.2"}}},
        {"lease": {"netns": "a", "dev": "eth0", "first": "192.0.2.1", "last": "192.0.2.9", "server": "b"}},
        {"netns": {"name": "b"}},
        {"socket": {"netns": "b", "port": 7}},
        {**PING, "captures": [{"netns": "b", "dev": "eth0", "count": 1}]},
    ],
)
def test_wherever_a_namespace_is_named_it_has_to_be_there(check: dict[str, t.Any]) -> None:
    SOCKET.update(netns="b", state="LISTEN")
    assert "'b' is not in netns" in fault(stage(check))
    later = {"title": "Another", "topology": {"netns": [{"name": "b"}]}, "checks": [check]}
    assert fault(stage(), later) == ""
    assert fault(stage(check), before=[{"topology": {"netns": [{"name": "b"}]}}]) == ""


def test_what_must_not_be_there_need_not_be_there() -> None:
    assert fault(stage({"netns": {"name": "b", "present": False}}, {"link": {"name": "lo"}})) == ""


def test_a_report_needs_a_directory(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "link").symlink_to(tmp_path / "there" / "report.html")
    assert [fault(stage(), report=each) for each in ("", "report.html", "~/report.html")] == [""] * 3
    told = f"lab_report: there is no directory {tmp_path}/there where Ansible runs"
    assert {fault(stage(), report=each) for each in ("there/report.html", "~/there/x", "link")} == {told}
    told = f"lab_report: {tmp_path} is a directory where Ansible runs, and a report is a file"
    assert {fault(stage(), report=each) for each in (".", "~", str(tmp_path))} == {told}


def test_a_variable_is_misspelt_unless_the_playbook_names_it(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filters, "load_extra_vars", lambda _loader: {"lab_hosts": "all"})
    playbook = tmp_path / "play.yml"
    monkeypatch.setattr(program, "CLIARGS", {"args": ("tcpip.lab.veth", str(playbook))})
    told = "-e lab_hosts: is no variable of labs (did you mean 'lab_host'?)"
    assert fault(stage(), variables=["lab_host"]) == told
    playbook.write_text('hosts: "{{ my_lab_hosts }}"', encoding="utf-8")
    assert fault(stage(), variables=["lab_host"]) == told
    playbook.write_text('hosts: "{{ lab_hosts }}"', encoding="utf-8")
    assert fault(stage(), variables=["lab_host"]) == ""


def test_checks_that_are_not_made_are_not_read() -> None:
    assert fault(stage({"pingg": {}}), checks=False) == ""


def test_what_is_omitted_is_not_there() -> None:
    assert fault(stage({**PING, "captures": OMIT})) == ""


class NotYet(dict[str, t.Any]):
    """What has a variable in it that will have its value later, as Ansible gives it to a filter."""

    def items(self) -> t.Any:
        raise UndefinedError("'there' is undefined")


def test_a_check_that_cannot_be_read_yet_waits_for_its_turn() -> None:
    assert fault(stage({"ping": NotYet()})) == ""
    assert "check 2" in fault(stage({"ping": NotYet()}, {"pingg": {}}))


def test_no_scenario_has_a_fault() -> None:
    subprocess.run([sys.executable, rendered.__file__], check=True)
    for lab in map(rendered.read, rendered.scenarios()):
        for topology, checks in zip(lab.topologies, lab.checks):
            assert fault({"title": lab.name, "topology": topology, "checks": checks}) == ""


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("a", "Stage 1: lab_stages[0]: 'a' is not a mapping of options. A stage has a title, and may have"),
        ({"text": "a"}, "Stage 1: lab_stages[0].title: is required. A stage has a title, and may have"),
        ({"title": ["a"]}, "Stage 1: lab_stages[0].title: ['a'] is not a text. A stage has"),
        (stage(topology=[]), "Stage 1 (A cable): lab_stages[0].topology: [] is not a mapping. A stage has"),
        (stage(topology={"netns": "a"}), "Stage 1 (A cable): lab_stages[0].topology.netns: 'a' is not a list"),
        ({"title": "A", "checks": "ping"}, "Stage 1 (A): lab_stages[0].checks: 'ping' is not a list. A stage has"),
        (stage(chekcs=[]), "Stage 1 (A cable): lab_stages[0]: 'chekcs' is not an option (did you mean 'checks'?). A"),
    ],
)
def test_what_is_no_stage_is_told_with_what_a_stage_is(given: t.Any, message: str) -> None:
    assert fault(given).startswith(message)
    assert fault(stage(), given).startswith(message.replace("Stage 1", "Stage 2").replace("[0]", "[1]"))


def test_an_empty_stage_is_one() -> None:
    assert fault({"title": "Look", "text": None, "topology": None, "checks": None}) == ""
