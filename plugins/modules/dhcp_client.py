#!/usr/bin/python

# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dhcp_client
short_description: Manage a DHCP client on an interface
version_added: "0.1.0"
description:
  - Keeps a DHCP client (IPv4) running on an interface in a namespace. The task ends when the interface is configured,
    with the address, the netmask and the default route that the server has given.
  - With O(state=absent) the lease is released, and what the client has configured is removed.
extends_documentation_fragment:
  - tcpip.lab.attributes
  - tcpip.lab.attributes.single
  - tcpip.lab.process
requirements:
  - ip(8)
  - one of the clients C(udhcpc), C(busybox) with C(udhcpc) in it, and C(dhclient), on the managed node
options:
  dev:
    description: The interface, in O(netns). It has to be up.
    type: str
    required: true
  timeout:
    description: How many seconds it may take until the interface is configured, V(1) to V(3600).
    type: int
    default: 15
notes:
  - The first client of the list above that is there is used. One that runs already stays, whichever it is.
  - The client runs as the user C(nobody), with the capabilities that it needs for the network. A small script of this
    collection's, which C(/bin/sh) runs, takes the place of the client's own. It configures the interface, and neither
    C(/etc/resolv.conf) nor anything else outside the namespace is touched. Name servers are only returned.
  - C(dhclient) needs a C(/run) from which programs can be started. On Debian it is mounted otherwise, and C(udhcpc)
    does not need it.
  - A default route that is there already stays, and the client adds none.
  - It is started anew also if its address has been removed from the interface, or if the namespace has no default route
    any more though the server names a router.
  - The address is not declared anywhere. C(purge_addresses) for the same interface leaves it.
seealso:
  - module: tcpip.lab.dnsmasq_dhcp
    description: A server for it.
  - name: RFC 2131
    description: Dynamic Host Configuration Protocol.
    link: https://www.rfc-editor.org/rfc/rfc2131
author:
  - Contributors to the tcpip.lab collection (@tcpip-lab)
"""

EXAMPLES = r"""
- name: Configure an interface by DHCP
  tcpip.lab.dhcp_client:
    netns: client
    dev: c-veth0

- name: Release the lease, and configure it no more
  tcpip.lab.dhcp_client:
    netns: client
    dev: c-veth0
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
    - 'start client: dhcp_client c-veth0: udhcpc -f -R -t 5 -T 1 -A 3 -s /bin/sh -i c-veth0'
diff:
  description:
    - The lines that go and the lines that come, for C(--diff). Check mode does not know what the server will give.
  returned: success
  type: dict
  contains:
    before:
      description: What is stopped or removed.
      returned: success
      type: str
      sample: ''
    after:
      description: What is started.
      returned: success
      type: str
      sample: |
        client: dhcp_client c-veth0: udhcpc -f -R -t 5 -T 1 -A 3 -s /bin/sh -i c-veth0
        client: dhcp_client c-veth0: user nobody
dhcp_client:
  description: The client as it is now, or in check mode as it was found. C(null) if there is none.
  returned: success
  type: dict
  contains:
    dev:
      description: The interface.
      returned: success
      type: str
      sample: c-veth0
    netns:
      description: The namespace. Empty for the root namespace.
      returned: success
      type: str
      sample: client
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
      sample: /run/tcpip.lab/process/.machine/client/dhcp_client.c-veth0/log
    lease:
      description: What the server has given. C(null) if there is no lease.
      returned: success
      type: dict
      contains:
        address:
          description: The address with its prefix length.
          returned: success
          type: str
          sample: 192.0.2.116/24
        router:
          description: The router of the default route that was added. Empty if there is none.
          returned: success
          type: str
          sample: 192.0.2.254
        server:
          description: The address of the server.
          returned: success
          type: str
          sample: 192.0.2.254
        seconds:
          description: For how long the address is leased, in seconds.
          returned: success
          type: int
          sample: 3600
        dns:
          description: The name servers that the server has told of.
          returned: success
          type: list
          elements: str
          sample: [192.0.2.254]
"""

from ansible_collections.tcpip.lab.plugins.module_utils.kinds import DhcpClient
from ansible_collections.tcpip.lab.plugins.module_utils.runner import run_kind


def main() -> None:
    """Entry point."""
    run_kind(DhcpClient)


if __name__ == "__main__":
    main()
