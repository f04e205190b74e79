# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Captures: nothing is missed from before the interface is up, and tcpdump reads what is written."""

from __future__ import annotations

import typing as t

import pytest
import snapshot
from labs import refused, run_as_predicted, settled
from processes import RUNTIME, alive, wait_for

if t.TYPE_CHECKING:
    from labmachine import LabMachine

Options = dict[str, t.Any]

CAPTURE: Options = {"name": "all", "netns": "ns1", "dev": "ns1-veth0"}
FILE = "/tmp/all.pcap"
LAB: Options = {
    "netns": [{"name": "ns1"}, {"name": "ns2"}],
    "veth": [
        {
            "name": "ns1-veth0",
            "netns": "ns1",
            "addresses": ["192.0.2.1/24"],
            "mac": "00:00:5e:00:53:01",
            "peer": {"name": "ns2-veth0", "netns": "ns2", "addresses": ["192.0.2.2/24"], "mac": "00:00:5e:00:53:02"},
        }
    ],
    "capture": [{**CAPTURE, "path": FILE}],
}


@pytest.fixture
def pair(machine: LabMachine) -> LabMachine:
    """A machine with a cable between two namespaces that belong to no lab."""
    for name in ("ns1", "ns2"):
        machine.module("netns", name=name)
    machine.module("veth", **LAB["veth"][0])
    return machine


def packets(machine: LabMachine, path: str, *words: str) -> list[str]:
    """What tcpdump reads in the file."""
    lines = machine.run(["tcpdump", "-n", "-e", "-t", "-r", path, *words]).stdout.splitlines()
    return [line for line in lines if not line.startswith("\t")]  # bytes of what it does not know


def whole(machine: LabMachine, path: str) -> list[str]:
    """The same of a file that has to end with a whole packet."""
    assert "truncated" not in machine.run(["tcpdump", "-n", "-r", path], check=False).stderr
    return packets(machine, path)


def ping(machine: LabMachine, count: int = 1) -> None:
    machine.run(["ip", "netns", "exec", "ns1", "ping", "-c", str(count), "-i", "0.01", "-W", "2", "192.0.2.2"])


def seen(machine: LabMachine, path: str, what: str) -> None:
    """Return once the file has such packets."""
    wait_for(machine, "sh", "-c", f"tcpdump -n -r {path} '{what}' 2>/dev/null | grep -q .")


def test_it_begins_before_the_interface_is_up_and_keeps_the_file(machine: LabMachine) -> None:
    before = settled(machine)
    result = run_as_predicted(machine, "topology", name="lab", **LAB)
    steps = result["changes"]
    assert steps.index(next(each for each in steps if " up" in each)) > steps.index(
        next(each for each in steps if each.startswith("start "))
    )
    seen(machine, FILE, "icmp6")  # what a kernel says at once on an interface that comes up
    assert "> 33:33:00:00:00:16, ethertype IPv6" in packets(machine, FILE)[0]
    ping(machine)
    seen(machine, FILE, "icmp[icmptype] == icmp-echoreply")
    found = packets(machine, FILE, "arp or icmp")
    assert found[0].startswith(
        "00:00:5e:00:53:01 > ff:ff:ff:ff:ff:ff, ethertype ARP (0x0806), length 42: Request who-has"
    )
    assert found[-1].startswith(
        "00:00:5e:00:53:02 > 00:00:5e:00:53:01, ethertype IPv4 (0x0800), length 98: 192.0.2.2 >"
    )
    machine.module("topology", name="lab", state="absent")
    assert machine.run(["stat", "-c", "%U %a", FILE]).stdout.split() == ["root", "600"]
    machine.run(["rm", FILE])
    assert snapshot.diff(before, machine.snapshot()) == []


def test_without_a_path_the_file_goes_with_the_capture(pair: LabMachine) -> None:
    before = pair.snapshot()
    result = run_as_predicted(pair, "capture", **CAPTURE, filter="icmp")["capture"]
    assert result["path"].startswith(f"{RUNTIME}/.machine/ns1/capture.all/")
    ping(pair)
    seen(pair, result["path"], "icmp")
    run_as_predicted(pair, "capture", name="all", netns="ns1", state="absent")
    assert snapshot.diff(before, pair.snapshot()) == []


