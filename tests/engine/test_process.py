# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long-lived commands: started as declared, repaired, ended with all that belongs to them, and nobody else touched."""

from __future__ import annotations

import json
import time
import typing as t

import pytest
import snapshot
from labs import killed, refused, run_as_predicted, settled
from processes import RUNTIME, alive, wait_for

if t.TYPE_CHECKING:
    from labmachine import LabMachine

Options = dict[str, t.Any]

NAP: Options = {"name": "nap", "netns": "ns1", "command": ["sleep", "1000"]}
WEB: Options = {
    "name": "web",
    "netns": "ns1",
    "command": ["python3", "-m", "http.server", "80"],
    "capabilities": ["net_bind_service"],
    "files": [{"name": "index.html", "content": "Hello, World\n"}],
    "ready": {"tcp": 80},
}
LAB: Options = {
    "netns": [{"name": "ns1", "loopback": True}, {"name": "ns2"}],
    "veth": [{"name": "ns1-veth0", "netns": "ns1", "peer": {"name": "ns2-veth0", "netns": "ns2"}}],
    "process": [WEB, {**NAP, "netns": "ns2"}],
}
FILE = f"{RUNTIME}/.machine/ns1/process.web/files/index.html"
#: A program whose children stay when it is gone: in its session, in one of its own, and without its environment.
PARENT = """
import subprocess, sys, time
subprocess.Popen(["sleep", "2001"])
subprocess.Popen(["sleep", "2002"], start_new_session=True)
subprocess.Popen(["sleep", "2003"], env={})
print("ready", flush=True)
time.sleep(1000)
"""
FAMILY: Options = {
    "name": "family",
    "netns": "ns1",
    "command": ["python3", "parent.py"],
    "files": [{"name": "parent.py", "content": PARENT}],
    "ready": {"log": "^ready"},
}


@pytest.fixture
def ns1(machine: LabMachine) -> LabMachine:
    """A machine with a namespace that belongs to no lab."""
    machine.module("netns", name="ns1", loopback=True)
    return machine


def page(machine: LabMachine, netns: str = "ns1") -> str:
    return machine.run(["ip", "netns", "exec", netns, "busybox", "wget", "-qO-", "http://127.0.0.1/"]).stdout


def status(machine: LabMachine, pid: int) -> dict[str, str]:
    lines = machine.run(["cat", f"/proc/{pid}/status"]).stdout.splitlines()
    return {line.partition(":")[0]: line.partition(":")[2].strip() for line in lines}


def stranger(machine: LabMachine) -> int:
    """The number of a process in the namespace that is none of ours."""
    machine.run(["sh", "-c", "ip netns exec ns1 setsid sleep 4000 >/dev/null 2>&1 &"])
    wait_for(machine, "pgrep", "-f", "^sleep 4000")
    return int(machine.run(["pgrep", "-f", "^sleep 4000"]).stdout)


def record(machine: LabMachine, **changes: t.Any) -> None:
    """Change the record of the process nap."""
    path = f"{RUNTIME}/.machine/ns1/process.nap/record.json"
    document = json.loads(machine.run(["cat", path]).stdout)
    machine.run(["tee", path], input=json.dumps({**document, **changes}))


def test_a_lab_with_processes_comes_and_goes_as_predicted(machine: LabMachine) -> None:
    before = settled(machine)
    result = run_as_predicted(machine, "topology", name="lab", **LAB)
    assert result["changes"][-2:] == [
        "start ns1: process web: python3 -m http.server 80",
        "start ns2: process nap: sleep 1000",
    ]
    assert page(machine) == "Hello, World\n"
    assert run_as_predicted(machine, "topology", name="lab", state="absent")["changes"][:2] == [
        "stop ns1: process web: python3 -m http.server 80",
        "stop ns2: process nap: sleep 1000",
    ]
    assert snapshot.diff(before, machine.snapshot()) == []


@pytest.mark.parametrize("ledger", [True, False], ids=["with its ledger", "without"])
@pytest.mark.parametrize("namespace", [True, False], ids=["namespaces there", "namespaces deleted by hand"])
def test_a_lab_goes_by_its_name(machine: LabMachine, ledger: bool, namespace: bool) -> None:
    before = settled(machine)
    machine.module("topology", name="lab", **LAB)
    if not ledger:
        machine.run(["rm", "/run/tcpip.lab/lab.json"])
    if not namespace:
        machine.run(["ip", "netns", "delete", "ns1"])
        machine.run(["ip", "netns", "delete", "ns2"])
    assert machine.module("topology", name="lab", state="absent")["changed"]
    assert snapshot.diff(before, machine.snapshot()) == []


