# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab from its first run to its teardown: predicted, repeated, changed into another one, removed without a trace."""

from __future__ import annotations

import typing as t

import pytest
from labs import FULL, PAIR, ROOTED, changed, killed, refused, run_as_predicted, same, settled, view, without

if t.TYPE_CHECKING:
    from labmachine import LabMachine
    from labs import Items

#: What else may be on a machine, with names that contain those of the labs and are contained in them.
FOREIGN = """
netns add ns
netns add ns10
-n ns10 link set lo up
link add ns1-veth0 type veth peer name foreign0 netns ns10
link add lab-veth type veth peer name lab-veth00 netns ns
addr add 172.16.0.1/24 dev lab-veth
addr add 2001:db8:f::1/64 dev lab-veth
link set lab-veth up
link set ns1-veth0 up
link set lab-veth alias tcpip.lab:labs
-n ns link set lab-veth00 up
route add 172.17.0.0/16 via 172.16.0.2
route add blackhole 172.18.0.0/16
-6 route add 2001:db8:e::/64 dev lab-veth
"""

#: An overlay whose ends are in other namespaces than its underlay, which is the root namespace for one of them.
UNDERLAID: Items = {
    "netns": [{"name": "ns1"}, {"name": "ns2"}, {"name": "wire"}],
    "veth": [
        {
            "name": "lab-u0",
            "addresses": ["203.0.113.1/24"],
            "peer": {"name": "u1", "netns": "wire", "addresses": ["203.0.113.2/24"]},
        }
    ],
    "vxlan": [
        {
            "name": "over1",
            "netns": "ns1",
            "underlay": "",
            "id": 7,
            "remote": "203.0.113.2",
            "dev": "lab-u0",
            "addresses": ["198.51.100.1/24"],
        },
        {
            "name": "over2",
            "netns": "ns2",
            "underlay": "wire",
            "id": 7,
            "remote": "203.0.113.1",
            "dev": "u1",
            "addresses": ["198.51.100.2/24"],
        },
        {"name": "lab-plain", "id": 8, "remote": "203.0.113.2", "addresses": ["10.77.0.1/24"]},
    ],
}

#: Overlays of one namespace that stand on each other.
TOWER: Items = {
    "netns": [{"name": "ns1"}],
    "vxlan": [
        {"name": "over", "netns": "ns1", "id": 2, "dev": "under", "addresses": ["198.51.100.1/24"]},
        {"name": "under", "netns": "ns1", "id": 1, "remote": "203.0.113.2"},
    ],
    "macvlan": [{"name": "station", "netns": "ns1", "parent": "over"}],
}


def _foreign(machine: LabMachine) -> None:
    for line in FOREIGN.split("\n")[1:-1]:
        machine.run(["ip", *line.split()])


@pytest.mark.parametrize("lab", ["FULL", "PAIR", "ROOTED", "UNDERLAID", "TOWER"])
def test_built_as_predicted_and_removed_by_name_alone(machine: LabMachine, lab: str) -> None:
    items = {"FULL": FULL, "PAIR": PAIR, "ROOTED": ROOTED, "UNDERLAID": UNDERLAID, "TOWER": TOWER}[lab]
    _foreign(machine)
    before = settled(machine)
    run_as_predicted(machine, "topology", name="lab", **items)
    removed = run_as_predicted(machine, "topology", name="lab", state="absent")
    assert removed["changed"]
    assert removed["diff"]["after"] == ("net.ipv4.ip_forward = 0\n" if lab == "ROOTED" else "")
    same(before, machine.snapshot())


def test_lists_may_come_in_one_dictionary(machine: LabMachine) -> None:
    run_as_predicted(machine, "topology", name="lab", topology=FULL)
    assert not machine.module("topology", name="lab", **FULL)["changed"]
    rest = {kind: items for kind, items in FULL.items() if kind != "netns"}
    assert not machine.module("topology", name="lab", netns=FULL["netns"], topology=rest)["changed"]


