# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bridges and their ports against the kernel; what needs VLAN filtering is in test_vlan.py."""

from __future__ import annotations

import re
import typing as t

import pytest
import snapshot
from kernel_rules import has_vlan_filtering
from labmachine import LabMachine
from labs import Items, changed, refused, run_as_predicted, settled, view, without
from machines import wait_until

STATIONS = ("ns1", "ns2", "ns3")
NAMESPACES = ("bridge", *STATIONS)

#: Three stations on a bridge, with every attribute declared that does not need VLAN filtering.
LAB: Items = {
    "netns": [{"name": name} for name in NAMESPACES],
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
    "bridge_vlan": [
        {
            "name": "br0",
            "netns": "bridge",
            "ports": [{"name": f"{name}-br0"} for name in STATIONS],
            "purge_ports": True,
            "vlan_filtering": False,
            "stp": False,
            "ageing_time": 60,
            "multicast_snooping": False,
            "mac": "00:00:5e:00:53:b0",
            "mtu": 1400,
            "addresses": ["192.0.2.254/24", "2001:db8::fe/64"],
            "purge_addresses": True,
        }
    ],
}
BRIDGE = LAB["bridge_vlan"][0]


def standing(machine: LabMachine) -> snapshot.Snapshot:
    """What is there, without the bridge's clocks, its numbers of ports, and what follows when a port has come up."""
    seen = view(machine, *NAMESPACES)
    moving = r'"(?:\w*timer|state|id|no|designated_port|config_pending|topology_change\w*)": (?:"[^"]*"|[^,}]*)(?:, )?'
    return {what: [re.sub(moving, "", line) for line in lines] for what, lines in seen.items()}


def cabled(machine: LabMachine) -> None:
    """Namespaces and cables, which belong to no lab."""
    for kind in ("netns", "veth"):
        for options in LAB[kind]:
            machine.module(kind, **options)


def bridge_of(machine: LabMachine, name: str = "br0") -> dict[str, t.Any]:
    """A bridge as ip(8) shows it."""
    shown: dict[str, t.Any] = machine.json(["ip", "-n", "bridge", "-j", "-d", "link", "show", name])[0]
    return shown


def ports_of(machine: LabMachine, name: str = "br0") -> set[str]:
    """The ports of a bridge as ip(8) shows them."""
    return {port["ifname"] for port in machine.json(["ip", "-n", "bridge", "-j", "link", "show", "master", name])}


def test_three_stations_reach_each_other_and_the_bridge_learns(machine: LabMachine) -> None:
    cabled(machine)
    result = run_as_predicted(machine, "bridge_vlan", name="br0", netns="bridge", ports=BRIDGE["ports"])
    assert result["bridge_vlan"]["ports"] == [{"name": f"{name}-br0", "vlans": []} for name in STATIONS] or (
        has_vlan_filtering()
    )
    for address in ("192.0.2.2", "192.0.2.3"):
        machine.run(["ip", "netns", "exec", "ns1", "ping", "-c", "1", "-W", "2", address])
    learned = {entry["mac"]: entry["ifname"] for entry in machine.json(["bridge", "-n", "bridge", "-j", "fdb"])}
    assert {learned[f"00:00:5e:00:53:0{n}"] for n in (1, 2, 3)} == {"ns1-br0", "ns2-br0", "ns3-br0"}


