# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of resources: one file each. A new kind is one new file, its two lines here, and its module.

Ansible sends a module's files without byte code, so that each of them is compiled anew in every run, which takes some
ms. Therefore a kind's file is read when the kind is asked for, by its name or by its class.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # Ansible sends the files that it sees imported, here as well as anywhere
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

#: In the order in which they are planned: what others stand on comes first. As the kinds are named in a topology.
_CLASSES = {
    "netns": "Netns",
    "veth": "Veth",
    "macvlan": "Macvlan",
    "vxlan": "Vxlan",
    "bridge_vlan": "BridgeVlan",
    "route": "Route",
    "iptables_nat": "IptablesNat",
    "sysctl": "Sysctl",
    "capture": "Capture",
    "process": "Process",
    "vswitch": "Vswitch",
    "dnsmasq_dhcp": "DnsmasqDhcp",
    "dhcp_client": "DhcpClient",
}
_FILES = {"Resource": "base", "Service": "service", **{name: file for file, name in _CLASSES.items()}}


@cache
def __getattr__(name: str) -> Any:
    """A class of a kind (PEP 562)."""
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_FILES[name]}"), name)


class _Kinds(Mapping[str, "type[Resource]"]):
    """The classes by the kinds' names."""

    def __getitem__(self, kind: str) -> type[Resource]:
        found: type[Resource] = __getattr__(_CLASSES[kind])
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(_CLASSES)

    def __len__(self) -> int:
        return len(_CLASSES)


KINDS = _Kinds()

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
