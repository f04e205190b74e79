#!/usr/bin/python

# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: netns
short_description: Manage network namespaces
version_added: "0.1.0"
description:
  - Makes and removes named network namespaces (see network_namespaces(7)), as C(ip netns add) and C(ip netns delete)
    do, and switches their loopback interface on or off.
extends_documentation_fragment:
  - tcpip.lab.attributes
  - tcpip.lab.attributes.single
options:
  name:
    description:
      - The name of the namespace, 1 to 15 bytes, under which it appears in C(/run/netns) and in C(ip netns list).
      - White space, control characters, C(/), C(:) and C(%) are not allowed in it, nor C(-) or C(.) as its first
        character. The limit is that of interfaces, which are often named after their namespace.
    type: str
    required: true
  loopback:
    description:
      - Whether C(lo) is up.
      - Omitted, it is left as it is. In a new namespace the kernel leaves it switched off, and it has no address at
        all before it is switched on for the first time. Until then even C(ping 127.0.0.1) says C(Network is
        unreachable).
    type: bool
notes:
  - A new namespace may inherit settings from the machine, C(net.ipv4.ip_forward) among them (see
    C(net.core.devconf_inherit_init_net) in the kernel's C(Documentation/admin-guide/sysctl/net.rst)). Declare what
    matters by M(tcpip.lab.sysctl), also a V(0).
  - With O(state=absent) the processes of M(tcpip.lab.process) and its like that run in the namespace are ended, and the
    name is taken away. Processes of others are not ended, and the namespace with its interfaces lives on without a name
    until the last of them is gone.
seealso:
  - module: tcpip.lab.veth
    description: Interfaces that join namespaces.
  - module: tcpip.lab.sysctl
    description: The kernel's settings in a namespace.
  - name: network_namespaces(7)
    description: What a network namespace has of its own.
    link: https://man7.org/linux/man-pages/man7/network_namespaces.7.html
  - name: ip-netns(8)
    description: The command line for named namespaces.
    link: https://man7.org/linux/man-pages/man8/ip-netns.8.html
author:
  - Contributors to the tcpip.lab collection (@tcpip-lab)
"""

EXAMPLES = r"""
- name: A namespace as the kernel makes it, its loopback switched off
  tcpip.lab.netns:
    name: ns1

- name: The same namespace, in which 127.0.0.1 and ::1 answer
  tcpip.lab.netns:
    name: ns1
    loopback: true

- name: Another namespace
  tcpip.lab.netns:
    name: ns2
    loopback: true

- name: No such namespace
  tcpip.lab.netns:
    name: ns1
    state: absent
"""

RETURN = r"""
changes:
  description:
    - The steps that were taken, in their order, or that would be taken in check mode. Empty if nothing had to be
      done.
  returned: success
  type: list
  elements: str
  sample:
    - 'add namespace ns1'
diff:
  description: The lines that go and the lines that come, for C(--diff).
  returned: success
  type: dict
  contains:
    before:
      description: What is taken away or changed.
      returned: success
      type: str
      sample: ''
    after:
      description: What comes, or what it is changed to.
      returned: success
      type: str
      sample: |
        namespace ns1
        ns1: lo up
netns:
  description: The namespace as it is now, or in check mode as it was found. C(null) if there is none.
  returned: success
  type: dict
  contains:
    name:
      description: The name of the namespace.
      returned: success
      type: str
      sample: ns1
    loopback:
      description: Whether C(lo) is up.
      returned: success
      type: bool
      sample: true
"""

from ansible_collections.tcpip.lab.plugins.module_utils.kinds import Netns
from ansible_collections.tcpip.lab.plugins.module_utils.runner import run_kind


def main() -> None:
    """Entry point."""
    run_kind(Netns)


if __name__ == "__main__":
    main()
