# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lab_info tells, against what standard tools show and what a run of topology would do."""

from __future__ import annotations

import typing as t

import pytest
from labmachine import LabMachine
from labs import FULL, PAIR, Items, same, settled

#: A function for the frames of a switch.
HOOK = "/run/treat.py"
#: Something of every kind, with a foot in the root namespace.
LAB: Items = {
    **FULL,
    "netns": [*FULL["netns"], {"name": "lan", "loopback": True}, {"name": "host"}],
    "veth": [
        *FULL["veth"],
        {
            "name": "host0",
            "netns": "host",
            "mac": "00:00:5e:00:53:10",
            "peer": {"name": "lan1", "netns": "lan"},
        },
        {"name": "lan2", "netns": "lan", "peer": {"name": "lab-up0", "addresses": ["198.18.0.1/24"]}},
        {"name": "lan3", "netns": "lan", "peer": {"name": "lan4", "netns": "lan"}},
        {"name": "s1", "netns": "router", "peer": {"name": "s2", "netns": "router"}},
    ],
    "bridge_vlan": [
        {
            "name": "br0",
            "netns": "lan",
            "addresses": ["10.0.0.1/24"],
            "ports": [{"name": "lan1"}, {"name": "lan2"}],
            "stp": False,
            "ageing_time": 60,
        }
    ],
    "macvlan": [{"name": "mv0", "netns": "ns2", "parent": "s1", "parent_netns": "router", "mode": "private"}],
    "route": [*FULL["route"], {"dst": "203.0.113.0/24", "via": "198.18.0.2"}],
    "sysctl": [*FULL["sysctl"], {"name": "net.ipv4.ip_forward", "value": 1}],
    "iptables_nat": [
        {
            "netns": "router",
            "name": "out",
            "rules": [
                {"jump": "MASQUERADE", "source": "192.0.2.0/24", "out_interface": "gw-veth1"},
                {"jump": "SNAT", "source": "!192.0.2.7", "to_source": "203.0.113.254"},
                {"jump": "DNAT", "protocol": "tcp", "destination_port": "8000:8010", "to_destination": "192.0.2.1:80"},
                {"jump": "MASQUERADE", "source": "2001:db8:1::/64"},
            ],
        },
        {"rules": [{"jump": "MASQUERADE", "source": "198.18.0.0/24"}]},
    ],
    "capture": [
        {"name": "all", "netns": "host", "dev": "host0", "filter": "udp port 67", "snaplen": 200},
        {"name": "kept", "netns": "lan", "dev": "br0", "filter": "udp port 9", "path": "/tmp/kept.pcap"},
    ],
    "process": [
        {
            "name": "nap",
            "netns": "ns1",
            "command": ["sleep", "1000"],
            "user": "daemon",
            "environment": {"LABEL": "nap"},
            "capabilities": ["net_raw"],
            "files": [{"name": "greeting", "content": "Hello\n"}],
        },
        {"name": "rest", "command": ["sleep", "1000"]},
    ],
    "vswitch": [{"name": "sw", "netns": "lan", "ports": ["lan3", "lan4"], "ageing_time": 60, "hook": HOOK}],
    "dnsmasq_dhcp": [
        {
            "netns": "lan",
            "interfaces": ["br0"],
            "ranges": [{"start": "10.0.0.100", "end": "10.0.0.200", "lease_time": "12h"}],
            "options": {"router": "10.0.0.1", "option:ntp-server": ["10.0.0.2", "10.0.0.3"]},
            "hosts": [{"mac": "00:00:5e:00:53:10", "address": "10.0.0.110", "name": "host"}],
            "dns": True,
            "records": [{"name": "www.example.com", "addresses": ["10.0.0.80", "2001:db8::80"]}],
        }
    ],
    "dhcp_client": [{"netns": "host", "dev": "host0"}],
}
SPACES = [each["name"] for each in LAB["netns"]]
LINKS = ("veth", "vxlan", "macvlan", "bridge_vlan")
OTHER: Items = {"netns": [{"name": "east"}, {"name": "west"}], "veth": [{"name": "e0", "netns": "east"}]}
OTHER["veth"][0]["peer"] = {"name": "w0", "netns": "west", "mtu": 1400}


