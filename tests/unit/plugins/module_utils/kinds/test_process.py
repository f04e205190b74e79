# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes without a kernel: what is read, what is planned from what is there, and how it is undone."""

from __future__ import annotations

import dataclasses
import json
import sys
import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import command, plan
from ansible_collections.tcpip.lab.plugins.module_utils.command import PYTHON, Command, Spot
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.module_utils.kinds import Netns, Process
from ansible_collections.tcpip.lab.plugins.module_utils.operations import (
    AmendProcess,
    Operation,
    RemoveNamespace,
    RevertProcess,
    StartProcess,
    StopProcess,
)
from ansible_collections.tcpip.lab.plugins.module_utils.state import Link, Namespace, State
from ansible_collections.tcpip.lab.plugins.module_utils.state import Process as Running

WEB: dict[str, t.Any] = {
    "name": "web",
    "netns": "ns2",
    "command": ["python3", "-m", "http.server", "80"],
    "capabilities": ["net_bind_service"],
    "environment": {"SECRET": "swordfish"},
    "files": [{"name": "index.html", "content": "one\n\ntwo\n"}],
    "ready": {"tcp": 80, "log": "^x"},
}
SPOT = Spot("", "process", "ns2", "web")


def state(running: Running | None = None, *links: Link) -> State:
    spaces = {"ns2": Namespace("ns2", links={link.name: link for link in links})}
    processes = {running.spot.key: running} if running else {}
    return State(
        spaces, processes=processes, commands=frozenset({"python3", "sleep"}), users=frozenset({"nobody", "root"})
    )


def web(**changes: t.Any) -> Process:
    return Process.parse({**WEB, **changes}, "")


def declared(**changes: t.Any) -> Command:
    return web(**changes).choices(SPOT, state())[0]


def running(**changes: t.Any) -> Running:
    return dataclasses.replace(Running(SPOT, declared(), pid=7), **changes)


def steps(resource: Process, *where: t.Any) -> list[Operation]:
    return plan.make([resource], [], state(*where))


