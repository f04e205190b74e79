# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module check against the kernel: every expectation met, and not met, in networks built with ip(8)."""

from __future__ import annotations

import typing as t

import pytest
import snapshot
from check_networks import OVERLAY, ROUTER, build, ip, sysctl

if t.TYPE_CHECKING:
    from labmachine import LabMachine

Check = dict[str, t.Any]


def _one(machine: LabMachine, check: Check, fails: bool = False) -> dict[str, t.Any]:
    """The result of a single check."""
    done = machine.module("check", checks=[check], _fails=fails)
    assert not done["changed"]
    result: dict[str, t.Any] = done["results"][0]
    assert result["ok"] is not fails
    return result


@pytest.fixture
def router(machine: LabMachine) -> LabMachine:
    build(machine, ROUTER)
    return machine


def _ping(**options: t.Any) -> Check:
    return {"ping": {"from": "ns1", "to": "198.51.100.1", **options}}


def test_replies_with_their_ttl(router: LabMachine) -> None:
    checks = [_ping(ttl=63), _ping(to="192.0.2.254", ttl=64, count=1), _ping(source="192.0.2.1", size=1000, df=True)]
    done = router.module("check", checks=checks)
    assert [each["got"] for each in done["results"]] == [
        "3 of 3 replies, ttl 63",
        "1 of 1 replies, ttl 64",
        "3 of 3 replies, ttl 63",
    ]
    assert "1008 bytes from 198.51.100.1" in done["results"][2]["evidence"][1]
    assert done["report"][0] == "ok    ping from ns1 to 198.51.100.1 — 3 of 3 replies, ttl 63"


def test_ipv6_right_after_the_network_was_made(router: LabMachine) -> None:
    """Its addresses are still being checked for duplicates then."""
    result = _one(router, _ping(to="2001:db8:2::1", ttl=63))
    assert result["outcome"] == "reply"


def test_ipv6_expected_to_fail_waits_for_addresses_too(router: LabMachine) -> None:
    """Else an address still being checked would pass for silence."""
    result = _one(router, _ping(to="2001:db8:2::1", expect="silence"), fails=True)
    assert result["outcome"] == "reply"


def test_a_link_local_address_with_its_interface(router: LabMachine) -> None:
    ip(router, "-n router addr add fe80::fe/64 dev gw-veth0")
    assert _one(router, _ping(to="fe80::fe%ns1-veth0"))["outcome"] == "reply"


def test_a_wrong_ttl_fails(router: LabMachine) -> None:
    done = router.module("check", checks=[{"name": "No router between", **_ping(ttl=64)}], _fails=True)
    assert done["msg"].splitlines() == [
        "1 of 1 checks failed:",
        "No router between",
        "  tried: ping from ns1 to 198.51.100.1",
        "  expected: 3 of 3 replies, ttl 64",
        "  got: 3 of 3 replies, ttl 63",
        "  likely cause: 1 router is on the replies' way, and takes 1 from the TTL, which is 64 at first: "
        "ns2 → router → ns1 (ip netns exec ns1 traceroute -n 198.51.100.1)",
    ]


def test_network_unreachable(router: LabMachine) -> None:
    ip(router, "-n ns1 route del default\n-n ns1 -6 route del default")
    assert _one(router, _ping(expect="network_unreachable"))["evidence"] == ["ping: connect: Network is unreachable"]
    _one(router, _ping(to="2001:db8:2::1", expect="network_unreachable"))
    assert _one(router, _ping(expect="silence"), fails=True)["got"] == "Network is unreachable"


def test_silence(router: LabMachine) -> None:
    sysctl(router, "router", "net.ipv4.ip_forward", 0)
    assert _one(router, _ping(expect="silence"))["got"] == "silence: 4 sent, no answer of any kind"
    _one(router, _ping(expect="network_unreachable"), fails=True)


def test_a_refusal_of_ones_own_is_not_taken_for_silence(router: LabMachine) -> None:
    rule = ["-p", "icmp", "--icmp-type", "echo-request", "-j", "REJECT"]
    router.run(["ip", "netns", "exec", "ns1", "iptables", "-A", "OUTPUT", *rule])
    result = _one(router, _ping(expect="silence"), fails=True)
    assert "Destination Port Unreachable" in result["got"]


