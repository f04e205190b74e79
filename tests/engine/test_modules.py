# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules used alone: present, again, absent, again, each predicted; drift of what they declare; IPv4 and IPv6."""

from __future__ import annotations

import typing as t

import pytest
import snapshot
from kernel_rules import has_netem
from labs import refused, run_as_predicted, same, settled

if t.TYPE_CHECKING:
    from labmachine import LabMachine

Options = dict[str, t.Any]

NS = {"netns": "ns1"}
VETH: Options = {
    "name": "a0",
    "netns": "ns1",
    "addresses": ["192.0.2.1/24", "2001:db8::1/64"],
    "purge_addresses": True,
    "mac": "02:00:00:00:00:01",
    "mtu": 1400,
    "peer": {"name": "b0", "addresses": ["192.0.2.2/24", "2001:db8::2/64", "::ffff:10.0.0.1/128"]},
}
VXLAN: Options = {
    "name": "x",
    "netns": "ns1",
    "id": 7,
    "remote": "2001:db8:1::2",
    "local": "2001:db8:1::1",
    "dev": "up0",
    "underlay": "",
    "learning": False,
    "ttl": 9,
    "fdb": [{"mac": "02:00:00:00:00:09", "dst": "2001:db8:1::3"}],
    "addresses": ["10.0.0.1/8", "2001:db8:2::1/64"],
    "mac": "02:00:00:00:00:07",
    "mtu": 1300,
}
PRESENT: list[tuple[str, Options]] = [
    ("netns", {"name": "new", "loopback": True}),
    ("veth", VETH),
    ("vxlan", VXLAN),
    ("route", {"dst": "default", "via": "192.0.2.254"}),
    ("route", {"dst": "default", "via": "2001:db8:1::fe", "metric": 5}),
    ("route", {"dst": "10.1.0.0/16", "dev": "up0", "table": 1000, "source": "192.0.2.1"}),
    ("route", {**NS, "dst": "2001:db8:9::/48", "type": "prohibit"}),
    ("sysctl", {"name": "net.ipv4.ip_forward", "value": 1}),
    ("sysctl", {**NS, "name": "net.ipv6.conf.lo.hop_limit", "value": "12"}),
    ("sysctl", {"name": "net.ipv4.ip_local_port_range", "value": "40000\t 50000"}),
]

#: A drift by hand after a module has made its thing, and a line of the diff of the repair.
DRIFTS: list[tuple[int, str, str]] = [
    (0, "ip -n new link set lo down", "+new: lo up"),
    (0, "ip netns del new", "+namespace new"),
    (1, "ip -n ns1 link set a0 mtu 1500", "-ns1: a0 mtu 1500"),
    (1, "ip -n ns1 link set a0 address 02:00:00:00:00:77", "+ns1: a0 mac 02:00:00:00:00:01"),
    (
        1,
        "ip -n ns1 addr flush dev a0 scope global; ip -n ns1 addr add 192.0.2.7/24 dev a0; "
        "ip -n ns1 addr add 192.0.2.1/24 dev a0",
        "-ns1: a0 address 192.0.2.7/24",
    ),
    (1, "ip addr del ::ffff:10.0.0.1/128 dev b0", "+b0 address ::ffff:10.0.0.1/128"),
    (1, "ip link set b0 down", "+b0 address 2001:db8::2/64"),
    (1, "ip link del b0", "+b0 address 192.0.2.2/24"),
    (1, "ip link set b0 down name other", "-other"),
    (2, "ip -n ns1 link set x type vxlan remote 2001:db8:1::7", "+ns1: x remote 2001:db8:1::2"),
    (2, "ip -n ns1 link set x type vxlan local 2001:db8:1::7", "-ns1: x local 2001:db8:1::7"),
    (2, "ip -n ns1 link set x mtu 1280", "+ns1: x mtu 1300"),
    (
        2,
        "bridge -n ns1 fdb replace 02:00:00:00:00:09 dev x dst 2001:db8:1::4",
        "-ns1: x fdb 02:00:00:00:00:09 dst 2001:db8:1::4",
    ),
    (
        2,
        "bridge -n ns1 fdb del 00:00:00:00:00:00 dev x dst 2001:db8:1::2 via up0 || true; ip -n ns1 link set x down",
        "+ns1: x up",
    ),
    (
        2,
        "ip -n ns1 link del x; "
        "ip link add x type vxlan id 8 remote 2001:db8:1::2 dstport 4789; ip link set x netns ns1",
        "-ns1: vxlan x",
    ),
    (3, "ip route replace default via 192.0.2.9", "-route default via 192.0.2.9 dev up0"),
    (4, "ip -6 route replace default via 2001:db8:1::9 metric 5", "+route default via 2001:db8:1::fe metric 5"),
    (5, "ip route del 10.1.0.0/16 table 1000", "+route 10.1.0.0/16 dev up0 src 192.0.2.1 table 1000"),
    (6, "ip -n ns1 -6 route replace blackhole 2001:db8:9::/48", "+ns1: route prohibit 2001:db8:9::/48 metric 1024"),
    (7, "sysctl -qw net.ipv4.ip_forward=0", "+net.ipv4.ip_forward = 1"),
    (8, "ip netns exec ns1 sysctl -qw net.ipv6.conf.lo.hop_limit=3", "-ns1: net.ipv6.conf.lo.hop_limit = 3"),
    (9, "sysctl -qw net.ipv4.ip_local_port_range='1024 2000'", "+net.ipv4.ip_local_port_range = 40000 50000"),
]


