#!/usr/bin/python

# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: lab_info
short_description: Tell what is there of labs, and what is not as it was declared
version_added: "0.1.0"
description:
  - Tells of one lab, or of all labs of the machine, what was declared, what is there, and what a run of
    M(tcpip.lab.topology) with the same declaration would change.
  - What is there is told in the form that M(tcpip.lab.topology) takes, so that the one can be compared with the other,
    or be run as a lab. It is all that is in the lab's namespaces, whoever made it.
  - Without O(name) the whole machine is read, and what is left of labs whose records are lost is told, too.
  - Nothing is changed. Each namespace is read once, by a process for each processor where they are hundreds.
extends_documentation_fragment:
  - tcpip.lab.attributes.info
options:
  name:
    description:
      - The name of a lab. There is nothing in RV(labs) if there is none of that name.
      - If it is omitted, it is every lab that has a record on this machine.
    type: str
  machine:
    description:
      - Whether to tell also what belongs to no lab, in the root namespace and in all others that have a name.
      - It is refused together with O(name).
    type: bool
    default: false
requirements:
  - Linux, with the privileges of root
  - pyroute2 >= 0.7.2 on the managed node
notes:
  - Rules of address translation are read in namespaces for which the lab declares some, in those whose record is lost,
    and without O(name) in the root namespace. In others they are not.
  - Of settings those are told that the lab declares.
  - Namespaces without a name, such as those of containers, are not seen. Where the peer of a C(veth), or what a
    C(vxlan) or C(macvlan) stands on, is in one that was not read, the option that would name it is missing.
  - A run that is under way at the same time may be seen half done.
seealso:
  - module: tcpip.lab.topology
  - module: tcpip.lab.check
    description: Proves that a lab does what it should.
author:
  - Contributors to the tcpip.lab collection (@tcpip-lab)
"""

EXAMPLES = r"""
- name: Look at a lab
  tcpip.lab.lab_info:
    name: router
  register: found
  become: true

- name: Stop where it is not as it was declared
  ansible.builtin.assert:
    that:
      - found.labs | length == 1
      - not found.labs[0].refusal
      - not found.labs[0].drift
    fail_msg: "{{ found.labs | map(attribute='drift') | flatten | map(attribute='change') | join(', ') }}"

- name: Name the nodes that have no default route
  ansible.builtin.debug:
    msg: "{{ live.netns | map(attribute='name') | difference(routed) | sort }}"
  vars:
    live: "{{ found.labs[0].live }}"
    routed: "{{ live.route | default([]) | selectattr('dst', '==', 'default') | map(attribute='netns') }}"

- name: Look at every lab of the machine, and at what belongs to none
  tcpip.lab.lab_info:
    machine: true
  register: all
  become: true

- name: Remove what is left of labs whose records are lost
  tcpip.lab.topology:
    name: "{{ item }}"
    state: absent
  loop: "{{ all.orphans | map(attribute='name') }}"
  become: true
