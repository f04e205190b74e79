# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The switch in user space: what it forwards and what not, and how its ports change while it runs."""

from __future__ import annotations

import re
import time
import typing as t

import pytest
import snapshot
import yaml
from frames import BPDU, BROADCAST, EXPERIMENT, LLDP, STATION, Frame, seen, send
from labs import killed, refused, run_as_predicted, settled
from processes import RUNTIME, alive
from shown import examples, lines
from traffic import ping, send_text

if t.TYPE_CHECKING:
    from labmachine import LabMachine

Options = dict[str, t.Any]

NAMES = ("ns1", "ns2", "ns3")
PORTS = [f"{name}-sw" for name in NAMES]
CABLES: Options = {
    "netns": [{"name": name} for name in (*NAMES, "switch")],
    "veth": [
        {
            "name": f"{name}-veth",
            "netns": name,
            "addresses": [f"192.0.2.{i}/24"],
            "mac": f"{STATION}0{i}",
            "peer": {"name": f"{name}-sw", "netns": "switch"},
        }
        for i, name in enumerate(NAMES, 1)
    ],
}
SW: Options = {"name": "sw", "netns": "switch", "ports": PORTS}
FILES = f"{RUNTIME}/.machine/switch/vswitch.sw/files"
#: Stations that no kernel speaks for, so that nothing but the test is heard of them.
A, B = f"{STATION}aa", f"{STATION}bb"
GROUP = "01:00:5e:00:00:fb"
#: The documentation, and the reader's own functions there.
PAGE = "docs/vswitch.md"
FILTER, ENCAPSULATE = examples(PAGE, "python")


@pytest.fixture
def cables(machine: LabMachine) -> LabMachine:
    """A machine with three stations that have cables to a namespace without a switch, and belong to no lab."""
    for name in (*NAMES, "switch"):
        machine.run(["ip", "netns", "add", name])
    for i, name in enumerate(NAMES, 1):
        lay(machine, name, f"192.0.2.{i}/24")
    return machine


def lay(machine: LabMachine, name: str, address: str) -> None:
    """Lay a station's cable to the switch."""
    peer = ["peer", "name", f"{name}-sw", "netns", "switch"]
    machine.run(["ip", "-n", name, "link", "add", f"{name}-veth", "type", "veth", *peer])
    machine.run(["ip", "-n", name, "address", "add", address, "dev", f"{name}-veth"])
    machine.run(["ip", "-n", name, "link", "set", f"{name}-veth", "up"])
    machine.run(["ip", "-n", "switch", "link", "set", f"{name}-sw", "up"])


def at(*names: str) -> dict[str, str]:
    return {name: f"{name}-veth" for name in names}


def out(machine: LabMachine, sender: str, *frames: Frame) -> dict[str, list[Frame]]:
    """What comes out at the other stations."""
    others = [name for name in NAMES if name != sender]
    return seen(machine, at(*others), sender, f"{sender}-veth", *frames)


def table(machine: LabMachine) -> dict[str, str]:
    """The ports of the invented stations, as the running switch shows them."""
    lines = control(machine, "show").splitlines()
    found = dict(re.findall(r"^(\S+) is behind (\S+), heard \d+ s ago$", "\n".join(lines), re.MULTILINE))
    return {mac: port for mac, port in found.items() if mac in (A, B)}


def reaches(machine: LabMachine, netns: str, address: str) -> None:
    """Return once a ping comes back: one who asked in vain for the neighbour asks again a second later."""
    deadline = time.monotonic() + 20
    while "ttl=64" not in ping(machine, netns, address):
        assert time.monotonic() < deadline, f"{address} is not reached from {netns}"


def learned(machine: LabMachine, stations: dict[str, str]) -> None:
    """Return once this is what the switch knows of them."""
    deadline = time.monotonic() + 20
    while table(machine) != stations:
        assert time.monotonic() < deadline, table(machine)


def control(machine: LabMachine, *words: str, netns: str = "switch", fails: bool = False) -> str:
    done = machine.run(["ip", "netns", "exec", netns, "python3", "-m", "vswitch", *words], check=False, cwd=FILES)
    assert bool(done.returncode) is fails, done.stderr
    return done.stderr if fails else done.stdout


def hook(machine: LabMachine, text: str) -> str:
    """The path of a file with the function."""
    machine.run(["tee", "/tmp/treat.py"], input=text)
    return "/tmp/treat.py"


