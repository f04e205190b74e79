# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: stages
short_description: The topology that a scenario's stages add up to
version_added: 0.1.0
description:
  - A scenario is told in stages, and each adds to the ones before. This filter gives the topology at the end of a
    stage, as M(tcpip.lab.topology) takes it.
  - An item of a later stage that has the identity of an earlier one completes it. Its keys override the earlier ones,
    C(peer) is completed likewise.
  - The identity is C(netns) and C(name), for a DHCP client C(netns) and C(dev), for a route C(netns), the IP version,
    C(dst), C(table) and C(metric).
  - What is no topology is refused with its place, for example two items of one identity in the same stage.
positional: upto
options:
  _input:
    description:
      - The stages. Only their key C(topology) is read, a dictionary of lists of items by kind, which can be omitted.
    type: list
    elements: dict
    required: true
  upto:
    description: How many of the stages, from the first. All of them if omitted.
    type: int
"""

EXAMPLES = r"""
- name: Build the lab as it is after its first stage
  tcpip.lab.topology:
    name: router
    netns: "{{ topology.netns }}"
    sysctl: "{{ topology.sysctl }}"
  vars:
    lab_stages:
      - topology:
          netns: [{name: router}]
          sysctl: [{netns: router, name: net.ipv4.ip_forward, value: 0}]
      - topology:
          sysctl: [{netns: router, name: net.ipv4.ip_forward, value: 1}]
    topology: "{{ lab_stages | tcpip.lab.stages(1) }}"
"""

RETURN = r"""
_value:
  description: Lists of items by kind.
  type: dict
  sample:
    netns: [{name: router}]
    sysctl: [{netns: router, name: net.ipv4.ip_forward, value: 0}]
"""

from typing import Any, Callable

from ansible_collections.tcpip.lab.plugins.module_utils import merging
from ansible_collections.tcpip.lab.plugins.module_utils.options import Option, Options, read
from ansible_collections.tcpip.lab.plugins.plugin_utils.refusal import refusing
from ansible_collections.tcpip.lab.plugins.plugin_utils.stages import topologies

OPTIONS: Options = {"upto": Option("int")}


@refusing
def stages(given: Any, upto: Any = None) -> dict[str, list[dict[str, Any]]]:
    """The topology of the first C(upto) stages. Raises AnsibleFilterError with the place of the first fault."""
    count = read({"upto": upto}, OPTIONS, "")["upto"]
    return merging.merge(topologies(given)[:count])


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"stages": stages}
