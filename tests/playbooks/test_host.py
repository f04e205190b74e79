# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labs whose host is the machine itself, with the interface that it has for the outside."""

from __future__ import annotations

import typing as t

import pytest
import snapshot

if t.TYPE_CHECKING:
    from labmachine import LabMachine

#: A machine's uplink, and what is behind it.
UPLINK = """
netns add provider
link add uplink0 type veth peer name customer0 netns provider
link set uplink0 addrgenmode none
-n provider link set customer0 addrgenmode none
addr add 10.9.8.7/24 dev uplink0
link set uplink0 up
route add default via 10.9.8.1
-n provider addr add 10.9.8.1/24 dev customer0
-n provider link set customer0 up
"""


@pytest.fixture
def connected(machine: LabMachine) -> LabMachine:
    for line in UPLINK.strip().splitlines():
        machine.run(["ip", *line.split()])
    machine.snapshot()  # the first look at iptables makes its tables
    return machine


def test_macvlans_on_the_machines_own_interface(connected: LabMachine) -> None:
    before = connected.snapshot()
    built = connected.playbook("playbooks/macvlan.yml", lab_host="machine")
    assert built.changed == 1
    assert {each["name"] for each in connected.json(["ip", "-j", "netns"])} == {"provider", "net1", "net2"}
    uplink = connected.json(["ip", "-j", "link", "show", "uplink0"])[0]
    (station,) = connected.json(["ip", "-n", "net1", "-j", "-d", "link", "show", "macvlan1"])
    assert station["link_index"] == uplink["ifindex"]
    assert connected.playbook("playbooks/macvlan.yml", lab_host="machine").changed == 0
    connected.playbook("playbooks/macvlan.yml", lab_state="absent", lab_host="machine")
    assert snapshot.diff(before, connected.snapshot()) == []


def test_a_machine_without_an_outside_is_refused(machine: LabMachine) -> None:
    before = machine.snapshot()
    run = machine.playbook("playbooks/macvlan.yml", _fails=True, lab_host="machine")
    assert "this machine has no default route" in " ".join(run.stdout.split())
    assert snapshot.diff(before, machine.snapshot()) == []