@pytest.mark.parametrize("lives", [True, False], ids=["running", "killed"])
@pytest.mark.parametrize("kept", [{}, {"capture": [CAPTURE]}], ids=["not declared any more", "declared"])
def test_after_a_rollback_it_has_all_its_packets(machine: LabMachine, lives: bool, kept: Options) -> None:
    lab = {**LAB, "capture": [CAPTURE]}
    machine.module("topology", name="lab", **lab)
    place = f"{RUNTIME}/lab/ns1/capture.all"
    ping(machine)
    seen(machine, f"{place}/data/capture.pcap", "icmp[icmptype] == icmp-echoreply")
    if not lives:
        machine.run(["pkill", "-KILL", "-f", "^[^ ]+ -I sniffer.py"])
    recorded = packets(machine, f"{place}/data/capture.pcap")
    said = machine.run(["cat", f"{place}/log"]).stdout
    refuses = {**LAB, "capture": [], **kept, "route": [{"netns": "ns1", "dst": "default", "via": "192.0.2.255"}]}
    message = machine.module("topology", name="lab", **refuses, _fails=True)["msg"]
    assert message.endswith(" (what was done before it is undone)")
    assert packets(machine, f"{place}/data/capture.pcap")[: len(recorded)] == recorded
    assert machine.run(["cat", f"{place}/log"]).stdout.startswith(said)
    assert machine.module("topology", name="lab", **lab)["changed"] is not lives
    assert machine.run(["ls", "-A", f"{RUNTIME}/lab/ns1"]).stdout.split() == ["capture.all"]


def test_every_packet_is_there_when_it_is_stopped_and_the_file_is_whole(pair: LabMachine) -> None:
    pair.module("capture", **CAPTURE, path=FILE, filter="icmp")
    ping(pair, 200)
    pair.module("capture", name="all", netns="ns1", state="absent")
    assert len(whole(pair, FILE)) == 400


def test_it_reads_packets_as_nobody(pair: LabMachine) -> None:
    pid = pair.module("capture", **CAPTURE)["capture"]["pid"]
    found = pair.run(["grep", "-E", "^(Uid|Gid|Groups|CapEff|CapPrm)", f"/proc/{pid}/status"]).stdout.split()
    nobody = [pair.run(["id", word, "nobody"]).stdout.strip() for word in ("-u", "-g")]
    none = "0" * 16
    assert found == ["Uid:", *nobody[:1] * 4, "Gid:", *nobody[1:] * 4, "Groups:", "CapPrm:", none, "CapEff:", none]


def test_switched_off_and_on_it_goes_on(pair: LabMachine) -> None:
    first = pair.module("capture", **CAPTURE, path=FILE)["capture"]
    for state in ("down", "up"):
        pair.run(["ip", "-n", "ns1", "link", "set", "ns1-veth0", state])
    ping(pair)
    seen(pair, FILE, "icmp")
    assert pair.module("capture", **CAPTURE, path=FILE)["capture"]["pid"] == first["pid"]


def test_killed_it_goes_on_in_the_same_file(pair: LabMachine) -> None:
    first = pair.module("capture", **CAPTURE, path=FILE, filter="icmp")["capture"]
    ping(pair)
    seen(pair, FILE, "icmp[icmptype] == icmp-echoreply")
    pair.run(["kill", "-KILL", str(first["pid"])])
    assert run_as_predicted(pair, "capture", **CAPTURE, path=FILE, filter="icmp")["changed"]
    ping(pair)
    pair.module("capture", name="all", netns="ns1", state="absent")
    assert len(packets(pair, FILE)) == 4


def test_on_a_full_disk_it_stops_behind_a_whole_packet_and_goes_on_once_there_is_room(pair: LabMachine) -> None:
    pair.run(["mkdir", "/tmp/disk"])
    pair.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", "/tmp/disk"])
    capture = {**CAPTURE, "path": "/tmp/disk/all.pcap", "filter": "icmp"}
    first = pair.module("capture", **capture)["capture"]
    pair.run(["ip", "netns", "exec", "ns1", "ping", "-c", "50", "-i", "0.01", "-s", "1000", "192.0.2.2"])
    wait_for(pair, "sh", "-c", f"! test -e /proc/{first['pid']}")
    kept = len(whole(pair, capture["path"]))
    assert 50 < kept < 65
    said = pair.run(["cat", first["log"]]).stdout.splitlines()[-1]
    assert said == f"the capture file ends with packet {kept} of this capture: No space left on device"
    pair.run(["mount", "-o", "remount,size=1m", "/tmp/disk"])
    assert pair.module("capture", **capture)["changed"]
    ping(pair)
    pair.module("capture", name="all", netns="ns1", state="absent")
    assert len(whole(pair, capture["path"])) == kept + 2


