# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each symptom of docs/troubleshooting.md is made, says what the page says, and is shown by the page's commands."""

from __future__ import annotations

import os
import re
import typing as t

import kernel_rules
import pytest
from ansible_collections.tcpip.lab.plugins.module_utils.features import Feature
from labmachine import BIN, ROOT, LabMachine, ansible_environment

Items = dict[str, t.Any]

PAGE = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
#: Two networks and a router, whose parts are left out or spoiled.
NETWORK: Items = {
    "netns": [{"name": "ns1"}, {"name": "router"}, {"name": "ns2"}],
    "sysctl": [{"netns": "router", "name": "net.ipv4.ip_forward", "value": 1}],
    "veth": [
        {
            "name": f"ns{number}-veth0",
            "netns": f"ns{number}",
            "addresses": [f"{network}.1/24"],
            "peer": {"name": f"gw-veth{number - 1}", "netns": "router", "addresses": [f"{network}.254/24"]},
        }
        for number, network in ((1, "192.0.2"), (2, "198.51.100"))
    ],
    "route": [
        {"netns": "ns1", "dst": "default", "via": "192.0.2.254"},
        {"netns": "ns2", "dst": "default", "via": "198.51.100.254"},
    ],
}
TO_THE_OTHER_SIDE: Items = {"from": "ns1", "to": "198.51.100.1", "count": 1}


def pinged(machine: LabMachine, _broken: str = "", _ping: Items | None = None, **other: t.Any) -> str:
    """What the check says in the network with something else in it, or broken by a command."""
    machine.module("topology", name="my_lab", **{**NETWORK, **other})
    machine.run(["sh", "-c", _broken])
    checks = [{"ping": {**TO_THE_OTHER_SIDE, **(_ping or {})}}]
    return str(machine.module("check", _fails=True, checks=checks)["msg"])


def refused(machine: LabMachine, **topology: t.Any) -> str:
    """What is said of a topology that cannot be had."""
    return str(machine.module("topology", _fails=True, name="my_lab", **topology)["msg"])


def no_route(machine: LabMachine) -> str:
    return pinged(machine, route=NETWORK["route"][1:])


def no_way_back(machine: LabMachine) -> str:
    return pinged(machine, route=NETWORK["route"][:1])


def no_forwarding(machine: LabMachine) -> str:
    return pinged(machine, sysctl=[{**NETWORK["sysctl"][0], "value": 0}])


def firewall(machine: LabMachine) -> str:
    return pinged(machine, "ip netns exec router iptables -P FORWARD DROP")


def no_neighbour(machine: LabMachine) -> str:
    return pinged(machine, _ping={"to": "192.0.2.9"})


def other_end_down(machine: LabMachine) -> str:
    return pinged(machine, "ip -n router link set gw-veth0 down", {"to": "192.0.2.254"})


def too_large(machine: LabMachine) -> str:
    return pinged(machine, "ip -n router link set gw-veth1 mtu 1400", {"df": True, "size": 1400})


def of_a_stranger(machine: LabMachine) -> str:
    machine.run(["ip", "netns", "add", "ns1"])
    return refused(machine, netns=[{"name": "ns1"}])


def of_another_lab(machine: LabMachine) -> str:
    machine.module("topology", name="router", netns=[{"name": "ns1"}])
    return refused(machine, netns=[{"name": "ns1"}])


def overlaps(machine: LabMachine) -> str:
    machine.run(["sh", "-c", "ip link add eth0 type veth peer name wire; ip addr add 192.0.2.7/24 dev eth0"])
    return refused(
        machine,
        netns=[{"name": "ns1"}],
        veth=[{"name": "veth0", "addresses": ["192.0.2.254/24"], "peer": {"name": "ns1-veth0", "netns": "ns1"}}],
    )


def mistyped(machine: LabMachine) -> str:
    cable = {"name": "ns1-veth0", "netns": "ns1", "adresses": ["192.0.2.1/24"], "peer": {"name": "b"}}
    return refused(machine, netns=[{"name": "ns1"}], veth=[cable])


