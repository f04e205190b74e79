#!/usr/bin/python

# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: veth
short_description: Manage pairs of virtual Ethernet interfaces
version_added: "0.1.0"
description:
  - Makes, changes and removes pairs of veth(4) interfaces. They are joined back to back, and what is sent by one of
    them arrives at the other.
  - The ends may lie in any two namespaces of the machine, the root namespace included, or both in the same one.
extends_documentation_fragment:
  - tcpip.lab.attributes
  - tcpip.lab.attributes.single
  - tcpip.lab.interface
options:
  peer:
    description:
      - The other end. Required if O(state=present).
      - With O(state=absent) it is not needed, since the ends of a pair go together. If it is given, an interface of
        its name is removed even where it has come to be joined to another.
    type: dict
    suboptions:
      name:
        description: The name of the other end, by the rules of O(name).
        type: str
        required: true
      netns:
        description:
          - The namespace that the other end lives in. Omitted or empty, it is the root namespace, wherever the first
            end lives.
        type: str
      addresses:
        description: The addresses of the other end, as in O(addresses).
        type: list
        elements: str
        default: []
      purge_addresses:
        description: Whether other addresses of the other end are removed, as in O(purge_addresses).
        type: bool
        default: false
      mac:
        description: The MAC address of the other end, as in O(mac). Omitted, it is not managed.
        type: str
      mtu:
        description: The MTU of the other end in bytes, as in O(mtu). Omitted, it is not managed.
        type: int
      up:
        description: Whether the other end is up, as in O(up).
        type: bool
        default: true
      delay:
        description: How many milliseconds what the other end sends has to wait, as in O(delay).
        type: float
      jitter:
        description: By how many milliseconds that varies at most, as in O(jitter).
        type: float
      loss:
        description: How many of a hundred packets that the other end sends are lost, as in O(loss).
        type: float
      rate:
        description: How fast the other end sends at most, in bits a second, as in O(rate).
        type: str
notes:
  - Addresses, MAC, MTU, O(up) and what is done to packets are changed in place. A pair is made anew only when it
    consists of other ends than those declared, such as O(name) being there with another peer. What is not declared of
    it, and the routes over it, are then lost.
  - It is not made anew in place of an interface of another kind, nor where the peer of the interface lies in a
    namespace that this task does not name. This is an error.
  - Neither end has a carrier before both are up.
  - The MTUs of the two ends are independent of each other. A frame that is larger than the MTU of the end where it
    arrives is dropped in silence, so declare both.
seealso:
  - module: tcpip.lab.netns
    description: Namespaces for the ends.
  - module: tcpip.lab.route
    description: Routes over the ends.
  - name: tc-netem(8)
    description: What delays packets, and loses them.
    link: https://man7.org/linux/man-pages/man8/tc-netem.8.html
  - name: veth(4)
    description: Virtual Ethernet devices.
    link: https://man7.org/linux/man-pages/man4/veth.4.html
author:
  - Contributors to the tcpip.lab collection (@tcpip-lab)
"""

EXAMPLES = r"""
- name: Join ns1 and ns2
  tcpip.lab.veth:
    name: ns1-veth0
    netns: ns1
    addresses: [192.0.2.1/24, '2001:db8::1/64']
    peer:
      name: ns2-veth0
      netns: ns2
      addresses: [192.0.2.2/24, '2001:db8::2/64']

- name: The same pair for larger packets, with MAC addresses that are easy to find in a capture
  tcpip.lab.veth:
    name: ns1-veth0
    netns: ns1
    mac: 00:00:5e:00:53:01
    mtu: 9000
    peer:
      name: ns2-veth0
      netns: ns2
      mac: 00:00:5e:00:53:02
      mtu: 9000

- name: ns1 has exactly one address now, and its IPv6 link-local one
  tcpip.lab.veth:
    name: ns1-veth0
    netns: ns1
    addresses: [192.0.2.11/24]
    purge_addresses: true
    peer:
      name: ns2-veth0
      netns: ns2

- name: A slow line, by which ns2 receives 2 Mbit/s, and what it sends gets lost now and then
  tcpip.lab.veth:
    name: ns1-veth0
    netns: ns1
    delay: 20
    jitter: 5
    rate: 2mbit
    peer:
      name: ns2-veth0
      netns: ns2
      delay: 20
      loss: 0.5

- name: A line as fast as the machine again
  tcpip.lab.veth:
    name: ns1-veth0
    netns: ns1
    delay: 0
    peer:
      name: ns2-veth0
      netns: ns2
      delay: 0

- name: Pull the cable of ns2
  tcpip.lab.veth:
    name: ns1-veth0
    netns: ns1
    peer:
      name: ns2-veth0
      netns: ns2
      up: false

- name: Join ns1 and the machine itself
  tcpip.lab.veth:
    name: ns1-uplink
    netns: ns1
    addresses: [203.0.113.1/24]
    peer:
      name: to-ns1
      addresses: [203.0.113.254/24]

- name: No pair, seen from either end
  tcpip.lab.veth:
    name: to-ns1
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
    - 'add ns1: veth ns1-veth0 peer ns2-veth0 in ns2'
    - 'set ns1: ns1-veth0 up'
    - 'add ns1: ns1-veth0 address 192.0.2.1/24'
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
        ns1: ns1-veth0 mtu 1500
        ns2: ns2-veth0 mtu 1500
    after:
      description: What comes, or what it is changed to.
      returned: success
      type: str
      sample: |
        ns1: ns1-veth0 mtu 9000
        ns2: ns2-veth0 mtu 9000
veth:
  description:
    - The first end and its peer as they are now, or in check mode as they were found. C(null) if there is no
      interface O(name).
  returned: success
  type: dict
  contains:
    name:
      description: The name of the interface.
      returned: success
      type: str
      sample: ns1-veth0
    netns:
      description: The namespace that it lives in. Empty for the root namespace.
      returned: success
      type: str
      sample: ns1
    mac:
      description: Its MAC address.
      returned: success
      type: str
      sample: 72:36:70:5f:6f:97
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
        - 192.0.2.1/24
        - 2001:db8::1/64
        - fe80::7036:70ff:fe5f:6f97/64
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
    peer:
      description: The other end. Missing if it lies in a namespace that the task does not name.
      returned: when the other end is in sight
      type: dict
      contains:
        name:
          description: The name of the interface.
          returned: success
          type: str
          sample: ns2-veth0
        netns:
          description: The namespace that it lives in. Empty for the root namespace.
          returned: success
          type: str
          sample: ns2
        mac:
          description: Its MAC address.
          returned: success
          type: str
          sample: 0e:ed:ce:2f:c4:48
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
            - 192.0.2.2/24
            - 2001:db8::2/64
            - fe80::ced:ceff:fe2f:c448/64
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
"""

from ansible_collections.tcpip.lab.plugins.module_utils.kinds import Veth
from ansible_collections.tcpip.lab.plugins.module_utils.runner import run_kind


def main() -> None:
    """Entry point."""
    run_kind(Veth)


if __name__ == "__main__":
    main()
