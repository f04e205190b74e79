# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every declared attribute of a lab, changed by hand: a check run finds it, a run repairs it, and all else stays."""

from __future__ import annotations

import typing as t

import pytest
import snapshot
from labmachine import LabMachine
from labs import FULL, Items, changed, same, view

NAMESPACES = ("ns1", "router", "ns2")
#: With no addresses at the peer but the declared ones, too.
LAB = changed(FULL, "veth", 0, peer={**FULL["veth"][0]["peer"], "purge_addresses": True})

#: By the option of a module that it is about: what is done by hand, and a line that the diff of the repair must have:
#: -what goes, +what comes.
DRIFTS = {
    "veth.mtu": ("ip -n ns1 link set ns1-veth0 mtu 1500", "+ns1: ns1-veth0 mtu 1400"),
    "veth.peer.mtu": ("ip -n router link set gw-veth0 mtu 1390", "-router: gw-veth0 mtu 1390"),
    "veth.mtu: too small for IPv6": (
        "ip -n ns1 link set ns1-veth0 mtu 1000",
        "+ns1: ns1-veth0 address 2001:db8:1::1/64",
    ),
    "veth.mac": ("ip -n ns1 link set ns1-veth0 address 00:00:5e:00:53:77", "+ns1: ns1-veth0 mac 00:00:5e:00:53:01"),
    "veth.peer.mac": (
        "ip -n router link set gw-veth0 address 00:00:5e:00:53:77",
        "+router: gw-veth0 mac 00:00:5e:00:53:fe",
    ),
    "veth.peer.addresses: removed": (
        "ip -n router addr del 192.0.2.254/24 dev gw-veth0",
        "+router: gw-veth0 address 192.0.2.254/24",
    ),
    "veth.peer.addresses: removed of IPv6": (
        "ip -n router addr del 2001:db8:1::fe/64 dev gw-veth0",
        "+router: gw-veth0 address 2001:db8:1::fe/64",
    ),
    "veth.addresses: the primary removed, and the second with it": (
        "ip -n ns1 addr del 192.0.2.1/24 dev ns1-veth0",
        "+ns1: ns1-veth0 address 192.0.2.3/24",
    ),
    "veth.addresses: of another prefix length": (
        "ip -n ns1 addr flush dev ns1-veth0 scope global; ip -n ns1 addr add 192.0.2.1/16 dev ns1-veth0; "
        "ip -n ns1 addr add 2001:db8:1::1/48 dev ns1-veth0",
        "-ns1: ns1-veth0 address 2001:db8:1::1/48",
    ),
    "veth.purge_addresses: added": (
        "ip -n ns1 addr add 192.0.2.66/24 dev ns1-veth0",
        "-ns1: ns1-veth0 address 192.0.2.66/24",
    ),
    "veth.purge_addresses: added of IPv6": (
        "ip -n ns1 addr add 2001:db8:66::1/64 dev ns1-veth0",
        "-ns1: ns1-veth0 address 2001:db8:66::1/64",
    ),
    "veth.purge_addresses: with a peer": (
        "ip -n ns1 addr add 10.9.9.1 peer 10.9.9.2 dev ns1-veth0; "
        "ip -n ns1 addr add 10.9.9.1 peer 10.9.9.3 dev ns1-veth0; ip -n ns1 addr add 10.9.9.1/32 dev ns1-veth0",
        "-ns1: ns1-veth0 address 10.9.9.1 peer 10.9.9.3/32",
    ),
    "veth.purge_addresses: with a peer, of IPv6": (
        "ip -n ns1 addr add 2001:db8:66::1 peer 2001:db8:67::1/64 dev ns1-veth0",
        "-ns1: ns1-veth0 address 2001:db8:66::1 peer 2001:db8:67::1/64",
    ),
    "vxlan.purge_addresses: a declared one with a peer": (
        "ip -n ns1 addr del 198.51.100.1/24 dev ns1-vxlan0; "
        "ip -n ns1 addr add 198.51.100.1 peer 198.51.100.9/24 dev ns1-vxlan0",
        "+ns1: ns1-vxlan0 address 198.51.100.1/24",
    ),
    "vxlan.purge_addresses: a declared one with a peer, of IPv6": (
        "ip -n ns1 addr del 2001:db8:3::1/64 dev ns1-vxlan0; "
        "ip -n ns1 addr add 2001:db8:3::1 peer 2001:db8:3::9/64 dev ns1-vxlan0",
        "+ns1: ns1-vxlan0 address 2001:db8:3::1/64",
    ),
    "veth.peer.purge_addresses": (
        "ip -n router addr add 192.0.2.66/24 dev gw-veth0",
        "-router: gw-veth0 address 192.0.2.66/24",
    ),
    "veth.purge_addresses: another primary": (
        "ip -n ns1 addr flush dev ns1-veth0 scope global; ip -n ns1 addr add 192.0.2.66/24 dev ns1-veth0; "
        "ip -n ns1 addr add 192.0.2.1/24 dev ns1-veth0; ip -n ns1 addr add 192.0.2.3/24 dev ns1-veth0; "
        "ip -n ns1 route add default via 192.0.2.254",
        "-ns1: ns1-veth0 address 192.0.2.66/24",
    ),
    "veth.up": ("ip -n ns1 link set ns1-veth0 down", "+ns1: ns1-veth0 up"),
    "veth.peer.up": ("ip -n router link set gw-veth1 down", "+router: gw-veth1 up"),
    "vxlan.up: down": ("ip -n ns1 link set ns1-vxlan0 down", "+ns1: ns1-vxlan0 up"),
    "vxlan.up: up": ("ip -n ns2 link set ns2-group0 up", "+ns2: ns2-group0 down"),
    "veth: alias removed": ("ip -n ns1 link set ns1-veth0 alias ''", "+ns1: ns1-veth0 alias tcpip.lab:full"),
    "netns: alias removed": ("ip -n ns1 link set lo alias ''", "+ns1: lo alias tcpip.lab:full"),
    "netns.loopback: down": ("ip -n ns1 link set lo down", "+ns1: lo up"),
    "netns.loopback: up": ("ip -n router link set lo up", "+router: lo down"),
    "route.dst: default removed": ("ip -n ns1 route del default", "+ns1: route default via 192.0.2.254"),
    "route.via": (
        "ip -n ns1 route replace default via 192.0.2.9",
        "-ns1: route default via 192.0.2.9 dev ns1-veth0",
    ),
    "route.dst: default of IPv6 removed": (
        "ip -n ns1 -6 route del default",
        "+ns1: route default via 2001:db8:1::fe metric 1024",
    ),
    "route.via: of IPv6": (
        "ip -n ns1 -6 route replace default via 2001:db8:1::9",
        "-ns1: route default via 2001:db8:1::9 dev ns1-veth0 metric 1024",
    ),
    "route.metric": (
        "ip -n ns1 route del 10.1.0.0/16; ip -n ns1 route add 10.1.0.0/16 via 192.0.2.254 metric 51",
        "+ns1: route 10.1.0.0/16 via 192.0.2.254 src 192.0.2.3 metric 50",
    ),
    "route.metric: of IPv6": (
        "ip -n ns2 -6 route del 2001:db8:1::/64; ip -n ns2 -6 route add 2001:db8:1::/64 via 2001:db8:2::fe metric 8",
        "+ns2: route 2001:db8:1::/64 via 2001:db8:2::fe metric 7",
    ),
    "route.source": (
        "ip -n ns1 route change 10.1.0.0/16 via 192.0.2.254 metric 50 src 192.0.2.1",
        "+ns1: route 10.1.0.0/16 via 192.0.2.254 src 192.0.2.3 metric 50",
    ),
    "route.table": (
        "ip -n ns1 route del 10.2.0.0/16 table 1000; ip -n ns1 route add 10.2.0.0/16 dev ns1-veth0 table 1001",
        "+ns1: route 10.2.0.0/16 dev ns1-veth0 table 1000",
    ),
    "route.dev": (
        "ip -n ns1 route change 10.2.0.0/16 dev ns1-vxlan0 table 1000",
        "-ns1: route 10.2.0.0/16 dev ns1-vxlan0 table 1000",
    ),
    "route.type": ("ip -n ns1 route change prohibit 10.3.0.0/16", "-ns1: route prohibit 10.3.0.0/16"),
    "route.type: removed": ("ip -n ns1 route del blackhole 10.3.0.0/16", "+ns1: route blackhole 10.3.0.0/16"),
    "route.type: of IPv6": (
        "ip -n ns1 -6 route del 2001:db8:9::/48; ip -n ns1 -6 route add blackhole 2001:db8:9::/48",
        "-ns1: route blackhole 2001:db8:9::/48 metric 1024",
    ),
    "vxlan.id": (
        "ip -n ns1 link del ns1-vxlan0; "
        "ip -n ns1 link add ns1-vxlan0 type vxlan id 101 dstport 4789 remote 203.0.113.1",
        "-ns1: vxlan ns1-vxlan0",
    ),
    "vxlan.dstport": (
        "ip -n ns2 link del ns2-vxlan0; ip -n ns2 link add ns2-vxlan0 type vxlan id 100 dstport 8472 remote 192.0.2.1",
        "-ns2: vxlan ns2-vxlan0",
    ),
    "vxlan.remote": (
        "ip -n ns1 link set ns1-vxlan0 type vxlan remote 203.0.113.9",
        "-ns1: ns1-vxlan0 remote 203.0.113.9",
    ),
    "vxlan.group: a remote in its place": (
        "ip -n ns2 link set ns2-group0 type vxlan remote 192.0.2.9",
        "+ns2: ns2-group0 remote none group 239.1.1.1",
    ),
    "vxlan.remote: a group in its place": (
        "ip -n ns2 link set ns2-vxlan0 type vxlan group 239.9.9.9 dev ns2-veth0",
        "+ns2: vxlan ns2-vxlan0 id 100 dstport 4789 remote 192.0.2.1 dev ns2-veth0 learning on",
    ),
    "vxlan.group": (
        "ip -n ns2 link set ns2-group0 type vxlan group 239.9.9.9 dev ns2-veth0",
        "-ns2: ns2-group0 group 239.9.9.9",
    ),
    "vxlan.local": ("ip -n ns1 link set ns1-vxlan0 type vxlan local 192.0.2.3", "+ns1: ns1-vxlan0 local 192.0.2.1"),
    "vxlan.ttl": ("ip -n ns1 link set ns1-vxlan0 type vxlan ttl 9", "-ns1: ns1-vxlan0 ttl 9"),
    "vxlan.learning": ("ip -n ns1 link set ns1-vxlan0 type vxlan learning", "+ns1: ns1-vxlan0 learning off"),
    "vxlan.dev": (
        "ip -n ns1 link del ns1-vxlan0; "
        "ip -n ns1 link add ns1-vxlan0 type vxlan id 100 dstport 4789 remote 203.0.113.1 dev lo",
        "-ns1: ns1-vxlan0 local none dev lo learning on ttl 0",
    ),
    "vxlan.mtu": ("ip -n ns1 link set ns1-vxlan0 mtu 1280", "-ns1: ns1-vxlan0 mtu 1280"),
    "vxlan.mac": ("ip -n ns1 link set ns1-vxlan0 address 00:00:5e:00:53:77", "+ns1: ns1-vxlan0 mac 00:00:5e:00:53:a1"),
    "vxlan.purge_addresses": (
        "ip -n ns1 addr add 198.51.100.66/24 dev ns1-vxlan0",
        "-ns1: ns1-vxlan0 address 198.51.100.66/24",
    ),
    "vxlan.addresses": (
        "ip -n ns1 addr del 198.51.100.1/24 dev ns1-vxlan0",
        "+ns1: ns1-vxlan0 address 198.51.100.1/24",
    ),
    "vxlan.fdb.mac: removed": (
        "bridge -n ns1 fdb del 00:00:5e:00:53:aa dev ns1-vxlan0 dst 203.0.113.1",
        "+ns1: ns1-vxlan0 fdb 00:00:5e:00:53:aa dst 203.0.113.1",
    ),
    "vxlan.fdb.dst": (
        "bridge -n ns1 fdb replace 00:00:5e:00:53:aa dev ns1-vxlan0 dst 203.0.113.9",
        "-ns1: ns1-vxlan0 fdb 00:00:5e:00:53:aa dst 203.0.113.9",
    ),
    "vxlan.fdb.mac: added": (
        "bridge -n ns1 fdb add 00:00:5e:00:53:ab dev ns1-vxlan0 dst 203.0.113.1",
        "-ns1: ns1-vxlan0 fdb 00:00:5e:00:53:ab dst 203.0.113.1",
    ),
    "vxlan.fdb.dst: one more to flood to": (
        "bridge -n ns1 fdb append 00:00:00:00:00:00 dev ns1-vxlan0 dst 203.0.113.9",
        "-ns1: ns1-vxlan0 fdb 00:00:00:00:00:00 dst 203.0.113.9",
    ),
    "vxlan.remote: its own entry removed": (
        "bridge -n ns2 fdb del 00:00:00:00:00:00 dev ns2-vxlan0 dst 192.0.2.1 via ns2-veth0",
        "+ns2: ns2-vxlan0 fdb 00:00:00:00:00:00 dst 192.0.2.1 via ns2-veth0",
    ),
    "vxlan.underlay": (
        "ip -n ns1 link del ns1-vxlan0; "
        "ip -n router link add ns1-vxlan0 netns ns1 type vxlan id 100 dstport 4789 remote 203.0.113.1",
        "-ns1: vxlan ns1-vxlan0",
    ),
    "vxlan.netns": ("ip -n ns1 link set ns1-vxlan0 netns router", "-router: vxlan ns1-vxlan0"),
    "vxlan: deleted": ("ip -n ns1 link del ns1-vxlan0", "+ns1: ns1-vxlan0 fdb 00:00:5e:00:53:aa dst 203.0.113.1"),
    "vxlan.name": ("ip -n ns1 link set ns1-vxlan0 down name other", "-ns1: vxlan other"),
    "veth: deleted": (
        "ip -n ns1 link del ns1-veth0",
        "+router: veth gw-veth0 peer ns1-veth0 in ns1 mtu 1400 address 00:00:5e:00:53:fe",
    ),
    "veth.name": ("ip -n ns1 link set ns1-veth0 down name other", "-router: veth gw-veth0"),
    "veth.netns": ("ip -n ns1 link set ns1-veth0 netns ns2", "-ns2: veth ns1-veth0"),
    "veth.netns: moved out of sight": (
        "ip netns add foreign; ip -n ns1 link set ns1-veth0 netns foreign",
        "-router: veth gw-veth0",
    ),
    "veth.netns: moved to the root namespace": ("ip -n ns1 link set ns1-veth0 netns 1", "-router: veth gw-veth0"),
    "veth: replaced by another kind": (
        "ip -n ns1 link del ns1-veth0; ip -n ns1 link add ns1-veth0 type bridge",
        "-ns1: bridge ns1-veth0",
    ),
    "netns.name: deleted": ("ip netns del router", "+namespace router"),
    "netns.name: all deleted": ("ip netns del router; ip netns del ns1; ip netns del ns2", "+namespace ns2"),
    "sysctl.value": ("ip netns exec router sysctl -q -w net.ipv4.ip_forward=0", "+router: net.ipv4.ip_forward = 1"),
    "sysctl.value: of IPv6": (
        "ip netns exec router sysctl -q -w net.ipv6.conf.all.forwarding=0",
        "+router: net.ipv6.conf.all.forwarding = 1",
    ),
    "sysctl.value: of a link": (
        "ip netns exec ns1 sysctl -q -w net.ipv4.conf.ns1-veth0.arp_ignore=0",
        "-ns1: net.ipv4.conf.ns1-veth0.arp_ignore = 0",
    ),
}

