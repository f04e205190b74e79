# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labs whose host is the machine itself, with the interface that it has for the outside."""

from __future__ import annotations

import typing as t

import pytest
import snapshot
import yaml
from labs import connected_to_outside, settled
from shown import file
from traffic import capture, ping

if t.TYPE_CHECKING:
    import pathlib

    from labmachine import LabMachine


@pytest.fixture
def connected(machine: LabMachine) -> LabMachine:
    connected_to_outside(machine)
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
    connected.run(["ip", "route", "del", "default"])
    connected.playbook("playbooks/macvlan.yml", lab_state="absent", lab_host="machine")
    connected.run(["ip", "route", "add", "default", "via", "10.9.8.1"])
    assert snapshot.diff(before, connected.snapshot()) == []


#: What others have on the machine: namespaces of similar names, a bridge, rules, a name server.
FOREIGN = """
ip netns add ns
ip netns add ns10
ip link add br0 type bridge
ip addr add 10.5.0.1/24 dev br0
ip link set br0 up
iptables -t nat -A POSTROUTING -s 10.5.0.0/24 -j MASQUERADE
iptables -t nat -A PREROUTING -i br0 -p tcp --dport 80 -j REDIRECT --to-ports 8080
iptables -t nat -A POSTROUTING -s 10.6.0.0/24 -m comment --comment somebody -j MASQUERADE
dnsmasq --conf-file=/dev/null --interface=br0 --bind-interfaces --no-resolv --pid-file=/run/other.pid
"""


@pytest.mark.parametrize("forwarding", ["0", "1"])
def test_what_others_have_survives(forwarding: str, connected: LabMachine) -> None:
    for line in FOREIGN.strip().splitlines():
        connected.run(line.split())
    connected.run(["sysctl", "-q", "-w", f"net.ipv4.ip_forward={forwarding}"])
    # the link-local address of a bridge without ports comes late, if at all
    connected.run(["sysctl", "-q", "-w", "net.ipv6.conf.br0.disable_ipv6=1"])
    before = settled(connected)
    connected.playbook("playbooks/internet.yml", lab_host="machine")
    rules = connected.run(["iptables", "-t", "nat", "-S"]).stdout.splitlines()
    (ours,) = [number for number, rule in enumerate(rules) if "tcpip.lab:internet" in rule]
    connected.run(["iptables", "-t", "nat", "-A", "POSTROUTING", "-s", "10.7.0.0/24", "-j", "ACCEPT"])
    assert connected.playbook("playbooks/internet.yml", lab_host="machine").changed == 0
    connected.playbook("playbooks/internet.yml", lab_state="absent")
    del rules[ours]
    assert connected.run(["iptables", "-t", "nat", "-S"]).stdout.splitlines() == [
        *rules,
        "-A POSTROUTING -s 10.7.0.0/24 -j ACCEPT",
    ]
    connected.run(["iptables", "-t", "nat", "-D", "POSTROUTING", "-s", "10.7.0.0/24", "-j", "ACCEPT"])
    assert snapshot.diff(before, connected.snapshot()) == []


def test_the_outside_sees_the_machine(connected: LabMachine) -> None:
    connected.playbook("playbooks/internet_router.yml", lab_host="machine")
    with capture(connected, "provider", "customer0", 6, "icmp") as packets:
        assert "3 received" in ping(connected, "ns1", "10.9.8.1")
    assert sum("10.9.8.7 > 10.9.8.1: ICMP echo request" in line for line in packets) == 3, packets


def test_a_network_that_the_machine_has_is_refused(connected: LabMachine) -> None:
    connected.run(["ip", "route", "add", "192.0.0.0/16", "via", "10.9.8.1"])
    before = connected.snapshot()
    run = connected.playbook("playbooks/internet.yml", _fails=True, lab_host="machine")
    said = " ".join(run.stdout.split())
    assert "192.0.2.254/24 overlaps 192.0.0.0/16, which the machine has on uplink0" in said
    assert snapshot.diff(before, connected.snapshot()) == []


def test_a_simulated_host_whose_way_out_is_not_given_is_refused(machine: LabMachine, tmp_path: pathlib.Path) -> None:
    """What the guide has for the machine itself, for a namespace in its place."""
    (play,) = yaml.safe_load(file("docs/uplink.md", "outside.yml"))
    del play["vars"]["lab_host"]
    (tmp_path / "outside.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    before = machine.snapshot()
    run = machine.playbook(tmp_path / "outside.yml", _fails=True)
    assert "lab_simulated_uplink does not say what leads it to an outside" in " ".join(run.stdout.split())
    assert snapshot.diff(before, machine.snapshot()) == []


def test_a_machine_without_an_outside_is_refused(machine: LabMachine) -> None:
    before = machine.snapshot()
    run = machine.playbook("playbooks/macvlan.yml", _fails=True, lab_host="machine")
    assert "this machine has no default route" in " ".join(run.stdout.split())
    assert snapshot.diff(before, machine.snapshot()) == []