def test_a_lab_with_a_switch_comes_and_goes_as_predicted(machine: LabMachine) -> None:
    before = settled(machine)
    lab = {**CABLES, "vswitch": [SW]}
    result = run_as_predicted(machine, "topology", name="lab", **lab)
    assert result["changes"][-3:] == [f"add switch: vswitch sw: port {port}" for port in PORTS]
    reaches(machine, "ns1", "192.0.2.2")
    reaches(machine, "ns3", "192.0.2.1")
    fewer = {**lab, "vswitch": [{**SW, "ports": PORTS[:2]}]}
    assert run_as_predicted(machine, "topology", name="lab", **fewer)["changes"] == [
        "remove switch: vswitch sw: port ns3-sw"
    ]
    machine.module("topology", name="lab", state="absent")
    assert snapshot.diff(before, machine.snapshot()) == []


def test_what_is_known_goes_to_its_port_and_the_rest_everywhere_else(cables: LabMachine) -> None:
    cables.module("vswitch", **SW)
    unknown, group, all_ = Frame(B, A), Frame(GROUP, A), Frame(BROADCAST, A)
    assert out(cables, "ns1", unknown, group, all_) == {name: [unknown, group, all_] for name in ("ns2", "ns3")}
    known = Frame(A, B)
    assert out(cables, "ns2", known) == {"ns1": [known], "ns3": []}
    assert table(cables) == {A: "ns1-sw", B: "ns2-sw"}


def test_what_switches_say_to_each_other_is_dropped(cables: LabMachine) -> None:
    cables.module("vswitch", **SW)
    private = [Frame(BPDU[:-1] + digit, A) for digit in "0123456789abcdef"]
    lldp = Frame(BROADCAST, A, LLDP)
    behind = Frame(f"{BPDU[:-2]}10", A)
    assert out(cables, "ns1", *private, lldp, behind) == {"ns2": [behind], "ns3": [behind]}


def test_a_vlan_tag_goes_with_its_frame(cables: LabMachine) -> None:
    cables.module("vswitch", **SW)
    tagged = Frame(BROADCAST, A, f"81000064{EXPERIMENT}")
    assert out(cables, "ns1", tagged) == {"ns2": [tagged], "ns3": [tagged]}


def test_what_its_own_machine_sends_by_a_port_is_no_business_of_it(cables: LabMachine) -> None:
    cables.module("vswitch", **SW)
    send(cables, "switch", "ns1-sw", Frame(BROADCAST, A))
    send(cables, "ns2", "ns2-veth", Frame(BROADCAST, B))
    learned(cables, {B: "ns2-sw"})


def test_long_texts_arrive_whole_though_the_kernel_leaves_them_to_the_hardware(cables: LabMachine) -> None:
    cables.module("vswitch", **SW)
    text = "x" * 100_000
    assert send_text(cables, "ns1", "ns2", address="192.0.2.2", port=54321, text=text) == f"{text}\n"


def test_an_entry_ages_out_and_the_ageing_time_changes_while_it_runs(cables: LabMachine) -> None:
    first = cables.module("vswitch", **SW)["vswitch"]
    send(cables, "ns1", "ns1-veth", Frame(BROADCAST, A))
    known = Frame(A, B)
    assert out(cables, "ns2", known) == {"ns1": [known], "ns3": []}
    result = run_as_predicted(cables, "vswitch", **SW, ageing_time=1)
    assert result["changes"] == ["change switch: vswitch sw: ageing_time 300 to switch: vswitch sw: ageing_time 1"]
    deadline = time.monotonic() + 20
    while out(cables, "ns2", known) == {"ns1": [known], "ns3": []}:
        assert time.monotonic() < deadline, "it is never forgotten"
    assert out(cables, "ns2", known) == {"ns1": [known], "ns3": [known]}
    assert result["vswitch"]["pid"] == first["pid"]


def test_ports_come_and_go_while_it_runs_and_a_deleted_one_takes_its_stations_along(cables: LabMachine) -> None:
    first = cables.module("vswitch", **{**SW, "ports": PORTS[:2]})["vswitch"]
    assert "100% packet loss" in ping(cables, "ns1", "192.0.2.3")
    send(cables, "ns1", "ns1-veth", Frame(BROADCAST, A))
    send(cables, "ns2", "ns2-veth", Frame(A, B))
    learned(cables, {A: "ns1-sw", B: "ns2-sw"})
    result = run_as_predicted(cables, "vswitch", **{**SW, "ports": PORTS[1:]})
    assert result["changes"] == ["remove switch: vswitch sw: port ns1-sw", "add switch: vswitch sw: port ns3-sw"]
    assert result["vswitch"]["pid"] == first["pid"]
    assert table(cables) == {B: "ns2-sw"}
    assert "100% packet loss" in ping(cables, "ns1", "192.0.2.2")
    reaches(cables, "ns3", "192.0.2.2")