def _ground(machine: LabMachine) -> snapshot.Snapshot:
    """A namespace, and an interface of the machine with a network, whose far end is elsewhere."""
    machine.run(["ip", "netns", "add", "ns1"])
    machine.run(["ip", "netns", "add", "far"])
    machine.run(["ip", "link", "add", "up0", "type", "veth", "peer", "name", "up1", "netns", "far"])
    machine.run(["ip", "-n", "far", "link", "set", "up1", "up"])
    machine.run(["ip", "addr", "add", "192.0.2.1/24", "dev", "up0"])
    machine.run(["ip", "addr", "add", "2001:db8:1::1/64", "dev", "up0", "nodad"])
    machine.run(["ip", "link", "set", "up0", "up"])
    return settled(machine)


@pytest.mark.parametrize("number", range(len(PRESENT)))
def test_present_drift_absent(machine: LabMachine, number: int) -> None:
    module, options = PRESENT[number]
    before = _ground(machine)
    if module == "veth":  # 192.0.2.0/24 is in use here: a module alone does what it is told
        machine.run(["ip", "addr", "flush", "dev", "up0"])
        before = settled(machine)
    made = run_as_predicted(machine, module, **options)
    assert made["changed"]
    assert made[module], "what is there now is told"

    for _number, command, line in (drift for drift in DRIFTS if drift[0] == number):
        machine.run(["sh", "-c", command])
        predicted = machine.module(module, _check=True, _diff=True, **options)
        repaired = machine.module(module, _diff=True, **options)
        assert (predicted["changes"], predicted["diff"]) == (repaired["changes"], repaired["diff"])
        side = repaired["diff"]["after" if line[0] == "+" else "before"]
        assert line[1:] in side.splitlines() or (line == "-other" and "veth other" in side), repaired["diff"]
        assert not machine.module(module, **options)["changed"], command
        assert repaired[module] == made[module] or module in ("veth", "vxlan")

    absent = {name: value for name, value in options.items() if name not in ("value", "peer", "fdb", "addresses")}
    gone = run_as_predicted(machine, module, state="absent", **absent)
    assert gone["changed"]
    assert gone[module] is None or module == "sysctl"
    same(before, settled(machine))


