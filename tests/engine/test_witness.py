# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks in steps, as several machines make them: here all of them on one, which they do not know."""

from __future__ import annotations

import time
import typing as t

import pytest
import snapshot
from ansible_collections.tcpip.lab.plugins.filter.check_steps import check_steps
from check_networks import ROUTER, build, ip
from labmachine import COLLECTIONS, ModuleFailed
from labs import settled

if t.TYPE_CHECKING:
    from labmachine import LabMachine

Item = dict[str, t.Any]

NODES = {"ns1": "lab1", "router": "lab3", "ns2": "lab2"}
TEXT: Item = {"from": "ns1", "to": "198.51.100.1", "at": "ns2", "port": 54321}
LISTENER: Item = {"id": "a", "name": "it arrives", "udp": TEXT, "part": "listens"}
WATCH: Item = {
    "id": "b",
    "name": "seen",
    "captures": [{"netns": "ns2", "dev": "ns2-veth0", "filter": "icmp", "packets": ["ICMP"]}],
}
#: Root's own device of a lab's wire to another machine, which is where up0 leads.
CROSSING = """
link add up0 type veth peer name up1 netns wire
addr add 10.9.0.1/24 dev up0
link set up0 up
-n wire link set up1 up
link add a0 type vxlan id 7 remote 10.9.0.2 dstport 4789 dev up0
link set a0 netns ns1
-n ns1 addr add 192.0.2.1/24 dev a0
-n ns1 link set a0 up
"""


@pytest.fixture
def router(machine: LabMachine) -> LabMachine:
    build(machine, ROUTER)
    return machine


def _do(machine: LabMachine, actions: list[Item], **options: t.Any) -> Item:
    """What a step returns, whether or not a check in it fails."""
    try:
        return machine.module("witness", actions=actions, **options)
    except ModuleFailed as failed:
        return failed.result


def _made(machine: LabMachine, check: Item) -> list[Item]:
    """The results of a check that is made in steps."""
    return [result for step in check_steps([check], NODES) for result in _do(machine, step["actions"])["results"]]


def _verdicts(results: list[Item]) -> list[tuple[bool, str]]:
    return [(each["ok"], each["got"]) for each in results]


def _capture(netns: str, dev: str, protocol: str, **wanted: t.Any) -> Item:
    return {"netns": netns, "dev": dev, "filter": f"{protocol} port 54321", **wanted}


def test_a_connection_is_the_same_as_on_one_machine(router: LabMachine) -> None:
    """Every segment comes in its order, sockets are seen while it stands, and nothing is left behind."""
    flags = [r"\[S\],", r"\[S\.\]", r"\[\.\], ack 1,", r"\[P\.\], seq 1:14", r"\[\.\], ack 14,", r"\[F\.\], seq 14,"]
    flags += [r"\[F\.\], seq 1, ack 15", r"\[\.\], ack 2,"]
    check = {
        "name": "a connection",
        "tcp": {
            **TEXT,
            "sockets": [
                {"when": "listening", "state": "LISTEN"},
                {"when": "listening", "state": "ESTAB", "present": False},
                {"when": "connected", "state": "ESTAB"},
                {"when": "connected", "netns": "ns1", "state": "ESTAB"},
            ],
        },
        "captures": [
            _capture("ns2", "ns2-veth0", "tcp", packets=[f"Flags {each}" for each in flags], absent=[r"Flags \[R"]),
            _capture("ns1", "ns1-veth0", "tcp", packets=[r"Flags \[F"]),
            _capture("router", "gw-veth0", "tcp", packets=[r"\[P\.\].* length 13"]),
        ],
    }
    before = settled(router)
    results = _made(router, check)
    assert [each["got"] for each in results if not each["ok"]] == []
    assert [(each["name"], each["what"]) for each in results[2:]] == [
        ("a connection (connected)", "sockets of tcp port 54321 in ns2"),
        ("a connection (connected)", "sockets of tcp port 54321 in ns1"),
        ("a connection", "tcp from ns1 to 198.51.100.1 port 54321"),
        ("a connection", "listen on tcp port 54321 in ns2"),
        ("a connection", "capture on gw-veth0 in router (tcp port 54321)"),
    ]
    assert [each["got"].partition(" from")[0] for each in results[4:]] == [
        "13 bytes sent and acknowledged, both ways closed",
        "13 bytes delivered",
        "the packets are as expected",
    ]
    assert snapshot.diff(before, settled(router)) == []


def test_the_text_is_acknowledged_by_itself_also_from_afar(router: LabMachine) -> None:
    """The sender does not end the connection before, although answers take their time here."""
    slow = ["root", "tbf", "rate", "8kbit", "burst", "100", "latency", "5s"]
    router.run(["tc", "-n", "router", "qdisc", "add", "dev", "gw-veth0", *slow])
    seen = _capture(
        "ns1", "ns1-veth0", "tcp", packets=[r"Flags \[P\.\]", r"Flags \[\.\], ack 14,", r"> 198\S+ Flags \[F"]
    )
    assert [each["got"] for each in _made(router, {"tcp": TEXT, "captures": [seen]}) if not each["ok"]] == []


