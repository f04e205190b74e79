# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The namespaces of a machine that is reached by SSH, as a user with sudo: by the connection and by testinfra."""

from __future__ import annotations

import re
import typing as t

import connected
import machines
import pytest
from ansible.plugins.connection import ConnectionBase
from labmachine import BIN, ROOT, ansible_environment
from machines import USER, Bed

if t.TYPE_CHECKING:
    import pathlib


@pytest.fixture
def bed(tmp_path: pathlib.Path) -> t.Iterator[Bed]:
    """A machine with two namespaces and a cable, and the controller."""
    with Bed.made(1, share=[str(tmp_path)]) as made:
        for line in connected.PAIR.strip().splitlines():
            made.machines[0].run(["ip", *line.split()])
        yield made


@pytest.fixture
def way(bed: Bed) -> dict[str, t.Any]:
    """How Ansible reaches the machine's namespaces."""
    labs = bed.inventory(USER)["labs"]
    return {"ansible_netns_via": "ssh", **labs["vars"], **labs["hosts"]["lab1"]}


def test_it_does_what_a_connection_has_to_do(bed: Bed, tmp_path: pathlib.Path, way: dict[str, t.Any]) -> None:
    connected.does_what_it_has_to(bed.controller, tmp_path, USER, f"/home/{USER}", **way)


def ansible(bed: Bed, inventory: str, *words: str) -> str:
    """What Ansible says when it does something in the namespaces."""
    command = [str(BIN / "ansible"), "nodes", "-i", inventory, *words]
    return bed.controller.run(command, env=ansible_environment(""), cwd=str(ROOT), timeout=300).stdout


def test_no_variable_of_the_connection_is_shown(bed: Bed, tmp_path: pathlib.Path, way: dict[str, t.Any]) -> None:
    inventory = connected.inventory(tmp_path, way, {"ns1": {}})
    said = ansible(bed, inventory, "-v", "-m", "ansible.builtin.set_fact", "-a", "testing=value")
    assert "testing" in said
    assert "ansible_host" not in said


@pytest.mark.skipif(
    not hasattr(ConnectionBase, "is_pipelining_enabled"), reason="before 2.19, Ansible does not look for it"
)
def test_modules_go_as_files_where_ssh_makes_a_terminal(
    bed: Bed, tmp_path: pathlib.Path, way: dict[str, t.Any]
) -> None:
    """The input of a terminal does not end."""
    hosts = {"ns1": {}, "ns2": {"ansible_ssh_extra_args": "-o RequestTTY=force"}}
    inventory = connected.inventory(tmp_path, {**way, "ansible_pipelining": True}, hosts)
    said = ansible(bed, inventory, "-vvv", "-m", "ansible.builtin.ping")
    assert len(re.findall(r"> PUT ", said)) == 1


def test_testinfra_sees_the_namespaces(bed: Bed, tmp_path: pathlib.Path) -> None:
    # To connect anew for each command would take long.
    lines = [f"UserKnownHostsFile {machines.KNOWN}", f"ControlPath {machines.PLACE}/testinfra"]
    bed.controller.run(["tee", f"{machines.PLACE}/config"], input="".join(f"{line}\n" for line in lines))
    options = f"ssh_config={machines.PLACE}/config&ssh_identity_file={machines.KEY}"
    pattern = f"netns://{USER}@{bed.machines[0].address}/NETNS?{options}"
    connected.testinfra_sees_it(bed.controller, tmp_path, USER, pattern)