#: As on a machine with much to do.
SLOW_PING = """#!/bin/sh
sleep 0.8
exec /tmp/ping "$@"
"""


def test_nobody_there_is_silence_however_slow_the_machine_is(router: LabMachine) -> None:
    """That a neighbour does not answer is said after 3 s by the namespace's own kernel, and by nobody else."""
    (ping,) = router.run(["sh", "-c", "command -v ping"]).stdout.splitlines()
    router.run(["cp", "--preserve=all", ping, "/tmp/ping"])
    router.run(["tee", "/tmp/slow"], input=SLOW_PING)
    router.run(["chmod", "+x", "/tmp/slow"])
    router.run(["mount", "--bind", "/tmp/slow", ping])
    assert _one(router, _ping(to="192.0.2.7", expect="silence"))["outcome"] == "silence"
    _one(router, _ping(to="192.0.2.7", expect="destination_host_unreachable", by="192.0.2.1"))


@pytest.mark.parametrize(("to", "by"), [("203.0.113.1", "192.0.2.254"), ("2001:db8:3::1", "2001:db8:1::fe")])
def test_an_error_and_who_sent_it(router: LabMachine, to: str, by: str) -> None:
    result = _one(router, _ping(to=to, expect="destination_net_unreachable", by=by))
    assert result["got"].endswith(f"from {by}")
    other = "192.0.2.253" if "." in to else "2001:db8:1::fd"
    wrong = _one(router, _ping(to=to, expect="destination_net_unreachable", by=other), fails=True)
    assert wrong["got"] == result["got"]


@pytest.mark.parametrize("to", ["203.0.113.1", "2001:db8:3::1"])
def test_a_router_that_said_too_much_is_not_taken_for_silent(router: LabMachine, to: str) -> None:
    """Linux sends few ICMP errors a second to the same address, after a burst."""
    router.run(["ip", "netns", "exec", "ns1", "ping", "-c30", "-i0.01", "-W0.1", to], check=False)
    _one(router, _ping(to=to, expect="silence"), fails=True)
    router.run(["ip", "netns", "exec", "ns1", "ping", "-c30", "-i0.01", "-W0.1", to], check=False)
    _one(router, _ping(to=to, expect="destination_net_unreachable"))


def test_a_refusal_held_back_is_not_taken_for_silence(router: LabMachine) -> None:
    many = "import socket; s = socket.socket(type=2); [s.sendto(b'x', ('198.51.100.1', 9)) for _ in range(30)]"
    for expect, fails in (("silence", True), ("refused", False)):
        router.run(["ip", "netns", "exec", "ns1", "python3", "-c", many])
        _one(router, {"udp": {"from": "ns1", "to": "198.51.100.1", "port": 54321, "expect": expect}}, fails=fails)


def test_an_unreachable_host(router: LabMachine) -> None:
    """It takes the router three seconds to give up on its neighbour."""
    expect = {"expect": "destination_host_unreachable"}
    checks = [
        _ping(to="198.51.100.77", by="192.0.2.254", **expect),
        _ping(to="2001:db8:2::77", by="2001:db8:1::fe", **expect),
        _ping(to="192.0.2.77", by="192.0.2.1", **expect),
    ]
    assert all(each["ok"] for each in router.module("check", checks=checks)["results"])