def hooked(machine: LabMachine) -> None:
    """Write the function."""
    machine.run(["tee", HOOK], input="def treat(frame, port):\n    return frame\n")


@pytest.fixture(scope="module")
def standing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[LabMachine]:
    """A machine with two labs, built once for the tests that change nothing or put it back."""
    with LabMachine.start([str(tmp_path_factory.getbasetemp())]) as machine:
        machine.module_python = request.config.getoption("--module-python") or machine.module_python
        hooked(machine)
        machine.module("topology", name="full", **LAB)
        machine.module("topology", name="other", **OTHER)
        yield machine


def lab(machine: LabMachine, name: str = "full") -> dict[str, t.Any]:
    """The one lab that is told of."""
    (found,) = machine.module("lab_info", name=name)["labs"]
    assert found["name"] == name
    return t.cast("dict[str, t.Any]", found)


def ends(live: Items) -> dict[tuple[str, str], dict[str, t.Any]]:
    """All interfaces of a document by their namespaces and names."""
    found = [each for kind in LINKS for each in live.get(kind, ())]
    found += [each["peer"] for each in live["veth"] if "peer" in each]
    return {(each.get("netns", ""), each["name"]): each for each in found}


def shown(machine: LabMachine, netns: str) -> dict[tuple[str, str], dict[str, t.Any]]:
    """The interfaces of a namespace by ip(8), with what both tell of."""
    return {
        (netns, each["ifname"]): {
            "mac": each["address"],
            "mtu": each["mtu"],
            "up": "UP" in each["flags"],
            "addresses": sorted(f"{a['local']}/{a['prefixlen']}" for a in each["addr_info"]),
        }
        for each in machine.json(["ip", "-j", "-n", netns, "addr"])
        if each["ifname"] != "lo"
    }


def test_it_tells_what_ip_shows(standing: LabMachine) -> None:
    settled(standing)
    live = lab(standing)["live"]
    found = {
        key: {**{name: end[name] for name in ("mac", "mtu", "up")}, "addresses": sorted(end["addresses"])}
        for key, end in ends(live).items()
    }
    root = found.pop(("", "lab-up0"))
    assert root["addresses"][0] == "198.18.0.1/24"
    assert found == {key: end for netns in SPACES for key, end in shown(standing, netns).items()}
    assert sorted(each["name"] for each in live["netns"]) == sorted(SPACES)


def test_what_is_there_is_a_topology_that_finds_nothing_to_do(standing: LabMachine) -> None:
    """With every kind in it, and the links declared from the same ends."""
    found = lab(standing)
    assert found["live"].keys() == LAB.keys()
    leased = [{"netns": "host", "dst": "default", "via": "10.0.0.1", "dev": "host0"}]
    expected = {**LAB, "route": [*LAB["route"], *leased]}
    assert {kind: len(items) for kind, items in found["live"].items()} == {
        kind: len(items) for kind, items in expected.items()
    }
    names = {kind: sorted(each["name"] for each in items) for kind, items in found["live"].items() if kind in LINKS}
    assert names == {kind: sorted(each["name"] for each in LAB[kind]) for kind in LINKS}
    again = standing.module("topology", _check=True, _diff=True, name="full", **found["live"])
    assert (again["changes"], again["diff"]) == ([], {"before": "", "after": ""})


def test_what_was_declared_is_told_as_it_was_written(standing: LabMachine) -> None:
    found = lab(standing)
    assert found["declared"] == LAB
    assert (found["complete"], found["drift"], found["refusal"]) == (True, [], None)
    assert found["others"] == {"links": [], "nat": []}


def test_processes_tell_more_than_their_options(standing: LabMachine) -> None:
    told = {each["module"]: each for each in lab(standing)["processes"]}
    assert told.keys() == {"capture", "process", "vswitch", "dnsmasq_dhcp", "dhcp_client"}
    assert all(each["running"] for each in told.values())
    assert [each["address"] for each in told["dnsmasq_dhcp"]["leases"]] == ["10.0.0.110"]
    assert told["dhcp_client"]["lease"]["address"] == "10.0.0.110/24"


