# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs to another lab or to nobody is refused by name, and untouched."""

from __future__ import annotations

import typing as t

import pytest
from labs import NAP, NAT, PAIR, ROOTED, everything, refused, run_as_predicted, same, settled, view
from processes import alive

if t.TYPE_CHECKING:
    from labmachine import LabMachine
    from labs import Items

CHANGE_IT = (
    "(change it there, or remove that lab: ansible-playbook tcpip.lab.labs -e lab_remove=first; "
    "from a checkout: make labs lab_remove=first)"
)
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


def seen(machine: LabMachine, name: str, dev: str, number: int) -> list[t.Any]:
    """All that is to be seen of such a lab, but for the clocks of its bridge."""
    spaces, enter = (f"{name}-in", f"{name}-out"), ["ip", "netns", "exec", f"{name}-in"]
    commands: list[list[str]] = [["ip", "netns", "pids", each] for each in spaces]
    commands += [["ip", "route", "show", f"10.{number}.0.0/16"], ["sysctl", f"net.ipv4.conf.{dev}.forwarding"]]
    commands += [["sh", "-c", f"iptables-save | grep '^-A.*tcpip.lab:{name}\"'"]]
    commands += [[*enter, "iptables-save", "-t", "nat"], ["pgrep", "-f", f"sniffer.py {dev} "]]
    commands += [["sh", "-c", f"cat /run/tcpip.lab/process/{name}/.root/*/record.json"]]
    printed = [machine.run(command).stdout for command in commands]
    links = [[link["ifname"] for link in machine.json(["ip", "-n", each, "-j", "link"])] for each in spaces]
    links += [[link["ifname"] for link in machine.json(["ip", "-j", "link"]) if link["ifname"].startswith(f"{name}-")]]
    rest = {what: lines for what, lines in view(machine, *spaces).items() if not what.endswith("links")}
    return [links, rest, [[line for line in text.splitlines() if line[:1] != "#"] for text in printed]]


def test_two_labs_with_objects_of_every_kind(machine: LabMachine) -> None:
    for name in ("up1", "up2"):
        machine.module("veth", name=name, peer={"name": f"{name}-far"})
    before = settled(machine)
    one, two = ("lab", "up1", 1), ("lab2", "up2", 2)
    machine.module("topology", name="lab", **everything(*one))
    first = seen(machine, *one)
    machine.module("topology", name="lab2", **everything(*two))
    assert seen(machine, *one) == first
    assert not machine.module("topology", name="lab", **everything(*one))["changed"]
    second = seen(machine, *two)
    machine.module("topology", name="lab", state="absent")
    assert seen(machine, *two) == second
    assert not machine.module("topology", name="lab2", **everything(*two))["changed"]
    machine.module("topology", name="lab2", state="absent")
    assert alive(machine) == []
    same(before, settled(machine))


SERVER = {"interfaces": ["up0"], "ranges": [{"start": "192.0.2.100", "end": "192.0.2.200"}]}
#: Of every kind something in the namespace of a lab, or in its place, and where the error says it is.
WITHIN: dict[str, tuple[Items, str]] = {
    "netns": ({"name": "ns1"}, "name: namespace 'ns1'"),
    "veth": ({"name": "a", "peer": {"name": "b", "netns": "ns1"}}, "peer.netns: namespace 'ns1'"),
    "macvlan": ({"name": "a", "parent": "ns1-veth0", "parent_netns": "ns1"}, "parent_netns: namespace 'ns1'"),
    "vxlan": ({"name": "a", "id": 1, "underlay": "ns1"}, "underlay: namespace 'ns1'"),
    "bridge_vlan": ({"name": "a", "netns": "ns1", "ports": [{"name": "ns1-veth0"}]}, "netns: namespace 'ns1'"),
    "route": ({"netns": "ns1", "dst": "10.0.0.0/8", "type": "blackhole"}, "netns: namespace 'ns1'"),
    "iptables_nat": ({"netns": "ns1", "rules": [NAT]}, "netns: namespace 'ns1'"),
    "sysctl": ({"netns": "ns1", "name": "net.ipv4.ip_forward", "value": 1}, "netns: namespace 'ns1'"),
    "capture": ({"name": "all", "netns": "ns1", "dev": "ns1-veth0"}, "netns: namespace 'ns1'"),
    "process": ({**NAP, "netns": "ns1"}, "netns: namespace 'ns1'"),
    "vswitch": ({"name": "sw", "netns": "ns1", "ports": ["ns1-veth0"]}, "netns: namespace 'ns1'"),
    "dnsmasq_dhcp": ({**SERVER, "netns": "ns1", "interfaces": ["ns1-veth0"]}, "netns: namespace 'ns1'"),
    "dhcp_client": ({"netns": "ns1", "dev": "ns1-veth0"}, "netns: namespace 'ns1'"),
}
#: The same of the machine's own namespace: on what a lab has made there, ...
ON_ITS_LINK: dict[str, tuple[Items, str]] = {
    "veth": ({"name": "lab-veth0", "peer": {"name": "b"}}, "name: 'lab-veth0'"),
    "macvlan": ({"name": "a", "parent": "lab-veth0"}, "parent: 'lab-veth0'"),
    "vxlan": ({"name": "a", "id": 1, "dev": "lab-veth0", "group": "239.1.1.1"}, "dev: 'lab-veth0'"),
    "bridge_vlan": ({"name": "a", "ports": [{"name": "lab-veth0"}]}, "ports[0].name: 'lab-veth0'"),
    "route": ({"dst": "10.0.0.0/8", "dev": "lab-veth0"}, "dev: 'lab-veth0'"),
    "sysctl": ({"name": "net.ipv4.conf.lab-veth0.forwarding", "value": 1}, "name: 'lab-veth0'"),
    "capture": ({"name": "all", "dev": "lab-veth0"}, "dev: 'lab-veth0'"),
    "vswitch": ({"name": "sw", "ports": ["lab-veth0"]}, "ports[0]: 'lab-veth0'"),
    "dnsmasq_dhcp": ({**SERVER, "interfaces": ["lab-veth0"]}, "interfaces[0]: 'lab-veth0'"),
    "dhcp_client": ({"dev": "lab-veth0"}, "dev: 'lab-veth0'"),
}
#: ... and what it has there without a mark: on an interface of the machine, or as a file.
SHARED: dict[str, tuple[Items, str]] = {
    "bridge_vlan": ({"name": "a", "ports": [{"name": "up0"}]}, "ports[0].name: the port 'up0'"),
    "capture": ({"name": "all", "dev": "up0", "path": "/tmp/all.pcap"}, "path: the file '/tmp/all.pcap'"),
    "vswitch": ({"name": "sw", "ports": ["up0"]}, "ports[0]: the port 'up0'"),
    "dnsmasq_dhcp": (SERVER, "interfaces[0]: the DHCP server on 'up0'"),
    "dhcp_client": ({"dev": "up1"}, "dev: the DHCP client on 'up1'"),
}
HELD: Items = {
    **ROOTED,
    "capture": [SHARED["capture"][0]],
    "vswitch": [SHARED["vswitch"][0]],
    "dnsmasq_dhcp": [SERVER],
    "dhcp_client": [SHARED["dhcp_client"][0]],
}


