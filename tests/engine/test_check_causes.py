# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The likely cause that a failing check names: each is made in a machine of its own, and must be found."""

from __future__ import annotations

import dataclasses
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest
from check_networks import BRIDGE, OVERLAY, ROUTER, build
from labmachine import LabMachine

PING = {"ping": {"from": "ns1", "to": "198.51.100.1", "count": 1}}
PING6 = {"ping": {"from": "ns1", "to": "2001:db8:2::1", "count": 1}}
OVER = {"ping": {"from": "ns1", "to": "203.0.113.2", "count": 1}}
NEAR = {"ping": {"from": "ns1", "to": "192.0.2.2", "count": 1}}
TCP_AT_ROUTER = {"tcp": {"from": "ns1", "to": "198.51.100.1", "at": "router", "port": 54321}}
TCP = {"tcp": {"from": "ns1", "to": "198.51.100.1", "at": "ns2", "port": 54321}}


@dataclasses.dataclass(frozen=True)
class Case:
    """How a network is broken, which check then fails, and what it must say."""

    breaks: str
    check: dict[str, t.Any]
    cause: str
    parts: tuple[str, ...] = (ROUTER,)
    netns: tuple[str, ...] = ("ns1", "router", "ns2")


def _in(netns: str, command: str) -> str:
    return f"ip netns exec {netns} {command}"


