# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VLANs of a port, judged by what bridge(8) printed on a kernel that has them."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils.checks import model
from ansible_collections.tcpip.lab.plugins.module_utils.checks.look import Interface, View
from ansible_collections.tcpip.lab.plugins.module_utils.checks.subject import Fact

if t.TYPE_CHECKING:
    from ansible_collections.tcpip.lab.plugins.module_utils.checks.outcome import Result

UNTAGGED = ["PVID", "Egress Untagged"]
SHOWN: list[dict[str, t.Any]] = [
    {"ifname": "br0-veth0", "vlans": [{"vlan": 100, "flags": UNTAGGED}]},
    {"ifname": "br0-veth1", "vlans": [{"vlan": 1, "flags": ["Egress Untagged"]}, {"vlan": 100, "flags": ["PVID"]}]},
    {"ifname": "trunk", "vlans": [{"vlan": 100, "vlanEnd": 102}, {"vlan": 200}]},
]


def _look(dev: str, *vlans: dict[str, t.Any]) -> Result:
    (check,) = model.parse([{"vlan": {"netns": "bridge", "dev": dev, "vlans": list(vlans)}}])
    assert isinstance(check.subject, Fact)
    links = {name: Interface("bridge", 1, name) for name in [*(each["ifname"] for each in SHOWN), "idle"]}
    return check.subject.look(check.name, View(_items={("bridge", "bridge", "vlan"): SHOWN}, _links={"bridge": links}))


ACCESS = {"vid": 100, "pvid": True, "untagged": True}


def test_exactly_these() -> None:
    result = _look("br0-veth0", ACCESS)
    assert (result.ok, result.got) == (True, "br0-veth0 in 100 PVID Egress Untagged")
    assert result.evidence == ["br0-veth0 100 PVID Egress Untagged"]
    assert _look("trunk", *({"vid": vid} for vid in (200, 102, 101, 100))).ok


def test_in_none_is_not_the_same_as_not_there() -> None:
    assert _look("idle").ok
    result = _look("idl")
    assert (result.ok, result.got) == (False, "bridge has no idl")


@pytest.mark.parametrize(
    ("dev", "vlans", "cause"),
    [
        ("br0-veth0", [{**ACCESS, "vid": 200}], "br0-veth0 lacks 200 PVID Egress Untagged and has 100 PVID Egress Unt"),
        ("br0-veth0", [ACCESS, {"vid": 200}], "br0-veth0 lacks 200 (ip netns exec bridge bridge vlan)"),
        ("br0-veth0", [], "br0-veth0 has 100 PVID Egress Untagged beyond what is expected (ip netns exec bridge"),
        ("br0-veth0", [{"vid": 100}], "br0-veth0 lacks 100 and has 100 PVID Egress Untagged beyond"),
        ("br0-veth1", [ACCESS], "br0-veth1 lacks 100 PVID Egress Untagged and has 1 Egress Untagged, 100 PVID beyond"),
        ("trunk", [{"vid": 100}, {"vid": 101}, {"vid": 200}], "trunk has 102 beyond"),
        ("br0-veth9", [ACCESS], "br0-veth9 is not a port of a bridge in bridge, or is in no VLAN"),
    ],
)
def test_others(dev: str, vlans: list[dict[str, t.Any]], cause: str) -> None:
    result = _look(dev, *vlans)
    assert not result.ok
    assert result.cause.startswith(cause)
    assert len(result.evidence) == len(SHOWN)
