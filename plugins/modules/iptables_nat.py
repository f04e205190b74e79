#!/usr/bin/python

# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iptables_nat
short_description: Manage network address translation by iptables
version_added: "0.1.0"
description:
  - Manages sets of rules of the table C(nat) in a namespace or on the machine itself, for IPv4 and IPv6 (see
    iptables-extensions(8)).
  - A set is a list of rules that follow each other in this order. It is known by the comment that its rules bear, so
    that rules of others are neither changed, nor moved, nor removed, wherever they stand between.
  - Options have the names that they have in M(ansible.builtin.iptables).
extends_documentation_fragment:
  - tcpip.lab.attributes
  - tcpip.lab.attributes.single
options:
  netns:
    description: The namespace. Omitted or empty, it is the machine's own, the root network namespace.
    type: str
  name:
    description:
      - The name of the set, 1 to 63 letters, digits, C(_), C(.) and C(-), the first of them a letter or a digit.
      - A namespace can have several sets, each with a name of its own. Their order among each other is not managed, so
        rules whose order matters belong to one set.
      - Omitted, it is the one set without a name.
    type: str
  rules:
    description:
      - The rules of the set, in their order. Required if O(state=present). The set has these and no others.
    type: list
    elements: dict
    default: []
    suboptions:
      jump:
        description:
          - What happens to packets. V(MASQUERADE) gives them the address of the interface that they leave by as their
            source, V(SNAT) the one in C(to_source).
          - V(DNAT) gives them the destination in C(to_destination), V(REDIRECT) this machine itself.
          - The answers are translated back without a rule.
        type: str
        choices: [MASQUERADE, SNAT, DNAT, REDIRECT]
        required: true
      chain:
        description:
          - Where the packets are met. V(MASQUERADE) stands in V(POSTROUTING), V(SNAT) there or in V(INPUT). V(DNAT) and
            V(REDIRECT) stand in V(PREROUTING), or in V(OUTPUT) for what the machine sends itself.
          - Omitted, it is the first that was named.
        type: str
        choices: [PREROUTING, INPUT, OUTPUT, POSTROUTING]
      ip_version:
        description:
          - The IP version whose packets are meant. Omitted, it is that of the addresses in the rule, V(ipv6) for the
            protocol C(icmpv6), and else V(ipv4).
        type: str
        choices: [ipv4, ipv6]
      source:
        description:
          - The network or address that packets come from, such as V(192.0.2.0/24), with no bits set behind the prefix.
          - With several of them and commas between, there is a rule for each. V(!) before a single one means all
            others.
        type: str
      destination:
        description: The network or address that packets go to, in the words of C(source).
        type: str
      in_interface:
        description:
          - The interface that packets came in by, in V(PREROUTING) and V(INPUT). It has to exist.
          - A V(+) at its end means all interfaces whose names begin so, and they need not exist. V(!) before it means
            all others.
        type: str
      out_interface:
        description:
          - The interface that packets leave by, in V(POSTROUTING) and V(OUTPUT), in the words of C(in_interface).
        type: str
      protocol:
        description: The protocol in the packets. Required with ports.
        type: str
        choices: [tcp, udp, sctp, icmp, icmpv6]
      source_port:
        description: The port that packets come from, in the words of C(destination_port).
        type: str
      destination_port:
        description:
          - The port that packets go to, such as V(80), a range such as V(8000-8010), or several of both with commas
            between them, up to 15 (a range counts as two). V(!) before them means all others.
        type: str
      to_source:
        description:
          - The new source of V(SNAT), which requires it. It is an address or a range such as
            V(203.0.113.10-203.0.113.20).
          - Ports can follow, as in V(203.0.113.10:1024-2047) and V([2001:db8::1]:1024-2047).
        type: str
      to_destination:
        description: The new destination of V(DNAT), which requires it, in the words of C(to_source).
        type: str
      to_ports:
        description:
          - The new port, or a range of them. It is the destination's for V(REDIRECT), where the port stays without it,
            and the source's for V(MASQUERADE).
        type: str
  state:
    description:
      - V(present) gives the set exactly O(rules). A rule that was deleted, moved or edited is put right. One that is
        right is not touched, and keeps its counters.
      - V(absent) removes all rules of the set, whatever they are. Nothing happens if there are none.
requirements:
  - iptables (C(iptables-save) and C(iptables-restore), for IPv6 C(ip6tables-save) and C(ip6tables-restore)) on the
    managed node, with either of its back ends
