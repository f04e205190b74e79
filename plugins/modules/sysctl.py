#!/usr/bin/python

# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sysctl
short_description: Manage the kernel's settings at run time
version_added: "0.1.0"
description:
  - Writes settings of the kernel under C(/proc/sys), of a namespace or of the machine. They last until the namespace
    is removed or the machine is booted again. No file is written. C(ansible.posix.sysctl) does that.
extends_documentation_fragment:
  - tcpip.lab.attributes
  - tcpip.lab.attributes.single
options:
  netns:
    description:
      - The namespace whose setting it is. Only settings under C(net) belong to namespaces.
      - Omitted or empty, it is the machine's own, the root network namespace.
    type: str
  name:
    description:
      - The name of the setting, such as V(net.ipv4.ip_forward).
      - The first separator, C(.) or C(/), is the one that separates, and the other one stands for itself, as in
        sysctl(8). An interface C(eth0.100) is thus V(net/ipv4/conf/eth0.100/forwarding) or
        V(net.ipv4.conf.eth0/100.forwarding).
    type: str
    required: true
  value:
    description:
      - The value, as C(sysctl) shows it. Required if O(state=present).
      - Several words are compared whatever white space lies between them.
      - Switches take V(1) and V(0). YAML's C(true) is not a number.
    type: str
  state:
    description:
      - V(present) writes O(value) where another is found.
      - V(absent) writes the value that the setting had before this module first changed it, and forgets it. If it
        never did, nothing happens.
notes:
  - The first value is remembered in C(/run/tcpip.lab) until O(state=absent), until the machine is booted again, or
    until the namespace is gone.
  - A new namespace may inherit C(net.ipv4.ip_forward) and other IPv4 settings from the machine (see
    C(net.core.devconf_inherit_init_net) in the kernel's C(Documentation/admin-guide/sysctl/net.rst)). What matters
    has to be declared also where it is V(0).
  - Some settings change others. Writing C(net.ipv4.ip_forward), for one, resets other IPv4 settings of the namespace
    to their defaults (C(Documentation/networking/ip-sysctl.rst)). A topology writes it before the others that it
    declares, and O(state=absent) in the root namespace gives those that it changed along their first values, too.
  - C(disable_ipv6) takes the IPv6 addresses from interfaces, and the routes over them. O(state=absent) does not restore
    those. The kernel itself makes link-local addresses anew.
  - When C(addr_gen_mode) changes, the kernel may give link-local addresses to interfaces without one. They stay.
seealso:
  - name: IP Sysctl
    description: The settings under C(net.ipv4) and C(net.ipv6).
    link: https://docs.kernel.org/networking/ip-sysctl.html
  - name: sysctl(8)
    description: The command line, and how names are read.
    link: https://man7.org/linux/man-pages/man8/sysctl.8.html
author:
  - Contributors to the tcpip.lab collection (@tcpip-lab)
"""

EXAMPLES = r"""
- name: Make a router of a namespace
  tcpip.lab.sysctl:
    netns: router
    name: net.ipv4.ip_forward
    value: 1

- name: The same for IPv6
  tcpip.lab.sysctl:
    netns: router
    name: net.ipv6.conf.all.forwarding
    value: 1

- name: A setting of one interface
  tcpip.lab.sysctl:
    netns: router
    name: net.ipv4.conf.gw-veth0.proxy_arp
    value: 1

- name: A setting of several words, on the machine itself
  tcpip.lab.sysctl:
    name: net.ipv4.ip_local_port_range
    value: 40000 60999

- name: The ports that were there first
  tcpip.lab.sysctl:
    name: net.ipv4.ip_local_port_range
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
    - 'change router: net.ipv4.ip_forward = 0 to router: net.ipv4.ip_forward = 1'
diff:
  description: The lines that go and the lines that come, for C(--diff).
  returned: success
  type: dict
  contains:
    before:
      description: What is taken away or changed.
      returned: success
      type: str
      sample: |
        router: net.ipv4.ip_forward = 0
    after:
      description: What comes, or what it is changed to.
      returned: success
      type: str
      sample: |
        router: net.ipv4.ip_forward = 1
sysctl:
  description: The setting as it is now, or in check mode as it was found. C(null) if it cannot be read.
  returned: success
  type: dict
  contains:
    netns:
      description: The namespace. Empty for the root namespace.
      returned: success
      type: str
      sample: router
    name:
      description: The name of the setting, with dots between its parts.
      returned: success
      type: str
      sample: net.ipv4.ip_forward
    value:
      description: Its value, with single blanks between its words.
      returned: success
      type: str
      sample: '1'
"""

from ansible_collections.tcpip.lab.plugins.module_utils.kinds import Sysctl
from ansible_collections.tcpip.lab.plugins.module_utils.runner import run_kind


def main() -> None:
    """Entry point."""
    run_kind(Sysctl)


if __name__ == "__main__":
    main()
