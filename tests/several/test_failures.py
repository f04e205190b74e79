# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One of several machines fails, is not there, or dies: what becomes of the lab on the others."""

from __future__ import annotations

import contextlib
import typing as t

import pytest
from machines import Bed, Member, differences, wait_until
from traffic import ping

LAB = "playbooks/router.yml"
PLACES = [["ns1"], ["router"], ["ns2"]]
#: What is to be seen in the lab is not in question here.
UNSEEN = {"lab_checks": False}


@pytest.fixture
def machines(bed: Bed) -> t.Iterator[list[Member]]:
    """The machines, which are as before when the test is over."""
    before = bed.snapshots()
    yield bed.machines
    if any(namespaces(bed.machines)):
        bed.playbook(LAB, lab_state="absent")
    found = differences(before, bed.snapshots())
    assert not found, "\n".join(found)


@contextlib.contextmanager
def somebody_elses(machine: Member, netns: str) -> t.Iterator[None]:
    """A block during which the machine has a namespace that is no lab's."""
    machine.run(["ip", "netns", "add", netns])
    try:
        yield
    finally:
        machine.run(["ip", "netns", "del", netns])
        machine.run(["umount", "/run/netns"])  # ip(8) leaves it there
        machine.run(["rmdir", "/run/netns"])


def namespaces(machines: list[Member]) -> list[list[str]]:
    return [machine.namespaces() for machine in machines]


def test_a_failure_on_one_machine_undoes_all(bed: Bed, machines: list[Member]) -> None:
    with somebody_elses(machines[2], "ns2"):
        before = bed.snapshots()
        said = bed.playbook(LAB, _fails=True, **UNSEEN).stdout
        assert "namespace 'ns2' exists and belongs to no lab" in said
        assert "The lab router was not built. It failed on lab3" in said
        assert differences(before, bed.snapshots()) == []


@contextlib.contextmanager
def unwritable(machine: Member, directory: str) -> t.Iterator[None]:
    """A block during which nothing can be written there."""
    machine.run(["mount", "--bind", directory, directory])
    machine.run(["mount", "-o", "remount,bind,ro", directory])
    try:
        yield
    finally:
        machine.run(["umount", directory])


def test_a_walkthrough_begins_on_all_or_on_none(bed: Bed, machines: list[Member]) -> None:
    bed.playbook(LAB, **UNSEEN)
    with unwritable(machines[2], "/run/tcpip.lab"):
        said = bed.playbook(LAB, _fails=True, walkthrough=True, **UNSEEN).stdout
    assert "The lab router was not built. It failed on lab3" in said
    assert "Stage 1" not in said
    assert namespaces(machines) == PLACES
    assert bed.playbook(LAB, **UNSEEN).changed == 0


def test_what_is_not_reached_is_named_and_blocks_nothing_but_the_building(bed: Bed, machines: list[Member]) -> None:
    bed.playbook(LAB, **UNSEEN)
    with machines[1].cut():
        before = bed.snapshots()
        said = bed.playbook(LAB, _fails=True, **UNSEEN).stdout
        assert "lab2: not there" in said
        assert differences(before, bed.snapshots()) == []
        assert "lab2" in bed.playbook(LAB, _fails=True, lab_state="absent").stdout
        assert namespaces(machines) == [[], ["router"], []]


def test_a_machine_that_comes_back_gets_its_part_again(bed: Bed, machines: list[Member]) -> None:
    bed.playbook(LAB, **UNSEEN)
    machines[1].stop()
    machines[1].boot()
    machines[1].wait_for_ssh()
    run = bed.playbook(LAB, **UNSEEN)
    assert {task["host"] for task in run.tasks if task.get("changed")} == {"lab2"}
    assert namespaces(machines) == PLACES
    wait_until(lambda: "3 received" in ping(machines[0], "ns1", "198.51.100.1"), "ns1 reaches ns2 again")


def test_a_port_that_a_program_has_is_named(bed: Bed, machines: list[Member]) -> None:
    before = bed.snapshots()
    with machines[1].occupied(4789):
        said = bed.playbook(LAB, _fails=True, **UNSEEN).stdout
    assert "UDP port 4789 is taken by python3" in said
    assert differences(before, bed.snapshots()) == []
