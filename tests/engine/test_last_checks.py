# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of the last stages can fail.

What they show to be impossible, or not there, is not shown any more once its cause is taken away by hand. For the early
stages the finished lab itself is what takes it away, see `life.see_failures_gone`; for VLANs, see the scenario's tests.
And what they show to be there is not shown where there is nothing.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
import typing as t

import pytest
import rendered
from kernel_rules import VLAN_SCENARIOS
from life import of_failure

if t.TYPE_CHECKING:
    from labmachine import LabMachine
    from rendered import Lab

Check = dict[str, t.Any]
Results = dict[str, dict[str, t.Any]]


def going_on(netns: str, *program: str) -> str:
    """Start a program in Python, and wait until it has printed something."""
    words = shlex.quote("\n".join(["import socket, time", *program]))
    begun = f"/tmp/begun-{netns}"
    start = f"rm -f {begun}; ip netns exec {netns} setsid python3 -c {words} >{begun} 2>&1 &"
    return f"{start}\nuntil [ -s {begun} ]; do sleep 0.02; done\n"


def again_and_again(netns: str, kind: str, attempt: str, own: int = 0) -> str:
    """Do this with a new socket, many times within every check."""
    return going_on(
        netns,
        "while True:",
        f"    s = socket.socket(type=socket.SOCK_{kind})",
        "    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)",
        f"    s.bind(('', {own}))",
        "    s.setblocking(False)",
        f"    s.{attempt}",
        "    print(flush=True)",
        "    time.sleep(0.005)",
        "    s.close()",
    )


def listening(netns: str, kind: str, port: int) -> str:
    """Let somebody have the port."""
    server = [f"s = socket.socket(type=socket.SOCK_{kind})", f"s.bind(('', {port}))"]
    return going_on(netns, *server, *["s.listen()"] * (kind == "STREAM"), "print(flush=True)", "time.sleep(9999)")


DNSMASQ = "dnsmasq --conf-file=/dev/null --no-resolv --no-hosts --pid-file="
UNTRANSLATED = "iptables -t nat -F"

#: What is done by hand, one after the other, and how the names of the checks begin that fail then.
TAKEN_AWAY: dict[str, list[tuple[str, ...]]] = {
    "bridge": [("ip -n bridge link set br0 type bridge ageing_time 0", "ns3 hears")],
    "dhcp": [(f"ip netns exec server {DNSMASQ}", "The server answers no names")],
    "dnat": [
        (
            "ip -n ns2 route add default via 203.0.113.254\n"
            + again_and_again("ns2", "STREAM", "connect_ex(('192.0.2.1', 9))")
            + again_and_again("ns1", "STREAM", "connect_ex(('203.0.113.254', 9))"),
            "A text to the router's port",
            "The address of ns1 itself",
        ),
        (
            "ip netns exec router iptables -t nat -A PREROUTING -p tcp --dport 54322 -j DNAT --to 192.0.2.1",
            "Another port",
        ),
    ],
    "dns": [
        (
            "kill $(ip netns pids ns2); while ip netns pids ns2 | grep -q .; do sleep 0.02; done\n"
            f"ip netns exec ns2 {DNSMASQ} --host-record=nothing.example.com,192.0.2.81",
            "It knows that nothing",
            "And that the other name",
        )
    ],
    "ethernet": [("ip netns exec ns1 setsid ping -b -i 0.01 192.0.2.255 >/dev/null 2>&1 &", "ns1 asks everybody")],
    "http": [("cd /run/tcpip.lab/process/http/ns2/process.*/files; echo x >nothing.html", "Of another page")],
    "internet": [
        (
            f"ip netns exec host {UNTRANSLATED}; ip -n outside route add 192.0.2.0/24 via 203.0.113.2",
            "ns1 reaches the outside",
        )
    ],
    "internet_bridge": [
        (
            f"ip netns exec host {UNTRANSLATED}; ip -n outside route add 192.0.2.0/24 via 203.0.113.2",
            "ns1 reaches the outside",
            "So does ns2",
        ),
        ("ip -n bridge link set br0 type bridge ageing_time 0", "ns1 reaches ns2"),
    ],
    "internet_router": [
        (
            f"for each in router host; do ip netns exec $each {UNTRANSLATED}; done\n"
            "ip -n host route add 192.0.2.0/24 via 198.51.100.1\n"
            "ip -n outside route add 192.0.2.0/24 via 203.0.113.2",
            "ns1 reaches the outside",
        )
    ],
    "macvlan": [
        (
            "ip -n host link set eth0 address 00:00:5e:00:53:99; "
            "ip -n net2 link set macvlan2 address 00:00:5e:00:53:10",
            "Neither has",
        ),
        (
            "ip -n host link add mv0 link eth0 type macvlan mode bridge; ip -n host link set mv0 up\n"
            "ip -n host route add 192.168.1.50/32 dev mv0",
            "The parent itself",
        ),
    ],
    "namespace": [("ip -n helloworld addr add 192.0.2.1/24 dev lo", "It knows no way")],
    "router": [("ip -n ns1 addr add 198.51.100.1/32 dev ns1-veth0", "Bound to gw-veth0")],
    "snat": [
        (
            f"ip netns exec router {UNTRANSLATED}; ip -n ns2 route add default via 203.0.113.254\n"
            "ip -n ns2 route add 192.0.2.0/24 via 203.0.113.254",
            "ns1 reaches ns2",
            "ns2 has no default route",
            "Nor has it one",
            "Outside there is still no way",
        )
    ],
    "tcp": [
        (again_and_again("ns1", "STREAM", "connect_ex(('192.0.2.2', 9))", own=54321), "Where somebody listens"),
        (listening("ns2", "STREAM", 54321), "Nobody listens", "So a connection"),
    ],
    "udp": [(listening("ns2", "DGRAM", 54321), "Nobody has opened", "So a datagram")],
    "vswitch": [
        (
            "kill $(ip netns pids switch); while ip netns pids switch | grep -q .; do sleep 0.02; done\n"
            "ip -n switch link add hub type bridge ageing_time 0 group_fwd_mask 0x4000\n"
            "for each in 1 2 3 4; do ip -n switch link set veth$each-vsw master hub; done\n"
            "ip -n switch link set hub up",
            "A frame to a station that is known",
            "So does what the kernels say",
            "A BPDU",
            "LLDP",
        )
    ],
    "vxlan": [
        (
            again_and_again("ns1", "DGRAM", "sendto(bytes(20), ('198.51.100.2', 4789))"),
            "ns1 reaches ns2 over the overlay",
        ),
        (
            "for each in 0 1; do ip -n router link set gw-veth$each mtu 1600; done\n"
            "for each in ns1 ns2; do ip -n $each link set $each-veth0 mtu 1600; done\n"
            "for each in ns1 ns2; do ip -n $each link set $each-vxlan0 mtu 1500; done",
            "One of a byte more",
        ),
    ],
}