def test_what_a_lab_no_longer_declares_is_stopped(machine: LabMachine) -> None:
    machine.module("topology", name="lab", **LAB)
    result = run_as_predicted(machine, "topology", name="lab", **{**LAB, "process": [WEB]})
    assert result["changes"] == ["stop ns2: process nap: sleep 1000"]
    assert alive(machine) == ["python3 -m http.server 80"]


def test_labs_have_names_of_their_own(machine: LabMachine) -> None:
    for lab in ("lab", "lab2"):
        machine.module("topology", name=lab, netns=[{"name": lab}], process=[{**NAP, "netns": lab}])
    assert alive(machine) == ["sleep 1000"] * 2
    machine.module("topology", name="lab", state="absent")
    assert alive(machine) == ["sleep 1000"]
    assert "belongs to lab 'lab2'" in refused(machine, "process", **{**NAP, "netns": "lab2"}, state="absent")


def test_it_runs_as_nobody_and_reaches_nothing_else(ns1: LabMachine) -> None:
    process = ns1.module("process", **WEB)["process"]
    found = status(ns1, process["pid"])
    nobody = ns1.run(["id", "-u", "nobody"]).stdout.strip()
    assert found["Uid"].split() == [nobody] * 4
    assert found["Groups"] == ""
    assert {found[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {f"{1 << 10:016x}"}
    assert found["NoNewPrivs"] == "1"
    environment = ns1.run(["cat", f"/proc/{process['pid']}/environ"]).stdout
    assert {each.partition("=")[0] for each in environment.split("\0")} == {
        "",
        "PATH",
        "LANG",
        "HOME",
        "TCPIP_LAB_PROCESS",
    }
    as_nobody = ["setpriv", f"--reuid={nobody}", "--clear-groups", "--regid=nogroup", "--"]
    assert ns1.run([*as_nobody, "cat", FILE]).stdout == "Hello, World\n"
    for command in (["sh", "-c", f"echo x >>{FILE}"], ["ls", "/run/tcpip.lab"], ["cat", process["log"]], ["rm", FILE]):
        assert "Permission denied" in ns1.run([*as_nobody, *command], check=False).stderr


def test_without_the_capability_a_low_port_is_refused_and_nothing_stays(ns1: LabMachine) -> None:
    message = refused(ns1, "process", **{**WEB, "capabilities": []})
    assert "it ended with status 1, and its log says: " in message
    assert "Permission denied" in message


def test_root_is_root_only_when_asked_for(ns1: LabMachine) -> None:
    process = ns1.module("process", **NAP, user="root")["process"]
    assert status(ns1, process["pid"])["Uid"].split() == ["0"] * 4


def test_a_change_of_what_is_run_restarts_it_and_no_other(ns1: LabMachine) -> None:
    declared, pid = NAP, ns1.module("process", **NAP)["process"]["pid"]
    for change, restarted in (
        ({"command": ["sleep", "1001"]}, True),
        ({"user": "root"}, True),
        ({"environment": {"A": "b"}}, True),
        ({"directory": "/run"}, True),
        ({"user": "nobody", "capabilities": ["net_raw"]}, True),
        ({"files": [{"name": "a", "content": "b"}]}, True),
        ({"stop_signal": "SIGINT"}, False),
        ({"stop_timeout": 11}, False),
    ):
        declared = {**declared, **change}
        predicted = ns1.module("process", _check=True, **declared)
        result = ns1.module("process", **declared)
        assert (result["changed"], result["diff"]) == (True, predicted["diff"]), change
        assert (result["process"]["pid"] != pid) is restarted, change
        pid = result["process"]["pid"]
        assert len(alive(ns1)) == 1
    assert not ns1.module("process", **declared)["changed"]


def test_a_change_of_how_it_gets_ready_changes_nothing(ns1: LabMachine) -> None:
    ns1.module("process", **WEB)
    assert not ns1.module("process", **{**WEB, "ready": {"tcp": 80, "timeout": 11}})["changed"]


def test_killed_it_is_started_again(ns1: LabMachine) -> None:
    first = ns1.module("process", **WEB)["process"]
    ns1.run(["kill", "-KILL", str(first["pid"])])
    result = run_as_predicted(ns1, "process", **WEB)
    assert result["changes"] == ["start ns1: process web: python3 -m http.server 80"]
    assert page(ns1) == "Hello, World\n"


@pytest.mark.parametrize("edit", [f"echo evil >{FILE}", f"rm {FILE}"], ids=["edited", "removed"])
def test_a_file_edited_by_hand_is_repaired_while_it_goes_on(ns1: LabMachine, edit: str) -> None:
    first = ns1.module("process", **WEB)["process"]
    ns1.run(["sh", "-c", edit])
    result = run_as_predicted(ns1, "process", **WEB)
    assert result["changes"] == ["amend ns1: process web: index.html"]
    assert result["diff"]["after"] == "ns1: process web: index.html: Hello, World\n"
    assert result["process"]["pid"] == first["pid"]
    assert page(ns1) == "Hello, World\n"


@pytest.mark.parametrize("content", ["x" * (5 << 20), "ж" * (1 << 20)], ids=["Latin", "Cyrillic"])
def test_a_large_file_is_known_again_and_goes_with_it(ns1: LabMachine, content: str) -> None:
    process = {**NAP, "files": [{"name": "large", "content": content}]}
    first = ns1.module("process", **process)["process"]
    again = ns1.module("process", **process)
    assert (again["changed"], again["process"]["pid"]) == (False, first["pid"])
    ns1.module("process", name="nap", netns="ns1", state="absent")
    assert alive(ns1) == []


def test_in_a_namespace_made_anew_it_is_started_anew(ns1: LabMachine) -> None:
    first = ns1.module("process", **NAP)["process"]
    ns1.run(["ip", "netns", "delete", "ns1"])
    ns1.run(["ip", "netns", "add", "ns1"])
    second = run_as_predicted(ns1, "process", **NAP)["process"]
    assert alive(ns1) == ["sleep 1000"]
    assert first["pid"] != second["pid"]
    assert ns1.run(["ip", "netns", "pids", "ns1"]).stdout.split() == [str(second["pid"])]


def test_a_namespace_that_goes_takes_ours_along_and_leaves_strangers(ns1: LabMachine) -> None:
    ns1.module("process", **NAP)
    stranger(ns1)
    result = run_as_predicted(ns1, "netns", name="ns1", state="absent")
    assert result["changes"] == ["stop ns1: process nap: sleep 1000", "remove namespace ns1"]
    assert alive(ns1) == ["sleep 4000"]


@pytest.mark.parametrize("killed", [False, True], ids=["while it runs", "when it was killed"])
def test_its_children_end_with_it_wherever_they_went(ns1: LabMachine, killed: bool) -> None:
    process = ns1.module("process", **FAMILY)["process"]
    assert {"sleep 2001", "sleep 2002", "sleep 2003"} < set(alive(ns1))
    if killed:
        ns1.run(["kill", "-KILL", str(process["pid"])])
    ns1.module("process", name="family", netns="ns1", state="absent")
    assert alive(ns1) == []


def test_a_second_start_finds_no_children_of_the_first(ns1: LabMachine) -> None:
    process = ns1.module("process", **FAMILY)["process"]
    ns1.run(["kill", "-KILL", str(process["pid"])])
    ns1.module("process", **FAMILY)
    assert sorted(alive(ns1)) == ["python3 parent.py", "sleep 2001", "sleep 2002", "sleep 2003"]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"user": "nosuch"}, "user: there is no user 'nosuch' on this machine"),
        (
            {"directory": "/no/such"},
            "could not start ns1: process nap: sleep 1000: /no/such: No such file or directory",
        ),
    ],
)
def test_what_is_not_there_is_named(ns1: LabMachine, option: Options, message: str) -> None:
    assert ns1.module("process", _fails=True, **NAP, **option)["msg"].startswith(message)
    if "user" in option:
        assert ns1.module("process", _check=True, _fails=True, **NAP, **option)["msg"] == message


