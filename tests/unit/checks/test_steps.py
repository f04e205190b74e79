# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks cut into steps: nothing is lost, nobody is asked about what another machine has, and the order is kept."""

from __future__ import annotations

import collections
import json
import subprocess
import sys
import typing as t

import pytest
import rendered
from ansible.errors import AnsibleFilterError
from ansible_collections.tcpip.lab.plugins.filter.check_steps import FilterModule, check_steps
from ansible_collections.tcpip.lab.plugins.module_utils.checks import actions

Item = dict[str, t.Any]

MACHINES = ["lab1", "lab2", "lab3"]
CAPTURE: Item = {"netns": "ns2", "dev": "ns2-veth0", "count": 1}
TEXT: Item = {"from": "ns1", "to": "192.0.2.2", "at": "ns2", "port": 54321}
APART = {"ns1": "lab1", "ns2": "lab2"}


@pytest.fixture(scope="module")
def labs() -> list[rendered.Lab]:
    subprocess.run([sys.executable, rendered.__file__], check=True)
    return [rendered.read(name) for name in rendered.scenarios()]


def _spaces(check: Item) -> t.Iterator[str]:
    """The namespaces that a machine must have to make this check."""
    yield from (capture.get("netns", "") for capture in check.get("captures", []))
    for kind, options in check.items():
        if isinstance(options, dict):
            yield str(options["name"] if kind == "netns" else options.get("netns", options.get("from", "")))
            yield from [options["at"]] if "at" in options else []
            yield from (str(each.get("netns", options["at"])) for each in options.get("sockets", []))


def _spaces_of(action: Item) -> t.Iterator[str]:
    (kind,) = action
    if kind == "checks":
        yield from (netns for check in action["checks"] for netns in _spaces(check))
    elif kind == "leases":
        yield action["leases"]["netns"]
    else:
        part = action[kind]
        yield from (capture.get("netns", "") for capture in part.get("captures", []))
        if "part" in part:
            yield (part.get("tcp") or part["udp"])[{"listens": "at", "calls": "from"}[part["part"]]]


def _count(checks: t.Iterable[Item]) -> collections.Counter[str]:
    """The captures of checks or of parts, as text."""
    return collections.Counter(json.dumps(each) for check in checks for each in check.get("captures", []))


def _made(steps: list[Item]) -> list[Item]:
    """The checks and the ended parts."""
    found: list[Item] = []
    for action in (action for step in steps for action in step["actions"]):
        found += action.get("checks", []) + ([action["end"]] if "end" in action else [])
    return found


@pytest.mark.parametrize("spread", [1, 2, 3])
def test_every_scenario_on_several_machines(labs: list[rendered.Lab], spread: int) -> None:
    for lab in labs:
        for topology, checks in zip(lab.topologies, lab.checks):
            names = [each["name"] for each in topology.get("netns", [])]
            nodes = {name: MACHINES[number % spread] for number, name in enumerate(names)}
            steps = check_steps(checks, nodes, MACHINES[:spread])
            asked = [
                (step["machine"], netns) for step in steps for each in step["actions"] for netns in _spaces_of(each)
            ]
            assert [(machine, netns) for machine, netns in asked if nodes.get(netns, machine) != machine] == []
            assert {check["name"] for check in checks} <= {check["name"] for check in _made(steps)}
            assert _count(_made(steps)) == _count(checks)
            assert len(steps) <= 1 or spread > 1
            assert all(actions.parse(step["actions"]) for step in steps)


def test_one_machine_makes_all_as_the_module_check_does() -> None:
    checks = [{"ping": {"to": "192.0.2.2"}}, {"tcp": TEXT, "captures": [CAPTURE]}, {"link": {"name": "lo"}}]
    (step,) = check_steps(checks, dict.fromkeys(APART, "lab1"))
    assert (step["machine"], step["actions"]) == ("lab1", [{"checks": checks}])
    assert step["title"] == "ping from the root namespace to 192.0.2.2, and 2 more"


def _kinds(steps: list[Item]) -> list[tuple[str, list[str]]]:
    return [(step["machine"], [key for action in step["actions"] for key in action]) for step in steps]


def test_a_text_is_sent_once_the_other_machine_listens() -> None:
    looks = [
        {"when": "connected", "state": "ESTAB"},
        {"when": "listening", "netns": "ns1", "state": "ESTAB", "present": False},
    ]
    steps = check_steps([{"name": "a text", "tcp": {**TEXT, "sockets": looks}, "captures": [CAPTURE]}], APART)
    assert _kinds(steps) == [
        ("lab2", ["begin"]),
        ("lab1", ["checks", "begin"]),
        ("lab2", ["checks"]),
        ("lab1", ["end"]),
        ("lab2", ["end"]),
    ]
    listener = steps[0]["actions"][0]["begin"]
    assert (listener["tcp"], listener["captures"]) == (TEXT, [CAPTURE])
    (seen,) = steps[2]["actions"][0]["checks"]
    assert seen["name"] == "a text (connected)"
    assert seen["socket"] == {"netns": "ns2", "protocol": "tcp", "port": 54321, "state": "ESTAB", "present": True}


