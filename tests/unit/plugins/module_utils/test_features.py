# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kernel lacks is said in words, with the place that calls for it, and nothing else is taken for it."""

from __future__ import annotations

import errno
import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import verify
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.module_utils.features import Feature, unknown_kind
from ansible_collections.tcpip.lab.plugins.module_utils.kinds import KINDS, BridgeVlan, Service
from ansible_collections.tcpip.lab.plugins.module_utils.operations import (
    AddAddress,
    CreateDevice,
    CreateOverlay,
    CreateVeth,
    Operation,
    SetLink,
)
from ansible_collections.tcpip.lab.plugins.module_utils.state import State

UNKNOWN = "Unknown device type"
NO_FILTERING = State(lacking=frozenset({Feature.VLAN_FILTERING}))
NO_NETEM = State(lacking=frozenset({Feature.NETEM}))


def bridge(**options: t.Any) -> BridgeVlan:
    return BridgeVlan.parse({"name": "br0", **options}, "bridge_vlan[0]")


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"vlan_filtering": True}, "vlan_filtering"),
        ({"vlans": [{"vid": 100}]}, "vlans"),
        ({"vlans": []}, "vlans"),
        ({"ports": [{"name": "p1"}, {"name": "p2", "vlans": [{"vid": 1}]}]}, "ports[1].vlans"),
        ({"ports": [{"name": "p1", "vlans": []}]}, "ports[0].vlans"),
    ],
)
def test_vlan_filtering_is_missed_at_the_place_that_needs_it(options: dict[str, t.Any], place: str) -> None:
    with pytest.raises(LabError) as error:
        verify.features([bridge(**options)], NO_FILTERING)
    reason = "this kernel has no bridge VLAN filtering (CONFIG_BRIDGE_VLAN_FILTERING)"
    way_out = "leave out vlan_filtering and vlans: separate bridges separate, too"
    assert str(error.value) == f"bridge_vlan[0].{place}: {reason} ({way_out})"
    verify.features([bridge(**options)], State())


@pytest.mark.parametrize("options", [{}, {"vlan_filtering": False}, {"stp": True, "ports": [{"name": "p1"}]}])
def test_vlan_filtering_is_not_missed_where_nothing_needs_it(options: dict[str, t.Any]) -> None:
    verify.features([bridge(**options)], NO_FILTERING)


@pytest.mark.parametrize(
    ("options", "place"),
    [({"delay": 1}, "delay"), ({"rate": "1mbit"}, "rate"), ({"delay": 0, "loss": 1}, "loss")],
)
def test_netem_is_missed_at_the_place_that_needs_it(options: dict[str, t.Any], place: str) -> None:
    (reason, hint) = (Feature.NETEM.value, Feature.NETEM.hint)
    for kind, item in (("vxlan", {"name": "x0", "id": 1}), ("macvlan", {"name": "m0", "parent": "e"})):
        with pytest.raises(LabError) as error:
            verify.features([KINDS[kind].parse({**item, **options}, f"{kind}[0]")], NO_NETEM)
        assert str(error.value) == f"{kind}[0].{place}: this kernel has no {reason} ({hint})"
    with pytest.raises(LabError, match=rf"bridge_vlan\[0\]\.{place}: this kernel has no netem"):
        verify.features([bridge(**options)], NO_NETEM)
    pair = KINDS["veth"].parse({"name": "a", "delay": 0, "peer": {"name": "b", **options}}, "veth[0]")
    with pytest.raises(LabError, match=rf"veth\[0\]\.peer\.{place}: this kernel has no netem"):
        verify.features([pair], NO_NETEM)


@pytest.mark.parametrize("options", [{}, {"delay": 0}, {"loss": 0, "rate": "0"}])
def test_netem_is_not_missed_where_nothing_is_to_be_done(options: dict[str, t.Any]) -> None:
    verify.features([bridge(**options)], NO_NETEM)


@pytest.mark.parametrize("text", ["", UNKNOWN])
@pytest.mark.parametrize(
    ("step", "named"),
    [
        (CreateVeth("a", "v0", peer=("b", "v1")), "the kind veth, nor a module for them (CONFIG_VETH)"),
        (CreateOverlay("a", "x0", kind="vxlan", base="a"), "the kind vxlan, nor a module for them (CONFIG_VXLAN)"),
        (
            CreateOverlay("a", "m0", kind="macvlan", base="a"),
            "the kind macvlan, nor a module for them (CONFIG_MACVLAN)",
        ),
        (CreateDevice("a", "br0", kind="bridge", base="a"), "the kind bridge, nor a module for them (CONFIG_BRIDGE)"),
    ],
)
def test_a_kind_of_interface_that_is_missing(step: Operation, named: str, text: str) -> None:
    assert str(unknown_kind(step, errno.EOPNOTSUPP, text)).endswith(named)
    assert unknown_kind(step, errno.EEXIST, text) is None


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (SetLink("a", "x0", {"id": 1}, {"id": 2}, "vxlan", "a"), "Cannot change VNI"),
        (SetLink("a", "x0", {"mtu": 1}, {"mtu": 2}), ""),
        (AddAddress("a", "x0", "192.0.2.1/24"), ""),
        (CreateOverlay("a", "x0", kind="vxlan", base="a"), "Some other reason"),
    ],
)
def test_other_refusals_keep_the_kernels_words(step: Operation, text: str) -> None:
    assert unknown_kind(step, errno.EOPNOTSUPP, text) is None


def test_every_kind_of_interface_is_known() -> None:
    kinds = [name for name, kind in KINDS.items() if not issubclass(kind, Service)]
    made = {"bridge" if name == "bridge_vlan" else name for name in kinds} - {
        "netns",
        "route",
        "iptables_nat",
        "sysctl",
    }
    for kind in made:
        assert unknown_kind(CreateDevice("a", "x", kind=kind, base="a"), errno.EOPNOTSUPP, UNKNOWN)
