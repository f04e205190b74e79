# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that is killed, or whose ground is changed by others, at any point."""

from __future__ import annotations

import json
import typing as t

import pytest
from labmachine import ROOT
from labs import FULL, PAIR, ROOTED, changed, killed, run_under, same, settled, view, without

if t.TYPE_CHECKING:
    from labmachine import LabMachine
    from labs import Items

#: Every act would take minutes; 1 was tried, and is to be tried after a change of what a run does in which order.
STRIDE = 5

#: A kind of link of which both ends are in the root namespace, and one that is alone there.
IN_ROOT: Items = {
    "veth": [{"name": "lab-a0", "addresses": ["10.5.0.1/24"], "peer": {"name": "lab-b0"}}],
    "vxlan": [{"name": "lab-x0", "id": 5, "remote": "10.5.0.2", "dev": "lab-a0"}],
    "sysctl": [{"name": "net.ipv4.conf.lab-a0.arp_ignore", "value": "1"}],
}


@pytest.mark.parametrize("lab", ["ROOTED", "IN_ROOT"])
def test_killed_while_it_is_built(machine: LabMachine, lab: str) -> None:
    items = {"ROOTED": ROOTED, "IN_ROOT": IN_ROOT}[lab]
    before = machine.snapshot()
    act = 1
    while killed(machine, act, "topology", name="lab", **items):
        if act % 2 == 0:  # every second time it is finished first
            machine.module("topology", name="lab", **items)
        machine.module("topology", name="lab", state="absent")
        same(before, settled(machine), f"killed before act {act}")
        act += STRIDE
    assert act > 15, "it was hardly ever killed: the acts are not counted"
    machine.module("topology", name="lab", state="absent")


def test_killed_while_it_is_removed(machine: LabMachine) -> None:
    before = machine.snapshot()
    act = 1
    machine.module("topology", name="lab", **ROOTED)
    while killed(machine, act, "topology", name="lab", state="absent"):
        machine.module("topology", name="lab", state="absent")
        same(before, settled(machine), f"killed before act {act}")
        machine.module("topology", name="lab", **ROOTED)
        act += STRIDE
    assert act > 6


def test_killed_while_it_is_changed(machine: LabMachine) -> None:
    names = ("", "ns1", "router", "ns2")
    smaller = changed(without(FULL, "route", 1, 2, 5, 6, 7), "veth", 0, mtu=1390, addresses=["192.0.2.3/24"])
    smaller = changed(smaller, "veth", 0, purge_addresses=None)
    smaller["veth"][1] = {"name": "lab-r0", "peer": smaller["veth"][1]["peer"]}
    before = settled(machine)
    machine.module("topology", name="lab", **smaller)
    expected = view(machine, *names)
    act = 1
    while True:
        machine.module("topology", name="lab", **FULL)
        if not killed(machine, act, "topology", name="lab", **smaller):
            break
        machine.module("topology", name="lab", **smaller)
        same(expected, view(machine, *names), f"killed before act {act}")
        act += 3 * STRIDE
    assert act > 20
    machine.module("topology", name="lab", state="absent")
    same(before, machine.snapshot())


def test_killed_at_any_time_a_foreign_link_of_the_name_is_safe(machine: LabMachine) -> None:
    """A lab that was killed does not take what another lab, or somebody, made under the name afterwards."""
    while killed(machine, 9, "topology", name="lab", **ROOTED):
        break
    other: Items = {"veth": [{"name": "lab-veth0", "peer": {"name": "far"}}]}
    if machine.run(["ip", "link", "show", "lab-veth0"], check=False).returncode:
        machine.module("topology", name="other", **other)
    machine.module("topology", name="lab", state="absent")
    assert machine.json(["ip", "-j", "link", "show", "lab-veth0"])[0]["ifalias"] == "tcpip.lab:other"


