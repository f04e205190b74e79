# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the README and the how-to pages have one write and type, typed as it stands there."""

from __future__ import annotations

import typing as t

import snapshot
import yaml
from labmachine import BIN, ROOT
from labs import connected_to_outside
from shown import examples, file, lines

if t.TYPE_CHECKING:
    from labmachine import LabMachine
    from reader import Reader


def test_captures(machine: LabMachine, reader: Reader) -> None:
    live, piped, of_lab, watched = (block.splitlines() for block in examples("docs/capture.md", "shell"))
    part, play = examples("docs/capture.md", "yaml")
    machine.playbook("playbooks/router.yml", lab_checks=False)
    ping = "ip netns exec ns1 ping -c 5 -i 0.2 -W 9 198.51.100.1"
    (command,) = live
    assert "ICMP echo reply" in reader.types(f"{command} -c 4 & sleep 1; {ping}; wait")
    for command in piped:
        words = command.removeprefix("ssh learner@lab1 ").removeprefix("sudo ").replace("-w -", "-c 8 -w -")
        shown = words.replace("wireshark -k -i -", "tcpdump -nr -")  # as Wireshark reads it, without its window
        assert shown != command
        assert "ICMP echo reply" in reader.types(f"({shown}) & sleep 1; {ping}; wait")

    declared = yaml.safe_load((ROOT / "playbooks/dhcp.yml").read_text(encoding="utf-8"))[0]["vars"]["lab_stages"]
    assert yaml.safe_load(part)["capture"] == declared[1]["topology"]["capture"]
    machine.playbook("playbooks/dhcp.yml", lab_checks=False)
    (read,) = of_lab
    assert "Discover" in reader.types(read)

    reader.writes(play)
    start, read, end, leave = watched
    assert "changed=3" in reader.types(start)
    assert reader.types(read).count("203.0.113.254 > 203.0.113.1: ICMP echo reply") == 3
    assert "CHANGED" in reader.types(end)
    assert "CHANGED" in reader.types(leave)
    assert "visitor" not in machine.run(["ip", "netns", "list"]).stdout
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
    _requirements, alone, drawn = examples("README.md", "yaml")
    reader.writes(alone, "alone.yml")
    assert "changed=3" in reader.types("ansible-playbook alone.yml")
    assert "1 received" in reader.types("ip netns exec client ping -c 1 -W 9 198.51.100.254")

    machine.playbook("playbooks/router.yml", lab_checks=False)
    play = {"hosts": "localhost", "gather_facts": False, "tasks": yaml.safe_load(drawn)}
    reader.writes(yaml.safe_dump([play]), "draw.yml")
    reader.types("ansible-playbook draw.yml")
    assert "<svg" in reader.types("dot -Tsvg router.dot")


def test_the_play_of_the_role(reader: Reader) -> None:
    (play,) = examples("roles/lab/README.md", "yaml")
    reader.writes(play, "cable.yml")
    assert "a reaches b — 3 of 3 replies, ttl 64" in reader.types("ansible-playbook cable.yml")


def test_the_defaults_that_are_explained_are_those_of_the_example() -> None:
    (block,) = examples("docs/reuse.md", "yaml")
    whole = (ROOT / "docs/examples/own_repository/network.yml").read_text(encoding="utf-8")
    (shown,), (play,) = yaml.safe_load(block), yaml.safe_load(whole)
    (told,) = [task for task in play["tasks"] if task["name"] == shown["name"]]
    assert told["module_defaults"] == shown["module_defaults"]
    assert all(task in told["block"] for task in shown["block"])


def test_a_large_lab(machine: LabMachine, reader: Reader) -> None:
    page = "docs/large_labs.md"
    for name in ("sites.py", "sites.yml"):
        reader.writes(file(page, name), name)
    before = machine.snapshot()
    write, build, check, write_more, build_more, remove = lines(page)
    reader.types(write)
    assert "ok=2    changed=1" in reader.types(build)
    assert len(machine.run(["ip", "netns", "list"]).stdout.splitlines()) == 1 + 40 + 40 * 25
    assert "ttl=61" in reader.types("ip netns exec s1n2 ping -c 1 -W 9 10.0.40.26")
    assert "changed=0" in reader.types(check)
    reader.types(write_more)
    assert "ok=2    changed=1" in reader.types(build_more)
    assert "ttl=61" in reader.types("ip netns exec s1n2 ping -c 1 -W 9 10.0.40.27")
    reader.types(remove)
    assert snapshot.diff(before, machine.snapshot()) == []


def test_a_lab_of_ones_own_is_a_playbook(reader: Reader) -> None:
    """No more than that: it needs a kernel that may be emulated, where tests/kernels has what it builds."""
    (play,) = examples("docs/own_lab.md", "yaml")
    reader.writes(play, "office.yml")
    build = lines("docs/own_lab.md", "make")[0].partition("# installed: ")[2]
    assert "playbook: office.yml" in reader.types(f"{build} --syntax-check")


def test_reports(machine: LabMachine, reader: Reader) -> None:
    _by_make, command = lines("docs/report.md")
    reader.types(command)
    report = reader.place / "report.html"
    assert "Lab vxlan: all " in report.read_text(encoding="utf-8")
    machine.module("topology", name="vxlan", state="absent")

    (build, keep), gitlab = (yaml.safe_load(each) for each in examples("docs/report.md", "yaml"))
    (script,) = gitlab["lab"]["script"]
    assert gitlab["lab"]["artifacts"]["paths"] == [keep["with"]["path"]] == [report.name]
    assert build["run"].endswith(f" {script}")
    (reader.place / "venv").symlink_to(BIN.parent)
    reader.types(build["run"].removeprefix("sudo "))  # who reads here is root
    assert "Lab router: all " in report.read_text(encoding="utf-8")
