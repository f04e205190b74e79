#!/usr/bin/python

# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bridge_vlan
short_description: Manage bridges, their ports, and the VLANs of both
version_added: "0.1.0"
description:
  - Makes, changes and removes bridges. A bridge is a switch in the kernel. It learns which MAC address is behind which
    of its ports, and sends a frame to that port alone, or to all if it does not know.
  - With O(vlan_filtering=true) it is a switch with VLANs (IEEE 802.1Q). A frame stays among the ports of its VLAN.
extends_documentation_fragment:
  - tcpip.lab.attributes
  - tcpip.lab.attributes.single
  - tcpip.lab.interface
options:
  ports:
    description:
      - Interfaces that are ports of the bridge. They have to exist, in the namespace of the bridge. One that is a port
        of another bridge is moved to this one.
      - Other ports stay, unless O(purge_ports=true).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name of the interface, by the rules of O(name).
        type: str
        required: true
      vlans:
        description:
          - The VLANs that the port is in. If it is given, these are all. An empty list is none, and nothing passes
            such a port on a bridge with O(vlan_filtering=true).
          - Omitted, they are not managed. The kernel puts a new port into VLAN 1, as C(pvid) and C(untagged).
        type: list
        elements: dict
        suboptions:
          vid:
            description: The number of the VLAN, V(1) to V(4094) (IEEE 802.1Q).
            type: int
            required: true
          pvid:
            description:
              - Whether frames that come in without a tag belong to this VLAN. One VLAN of a port can have this.
            type: bool
            default: false
          untagged:
            description: Whether the frames of this VLAN leave by this port without a tag.
            type: bool
            default: false
  purge_ports:
    description: Whether ports that are not among O(ports) are taken out of the bridge. They stay as interfaces.
    type: bool
    default: false
  vlans:
    description:
      - The VLANs that the bridge is in itself, as an interface of the machine, in the form of O(ports[].vlans).
      - Omitted, they are not managed. The kernel puts a new bridge into VLAN 1, as C(pvid) and C(untagged).
    type: list
    elements: dict
    suboptions:
      vid:
        description: The number of the VLAN, as in O(ports[].vlans[].vid).
        type: int
        required: true
      pvid:
        description: As in O(ports[].vlans[].pvid). What the machine sends without a tag belongs to this VLAN.
        type: bool
        default: false
      untagged:
        description: As in O(ports[].vlans[].untagged). The machine receives the frames of this VLAN without a tag.
        type: bool
        default: false
  vlan_filtering:
    description:
      - Whether the bridge is VLAN-aware. If it is not, tags are passed on like the rest of a frame.
      - Omitted, it is not managed. A new bridge does not mind them.
    type: bool
  stp:
    description:
      - Whether the bridge takes part in the spanning tree protocol (IEEE 802.1D). A port then carries frames only
        after twice the forward delay, that is 30 seconds.
      - Omitted, it is not managed. A new bridge does not take part.
    type: bool
  ageing_time:
    description:
      - After how many seconds the bridge forgets a MAC address that it has seen no frame from, V(0) to V(1000000)
        (IEEE 802.1D). With V(0) it learns none, and sends each frame to all ports.
      - With O(stp), the kernel itself shortens it to twice the forward delay while the spanning tree changes. That is
        not taken for drift.
      - Omitted, it is not managed. It is 300 for a new bridge.
    type: int
  multicast_snooping:
    description:
      - Whether the bridge listens to IGMP and MLD (RFC 4541), and sends multicast only to ports where it is asked for.
      - Omitted, it is not managed. A new bridge does so.
    type: bool
notes:
  - Everything is changed in place. A bridge is not made in place of an interface of another kind, this is an error.
  - O(vlan_filtering=true), O(vlans) and O(ports[].vlans) need a kernel with bridge VLAN filtering
    (C(CONFIG_BRIDGE_VLAN_FILTERING)), as those of the distributions are. Where it is missing, the task fails and says
    so, and nothing is changed.
  - VLANs can be declared and are kept while O(vlan_filtering) is off. They take effect when it is switched on.
  - A port that leaves a bridge loses its VLANs.
  - With O(mac) and O(mtu) omitted, the bridge takes the lowest MAC address and the smallest MTU among its ports.
  - A bridge that has lost its last port has no MAC address any more if it was not given one, and the kernel gives it
    no other O(vlans) then. A lab makes it anew. This module fails, says so, and changes nothing.
  - A bridge has 1023 ports at most.
seealso:
  - module: tcpip.lab.veth
    description: Cables to a bridge.
  - module: tcpip.lab.vxlan
    description: A port that leads to a bridge on another machine.
  - name: bridge(8)
    description: C(bridge vlan) shows the VLANs, C(bridge fdb) the learned MAC addresses.
    link: https://man7.org/linux/man-pages/man8/bridge.8.html
  - name: Ethernet bridging
    description: The kernel's own description.
    link: https://docs.kernel.org/networking/bridge.html
