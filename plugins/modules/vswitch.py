#!/usr/bin/python

# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vswitch
short_description: Manage a learning switch whose code can be read and changed
version_added: "0.1.0"
description:
  - Keeps an Ethernet switch running in a namespace, with interfaces as its ports. It is a small program of this
    collection's own, in Python, for those who want to see how a switch works, or to put something of their own into
    one. For a lab that just needs a switch, M(tcpip.lab.bridge_vlan) makes the kernel's own, which is faster.
  - It learns which station is behind which port from the source addresses of frames, and forgets those that it has not
    heard of for O(ageing_time). A frame to a known station leaves by its port alone. One to an unknown station, to a
    group or to all leaves by all ports but the one that it came in by.
  - What switches say to their neighbours is not passed on, that is frames to C(01:80:c2:00:00:00) to C(0f), such as
    BPDUs, and LLDP. VLAN tags are passed on as they are.
extends_documentation_fragment:
  - tcpip.lab.attributes
  - tcpip.lab.attributes.single
  - tcpip.lab.process
options:
  name:
    description:
      - A name for the switch, 1 to 63 letters, digits, C(_), C(.) and C(-), the first of them a letter or a digit.
      - With O(netns) it tells the switch from others.
    type: str
    required: true
  ports:
    description:
      - The interfaces, in O(netns), that are its ports, at most 24. They have to be Ethernet interfaces.
      - The switch has these and no others. Omitted, it has none.
      - Ports are added to the running switch, and taken from it, without a restart. When a port goes, what was learned
        by it is forgotten, and nothing else.
    type: list
    elements: str
    default: []
  ageing_time:
    description:
      - How many seconds a station is remembered that is not heard of, V(0) to V(1000000). With V(0) none is, and the
        switch is a hub.
      - It is changed without a restart.
    type: int
    default: 300
  hook:
    description:
      - A Python file on the machine of the lab, an absolute path, with a function C(treat(frame, port)) that is put
        between receiving and forwarding. It is given each frame as it would be on the wire (bytes), and the name of the
        port that it came in by. What it returns is forwarded in its place, nothing is if that is V(None).
      - The sender is learned from the frame as it came in. By which port it leaves is decided by what the function
        returned.
      - The file is copied when the module runs. If it has changed since, the switch is started anew.
    type: str
notes:
  - The switch is started as root, and is the user C(nobody), without any capability, before it sees a frame. The
    sockets of its ports are opened by the module, as root, and handed over to it. The function of O(hook) has no more
    privileges.
  - A function that fails drops the frame. The log has the reason.
  - The table holds 4096 stations. When it is full, no new one is learned until another one has aged.
  - In the directory C(files) beside the log, C(python3 -m vswitch show) shows ports and table of the running switch,
    and C(python3 -m vswitch delete PORT) and C(ip netns exec NETNS python3 -m vswitch add PORT) change its ports,
    C(python3 -m vswitch age SECONDS) its ageing time.
seealso:
  - module: tcpip.lab.bridge_vlan
    description: Makes a switch of the kernel's own.
author:
  - Contributors to the tcpip.lab collection (@tcpip-lab)
"""

EXAMPLES = r"""
- name: A switch with three stations
  tcpip.lab.vswitch:
    name: switch
    netns: bridge
    ports: [ns1-br0, ns2-br0, ns3-br0]

- name: The same switch, which goes on without the third port, and forgets stations after ten seconds
  tcpip.lab.vswitch:
    name: switch
    netns: bridge
    ports: [ns1-br0, ns2-br0]
    ageing_time: 10

- name: The same switch with a function of one's own, which lets no IPv6 pass
  tcpip.lab.vswitch:
    name: switch
    netns: bridge
    ports: [ns1-br0, ns2-br0]
    ageing_time: 10
    hook: /tmp/no_ipv6.py

- name: No switch any more
  tcpip.lab.vswitch:
    name: switch
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
    - 'start bridge: vswitch switch: /usr/bin/python3 -E -s -m vswitch serve nobody'
    - 'set bridge: vswitch switch: ageing_time 300'
    - 'add bridge: vswitch switch: port ns1-br0'
diff:
  description: The lines that go and the lines that come, for C(--diff).
  returned: success
  type: dict
  contains:
    before:
      description: What is stopped or taken away.
      returned: success
      type: str
      sample: |
        bridge: vswitch switch: port ns3-br0
        bridge: vswitch switch: ageing_time 300
    after:
      description: What is started or added.
      returned: success
      type: str
      sample: |
        bridge: vswitch switch: ageing_time 10
vswitch:
  description: The switch as it is now, or in check mode as it was found. C(null) if there is none.
  returned: success
  type: dict
  contains:
    name:
      description: The name of the switch.
      returned: success
      type: str
      sample: switch
    netns:
      description: The namespace. Empty for the root namespace.
      returned: success
      type: str
      sample: bridge
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
      sample: /run/tcpip.lab/process/.machine/bridge/vswitch.switch/log
    ageing_time:
      description: How many seconds a station is remembered that is not heard of.
      returned: when it runs
      type: float
      sample: 300
    ports:
      description: Its ports.
      returned: when it runs
      type: list
      elements: dict
      contains:
        name:
          description: The interface.
          returned: success
          type: str
          sample: ns1-br0
        index:
          description: The number of the interface.
          returned: success
          type: int
          sample: 2
        received:
          description: How many frames came in.
          returned: success
          type: int
          sample: 12
        sent:
          description: How many frames went out.
          returned: success
          type: int
          sample: 10
        dropped:
          description: How many frames could not be sent, or made the function of O(hook) fail.
          returned: success
          type: int
          sample: 0
    table:
      description: The stations that it knows.
      returned: when it runs
      type: list
      elements: dict
      contains:
        mac:
          description: The address of the station.
          returned: success
          type: str
          sample: 00:00:5e:00:53:01
        port:
          description: The port that it is behind.
          returned: success
          type: str
          sample: ns1-br0
        age:
          description: How many seconds ago it was heard.
          returned: success
          type: int
          sample: 4
"""

from ansible_collections.tcpip.lab.plugins.module_utils.kinds import Vswitch
from ansible_collections.tcpip.lab.plugins.module_utils.runner import run_kind


def main() -> None:
    """Entry point."""
    run_kind(Vswitch)


if __name__ == "__main__":
    main()
