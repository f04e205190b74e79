# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules and the connection netns on machines reached by SSH, with the distribution's own pyroute2."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from machines import Bed

PLAYBOOK = "tests/several/modules.yml"


def test_each_machine_gets_what_the_play_says(bed: Bed) -> None:
    run = bed.playbook(PLAYBOOK)
    changed = [(task["host"], task["task"]) for task in run.tasks if task.get("changed")]
    tasks = ("Make a namespace", "Join it to the machine")
    assert sorted(changed) == sorted((machine.name, task) for machine in bed.machines for task in tasks)
    for machine in bed.machines:
        (link,) = machine.json(["ip", "-n", "client", "-j", "addr", "show", "client0"])
        assert link["addr_info"][0]["local"] == "198.51.100.1"
    assert bed.playbook(PLAYBOOK).changed == 0