def test_what_is_told_is_what_is_there(machine: LabMachine) -> None:
    _ground(machine)
    machine.module("veth", **{**VETH, "peer": {"name": "b0", "netns": "far", "up": False}})
    told = machine.module("veth", **{**VETH, "peer": {"name": "b0", "netns": "far", "up": False}})["veth"]
    assert {name: told[name] for name in ("name", "netns", "mac", "mtu", "up")} == {
        "name": "a0",
        "netns": "ns1",
        "mac": "02:00:00:00:00:01",
        "mtu": 1400,
        "up": True,
    }
    assert {"192.0.2.1/24", "2001:db8::1/64"} <= set(told["addresses"])
    assert (told["peer"]["name"], told["peer"]["netns"], told["peer"]["up"]) == ("b0", "far", False)
    told = machine.module("vxlan", **VXLAN)["vxlan"]
    assert {name: told[name] for name in ("id", "remote", "local", "dev", "ttl", "learning", "dstport")} == {
        "id": 7,
        "remote": "2001:db8:1::2",
        "local": "2001:db8:1::1",
        "dev": "up0",
        "ttl": 9,
        "learning": False,
        "dstport": 4789,
    }
    told = machine.module("route", dst="10.1.0.0/16", via="192.0.2.9")["route"]
    assert (told["dst"], told["via"], told["dev"], told["table"]) == ("10.1.0.0/16", "192.0.2.9", "up0", 254)
    assert machine.module("sysctl", name="net.ipv4.ip_forward", value=1)["sysctl"]["value"] == "1"
    assert machine.module("netns", name="ns1")["netns"] == {"name": "ns1", "loopback": False}


def test_the_first_value_of_a_setting_is_that_of_this_namespace(machine: LabMachine) -> None:
    """Not of one that had its name before, even if the kernel gives its number again."""
    machine.run(["ip", "netns", "add", "ns1"])
    option: Options = {"netns": "ns1", "name": "net.ipv4.ip_forward"}
    read = ["ip", "netns", "exec", "ns1", "sysctl", "-n", "net.ipv4.ip_forward"]
    machine.module("sysctl", value="1", **option)
    machine.run(["sh", "-c", "ip netns del ns1; ip netns add ns1; ip netns exec ns1 sysctl -qw net.ipv4.ip_forward=1"])
    assert not machine.module("sysctl", state="absent", **option)["changed"]
    machine.module("sysctl", value="0", **option)
    machine.module("sysctl", state="absent", **option)
    assert machine.run(read).stdout == "1\n"
    assert "tcpip.lab" not in machine.run(["ls", "-A", "/run"]).stdout


def test_a_file_that_is_no_namespace(machine: LabMachine) -> None:
    """A crashed `ip netns add` leaves one: it is not taken for a namespace, and does not hinder one."""
    machine.run(["sh", "-c", "ip netns add other; touch /run/netns/ns1"])
    assert machine.module("netns", _check=True, name="ns1")["changed"]
    machine.module("netns", name="ns1")
    assert {each["name"] for each in machine.json(["ip", "-j", "netns"])} == {"ns1", "other"}
    machine.run(["ip", "-n", "ns1", "link"])


@pytest.mark.parametrize("options", [{"delay": 1}, {"mtu": 1400, "peer": {"name": "b0", "loss": 0.1}}])
def test_a_kernel_without_netem_is_named_and_nothing_is_lost(machine: LabMachine, options: Options) -> None:
    if has_netem():
        pytest.skip("this kernel has netem")
    machine.module("veth", name="a0", peer={"name": "b0"})
    place = "delay" if "delay" in options else "peer.loss"
    for check in (True, False):
        message = refused(machine, "veth", name="a0", **{"peer": {"name": "b0"}, **options}, _check=check)
        assert message.startswith(f"{place}: this kernel has no netem, which makes links slow and lossy (CONFIG_NET_")
        assert "kernel-modules-extra" in message
    assert not machine.module("veth", name="a0", delay=0, peer={"name": "b0", "rate": "0"})["changed"]
    message = refused(machine, "topology", name="lab", veth=[{"name": "c0", "peer": {"name": "d0", "rate": "1mbit"}}])
    assert message.startswith("veth[0].peer.rate: this kernel has no netem")
