# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switches without a kernel: what is planned from what a running one tells, and how it is undone."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import command, plan
from ansible_collections.tcpip.lab.plugins.module_utils.command import Spot
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.module_utils.kinds import Vswitch
from ansible_collections.tcpip.lab.plugins.module_utils.operations import (
    AddPort,
    DeletePort,
    Operation,
    SetAgeing,
    StartProcess,
    StopProcess,
)
from ansible_collections.tcpip.lab.plugins.module_utils.state import Link, Namespace, Process, State

SPOT = Spot("", "vswitch", "bridge", "sw")
SW: dict[str, t.Any] = {"name": "sw", "netns": "bridge", "ports": ["p1", "p2"]}
INDEXES = {"p1": 1, "p2": 2, "p3": 3}
HOOK = "def treat(frame, port):\n    return frame\n"


def state(running: Process | None = None, hook: str = HOOK) -> State:
    links = {name: Link("bridge", name, index) for name, index in INDEXES.items()}
    processes = {SPOT.key: running} if running else {}
    return State({"bridge": Namespace("bridge", links=links)}, processes=processes, texts={"/hook.py": hook})


def switch(**changes: t.Any) -> Vswitch:
    return Vswitch.parse({**SW, **changes}, "")


def running(ports: t.Mapping[str, int], ageing: float = 300, **changes: t.Any) -> Process:
    told = {"ageing_time": ageing, "ports": [{"name": name, "index": i} for name, i in ports.items()], "table": []}
    found = Process(SPOT, switch().choices(SPOT, state())[0], pid=7, told=told)
    return dataclasses.replace(found, **changes)


def add(name: str) -> AddPort:
    return AddPort("bridge", SPOT, name)


def steps(wanted: Vswitch, have: Process | None = None) -> list[Operation]:
    return plan.make([wanted], [], state(have))


def test_it_is_started_and_told_its_ports() -> None:
    start, *taught = steps(switch())
    assert isinstance(start, StartProcess)
    assert start.command.argv[1:] == ("-E", "-s", "-m", "vswitch", "serve", "nobody")
    assert taught == [SetAgeing("bridge", SPOT, 300), add("p1"), add("p2")]


def test_one_that_is_right_is_left_alone_in_whatever_order_its_ports_are() -> None:
    assert steps(switch(), running({"p2": 2, "p1": 1})) == []


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        ({"p1": 1}, [add("p2")]),
        ({"p1": 1, "p2": 2, "p3": 3}, [DeletePort("bridge", SPOT, "p3")]),
        ({"p1": 1, "p2": 9}, [DeletePort("bridge", SPOT, "p2"), add("p2")]),
        ({}, [add("p1"), add("p2")]),
    ],
    ids=["one is missing", "one too many", "made anew", "none"],
)
def test_ports_change_while_it_goes_on(ports: dict[str, int], expected: list[Operation]) -> None:
    assert steps(switch(), running(ports)) == expected


def test_another_ageing_time_is_set_while_it_goes_on() -> None:
    (step,) = steps(switch(ageing_time=10), running({"p1": 1, "p2": 2}))
    assert step.title == "change bridge: vswitch sw: ageing_time 300 to bridge: vswitch sw: ageing_time 10"
    assert step.undo() == (SetAgeing("bridge", SPOT, 300, 10),)


def test_a_port_comes_back_if_the_run_fails() -> None:
    (step,) = steps(switch(ports=["p1"]), running({"p1": 1, "p2": 2}))
    assert step.undo() == (add("p2"),)
    assert add("p2").undo() == (step,)


def test_another_hook_takes_a_new_switch_and_the_old_one_comes_back_whole() -> None:
    stop, start, *taught = steps(switch(hook="/hook.py"), running({"p1": 1, "p3": 3}, ageing=5))
    assert isinstance(stop, StopProcess)
    assert isinstance(start, StartProcess)
    assert start.command.argv[-1] == "hook.py"
    assert taught == [SetAgeing("bridge", SPOT, 300), add("p1"), add("p2")]
    assert [type(step) for step in stop.undo()] == [StartProcess, SetAgeing, AddPort, AddPort]
    assert stop.lost[-3:] == tuple(f"bridge: vswitch sw: {what}" for what in ("ageing_time 5", "port p1", "port p3"))


def test_one_that_does_not_answer_is_replaced() -> None:
    assert [type(step) for step in steps(switch(), running({}, told=None))][:2] == [StopProcess, StartProcess]


def test_a_killed_one_is_started_and_told_again() -> None:
    dead = running({}, pid=0, told=None)
    assert [type(step) for step in steps(switch(), dead)] == [StartProcess, SetAgeing, AddPort, AddPort]


def test_a_record_gives_back_the_command_that_was_written() -> None:
    (written,) = switch(hook="/hook.py").choices(SPOT, state())
    assert command.decode(json.loads(json.dumps(command.encode(written)))) == written


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"ports": [f"p{number}" for number in range(1, 26)]},
            "ports[24]: 'p25' would be port 25, a switch has at most 24",
        ),
        ({"ports": ["p1", "p2", "p1"]}, "ports[2]: 'p1' is a port already"),
        ({"ports": ["lo"]}, "ports[0]: 'lo' is reserved"),
        ({"ageing_time": -1}, "ageing_time: -1 is not an ageing time in seconds: 0 to 1000000"),
        ({"hook": "hook.py"}, "hook: 'hook.py' is not an absolute path"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(change: dict[str, t.Any], message: str) -> None:
    with pytest.raises(LabError) as error:
        switch(**change)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("hook", "message"),
    [
        ("def treat(frame, port)\n", "hook: '/hook.py' is not Python: "),
        ("def treated(frame, port): return frame\n", "hook: '/hook.py' has no function 'treat'"),
        (None, "hook: '/other.py' cannot be read as a text"),
    ],
)
def test_a_hook_that_cannot_be_is_refused_before_anything_is_done(hook: str | None, message: str) -> None:
    wanted = switch(hook="/hook.py" if hook else "/other.py")
    with pytest.raises(LabError) as error:
        plan.make([wanted], [], state(hook=hook or ""))
    assert str(error.value).startswith(message)
