#!/usr/bin/python

# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: underlay_info
short_description: Tell how a machine can take part in a lab over several machines
version_added: "0.1.0"
description:
  - Tells the machine's address on the network that joins the machines, the MTU of that network, and which nodes of a
    lab the machine has already.
  - It is what O(tcpip.lab.topology#module:machines) is made of. The role P(tcpip.lab.lab#role) uses it so.
  - It fails where a link of the lab could not cross, because another machine does not answer or a program has the UDP
    port.
extends_documentation_fragment:
  - tcpip.lab.attributes.info
options:
  lab:
    description: The name of the lab.
    type: str
    required: true
  address:
    description:
      - The machine's IPv4 or IPv6 address on the network that joins the machines.
      - If it is omitted, it is the one from which the machine sends to the outside, by its routes.
    type: str
  peers:
    description:
      - Such addresses of the other machines. Each is sent echo requests that must not be cut into fragments, to find
        the MTU.
      - If it is omitted or empty, nothing is sent, and neither RV(mtu) nor the UDP port is looked at.
    type: list
    elements: str
    default: []
  port:
    description: The UDP port that links are to cross by.
    type: int
    default: 4789
requirements:
  - pyroute2 >= 0.7.2 on the managed node
  - ping (iputils) and ss (iproute2) where there are O(peers)
  - the privileges of root
seealso:
  - module: tcpip.lab.topology
author:
  - Contributors to the tcpip.lab collection (@tcpip-lab)
"""

EXAMPLES = r"""
- name: See which address of the machine the others should use
  tcpip.lab.underlay_info:
    lab: router
  register: found

- name: See that the others can be reached, and by how large packets
  tcpip.lab.underlay_info:
    lab: router
    address: 192.0.2.1
    peers: [192.0.2.2, 192.0.2.3]
  register: measured

- name: Use another port, where another overlay has the usual one
  tcpip.lab.underlay_info:
    lab: router
    address: '2001:db8::1'
    peers: ['2001:db8::2']
    port: 14789
"""

RETURN = r"""
address:
  description: The machine's address.
  returned: success
  type: str
  sample: 192.0.2.1
mtu:
  description: The largest packet, in bytes, that goes to all of O(peers) without being cut into fragments.
  returned: when there are O(peers)
  type: int
  sample: 1500
nodes:
  description: The namespaces of the lab that the machine has.
  returned: success
  type: list
  elements: str
  sample: [ns1, router]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.tcpip.lab.plugins.module_utils import runner, underlay, values
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.module_utils.options import Option, Options, argument_spec, read

OPTIONS: Options = {
    "lab": Option(value=values.lab, required=True),
    "address": Option(value=values.unicast),
    "peers": Option("list", elements="str", value=values.unicast, default=[]),
    "port": Option("int", value=values.port, default=values.VXLAN_PORT),
}


def look(given: dict[str, Any]) -> dict[str, Any]:
    """The module's result. Raises LabError where a link could not cross."""
    options = read(given, OPTIONS, "")
    address, peers = underlay.own_address(options["address"]), options["peers"]
    found = {"address": address, "nodes": underlay.nodes(options["lab"])}
    if not peers:
        return found
    underlay.check_port(options["port"], address)
    return {**found, "mtu": underlay.mtu(address, peers)}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec(OPTIONS), supports_check_mode=True)
    runner.require(module, "to measure what the network between the machines carries")
    try:
        module.exit_json(changed=False, **look(module.params))
    except LabError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