#: How a name is to be.
LETTERS = "1 to 63 letters, digits, '_', '.', '-', beginning with a letter or a digit"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "a/b"}, f"name: 'a/b' is not a name: {LETTERS}"),
        ({"name": "-x"}, f"name: '-x' is not a name: {LETTERS}"),
        ({"name": ".root"}, f"name: '.root' is not a name: {LETTERS}"),
        ({"command": [""]}, "command: has no first word: what is to be started?"),
        ({"command": ["./x"]}, "command[0]: './x' is neither a name nor an absolute path"),
        ({"command": ["x", "a\0b"]}, "command[1]: a zero byte is not allowed in a text"),
        ({"directory": "here"}, "directory: 'here' is not an absolute path"),
        ({"environment": {"a": None}}, "environment: 'a' has no value"),
        ({"environment": {"a=b": 1}}, "environment: 'a=b' is not the name of a variable: letters, digits and '_'"),
        (
            {"capabilities": ["sys_admin"]},
            "capabilities[0]: 'sys_admin' is none of net_admin, net_bind_service, net_raw",
        ),
        ({"ready": {"tcp": 70000}}, "ready.tcp: 70000 is not a port: 1 to 65535"),
        ({"stop_timeout": 0}, "stop_timeout: 0 is not a number of seconds: 1 to 3600"),
        ({"stop_signal": "KILL"}, "stop_signal: 'KILL' is none of "),
        ({"user": "-u"}, "user: '-u' is not a user's name"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(change: dict[str, t.Any], message: str) -> None:
    with pytest.raises(LabError) as error:
        web(**change)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("names", [["../x"], ["/x"], ["a/../b"], [""], ["a", "a"], ["a/b", "a"], ["a", "a/b"], [".x"]])
def test_files_stay_in_their_directory_and_out_of_each_other(names: list[str]) -> None:
    with pytest.raises(LabError, match=rf"^files\[{len(names) - 1}\].name: "):
        web(files=[{"name": name, "content": ""} for name in names])


def test_a_record_gives_back_the_command_that_was_written() -> None:
    for each in (declared(), declared(files=[], ready=None, environment=None, stop_signal="SIGINT", netns=None)):
        again = command.decode(json.loads(json.dumps(command.encode(each))))
        assert again == each
        assert (again.ready, again.stop, again.spot.key) == (each.ready, each.stop, each.spot.key)


@pytest.mark.parametrize("spot", [SPOT, Spot("lab", "dnsmasq_dhcp", "", "a.b")])
def test_a_directory_tells_whose_it_is(spot: Spot) -> None:
    lab, netns, name = spot.parts
    assert spot.directory == f"/run/tcpip.lab/process/{lab}/{netns}/{name}"
    assert Spot.read(spot.lab, netns, name) == spot


def test_a_secret_is_not_shown() -> None:
    assert "swordfish" not in "".join(declared().lines)
    assert declared().lines != declared(environment={"SECRET": "other"}).lines


def test_it_is_started_where_it_is_not_and_left_alone_where_it_is() -> None:
    assert steps(web()) == [StartProcess("ns2", declared())]
    assert steps(web(), running()) == []


@pytest.mark.parametrize("left", [running(pid=0), Running(SPOT)], ids=["dead", "record lost"])
def test_what_is_left_of_a_dead_one_is_started_again(left: Running) -> None:
    assert steps(web(), left) == [StartProcess("ns2", declared())]


@pytest.mark.parametrize(
    "change",
    [
        {"command": ["sleep", "1"]},
        {"user": "root"},
        {"files": []},
        {"environment": {}},
        {"directory": "/"},
        {"capabilities": []},
    ],
)
def test_another_command_takes_its_place(change: dict[str, t.Any]) -> None:
    former, latter = declared(), declared(**change)
    stop, start = steps(web(**change), running())
    assert stop == StopProcess("ns2", SPOT, former, latter)
    assert start == StartProcess("ns2", latter, former)
    assert stop.undo() == (StartProcess("ns2", former, latter),)
    assert start.undo() == (StopProcess("ns2", SPOT, latter, former, discard=True),)


@pytest.mark.parametrize("change", [{"ready": None}, {"ready": {"udp": 5, "timeout": 3}}])
def test_how_it_gets_ready_is_no_reason_to_restart_it(change: dict[str, t.Any]) -> None:
    assert steps(web(**change), running()) == []


def test_in_another_namespace_or_on_another_interface_it_is_started_anew() -> None:
    bound = running(indexes={"eth0": 5})
    eth0 = Link("ns2", "eth0", index=5)
    assert steps(web(), bound, eth0) == []
    for where in ((running(in_place=False),), (bound,), (bound, dataclasses.replace(eth0, index=6))):
        assert [type(step) for step in steps(web(), *where)] == [StopProcess, StartProcess]


def test_an_edited_file_is_amended_and_the_edit_comes_back_if_the_run_fails() -> None:
    edited = running(altered={"index.html": "one\nthree\n"})
    (step,) = steps(web(), edited)
    assert isinstance(step, AmendProcess)
    assert step.title == "amend ns2: process web: index.html"
    assert step.lost == ("ns2: process web: index.html: one", "ns2: process web: index.html: three")
    assert step.contents == {"index.html": "one\n\ntwo\n"}
    (back,) = step.undo()
    assert isinstance(back, RevertProcess)
    assert back.contents == {"index.html": "one\nthree\n"}


def test_how_it_is_stopped_is_noted_while_it_goes_on() -> None:
    (step,) = steps(web(stop_signal="SIGINT"), running())
    assert step.lost == ("ns2: process web: stop by SIGTERM within 10 s",)
    assert step.gained == ("ns2: process web: stop by SIGINT within 10 s",)
    (back,) = step.undo()
    assert isinstance(back, RevertProcess)
    assert back.command.stop.signal == "SIGTERM"


def test_it_is_stopped_once_though_its_namespace_goes_too() -> None:
    unwanted = [Netns.parse({"name": "ns2"}, ""), Process.parse({"name": "web", "netns": "ns2"}, "")]
    assert plan.make([], unwanted, state(running())) == [StopProcess("ns2", SPOT, declared()), RemoveNamespace("ns2")]


def test_it_is_stopped_when_its_namespace_is_gone_already() -> None:
    gone = State(processes={SPOT.key: running()})
    assert plan.make([], [Process.parse({"name": "web", "netns": "ns2"}, "")], gone) == [
        StopProcess("ns2", SPOT, declared())
    ]


def test_the_removal_of_leftovers_starts_nothing_when_it_is_undone() -> None:
    (step,) = plan.make([], [Process.parse({"name": "web", "netns": "ns2"}, "")], state(running(pid=0)))
    assert step.undo() == ()


def test_a_command_that_is_not_there_is_missed_before_anything_is_done() -> None:
    with pytest.raises(LabError, match="the command 'nosuch' is not on this machine"):
        steps(web(command=["nosuch"]))
    with pytest.raises(LabError, match=r"^command: is required"):
        web(command=None).complete()


@pytest.mark.parametrize(
    ("log", "found"),
    [("", False), ("ready", False), ("ready\n", True), ("x\nnot ready\n", False), ("x\nready\n", True)],
)
def test_only_whole_lines_of_a_log_count(log: str, found: bool) -> None:
    assert command.has_line("^ready$", log) is found


def test_a_step_shows_the_python_that_runs_a_program_of_ours() -> None:
    assert Command(SPOT, (PYTHON, "-I", "x.py")).title == f"ns2: process web: {sys.executable} -I x.py"
