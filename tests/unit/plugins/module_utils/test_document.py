# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is there, told in the form of a topology."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import document, plan
from ansible_collections.tcpip.lab.plugins.module_utils.command import Command, Spot
from ansible_collections.tcpip.lab.plugins.module_utils.document import Part
from ansible_collections.tcpip.lab.plugins.module_utils.kinds import KINDS
from ansible_collections.tcpip.lab.plugins.module_utils.kinds.dnsmasq_dhcp import read_configuration, render
from ansible_collections.tcpip.lab.plugins.module_utils.options import accepted, read
from ansible_collections.tcpip.lab.plugins.module_utils.state import (
    BY_KERNEL,
    ROOT,
    Link,
    Namespace,
    Nat,
    Process,
    Route,
    State,
    Vlan,
    mark,
)
from ansible_collections.tcpip.lab.plugins.module_utils.topology import parse
from simulated_kernel import Kernel, empty

LAB = "lab"


def built(items: dict[str, t.Any]) -> State:
    kernel = Kernel(empty())
    return kernel.run(plan.make(parse(items), [], empty(), LAB))


def part(state: State, *spaces: str, **options: t.Any) -> Part:
    return Part(state, frozenset(spaces), **{"lab": LAB, **options})


PEER = {"name": "a", "netns": "a", "mac": "02:00:00:00:00:0a", "addresses": ["10.0.0.1/8"]}
PAIR: dict[str, t.Any] = {
    "netns": [{"name": "a", "loopback": True}, {"name": "b"}],
    "veth": [{"name": "z", "netns": "b", "mac": "02:00:00:00:00:0b", "mtu": 1400, "peer": PEER}],
}


def test_a_pair_is_told_once_from_the_end_that_declares_it() -> None:
    state = built(PAIR)
    (declared,) = part(state, "a", "b", declared=parse(PAIR)).live()["veth"]
    (found,) = part(state, "a", "b").live()["veth"]
    assert (declared["name"], declared["peer"]["name"]) == ("z", "a")
    assert (found["name"], found["peer"]["name"]) == ("a", "z")
    assert declared["peer"]["addresses"] == ["10.0.0.1/8"]


def test_what_is_told_is_a_topology_that_finds_nothing_to_do() -> None:
    entries = [{"mac": "02:00:00:00:00:01", "dst": "10.9.0.1"}]
    overlay = {"name": "v", "netns": "a", "mac": "02:00:00:00:00:0c", "id": 1, "underlay": "", "fdb": entries}
    routes = [{"netns": "a", "dst": "192.0.2.0/24", "dev": "a"}, {"netns": "a", "dst": "::/0", "via": "2001:db8::1"}]
    settings = [{"netns": "b", "name": "net.ipv4.ip_forward", "value": 1}]
    items = {**PAIR, "vxlan": [overlay], "route": routes, "sysctl": settings}
    state = built(items)
    found = part(state, "a", "b", declared=parse(items)).live()
    assert found.keys() == items.keys()
    assert plan.make(parse(found), [], state, LAB) == []


def test_of_the_root_namespace_what_is_marked_or_declared_is_the_labs() -> None:
    names = {"mine": mark(LAB), "lost": "", "other": mark("other"), "eth0": ""}
    root = Namespace(ROOT, links={name: Link(ROOT, name, 7, "bridge", alias=alias) for name, alias in names.items()})
    root.links = {name: replace(link, settings={"default_pvid": None}) for name, link in root.links.items()}
    declared = parse({"bridge_vlan": [{"name": "lost"}]})
    state = State({ROOT: root})
    assert [each["name"] for each in part(state, declared=declared).live()["bridge_vlan"]] == ["lost", "mine"]
    assert [each["name"] for each in part(state, ROOT, lab="").live()["bridge_vlan"]] == ["eth0", "lost"]


@pytest.mark.parametrize("pvid", [None, 1])
def test_a_kernel_without_vlans_tells_of_none(pvid: int | None) -> None:
    bridge = Link("a", "br0", 2, "bridge", settings={"default_pvid": pvid, "stp": False})
    port = Link("a", "tap0", 3, "tun", master="br0", vlans=frozenset({Vlan(1, True, True)} if pvid else ()))
    found = part(State({"a": Namespace("a", LAB, {"br0": bridge, "tap0": port})}), "a")
    (told,) = found.live()["bridge_vlan"]
    vlans = {"vlans": [{"vid": 1, "pvid": True, "untagged": True}]} if pvid else {}
    assert told["ports"] == [{"name": "tap0", **vlans}]
    assert ("vlans" in told) == bool(pvid)
    (other,) = found.others()["links"]
    assert (other["name"], other["kind"], other["master"]) == ("tap0", "tun", "br0")


