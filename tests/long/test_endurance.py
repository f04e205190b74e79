# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab with an object of every kind, up and down hundreds of times: nothing grows, and no round takes longer."""

from __future__ import annotations

import pathlib
import re
import statistics
import time
import typing as t

from labs import everything, same, settled

if t.TYPE_CHECKING:
    import pytest
    from labmachine import LabMachine

#: Rounds until what the kernel and the machine keep for later is there: a tenth of them, some at least.
WARMING = 10
#: KiB of the kernel's memory that a round may leave, on average: a namespace takes some hundred.
KERNEL_KIB = 24
#: How much longer the last rounds may take than the first ones: other work on the computer is in it.
SLOWER = 1.5


class Held(t.NamedTuple):
    """What there is at one moment: of the machine, and of the computer's kernel."""

    namespaces: int
    mounts: int
    processes: int
    files: int
    kernel_kib: int

    @classmethod
    def by(cls, machine: LabMachine) -> Held:
        """Count it."""
        names = len(machine.json(["ip", "-j", "netns"]) or [])
        mounts = len(machine.run(["cat", "/proc/self/mountinfo"]).stdout.splitlines())
        processes = len(machine.run(["ps", "-e", "-o", "pid="]).stdout.splitlines())
        files = len(machine.run(["find", "/run", "/tmp"]).stdout.splitlines())
        return cls(names, mounts, processes, files, kernel_memory())


def kernel_memory() -> int:
    """KiB that the kernel has for its own objects and cannot give back (proc(5), meminfo), once it is at rest."""
    found = []
    for _look in range(5):
        time.sleep(0.5)
        text = pathlib.Path("/proc/meminfo").read_text(encoding="ascii")
        found.append(sum(int(each) for each in re.findall(r"^(?:SUnreclaim|Percpu): +(\d+) kB", text, re.MULTILINE)))
    return min(found)


def test_up_and_down(machine: LabMachine, rounds: int, capsys: pytest.CaptureFixture[str]) -> None:
    machine.module("veth", name="up1", peer={"name": "up1-far"})
    before = settled(machine)
    took = [life(machine) for _round in range(WARMING)]
    held = Held.by(machine)
    took = [life(machine) for _round in range(rounds)]
    now = Held.by(machine)
    grown = (now.kernel_kib - held.kernel_kib) / rounds
    share = max(1, rounds // 5)
    first, last = statistics.median(took[:share]), statistics.median(took[-share:])
    with capsys.disabled():
        print(f"\n{rounds} rounds: {held} became {now}; {grown:.1f} KiB of the kernel's memory a round;")
        print(f"the last rounds took {last / first:.2f} of the first ones")
    assert now[:4] == held[:4]
    assert grown < KERNEL_KIB
    assert last < first * SLOWER
    same(before, settled(machine))


def life(machine: LabMachine) -> float:
    """Up and down; the seconds that it took."""
    began = time.monotonic()
    machine.module("topology", name="lab", **everything("lab", "up1", 1))
    machine.module("topology", name="lab", state="absent")
    return time.monotonic() - began