def test_too_long(router: LabMachine) -> None:
    ip(router, "-n router link set gw-veth1 mtu 1400\n-n ns2 link set ns2-veth0 mtu 1400")
    local = _one(router, _ping(size=1473, df=True, expect="message_too_long"))
    assert "message too long, mtu=1500" in local["got"]
    remote = _one(router, _ping(size=1400, df=True, expect="message_too_long"))
    assert remote["got"] == "Frag needed and DF set (mtu = 1400) from 192.0.2.254"
    six = _one(router, _ping(to="2001:db8:2::1", size=1400, df=True, expect="message_too_long"))
    assert six["got"] == "Packet too big: mtu=1400 from 2001:db8:1::fe"
    assert _one(router, _ping(size=1400))["outcome"] == "reply"  # fragments may pass
    assert _one(router, _ping(size=1300, df=True, expect="message_too_long"), fails=True)["outcome"] == "reply"


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
@pytest.mark.parametrize("to", ["198.51.100.1", "2001:db8:2::1"])
def test_a_text_is_delivered(router: LabMachine, protocol: str, to: str) -> None:
    result = _one(router, {protocol: {"from": "ns1", "to": to, "at": "ns2", "port": 54321}})
    assert result["got"].startswith("13 bytes delivered from ")
    assert result["evidence"][-1].startswith("ns2: 13 bytes from ")
    assert result["evidence"][-1].endswith("'Hello World!\\n'")


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_refused_and_silent(router: LabMachine, protocol: str) -> None:
    refused = {"from": "ns1", "to": "198.51.100.1", "port": 54321, "expect": "refused"}
    assert _one(router, {protocol: refused})["got"] == "Connection refused"
    _one(router, {protocol: {**refused, "expect": "silence"}}, fails=True)
    listening = {**refused, "at": "ns2"}
    _one(router, {protocol: listening}, fails=True)
    router.run(["ip", "netns", "exec", "router", "iptables", "-A", "FORWARD", "-p", protocol, "-j", "DROP"])
    _one(router, {protocol: {**listening, "expect": "silence"}})
    result = _one(router, {protocol: {**listening, "expect": "delivered"}}, fails=True)
    assert f"-A FORWARD -p {protocol} -j DROP" in result["cause"]


def test_the_root_namespace_takes_part(router: LabMachine) -> None:
    checks: list[Check] = [
        {"tcp": {"to": "127.0.0.1", "at": "", "port": 54321}},
        {"ping": {"to": "127.0.0.1"}},
        {"link": {"name": "lo", "up": True}},
        {"route": {"dst": "default", "present": False}},
    ]
    assert (
        router.module("check", checks=checks)["results"][0]["what"]
        == "tcp from the root namespace to 127.0.0.1 port 54321"
    )


def test_several_texts_to_one_port_take_turns(router: LabMachine) -> None:
    check = {"tcp": {"from": "ns1", "to": "198.51.100.1", "at": "ns2", "port": 54321}}
    assert all(each["ok"] for each in router.module("check", checks=[check] * 5)["results"])


def test_a_port_that_is_taken(router: LabMachine) -> None:
    script = "import socket, time; s = socket.create_server(('', 54321)); print('on', flush=True); time.sleep(60)"
    with router.popen(["ip", "netns", "exec", "ns2", "python3", "-c", script], stdout=-1) as other:
        assert other.stdout
        other.stdout.readline()
        result = _one(router, {"tcp": {"from": "ns1", "to": "198.51.100.1", "at": "ns2", "port": 54321}}, fails=True)
        router.stop()
    assert "cannot listen on tcp port 54321 in ns2: Address already in use" in result["got"]


def test_captures_on_both_sides_of_a_tunnel(router: LabMachine) -> None:
    ip(router, OVERLAY)
    under = {"netns": "ns2", "dev": "ns2-veth0", "filter": "udp port 4789"}
    over = {"netns": "ns2", "dev": "ns2-vxlan0"}
    check = {
        "ping": {"from": "ns1", "to": "203.0.113.2", "ttl": 64},
        "captures": [
            {**under, "packets": [r"VXLAN, flags \[I\].*vni 100", "ICMP echo request"]},
            {**over, "packets": ["ICMP echo request", "ICMP echo reply"], "absent": ["VXLAN"]},
        ],
    }
    evidence = _one(router, check)["evidence"]
    assert "on ns2-veth0 in ns2 (udp port 4789):" in evidence
    assert "on ns2-vxlan0 in ns2:" in evidence


@pytest.mark.parametrize(
    ("capture", "got"),
    [
        (
            {"packets": ["ICMP echo reply", "ICMP echo request"]},
            "no packet matches 'ICMP echo request' (in this order)",
        ),
        ({"packets": ["ARP, Reply never"]}, "no packet matches 'ARP, Reply never' (in this order)"),
        ({"absent": ["ICMP echo request"]}, "a packet that must be absent: "),
    ],
)
def test_packets_that_are_not_as_expected(router: LabMachine, capture: Check, got: str) -> None:
    check = {**_ping(count=1), "captures": [{"netns": "ns2", "dev": "ns2-veth0", **capture}]}
    result = _one(router, check, fails=True)
    assert got in result["got"]
    assert any("ICMP echo request" in line for line in result["evidence"])


