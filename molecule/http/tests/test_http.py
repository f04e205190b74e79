# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A page from a web server, seen from outside."""

from __future__ import annotations

import typing as t

import tutorial
from traffic import capture, ping, sockets

if t.TYPE_CHECKING:
    from labmachine import LabMachine

ASK = r"exec 3<>/dev/tcp/192.0.2.2/80 && printf '%s\r\n' {lines} '' >&3 && cat <&3"


def ask(machine: LabMachine, *lines: str) -> str:
    """What comes when these lines are sent to the server, or why nothing does."""
    command = ASK.format(lines=" ".join(f"'{line}'" for line in lines))
    done = machine.run(["timeout", "20", "ip", "netns", "exec", "ns1", "bash", "-c", command], check=False)
    return done.stdout + done.stderr


def test_it_is_what_the_tutorial_builds(machine: LabMachine, new_machine: LabMachine) -> None:
    assert tutorial.network(machine) == tutorial.network(tutorial.build("http", new_machine))


def test_they_reach_each_other(machine: LabMachine) -> None:
    assert ping(machine, "ns1", "192.0.2.2").count("ttl=64") == 3


def test_a_server_listens_as_an_unprivileged_user(machine: LabMachine) -> None:
    assert "LISTEN" in sockets(machine, "ns2", "tcp", 80)
    (pid,) = machine.run(["ip", "netns", "pids", "ns2"]).stdout.split()
    user, *command = machine.run(["ps", "-o", "user=,args=", pid]).stdout.split()
    assert (user, command) == ("nobody", ["python3", "-m", "http.server", "80"])


def test_the_page_by_http_1_0(machine: LabMachine) -> None:
    with capture(
        machine, "ns2", "ns2-veth0", 3, "tcp port 80 and tcp[tcpflags] & tcp-push != 0", seconds=20
    ) as packets:
        answer = ask(machine, "GET / HTTP/1.0")
    head, page = answer.split("\n\n", 1)
    assert head.splitlines()[0] == "HTTP/1.0 200 OK"
    assert "Content-type: text/html" in head.splitlines()
    assert page.startswith("<!doctype html>\n")
    assert "<h1>Hello, World</h1>" in page
    assert "HTTP: GET / HTTP/1.0" in packets[0]
    assert "HTTP: HTTP/1.0 200 OK" in "\n".join(packets)


def test_the_page_by_http_1_1(machine: LabMachine) -> None:
    answer = ask(machine, "GET / HTTP/1.1", "Host: 192.0.2.2", "Connection: close")
    assert "200 OK\n" in answer
    assert "<h1>Hello, World</h1>" in answer


def test_a_page_that_is_not_there(machine: LabMachine) -> None:
    assert " 404 " in ask(machine, "GET /nothing.html HTTP/1.0").splitlines()[0]


def test_without_the_server_a_connection_is_refused(machine: LabMachine) -> None:
    machine.run(["kill", machine.run(["ip", "netns", "pids", "ns2"]).stdout.strip()])
    machine.run(["sh", "-c", "while ip netns pids ns2 | grep -q .; do sleep 0.02; done"], timeout=10)
    assert "Connection refused" in ask(machine, "GET / HTTP/1.0")
    assert machine.playbook("playbooks/http.yml").changed == 1
    assert "200 OK\n" in ask(machine, "GET / HTTP/1.0")
