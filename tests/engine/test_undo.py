# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run that the kernel refuses half-way leaves the machine exactly as it was, and says why in the kernel's words."""

from __future__ import annotations

import copy
import typing as t

import pytest
from labs import FULL, PAIR, ROOTED, changed, refused, same, view, without

if t.TYPE_CHECKING:
    from labmachine import LabMachine
    from labs import Items

NS1 = {"netns": [{"name": "ns1"}]}

#: Topologies that pass validation, what to do by hand before, and what the message has to say.
FAULTS: dict[str, tuple[Items, str, str]] = {
    "gateway": (
        {**PAIR, "route": [{"netns": "ns1", "dst": "default", "via": "192.0.2.255"}]},
        "true",
        "could not add ns1: route default via 192.0.2.255: Nexthop has invalid gateway [Invalid argument]",
    ),
    "gateway over a link that is down": (
        {**changed(PAIR, "veth", 0, up=False), "route": [{"netns": "ns1", "dst": "default", "via": "192.0.2.2"}]},
        "true",
        "could not add ns1: route default via 192.0.2.2: Nexthop has invalid gateway [Network is unreachable]",
    ),
    "source that the namespace does not have": (
        {**PAIR, "route": [{"netns": "ns1", "dst": "default", "via": "192.0.2.2", "source": "10.0.0.1"}]},
        "true",
        "could not add ns1: route default via 192.0.2.2 src 10.0.0.1: Invalid prefsrc address [Invalid argument]",
    ),
    "VNI of a foreign device": (
        {**ROOTED, "vxlan": [{"name": "lab-vxlan0", "id": 77, "remote": "198.51.100.1"}]},
        "ip link add theirs type vxlan id 77 dstport 4789 remote 10.0.0.9",
        "could not add vxlan lab-vxlan0 id 77 dstport 4789 remote 198.51.100.1 learning on: "
        "A VXLAN device with the specified VNI already exists [File exists]",
    ),
    "value that the kernel refuses in the root namespace": (
        {**ROOTED, "sysctl": [{"name": "net.ipv4.ip_default_ttl", "value": "256"}]},
        "true",
        "could not change net.ipv4.ip_default_ttl = 64 to net.ipv4.ip_default_ttl = 256: Invalid argument",
    ),
    "value that the kernel refuses, and routes of the machine's own": (
        {**NS1, "sysctl": [{"netns": "ns1", "name": "net.ipv4.ip_forward", "value": "perhaps"}]},
        "ip route add blackhole 10.0.0.0/8",
        "could not set ns1: net.ipv4.ip_forward = perhaps: Invalid argument",
    ),
    "value that the kernel refuses": (
        {**NS1, "sysctl": [{"netns": "ns1", "name": "net.ipv4.ip_forward", "value": "perhaps"}]},
        "true",
        "could not set ns1: net.ipv4.ip_forward = perhaps: Invalid argument",
    ),
    "MTU above what the device can": (
        {**PAIR, "vxlan": [{"netns": "ns1", "name": "big", "id": 1, "dev": "ns1-veth0", "mtu": 9000}]},
        "true",
        "could not set ns1: big mtu 9000",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_new_lab_is_undone(machine: LabMachine, fault: str) -> None:
    items, by_hand, message = FAULTS[fault]
    machine.run(["sh", "-c", by_hand])
    said = refused(machine, "topology", name="lab", **items)
    assert said.startswith(message)
    assert said.endswith(" (what was done before it is undone)")
    assert machine.run(["ls", "-A", "/run/tcpip.lab"], check=False).stdout == ""


def _refuses(items: Items) -> Items:
    """The same, and a route at the end of all that the kernel refuses."""
    result = copy.deepcopy(items)
    result.setdefault("route", []).append({"netns": "ns2", "dst": "10.99.0.0/16", "via": "203.0.113.255"})
    return result


CHANGES: dict[str, Items] = {
    "nothing but the fault": FULL,
    "attributes": changed(
        changed(FULL, "veth", 0, mtu=1399, mac="00:00:5e:00:53:99"), "vxlan", 0, remote="203.0.113.9", ttl=1, mtu=1280
    ),
    "addresses": changed(
        without(FULL, "route", 2), "veth", 0, addresses=["192.0.2.3/24", "192.0.2.7/24", "2001:db8:1::1/64"]
    ),
    "a link down": changed(without(FULL, "route", 0, 1, 2, 3), "veth", 0, up=False),
    "routes": changed(without(FULL, "route", 4, 5), "route", 2, source="192.0.2.1"),
    "sysctls": changed(changed(FULL, "sysctl", 0, value="0"), "sysctl", 2, value="2"),
    "an fdb": changed(FULL, "vxlan", 0, fdb=[{"mac": "00:00:5e:00:53:aa", "dst": "203.0.113.3"}]),
    "a remote that becomes a group": changed(FULL, "vxlan", 0, remote=None, group="239.2.2.2"),
    "a remote that was an entry": changed(FULL, "vxlan", 0, remote="203.0.113.7"),
    "an overlay made anew": changed(changed(FULL, "vxlan", 0, id=101), "vxlan", 2, dstport=8472),
    "a pair joined otherwise": {
        **without(FULL, "route", 0, 1, 2, 3),
        "vxlan": FULL["vxlan"][1:],
        "sysctl": FULL["sysctl"][:2],
        "veth": [{"name": "ns1-veth0", "netns": "ns1", "peer": {"name": "new"}}, FULL["veth"][1]],
    },
    "a namespace gone": {
        "netns": FULL["netns"][1:],
        "sysctl": FULL["sysctl"][:2],
        "veth": FULL["veth"][1:],
        "vxlan": FULL["vxlan"][1:],
        "route": FULL["route"][6:],
    },
}


#: The kernel makes the route to a peer once it knows that nobody else has the address (RFC 4862, section 5.4).
ROUTE_TO_PEER = "until ip -n router -6 route | grep -q ^2001:db8:69::1; do sleep 0.1; done"


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_lab_is_as_it_was(machine: LabMachine, change: str) -> None:
    names = ("", "ns1", "router", "ns2")
    machine.module("topology", name="lab", **FULL)
    by_hand = (
        "ip -n ns1 route add 10.55.0.0/16 via 192.0.2.254 && ip -n router addr add 10.66.0.1/24 dev gw-veth0 && "
        "ip -n router addr add 2001:db8:66::1/64 dev gw-veth0 && ip -n router route add 10.67.0.0/16 via 10.66.0.2 && "
        "ip -n router addr add 10.68.0.1 peer 10.68.0.2 dev gw-veth0 && "
        "ip -n router addr add 2001:db8:68::1 peer 2001:db8:69::1/64 dev gw-veth0"
    )
    machine.run(["sh", "-c", by_hand])
    machine.run(["sh", "-c", ROUTE_TO_PEER])
    before = view(machine, *names)
    ledger = machine.run(["cat", "/run/tcpip.lab/lab.json"]).stdout

    said = refused(machine, "topology", name="lab", **_refuses(CHANGES[change]))

    assert "Nexthop has invalid gateway" in said
    assert said.endswith(" (what was done before it is undone)")
    machine.run(["sh", "-c", ROUTE_TO_PEER])
    same(before, view(machine, *names))
    assert machine.run(["cat", "/run/tcpip.lab/lab.json"]).stdout == ledger
    assert machine.module("topology", name="lab", **FULL)["changed"] is False


def test_what_nobody_declared_survives_a_change(machine: LabMachine) -> None:
    """What the kernel takes along with a declared change is given back: with the primary address others, and routes."""
    machine.module("topology", name="lab", **FULL)
    by_hand = (
        "ip -n router addr add 192.0.2.200/24 dev gw-veth0 && ip -n router route add 10.67.0.0/16 via 192.0.2.9 && "
        "ip -n router route add 2001:db8:77::/64 via 2001:db8:1::9"
    )
    machine.run(["sh", "-c", by_hand])
    peer = {**FULL["veth"][0]["peer"], "addresses": ["192.0.2.253/24", "2001:db8:1::fe/64"]}
    renumbered = changed(without(FULL, "route", 0, 2), "veth", 0, peer=peer)
    machine.module("topology", name="lab", **renumbered)
    routes = machine.run(["ip", "-n", "router", "route"]).stdout
    addresses = machine.run(["ip", "-n", "router", "-o", "addr"]).stdout
    assert "10.67.0.0/16 via 192.0.2.9" in routes
    assert "192.0.2.200/24" in addresses
    assert "192.0.2.254/24" not in addresses
    # a link that goes down and up again
    machine.module("topology", name="lab", **changed(renumbered, "veth", 0, peer={**peer, "up": False}))
    assert "2001:db8:1::fe/64" in machine.run(["ip", "-n", "router", "-o", "addr"]).stdout
    machine.module("topology", name="lab", **renumbered)
    assert not machine.module("topology", name="lab", **renumbered)["changed"]


def test_a_renumbered_network_keeps_its_routes(machine: LabMachine) -> None:
    """The only address of a link is replaced: the kernel removes all routes over the link in between."""
    items: Items = {**PAIR, "route": [{"netns": "ns1", "dst": "default", "via": "192.0.2.2"}]}
    machine.module("topology", name="lab", **items)
    moved = changed(items, "veth", 0, addresses=["192.0.2.9/24"])
    machine.module("topology", name="lab", **moved)
    routes = machine.json(["ip", "-n", "ns1", "-j", "route", "show", "default"])
    assert [route["gateway"] for route in routes] == ["192.0.2.2"]
    assert not machine.module("topology", name="lab", **moved)["changed"]


def test_single_modules_are_undone(machine: LabMachine) -> None:
    machine.run(["ip", "link", "add", "theirs", "type", "vxlan", "id", "77", "dstport", "4789", "remote", "10.0.0.9"])
    said = refused(machine, "vxlan", name="mine", id=77, remote="10.0.0.8", addresses=["10.1.0.1/24"])
    assert "A VXLAN device with the specified VNI already exists [File exists]" in said
    machine.module("veth", name="a0", addresses=["10.1.0.1/24"], peer={"name": "b0"})
    said = refused(machine, "route", dst="10.2.0.0/16", via="10.1.0.255")
    assert said.startswith("could not add route 10.2.0.0/16 via 10.1.0.255: Nexthop has invalid gateway")
    said = refused(machine, "sysctl", name="net.ipv4.ip_forward", value="perhaps")
    assert said.startswith(
        "could not change net.ipv4.ip_forward = 0 to net.ipv4.ip_forward = perhaps: Invalid argument"
    )
