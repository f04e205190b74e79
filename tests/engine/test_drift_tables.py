# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Of every option of every kind it is shown that its drift is found and repaired; a new one has to be, too."""

from __future__ import annotations

import runpy
import typing as t

from ansible_collections.tcpip.lab.plugins.module_utils.kinds import KINDS
from labmachine import ROOT

if t.TYPE_CHECKING:
    from ansible_collections.tcpip.lab.plugins.module_utils.options import Options

#: What is an object's identity is no attribute of it: under another name it is another object.
IDENTITY = {"name", "netns", "peer.name", "peer.netns"}
#: What a running lab cannot differ in.
FIXED = {
    "process.ready": "how its start is waited for",
    "process.stop_signal": "how its end is asked for, which only the record of it says",
    "process.stop_timeout": "how long its end is waited for",
    "dhcp_client.timeout": "how long its start is waited for",
}
#: Those of test_vlan.py, which has names of its own for them, and shows them under emulation.
VLANS = {
    "bridge_vlan.ports.vlans.vid": "VLAN added",
    "bridge_vlan.ports.vlans.pvid": "PVID moved",
    "bridge_vlan.ports.vlans.untagged": "tagged",
    "bridge_vlan.vlans.vid": "the bridge's own VLAN",
    "bridge_vlan.vlans.pvid": "the bridge's own PVID",
    "bridge_vlan.vlans.untagged": "the bridge's own frames tagged",
    "bridge_vlan.vlan_filtering": "filtering off",
}


def options_of(options: Options, prefix: str) -> t.Iterator[str]:
    for name, option in options.items():
        if option.options is None:
            yield f"{prefix}.{name}"
        else:
            yield from options_of(option.options, f"{prefix}.{name}")


def drifts(name: str) -> dict[str, t.Any]:
    """The table of drifts of a file of tests."""
    found: dict[str, t.Any] = runpy.run_path(str(ROOT / f"tests/engine/{name}.py"))["DRIFTS"]
    return found


def shown() -> set[str]:
    """The options that the names of the drifts begin with."""
    files = ("test_topology_drift", "test_bridge_vlan", "test_macvlan", "test_impairments")
    names = [each for file in files for each in drifts(file)]
    names += [each for round_ in drifts("test_service_drift").values() for each in round_]
    return {option for name in names for option in name.partition(":")[0].split(", ")}


def test_every_option_has_its_drift() -> None:
    known = shown() | VLANS.keys() | FIXED.keys()
    left = []
    for kind, resource in KINDS.items():
        for option in options_of(resource.OPTIONS, kind):
            covered = any(option == each or option.startswith(f"{each}.") for each in known if each != kind)
            if not covered and option.partition(".")[2] not in IDENTITY:
                left.append(option)
    assert left == []


def test_every_drift_is_of_an_option() -> None:
    there = {option for kind, resource in KINDS.items() for option in options_of(resource.OPTIONS, kind)}
    assert shown() - there <= KINDS.keys()
    excused = FIXED.keys() | VLANS.keys()
    assert [each for each in excused if not any(f"{option}.".startswith(f"{each}.") for option in there)] == []
    assert set(VLANS.values()) <= drifts("test_vlan").keys()
