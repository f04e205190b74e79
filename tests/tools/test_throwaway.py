# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The throw-away machine keeps its promises; every other test leans on them."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import time
import typing as t

import pytest
import snapshot
import throwaway

if t.TYPE_CHECKING:
    from labmachine import LabMachine

TOOL = str(pathlib.Path(throwaway.__file__))


def wait_until_gone(pid: int) -> bool:
    for _attempt in range(200):
        if not os.path.exists(f"/proc/{pid}"):
            return True
        time.sleep(0.01)
    return False


def test_it_has_a_network_of_its_own_with_lo_up(machine: LabMachine) -> None:
    links = machine.json(["ip", "-j", "link"])
    assert [link["ifname"] for link in links if "UP" in link["flags"]] == ["lo"]
    assert "eth0" not in [link["ifname"] for link in links]


def test_namespaces_made_inside_are_not_seen_outside(machine: LabMachine) -> None:
    machine.run(["ip", "netns", "add", "throwaway-test"])
    assert machine.run(["ip", "netns", "list"]).stdout.split() == ["throwaway-test"]
    assert not os.path.exists("/run/netns/throwaway-test")


def test_run_and_tmp_are_its_own_and_shared_directories_are_seen(machine: LabMachine, tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_text("here", encoding="utf-8")
    assert machine.run(["cat", str(tmp_path / "file")]).stdout == "here"
    machine.run(["touch", "/tmp/throwaway-test", "/run/throwaway-test"])
    assert not os.path.exists("/tmp/throwaway-test")
    assert not os.path.exists("/run/throwaway-test")


def test_a_command_that_fails_says_what_it_printed(machine: LabMachine) -> None:
    with pytest.raises(AssertionError, match="No such file"):
        machine.run(["ls", "/no/such/file"])
    assert machine.run(["false"], check=False).returncode == 1


def test_stop_ends_every_process_in_it() -> None:
    machine = throwaway.Machine.start()
    sleeper = machine.popen(["sleep", "1000"])
    machine.stop()
    assert sleeper.wait(timeout=2) != 0
    assert not machine.alive
    with pytest.raises(throwaway.ThrowawayError, match="gone"):
        machine.run(["true"])


def test_it_ends_when_its_starter_is_killed() -> None:
    code = "import os, throwaway; print(throwaway.Machine.start().pid, flush=True); os.kill(os.getpid(), 9)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=os.path.dirname(TOOL), capture_output=True, text=True, check=False
    )
    assert wait_until_gone(int(done.stdout))


def test_from_a_shell_it_outlives_its_starter_until_it_is_stopped(tmp_path: pathlib.Path) -> None:
    file = str(tmp_path / "machine.json")
    subprocess.run([sys.executable, TOOL, "start", file], check=True)
    pid = json.loads((tmp_path / "machine.json").read_text(encoding="utf-8"))["pid"]
    try:
        assert throwaway.Machine.load(file).run(["hostname"]).stdout.strip() == throwaway.HOSTNAME
    finally:
        for _twice in range(2):
            subprocess.run([sys.executable, TOOL, "stop", file], check=True)
    assert wait_until_gone(pid)


@pytest.mark.parametrize(
    ("command", "section"),
    [
        (["ip", "link", "add", "veth-a", "type", "veth"], "links"),
        (["ip", "address", "add", "192.0.2.9/32", "dev", "lo"], "addresses"),
        (["ip", "route", "add", "198.51.100.0/24", "dev", "lo"], "routes of IPv4"),
        (["ip", "rule", "add", "from", "192.0.2.9", "table", "9"], "rules of IPv4"),
        (["iptables", "-A", "FORWARD", "-j", "DROP"], "iptables-save"),
        (["sysctl", "-q", "net.ipv4.ip_forward=1"], "sysctls"),
        (["ip", "netns", "add", "ns1"], "namespaces"),
        (["sh", "-c", "sleep 1000 >/dev/null 2>&1 &"], "processes"),
        (["mount", "-t", "tmpfs", "tmpfs", "/mnt"], "mounts"),
        (["touch", "/run/left"], "/run"),
        (["ln", "-s", "nowhere", "/tmp/left"], "/tmp"),
    ],
)
def test_a_snapshot_sees_every_kind_of_left_over(machine: LabMachine, command: list[str], section: str) -> None:
    machine.run(["sysctl", "-q", "net.ipv4.ip_forward=0"])
    before = machine.snapshot()
    assert snapshot.diff(before, machine.snapshot()) == []
    machine.run(command)
    assert any(line.startswith(section + ": ") for line in snapshot.diff(before, machine.snapshot()))
