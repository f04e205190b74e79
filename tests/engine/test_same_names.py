# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces that stand on something of another namespace, and have names that are there, too: older kernels mind."""

from __future__ import annotations

import typing as t

import pytest

if t.TYPE_CHECKING:
    from labmachine import LabMachine

LAB: dict[str, t.Any] = {
    "name": "lab",
    "netns": [{"name": "above"}, {"name": "below"}],
    "veth": [{"name": "v1", "netns": "below", "peer": {"name": "v2", "netns": "below"}}],
    "macvlan": [{"name": "v1", "netns": "above", "parent": "v2", "parent_netns": "below"}],
    "vxlan": [{"name": "v2", "netns": "above", "underlay": "below", "id": 1, "remote": "192.0.2.1"}],
}


@pytest.mark.every_kernel
def test_a_name_may_be_in_both_namespaces(common_machine: LabMachine) -> None:
    machine = common_machine
    machine.module("topology", **LAB)
    links = machine.json(["ip", "-n", "above", "-d", "-j", "link"])
    kinds = {link["ifname"]: link["linkinfo"]["info_kind"] for link in links if link["ifname"] != "lo"}
    assert kinds == {"v1": "macvlan", "v2": "vxlan"}
    assert not machine.module("topology", **LAB)["changed"]