def test_nothing_is_changed_and_check_mode_is_the_same(standing: LabMachine) -> None:
    before = settled(standing)
    real, check = (standing.module("lab_info", _check=mode, machine=True) for mode in (False, True))
    assert not real["changed"]
    assert real == check
    same(before, settled(standing))


def test_all_labs_are_told_with_what_belongs_to_none(standing: LabMachine) -> None:
    standing.run(["sh", "-ec", "ip netns add strange; ip -n strange link add br9 type bridge"])
    found = standing.module("lab_info", machine=True)
    standing.run(["ip", "netns", "del", "strange"])
    assert [each["name"] for each in found["labs"]] == ["full", "other"]
    assert found["labs"][0] == lab(standing)
    assert found["labs"][1] == lab(standing, "other")
    assert (found["orphans"], found["unreadable"]) == ([], [])
    assert found["machine"]["live"]["netns"] == [{"name": "strange", "loopback": False}]
    assert [each["name"] for each in found["machine"]["live"]["bridge_vlan"]] == ["br9"]
    assert found["machine"]["live"].keys() == {"netns", "bridge_vlan"}
    assert standing.module("lab_info")["machine"] is None


BY_HAND = """
ip -n ns1 link set ns1-veth0 mtu 1300
ip -n lan link set lan2 nomaster
ip -n ns2 route del default
ip link set lab-up0 alias ''
ip -n ns2 addr add 203.0.113.9/24 dev ns2-veth0
ip -n west link set w0 down
ip netns exec router iptables -t nat -F
"""


def test_drift_is_what_a_check_run_says(standing: LabMachine) -> None:
    standing.run(["sh", "-ec", BY_HAND])
    for name, items in (("full", LAB), ("other", OTHER)):
        predicted = standing.module("topology", _check=True, _diff=True, name=name, **items)
        every = {each["name"]: each for each in standing.module("lab_info")["labs"]}
        for found in (lab(standing, name), every[name]):
            assert [each["change"] for each in found["drift"]] == predicted["changes"] != []
            for side in ("before", "after"):
                lines = [line for each in found["drift"] for line in each[side]]
                assert "".join(f"{line}\n" for line in lines) == predicted["diff"][side]
        standing.module("topology", name=name, **items)
    live = lab(standing)["live"]
    assert "203.0.113.9/24" in ends(live)["ns2", "ns2-veth0"]["addresses"]
    standing.run(["ip", "-n", "ns2", "addr", "del", "203.0.113.9/24", "dev", "ns2-veth0"])
    assert lab(standing)["drift"] == []


def test_what_was_not_declared_is_seen(standing: LabMachine) -> None:
    stranger = "-A POSTROUTING -s 10.9.0.0/16 -m statistic --mode nth --every 2 --packet 0 -j ACCEPT"
    steps = """
    ip -n ns1 tuntap add tap9 mode tap
    ip -n ns1 link set tap9 master br9 2>/dev/null || true
    ip -n ns1 link add x0 type veth peer name x1 netns ns2
    ip -n ns1 route add blackhole 10.7.0.0/16
    ip -n ns1 addr add 10.255.0.1/32 dev lo
    """
    standing.run(["sh", "-ec", steps])
    standing.run(["ip", "netns", "exec", "router", "iptables", "-t", "nat", *stranger.split()])
    found = lab(standing)
    undo = "ip -n ns1 link del tap9; ip -n ns1 link del x0; ip -n ns1 route del blackhole 10.7.0.0/16"
    standing.run(["sh", "-ec", f"{undo}; ip -n ns1 addr del 10.255.0.1/32 dev lo"])
    standing.run(["ip", "netns", "exec", "router", "iptables", "-t", "nat", *stranger.replace("-A", "-D").split()])
    assert {("ns1", "x0"), ("ns2", "x1")} <= ends(found["live"]).keys()
    assert "10.7.0.0/16" in [each["dst"] for each in found["live"]["route"]]
    tap, lo = sorted(found["others"]["links"], key=lambda each: str(each["name"]), reverse=True)
    assert (tap["name"], tap["netns"], tap["kind"]) == ("tap9", "ns1", "tun")
    assert (lo["name"], lo["kind"]) == ("lo", "")
    assert "10.255.0.1/32" in lo["addresses"]
    assert [each["netns"] for each in found["others"]["nat"]] == ["router"]
    assert "10.9.0.0/16" in found["others"]["nat"][0]["rule"]
    assert found["drift"] == []


