# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection tcpip.lab.netns does what Ansible asks of a connection, for root and for a user with sudo."""

from __future__ import annotations

import os
import pathlib
import typing as t

import pytest
import yaml
from check_networks import ip

if t.TYPE_CHECKING:
    from labmachine import LabMachine

WORDS = "grüße, ★, $HOME, `id`, ' and \""
NODES = {"ns1": "192.0.2.1/24", "ns2": "192.0.2.2/24"}


PAIR = """
netns add ns1
netns add ns2
link add veth0 netns ns1 type veth peer name veth0 netns ns2
-n ns1 addr add 192.0.2.1/24 dev veth0
-n ns2 addr add 192.0.2.2/24 dev veth0
-n ns1 link set veth0 up
-n ns2 link set veth0 up
"""


@pytest.fixture
def lab(machine: LabMachine) -> LabMachine:
    """Two namespaces and a cable."""
    ip(machine, PAIR)
    return machine


def inventory(directory: pathlib.Path, pipelining: bool = True, **hosts: dict[str, t.Any]) -> str:
    """Write an inventory with the hosts in a group "nodes"; its path."""
    common = {
        "ansible_connection": "tcpip.lab.netns",
        "ansible_pipelining": pipelining,
        "ansible_python_interpreter": "/usr/bin/python3",
        "expected_user": "root",
        "expected_home": "/root",
    }
    path = directory / "hosts.yml"
    path.write_text(yaml.safe_dump({"nodes": {"hosts": {name: {**common, **own} for name, own in hosts.items()}}}))
    return str(path)


@pytest.mark.parametrize("pipelining", [True, False])
def test_what_a_connection_has_to_do(pipelining: bool, lab: LabMachine, tmp_path: pathlib.Path) -> None:
    hosts = inventory(
        tmp_path,
        pipelining,
        ns1={"expected_address": NODES["ns1"]},
        other={"ansible_netns": "ns2", "expected_address": NODES["ns2"]},
    )
    large = tmp_path / "large"
    large.write_bytes(os.urandom(20_000_000))
    variables: dict[str, t.Any] = {
        "large_file": str(large),
        "fetched": str(tmp_path / "fetched"),
        "scratch": "/tmp/scratch-{{ inventory_hostname }}",
    }
    lab.playbook("tests/connection/playbook.yml", "-i", hosts, **variables)
    for host in ("ns1", "other"):
        files = {path.name: path for path in (tmp_path / "fetched" / host).iterdir()}
        assert files.pop("large").read_bytes() == large.read_bytes()
        ((name, file),) = files.items()
        assert name == 'a file\'s "näme" $(id);`id` * ★'
        assert file.read_text(encoding="utf-8") == WORDS


def test_ordinary_modules_work_in_namespaces(lab: LabMachine, tmp_path: pathlib.Path) -> None:
    lab.playbook("tests/connection/ordinary.yml", "-i", inventory(tmp_path, ns1={}, ns2={}))
