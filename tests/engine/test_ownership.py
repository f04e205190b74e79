# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs to another lab or to nobody is refused by name, and untouched."""

from __future__ import annotations

import typing as t

from labs import PAIR, ROOTED, refused, same, settled, view

if t.TYPE_CHECKING:
    from labmachine import LabMachine
    from labs import Items

CHANGE_IT = "(change it there, or remove that lab)"
USE_ANOTHER = "(use another name, or remove it)"


def test_two_labs_side_by_side(machine: LabMachine) -> None:
    """Names that contain each other, the same names inside different namespaces."""
    before = settled(machine)
    other: Items = {
        "netns": [{"name": "ns10"}, {"name": "ns"}],
        "veth": [{"name": "ns1-veth0", "netns": "ns10", "peer": {"name": "ns2-veth0", "netns": "ns"}}],
    }
    machine.module("topology", name="lab", **PAIR)
    one = view(machine, "ns1", "ns2")
    machine.module("topology", name="lab2", **other)
    same(one, view(machine, "ns1", "ns2"))
    two = view(machine, "ns10", "ns")
    machine.module("topology", name="lab", state="absent")
    assert {each["name"] for each in machine.json(["ip", "-j", "netns"])} == {"ns10", "ns"}
    same(two, view(machine, "ns10", "ns"))
    machine.module("topology", name="lab2", state="absent")
    same(before, machine.snapshot())


def test_another_labs_things_are_refused_with_its_name(machine: LabMachine) -> None:
    machine.module("topology", name="first", **ROOTED)
    before = view(machine, "", "ns1")
    lab = {"name": "second", "netns": [{"name": "x"}]}

    said = refused(machine, "topology", name="second", netns=[{"name": "other"}, {"name": "ns1"}])
    assert said == f"netns[1].name: namespace 'ns1' belongs to lab 'first' {CHANGE_IT}"
    pair = {"name": "x0", "netns": "x", "peer": {"name": "lab-veth0"}}
    said = refused(machine, "topology", **lab, veth=[pair])
    assert said == f"veth[0].peer.name: 'lab-veth0' in the root namespace belongs to lab 'first' {CHANGE_IT}"
    said = refused(machine, "topology", **lab, sysctl=[{"name": "net/ipv4/ip_forward", "value": 1}])
    assert said == f"sysctl[0]: this sysctl of the root namespace belongs to lab 'first' {CHANGE_IT}"
    said = refused(machine, "topology", **lab, route=[{"dst": "203.0.113.0/24", "type": "blackhole"}])
    assert said == f"route[0]: this route of the root namespace belongs to lab 'first' {CHANGE_IT}"

    for module, options, place in (
        ("netns", {"name": "ns1"}, "name: namespace 'ns1'"),
        ("netns", {"name": "ns1", "state": "absent"}, "name: namespace 'ns1'"),
        ("veth", {"name": "ns1-veth0", "netns": "ns1", "state": "absent"}, "netns: namespace 'ns1'"),
        ("veth", {"name": "lab-veth0", "state": "absent"}, "name: 'lab-veth0' in the root namespace"),
        ("veth", {"name": "y", "peer": {"name": "z", "netns": "ns1"}}, "peer.netns: namespace 'ns1'"),
        ("vxlan", {"name": "v", "netns": "ns1", "id": 1}, "netns: namespace 'ns1'"),
        ("vxlan", {"name": "v", "underlay": "ns1", "id": 1}, "underlay: namespace 'ns1'"),
        ("route", {"netns": "ns1", "dst": "10.0.0.0/8", "type": "blackhole"}, "netns: namespace 'ns1'"),
        ("route", {"netns": "ns1", "dst": "default", "state": "absent"}, "netns: namespace 'ns1'"),
        ("route", {"dst": "203.0.113.0/24", "state": "absent"}, "this route of the root namespace"),
        ("sysctl", {"netns": "ns1", "name": "net.ipv4.ip_forward", "value": "1"}, "netns: namespace 'ns1'"),
        ("sysctl", {"name": "net.ipv4.ip_forward", "value": "0"}, "this sysctl of the root namespace"),
        ("sysctl", {"name": "net.ipv4.ip_forward", "state": "absent"}, "this sysctl of the root namespace"),
    ):
        said = machine.module(module, _fails=True, **options)["msg"]
        assert said == f"{place} belongs to lab 'first' {CHANGE_IT}"
    same(before, view(machine, "", "ns1"))


