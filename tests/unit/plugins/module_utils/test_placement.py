# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which node is on which machine: few links cross, all have their share, and nobody moves without need."""

from __future__ import annotations

import collections
import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import placement, topology
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.module_utils.placement import Placement
from hypothesis import given
from hypothesis import strategies as st

Items = dict[str, list[dict[str, t.Any]]]

TWO, THREE = ["lab1", "lab2"], ["lab1", "lab2", "lab3"]


def place(items: Items, machines: list[str], former: t.Mapping[str, str] | None = None) -> Placement:
    return placement.place(items, topology.parse(items), machines, former or {})


def link(one: str, other: str, number: int = 0) -> dict[str, t.Any]:
    return {"name": f"{other}-{number}", "netns": one, "peer": {"name": f"{one}-{number}", "netns": other}}


def lab(nodes: t.Iterable[str], links: t.Iterable[tuple[str, str]]) -> Items:
    return {
        "netns": [{"name": node} for node in nodes],
        "veth": [link(one, other, number) for number, (one, other) in enumerate(links)],
    }


def chain(length: int) -> Items:
    nodes = [f"n{number}" for number in range(length)]
    return lab(nodes, zip(nodes, nodes[1:], strict=False))


def star_of_bridges(bridges: int, stations: int) -> Items:
    """A bridge with bridges, each of which has stations."""
    outer = [f"b{number}" for number in range(bridges)]
    leaves = {bridge: [f"{bridge}s{number}" for number in range(stations)] for bridge in outer}
    links = [("core", bridge) for bridge in outer] + [(b, leaf) for b, own in leaves.items() for leaf in own]
    return lab(["core", *outer, *(leaf for own in leaves.values() for leaf in own)], links)


def crossing(items: Items, nodes: t.Mapping[str, str]) -> int:
    return sum(nodes[each["netns"]] != nodes[each["peer"]["netns"]] for each in items["veth"])


def test_a_chain_is_cut_once_less_than_there_are_machines() -> None:
    items = chain(12)
    nodes = place(items, THREE).nodes
    assert crossing(items, nodes) == 2
    assert set(collections.Counter(nodes.values()).values()) == {4}


def test_a_star_of_bridges_is_cut_between_its_bridges() -> None:
    items = star_of_bridges(6, 50)
    nodes = place(items, THREE).nodes
    assert crossing(items, nodes) <= 4
    assert max(collections.Counter(nodes.values()).values()) <= 1.1 * len(nodes) / 3


def test_thousands_of_nodes_are_placed() -> None:
    items = star_of_bridges(30, 100)
    nodes = place(items, THREE).nodes
    assert crossing(items, nodes) <= 30
    assert max(collections.Counter(nodes.values()).values()) <= 1.1 * len(nodes) / 3


def test_nodes_stay_where_they_are_when_one_is_added() -> None:
    items = chain(6)
    former = place(items, TWO).nodes
    items["netns"].append({"name": "new"})
    items["veth"].append(link("n5", "new", 99))
    nodes = place(items, TWO, former).nodes
    assert {node: nodes[node] for node in former} == former
    assert nodes["new"] == former["n5"]


def test_what_was_on_a_machine_that_is_gone_is_placed_anew() -> None:
    items = chain(6)
    former = place(items, THREE).nodes
    nodes = place(items, TWO, former).nodes
    assert set(nodes.values()) == set(TWO)
    kept = {node: machine for node, machine in former.items() if machine in TWO}
    assert {node: nodes[node] for node in kept} == kept


def test_a_node_is_where_the_user_wants_it_even_if_it_was_elsewhere() -> None:
    items = chain(4)
    items["netns"][0]["host"] = "lab2"
    assert place(items, TWO, {"n0": "lab1"}).nodes["n0"] == "lab2"


def test_one_node_beside_another_shares_its_machine() -> None:
    items = chain(4)
    items["netns"][3] |= {"beside": "n0"}
    placed = place(items, TWO)
    assert placed.nodes["n3"] == placed.nodes["n0"]
    assert placed.together == ["n0, n3 share a machine: n3 is wanted beside n0"]