def test_every_setting_is_given_at_once(machine: LabMachine) -> None:
    cabled(machine)
    result = run_as_predicted(machine, "bridge_vlan", **{**BRIDGE, "stp": True, "ageing_time": 15})
    shown = bridge_of(machine)
    data = shown["linkinfo"]["info_data"]
    assert (data["stp_state"], data["ageing_time"], data["mcast_snooping"], data["vlan_filtering"]) == (1, 1500, 0, 0)
    assert (shown["mtu"], shown["address"]) == (1400, "00:00:5e:00:53:b0")
    assert "UP" in shown["flags"]
    live = result["bridge_vlan"]
    settings = ("stp", "ageing_time", "multicast_snooping", "vlan_filtering", "mtu", "mac", "up")
    assert [live[name] for name in settings] == [True, 15, False, False, 1400, "00:00:5e:00:53:b0", True]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"stp": True}, "+bridge: br0 stp on"),
        ({"ageing_time": 0}, "-bridge: br0 ageing_time 300"),
        ({"ageing_time": 1000000}, "+bridge: br0 ageing_time 1000000"),
        ({"multicast_snooping": False}, "+bridge: br0 multicast_snooping off"),
        ({"mtu": 1280}, "+bridge: br0 mtu 1280"),
        ({"mtu": 9000}, "+bridge: br0 mtu 9000"),
        ({"mac": "00:00:5e:00:53:b1"}, "+bridge: br0 mac 00:00:5e:00:53:b1"),
        ({"up": False}, "+bridge: br0 down"),
        ({"ports": [{"name": "ns1-br0"}, {"name": "ns3-br0"}]}, "+bridge: ns3-br0 master br0"),
        ({"ports": [{"name": "ns1-br0"}], "purge_ports": True}, "-bridge: ns2-br0 master br0"),
    ],
)
def test_a_change_is_made_in_place(machine: LabMachine, options: dict[str, t.Any], line: str) -> None:
    cabled(machine)
    first: dict[str, t.Any] = {"name": "br0", "netns": "bridge", "ports": [{"name": "ns1-br0"}, {"name": "ns2-br0"}]}
    machine.module("bridge_vlan", **first)
    index = bridge_of(machine)["ifindex"]
    result = run_as_predicted(machine, "bridge_vlan", **{**first, **options})
    assert line[1:] in result["diff"]["after" if line[0] == "+" else "before"].splitlines(), result["diff"]
    assert bridge_of(machine)["ifindex"] == index


def test_what_the_spanning_tree_makes_of_the_ageing_time_is_no_drift(machine: LabMachine) -> None:
    """While it changes, stations are forgotten after twice the forward delay (IEEE 802.1D, section 7.9.2)."""
    cabled(machine)
    options = {**BRIDGE, "stp": True}
    machine.module("bridge_vlan", **options)
    machine.run(["ip", "-n", "bridge", "link", "set", "br0", "type", "bridge", "forward_delay", "200"])
    wait_until(lambda: setting_of_bridge(machine, "topology_change") == 1, "the spanning tree changes")
    assert setting_of_bridge(machine, "ageing_time") == 400
    result = machine.module("bridge_vlan", **options)
    assert not result["changed"], result["diff"]
    assert result["bridge_vlan"]["ageing_time"] is None
    machine.run(["ip", "-n", "bridge", "link", "set", "br0", "type", "bridge", "ageing_time", "1000"])
    assert run_as_predicted(machine, "bridge_vlan", **options)["changed"]
    assert setting_of_bridge(machine, "ageing_time") == 6000


def setting_of_bridge(machine: LabMachine, name: str) -> int:
    """A parameter as ip(8) shows it, times in hundredths of a second."""
    return int(bridge_of(machine)["linkinfo"]["info_data"][name])


def test_ports_that_nobody_declares_stay_until_they_are_purged(machine: LabMachine) -> None:
    cabled(machine)
    machine.module("bridge_vlan", name="br0", netns="bridge", ports=[{"name": "ns1-br0"}])
    machine.run(["ip", "-n", "bridge", "link", "set", "ns3-br0", "master", "br0"])
    result = machine.module("bridge_vlan", name="br0", netns="bridge", ports=[{"name": "ns2-br0"}])
    assert [port["name"] for port in result["bridge_vlan"]["ports"]] == ["ns1-br0", "ns2-br0", "ns3-br0"]
    run_as_predicted(machine, "bridge_vlan", name="br0", netns="bridge", ports=[{"name": "ns2-br0"}], purge_ports=True)
    assert ports_of(machine) == {"ns2-br0"}
    assert machine.json(["ip", "-n", "bridge", "-j", "link", "show", "ns3-br0"])


def test_a_port_of_another_bridge_is_moved(machine: LabMachine) -> None:
    cabled(machine)
    machine.module("bridge_vlan", name="br1", netns="bridge", ports=[{"name": "ns1-br0"}, {"name": "ns2-br0"}])
    result = run_as_predicted(machine, "bridge_vlan", name="br0", netns="bridge", ports=[{"name": "ns1-br0"}])
    assert "change bridge: ns1-br0 master br1 to bridge: ns1-br0 master br0" in result["changes"]
    assert (ports_of(machine), ports_of(machine, "br1")) == ({"ns1-br0"}, {"ns2-br0"})


