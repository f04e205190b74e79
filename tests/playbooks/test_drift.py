# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody changes by hand in a standing lab is found by a check run of its playbook, and repaired by a run.

Of every attribute that can be declared this is shown by the modules alone, see tests/engine/test_drift_tables.py.
"""

from __future__ import annotations

import shlex
import typing as t

import tutorial

if t.TYPE_CHECKING:
    from labmachine import LabMachine

VXLAN = "playbooks/vxlan.yml"
BY_HAND = [
    "ip -n ns1 address del 192.0.2.1/24 dev ns1-veth0",
    "ip -n router link set gw-veth0 down",
    "ip -n ns1 route del default",
    "ip -n ns2 route replace default via 203.0.113.253",
    "ip netns exec router sysctl net.ipv4.ip_forward=0",
    "ip -n ns1 link set ns1-vxlan0 type vxlan remote 203.0.113.9",
    "ip -n ns1 link del ns1-vxlan0",
    "ip -n ns1 link del ns1-veth0",
    "ip -n ns2 link del ns2-vxlan0; "
    "ip -n ns2 link add ns2-vxlan0 type vxlan id 101 remote 192.0.2.1 dstport 4789 dev ns2-veth0",
    "ip netns del ns2",
]


def test_what_was_changed_by_hand_is_found_and_repaired(machine: LabMachine) -> None:
    machine.playbook(VXLAN, lab_checks=False)
    whole = tutorial.network(machine)
    for by_hand in BY_HAND:
        for command in by_hand.split("; "):
            machine.run(shlex.split(command))
        damaged = tutorial.network(machine)
        assert damaged != whole, f"no damage: {by_hand}"
        found = machine.playbook(VXLAN, "--check", "--diff", lab_checks=False)
        assert found.changed == 1, f"not found: {by_hand}"
        assert tutorial.network(machine) == damaged, f"changed by a check run: {by_hand}"
        repaired = machine.playbook(VXLAN, "--diff", lab_checks=False)
        assert repaired.changes == found.changes, f"not what was predicted: {by_hand}"
        assert tutorial.network(machine) == whole, f"not repaired: {by_hand}"
    assert machine.playbook(VXLAN).changed == 0
