# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory of the nodes of a lab: the topology is read as the lab's own playbook reads it, no machine is asked."""

from __future__ import annotations

DOCUMENTATION = r"""
name: lab
short_description: The nodes of a lab as hosts
version_added: "0.1.0"
description:
  - Makes a host of each namespace of a topology, which tasks reach by the connection P(tcpip.lab.netns#connection).
  - It reads a file C(lab.yml) or C(NAME.lab.yml), or one with the ending C(.yaml). No machine is asked for anything, so
    the hosts are there before the lab is.
  - Where each of several machines has the whole lab, by C(lab_spread=false), there is a host for each node on each of
    them, C(NODE.MACHINE).
  - For nodes of machines that other sources of the inventory have, name those sources first. Nodes get what these say
    of how the machine is reached, its variables C(ansible_*).
  - Groups are C(lab_NAME) of all nodes of the lab; C(netns_on_MACHINE) of those on a machine; and by what is declared
    C(netns_routers), which forward by C(net.ipv4.ip_forward) or its like, C(netns_switches), which have a bridge or a
    learning switch, C(netns_servers), which run a process or dnsmasq, and C(netns_stations), all others. What the name
    of a group may not have is replaced by C(_).
  - Variables of a host are C(node_lab), the name of its lab; C(node_machine), its machine; C(node_roles), of C(router),
    C(switch) and C(server) those that it is; C(node_interfaces), a list of what is declared of its interfaces, each
    with C(name), C(addresses), and if given C(mac) and C(mtu); and C(node_address), the first of their addresses,
    without the length of the prefix, where there is one.
author:
  - Contributors to the tcpip.lab collection (@tcpip-lab)
extends_documentation_fragment:
  - ansible.builtin.constructed
options:
  plugin:
    description: The name of this plugin, by which Ansible knows whose file it is.
    type: str
    required: true
    choices: [tcpip.lab.lab]
  playbook:
    description:
      - The playbook that builds the lab, as a path from the directory of this file, or as a name such as
        V(tcpip.lab.router).
      - One of its plays has the role P(tcpip.lab.lab#role) among its C(roles). The topology is that at the end of the
        last stage, with the variables of the play, of the role, and of C(--extra-vars).
      - Either this or O(topology) is needed.
    type: str
  topology:
    description:
      - A YAML file with the options of M(tcpip.lab.topology), C(name) and lists of items by kind, as a path from the
        directory of this file. Templates in it are not rendered.
    type: str
  machines:
    description:
      - The machines that the lab is on, as patterns like those in C(hosts) of a play, such as V(labs), V(labs[0:1])
        or V(labs:!lab3). Their order is part of what places the nodes.
      - By default the C(hosts) of the play, which in the playbooks of this collection are those in the extra variable
        C(lab_machines). Otherwise V(localhost).
    type: list
    elements: str
  placement:
    description:
      - The machines of nodes, by the nodes' names. C(host) of an item in the topology is stronger.
      - Nodes that are not in it are placed as a new lab's are. So it is needed only of a lab whose nodes have stayed
        where they were when the topology or the machines changed.
    type: dict
    default: {}
seealso:
  - plugin: tcpip.lab.netns
    plugin_type: connection
    description: How the hosts are reached.
"""

EXAMPLES = r"""
# router.lab.yml: the nodes of the lab "router" on this machine, with the collection installed
plugin: tcpip.lab.lab
playbook: tcpip.lab.router

---
# lab.yml: those of a lab of your own on three machines of the group "labs", in groups of your own, too
plugin: tcpip.lab.lab
playbook: ../playbooks/our_lab.yml
machines: [labs]
strict: true
groups:
  west: node_machine in ['lab1', 'lab2']
keyed_groups:
  - prefix: by_role
    key: node_roles
compose:
  node_url: "'http://' ~ node_address ~ '/'"

---
# pair.lab.yml: those of a topology that is not in a playbook
plugin: tcpip.lab.lab
topology: files/pair.yml
"""

import contextlib
import os
import sys
import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.group import to_safe_group_name
from ansible.inventory.helpers import get_group_vars
from ansible.inventory.manager import InventoryManager, split_host_pattern
from ansible.playbook import Playbook
from ansible.plugins.inventory import BaseInventoryPlugin, Constructable
from ansible.utils.collection_loader._collection_finder import _get_collection_playbook_path
from ansible.utils.vars import combine_vars
from ansible.vars.manager import VariableManager
from ansible.vars.plugins import get_vars_from_inventory_sources
from ansible_collections.tcpip.lab.plugins.module_utils import placement, topology, values
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.module_utils.hints import meant
from ansible_collections.tcpip.lab.plugins.module_utils.kinds import KINDS
from ansible_collections.tcpip.lab.plugins.plugin_utils import nodes
from ansible_collections.tcpip.lab.plugins.plugin_utils.omission import kept

