# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The comparison with what the tutorials build sees every difference that matters, and no other."""

from __future__ import annotations

import shlex
import typing as t

import kernel_rules
import pytest
import rendered
import tutorial
from labmachine import ROOT, LabMachine

SCENARIOS = sorted(tutorial.commands())
#: One scenario for each list of commands: some differ in their programs only.
DISTINCT = sorted({tuple(commands): scenario for scenario, commands in tutorial.commands().items()}.values())

#: What may differ from a VXLAN lab, each by a command that makes it differ.
DIFFERENCES = [
    "ip netns add ns3",
    "ip link add veth0 type veth peer name veth1",
    "ip -n ns1 link set lo up",
    "ip -n ns1 link set ns1-veth0 mtu 1400",
    "ip -n ns1 link set ns1-vxlan0 mtu 1300",
    "ip -n ns1 link set ns1-vxlan0 down",
    "ip -n ns1 link set ns1-veth0 address 00:00:5e:00:53:01",
    "ip -n ns1 address add 192.0.2.2/24 dev ns1-veth0",
    "ip -n ns1 address del 198.51.100.1/24 dev ns1-vxlan0",
    "ip -n ns1 route del default",
    "ip -n router route add 198.51.100.0/24 via 203.0.113.1",
    "ip -n ns1 link set ns1-vxlan0 type vxlan remote 203.0.113.2",
    "ip -n ns1 link set ns1-vxlan0 type vxlan nolearning",
    "bridge -n ns1 fdb append 00:00:00:00:00:00 dev ns1-vxlan0 dst 203.0.113.3",
    "ip netns exec router sysctl net.ipv4.conf.gw-veth1.forwarding=0",
    "ip netns exec router sysctl net.ipv4.ip_forward=0",
    "ip netns exec router iptables -t nat -A POSTROUTING -j MASQUERADE",
]

#: What may differ from a bridge with three ports, in the same way.
OF_A_BRIDGE = [
    "ip -n bridge link set ns2-br0 down",
    "ip -n bridge link set ns1-br0 nomaster",
    "ip -n bridge link set br0 type bridge ageing_time 1000",
    "ip -n bridge link set ns3-br0 type bridge_slave learning off",
]


@pytest.fixture
def another(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[LabMachine]:
    with LabMachine.start([str(tmp_path_factory.getbasetemp())]) as started:
        yield started


def test_every_playbook_has_its_tutorial() -> None:
    # The two playbooks without a lab tell of all labs, and make the machine ready.
    assert sorted({path.stem for path in (ROOT / "playbooks").glob("*.yml")} - {"labs", "machine"}) == SCENARIOS
    assert rendered.scenarios() == SCENARIOS


# Those that not every kernel can build are compared with their playbooks alone, where the scenarios' own tests are run.
@pytest.mark.parametrize("scenario", sorted({*DISTINCT} - {*kernel_rules.VLAN_SCENARIOS}))
def test_the_same_commands_build_the_same(scenario: str, machine: LabMachine, another: LabMachine) -> None:
    first, second = (tutorial.network(tutorial.build(scenario, each)) for each in (machine, another))
    assert first == second


def test_every_difference_is_seen(machine: LabMachine) -> None:
    before = tutorial.network(tutorial.build("vxlan", machine))
    for command in DIFFERENCES:
        machine.run(shlex.split(command))
        after = tutorial.network(machine)
        assert after != before, f"not seen: {command}"
        before = after


def test_differences_of_a_bridge_are_seen(machine: LabMachine) -> None:
    before = tutorial.network(tutorial.build("bridge", machine))
    for command in OF_A_BRIDGE:
        machine.run(shlex.split(command))
        after = tutorial.network(machine)
        assert after != before, f"not seen: {command}"
        before = after


def test_traffic_makes_no_difference(machine: LabMachine) -> None:
    before = tutorial.network(tutorial.build("vxlan", machine))
    machine.run(shlex.split("ip netns exec ns1 ping -c 2 -i 0.1 198.51.100.2"))
    assert tutorial.network(machine) == before


def test_crossed_cables_are_seen(machine: LabMachine, another: LabMachine) -> None:
    for each, (first, second) in ((machine, "cd"), (another, "dc")):
        for command in (
            "ip netns add a",
            "ip netns add b",
            f"ip link add a0 netns a type veth peer name {first} netns b",
            f"ip link add a1 netns a type veth peer name {second} netns b",
        ):
            each.run(shlex.split(command))
    assert tutorial.network(machine) != tutorial.network(another)