def test_on_a_full_disk_it_does_not_begin(pair: LabMachine) -> None:
    pair.run(["mkdir", "/tmp/disk"])
    pair.run(["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", "/tmp/disk"])
    pair.run(["dd", "if=/dev/zero", "of=/tmp/disk/filler", "bs=4k", "count=1"])
    message = refused(pair, "capture", **CAPTURE, path="/tmp/disk/all.pcap")
    assert "the capture file cannot be begun: No space left on device" in message


@pytest.mark.parametrize("cause", ["the interface made anew", "the file removed"])
def test_what_writes_to_nowhere_is_started_anew(pair: LabMachine, cause: str) -> None:
    pair.module("capture", **CAPTURE, path=FILE)
    if cause == "the file removed":
        pair.run(["rm", FILE])
    else:
        pair.run(["ip", "-n", "ns1", "link", "delete", "ns1-veth0"])
        pair.module("veth", **LAB["veth"][0])
    assert pair.module("capture", **CAPTURE, path=FILE)["changed"]
    ping(pair)
    seen(pair, FILE, "icmp")


def test_an_interface_that_a_lab_makes_anew_gets_its_capture_back(machine: LabMachine) -> None:
    lab = {**LAB, "capture": [{**LAB["capture"][0], "filter": "icmp"}]}
    machine.module("topology", name="lab", **lab)
    ends = {"name": "ns1-veth0", "netns": "ns1", "addresses": ["192.0.2.1/24"]}
    other = {**ends, "peer": {"name": "other", "netns": "ns2", "addresses": ["192.0.2.2/24"]}}
    run_as_predicted(machine, "topology", name="lab", **{**lab, "veth": [other]})
    ping(machine)
    seen(machine, FILE, "icmp")


def test_vlan_tags_are_in_the_packets(pair: LabMachine) -> None:
    pair.module("capture", **CAPTURE, path=FILE, filter="vlan 100")
    send = (
        "import socket; s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(('ns2-veth0', 0)); "
        "head = bytes.fromhex('00005e005301 00005e005302'); "
        "[s.send(head + bytes.fromhex(tag) + bytes(46)) for tag in ('8100006488b5', '810000c888b5', '88b5')]"
    )
    pair.run(["ip", "netns", "exec", "ns2", "python3", "-c", send])
    pair.module("capture", name="all", netns="ns1", state="absent")
    (found,) = packets(pair, FILE)
    assert "ethertype 802.1Q (0x8100), length 64: vlan 100, p 0, ethertype Unknown (0x88b5)" in found


def test_a_filter_is_one_word_and_judged_before_anything_is_touched(pair: LabMachine) -> None:
    first = pair.module("capture", **CAPTURE, path=FILE, filter="icmp; reboot", _fails=True)
    assert "'icmp; reboot' is not a filter: " in first["msg"]
    running = pair.module("capture", **CAPTURE, path=FILE, filter="icmp")["capture"]
    assert "is not a filter" in refused(pair, "capture", **CAPTURE, path=FILE, filter="no such thing")
    assert pair.module("capture", **CAPTURE, path=FILE, filter="icmp")["capture"]["pid"] == running["pid"]


@pytest.mark.parametrize(
    ("plant", "message"),
    [
        (
            "echo precious >/tmp/precious; ln -s /tmp/precious {0}",
            "could not open {0}: Too many levels of symbolic links",
        ),
        ("echo precious >/tmp/precious; ln /tmp/precious {0}", "is not a file of root's own"),
        ("echo precious >{0}; chown nobody {0}", "is not a file of root's own"),
        ("echo precious >{0}", "holds something else than such a capture"),
        ("mkfifo {0}", "is not a file of root's own"),
        ("mkdir {0}", "could not open {0}: Is a directory"),
    ],
)
def test_what_lies_in_its_way_is_left_alone(pair: LabMachine, plant: str, message: str) -> None:
    pair.run(["sysctl", "-qw", "fs.protected_regular=0"], check=False)
    pair.run(["sh", "-c", plant.format(FILE)])
    assert message.format(FILE) in refused(pair, "capture", **CAPTURE, path=FILE)
    assert alive(pair) == []


def test_what_cannot_be_is_refused(pair: LabMachine) -> None:
    assert "path: '/run/tcpip.lab/x' would be removed" in refused(pair, "capture", **CAPTURE, path="/run/tcpip.lab/x")
    assert "there is no interface 'eth7' in namespace 'ns1'" in refused(pair, "capture", **{**CAPTURE, "dev": "eth7"})
    message = refused(pair, "topology", name="lab", netns=[{"name": "ns3"}], capture=[{"name": "x", "netns": "ns3"}])
    assert message.startswith("capture[0].dev: is required")
