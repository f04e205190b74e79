# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory says of the nodes of a topology. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.tcpip.lab.plugins.module_utils.kinds import Netns, Resource, Sysctl
from ansible_collections.tcpip.lab.plugins.module_utils.kinds.interface import Interface

#: What a node is by the resources that it has, besides a router.
_ROLES = {"bridge_vlan": "switch", "vswitch": "switch", "dnsmasq_dhcp": "server", "process": "server"}


@dataclass
class Node:
    """A namespace: its interfaces, and what it is (C(router), C(switch), C(server)), each in order of appearance."""

    name: str
    place: str
    roles: list[str] = field(default_factory=list)
    interfaces: list[Interface] = field(default_factory=list)

    def take(self, resource: Resource) -> None:
        """Note what the resource says of the node."""
        role = "router" if isinstance(resource, Sysctl) and _forwards(resource) else _ROLES.get(resource.KIND)
        if role and role not in self.roles:
            self.roles.append(role)
        self.interfaces += [end for end in resource.ends() if end.netns == self.name]

    def variables(self) -> dict[str, Any]:
        """The variables of its host."""
        addresses = [address for each in self.interfaces for address in each.addresses]
        first = {"node_address": addresses[0].partition("/")[0]} if addresses else {}
        return {"node_roles": self.roles, "node_interfaces": [_as_data(each) for each in self.interfaces], **first}


def of(resources: Iterable[Resource]) -> list[Node]:
    """The nodes of a topology, in its order."""
    found = list(resources)
    nodes = {each.name: Node(each.name, each.place) for each in found if isinstance(each, Netns)}
    for resource in found:
        for name in resource.namespaces & nodes.keys():
            nodes[name].take(resource)
    return list(nodes.values())


def _forwards(setting: Sysctl) -> bool:
    *_path, name = setting.name.split(".")
    return name in ("ip_forward", "forwarding") and setting.value == "1"


def _as_data(interface: Interface) -> dict[str, Any]:
    given = {name: value for name in ("mac", "mtu") if (value := getattr(interface, name)) is not None}
    return {"name": interface.name, "addresses": list(interface.addresses), **given}
