#!/usr/bin/python

# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: macvlan
short_description: Manage macvlan interfaces
version_added: "0.1.0"
description:
  - Makes, changes and removes macvlan interfaces. Each is a station of its own, with its own MAC address, on the
    network that its parent is connected to.
  - The interface may live in another namespace than its parent, so that a namespace takes part in the network of the
    machine.
extends_documentation_fragment:
  - tcpip.lab.attributes
  - tcpip.lab.attributes.single
  - tcpip.lab.interface
options:
  parent:
    description:
      - The interface that it stands on, by whose cable its frames come and go. Required if O(state=present).
    type: str
  parent_netns:
    description:
      - The namespace that the parent lives in. An empty text is the root namespace.
      - Omitted, it is O(netns).
    type: str
  mode:
    description:
      - What the interfaces of one parent have to do with each other.
      - In mode V(bridge) they reach each other directly.
      - In mode V(private) they do not reach each other.
      - In mode V(vepa) their frames to each other leave by the parent, and they reach each other if the switch at its
        other end sends the frames back.
      - In mode V(passthru) there is one interface, which takes the parent for itself, and its MAC address with it.
    type: str
    choices: [bridge, private, vepa, passthru]
    default: bridge
notes:
  - Whatever the mode, the parent itself and the interfaces on it do not reach each other.
  - Addresses, MAC, MTU, O(up) and O(mode) are changed in place. The kernel cannot change O(parent) and O(parent_netns)
    of an interface, nor V(passthru) to another mode or the other way round. It is then made anew, and what is not
    declared of it, and the routes over it, are lost.
  - The MTU is at most that of the parent, and follows it when the parent's becomes smaller.
  - When the parent goes, the interface goes with it.
  - In mode V(passthru) the O(mac) is also given to the parent.
seealso:
  - module: tcpip.lab.veth
    description: A parent, and pairs that are joined to one other interface alone.
  - module: tcpip.lab.bridge_vlan
    description: A switch that the machine itself takes part in.
  - name: ip-link(8)
    description: The command line, and what the modes mean.
    link: https://man7.org/linux/man-pages/man8/ip-link.8.html
author:
  - Contributors to the tcpip.lab collection (@tcpip-lab)
"""

EXAMPLES = r"""
- name: A station in net1, on the network that eth0 of the namespace host is connected to
  tcpip.lab.macvlan:
    name: macvlan1
    netns: net1
    parent: eth0
    parent_netns: host
    addresses: [192.168.1.50/24]

- name: A second one in net2, with a MAC address that is easy to find in a capture. The two reach each other
  tcpip.lab.macvlan:
    name: macvlan2
    netns: net2
    parent: eth0
    parent_netns: host
    mac: 00:00:5e:00:53:02
    addresses: [192.168.1.60/24]

- name: They do not reach each other any more
  tcpip.lab.macvlan:
    name: macvlan1
    netns: net1
    parent: eth0
    parent_netns: host
    mode: private

- name: One on an interface of the machine itself
  tcpip.lab.macvlan:
    name: macvlan3
    netns: net1
    parent: uplink
    parent_netns: ''
    mtu: 1400

- name: No such interface
  tcpip.lab.macvlan:
    name: macvlan2
    netns: net2
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
    - 'add net1: macvlan macvlan1 parent eth0 mode bridge over host'
    - 'set net1: macvlan1 up'
    - 'add net1: macvlan1 address 192.168.1.50/24'
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
        net1: macvlan1 mode bridge
    after:
      description: What comes, or what it is changed to.
      returned: success
      type: str
      sample: |
        net1: macvlan1 mode private
macvlan:
  description: The interface as it is now, or in check mode as it was found. C(null) if there is no interface O(name).
  returned: success
  type: dict
  contains:
    name:
      description: The name of the interface.
      returned: success
      type: str
      sample: macvlan1
    netns:
      description: The namespace that it lives in. Empty for the root namespace.
      returned: success
      type: str
      sample: net1
    mac:
      description: Its MAC address.
      returned: success
      type: str
      sample: 5e:5c:2e:0f:16:a6
    mtu:
      description: Its MTU in bytes.
      returned: success
      type: int
      sample: 1500
    up:
      description: Whether it is up.
      returned: success
      type: bool
      sample: true
    addresses:
      description: All its addresses with their prefix lengths, those that the kernel gave it included.
      returned: success
      type: list
      elements: str
      sample:
        - 192.168.1.50/24
        - fe80::5c5c:2eff:fe0f:16a6/64
    delay:
      description: How many milliseconds what it sends has to wait.
      returned: when it waits
      type: float
      sample: 20
    jitter:
      description: By how many milliseconds that varies.
      returned: when it varies
      type: float
      sample: 5
    loss:
      description: How many of a hundred packets that it sends are lost.
      returned: when any are lost
      type: float
      sample: 0.1
    rate:
      description: How fast it sends at most, in bits a second.
      returned: when there is a limit
      type: str
      sample: 10mbit
    parent:
      description: The interface that it stands on. C(null) if it lives in no namespace that the task names.
      returned: success
      type: str
      sample: eth0
    parent_netns:
      description:
        - The namespace that the parent lives in. Empty for the root namespace, C(null) if it is none that the task
          names.
      returned: success
      type: str
      sample: host
    mode:
      description: Its mode.
      returned: success
      type: str
      sample: bridge
"""

from ansible_collections.tcpip.lab.plugins.module_utils.kinds import Macvlan
from ansible_collections.tcpip.lab.plugins.module_utils.runner import run_kind


def main() -> None:
    """Entry point."""
    run_kind(Macvlan)


if __name__ == "__main__":
    main()