def test_what_belongs_to_nobody_is_refused_to_a_lab(machine: LabMachine) -> None:
    machine.run(["ip", "netns", "add", "ns1"])
    machine.run(["ip", "link", "add", "lab-veth0", "type", "veth", "peer", "name", "far"])
    machine.run(["ip", "link", "set", "lab-veth0", "up"])
    machine.run(["ip", "link", "set", "far", "up"])
    machine.run(["ip", "addr", "add", "10.5.0.1/24", "dev", "far"])
    machine.run(["ip", "route", "add", "default", "via", "10.5.0.2"])
    machine.run(["ip", "route", "add", "blackhole", "10.6.0.0/16"])
    space = [{"name": "x"}]
    said = refused(machine, "topology", name="lab", netns=[{"name": "ns1"}])
    assert said == f"netns[0].name: namespace 'ns1' exists and belongs to no lab {USE_ANOTHER}"
    pair = {"name": "x0", "netns": "x", "peer": {"name": "lab-veth0"}}
    said = refused(machine, "topology", name="lab", netns=space, veth=[pair])
    assert said == f"veth[0].peer.name: 'lab-veth0' in the root namespace exists and belongs to no lab {USE_ANOTHER}"
    said = refused(machine, "topology", name="lab", netns=space, route=[{"dst": "default", "via": "10.5.0.9"}])
    assert said.startswith("route[0]: this route of the root namespace exists and belongs to no lab")
    said = refused(machine, "topology", name="lab", netns=space, route=[{"dst": "10.6.0.0/16", "dev": "far"}])
    assert said.startswith("route[0]: this route of the root namespace exists and belongs to no lab")
    # a lab of that name that has never been here removes nothing of it
    assert not machine.module("topology", name="lab", state="absent")["changed"]


def test_a_lab_uses_the_machines_own_interface(machine: LabMachine) -> None:
    """A route of its own over a foreign link is the lab's alone: found again, removed alone."""
    machine.run(["ip", "link", "add", "up0", "type", "veth", "peer", "name", "far"])
    machine.run(["ip", "link", "set", "far", "up"])
    machine.run(["ip", "link", "set", "up0", "up"])
    machine.run(["ip", "addr", "add", "10.5.0.1/24", "dev", "up0"])
    machine.run(["ip", "route", "add", "10.8.0.0/16", "via", "10.5.0.2", "metric", "100"])
    before = settled(machine)
    lab: Items = {
        "name": "lab",
        "netns": [{"name": "x"}],
        "route": [
            {"dst": "10.9.0.0/16", "via": "10.5.0.2"},
            {"dst": "10.9.0.0/16", "via": "10.5.0.2", "metric": 5},
            {"dst": "default", "dev": "up0"},
        ],
    }
    machine.module("topology", **lab)
    assert not machine.module("topology", **lab)["changed"]
    machine.run(["ip", "route", "add", "10.9.0.0/16", "via", "10.5.0.2", "metric", "100"])
    machine.module("topology", name="lab", state="absent")
    assert (
        machine.run(["ip", "route", "show", "10.9.0.0/16"]).stdout == "10.9.0.0/16 via 10.5.0.2 dev up0 metric 100 \n"
    )
    machine.run(["ip", "route", "del", "10.9.0.0/16", "metric", "100"])
    same(before, machine.snapshot())


def test_a_mark_taken_away_in_the_root_namespace(machine: LabMachine) -> None:
    """What the link is joined with says whose it is."""
    before = settled(machine)
    machine.module("topology", name="lab", **ROOTED)
    machine.run(["ip", "link", "set", "lab-veth0", "alias", ""])
    result = machine.module("topology", name="lab", **ROOTED, _diff=True)
    assert result["diff"]["after"] == "lab-veth0 alias tcpip.lab:lab\n"
    machine.run(["ip", "link", "set", "lab-veth0", "alias", ""])
    machine.run(["ip", "-n", "ns1", "link", "set", "lo", "alias", ""])
    machine.module("topology", name="lab", state="absent")
    same(before, machine.snapshot())


def test_a_namespace_made_anew_by_hand_is_not_the_labs(machine: LabMachine) -> None:
    machine.module("topology", name="lab", netns=[{"name": "ns1"}, {"name": "ns2"}])
    machine.run(["ip", "netns", "del", "ns1"])
    machine.run(["ip", "netns", "add", "ns1"])
    said = machine.module("topology", name="lab", netns=[{"name": "ns1"}, {"name": "ns2"}], _fails=True)["msg"]
    assert said == f"netns[0].name: namespace 'ns1' exists and belongs to no lab {USE_ANOTHER}"
    machine.module("topology", name="lab", state="absent")
    assert [each["name"] for each in machine.json(["ip", "-j", "netns"])] == ["ns1"]
