# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules on the machine where Ansible runs: from where they lie, by its own Python; packed for every other one."""

from __future__ import annotations

import json
import os
import pathlib
import sys
import typing as t

import pytest
from labmachine import BIN, ROOT, LabMachine, ansible_environment

TASK = {"name": "Build", "tcpip.lab.topology": {"name": "here", "netns": [{"name": "a"}, {"name": "b"}]}}
#: Where Ansible packs a module, it does so with this.
PACKED = b"zipfile"


class Place(t.NamedTuple):
    """Where modules are kept that were run, and how they are run."""

    machine: LabMachine
    directory: pathlib.Path

    def build(self, *arguments: str, **play: t.Any) -> tuple[str, list[bytes]]:
        """What a play that builds a lab says, and the programs that Ansible has handed to Python for it."""
        kept = {
            "ANSIBLE_KEEP_REMOTE_FILES": "1",
            "ANSIBLE_PIPELINING": "0",
            "ANSIBLE_REMOTE_TMP": str(self.directory / "kept"),
        }
        said = self.play(kept, *arguments, **play)
        return said, [file.read_bytes() for file in self.directory.glob("kept/*/AnsiballZ_*")]

    def play(self, settings: dict[str, str], *arguments: str, **play: t.Any) -> str:
        """What a play that builds a lab says."""
        playbook = self.directory / "play.yml"
        one = {"name": "Here", "hosts": "localhost", "gather_facts": False, "tasks": [TASK], **play}
        playbook.write_text(json.dumps([one]), encoding="utf-8")
        # Its two sides take different directories for the home if HOME is not what passwd(5) says.
        settings = {"ANSIBLE_ASYNC_DIR": str(self.directory / "jobs"), **settings}
        done = self.machine.run(
            [str(BIN / "ansible-playbook"), str(playbook), *arguments],
            check=False,
            cwd=str(ROOT),
            env={**ansible_environment(str(self.directory)), **settings},
        )
        return done.stdout + done.stderr


@pytest.fixture
def place(machine: LabMachine, tmp_path: pathlib.Path) -> Place:
    return Place(machine, tmp_path)


def namespaces(machine: LabMachine) -> set[str]:
    return {each["name"] for each in machine.json(["ip", "-j", "netns"])}


def test_by_its_own_python(place: Place) -> None:
    said, (program,) = place.build("--diff")
    assert PACKED not in program
    assert "+namespace a" in said
    assert "changed=1" in said
    assert namespaces(place.machine) == {"a", "b"}


def test_a_prediction_and_what_the_play_sets(place: Place) -> None:
    said, (program,) = place.build("--check", environment={"PATH": "/nowhere"})
    assert PACKED not in program
    assert "changed=1" in said
    assert "/run/netns/a" not in place.machine.run(["ls", "/run"]).stdout
    assert not place.machine.run(["ls", "/run/netns"], check=False).stdout


def test_in_the_background(place: Place) -> None:
    tasks = [{**TASK, "async": 60, "poll": 1}, {"tcpip.lab.machine_info": {}, "async": 60, "poll": 1}]
    said, programs = place.build(tasks=tasks)
    assert "ok=2" in said, said
    assert sum(PACKED not in program for program in programs) == len(tasks), "only what puts them there is packed"
    assert namespaces(place.machine) == {"a", "b"}


def test_again_and_for_each_of_a_list(place: Place) -> None:
    """What is kept of a task's options with its result is little; they are all there as long as they are needed."""
    again = {**TASK, "register": "built", "until": "built is not changed", "retries": 3, "delay": 0}
    lab = {"name": "{{ item }}", "netns": [{"name": "n{{ item }}"}]}
    said = place.play({}, tasks=[again, {"name": "Each", "tcpip.lab.topology": lab, "loop": ["x", "y"]}])
    assert "failed=0" in said, said
    assert "FAILED - RETRYING" in said
    assert namespaces(place.machine) == {"a", "b", "nx", "ny"}


def test_how_a_machine_is_looked_at(place: Place) -> None:
    """In the process of Ansible itself, if nothing special is asked for."""
    look = {"name": "Look", "tcpip.lab.machine_info": {"commands": ["ip", "no-such-command"]}, "register": "found"}
    tell = {"name": "Tell", "ansible.builtin.debug": {"msg": "{{ found.missing.commands }} {{ found.kernel }}"}}
    said, programs = place.build(tasks=[look, tell])
    assert "no-such-command" in said
    assert os.uname().release in said
    assert not programs
    wrong = {**look, "tcpip.lab.machine_info": {"comands": []}}
    assert "Unsupported parameters for (tcpip.lab.machine_info) module: comands" in place.play({}, tasks=[wrong])


def test_by_another_python(place: Place, tmp_path: pathlib.Path) -> None:
    """It may lack what the first one has; that one's packages are none of its business."""
    other = tmp_path / "other/python3"
    other.parent.mkdir()
    other.symlink_to(os.path.realpath(sys.executable))
    said, (program,) = place.build(vars={"ansible_python_interpreter": str(other)})
    assert PACKED in program
    assert "changed=1" in said or "pyroute2" in said


def test_for_another_user(place: Place) -> None:
    """Who may not be able to read where the collection lies."""
    said, programs = place.build(become=True, become_user="nobody")
    assert all(PACKED in program for program in programs)
    assert "unreachable=0" in said
    assert "failed=1" in said


def test_another_package_of_the_same_name(place: Place, tmp_path: pathlib.Path) -> None:
    """As the community's package has one, with collections of its own."""
    beside = tmp_path / "beside/ansible_collections"
    beside.mkdir(parents=True)
    (beside / "__init__.py").write_text("raise SystemExit('imported')", encoding="utf-8")
    said, (program,) = place.build(environment={"PYTHONPATH": str(beside.parent)})
    assert PACKED not in program
    assert "changed=1" in said


@pytest.mark.parametrize("module", ["ipaddress", "runpy", "atexit"])
def test_nothing_is_imported_from_the_playbooks_directory(place: Place, module: str) -> None:
    """Which is the working directory."""
    (place.directory / f"{module}.py").write_text("raise SystemExit('imported')", encoding="utf-8")
    assert "changed=1" in place.play({})
    assert namespaces(place.machine) == {"a", "b"}
