# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook that tells of all labs, and removes those that it is asked to, looked at from outside."""

from __future__ import annotations

import typing as t

from labs import PAIR, changed, same, settled

if t.TYPE_CHECKING:
    from labmachine import LabMachine, Run
    from labs import Items

PLAYBOOK = "playbooks/labs.yml"
#: Of what is left of a lab: in the root namespace, a rule, a process, and a setting of the machine.
LEAVING: Items = {
    "netns": [{"name": "old1"}],
    "veth": [{"name": "old-a0", "netns": "old1", "peer": {"name": "lab-old0", "addresses": ["198.18.7.1/24"]}}],
    "iptables_nat": [{"rules": [{"jump": "MASQUERADE", "source": "198.18.7.0/24"}]}],
    "process": [{"name": "nap", "netns": "old1", "command": ["sleep", "1000"]}],
    "capture": [{"name": "all", "netns": "old1", "dev": "old-a0", "filter": "udp port 9"}],
}
OTHER: Items = {"netns": [{"name": "east"}]}


def page(run: Run) -> list[str]:
    """What it tells."""
    (found,) = [each["msg"] for each in run.tasks if each["task"] == "Show them"]
    return [str(line) for line in found]


def test_labs_are_told_of_and_removed_on_request_alone(machine: LabMachine) -> None:
    before = settled(machine)
    assert page(machine.playbook(PLAYBOOK)) == ["there is no lab"]

    machine.module("topology", name="other", **OTHER)
    kept = settled(machine)
    machine.module("topology", name="pair", **PAIR)
    machine.module("topology", name="old", **LEAVING)
    machine.run(["ip", "-n", "ns1", "link", "set", "ns1-veth0", "down"])
    machine.run(["rm", "/run/tcpip.lab/old.json"])
    standing = settled(machine)

    told = page(machine.playbook(PLAYBOOK))
    same(standing, settled(machine), "it only looks")
    assert "pair" in told
    assert "  2 netns: ns1, ns2" in told
    assert "  1 veth: ns1-veth0" in told
    assert [line for line in told if "not as it was declared, a run would change ns1: ns1-veth0 down" in line]
    assert "old, whose record is lost or cannot be read" in told
    assert "  1 process: nap" in told

    predicted = machine.playbook(PLAYBOOK, "--check", lab_remove="pair", lab_remove_orphans=True)
    same(standing, settled(machine), "a check removes nothing")
    assert predicted.changed == 1
    missed = machine.playbook(PLAYBOOK, lab_remove="pear")
    said = [each["msg"] for each in missed.tasks if each["task"] == "Say of which labs to remove there is none"]
    assert said == ["there is no lab 'pear' (there are: old, other, pair)"]
    same(standing, settled(machine), "what is not there is not removed")
    gone = machine.playbook(PLAYBOOK, lab_remove=["pair"], lab_remove_orphans=True)
    assert gone.changes == predicted.changes
    same(kept, settled(machine), "what was asked for is gone, and nothing else")
    assert machine.playbook(PLAYBOOK, lab_remove="pair", lab_remove_orphans=True).changed == 0

    machine.run(["tee", "/run/tcpip.lab/other.json"], input="no JSON")
    told = page(machine.playbook(PLAYBOOK))
    assert "other, whose record is lost or cannot be read" in told
    assert [line for line in told if line.startswith("/run/tcpip.lab/other.json cannot be read")]
    assert machine.playbook(PLAYBOOK, "--check", lab_remove_orphans=True).changed == 1
    machine.playbook(PLAYBOOK, lab_remove_orphans=True)
    same(before, settled(machine))


def test_a_name_that_is_none_is_refused(machine: LabMachine) -> None:
    machine.module("topology", name="pair", **changed(PAIR, "veth", 0, mtu=1400))
    before = settled(machine)
    run = machine.playbook(PLAYBOOK, _fails=True, lab_remove="../pair")
    assert "is not a lab's name" in run.stdout
    same(before, settled(machine))