ROLE = "tcpip.lab.lab"
_ENDINGS = ("lab.yml", "lab.yaml")
_GROUPS = {"router": "netns_routers", "switch": "netns_switches", "server": "netns_servers"}
#: How machines are reached: Ansible's names for it, and ours. Where nothing is said, it is ssh.
_WAYS = {"local": "local", "ssh": "ssh", "smart": "ssh", None: "ssh"}
#: In place of what a machine says of its way to the outside. Which nodes there are does not depend on it.
_NOT_ASKED = {"uplink": {"dev": "uplink", "via": "192.0.2.254", "address": "192.0.2.1"}}

Variables = dict[str, t.Any]
#: A host's name, its node, and the node's machine.
Found = tuple[str, nodes.Node, str]


class Lab(t.NamedTuple):
    """A lab as it is declared, the names of its machines, and whether it is spread over them or whole on each."""

    name: str
    items: Mapping[str, t.Any]
    machines: list[str]
    spread: bool


class InventoryModule(BaseInventoryPlugin, Constructable):  # type: ignore[misc]  # Ansible does not say what its types are
    """The nodes of one lab."""

    NAME = "tcpip.lab.lab"

    def verify_file(self, path: str) -> bool:
        """Whether the file's name is one of ours."""
        name = os.path.basename(path)
        ours = name in _ENDINGS or name.endswith(tuple(f".{ending}" for ending in _ENDINGS))
        return ours and bool(super().verify_file(path))

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        """Add the nodes to the inventory.

        :raises AnsibleParserError: with the place of the fault, in the file or in the topology.
        """
        super().parse(inventory, loader, path, cache)
        try:
            self._read_config_data(path)
            self._add(self._lab(os.path.dirname(path)))
        except LabError as error:
            raise AnsibleParserError(str(error)) from error

    def _lab(self, directory: str) -> Lab:
        given = [name for name in ("playbook", "topology") if self.get_option(name)]
        if len(given) != 1:
            raise LabError("either playbook or topology is needed, to say what the lab is")
        name, value = given[0], self.get_option(given[0])
        file = os.path.join(directory, os.path.expanduser(value))
        named = _get_collection_playbook_path(value) if name == "playbook" and not os.path.exists(file) else None
        file = named[1] if named else file
        if not os.path.exists(file):
            raise LabError(f"there is no file {file}", name)
        with _in(value):
            lab = self._of_playbook(file) if name == "playbook" else self._of_topology(file)
            _check(lab)
            return lab

    def _of_topology(self, file: str) -> Lab:
        content = self.loader.load_from_file(file)
        if not isinstance(content, Mapping) or "name" not in content:
            raise LabError("is to have the name of the lab, and lists of items by kind")
        items = {key: value for key, value in content.items() if key != "name"}
        return Lab(str(content["name"]), items, self._machines("localhost"), spread=True)

    def _of_playbook(self, file: str) -> Lab:
        """The lab as its role is given it, by Ansible's own loading, precedence and templates."""
        manager = VariableManager(loader=self.loader)
        plays = Playbook.load(file, variable_manager=manager, loader=self.loader).get_plays()
        found = [(play, role) for play in plays for role in play.roles if role.get_name() == ROLE]
        if len(found) != 1:
            raise LabError(f"{len(found)} of its plays have {ROLE} among their roles, and one is to have it")
        play, role = found[0]
        variables = {**manager.get_vars(play=play), **role.get_vars(), **manager.extra_vars}
        machines = self._machines(self._render(variables, play.hosts))
        variables.update(ansible_play_hosts_all=machines, ansible_play_hosts=machines, lab_found=_NOT_ASKED)
        if "lab_name" not in variables:
            raise LabError("is not set", "lab_name")
        words = ("lab_name", "lab_topology", "lab_is_spread")
        name, items, spread = (self._render(variables, variables[each]) for each in words)
        items = kept(items, variables["omit"]) if "omit" in variables else items  # later releases drop it themselves
        return Lab(name, items, machines, spread)

    def _render(self, variables: Variables, value: t.Any) -> t.Any:
        self.templar.available_variables = variables
        return self.templar.template(value)

    def _add(self, lab: Lab) -> None:
        ways = {name: self._way(name) for name in lab.machines}
        former = self._former(lab.machines)
        with _in(self.get_option("playbook") or self.get_option("topology")):
            found = list(_hosts(lab, former))
            self._refuse_known(found)
        for name, node, home in found:
            self._add_to_groups(name, node, f"lab_{lab.name}", f"netns_on_{home}")
            given = {"node_lab": lab.name, "node_machine": home, "ansible_netns": node.name}
            self._set(name, {**ways[home], **given, **node.variables()})

    def _refuse_known(self, found: Iterable[Found]) -> None:
        for name, node, _home in found:
            if name in self.inventory.hosts:
                hint = "if it is one of another lab, they are two inventories"
                raise LabError(f"{name!r} is a host of the inventory already", f"{node.place}.name", hint)

    def _add_to_groups(self, host: str, node: nodes.Node, *names: str) -> None:
        roles = [_GROUPS[role] for role in node.roles] or ["netns_stations"]
        for name in (*names, *roles):
            group = self.inventory.add_group(to_safe_group_name(name, force=True, silent=True))
            self.inventory.add_host(host, group)

    def _set(self, host: str, variables: Variables) -> None:
        for name, value in variables.items():
            self.inventory.set_variable(host, name, value)
        strict, known = self.get_option("strict"), {**variables, "inventory_hostname": host}
        self._set_composite_vars(self.get_option("compose"), known, host, strict=strict)
        known = {**known, **self.inventory.get_host(host).get_vars()}
        self._add_host_to_composed_groups(self.get_option("groups"), known, host, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), known, host, strict=strict)

    def _machines(self, otherwise: t.Any) -> list[str]:
        """The names of the machines that the patterns mean, by Ansible's own reading and so in the order of a play."""
        known = InventoryManager(self.loader, parse=False)
        known._inventory = self.inventory
        self.inventory.reconcile_inventory()  # by which the hosts of the sources so far are in the group "all"
        patterns = split_host_pattern(self.get_option("machines") or otherwise)
        for pattern in patterns:
            if not pattern.startswith("!") and not known.get_hosts(pattern.lstrip("&")):
                hint = "the inventory sources that have it are to be named before this one"
                raise LabError(f"there is no host or group {pattern!r} in the inventory", "machines", hint)
        found = [str(host.name) for host in known.get_hosts(patterns)]
        if not found:
            raise LabError(f"no host of the inventory is meant by {':'.join(patterns)!r}", "machines")
        return found

    def _former(self, machines: Collection[str]) -> dict[str, str]:
        for node, machine in self.get_option("placement").items():
            if machine not in machines:
                raise LabError(f"{machine!r} is none of the machines of this lab", f"placement.{node}")
        return dict(self.get_option("placement"))

    def _way(self, machine: str) -> Variables:
        """The variables by which the namespaces of a machine are reached."""
        known = self._variables_of(machine)
        way = {name: self._known(value, known) for name, value in known.items() if name.startswith("ansible_")}
        connection = way.pop("ansible_connection", None)
        found = _WAYS.get(str(connection).removeprefix("ansible.builtin.") if connection else None)
        if found is None:
            raise LabError(f"{machine} is reached by {connection!r}, and this needs local or ssh", "machines")
        host = {"ansible_host": machine} if found == "ssh" else {}
        return {**host, **way, "ansible_connection": "tcpip.lab.netns", "ansible_netns_via": found}

    def _known(self, value: t.Any, variables: Variables) -> t.Any:
        """The value for the machine, as the node has other variables; what is only known later is left for then."""
        try:
            return self._render({"ansible_playbook_python": sys.executable, **variables}, value)
        except AnsibleError:
            return value

    def _variables_of(self, machine: str) -> Variables:
        """What the inventory says of a machine, with the files in group_vars and host_vars."""
        host = self.inventory.get_host(machine)
        groups = sorted({self.inventory.groups["all"], *host.get_groups()}, key=lambda group: str(group.name))
        found = combine_vars(get_group_vars(groups), self._of_files(groups))
        own = combine_vars(host.get_vars(), self._of_files([host]))
        return t.cast(Variables, combine_vars(found, own))

    def _of_files(self, entities: list[t.Any]) -> Variables:
        found = get_vars_from_inventory_sources(self.loader, self.inventory.processed_sources, entities, "all")
        return t.cast(Variables, found)


def _hosts(lab: Lab, former: Mapping[str, str]) -> Iterator[Found]:
    """What is where."""
    resources = topology.parse(lab.items)
    found = nodes.of(resources)
    if lab.spread:
        homes = placement.place(lab.items, resources, lab.machines, former).nodes
        yield from ((node.name, node, homes[node.name]) for node in found)
        return
    several = len(lab.machines) > 1
    for machine in lab.machines:
        yield from ((f"{node.name}.{machine}" if several else node.name, node, machine) for node in found)


@contextlib.contextmanager
def _in(file: str) -> Iterator[None]:
    """A block whose faults are in the file, as it is called by the user."""
    try:
        yield
    except (LabError, AnsibleError) as error:
        raise LabError(str(error), file) from error


def _check(lab: Lab) -> None:
    """Refuse what the module topology would refuse before it reads the items.

    :raises LabError: with the place.
    """
    try:
        values.lab(lab.name)
    except ValueError as reason:
        raise LabError(str(reason), "name") from None
    for kind, items in lab.items.items():
        if kind not in KINDS:
            raise LabError("is not a kind of resource", kind, meant(kind, KINDS))
        if not isinstance(items, list):
            raise LabError(f"{items!r} is not a list", kind)
