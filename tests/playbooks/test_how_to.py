# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the README and the how-to pages have one write and type, typed as it stands there."""

from __future__ import annotations

import os
import re
import typing as t

import pytest
import snapshot
import yaml
from labmachine import BIN, ROOT, LabMachine, ansible_environment
from labs import connected_to_outside

if t.TYPE_CHECKING:
    import pathlib


def examples(page: str, language: str) -> list[str]:
    """The examples of a page that are in this language."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


class Reader:
    """Somebody who follows a page in a directory of their own, as root."""

    def __init__(self, machine: LabMachine, place: pathlib.Path) -> None:
        self._machine, self.place = machine, place

    def writes(self, example: str) -> None:
        """Write a play to the file that its first line names."""
        (self.place / example.split()[1]).write_text(example, encoding="utf-8")

    def types(self, command: str) -> str:
        """What a command prints."""
        env = {**ansible_environment(str(self.place)), "PATH": f"{BIN}:{os.environ['PATH']}"}
        done = self._machine.run(["sh", "-c", command], check=False, cwd=str(self.place), env=env, timeout=300)
        assert not done.returncode, f"{command}:\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr


@pytest.fixture
def reader(machine: LabMachine, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return Reader(machine, tmp_path_factory.mktemp("reader"))


def test_captures(machine: LabMachine, reader: Reader) -> None:
    live, piped, of_lab, watched = (block.splitlines() for block in examples("docs/capture.md", "shell"))
    part, play = examples("docs/capture.md", "yaml")
    machine.playbook("playbooks/router.yml", lab_checks=False)
    ping = "ip netns exec ns1 ping -c 5 -i 0.2 -W 9 198.51.100.1"
    (command,) = live
    assert "ICMP echo reply" in reader.types(f"{command} -c 4 & sleep 1; {ping}; wait")
    for command in piped:
        words = command.removeprefix("ssh root@lab1 ").replace("-w -", "-c 8 -w -")
        shown = words.replace("wireshark -k -i -", "tcpdump -nr -")  # as Wireshark reads it, without its window
        assert shown != command
        assert "ICMP echo reply" in reader.types(f"({shown}) & sleep 1; {ping}; wait")

    declared = yaml.safe_load((ROOT / "playbooks/dhcp.yml").read_text(encoding="utf-8"))[0]["vars"]["lab_stages"]
    assert yaml.safe_load(part)["capture"] == declared[1]["topology"]["capture"]
    machine.playbook("playbooks/dhcp.yml", lab_checks=False)
    (read,) = of_lab
    assert "Discover" in reader.types(read)

    reader.writes(play)
    start, read, end = watched
    assert "changed=3" in reader.types(start)
    assert reader.types(read).count("198.51.100.254 > 198.51.100.1: ICMP echo reply") == 3
    assert "CHANGED" in reader.types(end)
    assert "echo reply" in reader.types(read)
    machine.run(["rm", "/tmp/cable.pcap"])


def test_an_uplink(machine: LabMachine, reader: Reader) -> None:
    labs, own = (block.splitlines() for block in examples("docs/uplink.md", "shell"))
    (play,) = examples("docs/uplink.md", "yaml")
    connected_to_outside(machine)
    before = machine.snapshot()

    look, build, remove = labs
    reader.types(look)
    assert snapshot.diff(before, machine.snapshot()) == []
    assert "failed=0" in reader.types(build)
    reader.types(remove)
    assert snapshot.diff(before, machine.snapshot()) == []

    reader.writes(play)
    build, rules, table, remove = own
    assert "3 of 3 replies" in reader.types(build)
    assert "-A POSTROUTING -s 10.77.0.0/24 -o uplink0 -m comment --comment " in reader.types(rules)
    assert "src=10.77.0.1" in reader.types(table)
    reader.types(remove)
    assert snapshot.diff(before, machine.snapshot()) == []


def test_the_readmes_plays(machine: LabMachine, reader: Reader) -> None:
    alone, drawn = examples("README.md", "yaml")
    (reader.place / "alone.yml").write_text(alone, encoding="utf-8")
    assert "changed=3" in reader.types("ansible-playbook alone.yml")
    assert "1 received" in reader.types("ip netns exec client ping -c 1 -W 9 198.51.100.254")

    machine.playbook("playbooks/router.yml", lab_checks=False)
    play = {"hosts": "localhost", "gather_facts": False, "tasks": yaml.safe_load(drawn)}
    (reader.place / "draw.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    reader.types("ansible-playbook draw.yml")
    assert "<svg" in reader.types("dot -Tsvg router.dot")


def test_the_play_of_the_role(reader: Reader) -> None:
    (play,) = examples("roles/lab/README.md", "yaml")
    (reader.place / "cable.yml").write_text(play, encoding="utf-8")
    assert "a reaches b — 3 of 3 replies, ttl 64" in reader.types("ansible-playbook cable.yml")


def test_the_defaults_that_are_explained_are_those_of_the_example() -> None:
    (block,) = examples("docs/reuse.md", "yaml")
    whole = (ROOT / "docs/examples/own_repository/network.yml").read_text(encoding="utf-8")
    (shown,), (play,) = yaml.safe_load(block), yaml.safe_load(whole)
    (told,) = [task for task in play["tasks"] if task["name"] == shown["name"]]
    assert told["module_defaults"] == shown["module_defaults"]
    assert all(task in told["block"] for task in shown["block"])