def no_lease(machine: LabMachine) -> str:
    machine.module("topology", name="my_lab", netns=NETWORK["netns"], veth=NETWORK["veth"])
    client = {"netns": "ns1", "dev": "ns1-veth0", "timeout": 2}
    return refused(machine, netns=NETWORK["netns"], veth=NETWORK["veth"], dhcp_client=[client])


def not_started(machine: LabMachine) -> str:
    machine.module("topology", name="my_lab", netns=NETWORK["netns"])
    server = {"name": "web", "netns": "ns1", "command": ["python3", "-m", "http.server", "80"], "ready": {"tcp": 80}}
    return refused(machine, netns=NETWORK["netns"], process=[server])


def no_vlans(machine: LabMachine) -> str:
    if kernel_rules.has_vlan_filtering():  # then it is at least what would be said
        return f"bridge_vlan[0].vlan_filtering: this kernel has no {Feature.VLAN_FILTERING.value}"
    return refused(machine, bridge_vlan=[{"name": "br0", "vlan_filtering": True}])


def underlay(machine: LabMachine) -> str:
    """What is said of the way to another machine."""
    machine.run(["sh", "-c", "ip link add eth0 type veth peer name wire; ip link set eth0 up; ip link set wire up"])
    machine.run(["ip", "addr", "add", "192.0.2.1/24", "dev", "eth0"])
    there: Items = {"lab": "my_lab", "address": "192.0.2.1", "peers": ["192.0.2.7"]}
    return str(machine.module("underlay_info", _fails=True, **there)["msg"])


def port_taken(machine: LabMachine) -> str:
    program = "import socket, time; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('', 4789)); time.sleep(600)"
    wait = "until ss -Hlnu | grep -q :4789; do sleep 0.1; done"
    machine.run(["sh", "-c", f'python3 -c "$0" >/dev/null 2>&1 & {wait}', program])
    return underlay(machine)


def left(machine: LabMachine) -> str:
    machine.module("topology", name="my_lab", netns=[{"name": "ns1"}])
    return ""


SYMPTOMS: dict[str, t.Callable[[LabMachine], str]] = {
    "ns1 has no route": no_route,
    "The request arrives, and nothing comes back": no_way_back,
    "Nothing passes the router": no_forwarding,
    "A firewall forbids forwarding": firewall,
    "Nobody has the address": no_neighbour,
    "A cable has no carrier": other_end_down,
    "Small packets pass, large ones do not": too_large,
    "A name is in use": of_a_stranger,
    "A name belongs to another lab": of_another_lab,
    "The machine has the network already": overlaps,
    "What is written is not understood": mistyped,
    "A DHCP client gets no address": no_lease,
    "A server does not start": not_started,
    "This kernel has no bridge VLAN filtering": no_vlans,
    "A port between the machines is taken": port_taken,
    "The machines do not reach each other": underlay,
    "Something is left of a lab": left,
}
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def test_every_symptom_is_made() -> None:
    assert [*SECTIONS] == [*SYMPTOMS]


@pytest.mark.parametrize("symptom", SYMPTOMS)
def test_what_is_said_and_what_shows_it(symptom: str, machine: LabMachine) -> None:
    said, command = SYMPTOMS[symptom](machine), ""
    for language, block in re.findall(r"```(\w+)\n(.*?)```", SECTIONS[symptom], re.DOTALL):
        if language == "shell":
            command = block.strip()
            said = typed(machine, command)
        else:
            missing = [line for line in block.splitlines() if not is_in(line, said)]
            assert not missing, f"{command} {said}"
    assert command


def typed(machine: LabMachine, command: str) -> str:
    """What a command prints that somebody types in the machine, failing or not."""
    env = {**ansible_environment(""), "PATH": f"{BIN}:{os.environ['PATH']}"}
    done = machine.run(["sh", "-c", command], check=False, cwd=str(ROOT), env=env, timeout=120)
    assert done.returncode != 127, done.stderr
    return done.stdout + done.stderr


def is_in(line: str, said: str) -> bool:
    """Whether a line of the page was said; three dots stand for anything."""
    parts = [re.escape(" ".join(part.split())) for part in line.split("...")]
    return re.search(".*?".join(parts), " ".join(said.split())) is not None
