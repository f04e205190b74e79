# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A walkthrough that waits behind each stage, so that one can try things in it."""

from __future__ import annotations

import os
import subprocess
import typing as t

from labmachine import BIN, ROOT, LabMachine, ansible_environment

if t.TYPE_CHECKING:
    import pathlib

WAITS = ["-e", "walkthrough=true", "-e", "lab_pause=true", "-e", "lab_checks=false"]
PROMPT = "Stage 1 of 2 is there"
WAITED = "tcpip.lab.lab : Wait for Enter"


def _state(machine: LabMachine) -> str:
    return str(machine.json(["ip", "-n", "ns1", "-j", "link", "show", "ns1-veth0"])[0]["operstate"])


def test_it_goes_on_when_enter_is_pressed(machine: LabMachine, tmp_path: pathlib.Path) -> None:
    terminal, end = os.openpty()
    command = ["setsid", "--ctty", "--wait", str(BIN / "ansible-playbook"), str(ROOT / "playbooks/veth.yml"), *WAITS]
    env = {**os.environ, **ansible_environment(str(tmp_path))}
    run = machine.popen(
        command, cwd=str(ROOT), env=env, stdin=end, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=1
    )
    try:
        assert run.stdout
        printed = ""
        while "Enter" not in printed.rpartition(PROMPT)[2] or PROMPT not in printed:
            line = run.stdout.readline()
            assert line, printed
            printed += line
        assert _state(machine) == "DOWN", "the first stage has both ends down"
        os.write(terminal, b"\r")
        rest, _nothing = run.communicate(timeout=120)
    finally:
        run.kill()
        os.close(terminal)
        os.close(end)
    assert run.returncode == 0, printed + rest
    assert "is there" not in rest, "behind the last stage nobody waits"
    assert _state(machine) == "UP"


def test_without_a_terminal_it_goes_on(machine: LabMachine) -> None:
    run = machine.playbook("playbooks/veth.yml", *WAITS)
    assert WAITED in [task["task"] for task in run.tasks]
    assert _state(machine) == "UP"


def test_who_builds_all_at_once_does_not_wait(machine: LabMachine) -> None:
    run = machine.playbook("playbooks/veth.yml", lab_pause=True, lab_checks=False)
    assert WAITED not in [task["task"] for task in run.tasks]
    assert _state(machine) == "UP"