def test_a_removed_bridge_leaves_its_ports(machine: LabMachine) -> None:
    cabled(machine)
    before = settled(machine), standing(machine)
    machine.module("bridge_vlan", **BRIDGE)
    result = run_as_predicted(machine, "bridge_vlan", name="br0", netns="bridge", state="absent")
    assert result["bridge_vlan"] is None
    assert (settled(machine), standing(machine)) == before


def test_names_that_begin_alike_are_two_bridges(machine: LabMachine) -> None:
    machine.module("bridge_vlan", name="br0")
    machine.module("bridge_vlan", name="br00")
    assert not machine.module("bridge_vlan", name="br", state="absent")["changed"]
    machine.module("bridge_vlan", name="br0", state="absent")
    assert [link["ifname"] for link in machine.json(["ip", "-j", "link", "show", "type", "bridge"])] == ["br00"]


# Drift

#: By the option of the module that it is about: what is done by hand, and a line that the diff of the repair must have:
#: -what goes, +what comes.
DRIFTS = {
    "bridge_vlan.stp": ("ip -n bridge link set br0 type bridge stp_state 1", "+bridge: br0 stp off"),
    "bridge_vlan.ageing_time": (
        "ip -n bridge link set br0 type bridge ageing_time 12350",
        "-bridge: br0 ageing_time 123.5",
    ),
    "bridge_vlan.multicast_snooping": (
        "ip -n bridge link set br0 type bridge mcast_snooping 1",
        "-bridge: br0 multicast_snooping on",
    ),
    "bridge_vlan.mac": ("ip -n bridge link set br0 address 00:00:5e:00:53:77", "+bridge: br0 mac 00:00:5e:00:53:b0"),
    "bridge_vlan.mtu": ("ip -n bridge link set br0 mtu 1300", "-bridge: br0 mtu 1300"),
    "bridge_vlan.up": ("ip -n bridge link set br0 down", "+bridge: br0 up"),
    "bridge_vlan: alias removed": ("ip -n bridge link set br0 alias ''", "+bridge: br0 alias tcpip.lab:switch"),
    "bridge_vlan.addresses": ("ip -n bridge addr del 192.0.2.254/24 dev br0", "+bridge: br0 address 192.0.2.254/24"),
    "bridge_vlan.purge_addresses": (
        "ip -n bridge addr add 192.0.2.66/24 dev br0",
        "-bridge: br0 address 192.0.2.66/24",
    ),
    "bridge_vlan.ports.name: taken out": ("ip -n bridge link set ns1-br0 nomaster", "+bridge: ns1-br0 master br0"),
    "bridge_vlan.ports.name: in another bridge": (
        "ip -n bridge link add br1 type bridge; ip -n bridge link set ns2-br0 master br1",
        "-bridge: ns2-br0 master br1",
    ),
    "bridge_vlan.purge_ports": (
        "ip -n bridge link add f0 type veth peer name f1; ip -n bridge link set f0 master br0",
        "-bridge: f0 master br0",
    ),
    "bridge_vlan.ports.name: deleted": ("ip -n bridge link del ns3-br0", "+bridge: ns3-br0 master br0"),
    "bridge_vlan: deleted": ("ip -n bridge link del br0", "+bridge: ns1-br0 master br0"),
    "bridge_vlan.name": ("ip -n bridge link set br0 down name other", "-bridge: bridge other"),
    "bridge_vlan: another kind in its place": (
        "ip -n bridge link del br0; ip -n bridge link add br0 type veth peer name f1",
        "-bridge: veth br0",
    ),
}
#: What stays of the hand's work, since the lab does not speak of it, and is cleared away by hand.
LEFT = {
    "bridge_vlan.ports.name: in another bridge": "ip -n bridge link del br1",
    "bridge_vlan.purge_ports": "ip -n bridge link del f0",
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_drift_is_found_and_repaired(common_machine: LabMachine, drift: str) -> None:
    lab = common_machine
    lab.module("topology", name="switch", **LAB)
    before = standing(lab)
    command, line = DRIFTS[drift]
    lab.run(["sh", "-ec", command])
    assert snapshot.diff(before, standing(lab)), "the drift changed nothing"

    predicted = lab.module("topology", _check=True, _diff=True, name="switch", **LAB)
    result = lab.module("topology", _diff=True, name="switch", **LAB)

    assert (predicted["changes"], predicted["diff"]) == (result["changes"], result["diff"])
    assert line[1:] in result["diff"]["after" if line[0] == "+" else "before"].splitlines(), result["diff"]
    lab.run(["sh", "-ec", LEFT.get(drift, "true")])
    assert snapshot.diff(before, standing(lab)) == []
    assert not lab.module("topology", name="switch", **LAB)["changed"]


# A lab


def test_a_lab_is_made_as_predicted_and_removed_without_a_trace(machine: LabMachine) -> None:
    before = settled(machine)
    run_as_predicted(machine, "topology", name="switch", **LAB)
    assert ports_of(machine) == {f"{name}-br0" for name in STATIONS}
    run_as_predicted(machine, "topology", name="switch", state="absent")
    assert snapshot.diff(before, settled(machine)) == []


def test_a_port_that_the_lab_declares_no_longer_leaves_a_foreign_one_stays(machine: LabMachine) -> None:
    lab = changed(LAB, "bridge_vlan", 0, purge_ports=False)
    machine.module("topology", name="switch", **lab)
    machine.run(["ip", "-n", "bridge", "link", "add", "f0", "type", "veth", "peer", "name", "f1"])
    machine.run(["ip", "-n", "bridge", "link", "set", "f0", "master", "br0"])
    fewer = changed(lab, "bridge_vlan", 0, ports=[{"name": "ns1-br0"}, {"name": "ns3-br0"}])
    result = run_as_predicted(machine, "topology", name="switch", **fewer)
    assert result["changes"] == ["change bridge: ns2-br0 master br0 to bridge: ns2-br0 master none"]
    assert ports_of(machine) == {"ns1-br0", "ns3-br0", "f0"}


@pytest.mark.parametrize("order", [1, -1])
def test_the_last_port_of_a_bridge_goes_to_another_one_of_the_lab(machine: LabMachine, order: int) -> None:
    bridges: list[dict[str, t.Any]] = [{"name": name, "netns": "bridge", "ports": []} for name in ("br0", "br1")]
    port = {"ports": [{"name": "ns1-br0"}]}
    lab = {**LAB, "bridge_vlan": [{**bridges[0], **port}, bridges[1]][::order]}
    machine.module("topology", name="switch", **lab)
    lab = {**LAB, "bridge_vlan": [bridges[0], {**bridges[1], **port}][::order]}
    run_as_predicted(machine, "topology", name="switch", **lab)
    assert (ports_of(machine), ports_of(machine, "br1")) == (set(), {"ns1-br0"})


def test_a_lab_without_its_bridge(machine: LabMachine) -> None:
    machine.module("topology", name="switch", **LAB)
    result = run_as_predicted(machine, "topology", name="switch", **without(LAB, "bridge_vlan", 0))
    assert result["changes"] == ["remove bridge: bridge br0"]
    assert machine.json(["ip", "-n", "bridge", "-j", "link", "show", "ns1-br0"])[0].get("master") is None


def test_a_bridge_in_the_root_namespace_goes_by_its_mark_alone(machine: LabMachine) -> None:
    before = settled(machine)
    pair = {"name": "r1", "netns": "ns1", "peer": {"name": "r0"}}
    machine.module(
        "topology",
        name="rooted",
        netns=[{"name": "ns1"}],
        veth=[pair],
        bridge_vlan=[{"name": "br0", "ports": [{"name": "r0"}]}],
    )
    assert machine.json(["ip", "-j", "link", "show", "r0"])[0]["master"] == "br0"
    machine.run(["rm", "-r", "/run/tcpip.lab"])
    machine.module("topology", name="rooted", state="absent")
    machine.run(
        ["sh", "-c", "rmdir /run/netns || umount /run/netns && rmdir /run/netns"]
    )  # nobody knows that it was ours
    assert snapshot.diff(before, settled(machine)) == []


# Undo

#: The kernel lets no bridge be a port of a bridge, and says so only when most of the rest is done.
REFUSED = {"ports": [{"name": "ns2-br0"}, {"name": "ns3-br0"}, {"name": "br1"}], "purge_ports": True}
REASON = "could not change bridge: br1 master none to bridge: br1 master br0"


def test_a_refused_change_leaves_everything_as_it_was(machine: LabMachine) -> None:
    cabled(machine)
    machine.module("bridge_vlan", name="br1", netns="bridge", ports=[{"name": "ns3-br0"}], mtu=1450)
    machine.module("bridge_vlan", name="br0", netns="bridge", ports=[{"name": "ns1-br0"}], addresses=["192.0.2.9/24"])
    machine.run(["ip", "-n", "bridge", "link", "set", "br0", "type", "bridge", "ageing_time", "12350"])
    settled(machine)
    before = standing(machine)
    message = machine.module("bridge_vlan", _fails=True, **{**BRIDGE, **REFUSED})["msg"]
    assert REASON in message
    assert message.endswith("(what was done before it is undone)"), message
    assert snapshot.diff(before, standing(machine)) == []


def test_a_refused_creation_leaves_nothing(machine: LabMachine) -> None:
    cabled(machine)
    machine.module("bridge_vlan", name="br1", netns="bridge")
    message = refused(machine, "bridge_vlan", **{**BRIDGE, **REFUSED})
    assert REASON in message
    assert message.endswith("(what was done before it is undone)"), message


def test_removed_bridges_and_ports_come_back_together(machine: LabMachine) -> None:
    machine.module("topology", name="switch", **LAB)
    machine.run(["ip", "-n", "bridge", "link", "set", "br0", "type", "bridge", "ageing_time", "12350"])
    settled(machine)
    before = standing(machine)
    worse = without(without(LAB, "bridge_vlan", 0), "veth", 1)
    worse["bridge_vlan"] = [
        {"name": "br8", "netns": "bridge", "ports": [{"name": "br9"}, {"name": "ns1-br0"}]},
        {"name": "br9", "netns": "bridge"},
    ]
    message = machine.module("topology", _fails=True, name="switch", **worse)["msg"]
    assert "br9 master br8" in message
    assert message.endswith("(what was done before it is undone)"), message
    assert snapshot.diff(before, standing(machine)) == []
    machine.module("topology", name="switch", **LAB)
    for address in ("192.0.2.2", "192.0.2.3"):
        machine.run(["ip", "netns", "exec", "ns1", "ping", "-c", "1", "-W", "2", address])


# Refusals


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ports": [{"name": "ns9-br0"}]}, "ports[0].name: there is no interface 'ns9-br0' in namespace 'bridge'"),
        ({"ports": [{"name": "br0"}]}, "ports[0].name: a bridge is no port of itself"),
        ({"ports": [{"name": "ns1-br0"}, {"name": "ns1-br0"}]}, "ports[1].name: 'ns1-br0' is a port already"),
        ({"vlans": [{"vid": 4095}]}, "vlans[0].vid: 4095 is not a VLAN id: 1 to 4094"),
        ({"netns": "nowhere"}, "netns: there is no namespace 'nowhere'"),
        ({"name": "ns1-br0"}, "name: 'ns1-br0' in namespace 'bridge' is veth already"),
        ({"name": "ns1-br0", "state": "absent"}, "name: 'ns1-br0' is not a bridge but veth"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(machine: LabMachine, options: dict[str, t.Any], message: str) -> None:
    cabled(machine)
    assert message in refused(machine, "bridge_vlan", **{"name": "br0", "netns": "bridge", **options})


def test_what_belongs_to_others_is_refused_with_its_owner(machine: LabMachine) -> None:
    pair = {"name": "theirs0", "peer": {"name": "theirs1", "netns": "their"}}
    machine.module("topology", name="their", netns=[{"name": "their"}], veth=[pair])
    machine.run(
        [
            "sh",
            "-ec",
            "ip link add f0 type veth peer name f1; ip link add docker0 type bridge; ip link set f0 master docker0",
        ]
    )
    theirs = {"name": "br0", "ports": [{"name": "theirs0"}]}
    foreign = {"name": "br0", "ports": [{"name": "f0"}]}
    words = "ports[0].name: 'theirs0' in the root namespace belongs to lab 'their'"
    assert words in refused(machine, "bridge_vlan", **theirs)
    assert words in refused(machine, "topology", name="mine", bridge_vlan=[theirs])
    taken = "bridge_vlan[0].ports[0].name: 'f0' is a port of 'docker0', which is not the lab's"
    assert taken in refused(machine, "topology", name="mine", bridge_vlan=[foreign])


NO_FILTERING = (
    "this kernel has no bridge VLAN filtering (CONFIG_BRIDGE_VLAN_FILTERING) "
    "(leave out vlan_filtering and vlans: separate bridges separate, too)"
)


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"vlan_filtering": True}, "vlan_filtering"),
        ({"vlans": [{"vid": 5}]}, "vlans"),
        ({"vlans": []}, "vlans"),
        ({"ports": [{"name": "ns1-br0"}, {"name": "ns2-br0", "vlans": [{"vid": 1}]}]}, "ports[1].vlans"),
    ],
)
def test_a_kernel_without_vlan_filtering_is_named(machine: LabMachine, options: dict[str, t.Any], place: str) -> None:
    if has_vlan_filtering():
        pytest.skip("this kernel has bridge VLAN filtering")
    cabled(machine)
    message = f"{place}: {NO_FILTERING}"
    for check in (True, False):
        assert refused(machine, "bridge_vlan", name="br0", netns="bridge", _check=check, **options) == message
    machine.module("bridge_vlan", name="br0", netns="bridge")
    assert refused(machine, "bridge_vlan", name="br0", netns="bridge", **options) == message


