# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stages that add up to a topology, and what is no stage."""

from __future__ import annotations

import copy
import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.tcpip.lab.plugins.filter.stages import FilterModule, stages

PAIR = {"name": "a0", "netns": "a", "up": False, "peer": {"name": "b0", "netns": "b", "up": False}}
DOWN = {"title": "down", "topology": {"netns": [{"name": "a"}, {"name": "b"}], "veth": [PAIR]}}
UP = {"title": "up", "topology": {"veth": [{"name": "a0", "netns": "a", "up": True, "peer": {"up": True}}]}}


def stage(**topology: t.Any) -> dict[str, t.Any]:
    return {"title": "a stage", "topology": topology}


def test_it_is_found_by_its_name() -> None:
    assert FilterModule().filters() == {"stages": stages}


def test_a_later_stage_completes_an_item_and_its_peer() -> None:
    assert stages([DOWN, UP])["veth"] == [
        {"name": "a0", "netns": "a", "up": True, "peer": {"name": "b0", "netns": "b", "up": True}}
    ]


def test_upto_leaves_later_stages_out() -> None:
    assert stages([DOWN, UP], 1) == DOWN["topology"]
    assert stages([DOWN, UP], 2) == stages([DOWN, UP])


def test_the_number_of_stages_may_be_a_text_as_of_a_template() -> None:
    assert stages([DOWN, UP], "1") == DOWN["topology"]
    with pytest.raises(AnsibleFilterError, match=r"^upto: 'one' is not a whole number$"):
        stages([DOWN, UP], "one")


def test_the_stages_themselves_stay_as_they_are() -> None:
    before = copy.deepcopy([DOWN, UP])
    stages([DOWN, UP])
    assert before == [DOWN, UP]


def test_stages_without_a_topology_only_look() -> None:
    assert stages([DOWN, {"title": "look", "topology": None}, {"title": "look again"}]) == DOWN["topology"]


def test_kinds_of_later_stages_are_added() -> None:
    assert list(stages([DOWN, stage(route=[{"netns": "a", "dst": "default", "via": "192.0.2.2"}])])) == [
        "netns",
        "veth",
        "route",
    ]


@pytest.mark.parametrize(
    ("kind", "earlier", "later"),
    [
        ("netns", {"name": "a"}, {"name": "a2"}),
        ("veth", {"name": "v", "netns": "a"}, {"name": "v", "netns": "b"}),
        ("vxlan", {"name": "v", "netns": "a", "id": 1}, {"name": "v", "id": 1}),
        ("route", {"netns": "a", "dst": "default"}, {"netns": "a", "dst": "default", "table": 100}),
        ("route", {"netns": "a", "dst": "default"}, {"netns": "a", "dst": "default", "metric": 100}),
        ("sysctl", {"netns": "a", "name": "net.ipv4.ip_forward"}, {"netns": "b", "name": "net.ipv4.ip_forward"}),
    ],
)
def test_what_has_another_identity_is_another_item(kind: str, earlier: t.Any, later: t.Any) -> None:
    assert stages([stage(**{kind: [earlier]}), stage(**{kind: [later]})])[kind] == [earlier, later]


@pytest.mark.parametrize(
    ("kind", "earlier", "later"),
    [
        ("netns", {"name": "a"}, {"name": "a", "loopback": True}),
        ("route", {"dst": "default", "via": "192.0.2.1"}, {"dst": "default", "via": "192.0.2.2", "table": 254}),
        ("sysctl", {"name": "net.ipv4.ip_forward", "value": 0}, {"name": "net.ipv4.ip_forward", "value": 1}),
    ],
)
def test_what_has_the_same_identity_is_overridden(kind: str, earlier: t.Any, later: t.Any) -> None:
    assert stages([stage(**{kind: [earlier]}), stage(**{kind: [later]})])[kind] == [later]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("x", "stages: 'x' is not a list of stages"),
        (["x"], "stages[0]: 'x' is not a mapping"),
        ([{"topology": ["x"]}], "stages[0].topology: ['x'] is not a mapping of kinds to lists"),
        ([stage(), stage(veths=[])], "stages[1].topology.veths: is not a kind of resource (did you mean 'veth'?)"),
        ([stage(veth={"name": "a"})], "stages[0].topology.veth: {'name': 'a'} is not a list"),
        ([stage(netns=["a"])], "stages[0].topology.netns[0]: 'a' is not a mapping of options"),
        ([stage(netns=[{"name": ["a"]}])], "stages[0].topology.netns[0]: unhashable type: 'list'"),
        ([stage(route=[{"dst": "default", "table": "x"}])], "stages[0].topology.route[0]: invalid literal for int()"),
        (
            [stage(netns=[{"name": "a"}, {"name": "b"}, {"name": "a"}])],
            "stages[0].topology.netns[2]: netns a is declared already, as stages[0].topology.netns[0]"
            " (a later stage may complete it)",
        ),
        (
            [stage(veth=[{"name": "a0", "netns": "a"}, {"name": "a0", "netns": "a"}])],
            "stages[0].topology.veth[1]: veth a a0 is declared already, as stages[0].topology.veth[0]",
        ),
    ],
)
def test_what_is_no_stage_is_refused_with_its_place(given: t.Any, message: str) -> None:
    with pytest.raises(AnsibleFilterError) as error:
        stages(given)
    assert str(error.value).startswith(message)
