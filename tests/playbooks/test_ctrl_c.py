# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ctrl-C in the midst of a playbook: what was begun is taken back, nothing runs on, and the next run finds no trace."""

from __future__ import annotations

import os
import subprocess
import time
import typing as t

import pytest
import snapshot
from labmachine import BIN, ROOT, ansible_environment
from labs import same, settled

if t.TYPE_CHECKING:
    import pathlib

    from labmachine import LabMachine

PLAYBOOK = """
- name: A lab
  hosts: localhost
  gather_facts: false
  become: true
  tasks:
    - name: Build
      tcpip.lab.topology:
        name: lab
        netns: [{name: a}, {name: b}]
        veth: [{name: a0, netns: a, peer: {name: b0, netns: b}}]
        sysctl: [{name: net.ipv4.ip_forward, value: '1'}]
        process: [{name: late, command: [sleep, '1000'], ready: {tcp: 9, timeout: 15}}]
"""
#: What is there when the module is in the midst of its work.
MIDST = "until pgrep -x sleep >/dev/null; do :; done"
#: Now and then Ansible does not hand the signal on, and the module ends when nothing gets ready.
UNDONE_S = 60


@pytest.mark.parametrize("number", ["INT", "TERM"])
def test_a_playbook_is_interrupted(machine: LabMachine, tmp_path: pathlib.Path, number: str) -> None:
    """As by a terminal, which sends the signal to all processes that are in its foreground."""
    playbook = tmp_path / "lab.yml"
    playbook.write_text(PLAYBOOK, encoding="utf-8")
    before = settled(machine)
    command = ["setsid", "--wait", "sh", "-c", 'echo $$; exec "$@"', "sh", str(BIN / "ansible-playbook"), str(playbook)]
    env = {**os.environ, **ansible_environment(str(tmp_path))}
    run = machine.popen(command, cwd=str(ROOT), env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert run.stdout
    group = run.stdout.readline().strip()
    try:
        machine.run(["sh", "-c", MIDST], timeout=30)
        machine.run(["kill", f"-{number}", "--", f"-{group}"])
        printed, _nothing = run.communicate(timeout=UNDONE_S)
    finally:
        run.kill()
        run.communicate()
    assert run.returncode != 0
    assert "Traceback" not in printed
    deadline = time.monotonic() + UNDONE_S  # Ansible does not wait for the module
    while snapshot.diff(before, machine.snapshot()) and time.monotonic() < deadline:
        time.sleep(0.2)
    same(before, settled(machine))
    playbook.write_text(PLAYBOOK.replace(", ready: {tcp: 9, timeout: 15}", ""), encoding="utf-8")
    assert machine.playbook(playbook).changed == 1
    machine.module("topology", name="lab", state="absent")
    same(before, settled(machine))
