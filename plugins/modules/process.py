#!/usr/bin/python

# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: process
short_description: Manage a long-lived command in a namespace
version_added: "0.1.0"
description:
  - Keeps a command running in a network namespace, such as an HTTP server or a listener, and ends it with its children.
  - The command runs as an unprivileged user unless another one is asked for.
extends_documentation_fragment:
  - tcpip.lab.attributes
  - tcpip.lab.attributes.single
  - tcpip.lab.process
options:
  name:
    description:
      - A name for the process, 1 to 63 letters, digits, C(_), C(.) and C(-), the first of them a letter or a digit.
      - With O(netns) it tells the process from others of this module.
    type: str
    required: true
  command:
    description:
      - The command and its arguments, a list. Required if O(state=present).
      - The first item is an absolute path, or a name that is looked up in C(/usr/local/sbin), C(/usr/local/bin),
        C(/usr/sbin), C(/usr/bin), C(/sbin) and C(/bin).
      - It has to stay in the foreground. A command that puts itself into the background counts as ended.
    type: list
    elements: str
  user:
    description: The user that it runs as, in that user's primary group and in no other. V(root) keeps all privileges.
    type: str
    default: nobody
  capabilities:
    description:
      - Capabilities (capabilities(7)) that it keeps though O(user) is not V(root). All others are out of its reach.
      - V(net_bind_service) allows ports below 1024, V(net_raw) raw sockets, V(net_admin) changes of the namespace's
        network.
    type: list
    elements: str
    choices: [net_admin, net_bind_service, net_raw]
    default: []
  directory:
    description:
      - The directory that it starts in, an absolute path.
      - Omitted, it is the directory of O(files), or C(/) if there are none.
    type: str
  environment:
    description:
      - Variables that are added to its environment.
      - A diff shows their names, and in place of each value the beginning of its SHA-256 digest.
    type: dict
  files:
    description:
      - Files that it needs. It can read them and not write them.
      - A diff shows what is in them, and the result of the task has the diff. What is secret needs C(no_log) on the
        task.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - The name of the file, at most 200 letters, digits, C(_), C(.) and C(-), the first of them none of C(.) and
            C(-). With C(/) in it, it lies in a directory below.
        type: str
        required: true
      content:
        description: What is in the file.
        type: str
        required: true
  ready:
    description:
      - How to know that it serves. The task that starts it waits for all that is given here, and fails with the last
        lines of the log if they do not come. Of one that runs it is not asked.
      - Omitted, it is enough that it has been started.
    type: dict
    suboptions:
      tcp:
        description: A TCP port on which it has to listen.
        type: int
      udp:
        description: A UDP port that it has to be bound to.
        type: int
      log:
        description: A regular expression of Python's that a line of its log has to match somewhere.
        type: str
      timeout:
        description: The longest time to wait, V(1) to V(3600) seconds.
        type: int
        default: 10
  stop_signal:
    description: The signal that asks it to end.
    type: str
    choices: [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGKILL]
    default: SIGTERM
  stop_timeout:
    description: How many seconds it may take to end before it is killed, V(1) to V(3600).
    type: int
    default: 10
seealso:
  - module: tcpip.lab.netns
    description: Makes the namespace.
  - module: tcpip.lab.check
    description: Starts short-lived clients and servers itself to prove that a lab works.
author:
  - Contributors to the tcpip.lab collection (@tcpip-lab)
"""

EXAMPLES = r"""
- name: A web server with a page of its own
  tcpip.lab.process:
    name: web
    netns: ns2
    command: [python3, -m, http.server, '80']
    capabilities: [net_bind_service]
    files:
      - name: index.html
        content: |
          <h1>Hello, World</h1>
    ready:
      tcp: 80

- name: The same server with another page, which restarts it
  tcpip.lab.process:
    name: web
    netns: ns2
    command: [python3, -m, http.server, '80']
    capabilities: [net_bind_service]
    files:
      - name: index.html
        content: |
          <h1>Hello again</h1>
      - name: about/index.html
        content: |
          <p>A lab.</p>
    ready:
      tcp: 80

- name: A program that says itself when it is ready, and is asked to end as from a keyboard
  tcpip.lab.process:
    name: echo
    netns: ns2
    command: [python3, echo.py, '7']
    capabilities: [net_bind_service]
    environment:
      PYTHONUNBUFFERED: 1
    files:
      - name: echo.py
        content: |
          import socket, sys
          server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
          server.bind(("", int(sys.argv[1])))
          print("waiting for datagrams")
          while True:
              data, sender = server.recvfrom(65535)
              server.sendto(data, sender)
    ready:
      udp: 7
      log: ^waiting
    stop_signal: SIGINT

- name: No web server any more
  tcpip.lab.process:
    name: web
    netns: ns2
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
    - 'start ns2: process web: python3 -m http.server 80'
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
        ns2: process web: python3 -m http.server 80
        ns2: process web: user nobody
        ns2: process web: directory /run/tcpip.lab/process/.machine/ns2/process.web/files
        ns2: process web: capability net_bind_service
        ns2: process web: index.html: <h1>Hello, World</h1>
process:
  description: The process as it is now, or in check mode as it was found. C(null) if there is none.
  returned: success
  type: dict
  contains:
    name:
      description: The name of the process.
      returned: success
      type: str
      sample: web
    netns:
      description: The namespace. Empty for the root namespace.
      returned: success
      type: str
      sample: ns2
    running:
      description: Whether it runs. If not, somebody else has ended it, or it ended by itself.
      returned: success
      type: bool
      sample: true
    pid:
      description: Its number. C(null) if it does not run.
      returned: success
      type: int
      sample: 4711
    log:
      description: The file in which all is that it printed.
      returned: success
      type: str
      sample: /run/tcpip.lab/process/.machine/ns2/process.web/log
    command:
      description: The command and its arguments.
      returned: when its record can be read
      type: list
      elements: str
      sample: [python3, -m, http.server, '80']
    user:
      description: The user that it runs as.
      returned: when its record can be read
      type: str
      sample: nobody
"""

from ansible_collections.tcpip.lab.plugins.module_utils.kinds import Process
from ansible_collections.tcpip.lab.plugins.module_utils.runner import run_kind


def main() -> None:
    """Entry point."""
    run_kind(Process)


if __name__ == "__main__":
    main()
