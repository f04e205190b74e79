# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long work says how far it has come, and leaves nothing of what it says."""

from __future__ import annotations

import re
import typing as t

if t.TYPE_CHECKING:
    import pathlib

    from labmachine import LabMachine

NAMESPACES = 2500
PLAYBOOK = """
- name: Much
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Build
      tcpip.lab.topology: {name: long, netns: "{{ spaces }}"}
"""


def test_how_far_it_has_come(machine: LabMachine, tmp_path: pathlib.Path) -> None:
    (tmp_path / "long.yml").write_text(PLAYBOOK, encoding="utf-8")
    spaces = [{"name": f"n{number}"} for number in range(NAMESPACES)]
    told = machine.playbook(tmp_path / "long.yml", spaces=spaces).stdout
    counts = [int(count) for count in re.findall(rf"^Build: (\d+) of {NAMESPACES} namespaces", told, re.MULTILINE)]
    assert counts, told
    assert counts == sorted(counts)
    assert 0 < counts[0] < NAMESPACES
    assert not machine.run(["cat", "/run/tcpip.lab/long.lock"]).stdout


def test_short_work_says_nothing(machine: LabMachine, tmp_path: pathlib.Path) -> None:
    (tmp_path / "long.yml").write_text(PLAYBOOK, encoding="utf-8")
    assert " of " not in machine.playbook(tmp_path / "long.yml", spaces=[{"name": "n0"}]).stdout
