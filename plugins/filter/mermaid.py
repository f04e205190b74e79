# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mermaid
short_description: A picture of a lab, as a flowchart for Mermaid
version_added: 0.1.0
description:
  - Draws a topology, or what is there of a lab, as a flowchart of Mermaid, which GitHub and others draw where it stands
    in Markdown.
  - Namespaces are boxes, with their interfaces, addresses, bridges and learning switches, and with what is said of
    them, such as address translation, DHCP, forwarding and default routes. Cables are lines. VXLANs are dashed lines
    with their VNI, and macvlan interfaces hang on dotted ones. Ports have their VLANs. Link-local addresses are left
    out.
  - Of what is there it shows what is not as it was declared in one colour, and what was declared and is not there in
    another one.
  - The same input gives the same text.
positional: machines, failed
options:
  _input:
    description:
      - The topology, as M(tcpip.lab.topology) takes it, a dictionary of lists of items by kind.
      - Or what is there, one of the RV(tcpip.lab.lab_info#module:labs) that M(tcpip.lab.lab_info) returns.
    type: dict
    required: true
  machines:
    description:
      - On which machine each namespace is, by its name, as the filter P(tcpip.lab.placement#filter) tells as C(nodes).
        Each machine is a frame then. A cable between two of them is dashed, since it becomes a VXLAN.
    type: dict
    default: {}
  failed:
    description:
      - The namespaces in which a check has failed, by their names. They are in a colour of their own. The empty name is
        the root namespace.
    type: list
    elements: str
    default: []
seealso:
  - plugin: tcpip.lab.dot
    plugin_type: filter
    description: The same for Graphviz.
  - module: tcpip.lab.lab_info
author:
  - Contributors to the tcpip.lab collection (@tcpip-lab)
"""

EXAMPLES = r"""
- name: Look at a lab
  tcpip.lab.lab_info:
    name: router
  register: found
  become: true

- name: Draw what is there
  ansible.builtin.copy:
    content: "{{ found.labs[0] | tcpip.lab.mermaid }}"
    dest: "{{ playbook_dir }}/router.mermaid"
    mode: "0644"
  delegate_to: localhost

- name: Draw what is to be there, machine by machine
  ansible.builtin.debug:
    msg: "{{ topology | tcpip.lab.mermaid(machines={'ns1': 'lab1', 'ns2': 'lab2'}) }}"
  vars:
    topology:
      netns: [{name: ns1}, {name: ns2}]
      veth: [{name: ns1-veth0, netns: ns1, peer: {name: ns2-veth0, netns: ns2}}]
"""

RETURN = r"""
_value:
  description: The text of the picture.
  type: str
  sample: "flowchart LR\\n  b0p0 --- b1p0\\n"
"""

from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.tcpip.lab.plugins.plugin_utils.omission import understanding


def mermaid(given: Any, machines: Mapping[str, str] | None = None, failed: Sequence[str] | None = None) -> str:
    """The text of the picture. Raises AnsibleFilterError with the place of the first fault."""
    # All filters of a collection are imported when one is used, and labs need none of these.
    from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError  # noqa: PLC0415
    from ansible_collections.tcpip.lab.plugins.plugin_utils import mermaid as drawn  # noqa: PLC0415
    from ansible_collections.tcpip.lab.plugins.plugin_utils import picture  # noqa: PLC0415

    try:
        return drawn.text(picture.of(given, machines, failed))
    except LabError as error:
        raise AnsibleFilterError(str(error)) from None


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"mermaid": understanding(mermaid)}
