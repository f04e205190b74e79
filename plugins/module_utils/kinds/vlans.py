# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VLANs of a bridge and its ports, and what becomes of them when a port comes or goes. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ..operations import AddVlan, ChangeVlan, MovePort, Operation, RemoveVlan
from ..state import Link, State, Vlan

_KERNELS_DEFAULT = 1


def initial(bridge: Link | None) -> frozenset[Vlan]:
    """The VLANs that the kernel puts each new port of a bridge into, and the bridge itself when it is made.

    For a bridge that is yet to be made (None) this supposes a kernel with VLAN filtering: without it no VLAN can be
    declared either.
    """
    pvid = bridge.settings.get("default_pvid") if bridge else _KERNELS_DEFAULT
    return frozenset({Vlan(pvid, pvid=True, untagged=True)}) if pvid else frozenset()


def change(
    netns: str, link: str, have: frozenset[Vlan], want: frozenset[Vlan], *, own: bool = False
) -> Iterator[Operation]:
    """The steps from some VLANs to exactly others. C(own): they are the bridge's own, not a port's."""
    former = {vlan.vid: vlan for vlan in have}
    kept = {vlan.vid for vlan in want}
    for vlan in sorted(have):
        if vlan.vid not in kept:
            yield RemoveVlan(netns, link, vlan, own)
    for vlan in sorted(want - have):
        if vlan.vid in former:
            yield ChangeVlan(netns, link, vlan, own, former[vlan.vid])
        else:
            yield AddVlan(netns, link, vlan, own)


def regain(link: Link, bridge: Link | None) -> Iterator[Operation]:
    """The steps that give its VLANs again to a port that has just joined, or to a bridge that was just made."""
    own = link.kind == "bridge" and not link.master
    yield from change(link.netns, link.name, initial(bridge), link.vlans, own=own)


def move(port: Link, bridge: str | None, state: State) -> MovePort:
    """The step of an interface that is there into a bridge, or out of the one that it is a port of."""
    former = state.link((port.netns, port.master)) if port.master else None
    back = tuple(regain(port, former)) if former else ()
    return MovePort(port.netns, port.name, {"master": port.master}, {"master": bridge}, regain=back)
