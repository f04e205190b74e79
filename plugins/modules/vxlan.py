#!/usr/bin/python

# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vxlan
short_description: Manage VXLAN devices
version_added: "0.1.0"
description:
  - Makes, changes and removes VXLAN devices (RFC 7348). What is sent by such a device travels as the payload of UDP
    datagrams over another network, the underlay, and comes out of the device of the same O(id) at the other end.
extends_documentation_fragment:
  - tcpip.lab.attributes
  - tcpip.lab.attributes.single
  - tcpip.lab.interface
options:
  underlay:
    description:
      - The namespace whose network carries the datagrams. The device's UDP socket is there, and O(dev), O(local) and
        the route to O(remote) are looked up there. An empty text is the root namespace.
      - Omitted, it is O(netns).
    type: str
  id:
    description:
      - The VXLAN network identifier (VNI), V(0) to V(16777215) (24 bits, RFC 7348, section 5). Required if
        O(state=present).
    type: int
  remote:
    description:
      - The IPv4 or IPv6 unicast address to which frames are sent whose destination has no entry in the forwarding
        database. With two ends this is the other one.
      - Excludes O(group). Omitted, it is not managed.
    type: str
  group:
    description:
      - The IPv4 or IPv6 multicast group to which such frames are sent, and which the device joins. Needs O(dev).
      - Excludes O(remote). Omitted, it is not managed.
    type: str
  local:
    description:
      - The address that the datagrams come from. It has to be of the same IP version as O(remote) or O(group).
      - Omitted, it is not managed. A new device takes the address that the route suggests.
    type: str
  dstport:
    description:
      - The UDP port that the datagrams are sent to and that the device listens on.
      - The default is the port that the IANA assigned to VXLAN (RFC 7348, section 8). Without C(dstport), C(ip link)
        takes 8472, which Linux had used before. Both ends need the same.
    type: int
    default: 4789
  dev:
    description:
      - The interface of O(underlay) by which the datagrams leave.
      - A new device takes its MTU from it, less 50 bytes for IPv4 or 70 for IPv6, if O(mtu) is omitted. Without
        O(dev) it is 1500, which is too much on an underlay of 1500.
      - Omitted, it is not managed. The datagrams of a new device then follow the routes.
    type: str
  learning:
    description:
      - Whether the device learns from the frames that arrive which MAC address is behind which address of the
        underlay.
    type: bool
    default: true
  ttl:
    description:
      - The TTL or hop limit of the datagrams, V(1) to V(255). V(0) leaves it to the kernel, which takes the system's
        default for unicast and 1 for multicast.
      - Omitted, it is not managed. For a new device that is the same as V(0).
    type: int
  fdb:
    description:
      - Permanent entries of the forwarding database. If it is given, the device has exactly these, and the one for
        O(remote) or O(group) that the kernel makes. Learned entries are left alone.
      - Omitted, the entries are not managed, except that of O(remote) or O(group). An empty list removes all others.
    type: list
    elements: dict
    suboptions:
      mac:
        description:
          - The MAC address of a station.
          - V(00:00:00:00:00:00) stands for all that are not known. It may be given several times with different
            O(fdb[].dst), and each gets a copy of the frame.
        type: str
        required: true
      dst:
        description: The address of the underlay behind which the station is.
        type: str
        required: true
notes:
  - O(remote), O(group), O(local), O(dev), O(learning), O(ttl), O(fdb) and the options of all interfaces are changed
    in place. The kernel cannot change O(id), O(dstport), O(underlay) and the IP version of a device, nor until Linux
    6.15 the group that a device is in. It is then made anew, and what is not declared of it, and the routes over it,
    are lost.
  - The device stays in its underlay with its UDP socket when it is in another namespace itself. This gives a
    namespace an overlay and nothing else.
seealso:
  - module: tcpip.lab.veth
    description: An underlay.
  - name: RFC 7348
    description: Virtual eXtensible Local Area Network (VXLAN).
    link: https://www.rfc-editor.org/rfc/rfc7348
  - name: ip-link(8)
    description: The command line, and what the options mean.
    link: https://man7.org/linux/man-pages/man8/ip-link.8.html
  - name: bridge(8)
    description: C(bridge fdb) shows the forwarding database.
    link: https://man7.org/linux/man-pages/man8/bridge.8.html
author:
  - Contributors to the tcpip.lab collection (@tcpip-lab)
