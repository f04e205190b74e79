# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Macvlan interfaces against the kernel."""

from __future__ import annotations

import typing as t

import pytest
import snapshot
from labmachine import LabMachine
from labs import Items, changed, refused, run_as_predicted, settled, view

NAMESPACES = ("outside", "host", "net1", "net2")

#: Two stations on the uplink of a host, with every attribute declared on the first.
LAB: Items = {
    "netns": [{"name": name} for name in NAMESPACES],
    "veth": [
        {
            "name": "eth0",
            "netns": "host",
            "addresses": ["192.168.1.10/24"],
            "peer": {"name": "out0", "netns": "outside", "addresses": ["192.168.1.1/24"]},
        },
        {"name": "eth1", "netns": "host", "peer": {"name": "out1", "netns": "outside"}},
    ],
    "macvlan": [
        {
            "name": "macvlan1",
            "netns": "net1",
            "parent": "eth0",
            "parent_netns": "host",
            "mode": "bridge",
            "mac": "00:00:5e:00:53:01",
            "mtu": 1400,
            "addresses": ["192.168.1.50/24", "2001:db8::50/64"],
            "purge_addresses": True,
        },
        {
            "name": "macvlan2",
            "netns": "net2",
            "parent": "eth0",
            "parent_netns": "host",
            "addresses": ["192.168.1.60/24"],
        },
    ],
    "route": [{"netns": "net1", "dst": "default", "via": "192.168.1.1"}],
}
FIRST, SECOND = LAB["macvlan"]


def standing(machine: LabMachine) -> snapshot.Snapshot:
    """What is there."""
    return view(machine, *NAMESPACES)


def grounded(machine: LabMachine) -> None:
    """Namespaces and parents, which belong to no lab."""
    for kind in ("netns", "veth"):
        for options in LAB[kind]:
            machine.module(kind, **options)


def shown(machine: LabMachine, netns: str = "net1", name: str = "macvlan1") -> dict[str, t.Any]:
    """An interface as ip(8) shows it."""
    link: dict[str, t.Any] = machine.json(["ip", "-n", netns, "-j", "-d", "link", "show", name])[0]
    return link


def mode_of(machine: LabMachine) -> str:
    """The mode of the first station as ip(8) shows it."""
    mode: str = shown(machine)["linkinfo"]["info_data"]["mode"]
    return mode


def reaches(machine: LabMachine, netns: str, address: str) -> bool:
    """Whether one of three pings is answered."""
    ping = ["ip", "netns", "exec", netns, "ping", "-c", "3", "-i", "0.2", "-W", "1", address]
    return machine.run(ping, check=False).returncode == 0


def test_stations_reach_each_other_and_the_outside_but_not_their_host(machine: LabMachine) -> None:
    grounded(machine)
    result = run_as_predicted(machine, "macvlan", **FIRST)
    run_as_predicted(machine, "macvlan", **SECOND)
    assert mode_of(machine) == "bridge"
    assert (shown(machine)["address"], shown(machine)["mtu"]) == ("00:00:5e:00:53:01", 1400)
    live = result["macvlan"]
    assert [live[name] for name in ("parent", "parent_netns", "mode", "mtu")] == ["eth0", "host", "bridge", 1400]
    assert reaches(machine, "net1", "192.168.1.60")
    assert reaches(machine, "net1", "192.168.1.1")
    assert not reaches(machine, "host", "192.168.1.60")
    assert shown(machine, "net2", "macvlan2")["address"] not in {
        "00:00:5e:00:53:01",
        shown(machine, "host", "eth0")["address"],
    }


@pytest.mark.parametrize("mode", ["private", "vepa", "passthru"])
def test_a_mode(machine: LabMachine, mode: str) -> None:
    grounded(machine)
    alone = {**FIRST, "mode": mode}
    if mode == "passthru":
        del alone["mac"]
    result = run_as_predicted(machine, "macvlan", **alone)
    assert (result["macvlan"]["mode"], mode_of(machine)) == (mode, mode)
    if mode == "passthru":
        assert shown(machine)["address"] == shown(machine, "host", "eth0")["address"]
    else:
        machine.module("macvlan", **{**SECOND, "mode": mode})
        assert not reaches(machine, "net1", "192.168.1.60")


