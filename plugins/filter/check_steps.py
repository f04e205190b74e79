# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: check_steps
short_description: The steps by which several machines make checks together
version_added: 0.1.0
description:
  - The namespaces of a lab may be spread over several machines. This filter cuts a list of checks, as
    M(tcpip.lab.check) takes it, into steps, each of which M(tcpip.lab.witness) does on one of the machines, one after
    another.
  - Each machine makes the checks whose namespaces it has. A packet that one machine sends and another one has to see is
    captured there from before to after it is sent, and a text is sent once the other machine listens. As a datagram may
    be lost on its way, and its sender is not told, it is sent three times, unless a capture has a C(count).
  - The order is that of M(tcpip.lab.check), traffic without C(captures), then the other checks one after another, and
    last of all what is looked at. What one machine does in a row is one step, so that a lab on a single machine has a
    single one.
  - A check that cannot be read is refused with its place.
positional: nodes, machines
options:
  _input:
    description: The checks, as M(tcpip.lab.check) takes them.
    type: list
    elements: dict
    required: true
  nodes:
    description: On which machine each namespace is, by its name in the inventory. The empty name is the root namespace.
    type: dict
    required: true
  machines:
    description:
      - All machines, by their names in the inventory. That a namespace is not there is looked for on all of them, and
        the first of them is asked about namespaces that are not in O(nodes).
      - Those in O(nodes) if omitted.
    type: list
    elements: str
seealso:
  - module: tcpip.lab.witness
    description: Does a step.
"""

EXAMPLES = r"""
- name: Check what is to be seen in a lab on two machines
  tcpip.lab.witness:
    actions: "{{ item.actions }}"
    leases: "{{ (seen | default({})).leases | default(omit) }}"
  loop: "{{ checks | tcpip.lab.check_steps(nodes, ansible_play_hosts) }}"
  loop_control:
    label: "{{ item.title }}"
  delegate_to: "{{ item.machine }}"
  run_once: true
  register: seen
  vars:
    nodes: {ns1: lab1, ns2: lab2}
    checks:
      - name: A text crosses the network
        tcp: {from: ns1, to: 198.51.100.1, at: ns2, port: 54321}
"""

RETURN = r"""
_value:
  description: The steps in their order.
  type: list
  elements: dict
  contains:
    machine:
      description: The machine that does it.
      type: str
      sample: lab1
    title:
      description: The names of the checks that it is a part of.
      type: str
      sample: ns1 reaches ns2, and 3 more
    actions:
      description: What it does, as M(tcpip.lab.witness) takes it.
      type: list
      elements: dict
"""

from typing import Any, Callable

from ansible_collections.tcpip.lab.plugins.module_utils.options import Option, Options, read
from ansible_collections.tcpip.lab.plugins.plugin_utils.omission import understanding
from ansible_collections.tcpip.lab.plugins.plugin_utils.refusal import refusing

OPTIONS: Options = {
    "checks": Option("list", elements="raw", required=True),
    "nodes": Option("dict", required=True),
    "machines": Option("list", elements="str", default=[]),
}


@refusing
def check_steps(checks: Any, nodes: Any, machines: Any = None) -> list[dict[str, Any]]:
    """The steps as Ansible's own data. Raises AnsibleFilterError with the place of the first fault."""
    # All filters of a collection are imported when one is used, and labs on one machine need none of this.
    from ansible_collections.tcpip.lab.plugins.module_utils.checks import steps  # noqa: PLC0415

    given = read({"checks": checks, "nodes": nodes, "machines": machines}, OPTIONS, "")
    return [dict(vars(step)) for step in steps.steps(given["checks"], given["nodes"], given["machines"])]


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"check_steps": understanding(check_steps)}
