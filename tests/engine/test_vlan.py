# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VLANs of bridges and ports against a kernel that has them, which may be an emulated one: few tests, and light."""

from __future__ import annotations

import subprocess
import typing as t

import pytest
from labmachine import LabMachine

pytestmark = pytest.mark.vlan

STATIONS = ("ns1", "ns2", "ns3", "ns4")
CABLES: dict[str, t.Any] = {
    "netns": [{"name": name} for name in ("bridge", *STATIONS)],
    "veth": [
        {
            "name": f"{name}-veth0",
            "netns": name,
            "addresses": [f"192.0.2.{number}/24"],
            "mac": f"00:00:5e:00:53:0{number}",
            "peer": {"name": f"{name}-br0", "netns": "bridge"},
        }
        for number, name in enumerate(STATIONS, 1)
    ],
}
Members = dict[str, dict[int, set[str]]]
DEFAULT = {1: {"PVID", "Egress Untagged"}}


def access(name: str, vid: int) -> dict[str, t.Any]:
    """A port for a station that knows nothing of VLANs."""
    return {"name": name, "vlans": [{"vid": vid, "pvid": True, "untagged": True}]}


def member(vid: int) -> dict[int, set[str]]:
    """What bridge(8) shows of such a port."""
    return {vid: {"PVID", "Egress Untagged"}}


#: ns1 and ns2 in VLAN 100, ns3 and ns4 in VLAN 200, as two switches.
PORTS = [access("ns1-br0", 100), access("ns2-br0", 100), access("ns3-br0", 200), access("ns4-br0", 200)]
BRIDGE: dict[str, t.Any] = {"name": "br0", "netns": "bridge", "vlan_filtering": True, "ports": PORTS}
MEMBERS: Members = {
    "br0": DEFAULT,
    "ns1-br0": member(100),
    "ns2-br0": member(100),
    "ns3-br0": member(200),
    "ns4-br0": member(200),
}


@pytest.fixture
def cabled(common_machine: LabMachine) -> LabMachine:
    """The namespaces and cables, and no bridge."""
    machine = common_machine
    if not machine.json(["ip", "-j", "netns"]):
        machine.module("topology", name="cables", **CABLES)
        # so that no lab owns them, and a module alone may change what is in them
        for name in ("bridge", *STATIONS):
            machine.run(["ip", "-n", name, "link", "set", "lo", "alias", ""])
        machine.run(
            ["sh", "-c", "for i in 1 2 3 4; do ip -n bridge link set ns$i-br0 alias ''; done; rm -r /run/tcpip.lab"]
        )
    for link in machine.json(["ip", "-n", "bridge", "-j", "link", "show", "type", "bridge"]):
        machine.run(["ip", "-n", "bridge", "link", "del", link["ifname"]])
    return machine


def vlans(machine: LabMachine) -> Members:
    """The VLANs of the bridges and ports, as bridge(8) shows them."""
    shown = machine.json(["bridge", "-n", "bridge", "-j", "vlan", "show"])
    return {
        link["ifname"]: {
            vid: set(entry.get("flags", ()))
            for entry in link["vlans"]
            for vid in range(entry["vlan"], entry.get("vlanEnd", entry["vlan"]) + 1)
        }
        for link in shown
    }


def reaches(machine: LabMachine, netns: str, number: int) -> bool:
    """Whether a station answers another one, which may take its time."""
    return any(answered(machine, netns, number, "-w", "10") for _trial in range(3))


def misses(machine: LabMachine, netns: str, number: int) -> bool:
    """Whether a station does not answer another one."""
    return not answered(machine, netns, number, "-W", "3")


def answered(machine: LabMachine, netns: str, number: int, *limit: str) -> bool:
    """Whether a request is answered; with -w it is repeated until then, with -W there is but one."""
    ping = ["ip", "netns", "exec", netns, "ping", "-n", "-c", "1", *limit, f"192.0.2.{number}"]
    return machine.run(ping, check=False).returncode == 0


