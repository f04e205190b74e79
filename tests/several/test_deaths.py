# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine dies while a lab is built: the rest is clean, the message says which, and later all of it is built.

``LAB_DEATHS=20 pytest -s tests/several/test_deaths.py`` tries twenty moments, and says what came of each.
"""

from __future__ import annotations

import concurrent.futures
import functools
import os
import random
import time
import typing as t

import pytest
from machines import Bed, Member, differences, wait_until
from traffic import ping

if t.TYPE_CHECKING:
    from labmachine import Run

PLAYBOOK = "tests/several/given.yml"
DEATHS = int(os.environ.get("LAB_DEATHS", "3"))
STATIONS = 90
#: Each machine has more namespaces than this: the one with the bridge has fewest.
LEAST = 20
LAB: dict[str, t.Any] = {
    "netns": [{"name": f"n{number}"} for number in range(STATIONS)] + [{"name": "lan"}],
    "veth": [
        {
            "name": "eth0",
            "netns": f"n{number}",
            "addresses": [f"10.1.0.{number + 1}/24"],
            "peer": {"name": f"p{number}", "netns": "lan"},
        }
        for number in range(STATIONS)
    ],
    "bridge_vlan": [
        {"name": "br0", "netns": "lan", "ports": [{"name": f"p{number}"} for number in range(STATIONS)]},
    ],
}


@pytest.fixture(scope="module")
def bed() -> t.Iterator[Bed]:
    """Three machines, and a lab of which each has a third."""
    with Bed.made(3) as made:
        yield made


def built(bed: Bed) -> Run | AssertionError:
    """What came of building it."""
    try:
        return bed.playbook(PLAYBOOK, topology=LAB)
    except AssertionError as failed:
        return failed


def dies(machine: Member, namespaces: int, seconds: float) -> None:
    """Kill it so many seconds after it has so many namespaces, or is about to make the first."""
    begun = ["test", "-e", "/run/tcpip.lab/given.lock"]
    wait_until(lambda: machine.run(begun, check=False).returncode == 0, "the machine makes its part")
    wait_until(lambda: len(machine.namespaces()) >= namespaces, f"it has {namespaces} namespaces")
    time.sleep(seconds)
    machine.stop()


def back(bed: Bed) -> None:
    """Boot what is dead, and remove what there is of the lab."""
    for machine in bed.machines:
        if not machine.alive:
            machine.boot()
            machine.wait_for_ssh()
    bed.playbook(PLAYBOOK, lab_state="absent")


@pytest.mark.parametrize("death", range(DEATHS))
def test_a_machine_dies_while_the_lab_is_built(bed: Bed, death: int) -> None:
    chance = random.Random(death)  # noqa: S311 - the same moments each time
    before = bed.snapshots()
    machine = chance.choice(bed.machines)
    try:
        see_it_die(bed, machine, (chance.randint(0, LEAST), chance.random() / 5))
        machine.boot()
        machine.wait_for_ssh()
        bed.playbook(PLAYBOOK, topology=LAB)
        see_it_whole(bed)
    finally:
        back(bed)
    assert differences(before, bed.snapshots()) == []


def see_it_die(bed: Bed, machine: Member, moment: tuple[int, float]) -> None:
    """On the others there is nothing of the lab, or all, if the machine had done its part before."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        building = pool.submit(built, bed)
        dies(machine, *moment)
        outcome = building.result()
    left = {each.name: len(each.namespaces()) for each in bed.machines if each is not machine}
    print(f"{machine.name} died {moment[1]:.2f} s after it had {moment[0]} namespaces; the others have {left}")
    if isinstance(outcome, AssertionError):
        assert f"{machine.name} was lost on the way" in str(outcome), str(outcome)[-2000:]
        assert set(left.values()) == {0}
    else:
        assert min(left.values()) >= LEAST


def see_it_whole(bed: Bed) -> None:
    """Each node is there once, and a station of each machine reaches others."""
    places = [each.namespaces() for each in bed.machines]
    assert sorted(name for names in places for name in names) == sorted(each["name"] for each in LAB["netns"])
    for each in bed.machines:
        (station, *_rest) = [name for name in each.namespaces() if name != "lan"]
        for number in (0, STATIONS // 2, STATIONS - 1):
            if station != f"n{number}":
                wait_until(
                    functools.partial(answers, each, station, f"10.1.0.{number + 1}"), "the flood of a new LAN is over"
                )


def answers(machine: Member, station: str, address: str) -> bool:
    """Whether the address answers three times of three."""
    return "3 received" in ping(machine, station, address)