@pytest.fixture(scope="module", autouse=True)
def _noted() -> None:
    """What the playbooks declare."""
    subprocess.run([sys.executable, rendered.__file__], check=True)


def failures(lab: Lab) -> dict[str, Check]:
    """Such checks of the last stage, by their names."""
    return {check["name"]: check for check in lab.checks[-1] if of_failure(check)}


def without_causes(machine: LabMachine, scenario: str, lab: Lab) -> Results:
    """How these checks, which are met in the lab, end once their causes are taken away."""
    checks = failures(lab)
    results: Results = {}
    machine.module("topology", name=lab.name, **lab.topologies[-1])
    machine.module("check", checks=lab.checks[-1])
    for script, *beginnings in TAKEN_AWAY[scenario]:
        machine.run(["sh", "-ec", script])
        chosen = [check for name, check in checks.items() if name.startswith(tuple(beginnings))]
        made = machine.module("check", checks=chosen, _fails=True)["results"]
        results.update({check["name"]: result for check, result in zip(chosen, made)})
    return results


SCENARIOS = [name for name in rendered.scenarios() if name not in VLAN_SCENARIOS]


@pytest.mark.parametrize("scenario", TAKEN_AWAY)
def test_without_its_cause_it_is_not_seen(machine: LabMachine, scenario: str) -> None:
    lab = rendered.read(scenario)
    results = without_causes(machine, scenario, lab)
    assert [name for name, result in results.items() if result["ok"]] == []
    assert results.keys() == failures(lab).keys(), "of these nobody has tried whether they can fail"


def test_of_no_scenario_there_is_more() -> None:
    assert {scenario for scenario in SCENARIOS if failures(rendered.read(scenario))} == TAKEN_AWAY.keys()


def test_without_the_lab_nothing_of_it_is_seen(machine: LabMachine) -> None:
    """In namespaces with nothing in them, all labs' at once."""
    labs = [rendered.read(scenario) for scenario in [*SCENARIOS, *VLAN_SCENARIOS]]
    names = {each["name"] for lab in labs for each in lab.topologies[-1]["netns"]}
    for name in names:
        machine.run(["ip", "netns", "add", name])
    checks = [check for lab in labs for check in lab.checks[-1] if not of_failure(check)]
    results = machine.module("check", _fails=True, checks=checks)["results"]
    assert len(results) > 50
    (there,) = [result["name"] for result in results if result["ok"]]
    assert there == "helloworld is listed, and has a loopback and nothing else"
