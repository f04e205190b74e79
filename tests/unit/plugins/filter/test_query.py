# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a question to a lab sees, and what is said to one that has no answer."""

from __future__ import annotations

import sys
import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.tcpip.lab.plugins.filter.query import FilterModule, query
from ansible_collections.tcpip.lab.plugins.plugin_utils import view

VLAN_100 = {"vid": 100, "pvid": True, "untagged": True}
BRIDGE = {"name": "br0", "netns": "sw", "addresses": [], "mtu": 1500, "vlan_filtering": True, "vlans": [VLAN_100]}
LIVE: dict[str, t.Any] = {
    "netns": [{"name": "a"}, {"name": "sw"}],
    "veth": [
        {"name": "a0", "netns": "a", "mtu": 1400, "peer": {"name": "p0", "netns": "sw", "mtu": 1500}},
        {"name": "a1", "netns": "a", "mtu": 1500, "peer": {"name": "up0", "mtu": 1500}},
        {"name": "a2", "netns": "a", "mtu": 1500},
    ],
    "vxlan": [{"name": "vx0", "netns": "a", "id": 7, "mtu": 1450}],
    "bridge_vlan": [{**BRIDGE, "ports": [{"name": "p0", "vlans": [VLAN_100]}]}],
    "route": [{"netns": "a", "dst": "default", "via": "192.0.2.1"}, {"dst": "default", "via": "192.0.2.2"}],
    "vswitch": [{"name": "ls", "netns": "a", "ports": ["a2"]}],
}
TAP = {"name": "tap0", "netns": "sw", "kind": "tun", "mtu": 1500, "master": "br0", "addresses": []}
SHARE = {"name": "x", "live": LIVE, "others": {"links": [TAP], "nat": []}, "drift": []}
NO_SHARE = {"live": {"netns": [{"name": "b"}]}, "others": {"links": [], "nat": []}}
FOUND = {"labs": [SHARE], "orphans": [{"name": "old", **NO_SHARE}], "unreadable": [], "machine": None}


def test_it_is_found_by_its_name() -> None:
    assert FilterModule().filters() == {"query": query}


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("labs[].name", ["x"]),
        ("labs[0].live.veth[?mtu != peer.mtu && peer].name", ["a0"]),
        ("nodes[].[lab, name]", [["x", "a"], ["x", "sw"], ["old", "b"]]),
        ("nodes[?!(route[?dst == 'default'])].name", ["sw", "b"]),
        ("nodes[?name == 'a'].interfaces[].name", ["a0", "a1", "a2", "vx0"]),
        ("interfaces[?node == ''].[name, peer.name]", [["up0", "a1"]]),
        ("interfaces[?kind == 'vxlan'].id", [7]),
        ("interfaces[?peer && mtu != peer.mtu].[node, peer.node]", [["a", "sw"], ["sw", "a"]]),
        ("interfaces[?contains(vlans[].vid, `100`)].[name, peer.node]", [["br0", None], ["p0", "a"]]),
        ("interfaces[?switch].[name, switch]", [["a2", "ls"], ["p0", "br0"], ["tap0", "br0"]]),
        ("interfaces[?name == 'a0'].peer.[name, vlans[0].vid]", [["p0", 100]]),
        ("nothing", None),
    ],
)
def test_answers(expression: str, answer: t.Any) -> None:
    assert query(FOUND, expression) == answer


def test_vlans_of_a_bridge_that_does_not_mind_them_are_none() -> None:
    plain = {**LIVE["bridge_vlan"][0], "vlan_filtering": False}
    found = {**FOUND, "labs": [{**SHARE, "live": {**LIVE, "bridge_vlan": [plain]}}]}
    assert query(found, "interfaces[?name == 'p0'].vlans") == [[]]


def test_what_belongs_to_no_lab_is_a_node_too() -> None:
    assert query({**FOUND, "machine": NO_SHARE}, "nodes[?lab == null].name") == ["b"]


def test_what_belongs_to_a_node_is_found_without_asking_all_for_each() -> None:
    asked = 0

    class Asked(dict[str, t.Any]):
        def get(self, *given: t.Any) -> t.Any:
            nonlocal asked
            asked += 1
            return super().get(*given)

    def looked_at(count: int) -> int:
        """How often something was asked of the routes of so many nodes with one each."""
        nonlocal asked
        asked = 0
        routes = [Asked(netns=f"n{number}", dst="default") for number in range(count)]
        nodes = [{"name": f"n{number}"} for number in range(count)]
        share = {"name": "x", "live": {"netns": nodes, "route": routes}, "others": {"links": [], "nat": []}}
        seen = view.of({"labs": [share], "orphans": [], "machine": None})
        assert [node["route"] for node in seen["nodes"]] == [[route] for route in routes]
        return asked

    assert 0 < looked_at(100) * 10 == looked_at(1000)


def test_data_of_types_that_are_named_otherwise() -> None:
    """Ansible's own are so, and JMESPath knows types by their names."""

    class Text(str):
        __slots__ = ()

        def __str__(self) -> str:
            return "what the type makes of it"

    class Number(int):
        pass

    class Items(list[t.Any]):
        pass

    veth = {"name": Text("a0"), "mtu": Number(1400), "addresses": Items([Text("192.0.2.1/24")])}
    found = {**FOUND, "labs": Items([{**SHARE, "live": {"veth": Items([veth])}}])}
    assert query(found, Text("interfaces[?starts_with(name, 'a') && mtu < `1500`].addresses[]")) == ["192.0.2.1/24"]


@pytest.mark.parametrize(
    ("found", "expression", "message"),
    [
        ([], "labs", "[] is not what tcpip.lab.lab_info returns, which is a dictionary"),
        (SHARE, "labs", "it has no labs, orphans, machine, but name, live, others, drift"),
        (FOUND, 7, "7 is not an expression in JMESPath, which is a text"),
        (FOUND, "", "the expression cannot be read: Invalid JMESPath expression: cannot be empty"),
        (FOUND, "nodes[].name]", 'at column 12, token "]"'),
        (FOUND, "nodes[?name", '"nodes[?name"\n            ^'),
        (FOUND, "nodes[?n$]", "Unknown token $:\nnodes[?n$]\n        ^"),
        (FOUND, "len(nodes)", "'len(nodes)' has no answer: Unknown function: len()"),
        (FOUND, "node[].name", "there is no 'node' (did you mean 'nodes'?)"),
        (FOUND, "interface[?name == 'a0'] | [0].peer.name", "there is no 'interface' (did you mean 'interfaces'?)"),
        (FOUND, "lab[0].live", "there is no 'lab' (did you mean 'labs'?)"),
        (FOUND, "contains(no, 'x')", "In function contains(), invalid type for value: None"),
    ],
)
def test_what_has_no_answer_is_refused_with_its_place(found: t.Any, expression: t.Any, message: str) -> None:
    with pytest.raises(AnsibleFilterError) as error:
        query(found, expression)
    assert message in str(error.value)


def test_jmespath_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jmespath", None)
    with pytest.raises(AnsibleFilterError, match=r"package jmespath is missing where Ansible runs.*pip install"):
        query(FOUND, "labs")
