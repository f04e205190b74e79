# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation has one type and write for several machines works on them."""

from __future__ import annotations

import os
import typing as t

import machines
import yaml
from labmachine import BIN, ROOT, ansible_environment
from shown import examples, function, lines

if t.TYPE_CHECKING:
    from machines import Bed

INVENTORY = "inventory/three.yml"
PAGE = "docs/several_machines.md"
BEGINNING = "ansible-playbook tcpip.lab.router -i"


def typed(bed: Bed, command: str) -> str:
    """What a command prints on the controller, with the addresses of these machines in place of the inventory's."""
    assert INVENTORY in command
    env = {**ansible_environment(machines.PLACE), "PATH": f"{BIN}:{os.environ['PATH']}"}
    words = ["sh", "-c", command.replace(INVENTORY, machines.INVENTORY)]
    return bed.controller.run(words, cwd=str(ROOT), env=env, timeout=300).stdout


def test_a_lab_is_spread_by_the_readmes_commands(bed: Bed) -> None:
    inventory = yaml.safe_load((ROOT / INVENTORY).read_text(encoding="utf-8"))
    assert [*inventory["labs"]["hosts"]] == [machine.name for machine in bed.machines]
    (shown,) = [yaml.safe_load(text) for text in examples(PAGE, "yaml") if text.startswith("labs:")]
    assert shown == inventory
    before = bed.snapshots()
    predict, build, remove = commands = lines("README.md", BEGINNING)
    assert lines(PAGE, BEGINNING) == commands
    typed(bed, predict)
    assert machines.differences(before, bed.snapshots()) == []
    typed(bed, build)
    assert all(machine.namespaces() for machine in bed.machines)
    typed(bed, remove)
    assert machines.differences(before, bed.snapshots()) == []


def test_the_guide_to_the_tests_has_an_example_that_works(bed: Bed) -> None:
    function("docs/testing.md", "test_over_several_machines")(bed)
