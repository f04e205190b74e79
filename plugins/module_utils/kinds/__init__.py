# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of resources: one file each. A new kind is one new file, its line here, and its module."""

from __future__ import annotations

from .base import Resource
from .bridge_vlan import BridgeVlan
from .capture import Capture
from .dhcp_client import DhcpClient
from .dnsmasq_dhcp import DnsmasqDhcp
from .iptables_nat import IptablesNat
from .macvlan import Macvlan
from .netns import Netns
from .process import Process
from .route import Route
from .service import Service
from .sysctl import Sysctl
from .veth import Veth
from .vswitch import Vswitch
from .vxlan import Vxlan

#: By their names in a topology, in the order in which they are planned: what others stand on comes first.
KINDS: dict[str, type[Resource]] = {
    kind.KIND: kind
    for kind in (
        Netns,
        Veth,
        Macvlan,
        Vxlan,
        BridgeVlan,
        Route,
        IptablesNat,
        Sysctl,
        Capture,
        Process,
        Vswitch,
        DnsmasqDhcp,
        DhcpClient,
    )
}

__all__ = [
    "KINDS",
    "BridgeVlan",
    "Capture",
    "DhcpClient",
    "DnsmasqDhcp",
    "IptablesNat",
    "Macvlan",
    "Netns",
    "Process",
    "Resource",
    "Route",
    "Service",
    "Sysctl",
    "Veth",
    "Vswitch",
    "Vxlan",
]