def test_what_was_done_by_hand_is_shown_and_put_right(cables: LabMachine) -> None:
    cables.module("vswitch", **{**SW, "ports": PORTS[:2]})
    control(cables, "delete", "ns1-sw")
    control(cables, "add", "ns3-sw")
    shown = control(cables, "show").splitlines()
    assert [line.partition(":")[0] for line in shown[:3]] == ["ageing time 300 s", "port ns2-sw", "port ns3-sw"]
    assert run_as_predicted(cables, "vswitch", **{**SW, "ports": PORTS[:2]})["changes"] == [
        "remove switch: vswitch sw: port ns3-sw",
        "add switch: vswitch sw: port ns1-sw",
    ]


def test_by_hand_nothing_is_done_that_cannot_be(cables: LabMachine) -> None:
    cables.module("vswitch", **SW)
    assert control(cables, "add", "ns1-sw", fails=True) == "vswitch: 'ns1-sw' is a port already\n"
    assert control(cables, "delete", "ns9-sw", fails=True) == "vswitch: 'ns9-sw' is not a port\n"
    assert "no interface 'ns9-sw' in this namespace" in control(cables, "add", "ns9-sw", fails=True)
    assert "lo is not an Ethernet interface" in control(cables, "add", "lo", fails=True)
    assert "not the namespace of the switch" in control(cables, "add", "ns1-veth", netns="ns1", fails=True)
    assert "usage: " in control(cables, "add", fails=True)
    assert not cables.module("vswitch", **SW)["changed"]


def test_the_running_switch_is_asked_and_changed_as_documented(machine: LabMachine) -> None:
    (task,) = yaml.safe_load(examples(PAGE, "yaml")[0])
    options = task["tcpip.lab.vswitch"]
    machine.run(["ip", "netns", "add", options["netns"]])
    for number, port in enumerate(options["ports"]):
        cable = ["add", port, "up", "type", "veth", "peer", "name", f"end{number}"]
        machine.run(["ip", "-n", options["netns"], "link", *cable])
    machine.module("vswitch", **options)
    enter, show, *change = lines(PAGE, "cd ")
    said = machine.run(["sh", "-ec", "\n".join([enter, show, *change, show])]).stdout.splitlines()
    seen = [line.partition(":")[0] for line in said if line.startswith(("ageing", "port"))]
    ports = [f"port {port}" for port in options["ports"]]
    assert seen == ["ageing time 300 s", *ports, "ageing time 10 s", *ports]
    changes = machine.module("vswitch", _check=True, **options)["changes"]
    assert changes == ["change switch: vswitch sw: ageing_time 10 to switch: vswitch sw: ageing_time 300"]


def test_an_interface_made_anew_is_made_a_port_again(cables: LabMachine) -> None:
    first = cables.module("vswitch", **SW)["vswitch"]
    cables.run(["ip", "-n", "switch", "link", "delete", "ns1-sw"])
    lay(cables, "ns1", "192.0.2.1/24")
    changes = run_as_predicted(cables, "vswitch", **SW)["changes"]
    assert changes[-1] == "add switch: vswitch sw: port ns1-sw"
    reaches(cables, "ns1", "192.0.2.2")
    assert cables.module("vswitch", **SW)["vswitch"]["pid"] == first["pid"]


def test_an_interface_switched_off_and_on_is_still_a_port(cables: LabMachine) -> None:
    cables.module("vswitch", **SW)
    for state in ("down", "up"):
        cables.run(["ip", "-n", "switch", "link", "set", "ns1-sw", state])
    reaches(cables, "ns1", "192.0.2.2")
    assert not cables.module("vswitch", **SW)["changed"]


def test_killed_it_is_started_again_with_its_ports(cables: LabMachine) -> None:
    first = cables.module("vswitch", **SW)["vswitch"]
    cables.run(["kill", "-KILL", str(first["pid"])])
    assert "100% packet loss" in ping(cables, "ns1", "192.0.2.2")
    run_as_predicted(cables, "vswitch", **SW)
    reaches(cables, "ns1", "192.0.2.2")


def test_it_runs_as_nobody_without_any_capability(cables: LabMachine) -> None:
    pid = cables.module("vswitch", **SW)["vswitch"]["pid"]
    words = "^(Uid|Gid|Groups|CapInh|CapPrm|CapEff|CapAmb|NoNewPrivs)"
    found = cables.run(["grep", "-E", words, f"/proc/{pid}/status"]).stdout.splitlines()
    nobody = [cables.run(["id", word, "nobody"]).stdout.strip() for word in ("-u", "-g")]
    assert [line.split()[1:] for line in found[:3]] == [nobody[:1] * 4, nobody[1:] * 4, []]
    assert [line.split()[1] for line in found[3:]] == ["0" * 16] * 4 + ["1"]
    assert cables.run(["stat", "-c", "%U %a", f"{FILES}/../data"]).stdout == "root 700\n"