def test_routes_of_the_kernels_own_making_are_not_told() -> None:
    routes = [
        Route("a", 4, "10.0.0.0/8", dev="z", protocol=BY_KERNEL),
        Route("a", 4, "default", via="10.0.0.1", dev="z"),
    ]
    state = State({"a": Namespace("a", LAB, routes=routes)})
    assert part(state, "a").live()["route"] == [
        {"netns": "a", "dst": "default", "via": "10.0.0.1", "dev": "z", "metric": 0, "table": 254, "type": "unicast"}
    ]


RULES = [
    {"jump": "SNAT", "source": "!192.0.2.7/32", "to_source": "203.0.113.1-203.0.113.9"},
    {"jump": "DNAT", "protocol": "tcp", "destination_port": "80,8000:8010", "to_destination": "192.0.2.1:80"},
    {"jump": "REDIRECT", "protocol": "udp", "to_ports": "5353", "in_interface": "eth+"},
    {"jump": "MASQUERADE", "ip_version": "ipv6"},
]


def test_rules_are_told_as_they_are_declared() -> None:
    resource = KINDS["iptables_nat"].parse({"netns": "a", "name": "out", "rules": RULES}, "")
    lines = {family: [rule.line(f"{mark(LAB)}/out") for rule in rules] for family, rules in resource.rules.items()}  # type: ignore[attr-defined]
    stranger = "-A POSTROUTING -j MASQUERADE"
    table = {4: Nat(True, (*lines[4], stranger)), 6: Nat(True, tuple(lines[6]))}
    found = part(State({"a": Namespace("a", LAB, nat=table)}), "a")
    (told,) = found.live()["iptables_nat"]
    assert (told["netns"], told["name"]) == ("a", "out")
    assert KINDS["iptables_nat"].parse(told, "").rules == resource.rules  # type: ignore[attr-defined]
    assert found.others()["nat"] == [{"netns": "a", "rule": f"iptables -t nat {stranger}"}]


def test_a_configuration_of_dnsmasq_is_read_as_it_was_given() -> None:
    given = {
        "interfaces": ["eth0", "eth1"],
        "ranges": [{"start": "10.0.0.1", "end": "10.0.0.9", "netmask": "255.0.0.0", "lease_time": "infinite"}],
        "options": {"router": ["10.0.0.1"], "42": ["10.0.0.2", "10.0.0.3"]},
        "hosts": [
            {"mac": "02:00:00:00:00:01", "address": "10.0.0.5", "name": "five"},
            {"mac": "02:00:00:00:00:02", "address": "10.0.0.6"},
        ],
        "dns": True,
        "records": [{"name": "www.example.com", "addresses": ["10.0.0.80", "2001:db8::80"]}],
        "user": "nobody",
    }
    options = KINDS["dnsmasq_dhcp"].OPTIONS
    assert accepted(read_configuration(render(read(given, options, ""), "leases")), options) == given
    little = {"interfaces": ["eth0"], "dns": True}
    found = read_configuration(render(read(little, options, ""), "leases"))
    assert accepted(found, options) == {**little, "ranges": [], "hosts": [], "records": [], "user": "nobody"}


@pytest.mark.parametrize(("pid", "in_place"), [(0, True), (7, False), (7, True)])
def test_a_process_is_there_if_it_runs_where_it_should(pid: int, in_place: bool) -> None:
    spot = Spot(LAB, "process", "a", "nap")
    process = Process(spot, Command(spot, ("sleep", "9")), pid=pid, in_place=in_place)
    found = part(State({"a": Namespace("a", LAB)}, processes={spot.key: process}), "a")
    assert ("process" in found.live()) == bool(pid and in_place)
    assert [(each["module"], each["name"], each["running"]) for each in found.processes()] == [
        ("process", "nap", bool(pid))
    ]


def test_drift_tells_what_goes_and_what_comes() -> None:
    state = built(PAIR)
    narrow = {**PAIR, "veth": [{**PAIR["veth"][0], "mtu": 1300}]}
    assert document.drift(plan.make(parse(narrow), [], state, LAB)) == [
        {"change": "change b: z mtu 1400 to b: z mtu 1300", "before": ["b: z mtu 1400"], "after": ["b: z mtu 1300"]}
    ]
