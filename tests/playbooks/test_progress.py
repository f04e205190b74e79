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

#: The kernel takes its time to remove one of a pair's ends after the other.
PAIRS = 300
PLAYBOOK = """
- name: Much
  hosts: localhost
  gather_facts: false
  become: true
  tasks:
    - name: Build
      tcpip.lab.topology: {name: long, netns: [{name: a}, {name: b}], veth: "{{ pairs }}"}
"""
TOLD = re.compile(rf"^Build: (\d+) of {PAIRS} links", re.MULTILINE)


def test_how_far_it_has_come(machine: LabMachine, tmp_path: pathlib.Path) -> None:
    playbook = tmp_path / "long.yml"
    playbook.write_text(PLAYBOOK, encoding="utf-8")
    pairs = [
        {"name": f"a{number}", "netns": "a", "peer": {"name": f"b{number}", "netns": "b"}} for number in range(PAIRS)
    ]
    machine.module("topology", name="long", netns=[{"name": "a"}, {"name": "b"}], veth=pairs)
    told = machine.playbook(playbook, pairs=[]).stdout
    counts = [int(count) for count in TOLD.findall(told)]
    assert counts, told
    assert counts == sorted(counts)
    assert 0 < counts[0] < PAIRS
    assert not machine.run(["cat", "/run/tcpip.lab/long.lock"]).stdout
    assert "Build: " not in machine.playbook(playbook, pairs=[]).stdout, "there was nothing to do"
