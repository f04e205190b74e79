# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Eight runs at once on one machine, of one lab and of several, up and down, while others are at work there, too."""

from __future__ import annotations

import collections
import contextlib
import json
import random
import subprocess
import typing as t
from concurrent.futures import ThreadPoolExecutor

from labs import same, settled

if t.TYPE_CHECKING:
    import pytest
    from labmachine import LabMachine
    from labs import Items

AT_ONCE = 8
LABS = ("lab", "lab1", "lab10", "other")
#: Foreign programs, which make and delete all the time what is called nearly as in the labs. They end with their input.
FOREIGN = """
while ! read -t 0.05 word; do
    ip netns add foreign; ip netns add lab-a0
    ip link add foreign0 type veth peer name foreign1 netns foreign
    ip link add foreign2 type dummy 2>/dev/null || ip link add foreign2 type bridge
    ip -n foreign link set lo up
    ip link del foreign0; ip link del foreign2
    ip netns del foreign; ip netns del lab-a0
done
"""


def lab(name: str, variant: int) -> Items:
    """A lab in namespaces of its own, with an interface in the machine's, and a process."""
    left, right = f"{name}-a", f"{name}-b"
    return {
        "netns": [{"name": left}, {"name": right}],
        "veth": [
            {"name": "e0", "netns": left, "mtu": 1400 + variant, "peer": {"name": "e0", "netns": right}},
            {"name": "up", "netns": left, "peer": {"name": f"{name}-up"}},
        ],
        "bridge_vlan": [{"name": "br0", "netns": right, "ports": [{"name": "e0"}]}],
        "route": [{"netns": left, "dst": f"198.51.{100 + variant}.0/24", "dev": "e0"}],
        "sysctl": [{"netns": left, "name": "net.ipv4.ip_forward", "value": str(variant % 2)}],
        "process": [{"netns": right, "name": "waits", "command": ["sleep", str(1000 + variant)]}],
    }


@contextlib.contextmanager
def others_at_work(machine: LabMachine) -> t.Iterator[None]:
    """Foreign programs, for the length of the block."""
    shell = machine.popen(["bash", "-c", FOREIGN], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield
        assert shell.poll() is None, "the foreign programs ended early"
    finally:
        shell.communicate("end\n")


def test_eight_at_once(machine: LabMachine, rounds: int, capsys: pytest.CaptureFixture[str]) -> None:
    machine.run(["sh", "-ec", "ip netns add first; ip netns del first"])  # others make the directory for all
    before = settled(machine)
    chance = random.Random(rounds)  # noqa: S311 - no secret
    tried: collections.Counter[str] = collections.Counter()
    with ThreadPoolExecutor(AT_ONCE) as pool, others_at_work(machine):
        for _round in range(rounds):
            runs = [draw(chance) for _run in range(AT_ONCE)]
            for name, result in pool.map(lambda run: (run[0], machine.module("topology", name=run[0], **run[1])), runs):
                tried[f"{name}: {'changed' if result['changed'] else 'as it was'}"] += 1
            whole(machine, tried)
    for name in LABS:
        machine.module("topology", name=name, state="absent")
    same(before, settled(machine))
    with capsys.disabled():
        print(f"\n{rounds} rounds of {AT_ONCE} runs at once:", json.dumps(tried, indent=2, sort_keys=True))


def draw(chance: random.Random) -> tuple[str, dict[str, t.Any]]:
    """A lab, and what is to become of it."""
    name = chance.choice((LABS[0], *LABS))  # half of them are of one lab
    return name, {"state": "absent"} if chance.random() < 1 / 3 else dict(lab(name, chance.randrange(4)))


def whole(machine: LabMachine, tried: collections.Counter[str]) -> None:
    """Each lab is there as one of the runs has declared it, or not at all."""
    info = machine.module("lab_info")
    assert {each["name"] for each in info["labs"]} <= set(LABS)
    for each in info["labs"]:
        assert each["drift"] == [], each["name"]
    standing = {each["name"] for each in info["labs"]}
    there = {each["name"] for each in machine.json(["ip", "-j", "netns"])} - {"foreign", "lab-a0"}
    assert there == {f"{name}-{end}" for name in standing for end in ("a", "b")}
    waiting = machine.run(["pgrep", "-xfc", "sleep 100[0-3]"], check=False).stdout.strip()
    assert waiting == str(len(standing))
    tried["labs standing after a round"] += len(standing)
