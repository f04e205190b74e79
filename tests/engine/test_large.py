# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab of more namespaces than are held open at a time, and than one answer of the kernel tells of."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from labmachine import LabMachine

SPOKES = 950
HUB: dict[str, t.Any] = {
    "netns": [{"name": "hub"}, *({"name": f"n{number}"} for number in range(SPOKES))],
    # declared from the hub's side: each of its requests names another namespace
    "veth": [
        {"name": f"p{number}", "netns": "hub", "peer": {"name": f"eth{number}", "netns": f"n{number}"}}
        for number in range(SPOKES)
    ],
}


def test_every_cable_ends_where_it_should(machine: LabMachine) -> None:
    made = machine.module("topology", name="hub", **HUB)
    assert made["changed"]
    wrong = {}
    for number in range(0, SPOKES, 7):
        names = {link["ifname"] for link in machine.json(["ip", "-n", f"n{number}", "-j", "link"])}
        if names != {"lo", f"eth{number}"}:
            wrong[number] = names
    assert not wrong
    assert not machine.module("topology", name="hub", **HUB)["changed"]
    machine.module("topology", name="hub", state="absent")
    assert machine.json(["ip", "-j", "netns"]) == []