notes:
  - The rules bear the comment C(tcpip.lab) or C(tcpip.lab/<name>), those of a lab C(tcpip.lab:<lab>) or
    C(tcpip.lab:<lab>/<name>). Whoever edits a rule by hand and keeps its comment edits the set. A rule without the
    comment is somebody else's.
  - All changes of one IP version are one C(iptables-restore --noflush), which the kernel takes as a whole. A new rule
    comes right after the one that precedes it in the set, in the place of one that it replaces, or else at the end of
    its chain.
  - Connections that are open keep the translation with which they began.
  - The module does not make a router of the namespace. M(tcpip.lab.sysctl) does, by C(net.ipv4.ip_forward) or
    C(net.ipv6.conf.all.forwarding).
  - With the back end C(nf_tables), a table C(nat) that was not there before is removed when it is empty again. The
    older back end C(legacy) cannot remove an empty table. It stays, without effect, until its namespace goes or the
    machine is booted again.
  - Modules that the kernel loads for the first rule stay loaded.
seealso:
  - module: ansible.builtin.iptables
    description: Single rules of any table.
  - module: tcpip.lab.sysctl
    description: Forwarding between interfaces.
  - name: iptables-extensions(8)
    description: What the targets do.
    link: https://man7.org/linux/man-pages/man8/iptables-extensions.8.html
author:
  - Contributors to the tcpip.lab collection (@tcpip-lab)
"""

EXAMPLES = r"""
- name: What leaves by gw-veth1 bears the router's address there
  tcpip.lab.iptables_nat:
    netns: router
    rules:
      - {jump: MASQUERADE, source: 192.0.2.0/24, out_interface: gw-veth1}

- name: One host has an address of its own outside, the others share a range. The first rule that fits is used
  tcpip.lab.iptables_nat:
    netns: router
    rules:
      - {jump: SNAT, source: 192.0.2.7, out_interface: gw-veth1, to_source: 203.0.113.7}
      - {jump: SNAT, source: 192.0.2.0/24, out_interface: gw-veth1, to_source: 203.0.113.10-203.0.113.20}

- name: A server inside is reached by the router's address, in a set of its own beside the other
  tcpip.lab.iptables_nat:
    netns: router
    name: web
    rules:
      - jump: DNAT
        destination: 203.0.113.254
        protocol: tcp
        destination_port: 80,8000-8010
        to_destination: 192.0.2.1

- name: The same for IPv6, with another port inside
  tcpip.lab.iptables_nat:
    netns: router
    name: web6
    rules:
      - jump: DNAT
        destination: 2001:db8:2::fe
        protocol: tcp
        destination_port: 80
        to_destination: '[2001:db8:1::1]:8080'

- name: Names are asked of this machine, whatever name server was meant
  tcpip.lab.iptables_nat:
    netns: router
    name: names
    rules:
      - {jump: REDIRECT, in_interface: gw-veth0, protocol: udp, destination_port: 53, to_ports: 5353}

- name: What leaves for elsewhere than 192.0.2.0/24 bears the machine's own address
  tcpip.lab.iptables_nat:
    name: outside
    rules:
      - {jump: MASQUERADE, source: '192.0.2.0/24,198.51.100.0/24', destination: '!192.0.2.0/24'}

- name: The server is not reached any more
  tcpip.lab.iptables_nat:
    netns: router
    name: web
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
    - 'add router: iptables -t nat -A POSTROUTING -s 192.0.2.0/24 -m comment --comment "tcpip.lab" -j MASQUERADE'
diff:
  description: The lines that go and the lines that come, for C(--diff). A rule that moves is in both.
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
        router: iptables -t nat -A POSTROUTING -s 192.0.2.0/24 -m comment --comment "tcpip.lab" -j MASQUERADE
iptables_nat:
  description: The set as it is now, or in check mode as it was found. C(null) if it has no rules.
  returned: success
  type: dict
  contains:
    netns:
      description: The namespace. Empty for the root namespace.
      returned: success
      type: str
      sample: router
    name:
      description: The name of the set. Empty for the one without a name.
      returned: success
      type: str
      sample: ''
    rules:
      description: Its rules, each as the command that would add it.
      returned: success
      type: list
      elements: str
      sample:
        - iptables -t nat -A POSTROUTING -s 192.0.2.0/24 -o gw-veth1 -m comment --comment "tcpip.lab" -j MASQUERADE
"""

from ansible_collections.tcpip.lab.plugins.module_utils.kinds import IptablesNat
from ansible_collections.tcpip.lab.plugins.module_utils.runner import run_kind


def main() -> None:
    """Entry point."""
    run_kind(IptablesNat)


if __name__ == "__main__":
    main()
