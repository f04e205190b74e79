# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Four stations on a switch in user space, seen from outside."""

from __future__ import annotations

import re
import time
import typing as t

import tutorial
from frames import BPDU, BROADCAST, LLDP, STATION, Frame, seen, send
from traffic import ping

if t.TYPE_CHECKING:
    from labmachine import LabMachine
    from testinfra.host import Host

NAMES = ("NS1", "NS2", "NS3", "NS4")
FILES = "/run/tcpip.lab/process/vswitch/switch/vswitch.switch/files"
#: Stations that no kernel speaks for.
ONE, TWO, NOBODY = (f"{STATION}{digits}" for digits in ("a1", "a2", "a9"))
GROUP = "01:00:5e:00:00:fb"


def control(machine: LabMachine, *words: str) -> str:
    """What the switch's own command prints."""
    return machine.run(["ip", "netns", "exec", "switch", "python3", "-m", "vswitch", *words], cwd=FILES).stdout


def ports(machine: LabMachine) -> list[str]:
    return re.findall(r"^port (\S+):", control(machine, "show"), re.MULTILINE)


def out(machine: LabMachine, sender: str, *frames: Frame) -> dict[str, list[Frame]]:
    """What comes out at the other stations."""
    others = {name: f"veth{name[-1]}" for name in NAMES if name != sender}
    return seen(machine, others, sender, f"veth{sender[-1]}", *frames)


def test_it_is_what_the_tutorial_builds(machine: LabMachine, new_machine: LabMachine) -> None:
    assert tutorial.network(machine) == tutorial.network(tutorial.build("vswitch", new_machine))


def test_a_ring_of_pings(machine: LabMachine) -> None:
    for sender, number in zip(NAMES, (2, 3, 4, 1)):
        assert ping(machine, sender, f"192.168.100.10{number}").count("ttl=64") == 3, sender


def test_it_shows_its_ports(machine: LabMachine) -> None:
    assert ports(machine) == ["veth1-vsw", "veth2-vsw", "veth3-vsw", "veth4-vsw"]


def test_it_is_the_switch_alone_that_joins_them(machine: LabMachine, ns: t.Callable[..., Host]) -> None:
    (pid,) = machine.run(["ip", "netns", "pids", "switch"]).stdout.split()
    assert ns("switch").process.get(pid=int(pid)).user == "nobody"
    assert not machine.json(["bridge", "-n", "switch", "-j", "link"])


def test_where_frames_come_out(machine: LabMachine) -> None:
    unknown, group, all_ = Frame(NOBODY, ONE), Frame(GROUP, ONE), Frame(BROADCAST, ONE)
    bpdu, lldp = Frame(BPDU, ONE), Frame(f"{BPDU[:-1]}e", ONE, LLDP)
    everywhere = [unknown, group, all_]
    assert out(machine, "NS1", unknown, bpdu, group, lldp, all_) == dict.fromkeys(NAMES[1:], everywhere)
    known = Frame(ONE, TWO)
    assert out(machine, "NS2", known) == {"NS1": [known], "NS3": [], "NS4": []}


def test_no_frame_goes_back_to_where_it_came_from(machine: LabMachine) -> None:
    frames = Frame(NOBODY, ONE), Frame(GROUP, ONE)
    at = {"NS1": "veth1", "NS3": "veth3"}
    found = seen(machine, at, "NS1", "veth1", *frames, last=("NS2", "veth2"))
    assert found == {"NS1": [], "NS3": [*frames]}


def test_an_entry_ages_out(machine: LabMachine) -> None:
    send(machine, "NS1", "veth1", Frame(BROADCAST, ONE))
    known = Frame(ONE, TWO)
    alone = {"NS1": [known], "NS3": [], "NS4": []}
    assert out(machine, "NS2", known) == alone
    control(machine, "age", "1")
    try:
        deadline = time.monotonic() + 20
        while (found := out(machine, "NS2", known)) == alone:
            assert time.monotonic() < deadline, "it is never forgotten"
    finally:
        control(machine, "age", "300")
    assert found == {name: [known] for name in ("NS1", "NS3", "NS4")}


def test_the_twenty_fifth_port_is_refused(machine: LabMachine) -> None:
    names = [f"port{number}" for number in range(1, 26)]
    result = machine.module("vswitch", _fails=True, name="switch", netns="switch", ports=names)
    assert result["msg"] == "ports[24]: 'port25' would be port 25, a switch has at most 24"


def test_a_deleted_port_cuts_its_station_off_and_takes_its_entries_along(machine: LabMachine) -> None:
    send(machine, "NS4", "veth4", Frame(BROADCAST, TWO))
    send(machine, "NS1", "veth1", Frame(BROADCAST, ONE))
    assert f"{TWO} is behind veth4-vsw" in control(machine, "show")
    control(machine, "delete", "veth4-vsw")
    try:
        shown = control(machine, "show")
        assert "veth4-vsw" not in shown
        assert f"{ONE} is behind veth1-vsw" in shown
        assert "100% packet loss" in ping(machine, "NS1", "192.168.100.104")
        assert ping(machine, "NS1", "192.168.100.102").count("ttl=64") == 3
    finally:
        control(machine, "add", "veth4-vsw")


def test_without_the_switch_they_are_alone_and_the_playbook_puts_it_right(machine: LabMachine) -> None:
    (pid,) = machine.run(["ip", "netns", "pids", "switch"]).stdout.split()
    machine.run(["kill", "-KILL", pid])
    assert "100% packet loss" in ping(machine, "NS1", "192.168.100.102")
    assert machine.playbook("playbooks/vswitch.yml", "-e", "lab_checks=false").changed == 1
    assert ports(machine) == ["veth1-vsw", "veth2-vsw", "veth3-vsw", "veth4-vsw"]
