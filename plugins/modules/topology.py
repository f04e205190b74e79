#!/usr/bin/python

# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: topology
short_description: Manage a whole lab as one document
version_added: "0.1.0"
description:
  - Makes, changes and removes the namespaces, interfaces, bridges, routes, rules, settings and long-lived commands of a
    lab in one transaction, however many there are.
  - The lists are named after the modules, and their items are those modules' own options without C(state).
  - The document is the whole lab. What an earlier run made under the same O(name) and what is no longer declared is
    removed.
extends_documentation_fragment:
  - tcpip.lab.attributes
options:
  name:
    description:
      - The name of the lab, 1 to 63 letters, digits, C(_), C(.) and C(-), the first of them a letter or a digit.
      - It is part of the marks by which the lab's objects are known.
    type: str
    required: true
  state:
    description:
      - V(present) makes the machine hold what is declared, and nothing else of this lab.
      - V(absent) removes the lab. The O(name) is all that it needs, the lists are not looked at.
    type: str
    choices: [present, absent]
    default: present
  netns:
    description:
      - Namespaces, with the options of M(tcpip.lab.netns).
      - A C(netns) of another list has to be declared here. Omitted or empty there, it is the root namespace.
    type: list
    elements: dict
  veth:
    description: Pairs of interfaces, with the options of M(tcpip.lab.veth).
    type: list
    elements: dict
  vxlan:
    description:
      - VXLAN devices, with the options of M(tcpip.lab.vxlan). Two devices of one underlay and one port need different
        C(id).
    type: list
    elements: dict
  macvlan:
    description: Macvlan interfaces, with the options of M(tcpip.lab.macvlan).
    type: list
    elements: dict
  bridge_vlan:
    description: Bridges with their ports and VLANs, with the options of M(tcpip.lab.bridge_vlan).
    type: list
    elements: dict
  route:
    description:
      - Routes, with the options of M(tcpip.lab.route). A C(dev) in a namespace has to be declared in the lab, too.
    type: list
    elements: dict
  iptables_nat:
    description: Sets of rules of address translation, with the options of M(tcpip.lab.iptables_nat).
    type: list
    elements: dict
  sysctl:
    description: Settings, with the options of M(tcpip.lab.sysctl).
    type: list
    elements: dict
  capture:
    description:
      - Packet captures, with the options of M(tcpip.lab.capture). They are started before the lab's interfaces are
        switched on.
    type: list
    elements: dict
  process:
    description: Long-lived commands, with the options of M(tcpip.lab.process). They are started when all else is there.
    type: list
    elements: dict
  vswitch:
    description:
      - Learning switches in user space, with the options of M(tcpip.lab.vswitch). Their ports are added when all else
        is there.
    type: list
    elements: dict
  dnsmasq_dhcp:
    description: DHCP and DNS servers, with the options of M(tcpip.lab.dnsmasq_dhcp).
    type: list
    elements: dict
  dhcp_client:
    description:
      - DHCP clients, with the options of M(tcpip.lab.dhcp_client). They are started when all servers of the lab are
        ready.
    type: list
    elements: dict
notes:
  - Everything is checked before anything is changed. A message names the place of the fault, such as
    C(veth[3].peer.netns).
  - If the kernel refuses a step, all steps before it are undone, newest first.
  - Every interface that the lab makes carries the alias C(tcpip.lab:<lab>) (C(ip link) shows it), every namespace
    carries it on its C(lo). A mark that was taken away is put back. What the lab did not make belongs to somebody
    else and is neither changed nor removed. Where such a thing stands in the way, the task fails and names the owner.
  - Routes and settings of the root namespace bear no mark. The records of the labs say whose they are, and two labs
    cannot have the same one.
  - What the lab declared last, and the values that its settings had first, are remembered in C(/run/tcpip.lab), which
    is gone after a boot, as are the labs. If the file is lost before, O(state=absent) still finds namespaces,
    interfaces and rules of address translation by their marks.
  - Two runs for the same lab wait for each other.
  - A prefix that the lab brings into the root namespace, by an address or a route, must not overlap one that the
    machine has there.
  - A setting that is no longer declared gets the value back that it had before the lab first changed it.
  - A new namespace may inherit C(net.ipv4.ip_forward) and other IPv4 settings from the machine. Declare what the lab
    needs, also a V(0).
seealso:
  - module: tcpip.lab.netns
  - module: tcpip.lab.veth
  - module: tcpip.lab.vxlan
  - module: tcpip.lab.macvlan
  - module: tcpip.lab.bridge_vlan
  - module: tcpip.lab.route
  - module: tcpip.lab.iptables_nat
  - module: tcpip.lab.capture
  - module: tcpip.lab.process
  - module: tcpip.lab.vswitch
  - module: tcpip.lab.dnsmasq_dhcp
  - module: tcpip.lab.dhcp_client
  - module: tcpip.lab.sysctl
  - module: tcpip.lab.check
    description: Proves that the lab does what it should.
author:
  - Contributors to the tcpip.lab collection (@tcpip-lab)
"""

EXAMPLES = r"""
- name: Two namespaces, and a router between them
  tcpip.lab.topology:
    name: router
    netns:
      - {name: ns1}
      - {name: router}
      - {name: ns2}
    sysctl:
      - {netns: router, name: net.ipv4.ip_forward, value: 1}
    veth:
      - name: ns1-veth0
        netns: ns1
        addresses: [192.0.2.1/24]
        peer: {name: gw-veth0, netns: router, addresses: [192.0.2.254/24]}
      - name: ns2-veth0
        netns: ns2
        addresses: [198.51.100.1/24]
        peer: {name: gw-veth1, netns: router, addresses: [198.51.100.254/24]}
    route:
      - {netns: ns1, dst: default, via: 192.0.2.254}
      - {netns: ns2, dst: default, via: 198.51.100.254}

- name: The same lab without ns2. Its namespace, its cable and its route are removed, the rest stays as it is
  tcpip.lab.topology:
    name: router
    netns:
      - {name: ns1}
      - {name: router}
    sysctl:
      - {netns: router, name: net.ipv4.ip_forward, value: 1}
    veth:
      - name: ns1-veth0
        netns: ns1
        addresses: [192.0.2.1/24]
        peer: {name: gw-veth0, netns: router, addresses: [192.0.2.254/24]}
    route:
      - {netns: ns1, dst: default, via: 192.0.2.254}

- name: Another lab beside it, an overlay on two namespaces of its own
  tcpip.lab.topology:
    name: overlay
    netns: [{name: left}, {name: right}]
    veth:
      - name: left0
        netns: left
        addresses: ['2001:db8::1/64']
        peer: {name: right0, netns: right, addresses: ['2001:db8::2/64']}
    vxlan:
      - {name: left-vxlan0, netns: left, id: 100, remote: '2001:db8::2', dev: left0, addresses: [198.51.100.1/24]}
      - {name: right-vxlan0, netns: right, id: 100, remote: '2001:db8::1', dev: right0, addresses: [198.51.100.2/24]}

- name: Remove a lab
  tcpip.lab.topology:
    name: router
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
    - 'remove ns2: veth ns2-veth0'
    - 'remove namespace ns2'
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
        ns2: veth ns2-veth0
        router: veth gw-veth1
        namespace ns2
    after:
      description: What comes, or what it is changed to.
      returned: success
      type: str
      sample: ''
"""

from ansible_collections.tcpip.lab.plugins.module_utils.runner import run_topology


def main() -> None:
    """Entry point."""
    run_topology()


if __name__ == "__main__":
    main()
