# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenarios with VLANs over several machines, by the modules alone, so that they can run under emulation.

The parts of the machines, and the steps of the checks, are what the role lab makes of the playbooks. One scenario is
over two machines, the other over three, whole at once: stage after stage and each over both, they take a quarter of an
hour there.
"""

from __future__ import annotations

import contextlib
import subprocess
import typing as t

import kernel_rules
import pytest
import rendered
import snapshot
from ansible_collections.tcpip.lab.plugins.filter.check_steps import check_steps
from ansible_collections.tcpip.lab.plugins.module_utils import spread
from labmachine import LabMachine

pytestmark = pytest.mark.vlan

Machines = dict[str, LabMachine]


def address(number: int) -> str:
    return f"10.77.0.{number}"


@contextlib.contextmanager
def joined(count: int) -> t.Iterator[Machines]:
    """Machines that are joined by a bridge in one more."""
    with contextlib.ExitStack() as stack:
        middle = stack.enter_context(LabMachine.start())
        middle.run(["ip", "link", "add", "underlay", "up", "type", "bridge"])
        found = {f"lab{number}": stack.enter_context(LabMachine.start()) for number in range(1, count + 1)}
        for number, (name, machine) in enumerate(found.items(), 1):
            plug(middle, name, machine)
            machine.run(["ip", "addr", "add", f"{address(number)}/24", "dev", "eth0"])
            machine.module("check", checks=[])  # now all that runs the modules is running
        yield found


def plug(middle: LabMachine, name: str, machine: LabMachine) -> None:
    """Join a machine to the bridge. Only from outside both are known by their process ids."""
    enter = ["nsenter", f"--target={middle.pid}", "--net", "--", "ip", "link", "add", name]
    subprocess.run([*enter, "type", "veth", "peer", "name", "eth0", "netns", str(machine.pid)], check=True)
    middle.run(["ip", "link", "set", name, "up", "master", "underlay"])
    machine.run(["ip", "link", "set", "eth0", "up"])


def build(machines: Machines, lab: rendered.Lab) -> tuple[bool, t.Mapping[str, str]]:
    """Build it on all machines: whether that changed anything, and where its nodes are."""
    known = {name: {"address": address(number), "mtu": 1500} for number, name in enumerate(machines, 1)}
    whole = spread.read({"name": lab.name, **lab.topologies[-1]}, known)
    parts: dict[str, dict[str, t.Any]] = {name: {**part} or {"state": "absent"} for name, part in whole.parts.items()}
    done = [machines[name].module("topology", name=lab.name, **part) for name, part in parts.items()]
    return any(each["changed"] for each in done), whole.nodes


def see(machines: Machines, lab: rendered.Lab, nodes: t.Mapping[str, str]) -> None:
    """Make the checks, step by step."""
    leases: list[t.Any] = []
    for step in check_steps(lab.checks[-1], nodes, list(machines)):
        leases = machines[step["machine"]].module("witness", actions=step["actions"], leases=leases)["leases"]


@pytest.mark.parametrize(("scenario", "count"), [*zip(kernel_rules.VLAN_SCENARIOS, (2, 3), strict=True)])
def test_the_life_of_a_lab(scenario: str, count: int) -> None:
    lab = rendered.read(scenario)
    with joined(count) as machines:
        before = {name: machine.snapshot() for name, machine in machines.items()}
        changed, nodes = build(machines, lab)
        assert changed
        assert len(set(nodes.values())) == count
        see(machines, lab, nodes)
        assert not build(machines, lab)[0]
        for machine in machines.values():
            machine.module("topology", name=lab.name, state="absent")
        left = {name: snapshot.diff(before[name], machine.snapshot()) for name, machine in machines.items()}
        assert not any(left.values()), left
