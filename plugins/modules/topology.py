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
      - V(reverted) takes back what was changed by the last run that changed anything, from the O(name) alone. Where the
        lab was new, it is removed.
    type: str
    choices: [present, absent, reverted]
    default: present
  machines:
    description:
      - The machines that the lab is spread over, as a dictionary of their inventory names. Each has C(address), an IPv4
        or IPv6 address by which the others reach it, C(mtu), the largest packet in bytes that goes between them whole,
        and C(nodes), the namespaces of the lab that it has already (none if omitted). M(tcpip.lab.underlay_info) tells
        all three.
      - The task has to run on all of them, with the same options. Each makes its part of the document.
      - If it is omitted, the whole lab is on the machine that the task runs on.
    type: dict
  underlay_port:
    description: The UDP port by which links cross from one of the O(machines) to another.
    type: int
    default: 4789
  topology:
    description:
      - The lists below in one dictionary, for a lab that is a variable or a file as a whole.
      - A list is given here or by its own option, not by both.
      - It may be a text in JSON, such as a file that C(lookup('ansible.builtin.file')) has read. Ansible does not look
        for templates in that, so a lab of a thousand nodes gets to the module a second or two sooner.
    type: dict
  netns:
    description:
      - Namespaces, with the options of M(tcpip.lab.netns).
      - A C(netns) of another list has to be declared here. Omitted or empty there, it is the root namespace, of the
        first of the O(machines).
      - An item may have C(host), one of the O(machines), which it has to be on, or C(beside), the name of another
        namespace that it has to share a machine with. Without O(machines) they are ignored.
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
  - Over several O(machines) each namespace is on one of them. Where it is already, it stays. Others are spread so that
    all machines have their share and few links cross. Namespaces that anything but a C(veth) joins share a machine, as
    do those on the ports of a C(vswitch).
  - A C(veth) whose ends are on two machines becomes a VXLAN of its own. The interfaces have the names, addresses and
    MAC addresses that are declared, and are of the kind C(vxlan). Of the underlay's MTU they lose 50 bytes over IPv4
    and 70 over IPv6, and 4 more in a lab with a trunk that crosses. If any link crosses, all C(veth), C(macvlan) and
    C(vxlan) that declare no C(mtu) get one that crosses. A declared one that does not is an error, as are IPv6
    addresses where less than 1280 bytes are left. An overlay of the lab's own takes its headers of that again, from all
    that a bridge joins it to.
  - A machine on which the task fails is left as it was, and the others are not. O(state=reverted) on those where it
    succeeded with a change takes their part back. The role P(tcpip.lab.lab#role) does all of this.
  - Everything is checked before anything is changed. A message names the place of the fault, such as
    C(veth[3].peer.netns).
  - If the kernel refuses a step, all steps before it are undone, newest first.
  - In each namespace of a large lab the module holds a file open. So it raises its own soft limit of open files
    (C(RLIMIT_NOFILE)), to no more than the hard one. Where that is too low, it closes files and opens them again. The
    processes that it starts have the limit that it was started with.
  - Work that takes longer than a moment tells on standard error how many namespaces and links are done, by the
    connections C(local) and C(ssh), unless it is C(async).
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
  - An interface whose C(mtu) is no longer declared, or no longer made smaller by links that cross between O(machines),
    gets the one that a new interface has. A bridge keeps it.
  - So do the settings and VLANs of a bridge and its ports, C(loopback) of a namespace and the C(source) of a route get
    what a new one has. An interface keeps a C(mac) that is no longer declared, as nobody knows the one before.
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

- name: The same lab as one dictionary, and without its route
  tcpip.lab.topology:
    name: router
    topology:
      netns: [{name: ns1}, {name: router}]
      sysctl: [{netns: router, name: net.ipv4.ip_forward, value: 1}]
      veth:
        - name: ns1-veth0
          netns: ns1
          addresses: [192.0.2.1/24]
          peer: {name: gw-veth0, netns: router, addresses: [192.0.2.254/24]}

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

- name: A lab over two machines, by a play for both
  tcpip.lab.topology:
    name: wide
    machines:
      lab1: {address: 192.0.2.1, mtu: 1500}
      lab2: {address: 192.0.2.2, mtu: 1500}
    netns: [{name: east, host: lab1}, {name: west, host: lab2}, {name: more, beside: west}]
    veth:
      - {name: east0, netns: east, addresses: [198.51.100.1/24], peer: {name: west0, netns: west}}
  register: wide

- name: Take back what that changed, where another machine has failed
  tcpip.lab.topology:
    name: wide
    state: reverted
  when: wide is changed

- name: Remove a lab
  tcpip.lab.topology:
    name: router
    state: absent
"""

RETURN = r"""
placement:
  description: Where everything is, as P(tcpip.lab.placement#filter) tells it beforehand.
  returned: with O(machines)
  type: dict
  contains:
    nodes:
      description: The machine of each namespace. The empty name is the root namespace.
      returned: with O(machines)
      type: dict
      sample: {east: lab1, west: lab2, more: lab2}
    mtu:
      description: The MTU in bytes of links that declare none, null if no link crosses.
      returned: with O(machines)
      type: int
      sample: 1450
    summary:
      description: All of it in lines for a person.
      returned: with O(machines)
      type: list
      elements: str
      sample:
        - 'lab1: east'
        - 'lab2: west, more'
        - 'more, west share a machine: more is wanted beside west'
        - 'east0 on lab1 - west0 on lab2: VNI 15186938'
        - 'links that declare no MTU have 1450'
    machines:
      description: The O(machines) with the nodes that they have then.
      returned: with O(machines)
      type: dict
      sample:
        lab1: {address: 192.0.2.1, mtu: 1500, nodes: [ns1]}
        lab2: {address: 192.0.2.2, mtu: 1500, nodes: [ns2, ns3]}
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
