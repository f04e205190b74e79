# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module check sees of neighbours, forwarding databases, ways and namespaces: as it must be, and otherwise."""

from __future__ import annotations

import typing as t

import pytest
from check_networks import BRIDGE, OVERLAY, ROUTER, build, ip

if t.TYPE_CHECKING:
    from labmachine import LabMachine

Check = dict[str, t.Any]

MAC = "00:00:5e:00:53:0"
#: MAC addresses for documentation (RFC 9542) on the stations of the bridge, and one of them known by hand.
KNOWN = "".join(f"-n ns{n} link set ns{n}-veth0 address {MAC}{n}\n" for n in (1, 2, 3)) + (
    # without lo there is nobody to tell that a neighbour does not answer
    f"-n ns1 neigh add 192.0.2.3 dev ns1-veth0 lladdr {MAC}3\n-n ns1 link set lo up"
)


@pytest.fixture
def bridge(machine: LabMachine) -> LabMachine:
    build(machine, BRIDGE, KNOWN, netns=("ns1", "ns2", "ns3", "bridge"))
    return machine


@pytest.fixture
def router(machine: LabMachine) -> LabMachine:
    build(machine, ROUTER)
    return machine


def _got(machine: LabMachine, *checks: Check) -> list[str]:
    """What checks that are as expected got."""
    return [each["got"] for each in machine.module("check", checks=checks)["results"]]


def _causes(machine: LabMachine, *checks: Check) -> list[str]:
    """The causes that checks give of which each must fail."""
    results = machine.module("check", checks=checks, _fails=True)["results"]
    assert [each["name"] for each in results if each["ok"]] == []
    return [each["cause"] for each in results]


def _neighbour(**options: t.Any) -> Check:
    return {"neighbour": {"netns": "ns1", "address": "192.0.2.2", **options}}


def _fdb(station: int, **options: t.Any) -> Check:
    return {"fdb": {"netns": "bridge", "mac": f"{MAC}{station}", **options}}


def _ping(**options: t.Any) -> Check:
    return {"ping": {"from": "ns1", "to": "192.0.2.2", "count": 1, **options}}


def test_neighbours(bridge: LabMachine) -> None:
    entry = {"dev": "ns1-veth0", "mac": f"{MAC}2"}
    assert _got(bridge, _neighbour(present=False), _neighbour(address="192.0.2.3", state=["permanent"])) == [
        "no such entry in ns1",
        f"192.0.2.3 dev ns1-veth0 lladdr {MAC}3 PERMANENT",
    ]
    # facts are looked at when the traffic is over, wherever they stand
    got = _got(bridge, _neighbour(**entry, state=["reachable", "stale"]), _ping())
    assert got[0] == f"192.0.2.2 dev ns1-veth0 lladdr {MAC}2 REACHABLE"
    lost = _ping(to="192.0.2.77", expect="destination_host_unreachable")
    gone = _neighbour(address="192.0.2.77", present=False)
    assert _got(bridge, lost, gone, _neighbour(address="192.0.2.77", state=["failed"]))[1] == "no such entry in ns1"


def test_neighbours_that_are_others(bridge: LabMachine) -> None:
    _got(bridge, _ping(), _ping(to="192.0.2.77", expect="destination_host_unreachable"))
    known, show = f"192.0.2.2 dev ns1-veth0 lladdr {MAC}2 REACHABLE", "(ip -n ns1 neigh)"
    assert _causes(
        bridge,
        _neighbour(mac=f"{MAC}3"),
        _neighbour(dev="lo"),
        _neighbour(state=["stale", "failed"]),
        _neighbour(present=False),
        _neighbour(address="192.0.2.9"),
        _neighbour(address="192.0.2.77"),
    ) == [
        *[f"the entry of 192.0.2.2 is another one: {known} {show}"] * 3,
        f"ns1 has met 192.0.2.2, or its entry was made by hand {show}",
        f"ns1 has not sent to 192.0.2.9 on its own segment lately {show}",
        f"ns1 asked for 192.0.2.77 on ns1-veth0, and nobody answered {show}",
    ]


def test_a_neighbour_that_was_forgotten_is_asked_for_again(bridge: LabMachine) -> None:
    asked = {"netns": "ns1", "dev": "ns1-veth0", "filter": "arp", "packets": [f"{MAC}1 > ff:ff:.* who-has 192.0.2.2"]}
    _got(bridge, _ping())
    result = bridge.module("check", checks=[{**_ping(), "captures": [asked]}], _fails=True)["results"][0]
    assert "on ns1-veth0 in ns1 (arp) no packet matches" in result["got"]
    _got(
        bridge,
        {**_ping(forget_neighbour=True), "captures": [asked]},
        {"neighbour": {"netns": "ns1", "address": "192.0.2.3"}},
    )


def test_forwarding_entries_of_a_bridge(bridge: LabMachine) -> None:
    assert _got(bridge, _ping(), _fdb(1, dev="ns1-br0"), _fdb(2, dev="ns2-br0"), _fdb(9, present=False))[1:] == [
        f"{MAC}1 dev ns1-br0 master br0",
        f"{MAC}2 dev ns2-br0 master br0",
        "no such entry in bridge",
    ]
    show = "(ip netns exec bridge bridge fdb)"
    assert _causes(bridge, _fdb(1, dev="ns2-br0"), _fdb(1, present=False), _fdb(9)) == [
        f"{MAC}1 is somewhere else: {MAC}1 dev ns1-br0 master br0 {show}",
        f"a frame from {MAC}1 has come in there lately {show}",
        f"no frame from {MAC}9 has come in there lately {show}",
    ]


