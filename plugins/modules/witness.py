#!/usr/bin/python

# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: witness
short_description: Make checks together with other machines
version_added: "0.1.0"
description:
  - Does what one machine has to do for checks whose namespaces are on several machines, one step at a time. Between two
    steps other machines have theirs.
  - The filter P(tcpip.lab.check_steps#filter) makes the steps of the checks that M(tcpip.lab.check) takes. It is seldom
    worth while to write them by hand.
  - A part that is begun goes on in the background until it is ended by another step. If nobody ends it, because a play
    was interrupted, it ends by itself after two minutes. It makes no file, and leaves nothing behind.
  - Nothing that anybody has set up is changed.
extends_documentation_fragment:
  - tcpip.lab.attributes.info
attributes:
  check_mode:
    description: Can run in check mode, where nothing is done, since the network may not have been built.
options:
  actions:
    description:
      - What is done, in this order. Each is a dictionary with exactly one of C(begin), C(checks), C(end) and C(leases).
      - C(checks) is a list of checks, which are made as M(tcpip.lab.check) makes them.
      - >-
        C(begin) begins a part of a check, and C(end), which is given the same, ends it and says what was seen. Its keys
        are C(id) (what tells it from others on this machine, required; one that is there is replaced), C(name) (the
        sentence of the check, required), C(captures), C(tcp) or C(udp), C(part) and C(again).
      - >-
        C(captures) is as in M(tcpip.lab.check). When C(begin) is done, no packet can be missed.
      - >-
        C(tcp) and C(udp) are as in M(tcpip.lab.check), without C(sockets). Their namespaces C(from) and C(at) may be on
        different machines, and C(part) says which of the two this one is. V(listens) listens from C(begin) on, and
        C(end) says what has arrived, or that it is right that nothing has. V(calls) connects in C(begin), so that one
        can look at a connection that has carried nothing yet, and C(end) sends the text and closes the connection.
      - >-
        C(again) (V(false)) is for C(udp) where it V(calls). The text is sent three times, since a datagram may be lost
        and nobody says so.
      - >-
        C(leases) asks a M(tcpip.lab.dnsmasq_dhcp) for what it has lent. Its keys are C(netns) and C(name) (V(dnsmasq)).
      - What keeps a part from being begun, such as a namespace that is not there, is told when it is ended.
    type: list
    elements: dict
    required: true
  leases:
    description:
      - What servers on other machines have lent, as the step on their machine returns it. A C(lease) is compared with
        it.
      - Each has C(server) (the namespace), C(name) (required), C(address) (required) and C(mac) (required).
    type: list
    elements: dict
    default: []
requirements:
  - what M(tcpip.lab.check) needs
  - the privileges of root
seealso:
  - plugin: tcpip.lab.check_steps
    plugin_type: filter
    description: Makes the steps.
  - module: tcpip.lab.check
    description: Makes checks on a single machine.
author:
  - Contributors to the tcpip.lab collection (@tcpip-lab)
"""

EXAMPLES = r"""
- name: Listen on the machine that has ns2, and see the packet there
  tcpip.lab.witness:
    actions:
      - begin: &listener
          id: text
          name: A datagram arrives
          udp: {from: ns1, to: 198.51.100.1, at: ns2, port: 54321, text: Hello World!}
          part: listens
          captures:
            - {netns: ns2, dev: ns2-veth0, filter: udp port 54321, count: 1}

- name: Send the text from the machine that has ns1
  tcpip.lab.witness:
    actions:
      - begin: &caller
          id: sender
          name: A datagram is sent
          udp: {from: ns1, to: 198.51.100.1, at: ns2, port: 54321, text: Hello World!}
          part: calls
      - end: *caller

- name: Ask the machine that has ns2 what has come
  tcpip.lab.witness:
    actions:
      - end: *listener
      - checks:
          - name: ns2 has learned where its router is
            neighbour: {netns: ns2, address: 198.51.100.254, dev: ns2-veth0}

- name: Ask the machine that has the DHCP server what it has lent
  tcpip.lab.witness:
    actions:
      - leases: {netns: router}
  register: lent

- name: Compare that with what a client on another machine has got
  tcpip.lab.witness:
    actions:
      - checks:
          - lease: {netns: ns3, dev: ns3-veth0, first: 10.0.0.100, last: 10.0.0.200, server: router}
    leases: "{{ lent.leases }}"
"""

RETURN = r"""
leases:
  description: What the servers that were asked for it have lent.
  returned: always
  type: list
  elements: dict
  contains:
    server:
      description: The namespace of the server.
      type: str
      returned: success
      sample: router
    name:
      description: Its name.
      type: str
      returned: success
      sample: dnsmasq
    address:
      description: The address that is lent.
      type: str
      returned: success
      sample: 10.0.0.100
    mac:
      description: The MAC address of the interface that has got it.
      type: str
      returned: success
      sample: 02:00:00:00:00:01
report:
  description: The results as lines for a person, as RV(tcpip.lab.check#module:report).
  returned: always
  type: list
  elements: str
  sample:
    - ok    A datagram arrives — 13 bytes delivered from 192.0.2.1 port 40404
results:
  description:
    - One result for each check made and each part ended, in their order, with all that
      RV(tcpip.lab.check#module:results) has. Empty in check mode.
  returned: always
  type: list
  elements: dict
  sample:
    - name: A datagram arrives
      ok: true
      what: listen on udp port 54321 in ns2
      expected: 13 bytes delivered to ns2
      got: 13 bytes delivered from 192.0.2.1 port 40404
      outcome: delivered
      evidence: ["ns2: 13 bytes from 192.0.2.1 port 40404: 'Hello World!\\n'"]
      cause: ''
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.tcpip.lab.plugins.module_utils.checks import actions, run
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError

_NOTHING: dict[str, Any] = {"results": [], "report": [], "leases": []}


def witness(items: list[Any], leases: list[Any], check_mode: bool) -> dict[str, Any]:
    """The module's result; C(failed) is in it when a check failed. Raises LabError on input that cannot be read."""
    wanted, told = actions.parse(items), actions.parse_leases(leases)
    if check_mode:
        return {"skipped": True, "msg": "no checks are made in check mode", **_NOTHING}
    if os.geteuid() != 0:
        raise LabError("checks inside namespaces need the privileges of root", hint="use 'become: true'")
    results, lent = actions.carry_out(wanted, told)
    found = {"results": [each.as_dict() for each in results], "report": run.report(results), "leases": lent}
    message = run.failure(results)
    return {**found, "failed": True, "msg": message} if message else found


def main() -> None:
    """Read the actions, do them, tell."""
    spec: dict[str, Any] = {
        "actions": {"type": "list", "elements": "dict", "required": True},
        "leases": {"type": "list", "elements": "dict", "default": []},
    }
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    try:
        result = witness(module.params["actions"], module.params["leases"], module.check_mode)
    except LabError as error:
        module.fail_json(msg=str(error), **_NOTHING)
    else:
        module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