def test_the_overlay_works_across_namespaces(machine: LabMachine) -> None:
    machine.module("topology", name="lab", **UNDERLAID)
    machine.run(["ip", "netns", "exec", "ns1", "ping", "-c1", "-W2", "198.51.100.2"])
    link = machine.json(["ip", "-n", "ns1", "-j", "-d", "link", "show", "over1"])[0]
    assert link["linkinfo"]["info_data"]["id"] == 7
    # drift of what lies in another namespace
    machine.run(["ip", "-n", "ns2", "link", "set", "over2", "type", "vxlan", "remote", "203.0.113.9"])
    machine.run(["ip", "link", "del", "lab-u0"])
    result = run_as_predicted(machine, "topology", name="lab", **UNDERLAID)
    assert "vxlan over1" in result["diff"]["after"]
    machine.run(["ip", "netns", "exec", "ns1", "ping", "-c1", "-W2", "198.51.100.2"])


FAR, NEAR = {"remote": "2001:db8::2"}, {"local": "2001:db8::1"}


def _tunnelled(ends: dict[str, str]) -> Items:
    """An overlay with these ends, and what is declared on it."""
    return {
        "netns": [{"name": "ns1"}],
        "vxlan": [{"name": "x0", "netns": "ns1", "id": 7, "addresses": ["198.51.100.1/24"], **ends}],
        "bridge_vlan": [{"name": "br0", "netns": "ns1", "ports": [{"name": "x0"}]}],
        "route": [{"netns": "ns1", "dst": "10.1.0.0/16", "dev": "x0"}],
    }


@pytest.mark.parametrize(
    ("before", "after", "stays"),
    [
        ({**FAR, **NEAR}, FAR, True),
        ({**FAR, **NEAR}, NEAR, True),
        (NEAR, {**FAR, **NEAR}, True),
        ({**FAR, **NEAR}, {}, False),
        ({}, FAR, False),
        ({}, NEAR, False),
        (FAR, {"remote": "192.0.2.2"}, False),
        ({"remote": "192.0.2.2", "local": "192.0.2.1"}, {}, True),
    ],
)
def test_the_ends_of_an_overlay_come_and_go(
    machine: LabMachine, before: dict[str, str], after: dict[str, str], stays: bool
) -> None:
    """In place, as long as it stays one of the same IP version; else it is made anew, with all that is declared."""
    machine.module("topology", name="lab", **_tunnelled(after))
    expected = view(machine, "ns1")
    machine.module("topology", name="lab", state="absent")
    machine.module("topology", name="lab", **_tunnelled(before))
    was = view(machine, "ns1")
    result = run_as_predicted(machine, "topology", name="lab", **_tunnelled(after))
    assert ("ns1: vxlan x0" not in result["diff"]["before"]) == stays
    same(expected, view(machine, "ns1"))
    run_as_predicted(machine, "topology", name="lab", **_tunnelled(before))
    same(was, view(machine, "ns1"))


@pytest.mark.parametrize("directory", ["absent", "plain", "mounted"])
def test_the_directory_of_namespaces_is_left_as_it_was(machine: LabMachine, directory: str) -> None:
    commands = {"absent": "true", "plain": "mkdir /run/netns", "mounted": "ip netns add x; ip netns del x"}
    machine.run(["sh", "-c", commands[directory]])
    before = machine.snapshot()
    machine.module("topology", name="one", netns=[{"name": "ns1"}])
    machine.module("topology", name="two", netns=[{"name": "ns2"}])
    machine.module("topology", name="one", state="absent")
    assert machine.json(["ip", "-j", "netns"]) == [{"name": "ns2"}]
    machine.module("topology", name="two", state="absent")
    same(before, machine.snapshot())


DROPPED: dict[str, Items] = {
    "routes": without(FULL, "route", 0, 4, 5, 7),
    "addresses": changed(without(FULL, "route", 1, 2), "veth", 0, addresses=["192.0.2.1/24"], purge_addresses=None),
    "parameters of an overlay": changed(FULL, "vxlan", 0, fdb=None, remote=None, local=None, ttl=None),
    "fdb": changed(FULL, "vxlan", 0, fdb=[]),
    "remote, but not its entry": changed(
        FULL, "vxlan", 0, remote=None, fdb=[{"mac": "00:00:00:00:00:00", "dst": "203.0.113.1"}]
    ),
    "overlays": without(FULL, "vxlan", 0, 2),
    "a pair": {**without(FULL, "route", 6, 7), "veth": FULL["veth"][:1], "vxlan": FULL["vxlan"][:1]},
    "nearly all": {"netns": FULL["netns"][:1]},
}