"""

EXAMPLES = r"""
- name: One end of an overlay between 192.0.2.1 and 203.0.113.1
  tcpip.lab.vxlan:
    name: ns1-vxlan0
    netns: ns1
    id: 100
    remote: 203.0.113.1
    dev: ns1-veth0
    addresses: [198.51.100.1/24]

- name: The same device sends to another end
  tcpip.lab.vxlan:
    name: ns1-vxlan0
    netns: ns1
    id: 100
    remote: 203.0.113.2
    dev: ns1-veth0

- name: An overlay of three ends, without learning
  tcpip.lab.vxlan:
    name: ns1-vxlan1
    netns: ns1
    id: 101
    local: 192.0.2.1
    dev: ns1-veth0
    learning: false
    fdb:
      - {mac: '00:00:00:00:00:00', dst: 203.0.113.1}
      - {mac: '00:00:00:00:00:00', dst: 203.0.113.2}
      - {mac: '00:00:5e:00:53:02', dst: 203.0.113.2}
    addresses: ['2001:db8:1::1/64']

- name: An overlay whose ends find each other by multicast, over IPv6
  tcpip.lab.vxlan:
    name: ns1-vxlan2
    netns: ns1
    id: 102
    group: ff05::100
    dev: ns1-veth0
    ttl: 8

- name: A namespace that sees the overlay and nothing of the machine's network that carries it
  tcpip.lab.vxlan:
    name: ns2-vxlan0
    netns: ns2
    underlay: ''
    id: 103
    remote: 203.0.113.3
    addresses: [198.51.100.2/24]
    mtu: 1450

- name: No such device
  tcpip.lab.vxlan:
    name: ns1-vxlan1
    netns: ns1
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
    - 'add ns1: vxlan ns1-vxlan0 id 100 dstport 4789 remote 203.0.113.1 dev ns1-veth0 learning on'
    - 'set ns1: ns1-vxlan0 up'
    - 'add ns1: ns1-vxlan0 address 198.51.100.1/24'
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
        ns1: ns1-vxlan0 remote 203.0.113.1
    after:
      description: What comes, or what it is changed to.
      returned: success
      type: str
      sample: |
        ns1: ns1-vxlan0 remote 203.0.113.2
vxlan:
  description: The device as it is now, or in check mode as it was found. C(null) if there is no interface O(name).
  returned: success
  type: dict
  contains:
    name:
      description: The name of the interface.
      returned: success
      type: str
      sample: ns1-vxlan0
    netns:
      description: The namespace that it lives in. Empty for the root namespace.
      returned: success
      type: str
      sample: ns1
    mac:
      description: Its MAC address.
      returned: success
      type: str
      sample: 0e:ef:ba:09:b9:b5
    mtu:
      description: Its MTU in bytes.
      returned: success
      type: int
      sample: 1450
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
        - 198.51.100.1/24
        - fe80::cef:baff:fe09:b9b5/64
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
    id:
      description: Its VNI.
      returned: success
      type: int
      sample: 100
    remote:
      description: Where frames to unknown stations go, if that is a unicast address.
      returned: success
      type: str
      sample: 203.0.113.1
    group:
      description: Where frames to unknown stations go, if that is a multicast group.
      returned: success
      type: str
      sample: null
    local:
      description: The address that the datagrams come from, if one is set.
      returned: success
      type: str
      sample: null
    dstport:
      description: The UDP port.
      returned: success
      type: int
      sample: 4789
    dev:
      description: The interface by which the datagrams leave, if one is set.
      returned: success
      type: str
      sample: ns1-veth0
    learning:
      description: Whether it learns.
      returned: success
      type: bool
      sample: true
    ttl:
      description: The TTL of the datagrams, V(0) if it is left to the kernel.
      returned: success
      type: int
      sample: 0
    underlay:
      description:
        - The namespace whose network carries the datagrams. Empty for the root namespace, C(null) if it is none that
          the task names.
      returned: success
      type: str
      sample: ns1
    fdb:
      description: The permanent entries of the forwarding database, that for the remote or the group included.
      returned: success
      type: list
      elements: dict
      contains:
        mac:
          description: The MAC address of the station, V(00:00:00:00:00:00) for all that are not known.
          returned: success
          type: str
          sample: '00:00:00:00:00:00'
        dst:
          description: The address of the underlay behind which it is.
          returned: success
          type: str
          sample: 203.0.113.1
"""

from ansible_collections.tcpip.lab.plugins.module_utils.kinds import Vxlan
from ansible_collections.tcpip.lab.plugins.module_utils.runner import run_kind


def main() -> None:
    """Entry point."""
    run_kind(Vxlan)


if __name__ == "__main__":
    main()