def test_what_a_run_would_refuse_is_told_with_its_words(standing: LabMachine) -> None:
    standing.run(["sh", "-ec", "ip netns del east; ip netns add east"])
    said = standing.module("topology", _check=True, _fails=True, name="other", **OTHER)
    found = lab(standing, "other")
    assert (found["refusal"], found["drift"]) == (said["msg"], [])
    assert "belongs to no lab" in found["refusal"]
    assert sorted(each["name"] for each in found["live"]["netns"]) == ["east", "west"]
    standing.run(["ip", "netns", "del", "east"])
    assert lab(standing, "other")["refusal"] is None
    standing.module("topology", name="other", **OTHER)


def test_a_lab_that_is_not_there(standing: LabMachine) -> None:
    result = standing.module("lab_info", name="none")
    assert result == {"labs": [], "orphans": [], "unreadable": [], "machine": None, **common(result)}
    assert "'no/lab'" in standing.module("lab_info", _fails=True, name="no/lab")["msg"]
    assert standing.module("lab_info", _fails=True, name="full", machine=True)["msg"] == (
        "machine: a lab is told of alone (leave out one of name and machine)"
    )
    assert standing.module("lab_info", name="full", machine=False)["labs"]


def common(result: dict[str, t.Any]) -> dict[str, t.Any]:
    """What Ansible adds to each result."""
    return {name: result[name] for name in ("changed", "invocation")}


def test_what_is_left_of_a_lab_without_a_record(machine: LabMachine) -> None:
    """The record lost, then there but unreadable; topology removes what is told of, and then nothing is."""
    hooked(machine)
    machine.module("topology", name="full", **LAB)
    machine.module("topology", name="other", **OTHER)
    settled(machine)
    known = machine.module("lab_info")["labs"][0]
    machine.run(["rm", "/run/tcpip.lab/full.json"])
    all_, one = machine.module("lab_info"), machine.module("lab_info", name="full")
    assert [each["name"] for each in all_["labs"]] == ["other"]
    assert (one["labs"], one["orphans"]) == ([], all_["orphans"])
    (orphan,) = all_["orphans"]
    unmarked = {"sysctl"}
    assert orphan["live"].keys() == LAB.keys() - unmarked
    assert ends(orphan["live"]).keys() == ends(known["live"]).keys()
    assert orphan["processes"] == known["processes"]

    machine.run(["tee", "/run/tcpip.lab/full.json"], input="no JSON")
    result = machine.module("lab_info")
    assert [each["name"] for each in result["orphans"]] == ["full"]
    (fault,) = result["unreadable"]
    assert (fault["lab"], fault["path"]) == ("full", "/run/tcpip.lab/full.json")
    assert "cannot be read" in fault["reason"]

    machine.run(["rm", "/run/tcpip.lab/full.json"])
    for name in ("full", "other"):
        machine.module("topology", name=name, state="absent")
    result = machine.module("lab_info", machine=True)
    assert (result["labs"], result["orphans"], result["machine"]["processes"]) == ([], [], [])
    assert machine.run(["ip", "netns"]).stdout == ""
    assert [each["ifname"] for each in machine.json(["ip", "-j", "link"])] == ["lo"]


def test_a_namespace_with_two_names(machine: LabMachine) -> None:
    machine.module("topology", name="pair", **PAIR)
    machine.run(["sh", "-ec", "touch /run/netns/again && mount --bind /run/netns/ns1 /run/netns/again"])
    found = machine.module("lab_info", machine=True)
    (lab,) = found["labs"]
    assert lab["drift"] == []
    assert {pair["peer"]["netns"] for pair in lab["live"]["veth"]} <= {"ns1", "ns2", "again"}
