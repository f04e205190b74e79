#!/usr/bin/python

# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dnsmasq_dhcp
short_description: Manage DHCP and DNS in a namespace by dnsmasq
version_added: "0.1.0"
description:
  - Keeps a dnsmasq(8) running in a network namespace, with a configuration, a lease file and a log of its own. Neither
    C(/etc/dnsmasq.conf) nor C(/etc/hosts) nor C(/etc/resolv.conf) is read, and no other dnsmasq is touched.
  - It leases IPv4 addresses, and answers names, or does one of both.
  - A new configuration is tried by C(dnsmasq --test) before the running one is touched. If it differs, dnsmasq is
    restarted. The leases stay.
extends_documentation_fragment:
  - tcpip.lab.attributes
  - tcpip.lab.attributes.single
  - tcpip.lab.process
requirements:
  - dnsmasq on the managed node (C(dnsmasq-base) on the Debian family, C(dnsmasq) on Red Hat's)
options:
  name:
    description:
      - A name for it, 1 to 63 letters, digits, C(_), C(.) and C(-), the first of them a letter or a digit.
      - With O(netns) it tells it from others of this module.
    type: str
    default: dnsmasq
  interfaces:
    description:
      - The interfaces, in O(netns), whose clients are served. Required if O(state=present).
      - If O(dns=true), C(lo) is served, too.
    type: list
    elements: str
    default: []
  ranges:
    description:
      - The addresses that are leased. An interface is served from the ranges of its own networks.
      - Without any, there is no DHCP.
    type: list
    elements: dict
    default: []
    suboptions:
      start:
        description: The first address of the range.
        type: str
        required: true
      end:
        description: The last address of the range.
        type: str
        required: true
      netmask:
        description: The netmask that clients are told.
        type: str
        default: 255.255.255.0
      lease_time:
        description:
          - For how long an address is leased, in seconds, or with C(m), C(h), C(d) or C(w) behind the number, or
            V(infinite). dnsmasq leases for two minutes at least.
        type: str
        default: 1h
  options:
    description:
      - What clients are told, by option. C(router), C(dns) and C(mtu) have names of their own. Any other is given by
        its number, such as C(42), or by the name that C(dnsmasq --help dhcp) lists, such as C(option:ntp-server).
      - Several values are a list. An empty list keeps the option from clients.
      - Without C(router) clients are told that dnsmasq's own address is the router, and without C(dns), if O(dns=true),
        that it is the name server.
    type: dict
  hosts:
    description: Addresses that are kept for one client each. They have to be in the network of a range.
    type: list
    elements: dict
    default: []
    suboptions:
      mac:
        description: The MAC address of the client.
        type: str
        required: true
      address:
        description: The address that it gets.
        type: str
        required: true
      name:
        description: The name that the client is told to have.
        type: str
  dns:
    description:
      - Whether names are answered, on UDP and TCP port 53. What is held are O(records), and the names of clients with
        a lease.
      - No other server is asked. A name that is not held does not exist (C(NXDOMAIN)).
    type: bool
    default: false
  records:
    description: Names and their addresses. They need O(dns=true).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name.
        type: str
        required: true
      addresses:
        description: Its IPv4 and IPv6 addresses.
        type: list
        elements: str
        required: true
  user:
    description: The user that dnsmasq becomes once its ports are open.
    type: str
    default: nobody
notes:
  - dnsmasq starts as root and gives up by itself what it does not need. Of root's privileges it keeps those to use the
    network.
  - It answers as the only DHCP server of its networks (C(dhcp-authoritative)), and does not ping an address before it
    leases it (C(no-ping)), which would take three seconds for each client.
seealso:
  - module: tcpip.lab.dhcp_client
    description: A client for it.
  - name: dnsmasq(8)
    description: What dnsmasq does, and the form of its configuration.
    link: https://thekelleys.org.uk/dnsmasq/docs/dnsmasq-man.html
author:
  - Contributors to the tcpip.lab collection (@tcpip-lab)
"""

EXAMPLES = r"""
- name: A DHCP server without DNS
  tcpip.lab.dnsmasq_dhcp:
    netns: router
    interfaces: [gw-veth0]
    ranges:
      - {start: 192.0.2.100, end: 192.0.2.200}
    options:
      router: 192.0.2.254
      mtu: 1400

- name: The same server with more options, and an address that is kept for a client
  tcpip.lab.dnsmasq_dhcp:
    netns: router
    interfaces: [gw-veth0]
    ranges:
      - {start: 192.0.2.100, end: 192.0.2.200, netmask: 255.255.255.0, lease_time: 12h}
    options:
      router: 192.0.2.254
      dns: [192.0.2.253, 192.0.2.254]
      option:domain-name: example.com
      42: []
    hosts:
      - {mac: '00:00:5e:00:53:01', address: 192.0.2.10, name: printer}

- name: A name server with a record of its own, in another namespace
  tcpip.lab.dnsmasq_dhcp:
    name: names
    netns: ns1
    interfaces: [ns1-veth0]
    dns: true
    records:
      - {name: www.example.com, addresses: [192.0.2.80, '2001:db8::80']}

- name: No DHCP server any more
  tcpip.lab.dnsmasq_dhcp:
    netns: router
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
    - 'start router: dnsmasq_dhcp dnsmasq: dnsmasq --keep-in-foreground --conf-file=dnsmasq.conf'
diff:
  description: The lines that go and the lines that come, for C(--diff), those of the configuration among them.
  returned: success
  type: dict
  contains:
    before:
      description: What is stopped or changed.
      returned: success
      type: str
      sample: |
        router: dnsmasq_dhcp dnsmasq: dnsmasq.conf: dhcp-option=option:router,192.0.2.1
    after:
      description: What is started, or what it is changed to.
      returned: success
      type: str
      sample: |
        router: dnsmasq_dhcp dnsmasq: dnsmasq.conf: dhcp-option=option:router,192.0.2.254
dnsmasq_dhcp:
  description: The server as it is now, or in check mode as it was found. C(null) if there is none.
  returned: success
  type: dict
  contains:
    name:
      description: Its name.
      returned: success
      type: str
      sample: dnsmasq
    netns:
      description: The namespace. Empty for the root namespace.
      returned: success
      type: str
      sample: router
    running:
      description: Whether it runs.
      returned: success
      type: bool
      sample: true
    pid:
      description: The number of its process. C(null) if it does not run.
      returned: success
      type: int
      sample: 4711
    log:
      description: The file in which all is that it printed.
      returned: success
      type: str
      sample: /run/tcpip.lab/process/.machine/router/dnsmasq_dhcp.dnsmasq/log
    leases:
      description: The addresses that are leased.
      returned: success
      type: list
      elements: dict
      contains:
        mac:
          description: The MAC address of the client.
          returned: success
          type: str
          sample: '00:00:5e:00:53:01'
        address:
          description: The address that it has.
          returned: success
          type: str
          sample: 192.0.2.10
        name:
          description: The name that it says it has, or is told to have. Empty if there is none.
          returned: success
          type: str
          sample: printer
        expires:
          description: When the lease ends, in seconds since 1970 (UTC). V(0) if never.
          returned: success
          type: int
          sample: 1795246000
"""

from ansible_collections.tcpip.lab.plugins.module_utils.kinds import DnsmasqDhcp
from ansible_collections.tcpip.lab.plugins.module_utils.runner import run_kind


def main() -> None:
    """Entry point."""
    run_kind(DnsmasqDhcp)


if __name__ == "__main__":
    main()
