# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server behind a router that translates addresses, seen from outside."""

from __future__ import annotations

import re
import typing as t

import tutorial
from traffic import capture, ping, send_text

if t.TYPE_CHECKING:
    from labmachine import LabMachine
    from testinfra.host import Host

RULES = [
    "-A PREROUTING -d 203.0.113.254/32 -p tcp -m tcp --dport 54321 "
    '-m comment --comment "tcpip.lab:dnat/server" -j DNAT --to-destination 192.0.2.1',
    '-A POSTROUTING -s 192.0.2.0/24 -o gw-veth1 -m comment --comment "tcpip.lab:dnat" -j MASQUERADE',
]
CLIENT = "203.0.113.1"


def knock(machine: LabMachine, port: int) -> str:
    """What a client in ns2 is told of a port of the router on which it does not listen itself."""
    connect = f": < /dev/tcp/203.0.113.254/{port}"
    return machine.run(["timeout", "10", "ip", "netns", "exec", "ns2", "bash", "-c", connect], check=False).stderr


def deliver(machine: LabMachine) -> str:
    """What arrives in ns1 of a text that ns2 sends to the router."""
    return send_text(machine, "ns2", "ns1", address="203.0.113.254", port=54321, text="Hello World!")


def test_it_is_what_the_tutorial_builds(machine: LabMachine, new_machine: LabMachine) -> None:
    assert tutorial.network(machine) == tutorial.network(tutorial.build("dnat", new_machine))


def test_the_two_rules(ns: t.Callable[..., Host]) -> None:
    saved = ns("router").check_output("iptables-save").splitlines()
    assert [line for line in saved if line.startswith("-A")] == RULES


def test_a_text_for_the_router_arrives_in_ns1(machine: LabMachine) -> None:
    syn = "tcp[tcpflags] & tcp-syn != 0"
    with (
        capture(machine, "ns2", "ns2-veth0", 2, syn) as outside,
        capture(machine, "ns1", "ns1-veth0", 2, syn) as inside,
    ):
        assert deliver(machine) == "Hello World!\n"
    for packets, server in ((outside, "203.0.113.254"), (inside, "192.0.2.1")):
        asked, answered = packets
        assert re.search(rf" {re.escape(CLIENT)}\.\d+ > {re.escape(server)}\.54321: Flags \[S\],", asked), packets
        assert re.search(rf" {re.escape(server)}\.54321 > {re.escape(CLIENT)}\.\d+: Flags \[S\.\],", answered), packets


def test_the_router_remembers_who_answers(machine: LabMachine) -> None:
    deliver(machine)
    tracked = machine.run(["ip", "netns", "exec", "router", "cat", "/proc/net/nf_conntrack"]).stdout
    there = r"src=203\.0\.113\.1 dst=203\.0\.113\.254 sport=(\d+) dport=54321"
    back = r"src=192\.0\.2\.1 dst=203\.0\.113\.1 sport=54321 dport=\1"
    assert re.search(rf"tcp .* {there} {back} ", tracked), tracked


def test_another_port_is_the_routers_own(machine: LabMachine) -> None:
    assert "Connection refused" in knock(machine, 54322)


def test_the_inside_reaches_the_outside(machine: LabMachine) -> None:
    assert ping(machine, "ns1", CLIENT).count("ttl=63") == 3


def test_without_the_rule_the_router_refuses(machine: LabMachine) -> None:
    iptables = ["ip", "netns", "exec", "router", "iptables", "-w", "-t", "nat"]
    machine.run([*iptables, "-F", "PREROUTING"])
    try:
        with capture(machine, "ns2", "ns2-veth0", 2, "tcp port 54321") as packets:
            assert "Connection refused" in knock(machine, 54321)
        assert "203.0.113.254.54321 > " in packets[1]
        assert "Flags [R.]" in packets[1]
    finally:
        machine.playbook("playbooks/dnat.yml", "--extra-vars", "lab_checks=false")
    assert deliver(machine) == "Hello World!\n"
