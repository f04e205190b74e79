# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What holds for every module that changes the network."""

    DOCUMENTATION = r"""
options: {}
requirements:
  - Linux, with the privileges of root
  - pyroute2 >= 0.7.2 on the managed node
attributes:
  action_group:
    description: Use C(group/tcpip.lab.lab) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - tcpip.lab.lab
  check_mode:
    description: Can run in check mode and return what would be changed, without changing it.
    support: full
    details: The kernel is only read. A run that follows does exactly what the check run said.
  diff_mode:
    description: Returns details on what has changed, or would have to be changed in check mode.
    support: full
    details: The lines that go and the lines that come, not the whole state.
  idempotent:
    description:
      - When run twice in a row outside check mode with the same options, the second run does not change anything.
    support: full
  platform:
    description: The systems that it runs on.
    support: full
    platforms: linux
"""

    # What holds for those that only look.
    INFO = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/tcpip.lab.lab) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - tcpip.lab.lab
  check_mode:
    description: Can run in check mode, where it does the same.
    support: full
  diff_mode:
    description: Returns details on what has changed.
    support: none
    details: Nothing is changed.
  idempotent:
    description: Run twice where nothing has changed, it reports the same.
    support: full
  platform:
    description: The systems that it runs on.
    support: full
    platforms: linux
"""

    # What holds for those that manage one object.
    SINGLE = r"""
options:
  state:
    description:
      - V(present) makes it and gives it what is declared here. What differs is changed, whoever changed it in the
        meantime.
      - V(absent) takes it away. Nothing happens if it is not there.
    type: str
    choices: [present, absent]
    default: present
notes:
  - The object that is named is managed, whoever made it, unless it belongs to a lab of M(tcpip.lab.topology). Then
    the task fails and names the lab.
  - A task is carried out as a whole or not at all. If the kernel refuses one of its steps, those before it are
    undone, and the message holds the step and the kernel's own words.
seealso:
  - module: tcpip.lab.topology
    description: Many of these at once, as one transaction that can be removed by its name.
"""
