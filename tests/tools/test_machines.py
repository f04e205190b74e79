# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bed of several machines keeps its promises."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import machines
import pytest
from machines import USER, Bed

TOOL = str(pathlib.Path(machines.__file__))


@pytest.fixture(scope="module")
def bed() -> t.Iterator[Bed]:
    """Two machines, joined by an underlay for frames that are larger than usual."""
    with Bed.made(2, mtu=1600) as made:
        yield made


def logged_in(bed: Bed, **variables: t.Any) -> dict[str, str]:
    """What a command says on each machine that Ansible reaches, by SSH and with sudo."""
    command = [
        "env",
        "ANSIBLE_NOCOLOR=1",
        str(pathlib.Path(sys.prefix) / "bin/ansible"),
        "all",
        "-i",
        machines.INVENTORY,
    ]
    words = ["-o", "-b", "-m", "ansible.builtin.command", "-a", "sh -c 'echo $(hostname) $SUDO_USER'"]
    said = bed.controller.run([*command, *words, "-e", json.dumps(variables)], check=False, timeout=120).stdout
    lines = [line.partition(" | ") for line in said.splitlines() if " | " in line]
    return {host: rest for host, _bar, rest in lines}


def test_each_has_a_name_namespaces_and_files_of_its_own(bed: Bed) -> None:
    lab1, lab2 = bed.machines
    assert [machine.run(["hostname"]).stdout for machine in (lab1, lab2)] == ["lab1\n", "lab2\n"]
    lab1.run(["ip", "netns", "add", "ns1"])
    lab1.run(["touch", "/etc/file", "/tmp/file", "/var/file"])
    assert not lab2.run(["ip", "netns"]).stdout
    for place in ("/etc", "/tmp", "/var"):
        assert lab2.run(["ls", f"{place}/file"], check=False).returncode != 0
        assert not os.path.exists(f"{place}/file")
    lab1.run(["ip", "netns", "del", "ns1"])
    lab1.run(["rm", "/etc/file", "/tmp/file", "/var/file"])


def test_the_underlay_carries_what_it_is_made_for(bed: Bed) -> None:
    lab1, lab2 = bed.machines
    for address, largest in ((lab2.address, 1600 - 28), (lab2.address6, 1600 - 48)):
        ping = ["ping", "-c", "1", "-W", "20", "-M", "do", address, "-s"]
        lab1.run([*ping, str(largest)])
        assert "too long" in lab1.run([*ping, str(largest + 1)], check=False).stderr
    assert [link["ifname"] for link in lab1.json(["ip", "-j", "link"])] == ["lo", "eth0"]


def test_ansible_reaches_each_by_ssh_and_leaves_it_as_it_was(bed: Bed) -> None:
    before = bed.snapshots()
    said = logged_in(bed)
    assert {host: line.split()[-2:] for host, line in said.items()} == {"lab1": ["lab1", USER], "lab2": ["lab2", USER]}
    run = bed.playbook("playbooks/machine.yml")
    assert {task["host"] for task in run.tasks} == {"lab1", "lab2"}
    assert run.changed == 0
    assert machines.differences(before, bed.snapshots()) == []
    bed.machines[1].run(["ip", "link", "add", "left0", "type", "veth"])
    found = machines.differences(before, bed.snapshots())
    assert {line.partition(":")[0] for line in found} == {"lab2"}
    bed.machines[1].run(["ip", "link", "del", "left0"])


def test_a_machine_that_was_killed_comes_back_with_its_disk_alone(bed: Bed) -> None:
    lab2 = bed.machines[1]
    before = bed.snapshots()
    lab2.run(["ip", "netns", "add", "ns1"])
    lab2.run(["touch", "/var/file", "/tmp/file"])
    lab2.stop()
    assert not lab2.alive
    assert "UNREACHABLE" in logged_in(bed, ansible_timeout=2)["lab2"]
    lab2.boot()
    lab2.wait_for_ssh()
    assert lab2.run(["ls", "/var/file"]).stdout
    assert machines.differences(before, bed.snapshots()) == []
    assert logged_in(bed)["lab2"].split()[-2:] == ["lab2", USER]


def test_a_cable_that_is_cut_and_mended(bed: Bed) -> None:
    lab1, lab2 = bed.machines
    with lab2.cut():
        assert lab1.run(["ping", "-c", "1", "-W", "1", lab2.address], check=False).returncode != 0
    machines.wait_until(
        lambda: lab1.run(["ping", "-c", "1", "-W", "1", lab2.address], check=False).returncode == 0, "ping"
    )


def test_a_port_that_some_other_program_has(bed: Bed) -> None:
    lab1 = bed.machines[0]
    sockets = ["ss", "-Huln", "sport = :4789"]
    with lab1.occupied(4789):
        assert lab1.run(sockets).stdout
    assert not lab1.run(sockets).stdout


def test_from_a_shell(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "bed.json"
    subprocess.run([sys.executable, TOOL, "start", str(file), "--machines", "2"], check=True, timeout=120)
    bed = Bed.load(file)
    try:
        assert set(logged_in(bed)) == {"lab1", "lab2"}
    finally:
        subprocess.run([sys.executable, TOOL, "stop", str(file)], check=True, timeout=60)
    assert not any(machine.alive for machine in (bed.controller, *bed.machines))
    assert not file.exists()