@pytest.mark.parametrize(
    ("options", "line", "same"),
    [
        ({"mode": "private"}, "+net1: macvlan1 mode private", True),
        ({"mode": "vepa"}, "-net1: macvlan1 mode bridge", True),
        ({"mac": "00:00:5e:00:53:09"}, "+net1: macvlan1 mac 00:00:5e:00:53:09", True),
        ({"mtu": 1500}, "-net1: macvlan1 mtu 1400", True),
        ({"up": False}, "+net1: macvlan1 down", True),
        ({"parent": "eth1"}, "-net1: macvlan macvlan1", False),
        ({"mode": "passthru", "parent": "eth1"}, "-net1: macvlan macvlan1", False),
        ({"parent": "lo1", "parent_netns": "net1"}, "-net1: macvlan macvlan1", False),
    ],
)
def test_a_change_is_made_in_place_where_it_can_be(
    machine: LabMachine, options: dict[str, t.Any], line: str, same: bool
) -> None:
    grounded(machine)
    machine.module("veth", name="lo1", netns="net1", peer={"name": "lo2", "netns": "net1"})
    machine.module("macvlan", **FIRST)
    index = shown(machine)["ifindex"]
    result = run_as_predicted(machine, "macvlan", **{**FIRST, **options})
    assert line[1:] in result["diff"]["after" if line[0] == "+" else "before"].splitlines(), result["diff"]
    assert (shown(machine)["ifindex"] == index) == same


def test_removal_leaves_nothing_behind(machine: LabMachine) -> None:
    grounded(machine)
    before = standing(machine)
    machine.module("macvlan", **FIRST)
    result = run_as_predicted(machine, "macvlan", name="macvlan1", netns="net1", state="absent")
    assert result["macvlan"] is None
    assert snapshot.diff(before, standing(machine)) == []


def test_names_that_begin_alike_are_two_interfaces(machine: LabMachine) -> None:
    machine.module("veth", name="eth0", peer={"name": "out0"})
    for name in ("mv1", "mv10"):
        machine.module("macvlan", name=name, parent="eth0")
    assert not machine.module("macvlan", name="mv", state="absent")["changed"]
    machine.module("macvlan", name="mv1", state="absent")
    assert [link["ifname"] for link in machine.json(["ip", "-j", "link", "show", "type", "macvlan"])] == ["mv10"]


