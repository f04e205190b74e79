#!/usr/bin/python

# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: capture
short_description: Manage packet captures
version_added: "0.1.0"
description:
  - Keeps writing what passes an interface, in both directions, to a pcap file, which Wireshark and tcpdump open, also
    while it grows.
  - A capture can begin before its interface is up, so that nothing is missed, and it goes on when that is
    switched off and on again. tcpdump does neither, so a small program of this collection's own captures, in Python,
    with libpcap's filters. Its speed is enough for labs, not for a loaded link.
extends_documentation_fragment:
  - tcpip.lab.attributes
  - tcpip.lab.attributes.single
  - tcpip.lab.process
requirements:
  - libpcap, which comes with tcpdump, for O(filter)
options:
  name:
    description:
      - A name for the capture, 1 to 63 letters, digits, C(_), C(.) and C(-), the first of them a letter or a digit.
      - With O(netns) it tells the capture from others.
    type: str
    required: true
  dev:
    description: The interface, in O(netns). Required if O(state=present).
    type: str
  filter:
    description:
      - Which packets are wanted, in the words of pcap-filter(7). Empty, all are.
      - VLAN tags are in the packets as they were on the wire, so that C(vlan 100) finds them.
    type: str
    default: ''
  snaplen:
    description: How many bytes of each packet are kept, V(64) to V(262144).
    type: int
    default: 262144
  path:
    description:
      - The file, an absolute path. It is made for root alone (mode 0600), and stays when the capture is removed.
      - A capture file that is there already is continued if it is root's own. Anything else there is refused.
      - Omitted, the file is in C(/run/tcpip.lab), which is memory on most machines, and goes with the capture.
    type: str
notes:
  - The interface is opened as root, the packets are read as the user C(nobody).
  - In a topology, captures start before the interfaces of the lab are up, and stop when all else has stopped.
  - Whole records are written at once. The file can be read at any time.
  - Where the disk is full, the file ends with a whole packet and the capture ends, and its log says so. The next run
    goes on in the same file, if there is room.
seealso:
  - module: tcpip.lab.check
    description: Looks at the packets of a check's own traffic.
  - name: pcap-filter(7)
    description: The language of filters.
    link: https://www.tcpdump.org/manpages/pcap-filter.7.html
author:
  - Contributors to the tcpip.lab collection (@tcpip-lab)
"""

EXAMPLES = r"""
- name: Who asks for whom, for as long as the capture is there
  tcpip.lab.capture:
    name: arp
    netns: ns1
    dev: ns1-veth0
    filter: arp

- name: Pings alone, in a file that stays
  tcpip.lab.capture:
    name: pings
    netns: router
    dev: gw-veth0
    filter: icmp
    path: /tmp/pings.pcap

- name: The heads of the packets of a host
  tcpip.lab.capture:
    name: heads
    netns: router
    dev: gw-veth0
    filter: host 192.0.2.1
    snaplen: 96

- name: No capture any more. /tmp/pings.pcap stays
  tcpip.lab.capture:
    name: pings
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
    - 'start ns1: capture arp: /usr/bin/python3 -I sniffer.py ns1-veth0 262144 nobody arp'
diff:
  description: The lines that go and the lines that come, for C(--diff).
  returned: success
  type: dict
  contains:
    before:
      description: What is stopped or changed.
      returned: success
      type: str
      sample: ''
    after:
      description: What is started, or what it is changed to.
      returned: success
      type: str
      sample: |
        ns1: capture arp: /usr/bin/python3 -I sniffer.py ns1-veth0 262144 nobody arp
        ns1: capture arp: user root
        ns1: capture arp: directory /run/tcpip.lab/process/.machine/ns1/capture.arp/files
        ns1: capture arp: sniffer.py: (sha256 0123456789abcdef)
        ns1: capture arp: output /run/tcpip.lab/process/.machine/ns1/capture.arp/data/capture.pcap
capture:
  description: The capture as it is now, or in check mode as it was found. C(null) if there is none.
  returned: success
  type: dict
  contains:
    name:
      description: The name of the capture.
      returned: success
      type: str
      sample: arp
    netns:
      description: The namespace. Empty for the root namespace.
      returned: success
      type: str
      sample: ns1
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
      sample: /run/tcpip.lab/process/.machine/ns1/capture.arp/log
    dev:
      description: The interface.
      returned: when its record can be read
      type: str
      sample: ns1-veth0
    filter:
      description: Which packets are wanted.
      returned: when its record can be read
      type: str
      sample: arp
    snaplen:
      description: How many bytes of each packet are kept.
      returned: when its record can be read
      type: int
      sample: 262144
    path:
      description: The file with the packets.
      returned: when its record can be read
      type: str
      sample: /run/tcpip.lab/process/.machine/ns1/capture.arp/data/capture.pcap
"""

from ansible_collections.tcpip.lab.plugins.module_utils.kinds import Capture
from ansible_collections.tcpip.lab.plugins.module_utils.runner import run_kind


def main() -> None:
    """Entry point."""
    run_kind(Capture)


if __name__ == "__main__":
    main()
