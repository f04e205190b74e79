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

#: The kernel takes its time to remove one of a pair's ends after the other. On a fast machine it takes more of them to
#: be at work for the second after which it is told.
PAIRS = (300, 1200, 4800)
PLAYBOOK = """
- name: Much
  hosts: localhost
  gather_facts: false
  become: true
  tasks:
    - name: Build
      tcpip.lab.topology: {name: long, netns: [{name: a}, {name: b}], veth: "{{ pairs }}"}
"""


def removed(machine: LabMachine, playbook: pathlib.Path, number: int) -> str:
    """What is printed while so many pairs are removed."""
    pairs = [{"name": f"a{each}", "netns": "a", "peer": {"name": f"b{each}", "netns": "b"}} for each in range(number)]
    machine.module("topology", name="long", netns=[{"name": "a"}, {"name": "b"}], veth=pairs)
    return machine.playbook(playbook, pairs=[]).stdout


def test_how_far_it_has_come(machine: LabMachine, tmp_path: pathlib.Path) -> None:
    playbook = tmp_path / "long.yml"
    playbook.write_text(PLAYBOOK, encoding="utf-8")
    for pairs in PAIRS:
        told = removed(machine, playbook, pairs)
        counts = [int(count) for count in re.findall(rf"^Build: (\d+) of {pairs} links", told, re.MULTILINE)]
        if counts:
            break
    assert counts, told
    assert counts == sorted(counts)
    assert 0 < counts[0] < pairs
    assert not machine.run(["cat", "/run/tcpip.lab/long.lock"]).stdout
    assert "Build: " not in machine.playbook(playbook, pairs=[]).stdout, "there was nothing to do"