def test_the_twenty_fifth_port_is_refused_by_its_name(machine: LabMachine) -> None:
    machine.module("netns", name="switch")
    names = [f"port{number}" for number in range(1, 26)]
    for name in names:
        machine.run(["ip", "-n", "switch", "link", "add", name, "type", "veth", "peer", "name", f"{name}-far"])
    message = refused(machine, "vswitch", **{**SW, "ports": names})
    assert message == "ports[24]: 'port25' would be port 25, a switch has at most 24"
    machine.module("vswitch", **{**SW, "ports": names[:24]})
    said = control(machine, "add", "port25", fails=True)
    assert said == "vswitch: 'port25' would be port 25, a switch has at most 24\n"
    assert control(machine, "show").count("port port") == 24


def test_a_function_of_the_readers_own_filters(cables: LabMachine) -> None:
    cables.module("vswitch", **SW, hook=hook(cables, FILTER))
    ipv6, other = Frame(GROUP, A, "86dd"), Frame(BROADCAST, A)
    assert out(cables, "ns1", ipv6, other) == {"ns2": [other], "ns3": [other]}
    reaches(cables, "ns1", "192.0.2.2")


def test_a_function_of_the_readers_own_encapsulates(cables: LabMachine) -> None:
    path = hook(cables, ENCAPSULATE.replace("veth1-vsw", "ns1-sw"))
    cables.module("vswitch", **SW, hook=path)
    plain, tagged = Frame(BROADCAST, A), Frame(BROADCAST, A, f"81000064{EXPERIMENT}")
    assert out(cables, "ns1", plain) == {"ns2": [tagged], "ns3": [tagged]}
    assert out(cables, "ns2", plain) == {"ns1": [plain], "ns3": [plain]}


def test_a_function_is_given_what_would_be_on_the_wire(cables: LabMachine) -> None:
    """It drops what is too long for a wire, and is told no sums that are wrong: then TCP would not come through."""
    cables.module("vswitch", **SW, hook=hook(cables, "def treat(frame, port):\n    return frame[:1514]\n"))
    text = "x" * 100_000
    assert send_text(cables, "ns1", "ns2", address="192.0.2.2", port=54321, text=text) == f"{text}\n"


def test_a_function_that_fails_drops_the_frame_and_not_the_switch(cables: LabMachine) -> None:
    text = "def treat(frame, port):\n    assert frame[12:14] != b'\\x86\\xdd', 'I hate it'\n    return frame\n"
    log = cables.module("vswitch", **SW, hook=hook(cables, text))["vswitch"]["log"]
    ipv6, other = Frame(GROUP, A, "86dd"), Frame(BROADCAST, A)
    assert out(cables, "ns1", ipv6, other) == {"ns2": [other], "ns3": [other]}
    assert "AssertionError: I hate it" in cables.run(["cat", log]).stdout


def test_a_function_that_changes_takes_a_new_switch_and_a_bad_one_leaves_the_old(cables: LabMachine) -> None:
    good = {**SW, "hook": hook(cables, FILTER)}
    cables.module("vswitch", **{**good, "ports": PORTS[:2]})
    hook(cables, f"{FILTER}\nraise ValueError('not today')\n")
    message = cables.module("vswitch", _fails=True, **good)["msg"]
    assert "ValueError: not today" in message
    assert message.endswith("(what was done before it is undone)")
    reaches(cables, "ns1", "192.0.2.2")
    hook(cables, FILTER)
    assert cables.module("vswitch", **good)["changes"] == ["add switch: vswitch sw: port ns3-sw"]


def test_its_namespace_takes_it_along(cables: LabMachine) -> None:
    cables.module("vswitch", **SW)
    run_as_predicted(cables, "netns", name="switch", state="absent")
    assert alive(cables) == []


def test_killed_while_ports_are_changed(cables: LabMachine) -> None:
    act = 1
    cables.module("vswitch", **{**SW, "ports": PORTS[:1]})
    while killed(cables, act, "vswitch", **{**SW, "ports": PORTS[1:]}):
        ports = cables.module("vswitch", **{**SW, "ports": PORTS[:1]})["vswitch"]["ports"]
        assert [port["name"] for port in ports] == PORTS[:1], f"killed before act {act}"
        act += 1
    assert act > 2, "it was never killed: the acts are not counted"
