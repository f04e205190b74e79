# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VLANs over several machines, by the modules alone, so that they can run under emulation.

The parts of the machines, and the steps of the checks, are what the role lab makes of the playbooks. One scenario is
over two machines, the other over three, whole at once: stage after stage and each over both, they take a quarter of an
hour there. The trunk is the lab that docs/several_machines.md shows.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import subprocess
import typing as t

import kernel_rules
import pytest
import rendered
import snapshot
import yaml
from ansible_collections.tcpip.lab.plugins.filter.check_steps import check_steps
from ansible_collections.tcpip.lab.plugins.module_utils import spread
from labmachine import LabMachine
from served import ServedMachine
from shown import examples, lines
from traffic import capture, fragments, vlans

pytestmark = pytest.mark.vlan

Machines = dict[str, LabMachine]
PAGE = "docs/several_machines.md"
#: Where, by which expression and how one looks at the trunk there.
WATCH, LOOK = lines(PAGE, "tcpdump")
_TCPDUMP, _OPTIONS, DEV, *EXPRESSION = WATCH.split()
#: What they print, shortened.
_DRAWING, PACKETS, PORTS = examples(PAGE, "text")


def address(number: int) -> str:
    return f"10.77.0.{number}"


@contextlib.contextmanager
def joined(count: int) -> t.Iterator[Machines]:
    """Machines that are joined by a bridge in one more."""
    with contextlib.ExitStack() as stack:
        middle = stack.enter_context(LabMachine.start())
        middle.run(["ip", "link", "add", "underlay", "up", "type", "bridge"])
        found: Machines = {f"lab{number}": stack.enter_context(ServedMachine.start()) for number in range(1, count + 1)}
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


def documented() -> rendered.Lab:
    """The lab with a trunk that the documentation shows."""
    (text,) = [text for text in examples(PAGE, "yaml") if text.startswith("- name:")]
    (play,) = yaml.safe_load(text)
    stages = play["vars"]["lab_stages"]
    return rendered.Lab(
        play["vars"]["lab_name"], [stage["topology"] for stage in stages], [stage["checks"] for stage in stages]
    )


#: The VLANs of an access port, and those of the trunk.
PLAIN = ["PVID", "Egress Untagged"]
TRUNK: list[tuple[int, list[str]]] = [(10, []), (20, []), (99, PLAIN)]
MEMBERS: list[dict[str, t.Any]] = [
    {"br1": [(1, PLAIN)], "port1": [(10, PLAIN)], "port2": [(20, PLAIN)], "trunk1": TRUNK},
    {"br2": [(1, PLAIN)], "port3": [(10, PLAIN)], "port4": [(20, PLAIN)], "trunk2": TRUNK},
]
IPV4_AND_ICMP = 20 + 8
#: A full packet of the underlay that has an echo inside, as tcpdump prints it in two lines.
FRAME = re.compile(r"length 1514: .* VXLAN, .*\n.* 802\.1Q .*, length 1464: (vlan \d+), .* ICMP echo (\w+)")
#: What is done by hand to the ends of the trunk, by the machine.
DRIFT = {
    "lab1": "bridge -n sw1 vlan del vid 10 dev trunk1; bridge -n sw1 vlan add vid 30 dev trunk1 pvid untagged",
    "lab2": "ip -n sw2 link set trunk2 nomaster",
}


def members(machines: Machines) -> list[t.Any]:
    """The VLANs of the bridges and ports on both machines."""
    return [vlans(machine, f"sw{number}") for number, machine in enumerate(machines.values(), 1)]


def answered(machine: LabMachine, netns: str, address: str, *words: str) -> bool:
    """Whether a station answers another one, which may take its time."""
    ping = ["ip", "netns", "exec", netns, "ping", "-n", "-c", "1", "-w", "15", *words, address]
    return machine.run(ping, check=False).returncode == 0


def on_the_wire(machines: Machines, netns: str, address: str) -> str:
    """A request and its answer on the underlay, as large as the lab's packets can be."""
    one, other = machines.values()
    mtu = one.json(["ip", "-n", netns, "-j", "link", "show", f"{netns}-veth0"])[0]["mtu"]
    with capture(other, "", DEV, 2, " ".join([*EXPRESSION, "and greater 1400"]), seconds=30) as packets:
        assert answered(one, netns, address, "-M", "do", "-s", str(mtu - IPV4_AND_ICMP))
    assert fragments(one) == fragments(other) == 0
    return "\n".join(packets)


def tags(packets: str) -> list[tuple[str, str]]:
    """The tag and the kind of a request and its answer."""
    return FRAME.findall(packets)


def like(shown: str) -> re.Pattern[str]:
    """What the page shows; three dots stand for anything in a line."""
    return re.compile(re.escape(shown.strip()).replace(re.escape("..."), ".*"))


def test_a_trunk_between_switches_on_two_machines() -> None:
    lab = documented()
    with joined(2) as machines:
        changed, nodes = build(machines, lab)
        assert changed
        assert not build(machines, lab)[0]
        assert members(machines) == MEMBERS
        see(machines, lab, nodes)
        packets = on_the_wire(machines, "ns1", "192.0.2.3")
        assert like(PACKETS).search(packets)
        assert tags(packets) == [("vlan 10", "request"), ("vlan 10", "reply")]
        assert tags(on_the_wire(machines, "ns2", "192.0.2.4")) == [("vlan 20", "request"), ("vlan 20", "reply")]
        printed = [line.split() for line in machines["lab1"].run(shlex.split(LOOK)).stdout.splitlines()]
        assert [line for line in PORTS.splitlines() if line.split() not in printed] == []
        for name, commands in DRIFT.items():
            machines[name].run(["sh", "-ec", commands])
        assert build(machines, lab)[0]
        assert members(machines) == MEMBERS
        assert not build(machines, lab)[0]
        assert answered(machines["lab1"], "ns1", "192.0.2.3")