def test_a_lab_that_this_kernel_cannot_have_is_refused_as_a_whole(machine: LabMachine) -> None:
    if has_vlan_filtering():
        pytest.skip("this kernel has bridge VLAN filtering")
    message = refused(machine, "topology", name="switch", **changed(LAB, "bridge_vlan", 0, vlan_filtering=True))
    assert message == f"bridge_vlan[0].vlan_filtering: {NO_FILTERING}"


#: A bridge whose port was taken away: with its last port, the kernel takes its MAC address, too.
DESERTED: Items = {"netns": [{"name": "bridge"}], "bridge_vlan": [{"name": "br0", "netns": "bridge"}]}
POPULATED: Items = {
    **DESERTED,
    "veth": [{"name": "p0", "netns": "bridge", "peer": {"name": "q0", "netns": "bridge"}}],
    "bridge_vlan": [{**DESERTED["bridge_vlan"][0], "ports": [{"name": "p0"}]}],
}


@pytest.mark.parametrize(
    "changes",
    [{"bridge_vlan": []}, {"bridge_vlan": [{"name": "br0", "netns": "bridge", "mac": "00:00:5e:00:53:b1"}]}],
    ids=["removed", "with a MAC address"],
)
def test_a_bridge_that_lost_its_last_port_comes_back(machine: LabMachine, changes: Items) -> None:
    """Nobody can give it its former address, which is none: it is left with another one."""
    machine.module("topology", name="lab", **POPULATED)
    machine.module("topology", name="lab", **DESERTED)
    assert bridge_of(machine)["address"] == "00:00:00:00:00:00"
    late = {"process": [{"name": "never", "netns": "bridge", "command": ["false"], "ready": {"tcp": 9, "timeout": 5}}]}
    said = machine.module("topology", _fails=True, name="lab", **{**DESERTED, **changes, **late})["msg"]
    assert said.endswith(" (what was done before it is undone)"), said
    assert bridge_of(machine)["linkinfo"]["info_kind"] == "bridge"
    assert not machine.module("topology", name="lab", **DESERTED)["changed"]


def test_a_bridge_that_lost_its_last_port_gets_a_mac(machine: LabMachine) -> None:
    machine.module("topology", name="lab", **POPULATED)
    machine.module("topology", name="lab", **DESERTED)
    mac = "00:00:5e:00:53:b1"
    run_as_predicted(machine, "topology", name="lab", **changed(DESERTED, "bridge_vlan", 0, mac=mac))
    assert bridge_of(machine)["address"] == mac
