# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory tcpip.lab.lab of a lab on several machines that are reached by SSH."""

from __future__ import annotations

import json
import re
import typing as t

import machines
import pytest
from labmachine import BIN, ROOT, ansible_environment

if t.TYPE_CHECKING:
    from machines import Bed

PLAYBOOK = "playbooks/router.yml"
NODES = ("ns1", "ns2", "router")


@pytest.fixture(autouse=True)
def _removed(bed: Bed) -> t.Iterator[None]:
    yield
    bed.playbook(PLAYBOOK, lab_state="absent")


def reached(bed: Bed, **variables: t.Any) -> dict[str, str]:
    """Of each host of the inventory its machine, the one that the inventory says, and its namespace."""
    command = [str(BIN / "ansible"), "--inventory", machines.INVENTORY, "--inventory", "inventory/router.lab.yml"]
    command += ["--extra-vars", json.dumps(variables), "lab_router", "-m", "ansible.builtin.shell"]
    command += ["-a", "echo $(hostname) {{ node_machine }} $(ip netns identify)"]
    said = bed.controller.run(command, cwd=str(ROOT), env=ansible_environment(""), timeout=300).stdout
    return dict(re.findall(r"^(\S+) \| CHANGED \| rc=0 >>\n(.*)", said, re.MULTILINE))


@pytest.mark.parametrize("names", ["labs", "lab3:labs:!lab1"])
def test_each_node_is_reached_where_it_is(bed: Bed, names: str) -> None:
    """As the role and the inventory find the places each for itself."""
    bed.playbook(PLAYBOOK, lab_checks=False, lab_machines=names)
    homes = {name: machine.name for machine in bed.machines for name in machine.namespaces()}
    assert sorted(homes) == [*NODES]
    assert len(set(homes.values())) == (3 if names == "labs" else 2)
    assert reached(bed, lab_machines=names) == {name: f"{home} {home} {name}" for name, home in homes.items()}


def test_where_the_lab_is_not_spread_each_node_is_on_each_machine(bed: Bed) -> None:
    given: dict[str, t.Any] = {"lab_machines": "labs[1:2]", "lab_spread": False}
    bed.playbook(PLAYBOOK, lab_checks=False, **given)
    homes = [(name, machine.name) for machine in bed.machines for name in machine.namespaces()]
    assert homes == [(name, home) for home in ("lab2", "lab3") for name in NODES]
    assert reached(bed, **given) == {f"{name}.{home}": f"{home} {home} {name}" for name, home in homes}