def test_one_that_does_not_want_to_end_is_killed(ns1: LabMachine) -> None:
    stubborn = {
        "command": ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"],
        "ready": {"log": "ready"},
    }
    ns1.module("process", **{**NAP, **stubborn}, stop_timeout=1)
    began = time.monotonic()
    ns1.module("process", name="nap", netns="ns1", state="absent")
    assert time.monotonic() - began >= 1
    assert alive(ns1) == []


@pytest.mark.parametrize("field", ["started", "netns"])
def test_a_stranger_with_its_number_is_left_alone(ns1: LabMachine, field: str) -> None:
    ns1.module("process", **NAP)
    ns1.run(["pkill", "-KILL", "-f", "^sleep 1000"])
    pid = stranger(ns1)
    fields = ns1.run(["cat", f"/proc/{pid}/stat"]).stdout.rpartition(")")[2].split()
    inode = int(ns1.run(["stat", "-Lc", "%i", f"/proc/{pid}/ns/net"]).stdout)
    true = {"started": int(fields[19]), "netns": inode}
    record(ns1, pid=pid, **{**true, field: true[field] + 1})
    started = run_as_predicted(ns1, "process", **NAP)["process"]
    assert started["pid"] != pid
    record(ns1, pid=pid, **{**true, field: true[field] + 1})
    ns1.module("process", name="nap", netns="ns1", state="absent")
    assert alive(ns1) == ["sleep 4000"]