def test_numbers_are_names_too() -> None:
    items: Items = {"netns": [{"name": "1", "host": 7}, {"name": 2, "beside": 1}]}
    assert place(items, ["lab1", "7"]).nodes == {"1": "7", "2": "7"}


def test_what_stands_on_another_nodes_interface_shares_its_machine() -> None:
    items = {**chain(4), "macvlan": [{"name": "m0", "netns": "n3", "parent": "n1-0", "parent_netns": "n0"}]}
    placed = place(items, THREE)
    assert placed.nodes["n3"] == placed.nodes["n0"]
    assert placed.together == ["n0, n3 share a machine: macvlan m0 needs it"]


def test_a_switch_in_user_space_has_its_stations_beside_it() -> None:
    items = lab(["s", "a", "b"], [("s", "a"), ("s", "b")])
    placed = place({**items, "vswitch": [{"name": "sw", "netns": "s", "ports": ["a-0", "b-1"]}]}, TWO)
    assert len(set(placed.nodes.values())) == 1
    assert placed.together == ["a, b, s share a machine: vswitch sw needs it"]


def test_the_root_namespace_is_that_of_the_first_machine() -> None:
    items: Items = {
        "netns": [{"name": "a"}, {"name": "b"}],
        "veth": [{"name": "x", "peer": {"name": "y", "netns": "b"}}],
    }
    assert place(items, TWO).nodes[""] == "lab1"


FAULTS: list[tuple[Items, str]] = [
    (
        {"netns": [{"name": "a", "host": "lab4"}]},
        "netns[0].host: 'lab4' is none of the machines of this lab (did you mean 'lab3'?)",
    ),
    (
        {"netns": [{"name": "a", "beside": "zebra"}]},
        "netns[0].beside: 'zebra' is not in netns (there are: a)",
    ),
    ({"netns": [{"name": "a", "beside": "a"}]}, "netns[0].beside: 'a' is the node itself (name another one)"),
    (
        {"netns": [{"name": "a", "host": "lab1"}, {"name": "b", "host": "lab2", "beside": "a"}]},
        "netns[1].host: 'b' shares a machine with namespace 'a', which belongs to lab1 "
        "(see what else the lab says of it)",
    ),
    ({"netns": [{"name": "a", "beside": ["a"]}]}, "netns[0].beside: ['a'] is not a text"),
    ({"netns": [{"name": "a", "host": {"lab1": None}}]}, "netns[0].host: {'lab1': None} is not a text"),
    ({"netns": [{"name": 1, "beside": "1"}]}, "netns[0].beside: '1' is the node itself (name another one)"),
    ({"netns": [{"name": "a/b"}]}, "netns[0].name: 'a/b' has '/', which is not allowed in a name"),
]


@pytest.mark.parametrize(("items", "message"), FAULTS)
def test_faults_have_a_place(items: Items, message: str) -> None:
    with pytest.raises(LabError) as raised:
        place(items, THREE)
    assert str(raised.value) == message


@st.composite
def labs(draw: st.DrawFn) -> Items:
    nodes = [f"n{number}" for number in range(draw(st.integers(1, 12)))]
    pairs = st.tuples(st.sampled_from(nodes), st.sampled_from(nodes)).filter(lambda pair: pair[0] != pair[1])
    return lab(nodes, draw(st.lists(pairs, max_size=20)) if len(nodes) > 1 else [])


@given(labs(), st.integers(1, 4))
def test_any_lab_is_placed_alike_each_time_and_stays(items: Items, count: int) -> None:
    machines = [f"lab{number}" for number in range(count)]
    nodes = place(items, machines).nodes
    assert nodes.keys() == {each["name"] for each in items["netns"]}
    assert place(items, machines).nodes == nodes
    assert place(items, machines, nodes).nodes == nodes
