# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module check sees of tracked connections, translated by a rule that was made by hand."""

from __future__ import annotations

import typing as t

from check_networks import ROUTER, build

if t.TYPE_CHECKING:
    from labmachine import LabMachine

Check = dict[str, t.Any]

PING: Check = {"ping": {"from": "ns1", "to": "198.51.100.1", "count": 1}}
PING6: Check = {"ping": {"from": "ns1", "to": "2001:db8:2::1", "count": 1}}
UDP: Check = {"udp": {"from": "ns1", "to": "192.0.2.254", "at": "ns2", "port": 54321}}
SHOW = "(ip netns exec router cat /proc/net/nf_conntrack)"


def _tracked(protocol: str = "icmp", **options: t.Any) -> Check:
    return {"conntrack": {"netns": "router", "protocol": protocol, **options}}


def _nat(machine: LabMachine, program: str, rule: str) -> None:
    machine.run(["ip", "netns", "exec", "router", program, "-t", "nat", *rule.split()])


def test_connections(machine: LabMachine) -> None:
    build(machine, ROUTER)
    (none,) = machine.module("check", checks=[_tracked()], _fails=True)["results"]
    assert none["cause"].startswith("router tracks no icmp connection: none has come by lately, or no rule there")
    _nat(machine, "iptables", "-A POSTROUTING -o gw-veth1 -j MASQUERADE")
    _nat(machine, "iptables", "-A PREROUTING -p udp --dport 54321 -j DNAT --to 198.51.100.1")
    _nat(machine, "ip6tables", "-A POSTROUTING -o gw-veth1 -j MASQUERADE")

    asked = {"source": "192.0.2.1", "destination": "198.51.100.1"}
    udp = {"source": "192.0.2.1", "destination": "192.0.2.254", "port": 54321}
    results = machine.module(
        "check",
        checks=[
            PING,
            PING6,
            UDP,
            _tracked(**asked, reply_source="198.51.100.1", reply_destination="198.51.100.254"),
            _tracked("icmpv6", source="2001:db8:1::1", reply_destination="2001:db8:2::fe"),
            _tracked("udp", **udp, reply_source="198.51.100.1", reply_port=54321, reply_destination="198.51.100.254"),
            _tracked("tcp", present=False),
        ],
    )["results"]
    assert results[3]["got"].startswith("icmp ")
    assert "src=192.0.2.1 dst=198.51.100.1 type=8" in results[3]["got"]
    assert results[6]["got"] == "no such connection in router"

    results = machine.module(
        "check",
        checks=[
            _tracked(**asked, reply_destination="192.0.2.1"),
            _tracked(source="192.0.2.9"),
            _tracked("udp", port=54321, present=False),
        ],
        _fails=True,
    )["results"]
    assert [each["ok"] for each in results] == [False] * 3
    assert [each["cause"] for each in results] == [
        f"the connection is there, but its answers are expected otherwise {SHOW}",
        f"no connection that begins so has come by lately {SHOW}",
        f"such a connection has come by lately {SHOW}",
    ]
    assert results[0]["expected"] == "icmp source 192.0.2.1 destination 198.51.100.1 reply_destination 192.0.2.1"