CASES = {
    "no route": Case(
        "ip -n ns1 route del default",
        PING,
        "ns1 has no route to 198.51.100.1 (ip -n ns1 route get 198.51.100.1)",
    ),
    "no route, IPv6": Case(
        "ip -n ns1 -6 route del default", PING6, "ns1 has no route to 2001:db8:2::1 (ip -n ns1 route get 2001:db8:2::1)"
    ),
    "a route that refuses": Case(
        "ip -n ns1 route add blackhole 198.51.100.0/24",
        PING,
        "ns1 has the route 'blackhole 198.51.100.0/24', which refuses (ip -n ns1 route get 198.51.100.1)",
    ),
    "link down": Case(
        "ip -n ns1 link set ns1-veth0 down",
        PING,
        "ns1 has no route to 198.51.100.1: ns1-veth0 is down there, and routes go with their interface "
        "(ip -n ns1 route get 198.51.100.1)",
    ),
    "other end down": Case(
        "ip -n router link set gw-veth0 down",
        PING,
        "gw-veth0 in router is down, the other end of ns1-veth0 in ns1 (ip -n router link show gw-veth0)",
    ),
    "far end down": Case(
        "ip -n ns2 link set ns2-veth0 down",
        PING,
        "ns2-veth0 in ns2 is down, the other end of gw-veth1 in router (ip -n ns2 link show ns2-veth0)",
    ),
    "loopback down": Case(
        "ip -n ns1 link set lo down",
        {"ping": {"from": "ns1", "to": "127.0.0.1"}},
        "lo in ns1 is down (ip -n ns1 link show lo)",
    ),
    "loopback down, own address": Case(
        "ip -n ns1 link set lo down",
        {"ping": {"from": "ns1", "to": "192.0.2.1", "count": 1}},
        "lo in ns1 is down (ip -n ns1 link show lo)",
    ),
    "loopback down, own address, TCP": Case(
        "ip -n ns1 link set lo down",
        {"tcp": {"from": "ns1", "to": "192.0.2.1", "at": "ns1", "port": 54321}},
        "lo in ns1 is down (ip -n ns1 link show lo)",
    ),
    "loopback down at the other end, where it is not needed": Case(
        "ip -n ns2 link set lo down",
        TCP_AT_ROUTER,
        "the way is open, so look at who listens on tcp port 54321 of 198.51.100.1 in ns2 (ip netns exec ns2 ss -lntp)",
    ),
    "no forwarding": Case(
        _in("router", "sysctl -w net.ipv4.ip_forward=0"),
        PING,
        "router does not forward IPv4 packets, net.ipv4.ip_forward is 0 there "
        "(ip netns exec router sysctl net.ipv4.ip_forward)",
    ),
    "no forwarding, IPv6": Case(
        _in("router", "sysctl -w net.ipv6.conf.all.forwarding=0"),
        PING6,
        "router does not forward IPv6 packets, net.ipv6.conf.all.forwarding is 0 there "
        "(ip netns exec router sysctl net.ipv6.conf.all.forwarding)",
    ),
    "no way back": Case(
        "ip -n ns2 route del default",
        PING,
        "no way back to 192.0.2.1: ns2 has no route to 192.0.2.1 (ip -n ns2 route get 192.0.2.1)",
    ),
    "no way back for TCP": Case(
        "ip -n ns2 route del default",
        TCP,
        "no way back to 192.0.2.1: ns2 has no route to 192.0.2.1 (ip -n ns2 route get 192.0.2.1)",
    ),
    "two interfaces on one network": Case(
        "ip -n router addr del 192.0.2.254/24 dev gw-veth0; "
        "ip -n router link add to-visitor type veth peer name eth0 netns visitor; "
        "ip -n router addr add 192.0.2.254/24 dev to-visitor; ip -n router link set to-visitor up; "
        "ip -n visitor addr add 192.0.2.1/24 dev eth0; ip -n visitor link set eth0 up; "
        "ip -n router addr add 192.0.2.254/24 dev gw-veth0",
        {"ping": {"from": "ns1", "to": "192.0.2.254", "count": 1}},
        "no way back to 192.0.2.1: router answers by to-visitor, and not by gw-veth0, by which it is asked, to visitor "
        "(ip -n router route get 192.0.2.1)",
        netns=("ns1", "router", "ns2", "visitor"),
    ),
    "small MTU": Case(
        "ip -n router link set gw-veth1 mtu 1400",
        {"ping": {"from": "ns1", "to": "198.51.100.1", "size": 1450, "df": True}},
        "packets of 1478 bytes do not fit through gw-veth1 in router, whose MTU is 1400 "
        "(ip -n router link show gw-veth1)",
    ),
    "different MTUs at two ends": Case(
        "ip -n router link set gw-veth0 mtu 1400",
        {"ping": {"from": "ns1", "to": "198.51.100.1", "size": 1450}},
        "packets of 1478 bytes are lost at gw-veth0 in router, whose MTU is 1400, where ns1-veth0 in ns1 at its other "
        "end has 1500 (ip -n router link show gw-veth0)",
    ),
    "iptables drops": Case(
        _in("router", "iptables -A FORWARD -p icmp -j DROP"),
        PING,
        "router has a filter that refuses: '-A FORWARD -p icmp -j DROP' (ip netns exec router iptables-save)",
    ),
    "iptables' policy drops": Case(
        _in("ns2", "iptables -P INPUT DROP"),
        TCP,
        "ns2 has a filter that refuses: ':INPUT DROP' (ip netns exec ns2 iptables-save)",
    ),
    "iptables rejects": Case(
        _in("router", "iptables -A FORWARD -j REJECT"),
        TCP,
        "router has a filter that refuses: '-A FORWARD -j REJECT --reject-with icmp-port-unreachable' "
        "(ip netns exec router iptables-save)",
    ),
    "ip6tables drops": Case(
        _in("router", "ip6tables -A FORWARD -j DROP"),
        PING6,
        "router has a filter that refuses: '-A FORWARD -j DROP' (ip netns exec router ip6tables-save)",
    ),
    "nft drops": Case(
        _in("router", "nft add table inet guard; ")
        + _in("router", "nft add chain inet guard way {type filter hook forward priority 0;}; ")
        .replace("{", "'{")
        .replace("}", "}'")
        + _in("router", "nft add rule inet guard way ip saddr 192.0.2.1 drop"),
        PING,
        "router has a filter that refuses: 'ip saddr 192.0.2.1 drop' (ip netns exec router nft list ruleset)",
    ),
    "address of nobody": Case(
        "ip -n ns2 addr del 198.51.100.1/24 dev ns2-veth0",
        PING,
        "nobody has the address 198.51.100.1, which router looks for on gw-veth1 "
        "(ip -n router neigh show dev gw-veth1)",
    ),
    "gateway elsewhere": Case(
        "ip -n ns1 route replace default via 192.0.2.77",
        PING,
        "nobody has the address 192.0.2.77, which ns1 looks for on ns1-veth0 (ip -n ns1 neigh show dev ns1-veth0)",
    ),
    "wrong segment": Case(
        "ip -n ns1 addr add 198.51.100.9/24 dev ns1-veth0",
        {"ping": {"from": "ns1", "to": "198.51.100.1", "source": "198.51.100.9"}},
        "198.51.100.1 belongs to ns2, which ns1-veth0 in ns1 is not connected with "
        "(ip -n ns1 neigh show dev ns1-veth0)",
    ),
    "packets go round": Case(
        "ip -n router route add 203.0.113.0/24 via 198.51.100.1",
        {"ping": {"from": "ns1", "to": "203.0.113.9", "count": 1}},
        "packets to 203.0.113.9 go round: ns1 → router → ns2 → router … (ip netns exec ns1 traceroute -n 203.0.113.9)",
    ),
    "VNI differs": Case(
        "ip -n ns2 link del ns2-vxlan0; ip -n ns2 link add ns2-vxlan0 type vxlan id 101 remote 192.0.2.1 dstport 4789; "
        "ip -n ns2 addr add 203.0.113.2/24 dev ns2-vxlan0; ip -n ns2 link set ns2-vxlan0 up",
        OVER,
        "ns1-vxlan0 in ns1 has the VNI 100, and ns2 at 198.51.100.1 has no VXLAN device of it: ns2-vxlan0 with 101 "
        "(ip -n ns2 -d link show type vxlan)",
        (ROUTER, OVERLAY),
    ),
    "underlay cut": Case(
        _in("router", "sysctl -w net.ipv4.ip_forward=0"),
        OVER,
        "the tunnel of ns1-vxlan0 in ns1 does not reach 198.51.100.1: router does not forward IPv4 packets, "
        "net.ipv4.ip_forward is 0 there (ip netns exec router sysctl net.ipv4.ip_forward)",
        (ROUTER, OVERLAY),
    ),
    "far VXLAN down": Case(
        "ip -n ns2 link set ns2-vxlan0 down",
        OVER,
        "ns2-vxlan0 in ns2 is down on the way to 203.0.113.2 (ip -n ns2 link show ns2-vxlan0)",
        (ROUTER, OVERLAY),
    ),
    "wrong remote on the way back": Case(
        "ip -n ns2 link del ns2-vxlan0; "
        "ip -n ns2 link add ns2-vxlan0 type vxlan id 100 remote 192.0.2.9 dstport 4789 nolearning; "
        "ip -n ns2 addr add 203.0.113.2/24 dev ns2-vxlan0; ip -n ns2 link set ns2-vxlan0 up",
        OVER,
        "no way back to 203.0.113.1: the tunnel of ns2-vxlan0 in ns2 does not reach 192.0.2.9: nobody has the address "
        "192.0.2.9, which router looks for on gw-veth0 (ip -n router neigh show dev gw-veth0)",
        (ROUTER, OVERLAY),
    ),
    "bridge down": Case(
        "ip -n bridge link set br0 down",
        NEAR,
        "br0 in bridge is down on the way to 192.0.2.2 (ip -n bridge link show br0)",
        (BRIDGE,),
        ("ns1", "ns2", "ns3", "bridge"),
    ),
    "bridge port down": Case(
        "ip -n bridge link set ns3-br0 down; ip -n bridge link set ns2-br0 down",
        NEAR,
        "ns2-br0 in bridge is down on the way to 192.0.2.2 (ip -n bridge link show ns2-br0)",
        (BRIDGE,),
        ("ns1", "ns2", "ns3", "bridge"),
    ),
    "port not in the bridge": Case(
        "ip -n bridge link set ns2-br0 nomaster",
        NEAR,
        "192.0.2.2 belongs to ns2, which ns1-veth0 in ns1 is not connected with (ip -n ns1 neigh show dev ns1-veth0)",
        (BRIDGE,),
        ("ns1", "ns2", "ns3", "bridge"),
    ),
    "too open": Case(
        "true",
        {"ping": {"from": "ns1", "to": "198.51.100.1", "expect": "silence"}},
        "the way is open, with a route at every hop: ns1 → router → ns2",
    ),
    "TTL": Case(
        "true",
        {"ping": {"from": "ns1", "to": "198.51.100.1", "ttl": 64}},
        "1 router is on the replies' way, and takes 1 from the TTL, which is 64 at first: ns2 → router → ns1 "
        "(ip netns exec ns1 traceroute -n 198.51.100.1)",
    ),
    "TTL without a router": Case(
        "true",
        {"ping": {"from": "ns1", "to": "192.0.2.254", "ttl": 63}},
        "no router is on the replies' way, and only routers take from the TTL, which is 64 at first: router → ns1 "
        "(ip netns exec ns1 traceroute -n 192.0.2.254)",
    ),
    "TTL with rewritten addresses": Case(
        "ip -n ns2 route del default; " + _in("router", "iptables -t nat -A POSTROUTING -o gw-veth1 -j MASQUERADE"),
        {"ping": {"from": "ns1", "to": "198.51.100.1", "ttl": 64}},
        "1 router is on the replies' way, and takes 1 from the TTL, which is 64 at first: ns2 → router → ns1 "
        "(ip netns exec ns1 traceroute -n 198.51.100.1)",
    ),
    "TTL as expected, and not the packets": Case(
        "true",
        {
            "ping": {"from": "ns1", "to": "198.51.100.1", "ttl": 63},
            "captures": [{"netns": "router", "dev": "gw-veth0", "filter": "arp[6:2] = 9", "packets": ["x"]}],
        },
        "the way is open, with a route at every hop: ns1 → router → ns2",
    ),
    "nobody listens": Case(
        "true",
        TCP_AT_ROUTER,
        "the way is open, so look at who listens on tcp port 54321 of 198.51.100.1 in ns2 (ip netns exec ns2 ss -lntp)",
    ),
}


def _cause(case: Case) -> str:
    with LabMachine.start() as machine:
        build(machine, *case.parts, netns=case.netns)
        machine.run(["sh", "-ec", case.breaks])
        result = machine.module("check", checks=[case.check], _fails=True)
    cause: str = result["results"][0]["cause"]
    assert not cause or cause in result["msg"]
    return cause


@pytest.fixture(scope="module")
def causes() -> t.Iterator[dict[str, t.Any]]:
    """All cases at once: they mostly wait for answers that do not come."""
    with ThreadPoolExecutor(max_workers=8) as pool:
        yield {name: pool.submit(_cause, case) for name, case in CASES.items()}


@pytest.mark.parametrize("name", CASES)
def test_the_cause_is_found(causes: dict[str, t.Any], name: str) -> None:
    assert causes[name].result() == CASES[name].cause