def test_a_datagram_is_sent_again_where_nobody_counts() -> None:
    for check, again in (
        ({"udp": TEXT}, True),
        ({"udp": TEXT, "captures": [{"netns": "ns2", "dev": "ns2-veth0", "packets": ["UDP"]}]}, True),
        ({"udp": TEXT, "captures": [CAPTURE]}, None),
        ({"tcp": TEXT}, None),
    ):
        caller = check_steps([check], APART)[1]["actions"][0]["begin"]
        assert (caller["part"], caller.get("again")) == ("calls", again)


def test_a_text_that_must_not_arrive_is_a_check_where_it_is_sent() -> None:
    steps = check_steps([{"udp": {**TEXT, "expect": "silence"}}], APART)
    assert _kinds(steps) == [("lab2", ["begin"]), ("lab1", ["checks"]), ("lab2", ["end"])]
    (sent,) = steps[1]["actions"][0]["checks"]
    assert sent["udp"] == {"from": "ns1", "to": "192.0.2.2", "port": 54321, "expect": "silence"}


def test_captures_elsewhere_begin_before_and_end_after() -> None:
    own = {**CAPTURE, "netns": "ns1", "dev": "ns1-veth0"}
    steps = check_steps([{"ping": {"from": "ns1", "to": "192.0.2.2"}, "captures": [CAPTURE, own]}], APART)
    assert _kinds(steps) == [("lab2", ["begin"]), ("lab1", ["checks"]), ("lab2", ["end"])]
    assert steps[1]["actions"][0]["checks"][0]["captures"] == [own]
    assert steps[0]["actions"][0]["begin"] == steps[2]["actions"][0]["end"]


def test_a_lease_is_compared_where_the_client_is() -> None:
    lease = {"netns": "ns1", "dev": "ns1-veth0", "first": "192.0.2.100", "last": "192.0.2.200", "server": "ns2"}
    steps = check_steps([{"lease": lease}], APART)
    assert [(step["machine"], step["actions"]) for step in steps] == [
        ("lab2", [{"leases": {"netns": "ns2", "name": "dnsmasq"}}]),
        ("lab1", [{"checks": [{"lease": lease}]}]),
    ]


def test_a_namespace_that_must_not_be_there_is_looked_for_everywhere() -> None:
    steps = check_steps([{"netns": {"name": "ns9", "present": False}}], APART, MACHINES)
    assert [step["machine"] for step in steps] == MACHINES


def test_whoever_has_the_root_namespace_is_asked_about_strangers() -> None:
    (step,) = check_steps([{"ping": {"from": "ns9", "to": "192.0.2.2"}}], {**APART, "": "lab2"}, MACHINES)
    assert step["machine"] == "lab2"


def test_the_same_check_twice_has_two_witnesses() -> None:
    steps = check_steps([{"name": "a", "udp": TEXT}, {"name": "a", "udp": TEXT}], APART)
    begun = [action["begin"]["id"] for step in steps for action in step["actions"] if "begin" in action]
    assert len(set(begun)) == len(begun) == 4


def test_errors_name_their_place() -> None:
    with pytest.raises(AnsibleFilterError, match=r"checks\[1\].ping.to: is required"):
        check_steps([{"udp": TEXT}, {"ping": {}}], APART)
    with pytest.raises(AnsibleFilterError, match="there is no machine"):
        check_steps([], {})


def test_it_is_found_by_its_name() -> None:
    (found,) = FilterModule().filters().items()
    assert (found[0], found[1].__wrapped__) == ("check_steps", check_steps)  # type: ignore[attr-defined]


def test_each_machine_asks_for_its_own_part_of_a_mesh() -> None:
    addresses = {"ns1": "192.0.2.1", "ns2": "192.0.2.2", "ns3": "192.0.2.3"}
    nodes = {"ns1": "lab1", "ns2": "lab2", "ns3": "lab1"}
    steps = check_steps([{"name": "All reach all", "mesh": {"addresses": addresses}}], nodes)
    assert {step["machine"]: step["actions"] for step in steps} == {
        "lab1": [{"checks": [{"name": "All reach all", "mesh": {"addresses": addresses, "from": ["ns1", "ns3"]}}]}],
        "lab2": [{"checks": [{"name": "All reach all", "mesh": {"addresses": addresses, "from": ["ns2"]}}]}],
    }
    for step in steps:
        actions.parse(step["actions"])


def test_a_machine_whose_nodes_have_nobody_to_reach_is_not_asked() -> None:
    mesh = {"addresses": {"gw": "192.0.2.1"}, "from": ["gw", "ns1"]}
    (step,) = check_steps([{"name": "All reach gw", "mesh": mesh}], {"gw": "lab1", "ns1": "lab2"})
    assert (step["machine"], step["actions"][0]["checks"][0]["mesh"]["from"]) == ("lab2", ["ns1"])
    actions.parse(step["actions"])


def test_a_machine_is_not_sent_more_than_it_can_keep() -> None:
    addresses = {f"n{number}": f"10.0.0.{number + 1}" for number in range(100)}
    nodes = {name: ("lab1", "lab2")[number % 2] for number, name in enumerate(addresses)}
    with pytest.raises(AnsibleFilterError, match=r"checks\[0\].mesh: has 2500 pairs from lab1 to lab2"):
        check_steps([{"mesh": {"addresses": addresses}}], nodes)
