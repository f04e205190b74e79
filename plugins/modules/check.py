#!/usr/bin/python

# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: check
short_description: Observe whether a network does what it should
version_added: "0.1.0"
description:
  - Pings, sends texts over TCP and UDP, asks web servers and name servers, captures packets, and looks at routes,
    interfaces, neighbours, forwarding databases, sockets and leases, from inside network namespaces.
  - What must fail is checked like what must work, and I(how) it fails matters. An error of this machine, an error
    sent by a router, and silence are three different things.
  - A check that fails says from where it was made, to what address, what was expected, what it got, and the likely
    cause, which is found by following the packet through the namespaces of this machine.
  - Nothing that anybody has set up is changed. What the kernel learns by itself does change, as with all traffic, such
    as its neighbours. Commands and listeners started for a check are gone when it ends.
extends_documentation_fragment:
  - tcpip.lab.attributes.info
attributes:
  check_mode:
    description: Can run in check mode, where no check is made, since the network may not have been built.
options:
  checks:
    description:
      - The checks. Each is a dictionary with a C(name), which is a sentence that says what is checked, and exactly one
        of the kinds below. The C(name) can be omitted. The page
        L(All kinds of checks,https://github.com/tcpip-lab/tcpip.lab/blob/main/docs/checks.md) has a table for each
        kind, with the type, default and meaning of each key.
      - A namespace that is omitted or empty is the machine's own, the root network namespace.
      - C(ping) sends echo requests. Its keys are C(from) (the namespace), C(to) (required), C(source) or C(dev),
        C(count) (V(3)), C(size) (V(56)), C(df) (V(false)), C(forget_neighbour) (V(false)), C(expect), C(ttl) and C(by).
        C(expect) is V(reply), the default, V(silence), V(network_unreachable), V(destination_net_unreachable),
        V(destination_host_unreachable) or V(message_too_long).
      - C(mesh) has namespaces ping each other. Its keys are C(addresses) (a dictionary of namespaces, each with an
        address, required) and C(from) (a list of namespaces).
      - C(tcp) and C(udp) send a text. Their keys are C(from), C(to) (required), C(at) (the namespace that listens),
        C(port) (required), C(text) (V(Hello World!)) and C(expect), which is V(delivered), the default, V(refused) or
        V(silence).
      - C(tcp) may also have C(sockets), a list of what C(ss) must show of the connection, each with C(when)
        (V(listening) or V(connected)), C(netns), C(state) (V(LISTEN) or V(ESTAB)) and C(present) (V(true)).
      - C(frame) sends one Ethernet frame. Its keys are C(from), C(dev) (required), C(to) and C(source) (MAC addresses,
        required) and C(carries), which is V(test), the default, V(bpdu) or V(lldp).
      - C(http) gets a page. Its keys are C(from), C(to) (required), C(port) (V(80)), C(path) (V(/)), C(version)
        (V(1.0) or V(1.1), the default), C(status) (V(200)), C(content_type) and C(body) (a regular expression).
      - C(dns) asks a name server. Its keys are C(from), C(to) (required), C(port) (V(53)), C(name) (required), C(type)
        (V(A), the default, or V(AAAA)), C(over) (V(udp), the default, or V(tcp)), C(expect), which is V(answer), the
        default, or V(nxdomain), and C(answers).
      - C(traceroute) finds the routers on the way. Its keys are C(from), C(to) and C(hops) (the last two are required).
      - C(route) looks for a route. Its keys are C(netns), C(dst) (required), C(via), C(dev) and C(present) (V(true)).
      - C(link) looks at an interface. Its keys are C(netns), C(name) (required), C(mtu), C(mac) and C(up).
      - C(neighbour) looks for an entry of C(ip neigh). Its keys are C(netns), C(address) (required), C(dev), C(mac),
        C(state) (a list of V(reachable), V(stale), V(delay), V(probe), V(permanent), V(incomplete) and V(failed)) and
        C(present) (V(true)).
      - C(fdb) looks for an entry of C(bridge fdb). Its keys are C(netns), C(mac) (required), C(dev), C(dst) and
        C(present) (V(true)).
      - C(vlan) looks at C(bridge vlan). Its keys are C(netns), C(dev) (required) and C(vlans) (required), a list with
        C(vid), C(pvid) and C(untagged).
      - C(netns) looks at C(ip netns). Its keys are C(name) (required), C(links) (a list) and C(present) (V(true)).
      - C(socket) looks at C(ss). Its keys are C(netns), C(protocol) (V(tcp), the default, or V(udp)), C(port)
        (required), C(state) (V(LISTEN), the default, or V(ESTAB) for TCP, V(UNCONN), the default, or V(ESTAB) for UDP)
        and C(present) (V(true)).
      - C(lease) looks at an address by DHCP. Its keys are C(netns), C(dev), C(first) and C(last) (all three required),
        C(prefix) (V(24)), C(server) and C(name) (V(dnsmasq)), the namespace and name of a M(tcpip.lab.dnsmasq_dhcp).
      - C(captured) looks at a M(tcpip.lab.capture). Its keys are C(netns), C(name) (required), and C(filter),
        C(packets), C(absent) and C(count) as for C(captures).
      - C(conntrack) looks for a tracked connection. Its keys are C(netns), C(protocol) (V(tcp), V(udp), V(icmp) or
        V(icmpv6), required), C(source), C(destination), C(port), C(reply_source), C(reply_destination), C(reply_port)
        and C(present) (V(true)).
      - C(vswitch) looks at a M(tcpip.lab.vswitch). Its keys are C(netns), C(name) (required), C(ports) (a list),
        C(mac), C(port) and C(present) (V(true)).
      - C(captures) can be beside a kind that sends packets, except C(mesh). It is a list of what C(tcpdump -n -e) must
        see meanwhile, each with C(netns), C(dev) (required), C(filter) (in the words of C(pcap-filter(7))),
        C(promiscuous) (V(false)), C(packets) and C(absent) (lists of regular expressions) and C(count).
      - Traffic without C(captures) flows at the same time. Traffic with C(captures) follows, one check after another.
        The kinds that only look come last, and see what the traffic left behind.
      - What is expected to work is tried again for a second or so (IPv6 up to 3 seconds, since new addresses are
        first checked for duplicates), and the report says so. What is expected to fail is tried once.
    type: list
    elements: dict
    required: true
requirements:
  - ping (iputils) for C(ping) and C(traceroute)
  - tcpdump for C(captures) and C(captured)
  - ip, bridge and ss (iproute2) for all that is looked at, and for the causes of failures
  - the privileges of root
seealso:
  - name: All kinds of checks
    description: The keys of each kind, with types, defaults and examples.
    link: https://github.com/tcpip-lab/tcpip.lab/blob/main/docs/checks.md
  - module: tcpip.lab.topology
    description: Builds the network.
  - name: ping(8)
    description: What its words mean.
    link: https://man7.org/linux/man-pages/man8/ping.8.html
  - name: pcap-filter(7)
    description: The words of C(filter) in a capture.
    link: https://www.tcpdump.org/manpages/pcap-filter.7.html
notes:
  - Causes are looked for in the namespaces that have a name (C(ip netns)) and in the root namespace of the same
    machine. Policy routing is not followed.
author:
  - Contributors to the tcpip.lab collection (@tcpip-lab)
"""

EXAMPLES = r"""
- name: See that the router routes
  tcpip.lab.check:
    checks:
      - name: ns1 reaches ns2 through the router, which takes one from the TTL
        ping: {from: ns1, to: 198.51.100.1, ttl: 63}
      - name: ns1 sends through the router what is not on its own network
        route: {netns: ns1, dst: default, via: 192.0.2.254, dev: ns1-veth0}
      - name: The interface of ns1 is up and carries packets of 1500 bytes
        link: {netns: ns1, name: ns1-veth0, mtu: 1500, up: true}

- name: See what the traffic left behind
  tcpip.lab.check:
    checks:
      - name: The router is the only hop between ns1 and ns2
        traceroute: {from: ns1, to: 198.51.100.1, hops: [192.0.2.254, 198.51.100.1]}
      - name: ns1 asks for the router's MAC address, and only then pings it
        ping: {from: ns1, to: 192.0.2.254, forget_neighbour: true}
        captures:
          - netns: ns1
            dev: ns1-veth0
            packets:
              - '> ff:ff:ff:ff:ff:ff, .*Request who-has 192\.0\.2\.254'
              - 'Reply 192\.0\.2\.254 is-at'
              - 'ICMP echo request'
      - name: ns1 has learned where the router is
        neighbour: {netns: ns1, address: 192.0.2.254, dev: ns1-veth0}
      - name: It has never looked for a neighbour on the other network
        neighbour: {netns: ns1, address: 198.51.100.1, present: false}
      - name: ns1 has its end of the cable and its loopback, and nothing else
        netns: {name: ns1, links: [lo, ns1-veth0]}

- name: See that all nodes reach each other
  tcpip.lab.check:
    checks:
      - name: Each of the three reaches the two others
        mesh: {addresses: {ns1: 192.0.2.1, router: 192.0.2.254, ns2: 198.51.100.1}}

- name: See how different failures look
  tcpip.lab.check:
    checks:
      - name: The router has no route to 203.0.113.0/24 and says so
        ping: {from: ns1, to: 203.0.113.1, expect: destination_net_unreachable, by: 192.0.2.254}
      - name: ns2 has no route at all to 203.0.113.0/24
        ping: {from: ns2, to: 203.0.113.1, expect: network_unreachable}
      - name: 1501 bytes do not fit
        ping: {from: ns1, to: 198.51.100.1, size: 1473, df: true, expect: message_too_long}
      - name: Nobody listens on port 54321
        tcp: {from: ns1, to: 198.51.100.1, port: 54321, expect: refused}

- name: See a text cross the network
  tcpip.lab.check:
    checks:
      - name: A TCP connection opens, carries the text and closes both ways
        tcp: {from: ns1, to: 198.51.100.1, at: ns2, port: 54321, text: Hello World!}
        captures:
          - netns: ns2
            dev: ns2-veth0
            filter: tcp port 54321
            packets:
              - 'Flags \[S\]'
              - 'Flags \[S\.\]'
              - 'Flags \[P\.\].* length 13'
              - 'Flags \[F\.\]'
              - 'Flags \[F\.\]'
            absent:
              - 'Flags \[R'
      - name: So does a datagram, in one packet of 13 bytes with its newline
        udp: {from: ns1, to: 198.51.100.1, at: ns2, port: 54321, text: Hello World!}
        captures:
          - netns: ns2
            dev: ns2-veth0
            filter: udp port 54321
            packets:
              - '192\.0\.2\.1\.\d+ > 198\.51\.100\.1\.54321: UDP, length 13'

- name: See what the servers in ns2 do
  tcpip.lab.check:
    checks:
      - name: A web server listens on port 80
        socket: {netns: ns2, port: 80, state: LISTEN}
      - name: It has the page
        http: {from: ns1, to: 198.51.100.1, version: '1.0', content_type: text/html, body: Hello World}
      - name: The name server knows the name, and tells it in one packet
        dns: {from: ns1, to: 198.51.100.1, name: www.example.com, answers: [192.0.2.80]}
        captures:
          - netns: ns2
            dev: ns2-veth0
            filter: udp port 53
            packets:
              - 'A\? www\.example\.com\.'
              - 'A 192\.0\.2\.80'
            count: 2
      - name: It knows no other
        dns: {from: ns1, to: 198.51.100.1, name: other.example.com, over: tcp, expect: nxdomain}
      - name: ns3 has got its address by DHCP
        lease: {netns: ns3, dev: ns3-veth0, first: 10.0.0.100, last: 10.0.0.200, server: router}
      - name: The capture that runs in the router has the packets of that
        captured:
          netns: router
          name: dhcp
          packets:
            - '\.68 > 255\.255\.255\.255\.67: .*DHCP-Message .*: Request'
            - '\.67 > .*\.68: .*DHCP-Message .*: ACK'

- name: See what the router makes of an address
  tcpip.lab.check:
    checks:
      - name: What ns1 sends to the router's own port 54322 arrives in ns2
        tcp: {from: ns1, to: 192.0.2.254, at: ns2, port: 54322}
      - name: The router remembers the two ends, and that they know different ones of each other
        conntrack:
          netns: router
          protocol: tcp
          source: 192.0.2.1
          destination: 192.0.2.254
          port: 54322
          reply_source: 198.51.100.1
          reply_destination: 192.0.2.1
"""

RETURN = r"""
report:
  description: The results as lines for a person.
  returned: always
  type: list
  elements: str
  sample:
    - ok    ns1 reaches ns2 through the router — 3 of 3 replies, ttl 63
    - '      64 bytes from 198.51.100.1: icmp_seq=1 ttl=63 time=0.156 ms'
results:
  description: One result for each check, in their order. Empty in check mode.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The sentence of the check.
      type: str
      returned: success
      sample: ns1 reaches ns2 through the router
    ok:
      description: Whether it was as expected.
      type: bool
      returned: success
      sample: false
    what:
      description: What was tried, from where and to what address.
      type: str
      returned: success
      sample: ping from ns1 to 198.51.100.1
    expected:
      description: What was expected.
      type: str
      returned: success
      sample: 3 of 3 replies, ttl 63
    got:
      description: What was seen.
      type: str
      returned: success
      sample: 'silence: 3 sent, no answer of any kind'
    outcome:
      description:
        - The kind of what was seen in one word, in the words of C(expect) and a few more such as V(loss), V(filtered),
          V(ttl_exceeded) and V(error).
        - Empty where nothing was sent, and where the check could not be made.
      type: str
      returned: success
      sample: silence
    evidence:
      description: The lines that show it, as C(ping), C(tcpdump) and C(ip) print them.
      type: list
      elements: str
      returned: success
      sample:
        - 3 packets transmitted, 0 received, 100% packet loss, time 30ms
    cause:
      description: The likely cause of a failure, with the command that shows it. Empty where there is none.
      type: str
      returned: success
      sample: >-
        router does not forward IPv4 packets, net.ipv4.ip_forward is 0 there
        (ip netns exec router sysctl net.ipv4.ip_forward)
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.tcpip.lab.plugins.module_utils import interruption
from ansible_collections.tcpip.lab.plugins.module_utils.checks import model, run
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError


def check(items: list[Any], check_mode: bool) -> dict[str, Any]:
    """The module's result; C(failed) is in it when a check failed. Raises LabError on input that is no check."""
    checks = model.parse(items)
    if check_mode:
        return {"skipped": True, "msg": "no checks are made in check mode", "results": [], "report": []}
    if os.geteuid() != 0:
        raise LabError("checks inside namespaces need the privileges of root", hint="use 'become: true'")
    results = run.run(checks)
    told = {"results": [each.as_dict() for each in results], "report": run.report(results)}
    message = run.failure(results)
    return {**told, "failed": True, "msg": message} if message else told


def main() -> None:
    """Read the checks, make them, tell."""
    spec = {"checks": {"type": "list", "elements": "dict", "required": True}}
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    interruption.listen()
    try:
        with interruption.waiting():
            result = check(module.params["checks"], module.check_mode)
    except (LabError, interruption.InterruptionError) as error:
        module.fail_json(msg=str(error), results=[], report=[])
    else:
        module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