#: What stays of the hand's work, since the lab does not speak of it, and is cleared away by hand.
LEFT = {
    "route.metric": "ip -n ns1 route del 10.1.0.0/16 metric 51",
    "route.metric: of IPv6": "ip -n ns2 -6 route del 2001:db8:1::/64 metric 8",
    "route.table": "ip -n ns1 route del 10.2.0.0/16 table 1001",
    "veth.netns: moved out of sight": "ip netns del foreign",
    "netns.loopback: up": "ip -n router addr flush dev lo",
}


@pytest.fixture(scope="module")
def standing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Standing]:
    """The lab, built once for all these tests: each of them has to leave it as it was."""
    with LabMachine.start([str(tmp_path_factory.getbasetemp())]) as machine:
        machine.module_python = request.config.getoption("--module-python") or machine.module_python
        yield Standing(machine)


class Standing:
    """A machine with the lab in it, and what the lab looks like."""

    def __init__(self, machine: LabMachine) -> None:
        self.machine = machine
        self.sound = False
        self.before: snapshot.Snapshot = {}

    def prepare(self) -> None:
        """Build the lab anew if the test before has left it in pieces."""
        if not self.sound:
            self.machine.run(["ip", "-all", "netns", "delete"])
            self.machine.run(["rm", "-rf", "/run/tcpip.lab"])
            self.machine.module("topology", name="full", **LAB)
            self.before = view(self.machine, *NAMESPACES)
        self.sound = False