"""

RETURN = r"""
labs:
  description: The labs, in the order of their names.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name of the lab.
      returned: success
      type: str
      sample: router
    ledger:
      description: The file in which the machine remembers the lab.
      returned: success
      type: str
      sample: /run/tcpip.lab/router.json
    complete:
      description: Whether the last run of M(tcpip.lab.topology) for the lab came to its end.
      returned: success
      type: bool
      sample: true
    declared:
      description:
        - What was declared last, as it was written. Of a lab over several machines this machine's part, with the VXLANs
          that its links have become.
      returned: success
      type: dict
      sample:
        netns: [{name: ns1}, {name: router}]
        veth:
          - name: ns1-veth0
            netns: ns1
            addresses: [192.0.2.1/24]
            peer: {name: gw-veth0, netns: router, addresses: [192.0.2.254/24]}
    live:
      description:
        - What is there, as O(tcpip.lab.topology#module:netns), O(tcpip.lab.topology#module:veth) and its other lists
          would declare it. Lists that would be empty are missing, as is a C(netns) that is the root namespace.
        - All that is in the lab's namespaces, whether it was declared or not, and what the lab has in the root
          namespace. Routes that the kernel made from addresses are left out.
      returned: success
      type: dict
      sample: &live
        netns: [{name: ns1, loopback: false}, {name: router, loopback: false}]
        veth:
          - name: ns1-veth0
            netns: ns1
            addresses: [192.0.2.1/24, 'fe80::5069:9cff:fee5:de7f/64']
            mac: 52:69:9c:e5:de:7f
            mtu: 1500
            up: true
            peer:
              name: gw-veth0
              netns: router
              addresses: [192.0.2.254/24, 'fe80::7c9a:50ff:fe3c:7be4/64']
              mac: 7e:9a:50:3c:7b:e4
              mtu: 1500
              up: true
    others: &others
      description: What is in the lab's namespaces and no module of this collection makes.
      returned: success
      type: dict
      contains:
        links:
          description: Interfaces of other kinds, and a C(lo) that has addresses of its own.
          returned: success
          type: list
          elements: dict
          contains:
            name:
              description: Its name.
              returned: success
              type: str
              sample: dummy0
            netns:
              description: Its namespace. Empty for the root namespace.
              returned: success
              type: str
              sample: ns1
            kind:
              description: Its kind, as C(ip-link(8)) names it. Empty for hardware and for C(lo).
              returned: success
              type: str
              sample: dummy
            mac:
              description: Its MAC address. Empty if it has none.
              returned: success
              type: str
              sample: 9a:9b:4e:22:e4:15
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
            master:
              description: The bridge that it is a port of. C(null) if it is none's.
              returned: success
              type: str
              sample: br0
            addresses:
              description: All its addresses with their prefix lengths.
              returned: success
              type: list
              elements: str
              sample: [192.0.2.7/24]
        nat:
          description: Rules of the table nat without a mark of this collection, or with more than its rules have.
          returned: success
          type: list
          elements: dict
          contains:
            netns:
              description: The namespace. Empty for the root namespace.
              returned: success
              type: str
              sample: router
            rule:
              description: The rule, as the command that would add it.
              returned: success
              type: str
              sample: iptables -t nat -A POSTROUTING -o eth0 -j MASQUERADE
    processes: &processes
      description:
        - Long-lived commands, whether they run or not, with what they tell besides their options. That depends on the
          module, and is described there.
      returned: success
      type: list
      elements: dict
      sample:
        - module: dnsmasq_dhcp
          name: dnsmasq
          netns: server
          running: true
          pid: 4711
          log: /run/tcpip.lab/process/dhcp/server/dnsmasq_dhcp.dnsmasq/log
          leases: []
    drift:
      description:
        - What M(tcpip.lab.topology) would do if RV(labs[].declared) were declared again, step by step. Empty if all is
          as it was declared.
      returned: success
      type: list
      elements: dict
      contains:
        change:
          description: The step.
          returned: success
          type: str
          sample: 'change ns1: ns1-veth0 mtu 1400 to ns1: ns1-veth0 mtu 1500'
        before:
          description: The lines that it would take away.
          returned: success
          type: list
          elements: str
          sample: ['ns1: ns1-veth0 mtu 1400']
        after:
          description: The lines that it would bring.
          returned: success
          type: list
          elements: str
          sample: ['ns1: ns1-veth0 mtu 1500']
    refusal:
      description:
        - Why M(tcpip.lab.topology) would refuse to do anything, such as somebody else's object in the place of the
          lab's. RV(labs[].drift) is empty then. C(null) if it would not refuse.
      returned: success
      type: str
      sample: null
orphans:
  description:
    - What bears the mark of a lab that has no record on this machine, or none that can be read, lab by lab.
      M(tcpip.lab.topology) with O(tcpip.lab.topology#module:state=absent) and the lab's name removes it.
    - With O(name) only that lab's, where it has no such record.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The lab's name, by the mark.
      returned: success
      type: str
      sample: old
    live:
      description: As RV(labs[].live).
      returned: success
      type: dict
      sample: *live
    others: *others
    processes: *processes
unreadable:
  description: The records that cannot be read.
  returned: success
  type: list
  elements: dict
  contains:
    lab:
      description: The lab's name.
      returned: success
      type: str
      sample: old
    path:
      description: The file.
      returned: success
      type: str
      sample: /run/tcpip.lab/old.json
    reason:
      description: What is wrong with it, and what to do.
      returned: success
      type: str
      sample: >-
        /run/tcpip.lab/old.json cannot be read: Expecting value: line 1 column 1 (char 0) (remove the file; the marks
        suffice)
machine:
  description: What belongs to no lab. C(null) unless it is asked for by O(machine=true).
  returned: success
  type: dict
  contains:
    live:
      description: As RV(labs[].live), of the root namespace, too.
      returned: success
      type: dict
      sample: *live
    others: *others
    processes: *processes
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.tcpip.lab.plugins.module_utils import runner, survey, values
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.module_utils.options import Option, Options, argument_spec, read

OPTIONS: Options = {
    "name": Option(value=values.lab),
    "machine": Option("bool", default=False),
}


def look(given: dict[str, Any]) -> dict[str, Any]:
    """The module's result. Raises LabError where nothing can be found out."""
    options = read(given, OPTIONS, "")
    if options["name"] and options["machine"]:
        raise LabError("a lab is told of alone", "machine", "leave out one of name and machine")
    return survey.take(options["name"], options["machine"])


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec(OPTIONS), supports_check_mode=True)
    runner.require(module, "to enter namespaces and to read the records of labs")
    try:
        module.exit_json(changed=False, **look(module.params))
    except LabError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