def test_one_that_fails_takes_the_whole_lab_back(machine: LabMachine) -> None:
    bad = {
        "name": "bad",
        "netns": "ns2",
        "command": ["sh", "-c", "echo no; echo no; echo luck; exit 3"],
        "ready": {"log": "never"},
    }
    message = refused(machine, "topology", name="lab", **{**LAB, "process": [*LAB["process"], bad]})
    assert (
        "it ended with status 3, and its log says: no (2 times) / luck (what was done before it is undone)" in message
    )


def test_a_change_that_fails_leaves_the_former_one_running(ns1: LabMachine) -> None:
    ns1.module("process", **WEB)
    late = {**WEB, "command": ["sleep", "3000"], "ready": {"tcp": 80, "timeout": 1}}
    assert "it is not ready after 1 s" in ns1.module("process", _fails=True, **late)["msg"]
    assert alive(ns1) == ["python3 -m http.server 80"]
    assert page(ns1) == "Hello, World\n"
    assert not ns1.module("process", **WEB)["changed"]


@pytest.mark.parametrize(
    "part", ["/run/tcpip.lab", RUNTIME, f"{RUNTIME}/.machine", f"{RUNTIME}/.machine/ns1/process.nap"]
)
def test_no_planted_link_is_followed(ns1: LabMachine, part: str) -> None:
    ns1.run(["rm", "-rf", "/run/tcpip.lab"])
    ns1.run(["mkdir", "-p", "-m", "711", "/tmp/trap", part.rpartition("/")[0]])
    ns1.run(["chmod", "-R", "go-rw", "/run/tcpip.lab"], check=False)
    ns1.run(["ln", "-s", "/tmp/trap", part])
    assert "is not a directory of root's own" in ns1.module("process", _fails=True, **NAP)["msg"]
    assert ns1.run(["ls", "-A", "/tmp/trap"]).stdout == ""
    assert alive(ns1) == []


def test_a_directory_that_others_can_write_to_is_refused(ns1: LabMachine) -> None:
    ns1.module("process", **NAP)
    ns1.run(["chmod", "777", f"{RUNTIME}/.machine/ns1"])
    assert "is not a directory of root's own" in ns1.module("process", _fails=True, **WEB)["msg"]


@pytest.mark.parametrize("name", ["files", "log", "record.json"])
def test_no_link_in_its_own_directory_is_followed(ns1: LabMachine, name: str) -> None:
    place = f"{RUNTIME}/.machine/ns1/process.web"
    ns1.run(["mkdir", "-p", "-m", "711", place])
    ns1.run(["sh", "-c", "mkdir -m 755 /tmp/trap; echo precious >/tmp/trap/index.html"])
    target = "/tmp/trap" if name == "files" else "/tmp/trap/index.html"
    ns1.run(["ln", "-s", target, f"{place}/{name}"])
    ns1.module("process", **WEB) if name != "log" else ns1.module("process", _fails=True, **WEB)
    ns1.module("process", name="web", netns="ns1", state="absent")
    assert ns1.run(["cat", "/tmp/trap/index.html"]).stdout == "precious\n"


def test_killed_while_it_starts_one(ns1: LabMachine) -> None:
    act = 1
    while killed(ns1, act, "process", **WEB):
        if act % 2:  # every second time it is finished first
            ns1.module("process", **WEB)
            assert page(ns1) == "Hello, World\n"
            assert alive(ns1) == ["python3 -m http.server 80"]
        ns1.module("process", name="web", netns="ns1", state="absent")
        assert left(ns1) == [], f"killed before act {act}"
        act += 1
    assert act > 15, "it was hardly ever killed: the acts are not counted"


def test_killed_while_it_stops_one(ns1: LabMachine) -> None:
    act = 1
    ns1.module("process", **FAMILY)
    while killed(ns1, act, "process", **FAMILY, state="absent"):
        if act % 2:
            ns1.module("process", **FAMILY)
            assert len(alive(ns1)) == 4, f"killed before act {act}"
        ns1.module("process", **FAMILY, state="absent")
        assert left(ns1) == [], f"killed before act {act}"
        ns1.module("process", **FAMILY)
        act += 1
    assert act > 10


def left(machine: LabMachine) -> list[str]:
    """What there is of any process."""
    return (
        alive(machine)
        + machine.run(["find", "/run/tcpip.lab", "-mindepth", "1", "!", "-name", ".netns*"]).stdout.split()
    )