@pytest.mark.parametrize("dropped", DROPPED)
def test_what_is_dropped_from_the_document_is_removed(machine: LabMachine, dropped: str) -> None:
    """What is left is the lab that the shorter document builds from nothing."""
    items = DROPPED[dropped]
    names = [each["name"] for each in items["netns"]]
    machine.module("topology", name="lab", **items)
    expected = view(machine, *names)
    machine.module("topology", name="lab", state="absent")
    machine.module("topology", name="lab", **FULL)
    run_as_predicted(machine, "topology", name="lab", **items)
    same(expected, view(machine, *names))
    assert sorted(each["name"] for each in machine.json(["ip", "-j", "netns"])) == sorted(names)


#: What stands on an interface that comes later by its namespace, and something else that changes there before.
STACKED: Items = {
    "netns": [{"name": "over"}, {"name": "wire"}],
    "veth": [
        {"name": "other0", "netns": "over", "mtu": 1400, "peer": {"name": "other1", "netns": "over", "mtu": 1400}},
        {"name": "u0", "netns": "wire", "mtu": 1400, "peer": {"name": "u1", "netns": "wire", "mtu": 1400}},
    ],
    "macvlan": [{"name": "mac0", "netns": "over", "parent": "u0", "parent_netns": "wire", "mtu": 1400}],
    "vxlan": [
        {"name": "vx0", "netns": "over", "underlay": "wire", "id": 7, "remote": "192.0.2.9", "dev": "u1", "mtu": 1350},
        {"name": "vx1", "netns": "over", "underlay": "wire", "id": 8, "remote": "2001:db8::9", "dev": "u1"},
        {"name": "vx2", "netns": "over", "underlay": "wire", "id": 9, "remote": "192.0.2.9", "mtu": 1400},
    ],
}


def test_mtus_that_are_no_longer_declared_are_those_of_a_new_lab(machine: LabMachine) -> None:
    spaces = ("", "over", "wire")
    plain: Items = {kind: [_without_mtu(item) for item in items] for kind, items in STACKED.items()}
    plain["vxlan"][1]["mtu"] = 1430
    machine.module("topology", name="lab", **plain)
    new = view(machine, *spaces)
    machine.module("topology", name="lab", state="absent")
    machine.module("topology", name="lab", **STACKED)
    narrow = view(machine, *spaces)
    changes = run_as_predicted(machine, "topology", name="lab", **plain)["changes"]
    assert "change over: mac0 mtu 1400 to over: mac0 mtu 1500" in changes
    assert not [change for change in changes if "remove" in change or "add" in change]
    same(new, view(machine, *spaces))
    run_as_predicted(machine, "topology", name="lab", state="reverted")
    same(narrow, view(machine, *spaces))


def _without_mtu(item: dict[str, t.Any]) -> dict[str, t.Any]:
    kept = {name: _without_mtu(value) if name == "peer" else value for name, value in item.items()}
    return {name: value for name, value in kept.items() if name != "mtu"}


def test_a_dropped_sysctl_gets_its_first_value_back(machine: LabMachine) -> None:
    sysctl = ["sysctl", "-n", "net.ipv4.ip_forward"]
    inside = ["ip", "netns", "exec", "ns1", "sysctl", "-n", "net.ipv4.conf.default.rp_filter"]
    item = {"name": "net.ipv4.ip_forward", "value": "1"}
    other = {"netns": "ns1", "name": "net.ipv4.conf.default.rp_filter", "value": "1"}
    netns = [{"name": "ns1"}]
    machine.module("topology", name="lab", netns=netns, sysctl=[item, other])
    assert (machine.run(sysctl).stdout, machine.run(inside).stdout) == ("1\n", "1\n")
    machine.module("topology", name="lab", netns=netns, sysctl=[item, {**other, "value": "2"}])
    assert machine.run(inside).stdout == "2\n"
    run_as_predicted(machine, "topology", name="lab", netns=netns, sysctl=[])
    assert (machine.run(sysctl).stdout, machine.run(inside).stdout) == ("0\n", "0\n")


def test_a_setting_that_was_as_declared_gets_that_value_back(machine: LabMachine) -> None:
    """Whatever somebody made of it while the lab was there; and what changes along with it."""
    before = settled(machine)
    item = {"name": "net.ipv4.ip_forward", "value": "0"}
    machine.module("topology", name="lab", netns=[{"name": "ns1"}], sysctl=[item])
    machine.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"])
    assert machine.module("topology", name="lab", netns=[{"name": "ns1"}], sysctl=[item])["changed"]
    machine.module("topology", name="lab", state="absent")
    same(before, settled(machine))
    machine.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"])
    before = settled(machine)
    for value in ("1", "0"):
        machine.module("topology", name="lab", netns=[{"name": "ns1"}], sysctl=[{**item, "value": value}])
    machine.module("topology", name="lab", state="absent")
    same(before, settled(machine))