def test_a_datagram_is_one_packet(router: LabMachine) -> None:
    seen = _capture("ns2", "ns2-veth0", "udp", packets=["UDP, length 13"], count=1)
    results = _made(router, {"udp": {**TEXT, "to": "2001:db8:2::1"}, "captures": [seen]})
    assert _verdicts(results)[0] == (True, "13 bytes sent, no error came back")
    assert results[1]["got"].startswith("13 bytes delivered from 2001:db8:1::1 port ")


def test_a_datagram_that_is_lost_is_sent_again_unless_packets_are_counted(router: LabMachine) -> None:
    lossy = ["-p", "udp", "-m", "statistic", "--mode", "nth", "--every", "3", "--packet", "0", "-j", "DROP"]
    router.run(["ip", "netns", "exec", "router", "iptables", "-A", "FORWARD", *lossy])
    seen = _capture("ns2", "ns2-veth0", "udp", packets=["UDP, length 13"])
    (_sent, arrived) = _made(router, {"udp": TEXT, "captures": [seen]})
    assert arrived["ok"], arrived["got"]
    assert _verdicts(_made(router, {"udp": TEXT, "captures": [{**seen, "count": 1}]}))[1][0] is False


@pytest.mark.parametrize(("protocol", "state"), [("tcp", "LISTEN"), ("udp", "UNCONN")])
def test_its_port_is_free_when_it_has_ended(router: LabMachine, protocol: str, state: str) -> None:
    listener = {"id": "a", "name": "it arrives", protocol: TEXT, "part": "listens"}
    nobody = {"socket": {"netns": "ns2", "protocol": protocol, "port": 54321, "state": state, "present": False}}
    _do(router, [{"begin": listener}])
    _it_arrives_not, free = _do(router, [{"end": listener}, {"checks": [nobody]}])["results"]
    assert free["ok"], free["got"]


def test_what_must_not_arrive(router: LabMachine) -> None:
    refused = {**TEXT, "to": "198.51.100.254", "expect": "refused"}
    assert _verdicts(_made(router, {"tcp": refused})) == [
        (True, "Connection refused"),
        (True, "nothing arrived in ns2"),
    ]


def test_what_arrives_and_must_not(router: LabMachine) -> None:
    (sent, arrived) = _made(router, {"udp": {**TEXT, "expect": "silence"}})
    assert sent["ok"]
    assert not arrived["ok"]
    assert arrived["expected"] == "nothing arrives"
    assert arrived["got"].startswith("13 bytes delivered from 192.0.2.1")


def test_what_does_not_arrive_and_must(router: LabMachine) -> None:
    """The machine that sends finds the cause."""
    (sent, arrived) = _made(router, {"tcp": {**TEXT, "to": "198.51.100.254"}})
    assert (sent["ok"], sent["got"]) == (False, "Connection refused")
    assert "the way is open, so look at who listens on tcp port 54321 of 198.51.100.254 in router" in sent["cause"]
    assert (arrived["ok"], arrived["got"]) == (False, "nothing arrived in ns2")
    assert arrived["expected"] == "13 bytes delivered to ns2"


def test_packets_that_were_not_seen(router: LabMachine) -> None:
    ping = {"ping": {"from": "ns1", "to": "198.51.100.1", "count": 1}}
    (answered, seen) = _made(router, {**ping, "captures": [_capture("ns2", "ns2-veth0", "udp", packets=["UDP"])]})
    assert answered["ok"]
    assert not seen["ok"]
    assert "no packet matches 'UDP'" in seen["got"]


def test_it_sees_more_packets_than_a_pipe_has_room_for(router: LabMachine) -> None:
    """Nobody asks it meanwhile, and what it prints of a packet is a hundred bytes and more."""
    packets = 1000
    seen = _capture("ns2", "ns2-veth0", "udp", count=packets)
    many = {**WATCH, "captures": [seen]}
    _do(router, [{"begin": many}])
    router.run(["ip", "netns", "exec", "ns1", "python3", "-c", SENDER, str(packets)])
    (result,) = _do(router, [{"end": many}])["results"]
    assert result["ok"], result["got"]


#: Datagrams, slowly enough for tcpdump to follow.
SENDER = """
import socket, sys, time
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    for _number in range(int(sys.argv[1])):
        sender.sendto(b"Hello", ("198.51.100.1", 54321))
        time.sleep(0.001)
"""


def test_what_cannot_be_begun_is_told_once(router: LabMachine) -> None:
    nowhere = {**WATCH, "captures": [{"netns": "ns2", "dev": "eth7", "packets": ["ICMP"]}]}
    assert _do(router, [{"begin": nowhere}])["results"] == []
    (result,) = _do(router, [{"end": nowhere}])["results"]
    assert not result["ok"]
    assert "tcpdump cannot capture on eth7 in ns2: tcpdump: eth7: No such device exists" in result["got"]


