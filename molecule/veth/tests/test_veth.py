# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two namespaces joined by a cable, seen from outside."""

from __future__ import annotations

import typing as t

import tutorial
from traffic import ping

if t.TYPE_CHECKING:
    from labmachine import LabMachine
    from testinfra.host import Host


def test_it_is_what_the_tutorial_builds(machine: LabMachine, new_machine: LabMachine) -> None:
    assert tutorial.network(machine) == tutorial.network(tutorial.build("veth", new_machine))


def test_they_reach_each_other(ns: t.Callable[..., Host]) -> None:
    answer = ns("ns1").run("ping -n -c 3 -i 0.1 192.0.2.2")
    assert answer.rc == 0
    assert "3 received, 0% packet loss" in answer.stdout
    assert answer.stdout.count("ttl=64") == 3


def test_with_the_cable_unplugged_there_is_no_way(machine: LabMachine) -> None:
    for end in ("1", "2"):
        machine.run(["ip", "-n", f"ns{end}", "link", "set", f"ns{end}-veth0", "down"])
    try:
        assert "Network is unreachable" in ping(machine, "ns1", "192.0.2.2")
    finally:
        for end in ("1", "2"):
            machine.run(["ip", "-n", f"ns{end}", "link", "set", f"ns{end}-veth0", "up"])