def test_walk_to_a_very_different_lab(machine: LabMachine) -> None:
    before = machine.snapshot()
    other: Items = {
        "netns": [{"name": "router"}, {"name": "leaf", "loopback": True}],
        "veth": [
            # the same names, joined otherwise
            {"name": "gw-veth0", "netns": "router", "peer": {"name": "gw-veth1", "addresses": ["10.9.0.1/24"]}},
            {"name": "ns2-veth0", "netns": "leaf", "peer": {"name": "ns1-veth0", "netns": "router"}},
        ],
        "vxlan": [{"name": "ns1-vxlan0", "netns": "leaf", "id": 100, "group": "239.0.0.1", "dev": "ns2-veth0"}],
        "route": [{"netns": "router", "dst": "192.0.2.0/24", "dev": "gw-veth0"}],
    }
    machine.module("topology", name="walk", **FULL)
    run_as_predicted(machine, "topology", name="walk", **other)
    assert {each["name"] for each in machine.json(["ip", "-j", "netns"])} == {"router", "leaf"}
    run_as_predicted(machine, "topology", name="walk", **FULL)
    assert "gw-veth1" not in {each["ifname"] for each in machine.json(["ip", "-j", "link"])}
    run_as_predicted(machine, "topology", name="walk", **UNDERLAID)
    run_as_predicted(machine, "topology", name="walk", **ROOTED)
    run_as_predicted(machine, "topology", name="walk", state="absent")
    same(before, machine.snapshot())


@pytest.mark.parametrize("ledger", ["gone", "unreadable"])
def test_teardown_without_the_ledger(machine: LabMachine, ledger: str) -> None:
    """All that has a mark is found by it."""
    _foreign(machine)
    before = settled(machine)
    machine.module("topology", name="lab", **UNDERLAID)
    machine.module("topology", name="other", netns=[{"name": "theirs"}])
    file = "/run/tcpip.lab/lab.json"
    if ledger == "unreadable":
        machine.run(["sh", "-c", f"echo '{{' > {file}"])
        message = machine.module("topology", name="lab", state="absent", _fails=True)["msg"]
        assert message.startswith(f"{file} cannot be read: ")
        hint = "remove the file: what the lab made is known by its marks, but not what its settings were first"
        assert message.endswith(f"({hint})")
    machine.run(["rm", file])
    run_as_predicted(machine, "topology", name="lab", state="absent")
    assert machine.run(["ip", "-n", "theirs", "link", "show", "lo"]).stdout
    machine.module("topology", name="other", state="absent")
    same(before, machine.snapshot())


def test_a_run_without_the_ledger_repairs_and_removes(machine: LabMachine) -> None:
    before = machine.snapshot()
    machine.module("topology", name="lab", **FULL)
    machine.run(["rm", "/run/tcpip.lab/lab.json"])
    smaller = without(without(FULL, "route", 6, 7), "veth", 1) | {
        "vxlan": FULL["vxlan"][:1],
        "netns": FULL["netns"][:2],
    }
    result = run_as_predicted(machine, "topology", name="lab", **smaller)
    assert "namespace ns2" in result["diff"]["before"]
    machine.module("topology", name="lab", state="absent")
    same(before, machine.snapshot())


def test_removing_a_lab_that_is_not_there_changes_nothing(machine: LabMachine) -> None:
    before = machine.snapshot()
    result = run_as_predicted(machine, "topology", name="lab", state="absent")
    assert (result["changed"], result["diff"]) == (False, {"before": "", "after": ""})
    same(before, machine.snapshot())


