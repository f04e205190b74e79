# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The address that belongs to a name, seen from outside."""

from __future__ import annotations

import re
import typing as t

import pytest
import tutorial
from traffic import capture, ping, sockets

if t.TYPE_CHECKING:
    from labmachine import LabMachine

NAME, NO_NAME = "www.example.com", "nothing.example.com"


def dig(machine: LabMachine, *words: str) -> str:
    """What dig prints."""
    done = machine.run(["ip", "netns", "exec", "ns1", "dig", "+tries=1", "@192.0.2.2", *words], check=False)
    return done.stdout


def test_it_is_what_the_tutorial_builds(machine: LabMachine, new_machine: LabMachine) -> None:
    assert tutorial.network(machine) == tutorial.network(tutorial.build("dns", new_machine))


def test_they_reach_each_other(machine: LabMachine) -> None:
    assert ping(machine, "ns1", "192.0.2.2").count("ttl=64") == 3


def test_a_server_has_port_53(machine: LabMachine) -> None:
    assert "UNCONN" in sockets(machine, "ns2", "udp", 53)
    assert "LISTEN" in sockets(machine, "ns2", "tcp", 53)


@pytest.mark.parametrize("over", ["+notcp", "+tcp"])
def test_the_address_of_a_name(machine: LabMachine, over: str) -> None:
    answer = dig(machine, over, NAME, "A")
    assert "status: NOERROR" in answer
    assert re.findall(r"^www\.example\.com\.\s+\d+\s+IN\s+A\s+(\S+)$", answer, re.MULTILINE) == ["192.0.2.80"]


@pytest.mark.parametrize("over", ["+notcp", "+tcp"])
def test_a_name_that_does_not_exist(machine: LabMachine, over: str) -> None:
    answer = dig(machine, over, NO_NAME, "A")
    assert "status: NXDOMAIN" in answer
    assert "ANSWER: 0" in answer


def test_one_query_and_one_response(machine: LabMachine) -> None:
    # The next query says that the first one is over.
    with capture(machine, "ns2", "ns2-veth0", 3, "port 53", seconds=20) as packets:
        dig(machine, NAME, "A")
        dig(machine, NO_NAME, "A")
    query, response, following = packets
    assert re.search(r"192\.0\.2\.1\.\d+ > 192\.0\.2\.2\.53: .* A\? www\.example\.com\.", query)
    assert re.search(r"192\.0\.2\.2\.53 > 192\.0\.2\.1\.\d+: .* A 192\.0\.2\.80 ", response)
    assert "A? nothing.example.com." in following


def test_over_tcp_it_takes_a_connection(machine: LabMachine) -> None:
    with capture(
        machine, "ns2", "ns2-veth0", 2, "port 53 and (udp or tcp[tcpflags] & tcp-syn != 0)", seconds=20
    ) as packets:
        dig(machine, "+tcp", NAME, "A")
    assert "Flags [S]," in packets[0]
    assert "Flags [S.]," in packets[1]


def test_without_the_server_a_query_is_refused(machine: LabMachine) -> None:
    machine.run(["kill", machine.run(["ip", "netns", "pids", "ns2"]).stdout.strip()])
    machine.run(["sh", "-c", "while ip netns pids ns2 | grep -q .; do sleep 0.02; done"], timeout=10)
    assert "connection refused" in dig(machine, "+tcp", NAME, "A")
    assert sockets(machine, "ns2", "udp", 53) == []
    assert machine.playbook("playbooks/dns.yml").changed == 1
    assert "status: NOERROR" in dig(machine, NAME, "A")
