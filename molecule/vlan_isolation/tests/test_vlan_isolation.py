# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two VLANs on one bridge, seen from outside."""

from __future__ import annotations

import typing as t

import pytest
import queries
import tutorial
import yaml
from ansible_collections.tcpip.lab.plugins.filter.query import query
from labmachine import ROOT
from traffic import capture, ping, vlans

if t.TYPE_CHECKING:
    from labmachine import LabMachine

pytestmark = pytest.mark.vlan


def test_it_is_what_the_tutorial_builds(machine: LabMachine, new_machine: LabMachine) -> None:
    assert tutorial.network(machine) == tutorial.network(tutorial.build("vlan_isolation", new_machine))


def test_the_ports_are_in_their_vlans_and_in_no_other(machine: LabMachine) -> None:
    flags = ["PVID", "Egress Untagged"]
    ports = {f"br0-veth{number}": [(vid, flags)] for number, vid in enumerate((100, 100, 200, 200))}
    assert vlans(machine, "bridge") == {"br0": [(1, flags)], **ports}


def test_who_is_in_a_vlan_is_answered_as_the_documentation_says(machine: LabMachine) -> None:
    found = machine.module("lab_info", name="vlan_isolation")
    assert query(found, queries.OF_VLANS) == queries.ALL[queries.OF_VLANS]


@pytest.mark.parametrize(("netns", "to"), [("ns1", 2), ("ns4", 3)])
def test_within_a_vlan_they_reach_each_other(machine: LabMachine, netns: str, to: int) -> None:
    assert ping(machine, netns, "-W", "20", f"192.0.2.{to}").count("ttl=64") == 3


@pytest.mark.parametrize(("netns", "to"), [("ns1", 3), ("ns2", 4)])
def test_across_vlans_they_do_not(machine: LabMachine, netns: str, to: int) -> None:
    assert "3 packets transmitted, 0 received, 100% packet loss" in ping(machine, netns, f"192.0.2.{to}")


def test_a_question_is_heard_in_its_own_vlan_alone(machine: LabMachine) -> None:
    for netns in ("ns1", "ns4"):
        machine.run(["ip", "-n", netns, "neigh", "flush", "all"])
    question = "arp[6:2] = 1 and dst host 192.0.2.3"  # not the answer to what ns3 asks by itself, some seconds later
    with (
        capture(machine, "ns2", "ns2-veth0", 1, question, seconds=30) as near,
        capture(machine, "ns3", "ns3-veth0", 1, question, seconds=30) as far,
    ):
        ping(machine, "ns1", "192.0.2.3")
        ping(machine, "ns4", "192.0.2.3")
    assert "Request who-has 192.0.2.3 tell 192.0.2.1" in near[0]
    assert "Request who-has 192.0.2.3 tell 192.0.2.4" in far[0]  # it has not heard ns1 before


def test_in_one_vlan_they_would_reach_each_other(machine: LabMachine) -> None:
    """What the last stage shows to be impossible is possible once its cause is taken away."""
    (play,) = yaml.safe_load((ROOT / "playbooks/vlan_isolation.yml").read_text(encoding="utf-8"))
    silent = [check for check in play["vars"]["lab_stages"][-1]["checks"] if "expect" in check.get("ping", {})]
    vlan = ["bridge", "-n", "bridge", "vlan"]
    others = ("br0-veth2", "br0-veth3")
    try:
        for port in others:
            machine.run([*vlan, "add", "vid", "100", "dev", port, "pvid", "untagged"])
        results = machine.module("check", _fails=True, checks=silent)["results"]
    finally:
        for port in others:
            machine.run([*vlan, "del", "vid", "100", "dev", port])
            machine.run([*vlan, "add", "vid", "200", "dev", port, "pvid", "untagged"])
    assert [(result["ok"], result["outcome"]) for result in results] == [(False, "reply")] * 2