def test_forwarding_entries_of_a_vxlan_device(router: LabMachine) -> None:
    ip(router, OVERLAY)
    flood = {"netns": "ns1", "mac": "00:00:00:00:00:00", "dev": "ns1-vxlan0"}
    got = _got(router, {"fdb": {**flood, "dst": "198.51.100.1"}})
    assert got == ["00:00:00:00:00:00 dev ns1-vxlan0 dst 198.51.100.1 self permanent"]
    assert _causes(router, {"fdb": {**flood, "dst": "198.51.100.9"}}) == [
        f"00:00:00:00:00:00 is somewhere else: {got[0]} (ip netns exec ns1 bridge fdb)"
    ]


def _trace(*hops: str, to: str = "198.51.100.1") -> Check:
    return {"traceroute": {"from": "ns1", "to": to, "hops": list(hops)}}


def test_a_way_without_a_router(router: LabMachine) -> None:
    (gateway,) = router.json(["ip", "-j", "-n", "router", "-6", "addr", "show", "dev", "gw-veth0", "scope", "link"])
    (address,) = [each["local"] for each in gateway["addr_info"] if "local" in each]  # ip has more, with nothing in it
    (result,) = router.module("check", checks=[_trace(address, to=f"{address}%ns1-veth0")])["results"]
    assert result["got"] == address


def test_a_way(router: LabMachine) -> None:
    both = router.module(
        "check",
        checks=[_trace("192.0.2.254", "198.51.100.1"), _trace("2001:db8:1::fe", "2001:db8:2::1", to="2001:db8:2::1")],
    )["results"]
    assert [each["got"] for each in both] == ["192.0.2.254, 198.51.100.1", "2001:db8:1::fe, 2001:db8:2::1"]
    assert both[0]["evidence"] == [" 1  192.0.2.254  Time to live exceeded", " 2  198.51.100.1"]


@pytest.mark.parametrize(
    ("breaks", "hops", "got", "cause"),
    [
        (
            "",
            ["192.0.2.253", "198.51.100.1"],
            "192.0.2.254, 198.51.100.1",
            "the way is open, with a route at every hop",
        ),
        ("", ["198.51.100.1"], "192.0.2.254, 198.51.100.1", "the way is open, with a route at every hop"),
        ("", ["192.0.2.254", "203.0.113.2", "198.51.100.1"], "192.0.2.254, 198.51.100.1", "the way is open"),
        (
            "-n ns1 route del default",
            ["192.0.2.254", "198.51.100.1"],
            "Network is unreachable",
            "ns1 has no route to 198.51.100.1",
        ),
        (
            "-n router addr del 198.51.100.254/24 dev gw-veth1",
            ["192.0.2.254", "198.51.100.1"],
            "192.0.2.254: Destination Net Unreachable",
            "router has no route to 198.51.100.1",
        ),
        (
            "-n ns2 route del default",
            ["192.0.2.254", "198.51.100.1"],
            "192.0.2.254, *, *",
            "no way back to 192.0.2.1: ns2 has no route to 192.0.2.1",
        ),
    ],
)
def test_another_way(router: LabMachine, breaks: str, hops: list[str], got: str, cause: str) -> None:
    ip(router, breaks)
    result = router.module("check", checks=[_trace(*hops)], _fails=True)["results"][0]
    assert result["got"] == got
    assert result["cause"].startswith(cause)


def test_namespaces(machine: LabMachine) -> None:
    machine.run(["ip", "netns", "add", "helloworld"])
    checks: list[Check] = [
        {"netns": {"name": "helloworld"}},
        {"netns": {"name": "helloworld", "links": ["lo"]}},
        {"netns": {"name": "hello", "present": False}},
    ]
    listed = "helloworld is listed, with lo"
    assert _got(machine, *checks) == [listed, listed, "hello is not listed"]
    results = machine.module(
        "check",
        checks=[
            {"netns": {"name": "hello"}},
            {"netns": {"name": "helloworld", "present": False}},
            {"netns": {"name": "helloworld", "links": ["lo", "eth0"]}},
            {"netns": {"name": "helloworld", "links": []}},
        ],
        _fails=True,
    )["results"]
    assert [(each["ok"], each["got"]) for each in results] == [(False, "hello is not listed"), *[(False, listed)] * 3]


def test_the_mac_address_of_an_interface(bridge: LabMachine) -> None:
    link = {"netns": "ns1", "name": "ns1-veth0"}
    assert _got(bridge, {"link": {**link, "mac": f"{MAC}1"}}) == [f"mtu 1500, up, mac {MAC}1"]
    result = bridge.module("check", checks=[{"link": {**link, "mac": f"{MAC}2"}}], _fails=True)["results"][0]
    assert (result["expected"], result["got"]) == (f"ns1-veth0 with mac {MAC}2", f"mac {MAC}1")
