# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: placement
short_description: Where the nodes of a lab are to be that is spread over several machines
version_added: 0.1.0
description:
  - Tells, before anything is made, what M(tcpip.lab.topology) does with its option C(machines).
positional: name, machines, whole, written
options:
  _input:
    description: The topology, as M(tcpip.lab.topology) takes it, a dictionary of lists of items by kind.
    type: dict
    required: true
  name:
    description: The name of the lab.
    type: str
    required: true
  machines:
    description: The machines, as M(tcpip.lab.topology) takes them.
    type: dict
    required: true
  whole:
    description: The topology that this one is to become, if nodes are to be where that has them.
    type: dict
  written:
    description:
      - Where the topology was written, if it was put together, as by P(tcpip.lab.stages#filter). By the names of
        variables a topology each, or a list of stages, in the order in which they add up.
      - An error tells the place of what is wrong in these.
    type: dict
seealso:
  - module: tcpip.lab.topology
"""

EXAMPLES = r"""
- name: See where two nodes would be
  ansible.builtin.debug:
    msg: "{{ (topology | tcpip.lab.placement('wide', machines)).summary }}"
  vars:
    topology:
      netns: [{name: ns1}, {name: ns2}]
      veth: [{name: ns1-veth0, netns: ns1, peer: {name: ns2-veth0, netns: ns2}}]
    machines:
      lab1: {address: 192.0.2.1, mtu: 1500}
      lab2: {address: 192.0.2.2, mtu: 1500}
"""

RETURN = r"""
_value:
  description: >-
    The machine of each node as C(nodes), C(mtu), C(summary) and C(machines), as M(tcpip.lab.topology) returns them.
  type: dict
  sample:
    nodes: {ns1: lab1, ns2: lab2}
    mtu: 1450
    summary:
      - 'lab1: ns1'
      - 'lab2: ns2'
      - 'ns1-veth0 on lab1 - ns2-veth0 on lab2: VNI 6404393'
      - 'links that declare no MTU have 1450'
    machines:
      lab1: {address: 192.0.2.1, mtu: 1500, nodes: [ns1]}
      lab2: {address: 192.0.2.2, mtu: 1500, nodes: [ns2]}
"""

from collections.abc import Mapping
from typing import Any, Callable

from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.plugin_utils.omission import understanding
from ansible_collections.tcpip.lab.plugins.plugin_utils.refusal import refusing
from ansible_collections.tcpip.lab.plugins.plugin_utils.written import placed


@refusing
def placement(given: Any, name: str, machines: Any, whole: Any = None, written: Any = None) -> dict[str, Any]:
    """Where the nodes are to be. Raises AnsibleFilterError with the place of the first fault."""
    try:
        return _placement(given, name, machines, whole)
    except LabError as error:
        raise LabError(placed(str(error), written or {})) from None


def _placement(given: Any, name: str, machines: Any, whole: Any) -> dict[str, Any]:
    # All filters of a collection are imported when one is used, and labs on one machine need none of this.
    from ansible_collections.tcpip.lab.plugins.module_utils import spread  # noqa: PLC0415

    for topology in (given, whole or {}):
        if not isinstance(topology, Mapping):
            raise LabError(f"{topology!r} is no topology, which has lists of items by kind")
    known = spread.read({**whole, "name": name}, machines).told()["machines"] if whole else machines
    return spread.read({**given, "name": name}, known).told()


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"placement": understanding(placement)}
