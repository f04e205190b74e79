#!/usr/bin/python

# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: route
short_description: Manage routes
version_added: "0.1.0"
description:
  - Adds, replaces and removes IPv4 and IPv6 routes in a namespace or on the machine itself (see ip-route(8)).
extends_documentation_fragment:
  - tcpip.lab.attributes
  - tcpip.lab.attributes.single
options:
  netns:
    description: The namespace. Omitted or empty, it is the machine's own, the root network namespace.
    type: str
  dst:
    description:
      - Where the route leads. This is a network in CIDR form with no bits set behind the prefix, such as
        V(198.51.100.0/24), V(2001:db8::/32), or V(192.0.2.7/32) for a single host, or V(default).
      - V(default) is the default route of the IP version of O(via) or O(source), and of IPv4 without them. V(::/0) is
        that of IPv6 in any case.
    type: str
    required: true
  via:
    description:
      - The address of the next hop. It has to lie in a network that the namespace has on an interface, or to be an
        IPv6 link-local one, which needs O(dev).
      - Omitted in a route that is made, the destination is reached without a router, directly on O(dev). One of both
        is required for O(type=unicast).
    type: str
  dev:
    description:
      - The interface by which packets leave. It has to be up.
      - Omitted, it is not managed. The kernel finds it by O(via).
    type: str
  metric:
    description:
      - Which of several routes to the same destination is used. The smallest wins. V(0) to V(4294967295).
      - Omitted, a route that is made gets the kernel's default, 0 for IPv4 and 1024 for IPv6. V(0) means 1024 for
        IPv6, too.
    type: int
  table:
    description:
      - The number of the routing table, V(1) to V(4294967295) (see ip-rule(8)). 254 is the one called C(main). V(255)
        is refused. The kernel fills it, with the addresses of the machine.
    type: int
    default: 254
  source:
    description:
      - The address that the machine prefers for what it sends by this route itself (C(src) of C(ip route)). It has to
        be one of its own.
      - Omitted, it is not managed.
    type: str
  type:
    description:
      - What happens to packets. V(unicast) forwards them. The others exclude O(via) and O(dev).
      - V(blackhole) drops them in silence, V(unreachable) answers with ICMP host unreachable, V(prohibit) with ICMP
        communication administratively prohibited, and V(throw) goes on with the next table as if there were no such
        route.
    type: str
    choices: [unicast, blackhole, unreachable, prohibit, throw]
    default: unicast
notes:
  - A route is identified by O(netns), the IP version, O(dst), O(table) and O(metric). One that differs in anything
    else is replaced.
  - With O(state=absent) the routes to O(dst) in O(table) go that fit what is given of O(metric), O(via), O(dev) and
    O(source). O(type) does not matter.
  - Routes of the tables that are filled from addresses come and go with the addresses. Declare the address instead.
seealso:
  - module: tcpip.lab.veth
    description: Interfaces and the addresses that their routes come from.
  - module: tcpip.lab.sysctl
    description: Forwarding between interfaces, C(net.ipv4.ip_forward) and C(net.ipv6.conf.all.forwarding).
  - name: ip-route(8)
    description: The command line, and what the types mean.
    link: https://man7.org/linux/man-pages/man8/ip-route.8.html
author:
  - Contributors to the tcpip.lab collection (@tcpip-lab)
"""

EXAMPLES = r"""
- name: What is not on its own network, ns1 sends to the router
  tcpip.lab.route:
    netns: ns1
    dst: default
    via: 192.0.2.254

- name: The same for IPv6
  tcpip.lab.route:
    netns: ns1
    dst: default
    via: 2001:db8::254

- name: Another router for one network
  tcpip.lab.route:
    netns: ns1
    dst: 198.51.100.0/24
    via: 192.0.2.253
    metric: 100

- name: A network that is reached without a router
  tcpip.lab.route:
    netns: ns1
    dst: 2001:db8:1::/64
    dev: ns1-veth0

- name: Packets to this network are dropped in silence
  tcpip.lab.route:
    netns: ns1
    dst: 203.0.113.0/24
    type: blackhole

- name: A route in a table of its own, with the address to send from
  tcpip.lab.route:
    netns: ns1
    dst: default
    via: 192.0.2.253
    table: 100
    source: 192.0.2.1

- name: No default route, whatever router it leads to
  tcpip.lab.route:
    netns: ns1
    dst: default
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
    - 'add ns1: route default via 192.0.2.254'
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
        ns1: route default via 192.0.2.253 dev ns1-veth0
    after:
      description: What comes, or what it is changed to.
      returned: success
      type: str
      sample: |
        ns1: route default via 192.0.2.254
route:
  description:
    - The first route that fits what is declared as it is now, or in check mode as it was found. C(null) if there is
      none.
  returned: success
  type: dict
  contains:
    netns:
      description: The namespace. Empty for the root namespace.
      returned: success
      type: str
      sample: ns1
    family:
      description: The IP version, V(4) or V(6).
      returned: success
      type: int
      sample: 4
    dst:
      description: Where it leads, a network in CIDR form or V(default).
      returned: success
      type: str
      sample: default
    via:
      description: The next hop, if it has one.
      returned: success
      type: str
      sample: 192.0.2.254
    dev:
      description: The interface by which packets leave, if it has one.
      returned: success
      type: str
      sample: ns1-veth0
    metric:
      description: Its metric.
      returned: success
      type: int
      sample: 0
    table:
      description: The number of its routing table.
      returned: success
      type: int
      sample: 254
    source:
      description: The address that is preferred for what the machine sends itself, if one is set.
      returned: success
      type: str
      sample: null
    type:
      description: What happens to packets.
      returned: success
      type: str
      sample: unicast
"""

from ansible_collections.tcpip.lab.plugins.module_utils.kinds import Route
from ansible_collections.tcpip.lab.plugins.module_utils.runner import run_kind


def main() -> None:
    """Entry point."""
    run_kind(Route)


if __name__ == "__main__":
    main()