@pytest.mark.parametrize("drift", DRIFTS)
def test_drift_is_found_and_repaired(standing: Standing, drift: str) -> None:
    machine = standing.machine
    standing.prepare()
    command, line = DRIFTS[drift]
    machine.run(["sh", "-ec", command])
    assert view(machine, *NAMESPACES) != standing.before, "the drift changed nothing"

    predicted = machine.module("topology", _check=True, _diff=True, name="full", **LAB)
    result = machine.module("topology", _diff=True, name="full", **LAB)

    assert (predicted["changes"], predicted["diff"]) == (result["changes"], result["diff"])
    assert line[1:] in result["diff"]["after" if line[0] == "+" else "before"].splitlines(), result["diff"]
    machine.run(["sh", "-ec", LEFT.get(drift, "true")])
    same(standing.before, view(machine, *NAMESPACES))
    standing.sound = True


def test_a_repaired_lab_has_nothing_left_to_do(standing: Standing) -> None:
    standing.prepare()
    assert not standing.machine.module("topology", name="full", **LAB)["changed"]


def test_cables_that_were_exchanged_among_interfaces_of_the_same_names_and_numbers(machine: LabMachine) -> None:
    names = [f"r{number}" for number in range(4)]
    cables = [
        {"name": "next", "netns": name, "peer": {"name": "back", "netns": names[number - 3]}}
        for number, name in enumerate(names)
    ]
    ring: Items = {"netns": [{"name": name} for name in names], "veth": cables}
    machine.module("topology", name="ring", **ring)
    before = view(machine, *names)
    assert not machine.module("topology", name="ring", **ring)["changed"]
    for one in ("r0", "r2"):
        machine.run(["ip", "-n", one, "link", "del", "next"])
    for one, other in (("r0", "r3"), ("r2", "r1")):
        machine.run(["ip", "-n", one, "link", "add", "next", "type", "veth", "peer", "name", "back", "netns", other])
    result = machine.module("topology", name="ring", **ring)
    assert result["changed"]
    same(before, view(machine, *names))
    assert not machine.module("topology", name="ring", **ring)["changed"]
