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
positional: machines, failed
extends_documentation_fragment:
  - tcpip.lab.picture
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

from ansible_collections.tcpip.lab.plugins.plugin_utils.omission import understanding
from ansible_collections.tcpip.lab.plugins.plugin_utils.refusal import refusing


@refusing
def mermaid(given: Any, machines: Mapping[str, str] | None = None, failed: Sequence[str] | None = None) -> str:
    """The text of the picture. Raises AnsibleFilterError with the place of the first fault."""
    # All filters of a collection are imported when one is used, and labs need none of these.
    from ansible_collections.tcpip.lab.plugins.plugin_utils import mermaid as drawn  # noqa: PLC0415
    from ansible_collections.tcpip.lab.plugins.plugin_utils import picture  # noqa: PLC0415

    return drawn.text(picture.of(given, machines, failed))


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"mermaid": understanding(mermaid)}