@pytest.mark.parametrize(
    ("capture", "got"),
    [
        ({"dev": "ns2-veth9"}, "tcpdump cannot capture on ns2-veth9 in ns2: tcpdump: ns2-veth9: No such device exists"),
        ({"filter": "udp prot 3"}, "can't parse filter expression"),
        ({"netns": "ns9"}, "there is no namespace 'ns9'"),
    ],
)
def test_captures_that_cannot_be(router: LabMachine, capture: Check, got: str) -> None:
    check = {**_ping(), "captures": [{"netns": "ns2", "dev": "ns2-veth0", "packets": ["x"], **capture}]}
    assert got in _one(router, check, fails=True)["got"]


def test_facts(router: LabMachine) -> None:
    checks: list[Check] = [
        {"route": {"netns": "ns1", "dst": "default", "via": "192.0.2.254", "dev": "ns1-veth0"}},
        {"route": {"netns": "ns1", "dst": "::/0", "via": "2001:db8:1::fe"}},
        {"route": {"netns": "ns1", "dst": "198.51.100.0/24", "present": False}},
        {"link": {"netns": "ns1", "name": "ns1-veth0", "mtu": 1500, "up": True}},
        {"link": {"netns": "ns2", "name": "lo", "up": False}},
    ]
    results = router.module("check", checks=checks)["results"]
    assert results[0]["evidence"] == ["default via 192.0.2.254 dev ns1-veth0"]


@pytest.mark.parametrize(
    ("check", "got"),
    [
        ({"route": {"netns": "ns1", "dst": "default", "via": "192.0.2.253"}}, "no such route in ns1"),
        ({"route": {"netns": "ns1", "dst": "default", "present": False}}, "default via 192.0.2.254 dev ns1-veth0"),
        ({"link": {"netns": "ns1", "name": "ns1-veth0", "mtu": 1400, "up": False}}, "mtu 1500, up"),
        ({"link": {"netns": "ns1", "name": "ns1-veth9"}}, "ns1 has no ns1-veth9"),
        ({"link": {"netns": "ns9", "name": "lo"}}, "there is no namespace 'ns9'"),
        ({"ping": {"from": "ns9", "to": "192.0.2.1"}}, "there is no namespace 'ns9'"),
        ({"ping": {"from": "ns1", "to": "192.0.2.254", "source": "192.0.2.9"}}, "Cannot assign requested address"),
    ],
)
def test_what_is_not_so(router: LabMachine, check: Check, got: str) -> None:
    assert _one(router, check, fails=True)["got"] == got


def test_a_namespace_that_is_not_there_is_told_with_those_that_are(router: LabMachine) -> None:
    for name, hint in (("ns9", "did you mean 'ns2'?"), ("host", "there are: ns1, ns2, router")):
        assert _one(router, {"ping": {"from": name, "to": "192.0.2.1"}}, fails=True)["cause"] == hint


def test_a_wrong_place_is_named(machine: LabMachine) -> None:
    checks = [_ping(), _ping(), _ping(to="300.0.2.1")]
    assert machine.module("check", checks=checks, _fails=True)["msg"] == (
        "checks[2].ping.to: '300.0.2.1' is not an IP address"
    )


def test_check_mode_does_nothing(machine: LabMachine) -> None:
    done = machine.module("check", checks=[_ping()], _check=True)
    assert done["skipped"]
    assert not done["changed"]
    assert "300.0.2.1" in machine.module("check", checks=[_ping(to="300.0.2.1")], _check=True, _fails=True)["msg"]


def test_nothing_is_left(router: LabMachine) -> None:
    capture = {"netns": "ns2", "dev": "ns2-veth0", "packets": ["never"]}
    checks = [
        {**_ping(), "captures": [capture, {**capture, "dev": "nosuch"}]},
        {**_ping(), "captures": [capture]},
        _ping(to="203.0.113.1"),
        {"tcp": {"from": "ns1", "to": "198.51.100.1", "at": "ns2", "port": 1, "expect": "refused"}},
    ]
    before = router.snapshot()
    router.module("check", checks=checks, _fails=True)
    assert snapshot.diff(before, router.snapshot()) == []