def captured(machine: LabMachine, netns: str, dev: str, number: int) -> str:
    """The first frame of ns1 on an interface, as tcpdump prints it, while ns1 asks for the MAC of a station."""
    words = ["ip", "netns", "exec", netns, "tcpdump", "-tnel", "--immediate-mode", "-c", "1", "-i", dev]
    expression = ["ether src 00:00:5e:00:53:01 and (arp or (vlan and arp))"]
    with machine.popen(
        ["timeout", "60", *words, *expression], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as tcpdump:
        assert tcpdump.stderr is not None
        while "listening on" not in (line := tcpdump.stderr.readline()):
            assert line, "tcpdump does not listen"
        machine.run(["ip", "-n", "ns1", "neigh", "flush", "all"])
        answered(machine, "ns1", number, "-W", "3")
        printed, _errors = tcpdump.communicate()
    return str(printed)


def as_predicted(machine: LabMachine, module: str, **options: t.Any) -> dict[str, t.Any]:
    """Run a module; a check run before it says the same and changes nothing, a second run has nothing left to do."""
    before = vlans(machine)
    predicted = machine.module(module, _check=True, _diff=True, **options)
    assert vlans(machine) == before, "check mode changed something"
    result = machine.module(module, _diff=True, **options)
    for word in ("changed", "changes", "diff"):
        assert predicted[word] == result[word], f"the prediction of {word} was wrong"
    again = machine.module(module, **options)
    assert (again["changed"], again["changes"]) == (False, [])
    return result


def test_a_vlan(cabled: LabMachine) -> None:
    result = as_predicted(cabled, "bridge_vlan", **{**BRIDGE, "ports": PORTS[:2]})
    assert vlans(cabled) == {"br0": DEFAULT, "ns1-br0": member(100), "ns2-br0": member(100)}
    shown = cabled.json(["ip", "-n", "bridge", "-j", "-d", "link", "show", "br0"])[0]
    assert shown["linkinfo"]["info_data"]["vlan_filtering"] == 1
    live = result["bridge_vlan"]
    assert (live["vlan_filtering"], live["default_pvid"]) == (True, 1)
    assert live["vlans"] == [{"vid": 1, "pvid": True, "untagged": True}]
    assert live["ports"] == PORTS[:2]
    assert reaches(cabled, "ns1", 2)
    assert "ethertype 802.1Q (0x8100), length 46: vlan 100, p 0, ethertype ARP" in captured(cabled, "bridge", "br0", 2)


def test_vlans_are_isolated(cabled: LabMachine) -> None:
    cabled.module("bridge_vlan", **BRIDGE)
    assert [reaches(cabled, "ns1", 2), reaches(cabled, "ns4", 3)] == [True, True]
    assert [misses(cabled, "ns1", 3), misses(cabled, "ns2", 4)] == [True, True]
    cabled.module("bridge_vlan", name="br0", netns="bridge", vlan_filtering=False)
    assert reaches(cabled, "ns1", 3)


def test_a_trunk_and_the_bridge_itself(cabled: LabMachine) -> None:
    trunk = {"name": "ns3-br0", "vlans": [{"vid": 100}, {"vid": 200}]}
    own = [{"vid": 100, "pvid": True, "untagged": True}, {"vid": 4094}]
    options = {**BRIDGE, "ports": [PORTS[0], trunk], "vlans": own, "addresses": ["192.0.2.254/24"]}
    as_predicted(cabled, "bridge_vlan", **options)
    assert vlans(cabled) == {
        "br0": {**member(100), 4094: set()},
        "ns1-br0": member(100),
        "ns3-br0": {100: set(), 200: set()},
    }
    assert reaches(cabled, "ns1", 254)
    assert "vlan 100, p 0, ethertype ARP" in captured(cabled, "ns3", "ns3-veth0", 77)


def test_ports_without_any_vlan_and_with_the_kernels(cabled: LabMachine) -> None:
    ports = [{"name": "ns1-br0", "vlans": []}, {"name": "ns2-br0"}, access("ns3-br0", 1)]
    result = as_predicted(cabled, "bridge_vlan", **{**BRIDGE, "ports": ports, "vlans": []})
    assert [each for each in result["changes"] if "vlan 1" in each] == [
        "remove bridge: br0 vlan 1 pvid untagged",
        "remove bridge: ns1-br0 vlan 1 pvid untagged",
    ]
    assert vlans(cabled) == {"ns2-br0": DEFAULT, "ns3-br0": DEFAULT}
    assert [misses(cabled, "ns1", 2), reaches(cabled, "ns2", 3)] == [True, True]


@pytest.mark.parametrize("pvid", [0, 10])
def test_a_bridge_with_another_default(cabled: LabMachine, pvid: int) -> None:
    cabled.run(["ip", "-n", "bridge", "link", "add", "br0", "type", "bridge", "vlan_default_pvid", str(pvid)])
    result = as_predicted(cabled, "bridge_vlan", **{**BRIDGE, "ports": [PORTS[0], {"name": "ns2-br0"}]})
    default = member(pvid) if pvid else None
    found = {"br0": default, "ns1-br0": member(100), "ns2-br0": default}
    assert vlans(cabled) == {name: members for name, members in found.items() if members}
    assert result["bridge_vlan"]["default_pvid"] == pvid


#: What is done by hand, and a line that the diff of the repair must have: -what goes, +what comes.
DRIFTS = {
    "PVID moved": (
        "bridge -n bridge vlan add vid 200 dev ns1-br0 pvid untagged",
        "-bridge: ns1-br0 vlan 200 pvid untagged",
    ),
    "VLAN added": ("bridge -n bridge vlan add vid 300 dev ns1-br0", "-bridge: ns1-br0 vlan 300"),
    "VLANs added, as a range": ("bridge -n bridge vlan add vid 300-302 dev ns1-br0", "-bridge: ns1-br0 vlan 301"),
    "VLAN removed": ("bridge -n bridge vlan del vid 100 dev ns1-br0", "+bridge: ns1-br0 vlan 100 pvid untagged"),
    "no PVID": ("bridge -n bridge vlan add vid 100 dev ns1-br0 untagged", "-bridge: ns1-br0 vlan 100 untagged"),
    "tagged": ("bridge -n bridge vlan add vid 100 dev ns1-br0 pvid", "-bridge: ns1-br0 vlan 100 pvid"),
    "VLAN 1 again": ("bridge -n bridge vlan add vid 1 dev ns2-br0 untagged", "-bridge: ns2-br0 vlan 1 untagged"),
    "port taken out": ("ip -n bridge link set ns1-br0 nomaster", "+bridge: ns1-br0 master br0"),
    "port taken out and put back": (
        "ip -n bridge link set ns1-br0 nomaster; ip -n bridge link set ns1-br0 master br0",
        "-bridge: ns1-br0 vlan 1 pvid untagged",
    ),
    "filtering off": ("ip -n bridge link set br0 type bridge vlan_filtering 0", "+bridge: br0 vlan_filtering on"),
    "the bridge's own VLAN": ("bridge -n bridge vlan add vid 7 dev br0 self", "-bridge: br0 vlan 7"),
    "the bridge's own PVID": (
        "bridge -n bridge vlan add vid 8 dev br0 self pvid untagged",
        "-bridge: br0 vlan 8 pvid untagged",
    ),
    "the bridge's own frames tagged": ("bridge -n bridge vlan add vid 1 dev br0 self pvid", "-bridge: br0 vlan 1 pvid"),
    "bridge deleted": ("ip -n bridge link del br0", "+bridge: ns4-br0 vlan 200 pvid untagged"),
}


def test_drift_is_found_and_repaired(cabled: LabMachine) -> None:
    options = {**BRIDGE, "vlans": [{"vid": 1, "pvid": True, "untagged": True}]}
    cabled.module("bridge_vlan", **options)
    for drift, (command, line) in DRIFTS.items():
        cabled.run(["sh", "-ec", command])
        predicted = cabled.module("bridge_vlan", _check=True, _diff=True, **options)
        result = cabled.module("bridge_vlan", _diff=True, **options)
        assert (predicted["changes"], predicted["diff"]) == (result["changes"], result["diff"]), drift
        assert line[1:] in result["diff"]["after" if line[0] == "+" else "before"].splitlines(), (drift, result["diff"])
        assert vlans(cabled) == MEMBERS, drift
        assert result["bridge_vlan"]["vlan_filtering"] is True, drift


#: The kernel lets no bridge be a port of a bridge, and says so only when most of the rest is done.
REFUSED = {"name": "br1"}


def test_a_refused_run_leaves_every_vlan_as_it_was(cabled: LabMachine) -> None:
    cabled.module("bridge_vlan", **{**BRIDGE, "name": "br1", "ports": [access("ns4-br0", 300)], "vlans": [{"vid": 5}]})
    cabled.module("bridge_vlan", **{**BRIDGE, "ports": PORTS[:3], "vlans": [{"vid": 6}, {"vid": 7, "pvid": True}]})
    before = vlans(cabled)
    moved = [{"name": "ns1-br0", "vlans": [{"vid": 100}, {"vid": 1, "pvid": True}]}, access("ns4-br0", 400), REFUSED]
    worse = {**BRIDGE, "vlan_filtering": False, "ports": moved, "purge_ports": True, "vlans": [{"vid": 7}]}
    message = cabled.module("bridge_vlan", _fails=True, **worse)["msg"]
    assert "br1 master br0" in message
    assert message.endswith("(what was done before it is undone)"), message
    assert vlans(cabled) == before
    shown = cabled.json(["ip", "-n", "bridge", "-j", "-d", "link", "show", "br0"])[0]
    assert shown["linkinfo"]["info_data"]["vlan_filtering"] == 1


def test_a_removed_bridge_leaves_its_ports_without_vlans(cabled: LabMachine) -> None:
    cabled.module("bridge_vlan", **BRIDGE)
    result = as_predicted(cabled, "bridge_vlan", name="br0", netns="bridge", state="absent")
    assert result["changes"] == ["remove bridge: bridge br0"]
    assert vlans(cabled) == {}
    assert len(cabled.json(["ip", "-n", "bridge", "-j", "link", "show", "type", "veth"])) == len(STATIONS)


def test_a_lab_and_its_undo(machine: LabMachine) -> None:
    own = {"vlans": [{"vid": 1, "pvid": True}, {"vid": 9}], "ageing_time": 60}
    lab = {**CABLES, "bridge_vlan": [{**BRIDGE, **own}]}
    run = machine.run(["ls", "/run"]).stdout
    made = machine.module("topology", name="vlan", **lab)
    assert made["changed"]
    assert not machine.module("topology", name="vlan", **lab)["changed"]
    before = vlans(machine)
    assert before == {**MEMBERS, "br0": {1: {"PVID"}, 9: set()}}
    fewer = {**CABLES, "veth": CABLES["veth"][1:]}
    nested = [
        {"name": "br8", "netns": "bridge", "ports": [{"name": "ns2-br0"}, {"name": "br9"}]},
        {"name": "br9", "netns": "bridge"},
    ]
    message = machine.module("topology", _fails=True, name="vlan", **fewer, bridge_vlan=nested)["msg"]
    assert message.endswith("(what was done before it is undone)"), message
    assert vlans(machine) == before
    assert not machine.module("topology", name="vlan", **lab)["changed"]
    assert reaches(machine, "ns1", 2)
    machine.module("topology", name="vlan", state="absent")
    assert machine.run(["ls", "/run"]).stdout == run


def test_what_the_last_run_was_the_first_to_say_of_vlans_is_taken_back(machine: LabMachine) -> None:
    bridge = {"name": "br0", "netns": "bridge", "ports": [{"name": "ns1-br0"}, {"name": "ns2-br0"}]}
    silent = {**CABLES, "bridge_vlan": [bridge]}
    machine.module("topology", name="vlan", **silent)
    before = vlans(machine)
    said = {**bridge, "vlan_filtering": True, "vlans": [], "ports": PORTS[:2]}
    machine.module("topology", name="vlan", **{**CABLES, "bridge_vlan": [said]})
    assert vlans(machine) == {"ns1-br0": member(100), "ns2-br0": member(100)}
    assert machine.module("topology", name="vlan", state="reverted")["changed"]
    assert vlans(machine) == before
    shown = machine.json(["ip", "-n", "bridge", "-d", "-j", "link", "show", "br0"])
    assert shown[0]["linkinfo"]["info_data"]["vlan_filtering"] == 0
    assert not machine.module("topology", name="vlan", **silent)["changed"]


def test_the_last_port_goes_while_the_bridge_gets_other_vlans(cabled: LabMachine) -> None:
    """With its last port it loses its MAC address, and without one the kernel gives it no VLAN."""
    cable = {"name": "p0", "netns": "apart", "peer": {"name": "q0", "netns": "apart"}}
    nodes = {"netns": [{"name": "apart"}], "veth": [cable]}

    def lab(*vids: int, ports: t.Sequence[str] = ()) -> dict[str, t.Any]:
        own = [{"vid": vid, "pvid": vid == vids[0]} for vid in vids]
        bridge = {"name": "br0", "netns": "apart", "vlans": own, "ports": [{"name": name} for name in ports]}
        return {"name": "apart", **nodes, "bridge_vlan": [bridge]}

    def own() -> set[int]:
        shown = cabled.json(["bridge", "-n", "apart", "-j", "vlan", "show", "dev", "br0"])
        return {entry["vlan"] for link in shown for entry in link["vlans"]}

    try:
        for vids, ports in (((1, 2), ["p0"]), ((7, 2), []), ((7, 8), []), ((9,), ["p0"]), ((9, 10), [])):
            cabled.module("topology", **lab(*vids, ports=ports))
            assert own() == set(vids)
            assert not cabled.module("topology", **lab(*vids, ports=ports))["changed"]
    finally:
        cabled.module("topology", name="apart", state="absent")


def test_a_module_alone_does_not_make_a_deserted_bridge_anew(cabled: LabMachine) -> None:
    """Somebody may have given it addresses, which would be lost."""
    cabled.module("bridge_vlan", name="br0", netns="bridge")
    for command in ("link add p0 type veth peer q0", "link set p0 master br0", "link set p0 nomaster"):
        cabled.run(["ip", "-n", "bridge", *command.split()])
    try:
        wanted: dict[str, t.Any] = {"name": "br0", "netns": "bridge", "vlans": [{"vid": 7}]}
        said = cabled.module("bridge_vlan", _fails=True, **wanted)["msg"]
        assert said == (
            "vlans: 'br0' in namespace 'bridge' lost its MAC address with its last port: the kernel gives it no VLAN "
            "then (give it a port, or in a task before this one a mac)"
        )
        cabled.module("bridge_vlan", **{**wanted, "ports": [{"name": "p0"}]})
        assert set(vlans(cabled)["br0"]) == {7}
    finally:
        cabled.run(["ip", "-n", "bridge", "link", "del", "p0"])
