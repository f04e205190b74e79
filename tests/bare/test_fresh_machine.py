# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On a machine that was installed a moment ago, the README's commands work."""

from __future__ import annotations

import json
import re
import shlex
import sys

import snapshot
from bare_machine import USER, BareMachine, recap
from shown import lines

NEEDED = ("python3", "ip", "ping", "tcpdump")
PACKAGES = "/var/lib/dpkg/status"
# How apt-get was to ask, each time that it installed something.
ASKING = "/var/log/asking"
NOTE_ASKING = f'DPkg::Pre-Invoke {{ "echo ${{DEBIAN_FRONTEND:-somebody}} >>{ASKING}"; }};\n'
#: What the first page has one type in the checkout, whose first lines the README has, too.
BUILD, WALK, LOOK, REMOVE = (shlex.split(line, comments=True) for line in lines("scripts/docsite/index.md")[1:])
README = [shlex.split(line) for line in lines("README.md", "git clone")[1:]]
DISTRIBUTIONS_PYTHON = "ARGS=-e ansible_python_interpreter=/usr/bin/python3"


def state(machine: BareMachine) -> snapshot.Snapshot:
    """All that a lab could leave behind."""
    taken: snapshot.Snapshot = json.loads(machine.run([sys.executable, snapshot.__file__]).stdout)
    return taken


def one_command_is_enough_for_a_lab_and_one_removes_it(machine: BareMachine) -> None:
    """The README's first promise."""
    assert not [command for command in NEEDED if machine.has(command)]
    machine.write("/etc/apt/apt.conf.d/91asking", NOTE_ASKING)
    before = state(machine)
    with machine.online():
        said = machine.types(*BUILD)
    assert recap(said)["failed"] == 0
    # Nothing asks where nobody may be to answer, or alarms the reader, such as a first try that failed.
    assert set(machine.read(ASKING).split()) == {"noninteractive"}
    assert not re.findall(r"^E: .*|^perl: .*", said, re.MULTILINE)
    assert "ttl=64" in machine.inside(*LOOK)

    # Once all is there, no network is needed.
    packages = machine.read(PACKAGES)
    assert recap(machine.types(*BUILD))["changed"] == 0
    assert [BUILD, WALK] == README
    machine.types(*WALK)
    machine.types(*REMOVE)
    assert machine.read(PACKAGES) == packages
    assert snapshot.diff(before, state(machine)) == []


def the_distributions_own_python_is_made_ready(machine: BareMachine) -> None:
    """What is installed where Ansible reaches a machine from another one."""
    with machine.online():
        machine.types("make", "machine", DISTRIBUTIONS_PYTHON)
    machine.inside("/usr/bin/python3", "-c", "import pyroute2")
    assert recap(machine.types("make", "machine", DISTRIBUTIONS_PYTHON))["changed"] == 0


def test_root_without_sudo() -> None:
    with BareMachine.made("root") as machine:
        assert not machine.has("sudo")
        one_command_is_enough_for_a_lab_and_one_removes_it(machine)
        the_distributions_own_python_is_made_ready(machine)


def make_asks_for_the_password_that_sudo_still_knows_in_the_terminal(machine: BareMachine) -> None:
    """As it does after somebody has installed git and make: what Ansible starts has no terminal."""
    machine.inside("sh", "-c", f"echo {USER}:secret | chpasswd")
    machine.write(f"/etc/sudoers.d/{USER}", f"{USER} ALL=(ALL) ALL\n")
    said = machine.types_at_a_terminal(f"sudo true && {shlex.join(BUILD)}", "secret")
    assert said.count("[sudo] password") == said.count("BECOME password") == 1
    assert recap(said)["failed"] == 0


def test_a_user_with_sudo() -> None:
    with BareMachine.made(USER) as machine:
        one_command_is_enough_for_a_lab_and_one_removes_it(machine)
        make_asks_for_the_password_that_sudo_still_knows_in_the_terminal(machine)


def test_a_user_without_sudo_is_told_so() -> None:
    with BareMachine.made("root") as machine:
        machine.inside("useradd", "--create-home", USER)
        machine.inside("mv", "/root/tcpip.lab", f"/home/{USER}/tcpip.lab")
        machine.inside("chown", "--recursive", f"{USER}:", f"/home/{USER}")
        machine.user = USER
        assert "run this as root, or install sudo" in machine.types(*BUILD, fails=True)
