# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection tcpip.lab.netns on this machine."""

from __future__ import annotations

import os
import re
import shlex
import sys
import typing as t

import connected
import pytest
from check_networks import ip
from labmachine import BIN, ROOT, ansible_environment

if t.TYPE_CHECKING:
    import pathlib

    from labmachine import LabMachine


ENVIRONMENT: dict[str, t.Any] = {"cwd": str(ROOT), "env": ansible_environment(""), "timeout": 300}


@pytest.fixture
def pair(machine: LabMachine) -> LabMachine:
    """Two namespaces and a cable."""
    ip(machine, connected.PAIR)
    return machine


def test_it_does_what_a_connection_has_to_do(pair: LabMachine, tmp_path: pathlib.Path) -> None:
    connected.does_what_it_has_to(pair, tmp_path, user="root", home=os.path.expanduser("~"))


@pytest.mark.parametrize("python", ["/usr/bin/python3", sys.executable], ids=["any", "of Ansible"])
def test_ordinary_modules_work_in_namespaces(pair: LabMachine, tmp_path: pathlib.Path, python: str) -> None:
    common = {"ansible_python_interpreter": python}
    pair.playbook("tests/connection/ordinary.yml", "-i", connected.inventory(tmp_path, common, {"ns1": {}, "ns2": {}}))


def test_testinfra_sees_the_namespaces(pair: LabMachine, tmp_path: pathlib.Path) -> None:
    connected.testinfra_sees_it(pair, tmp_path, "root", "netns://NETNS")


def test_a_lab_is_tested_as_documented(machine: LabMachine, tmp_path: pathlib.Path) -> None:
    machine.playbook("playbooks/router.yml", lab_checks=False)
    (tmp_path / "test_router.py").write_text(connected.documented("test_router.py"), encoding="utf-8")
    connected.run_testinfra(machine, tmp_path)


def test_ordinary_modules_work_in_the_nodes_of_a_lab(machine: LabMachine, tmp_path: pathlib.Path) -> None:
    machine.playbook("playbooks/http.yml", lab_checks=False)
    nodes = tmp_path / "http.lab.yml"
    nodes.write_text("{plugin: tcpip.lab.lab, playbook: tcpip.lab.http}", encoding="utf-8")
    machine.playbook("tests/connection/nodes.yml", "-i", str(nodes), scratch=str(tmp_path))


def test_the_nodes_of_a_lab_are_hosts(machine: LabMachine) -> None:
    """By the README's own words."""
    machine.playbook("playbooks/router.yml", lab_checks=False)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = [line for line in readme.splitlines() if line.startswith(".venv/bin/ansible -i inventory/router.lab.yml")]
    said = [machine.run([str(BIN / "ansible"), *shlex.split(line)[1:]], **ENVIRONMENT).stdout for line in lines]
    assert len(said) == 2
    assert re.findall(r"^(\w+) \| SUCCESS", said[0], re.MULTILINE) == ["ns1"]
    routes = dict(re.findall(r"^(\w+) \| CHANGED \| rc=0 >>\n([^|]*\n)", said[1], re.MULTILINE))
    assert routes.keys() == {"ns1", "router", "ns2"}
    assert "default via 192.0.2.254 dev ns1-veth0" in routes["ns1"]
    assert "192.0.2.0/24 dev gw-veth0" in routes["router"]
