# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with an item is told with the place in the playbook at which it was written."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.tcpip.lab.plugins.filter.placement import placement
from ansible_collections.tcpip.lab.plugins.plugin_utils.written import placed

FAR = {"name": "b0", "netns": "b"}
OUTSIDE = {"netns": [{"name": "outside"}], "veth": [{"name": "o0", "netns": "outside", "peer": {"name": "o1"}}]}
FIRST = {"title": "one", "topology": {"netns": [{"name": "a"}, {"name": "b"}], "veth": [{"name": "a0", "netns": "a"}]}}
SECOND = {
    "title": "two",
    "topology": {
        "veth": [{"name": "b1", "netns": "b", "peer": {"name": "a1"}}, {"name": "a0", "netns": "a", "peer": FAR}]
    },
}
WRITTEN = {"lab_simulation": OUTSIDE, "lab_stages": [FIRST, {"title": "nothing new"}, SECOND]}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("veth[0].peer.name: is required", "lab_simulation.veth[0].peer.name: is required"),
        ("netns[2].name: no", "lab_stages[0].topology.netns[1].name: no"),
        # the item is of the first stage, its peer of the last
        ("veth[1].name: no", "lab_stages[0].topology.veth[0].name: no"),
        ("veth[1].peer.netns: no", "lab_stages[2].topology.veth[1].peer.netns: no"),
        ("veth[1].mtu: no", "lab_stages[0].topology.veth[0].mtu: no"),
        ("veth[2]: no", "lab_stages[2].topology.veth[0]: no"),
        (
            "veth[2].netns: 'x' is declared already, as netns[0]",
            "lab_stages[2].topology.veth[0].netns: 'x' is declared already, as lab_simulation.netns[0]",
        ),
        ("veth[3].name: of another lab", "veth[3].name: of another lab"),
        ("netns[1].veth[0], ports[0]: no items", "lab_stages[0].topology.netns[0].veth[0], ports[0]: no items"),
    ],
)
def test_a_place_is_that_of_the_stage_which_says_what_counts(said: str, told: str) -> None:
    assert placed(said, WRITTEN) == told


def test_where_nothing_was_put_together_places_are_as_they_are() -> None:
    assert placed("veth[0].peer: is required", {}) == "veth[0].peer: is required"


def test_who_asks_where_nodes_are_to_be_is_told_of_a_fault_likewise() -> None:
    nodes: dict[str, t.Any] = {"netns": [{"name": "outside"}, {"name": "a"}, {"name": "b"}, {"name": "b/"}]}
    faulty = {"title": "three", "topology": {"netns": [{"name": "b/"}]}}
    machines = {name: {"address": f"192.0.2.{number}", "mtu": 1500} for number, name in enumerate(("m1", "m2"), 1)}
    with pytest.raises(AnsibleFilterError, match=r"^lab_stages\[1\]\.topology\.netns\[0\]\.name: 'b/'"):
        placement(nodes, "wide", machines, written={"lab_simulation": OUTSIDE, "lab_stages": [FIRST, faulty]})
