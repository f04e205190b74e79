# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kernel can be built without, in words: its own for all of it are "Operation not supported". Pure."""

from __future__ import annotations

import errno
from enum import Enum

from .operations import CreateDevice, CreateVeth, Operation


class Feature(Enum):
    """What has to be asked for beforehand: a kernel without it takes some of the requests and ignores them."""

    VLAN_FILTERING = "bridge VLAN filtering (CONFIG_BRIDGE_VLAN_FILTERING)"
    NETEM = "netem, which makes links slow and lossy (CONFIG_NET_SCH_NETEM, module sch_netem)"

    @property
    def hint(self) -> str:
        """What can be done where it is missing."""
        return _HINTS.get(self, "")


_HINTS = {
    Feature.VLAN_FILTERING: "leave out vlan_filtering and vlans: separate bridges separate, too",
    Feature.NETEM: "Enterprise Linux and Fedora have the module in the package kernel-modules-extra; "
    "without it leave out delay, jitter, loss and rate",
}
#: The kinds of interfaces that are made, and what the kernel is built with for them.
KINDS = {"veth": "CONFIG_VETH", "bridge": "CONFIG_BRIDGE", "vxlan": "CONFIG_VXLAN", "macvlan": "CONFIG_MACVLAN"}
#: What it says (net/core/rtnetlink.c) of a kind that it neither knows nor has a module for; old ones say nothing.
_UNKNOWN = ("", "Unknown device type")


def unknown_kind(step: Operation, number: int, text: str) -> str | None:
    """That the kernel has no such interfaces, if that is why it refused the step with this errno and these words."""
    kind = step.kind if isinstance(step, CreateDevice) else "veth" if isinstance(step, CreateVeth) else ""
    if not kind or number != errno.EOPNOTSUPP or text not in _UNKNOWN:
        return None
    return f"this kernel has no interfaces of the kind {kind}, nor a module for them ({KINDS[kind]})"
