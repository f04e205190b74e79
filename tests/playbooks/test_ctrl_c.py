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
from labmachine import BIN, ROOT, ansible_environment
from labs import same, settled

if t.TYPE_CHECKING:
    import pathlib

    from labmachine import LabMachine

#: So many seconds the module waits for its process: whatever ends it here, it is not this limit.
NEVER_S = 900
PLAYBOOK = f"""
- name: A lab
  hosts: localhost
  gather_facts: false
  become: true
  tasks:
    - name: Build
      tcpip.lab.topology:
        name: lab
        netns: [{{name: a}}, {{name: b}}]
        veth: [{{name: a0, netns: a, peer: {{name: b0, netns: b}}}}]
        sysctl: [{{name: net.ipv4.ip_forward, value: '1'}}]
        process: [{{name: late, command: [sleep, '1000'], ready: {{tcp: 9, timeout: {NEVER_S}}}}}]
"""
#: What is there when the module is in the midst of its work.
MIDST = "until pgrep -x sleep >/dev/null; do :; done"
#: Seconds for Ansible to hand the signal on, which it does not always do, and for all to be undone.
HANDED_ON_S, UNDONE_S = 20, 60


def ended(machine: LabMachine, pid: str, seconds: float) -> bool:
    """Whether the process ends within so many seconds."""
    deadline = time.monotonic() + seconds
    while there := machine.run(["test", "-e", f"/proc/{pid}"], check=False).returncode == 0:
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    return not there


@pytest.mark.parametrize("number", ["INT", "TERM"])
def test_a_playbook_is_interrupted(
    machine: LabMachine, tmp_path: pathlib.Path, number: str, record_property: t.Callable[[str, t.Any], None]
) -> None:
    """As by a terminal, which sends the signal to all processes that are in its foreground.

    Where Ansible has not handed the signal on to the module, that is done here, so that it is always the signal that
    ends it. Ansible may wait for it, and may not.
    """
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
        module = machine.run(["ps", "-o", "ppid=", "-C", "sleep"]).stdout.strip()
        machine.run(["kill", f"-{number}", "--", f"-{group}"])
        handed_on = ended(machine, module, HANDED_ON_S)
        if not handed_on:
            machine.run(["kill", f"-{number}", module], check=False)  # it may end at this moment
            assert ended(machine, module, UNDONE_S), "the module does not heed the signal"
        printed, _nothing = run.communicate(timeout=UNDONE_S)
    finally:
        run.kill()
        run.communicate()
    assert run.returncode != 0
    assert "Traceback" not in printed
    record_property(f"SIG{number} to a playbook", {"handed on by Ansible" if handed_on else "by this test": 1})
    same(before, settled(machine))
    playbook.write_text(PLAYBOOK.replace(f", ready: {{tcp: 9, timeout: {NEVER_S}}}", ""), encoding="utf-8")
    assert machine.playbook(playbook).changed == 1
    machine.module("topology", name="lab", state="absent")
    same(before, settled(machine))
