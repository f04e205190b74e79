#!/usr/bin/python

# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: machine_info
short_description: Tell what a machine has of what labs need
version_added: 0.1.0
description:
  - Looks for commands, for kinds of interfaces that the kernel can make, and for the Python library C(pyroute2) in the
    interpreter that the modules of this collection use on the machine.
  - It works where C(pyroute2) is missing, and says so. It does not fail because something is missing.
  - The role P(tcpip.lab.machine#role) installs what this module finds missing.
extends_documentation_fragment:
  - tcpip.lab.attributes.info
options:
  commands:
    description: Names of commands to look for, in E(PATH) and the directories for system administration.
    type: list
    elements: str
    default: []
  link_kinds:
    description:
      - Kinds of interfaces to try, as C(ip-link(8)) names them.
      - They are tried in a network namespace without a name that ends at once. The kernel may load its module for one.
    type: list
    elements: str
    default: []
requirements:
  - the privileges of root
author:
  - Contributors to the tcpip.lab collection (@tcpip-lab)
"""

EXAMPLES = r"""
- name: See whether this machine can run the VXLAN lab
  tcpip.lab.machine_info:
    commands: [ip, ping, tcpdump]
    link_kinds: [veth, vxlan]
  register: found
  become: true

- name: Stop where the kernel cannot
  ansible.builtin.assert:
    that: not found.missing.link_kinds
    fail_msg: "The kernel cannot make interfaces of kind {{ found.missing.link_kinds | join(', ') }}"
"""

RETURN = r"""
ready:
  description: Whether nothing is missing.
  returned: success
  type: bool
  sample: false
missing:
  description: What is missing.
  returned: success
  type: dict
  contains:
    commands:
      description: The commands that were not found.
      type: list
      elements: str
      returned: success
      sample: [tcpdump]
    link_kinds:
      description: The kinds of interfaces that the kernel does not know.
      type: list
      elements: str
      returned: success
      sample: []
    pyroute2:
      description: Whether C(pyroute2) is missing or too old.
      type: bool
      returned: success
      sample: false
pyroute2:
  description: The library in the interpreter that runs this module.
  returned: success
  type: dict
  contains:
    version:
      description: Its version. Empty if there is none.
      type: str
      returned: success
      sample: 0.9.7
    sufficient:
      description: Whether that is new enough.
      type: bool
      returned: success
      sample: true
    minimum:
      description: The oldest version that is new enough.
      type: str
      returned: success
      sample: 0.7.2
python:
  description: The interpreter that runs this module.
  returned: success
  type: dict
  contains:
    executable:
      description: Its path.
      type: str
      returned: success
      sample: /usr/bin/python3
    version:
      description: Its version.
      type: str
      returned: success
      sample: 3.11.2
    distribution:
      description: Whether the distribution's packages of Python libraries are for it.
      type: bool
      returned: success
      sample: true
    owner:
      description: Whose the directory is in which it has its libraries, such as that of a virtual environment.
      returned: success
      type: dict
      contains:
        uid:
          description: The number of the user.
          type: int
          returned: success
          sample: 0
        gid:
          description: The number of the group.
          type: int
          returned: success
          sample: 0
    pip:
      description: Whether it has C(pip).
      type: bool
      returned: success
      sample: true
kernel:
  description: The release of the kernel.
  returned: success
  type: str
  sample: 6.1.0-30-amd64
family:
  description: The family of the distribution, V(debian), V(redhat) or V(other).
  returned: success
  type: str
  sample: debian
uplink:
  description: Where the machine's IPv4 default route leads. Empty if it has none.
  returned: success
  type: dict
  contains:
    dev:
      description: The interface.
      type: str
      returned: when there is a default route by way of a gateway
      sample: eth0
    via:
      description: The gateway.
      type: str
      returned: when there is a default route by way of a gateway
      sample: 192.0.2.254
    address:
      description: The first address of the interface. Empty if it has none.
      type: str
      returned: when there is a default route by way of a gateway
      sample: 192.0.2.1
"""

import os
from collections.abc import Iterable
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.process import get_bin_path
from ansible_collections.tcpip.lab.plugins.module_utils import machine
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.module_utils.requirements import PYROUTE2_MINIMUM

_LIST: dict[str, Any] = {"type": "list", "elements": "str", "default": []}
SPEC = {"commands": _LIST, "link_kinds": _LIST}


def look(commands: Iterable[str], link_kinds: list[str]) -> dict[str, Any]:
    """The module's result. Raises LabError where nothing can be found out."""
    if os.geteuid() != 0:
        raise LabError("root privileges are needed to try what the kernel can", hint="set become: true")
    pyroute2 = {**machine.pyroute2(), "minimum": PYROUTE2_MINIMUM}
    missing: dict[str, Any] = {
        "commands": [command for command in commands if not is_there(command)],
        "link_kinds": machine.lacking_link_kinds(link_kinds),
        "pyroute2": not pyroute2["sufficient"],
    }
    return {
        "ready": not any(missing.values()),
        "missing": missing,
        "pyroute2": pyroute2,
        "python": machine.python(),
        "kernel": os.uname().release,
        "family": machine.family(),
        "uplink": machine.uplink(),
    }


def is_there(command: str) -> bool:
    """Whether the command is found where administrators' commands are."""
    try:
        get_bin_path(command)
    except ValueError:
        return False
    return True


def main() -> None:
    """Entry point."""
    module = AnsibleModule(SPEC, supports_check_mode=True)
    try:
        module.exit_json(changed=False, **look(**module.params))
    except LabError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