@pytest.fixture
def held(common_machine: LabMachine) -> LabMachine:
    """A machine on which a lab has something of every kind that another lab may want."""
    machine = common_machine
    if not machine.json(["ip", "-j", "netns"]):
        machine.module("veth", name="up0", addresses=["192.0.2.1/24"], peer={"name": "up1"})
        machine.module("topology", name="first", **HELD)
    return machine


@pytest.mark.parametrize("kind", WITHIN)
def test_an_object_of_another_lab_is_refused_whatever_it_is(held: LabMachine, kind: str) -> None:
    before = [view(held, "", "ns1"), alive(held)]
    for table, where in ((WITHIN, ""), (ON_ITS_LINK, " in the root namespace"), (SHARED, " in the root namespace")):
        if kind in table:
            options, thing = table[kind]
            said = f"{thing}{where if '/' not in thing else ''} belongs to lab 'first' {CHANGE_IT}"
            assert held.module(kind, _fails=True, **options)["msg"] == said
            if where:  # a lab cannot name a namespace that is not its own
                second: Items = {"netns": [{"name": "x"}], kind: [options]}
                assert held.module("topology", _fails=True, name="second", **second)["msg"] == f"{kind}[0].{said}"
    assert [view(held, "", "ns1"), alive(held)] == before
    assert not held.module("topology", name="first", **HELD)["changed"]


def test_what_cannot_be_read_of_another_lab_is_in_nobodys_way(machine: LabMachine) -> None:
    """Another release of the collection may have written it. What can be read still belongs to that lab."""
    ways = [{"dst": f"10.{number}.0.0/16", "type": "blackhole"} for number in range(2)]
    machine.module("topology", name="theirs", route=ways)
    spoil = r's/{"dst": "10.0.0.0\/16"/{"newer": 1, "dst": "10.0.0.0\/16"/'
    machine.run(["sed", "-i", spoil, "/run/tcpip.lab/theirs.json"])
    assert refused(machine, "topology", name="ours", route=ways[1:]) == (
        f"route[0]: this route of the root namespace belongs to lab 'theirs' {CHANGE_IT.replace('first', 'theirs')}"
    )
    mine = {"route": [{"dst": "10.2.0.0/16", "type": "blackhole"}]}
    run_as_predicted(machine, "topology", name="ours", **mine)
    (lab,) = machine.module("lab_info", name="ours")["labs"]
    assert (lab["drift"], lab["refusal"]) == ([], None)
    (fault,) = machine.module("lab_info")["unreadable"]
    assert fault["lab"] == "theirs"
    assert fault["reason"].startswith("route[0]: 'newer' is not an option")
    assert run_as_predicted(machine, "topology", name="ours", state="absent")["changed"]


def test_a_port_of_another_labs_bridge_is_refused_with_its_name(machine: LabMachine) -> None:
    machine.module("veth", name="up0", peer={"name": "far"})
    ports = [{"name": "up0"}]
    machine.module("topology", name="first", bridge_vlan=[{"name": "br0", "ports": ports}])
    said = refused(machine, "bridge_vlan", name="br1", ports=ports)
    assert said == f"ports[0].name: the port 'up0' in the root namespace belongs to lab 'first' {CHANGE_IT}"
    said = refused(machine, "topology", name="second", bridge_vlan=[{"name": "br1", "ports": ports}])
    assert said == f"bridge_vlan[0].ports[0].name: 'up0' is a port of 'br0', which belongs to lab 'first' {CHANGE_IT}"
    said = refused(machine, "topology", name="second", vswitch=[{"name": "sw", "ports": ["up0"]}])
    assert said == f"vswitch[0].ports[0]: the port 'up0' in the root namespace belongs to lab 'first' {CHANGE_IT}"


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
