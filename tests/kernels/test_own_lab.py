# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab that docs/own_lab.md has one write works as it stands there, and breaks as it says."""

from __future__ import annotations

import shlex
import typing as t

import pytest
import snapshot
import yaml
from shown import examples, lines
from traffic import ping, vlans

if t.TYPE_CHECKING:
    from labmachine import LabMachine

PAGE = "docs/own_lab.md"
(PLAY,) = examples(PAGE, "yaml")
#: Who looks for whom, and who breaks it.
_BUILD, _CHECK, LOOK, _REMOVE = lines(PAGE, "make")
STATION, ADDRESS = (shlex.split(LOOK, comments=True)[place] for place in (3, -1))
BY_HAND = lines(PAGE, "ip")
ACCESS = ["PVID", "Egress Untagged"]


@pytest.mark.vlan
def test_it_works_and_breaks_as_written(common_machine: LabMachine) -> None:
    machine, (play,) = common_machine, yaml.safe_load(PLAY)
    (stage,) = play["vars"]["lab_stages"]
    lab = {"name": play["vars"]["lab_name"], **stage["topology"]}
    for client in lab["dhcp_client"]:
        client["timeout"] = 120  # under emulation all takes longer
    machine.module("check", checks=[])  # now all that runs the modules is running
    before = machine.snapshot()
    assert machine.module("topology", **lab)["changed"]
    machine.module("check", checks=stage["checks"])
    seen = vlans(machine, "sw")
    assert [seen[port] for port in ("pc", "lan10", "printer", "lan20")] == [[(vid, ACCESS)] for vid in (10, 10, 20, 20)]
    assert len(BY_HAND) == 3
    for command in BY_HAND:
        machine.run(shlex.split(command))
    assert "ttl=63" not in ping(machine, STATION, ADDRESS)
    repaired = "\n".join(machine.module("topology", **lab)["changes"])
    for thing in ("net.ipv4.ip_forward", "sw: pc vlan 10 pvid untagged", "start pc: dhcp_client"):
        assert thing in repaired
    assert ping(machine, STATION, ADDRESS).count("ttl=63") == 3
    assert machine.module("topology", name=lab["name"], state="absent")["changed"]
    assert snapshot.diff(before, machine.snapshot()) == []