author:
  - Contributors to the tcpip.lab collection (@tcpip-lab)
"""

EXAMPLES = r"""
- name: A switch for three stations
  tcpip.lab.bridge_vlan:
    name: br0
    netns: bridge
    ports:
      - {name: ns1-br0}
      - {name: ns2-br0}
      - {name: ns3-br0}

- name: It forgets a station after a minute, and has no other ports than these two
  tcpip.lab.bridge_vlan:
    name: br0
    netns: bridge
    ageing_time: 60
    ports:
      - {name: ns1-br0}
      - {name: ns2-br0}
    purge_ports: true

- name: ns1 and ns2 are in VLAN 100 now, and ns3 in VLAN 200
  tcpip.lab.bridge_vlan:
    name: br0
    netns: bridge
    vlan_filtering: true
    ports:
      - {name: ns1-br0, vlans: [{vid: 100, pvid: true, untagged: true}]}
      - {name: ns2-br0, vlans: [{vid: 100, pvid: true, untagged: true}]}
      - {name: ns3-br0, vlans: [{vid: 200, pvid: true, untagged: true}]}

- name: The bridge itself has an address in VLAN 100, and ns3 is behind a trunk with both VLANs
  tcpip.lab.bridge_vlan:
    name: br0
    netns: bridge
    vlans: [{vid: 100, pvid: true, untagged: true}]
    addresses: [192.0.2.254/24]
    ports:
      - {name: ns3-br0, vlans: [{vid: 100}, {vid: 200}]}

- name: No such bridge. What were its ports stays
  tcpip.lab.bridge_vlan:
    name: br0
    netns: bridge
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
    - 'add bridge: bridge br0'
    - 'change bridge: ns1-br0 master none to bridge: ns1-br0 master br0'
    - 'change bridge: ns2-br0 master none to bridge: ns2-br0 master br0'
    - 'change bridge: ns3-br0 master none to bridge: ns3-br0 master br0'
    - 'set bridge: br0 up'
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
        bridge: br0 ageing_time 300
    after:
      description: What comes, or what it is changed to.
      returned: success
      type: str
      sample: |
        bridge: br0 ageing_time 60
bridge_vlan:
  description: The bridge as it is now, or in check mode as it was found. C(null) if there is no interface O(name).
  returned: success
  type: dict
  contains:
    name:
      description: The name of the interface.
      returned: success
      type: str
      sample: br0
    netns:
      description: The namespace that it lives in. Empty for the root namespace.
      returned: success
      type: str
      sample: bridge
    mac:
      description: Its MAC address.
      returned: success
      type: str
      sample: 52:69:9c:e5:de:7f
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
        - 192.0.2.254/24
        - fe80::5069:9cff:fee5:de7f/64
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
    vlan_filtering:
      description: Whether it is VLAN-aware.
      returned: success
      type: bool
      sample: true
    default_pvid:
      description:
        - The VLAN that the kernel puts a new port into. V(0) if it is none, C(null) if the kernel has no bridge VLAN
          filtering.
      returned: success
      type: int
      sample: 1
    stp:
      description: Whether it takes part in the spanning tree protocol.
      returned: success
      type: bool
      sample: false
    ageing_time:
      description:
        - After how many seconds it forgets a MAC address. Not a whole number where somebody else set it so.
        - C(null) while the spanning tree changes, as the kernel does not tell it then.
      returned: success
      type: float
      sample: 300
    multicast_snooping:
      description: Whether it listens to IGMP and MLD.
      returned: success
      type: bool
      sample: true
    vlans:
      description: The VLANs that it is in itself. Empty if the kernel has no bridge VLAN filtering.
      returned: success
      type: list
      elements: dict
      contains: &vlan
        vid:
          description: The number of the VLAN.
          returned: success
          type: int
          sample: 100
        pvid:
          description: Whether frames that come in without a tag belong to it.
          returned: success
          type: bool
          sample: true
        untagged:
          description: Whether its frames leave without a tag.
          returned: success
          type: bool
          sample: true
    ports:
      description: All its ports.
      returned: success
      type: list
      elements: dict
      contains:
        name:
          description: The name of the interface.
          returned: success
          type: str
          sample: ns1-br0
        vlans:
          description: The VLANs that the port is in. Empty if the kernel has no bridge VLAN filtering.
          returned: success
          type: list
          elements: dict
          contains: *vlan
"""

from ansible_collections.tcpip.lab.plugins.module_utils.kinds import BridgeVlan
from ansible_collections.tcpip.lab.plugins.module_utils.runner import run_kind


def main() -> None:
    """Entry point."""
    run_kind(BridgeVlan)


if __name__ == "__main__":
    main()