def test_one_that_an_interrupted_run_has_left_is_replaced(router: LabMachine) -> None:
    before = settled(router)
    for _time in range(2):
        _do(router, [{"begin": LISTENER}])  # on the same port
    caller = {**LISTENER, "id": "c", "part": "calls"}
    done = _do(router, [{"begin": caller}, {"end": caller}, {"end": LISTENER}])
    assert [each["ok"] for each in done["results"]] == [True, True]
    assert snapshot.diff(before, settled(router)) == []


def _witnesses(machine: LabMachine) -> list[str]:
    """The processes that nobody waits for."""
    return machine.run(["pgrep", "--parent", "1"], check=False).stdout.split()


def _see_them_go(machine: LabMachine) -> None:
    deadline = time.monotonic() + 60
    while _witnesses(machine):
        assert time.monotonic() < deadline


def test_one_that_is_told_to_go_takes_its_captures_along(router: LabMachine) -> None:
    before = settled(router)
    _do(router, [{"begin": WATCH}])
    router.run(["kill", *_witnesses(router)])
    _see_them_go(router)
    assert snapshot.diff(before, settled(router)) == []
    (result,) = _do(router, [{"end": WATCH}])["results"]
    assert result["got"] == "what watched on this machine is gone: it was ended, or not asked for 120 s"


LIMITED = """
from ansible_collections.tcpip.lab.plugins.module_utils.checks import actions, witness
witness.LIMIT_S = 0.2
(action,) = actions.parse([{action!r}])
witness.begin(action.begin)
"""


def test_one_that_nobody_asks_ends_by_itself(router: LabMachine) -> None:
    before = settled(router)
    script = LIMITED.format(action={"begin": WATCH})
    router.run([router.module_python, "-c", script], env={"PYTHONPATH": str(COLLECTIONS)})
    _see_them_go(router)
    assert snapshot.diff(before, settled(router)) == []


STRANGER = """
import socket
asking = socket.socket(socket.AF_UNIX)
asking.connect("\\0tcpip.lab/witness/b")
print(asking.recv(1) or "closed")
"""


def test_it_answers_root_alone(router: LabMachine) -> None:
    _do(router, [{"begin": WATCH}])
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    assert router.run([*user, "/usr/bin/python3", "-c", STRANGER]).stdout == "closed\n"
    assert _do(router, [{"checks": [{"ping": {"from": "ns1", "to": "198.51.100.1"}}]}, {"end": WATCH}])["results"][1][
        "ok"
    ]


def test_a_lease_that_another_machine_has_told_of(router: LabMachine) -> None:
    (link,) = router.json(["ip", "-n", "ns1", "-j", "link", "show", "ns1-veth0"])
    lease = {"netns": "ns1", "dev": "ns1-veth0", "first": "192.0.2.1", "last": "192.0.2.9", "server": "elsewhere"}
    lent = {"server": "elsewhere", "name": "dnsmasq", "address": "192.0.2.1", "mac": link["address"]}
    checks = [{"checks": [{"lease": lease}]}]
    assert _do(router, checks, leases=[lent])["results"][0]["ok"]
    (wrong,) = _do(router, checks, leases=[{**lent, "mac": "02:00:00:00:00:01"}])["results"]
    assert wrong["got"].endswith("elsewhere lists 192.0.2.1 for 02:00:00:00:00:01")
    (none,) = _do(router, checks)["results"]
    assert none["got"] == "there is no dnsmasq_dhcp 'dnsmasq' in elsewhere"
    assert _do(router, [{"leases": {"netns": "elsewhere"}}])["leases"] == []


def test_the_cause_where_the_way_leaves_the_machine(machine: LabMachine) -> None:
    build(machine, CROSSING, netns=("ns1", "wire"))
    ping = [{"ping": {"from": "ns1", "to": "192.0.2.2", "count": 1}}]
    (result,) = machine.module("check", checks=ping, _fails=True)["results"]
    assert result["cause"] == (
        "the way to 192.0.2.2 leaves this machine by a0 in ns1, a VXLAN to 10.9.0.2; "
        "the rest of it is on the machine that has that address (ip -n ns1 -d link show a0)"
    )
    ip(machine, "link set up0 down")
    (result,) = machine.module("check", checks=ping, _fails=True)["results"]
    assert result["cause"].startswith("the root namespace has no route to 10.9.0.2: up0 is down there")


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ({}, "actions[0]: has none, and needs exactly one of begin, checks, end, leases"),
        ({"begin": {"id": "a", "name": "a"}}, "actions[0].begin: needs captures, tcp or udp, else"),
        ({"end": {**LISTENER, "part": None}}, "actions[0].end.part: goes with either tcp or udp"),
        (
            {"begin": {**LISTENER, "udp": {**TEXT, "at": None, "expect": "silence"}}},
            "actions[0].begin.udp.at: is required",
        ),
        (
            {"begin": {**LISTENER, "part": "calls", "udp": {**TEXT, "expect": "silence"}}},
            "actions[0].begin.udp.expect: must be delivered where it calls",
        ),
        ({"checks": [{"ping": {}}]}, "actions[0].checks[0].ping.to: is required"),
    ],
)
def test_errors_name_their_place(machine: LabMachine, action: Item, words: str) -> None:
    assert _do(machine, [action])["msg"].startswith(words)
