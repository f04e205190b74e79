# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the last run for a lab changed is taken back, by the lab's name alone."""

from __future__ import annotations

import typing as t

import pytest
from labs import FULL, PAIR, changed, killed, refused, run_as_predicted, same, settled, view, without

if t.TYPE_CHECKING:
    from labmachine import LabMachine
    from labs import Items, Result

NAMES = ("", "ns1", "router", "ns2")


def reverted(machine: LabMachine) -> Result:
    return run_as_predicted(machine, "topology", name="lab", state="reverted")


def test_a_new_lab_goes_without_a_trace(machine: LabMachine) -> None:
    before = machine.snapshot()
    machine.module("topology", name="lab", **FULL)
    assert reverted(machine)["changed"]
    same(before, settled(machine), "left behind")
    assert not reverted(machine)["changed"]


CHANGES: dict[str, Items] = {
    "attributes": changed(changed(FULL, "veth", 0, mtu=1399, mac="00:00:5e:00:53:99"), "vxlan", 0, ttl=1, mtu=1280),
    "another VNI": changed(FULL, "vxlan", 0, id=101),
    "settings": changed(changed(FULL, "sysctl", 0, value="0"), "sysctl", 2, value="2"),
    "routes": without(FULL, "route", 4, 5),
    "one namespace more": {**FULL, "netns": [*FULL["netns"], {"name": "more"}]},
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_lab_is_what_it_was(machine: LabMachine, change: str) -> None:
    machine.module("topology", name="lab", **FULL)
    before = view(machine, *NAMES)
    assert machine.module("topology", name="lab", **CHANGES[change])["changed"]
    assert reverted(machine)["changed"]
    same(before, view(machine, *NAMES))
    assert not reverted(machine)["changed"]
    assert not machine.module("topology", name="lab", **FULL)["changed"]


#: A lab that says of nothing how it is to be, and one that says it of all that the kernel has a value for.
SILENT: Items = {
    "netns": [{"name": "sw"}, {"name": "ns1"}],
    "veth": [
        {"name": "p0", "netns": "sw", "peer": {"name": "a0", "netns": "ns1", "addresses": ["192.0.2.1/24"]}},
    ],
    "bridge_vlan": [{"name": "br", "netns": "sw", "ports": [{"name": "p0"}]}],
    "vxlan": [{"name": "x0", "netns": "ns1", "id": 1, "dev": "a0"}],
    "route": [{"netns": "ns1", "dst": "10.0.0.0/8", "via": "192.0.2.9"}],
}
SAYING: Items = {
    **SILENT,
    "bridge_vlan": [
        {
            "name": "br",
            "netns": "sw",
            "stp": True,
            "ageing_time": 60,
            "multicast_snooping": False,
            "ports": [{"name": "p0"}],
        }
    ],
    "vxlan": [{**SILENT["vxlan"][0], "remote": "192.0.2.7", "ttl": 5, "learning": False}],
    "route": [{**SILENT["route"][0], "source": "192.0.2.1"}],
}


def test_what_the_last_run_was_the_first_to_say_is_as_it_was(machine: LabMachine) -> None:
    names = ("sw", "ns1")
    machine.module("topology", name="lab", **SILENT)
    before = view(machine, *names)
    assert machine.module("topology", name="lab", **SAYING)["changed"]
    assert reverted(machine)["changed"]
    same(before, view(machine, *names))
    assert not machine.module("topology", name="lab", **SILENT)["changed"]


def test_what_is_no_longer_said_is_as_in_a_new_lab(machine: LabMachine) -> None:
    names = ("sw", "ns1")
    machine.module("topology", name="lab", **SILENT)
    before = view(machine, *names)
    machine.module("topology", name="lab", **SAYING)
    assert run_as_predicted(machine, "topology", name="lab", **SILENT)["changed"]
    same(before, view(machine, *names))
    assert not machine.module("topology", name="lab", **SILENT)["changed"]


def test_a_loopback_that_is_no_longer_said_to_be_up_is_down(machine: LabMachine) -> None:
    machine.module("topology", name="lab", netns=[{"name": "ns1", "loopback": True}])
    assert run_as_predicted(machine, "topology", name="lab", netns=[{"name": "ns1"}])["changed"]
    assert "UP" not in machine.json(["ip", "-n", "ns1", "-j", "link", "show", "lo"])[0]["flags"]


def test_a_run_without_a_change_does_not_forget_what_was_before(machine: LabMachine) -> None:
    before = machine.snapshot()
    machine.module("topology", name="lab", **PAIR)
    assert not machine.module("topology", name="lab", **PAIR)["changed"]
    refused(
        machine, "topology", name="lab", **{**PAIR, "route": [{"netns": "ns1", "dst": "default", "via": "1.1.1.1"}]}
    )
    reverted(machine)
    same(before, settled(machine), "left behind")


def test_a_machine_that_has_nothing_of_a_lab_any_more_gets_its_part_back(machine: LabMachine) -> None:
    """Of several machines one may have nothing; that there are several is said by ``machines``."""
    empty = machine.snapshot()
    machine.module("topology", name="lab", **PAIR)
    before = view(machine, "", "ns1", "ns2")
    assert run_as_predicted(machine, "topology", name="lab", machines={})["changed"]
    assert not machine.run(["ip", "netns"]).stdout
    assert reverted(machine)["changed"]
    same(before, view(machine, "", "ns1", "ns2"))
    machine.module("topology", name="lab", machines={})
    machine.module("topology", name="lab", state="absent")
    same(empty, settled(machine), "left behind")


def test_a_run_that_was_killed_is_not_what_there_was(machine: LabMachine) -> None:
    machine.module("topology", name="lab", **FULL)
    before = view(machine, *NAMES)
    assert killed(machine, 2, "topology", name="lab", **CHANGES["attributes"])
    machine.module("topology", name="lab", **CHANGES["routes"])
    assert reverted(machine)["changed"]
    same(before, view(machine, *NAMES))


def test_a_lab_that_is_not_there_needs_nothing(machine: LabMachine) -> None:
    assert not reverted(machine)["changed"]
