# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory tcpip.lab.lab of a lab on several machines that are reached by SSH."""

from __future__ import annotations

import re
import typing as t

import machines
from labmachine import BIN, ROOT, ansible_environment

if t.TYPE_CHECKING:
    from machines import Bed


def test_each_node_is_reached_where_it_is(bed: Bed) -> None:
    bed.playbook("playbooks/router.yml", lab_checks=False)
    command = [str(BIN / "ansible"), "--inventory", machines.INVENTORY, "--inventory", "inventory/router.lab.yml"]
    command += ["--extra-vars", "lab_machines=labs", "lab_router", "-m", "ansible.builtin.shell"]
    command += ["-a", "echo $(hostname) {{ node_machine }} $(ip netns identify)"]
    said = bed.controller.run(command, cwd=str(ROOT), env=ansible_environment(""), timeout=300).stdout
    found = dict(re.findall(r"^(\w+) \| CHANGED \| rc=0 >>\n(.*)", said, re.MULTILINE))
    homes = {each["name"]: machine.name for machine in bed.machines for each in machine.json(["ip", "-j", "netns"])}
    assert homes.keys() == {"ns1", "router", "ns2"}
    assert found == {name: f"{home} {home} {name}" for name, home in homes.items()}