def test_single_modules_killed(machine: LabMachine) -> None:
    before = machine.snapshot()
    act = 1
    while killed(machine, act, "netns", name="ns1", loopback=True):
        machine.module("netns", name="ns1", loopback=True)
        machine.module("netns", name="ns1", state="absent")
        same(before, settled(machine), f"killed before act {act}")
        act += STRIDE
    assert act > 5
    machine.module("netns", name="ns1", state="absent")
    act = 1
    while killed(machine, act, "sysctl", name="net.ipv4.ip_forward", value="1"):
        machine.module("sysctl", name="net.ipv4.ip_forward", value="1")
        machine.module("sysctl", name="net.ipv4.ip_forward", state="absent")
        same(before, settled(machine), f"killed before act {act}")
        act += STRIDE
    assert act > 3


def test_what_cannot_be_undone_after_a_failure_that_nobody_has_thought_of_is_remembered(machine: LabMachine) -> None:
    """A command fails in the midst of a run, and from then on no setting can be written, so that none is put back."""
    before = settled(machine)
    sabotage = "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys; exit 1"
    residue = "could not be undone completely: could not change net.ipv4.ip_forward = 1 to net.ipv4.ip_forward = 0"
    for act in range(19, 60, 3):
        killer = [machine.module_python, str(ROOT / "tests/killed_module.py"), str(act), "sh", "-c", sabotage]
        done = run_under(machine, killer, "topology", name="lab", **ROOTED)
        machine.run(["umount", "/proc/sys"], check=False)
        if residue in done.stdout:
            break
        machine.module("topology", name="lab", state="absent")
    else:
        pytest.fail("no failure says that anything is left")
    assert "CalledProcessError" in done.stdout
    assert machine.run(["sysctl", "-n", "net.ipv4.ip_forward"]).stdout == "1\n"
    machine.module("topology", name="lab", state="absent")
    same(before, settled(machine))


#: What is dropped from a lab, and what somebody does to it by hand while the lab's run is on its way to remove it.
MEDDLING = {
    "a link": ("veth", "ip -n ns1 link del ns1-veth0"),
    "an address": ("addresses", "ip -n ns1 addr del 192.0.2.1/24 dev ns1-veth0"),
    "a route": ("route", "ip -n ns1 route del 10.1.0.0/16"),
    "an fdb entry": ("fdb", "bridge -n ns1 fdb del 02:00:00:00:00:09 dev x dst 192.0.2.2"),
}


@pytest.mark.parametrize("what", MEDDLING)
def test_what_somebody_else_removes_at_the_same_time_is_removed(machine: LabMachine, what: str) -> None:
    dropped, by_hand = MEDDLING[what]
    entry = {"mac": "02:00:00:00:00:09", "dst": "192.0.2.2"}
    lab: Items = {
        **PAIR,
        "vxlan": [{"name": "x", "netns": "ns1", "id": 7, "fdb": [entry]}],
        "route": [{"netns": "ns1", "dst": "10.1.0.0/16", "dev": "ns1-veth0"}],
    }
    smaller = {
        "veth": {**lab, "veth": [], "route": []},
        "addresses": changed(lab, "veth", 0, addresses=[]),
        "route": {**lab, "route": []},
        "fdb": changed(lab, "vxlan", 0, fdb=[]),
    }[dropped]
    meddled = 0
    for act in range(6, 40):
        machine.module("topology", name="lab", **lab)
        killer = [machine.module_python, str(ROOT / "tests/killed_module.py"), str(act)]
        done = run_under(machine, [*killer, *by_hand.split()], "topology", name="lab", **smaller)
        if "CalledProcessError" in done.stderr:
            break  # it was removed already: later than that nobody can meddle
        result = json.loads(done.stdout.splitlines()[-1])
        assert not result.get("failed"), f"meddled before act {act}: {done.stdout}{done.stderr}"
        assert not machine.module("topology", name="lab", **smaller)["changed"]
        meddled += 1
    assert meddled > 5
