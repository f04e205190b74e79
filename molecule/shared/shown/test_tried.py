# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a playbook says that one may try can be tried: line by line, what goes on in terminals of its own."""

from __future__ import annotations

import re
import subprocess
import time
import typing as t

from labmachine import read_record

if t.TYPE_CHECKING:
    import pathlib

    from labmachine import LabMachine

#: Between a command and what is said of it.
REMARK = "    ("
#: What goes on until somebody ends it, and how many seconds it is let do so; it may also end with the other side.
ENDLESS = re.compile(r"\btcpdump .*-\w*i |\bnc ")
LET_GO_ON_S = 5
#: timeout(1) had to end it.
ENDED = 124
#: Pings that show by their failure what the words behind them say.
UNANSWERED = {
    "ip netns exec router ping -c 3 -I gw-veth0 198.51.100.1",
    "ip netns exec ns1 ping -c 1 -t 2 198.51.100.1",
}


def told(tasks: t.Iterable[t.Mapping[str, t.Any]]) -> list[str]:
    """The lines under "What to try", at the end of the walkthrough."""
    pages = [task["msg"] for task in tasks if task["action"] == "ansible.builtin.debug" and "msg" in task]
    (found,) = re.findall(r"^What to try, as root:\n((?:  .*\n)+)", f"{pages[-1]}\n", re.MULTILINE)
    return [line.strip() for line in found.splitlines()]


def test_what_is_to_be_tried(machine: LabMachine, scratch: pathlib.Path) -> None:
    lines = told(read_record(scratch / "record", "walkthrough.yml"))
    assert len(lines) >= 2
    optional = of_a_package(lines)
    directory, going = "/", dict[str, subprocess.Popen[str]]()
    for line in lines:
        command = line.partition(REMARK)[0]
        if command.startswith("cd "):
            directory = command.removeprefix("cd ")
        elif ENDLESS.search(command):
            limited = ["timeout", "--signal=INT", str(LET_GO_ON_S), "sh", "-c", command]
            going[line] = machine.popen(limited, cwd=directory, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
            time.sleep(0.5)  # the next line is for another terminal, when this one is ready
        else:
            done = machine.run(["sh", "-c", command], check=False, cwd=directory)
            judge(line, optional, done.returncode, done.stderr)
    for line, run in going.items():
        _nothing, complaints = run.communicate(timeout=2 * LET_GO_ON_S)
        judge(line, optional, 0 if run.returncode == ENDED else run.returncode, complaints)


def judge(line: str, optional: t.Collection[str], status: int, complaints: str) -> None:
    """It succeeded, or failed as it is to; only what is said to be in a package of its own may not be installed."""
    command = line.partition(REMARK)[0]
    if re.search(r"not found|exec of .* failed: No such file", complaints):
        assert program(command) in optional, f"{line}: {complaints}"
    else:
        assert status == int(command in UNANSWERED), f"{line}: {status}, {complaints}"


def program(command: str) -> str:
    """What it is that runs, at the end of a pipe, in whichever namespace."""
    found: str = re.findall(r"(?:ip netns exec \S+ |^|\| )(\w+)", command)[-1]
    return found


def of_a_package(lines: t.Iterable[str]) -> set[str]:
    """Programs that are not on each machine, by the remarks on them."""
    remarks = [line.partition(REMARK) for line in lines]
    return {program(command) for command, _blanks, remark in remarks if re.search("package|if it is installed", remark)}