def test_hand_made_things_in_the_root_namespace_survive(machine: LabMachine) -> None:
    """What somebody adds while the lab is there, and what is made of its names after it was changed by hand."""
    machine.module("topology", name="lab", **ROOTED)
    machine.run(["ip", "link", "del", "lab-veth0"])
    machine.run(["ip", "link", "add", "lab-veth0", "type", "veth", "peer", "name", "somebodys"])
    machine.run(["ip", "link", "set", "lab-veth0", "up"])
    message = machine.module("topology", name="lab", _fails=True, **ROOTED)["msg"]
    assert message.startswith("veth[0].peer.name: 'lab-veth0' in the root namespace exists and belongs to no lab")
    machine.module("topology", name="lab", state="absent")
    assert machine.json(["ip", "-j", "link", "show", "lab-veth0"])[0]["flags"].count("UP") == 1
    assert "tcpip.lab" not in machine.run(["ls", "-A", "/run"]).stdout


#: They change the same setting of every interface.
IPV6_SWITCHES = ("forwarding", "ignore_routes_with_linkdown", "addr_gen_mode", "disable_ipv6")


def test_settings_that_change_along_with_others_are_as_they_were(machine: LabMachine) -> None:
    """Forwarding switches the redirects and every interface's forwarding; off again it does not find back by itself."""
    machine.run(["ip", "link", "add", "up0.1", "type", "veth", "peer", "name", "up1"])
    for setting in ("all.accept_redirects=0", "up0/1.forwarding=1", "default.forwarding=0"):
        machine.run(["sysctl", "-qw", f"net.ipv4.conf.{setting}"])
    for name in IPV6_SWITCHES:
        if name != "addr_gen_mode":  # for a moment the kernel would make a link-local address that stays
            machine.run(["sysctl", "-qw", f"net.ipv6.conf.up1.{name}=1"])
    machine.run(["sh", "-ec", "ip link set up0.1 up; ip link set up1 up"])  # with their link-local addresses
    before = settled(machine)
    names = ("net.ipv4.ip_forward", *(f"net.ipv6.conf.all.{name}" for name in IPV6_SWITCHES))
    settings = [{"name": name, "value": 1} for name in names]
    for lab in ({"sysctl": settings}, {**ROOTED, "sysctl": settings}):
        run_as_predicted(machine, "topology", name="lab", **lab)
        run_as_predicted(machine, "topology", name="lab", state="absent")
        same(before, machine.snapshot())
        too_large = {"name": "net.ipv4.ip_default_ttl", "value": 256}
        refused(machine, "topology", name="lab", **{**lab, "sysctl": [*settings, too_large]})
        for act in (6, 7, 8):
            killed(machine, act, "topology", name="lab", **lab)
            machine.module("topology", name="lab", state="absent")
            same(before, machine.snapshot(), f"killed before act {act}")
    for name in names:
        machine.module("sysctl", name=name, value=1)
    for name in names:
        machine.module("sysctl", name=name, state="absent")
    same(before, machine.snapshot())


SOURCED: Items = {
    "netns": [{"name": "ns1"}, {"name": "ns2"}],
    "veth": [
        {
            "name": "ns1-veth0",
            "netns": "ns1",
            "addresses": ["192.0.2.1/24", "2001:db8:1::1/64"],
            "peer": {"name": "ns2-veth0", "netns": "ns2", "addresses": ["192.0.2.2/24", "2001:db8:1::2/64"]},
        }
    ],
    "route": [
        {"netns": "ns1", "dst": "2001:db8:8::/64", "dev": "ns1-veth0", "source": "2001:db8:1::1"},
        {"netns": "ns1", "dst": "2001:db8:9::/48", "via": "2001:db8:8::2"},
        {"netns": "ns2", "dst": "2001:db8:7::/48", "via": "2001:db8:1::1", "source": "2001:db8:1::2"},
    ],
}


def test_a_source_of_ipv6_may_be_as_new_as_its_route(machine: LabMachine) -> None:
    """The kernel takes an address for a source once it knows that nobody else has it, which is a second later."""
    run_as_predicted(machine, "topology", name="lab", **SOURCED)
    for route in SOURCED["route"]:
        (found,) = machine.json(["ip", "-6", "-n", route["netns"], "-j", "route", "show", route["dst"]])
        assert found.get("prefsrc") == route.get("source")
    machine.module("topology", name="lab", state="absent")


def test_a_source_of_ipv6_that_nobody_has_is_refused(machine: LabMachine) -> None:
    lab = changed(SOURCED, "route", 0, source="2001:db8:1::77")
    message = machine.module("topology", name="lab", _fails=True, **lab)["msg"]
    assert "route 2001:db8:8::/64 dev ns1-veth0 src 2001:db8:1::77" in message
    assert "Invalid source address" in message