#: By the option of the module that it is about: what is done by hand, and a line that the diff of the repair must have:
#: -what goes, +what comes.
DRIFTS = {
    "macvlan.mode": ("ip -n net1 link set macvlan1 type macvlan mode vepa", "+net1: macvlan1 mode bridge"),
    "macvlan.mac": ("ip -n net1 link set macvlan1 address 00:00:5e:00:53:77", "+net1: macvlan1 mac 00:00:5e:00:53:01"),
    "macvlan.mtu": ("ip -n net1 link set macvlan1 mtu 1300", "-net1: macvlan1 mtu 1300"),
    "macvlan.mtu: taken along by the parent's": (
        "ip -n host link set eth0 mtu 1300; ip -n host link set eth0 mtu 1500",
        "-net1: macvlan1 mtu 1300",
    ),
    "macvlan.up": ("ip -n net1 link set macvlan1 down", "+net1: macvlan1 up"),
    "macvlan: alias removed": ("ip -n net1 link set macvlan1 alias ''", "+net1: macvlan1 alias tcpip.lab:uplink"),
    "macvlan.addresses": (
        "ip -n net1 addr del 192.168.1.50/24 dev macvlan1",
        "+net1: macvlan1 address 192.168.1.50/24",
    ),
    "macvlan.purge_addresses": (
        "ip -n net1 addr add 192.168.1.66/24 dev macvlan1",
        "-net1: macvlan1 address 192.168.1.66/24",
    ),
    "macvlan.parent": (
        "ip -n net1 link del macvlan1; ip -n host link add macvlan1 link eth1 netns net1 type macvlan mode bridge",
        "+net1: macvlan macvlan1 parent eth0 mode bridge over host mtu 1400 address 00:00:5e:00:53:01",
    ),
    "macvlan.parent_netns: out of sight": (
        "ip -n net1 link del macvlan1; ip netns add far; ip -n far link add p0 type veth peer name p1; "
        "ip -n far link add macvlan1 link p0 netns net1 type macvlan mode bridge",
        "-net1: macvlan macvlan1",
    ),
    "macvlan.mode: passthru": (
        "ip -n net1 link del macvlan1; ip -n host link add macvlan1 link eth1 netns net1 type macvlan mode passthru",
        "-net1: macvlan macvlan1",
    ),
    "macvlan: deleted": ("ip -n net1 link del macvlan1", "+net1: macvlan1 address 2001:db8::50/64"),
    "macvlan.name": ("ip -n net1 link set macvlan1 down name other", "-net1: macvlan other"),
    "macvlan.netns": ("ip -n net1 link set macvlan1 netns net2", "-net2: macvlan macvlan1"),
    "macvlan: parent deleted": (
        "ip -n host link del eth0",
        "+net2: macvlan macvlan2 parent eth0 mode bridge over host",
    ),
    "macvlan: another kind in its place": (
        "ip -n net1 link del macvlan1; ip -n net1 link add macvlan1 type bridge",
        "-net1: bridge macvlan1",
    ),
}
#: What stays of the hand's work, since the lab does not speak of it, and is cleared away by hand.
LEFT = {
    "macvlan.parent_netns: out of sight": "ip netns del far",
    "macvlan.mtu: taken along by the parent's": "ip -n net2 link set macvlan2 mtu 1500",
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_drift_is_found_and_repaired(common_machine: LabMachine, drift: str) -> None:
    lab = common_machine
    lab.module("topology", name="uplink", **LAB)
    before = standing(lab)
    command, line = DRIFTS[drift]
    lab.run(["sh", "-ec", command])
    assert snapshot.diff(before, standing(lab)), "the drift changed nothing"

    predicted = lab.module("topology", _check=True, _diff=True, name="uplink", **LAB)
    result = lab.module("topology", _diff=True, name="uplink", **LAB)

    assert (predicted["changes"], predicted["diff"]) == (result["changes"], result["diff"])
    assert line[1:] in result["diff"]["after" if line[0] == "+" else "before"].splitlines(), result["diff"]
    lab.run(["sh", "-ec", LEFT.get(drift, "true")])
    assert snapshot.diff(before, standing(lab)) == []
    assert not lab.module("topology", name="uplink", **LAB)["changed"]


def test_a_lab_is_made_as_predicted_and_removed_without_a_trace(machine: LabMachine) -> None:
    before = settled(machine)
    run_as_predicted(machine, "topology", name="uplink", **LAB)
    assert reaches(machine, "net1", "192.168.1.60")
    run_as_predicted(machine, "topology", name="uplink", state="absent")
    assert snapshot.diff(before, settled(machine)) == []


def test_a_lab_on_an_interface_of_the_machine_goes_by_its_mark_alone(machine: LabMachine) -> None:
    machine.module("veth", name="eth0", peer={"name": "out0"})
    before = settled(machine)
    machine.module("topology", name="roof", macvlan=[{"name": "mv0", "parent": "eth0", "mode": "vepa"}])
    machine.run(["rm", "-r", "/run/tcpip.lab"])
    machine.module("topology", name="roof", state="absent")
    assert snapshot.diff(before, settled(machine)) == []


# Undo


@pytest.mark.parametrize(
    "options",
    [
        {"mode": "private", "mac": "00:00:5e:00:53:09", "mtu": 1450},  # in place
        {"parent": "eth1", "mode": "vepa"},  # made anew
    ],
)
def test_a_refused_change_leaves_everything_as_it_was(machine: LabMachine, options: dict[str, t.Any]) -> None:
    machine.module("topology", name="uplink", **LAB)
    before = standing(machine)
    worse = changed(LAB, "macvlan", 0, **options)
    worse["macvlan"].append(
        {"name": "macvlan9", "netns": "net2", "parent": "eth0", "parent_netns": "host", "mtu": 9000}
    )
    message = machine.module("topology", _fails=True, name="uplink", **worse)["msg"]
    assert "macvlan9" in message
    assert message.endswith("(what was done before it is undone)"), message
    assert snapshot.diff(before, standing(machine)) == []


def test_a_refused_creation_leaves_nothing(machine: LabMachine) -> None:
    grounded(machine)
    machine.module("macvlan", **{**SECOND, "mode": "passthru"})
    before = standing(machine)
    message = machine.module("macvlan", _fails=True, **FIRST)["msg"]
    assert message.startswith("could not add net1: macvlan macvlan1 parent eth0 mode bridge over host")
    assert snapshot.diff(before, standing(machine)) == []


# Refusals


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"parent": "eth7"}, "parent: there is no interface 'eth7' in namespace 'host'"),
        ({"parent": None}, "parent: is required"),
        ({"parent_netns": "nowhere"}, "parent_netns: there is no namespace 'nowhere'"),
        ({"parent": "macvlan1", "parent_netns": None}, "parent: it stands on another interface, not on itself"),
        ({"parent": "up1", "parent_netns": "outside"}, "parent: 'up1' is a macvlan itself, and both would stand on"),
        ({"name": "out0", "netns": "outside"}, "name: 'out0' in namespace 'outside' is veth already"),
        ({"name": "out0", "netns": "outside", "state": "absent"}, "name: 'out0' is not a macvlan but veth"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(machine: LabMachine, options: dict[str, t.Any], message: str) -> None:
    grounded(machine)
    given = {name: value for name, value in {**SECOND, **options}.items() if value is not None}
    machine.run(["ip", "-n", "outside", "link", "add", "up1", "link", "out0", "type", "macvlan"])
    if options.get("parent") == "macvlan1":
        given["name"] = "macvlan1"
    assert message in refused(machine, "macvlan", **given)


def test_a_parent_of_another_lab_is_refused_with_its_owner(machine: LabMachine) -> None:
    pair = {"name": "theirs0", "peer": {"name": "theirs1", "netns": "their"}}
    machine.module("topology", name="their", netns=[{"name": "their"}], veth=[pair])
    mine = {"name": "mv0", "parent": "theirs0"}
    words = "parent: 'theirs0' in the root namespace belongs to lab 'their'"
    assert words in refused(machine, "macvlan", **mine)
    assert words in refused(machine, "topology", name="mine", macvlan=[mine])


JUMBO = 9000
NARROW: Items = {"netns": [{"name": "host"}, {"name": "net1"}], "veth": []}
PORT: Items = {"name": "p0", "netns": "host", "mtu": JUMBO, "peer": {"name": "p1", "netns": "net1", "mtu": JUMBO}}
#: What is there before, and what stands on what then: the parent is narrower when its station is made.
WIDE: dict[str, tuple[Items, Items]] = {
    "a parent that is widened": (
        {**NARROW, "veth": [{"name": "p0", "netns": "host", "peer": {"name": "p1", "netns": "net1"}}]},
        {**NARROW, "veth": [PORT], "macvlan": [{"name": "mv0", "netns": "net1", "parent": "p0", "mtu": JUMBO}]},
    ),
    "a bridge whose port is wide": (
        {},
        {
            **NARROW,
            "veth": [PORT],
            "bridge_vlan": [{"name": "br0", "netns": "host", "ports": [{"name": "p0"}]}],
            "macvlan": [{"name": "mv0", "netns": "net1", "parent": "br0", "mtu": JUMBO}],
        },
    ),
    "a bridge that declares it": (
        {},
        {
            **NARROW,
            "bridge_vlan": [{"name": "br0", "netns": "host", "mtu": JUMBO}],
            "macvlan": [{"name": "mv0", "netns": "host", "parent": "br0", "mtu": JUMBO}],
        },
    ),
    "a VXLAN on nothing": (
        {},
        {
            **NARROW,
            "vxlan": [{"name": "vx0", "netns": "host", "id": 7, "remote": "192.0.2.9", "mtu": JUMBO}],
            "macvlan": [
                {"name": "mv0", "netns": "host", "parent": "vx0", "mtu": JUMBO, "addresses": ["2001:db8::7/64"]}
            ],
        },
    ),
}


@pytest.mark.parametrize("ground", WIDE)
def test_a_station_can_be_as_wide_as_its_parent_becomes_in_the_same_run(machine: LabMachine, ground: str) -> None:
    before, lab = WIDE[ground]
    (station,) = lab["macvlan"]
    station.setdefault("parent_netns", "host")
    if before:
        machine.module("topology", name="lab", **before)
    run_as_predicted(machine, "topology", name="lab", **lab)
    (found,) = machine.json(["ip", "-n", station["netns"], "-j", "link", "show", "mv0"])
    assert found["mtu"] == JUMBO
    assert not machine.module("topology", name="lab", **lab)["changed"]
