# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning of bridges: ports, VLANs, and what a run that fails later brings back."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import plan, topology
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.module_utils.kinds import BridgeVlan, Veth
from ansible_collections.tcpip.lab.plugins.module_utils.operations import (
    AddVlan,
    CreateDevice,
    Operation,
    RemoveLink,
    RemoveVlan,
    SetLink,
)
from ansible_collections.tcpip.lab.plugins.module_utils.state import Link, Namespace, State, Vlan

ACCESS_1 = Vlan(1, pvid=True, untagged=True)
ACCESS_100 = Vlan(100, pvid=True, untagged=True)
SETTINGS = {
    "vlan_filtering": True,
    "default_pvid": 1,
    "stp": False,
    "ageing_time": 300,
    "multicast_snooping": True,
}
NO_FILTERING = {**SETTINGS, "vlan_filtering": False, "default_pvid": None}


def link(name: str, *vlans: Vlan, master: str | None = "br0", **more: t.Any) -> Link:
    given = {"kind": "veth", "mac": "02:00:00:00:00:01", "mtu": 1500, "up": True, **more}
    return Link("bridge", name, master=master, vlans=frozenset(vlans), **given)


def bridge(*vlans: Vlan, name: str = "br0", **more: t.Any) -> Link:
    given = {"kind": "bridge", "settings": SETTINGS, "base": "bridge", **more}
    return link(name, *(vlans or (ACCESS_1,)), master=None, **given)


def state(*links: Link) -> State:
    return State({"bridge": Namespace("bridge", links={each.name: each for each in links})})


def declared(**options: t.Any) -> BridgeVlan:
    return BridgeVlan.parse({"name": "br0", "netns": "bridge", **options}, "bridge_vlan[0]")


def port(name: str, *vlans: Vlan) -> dict[str, t.Any]:
    return {"name": name, "vlans": [vlan._asdict() for vlan in vlans]}


def steps(have: State, **options: t.Any) -> list[Operation]:
    return plan.make([declared(**options)], [], have)


def titles(operations: t.Iterable[Operation]) -> list[str]:
    return [step.title for step in operations]


def undo(operations: t.Sequence[Operation]) -> list[str]:
    """What is done when a run fails after these steps."""
    return titles(back for step in reversed(operations) for back in step.undo())


# Creation


def test_a_bridge_is_made_with_its_settings_and_comes_up_last() -> None:
    made = steps(state(link("p1", master=None)), vlan_filtering=True, ageing_time=60, ports=[{"name": "p1"}])
    assert titles(made) == [
        "add bridge: bridge br0 vlan_filtering on ageing_time 60",
        "change bridge: p1 master none to bridge: p1 master br0",
        "set bridge: br0 up",
    ]


def test_what_is_not_declared_is_not_given() -> None:
    created = next(step for step in steps(state()) if isinstance(step, CreateDevice))
    assert (created.settings, created.mtu, created.mac) == ({}, None, None)


def test_the_mtu_is_given_once_the_ports_are_there() -> None:
    # until then the bridge takes that of its ports
    made = steps(state(link("p1", master=None)), mtu=1400, ports=[{"name": "p1"}])
    assert titles(made)[1:] == [
        "change bridge: p1 master none to bridge: p1 master br0",
        "set bridge: br0 mtu 1400",
        "set bridge: br0 up",
    ]


def test_a_new_port_and_a_new_bridge_leave_the_vlan_that_the_kernel_puts_them_in() -> None:
    made = steps(state(link("p1", master=None)), vlans=[{"vid": 7}], ports=[port("p1", ACCESS_100)])
    assert titles(made)[1:-1] == [
        "remove bridge: br0 vlan 1 pvid untagged",
        "add bridge: br0 vlan 7",
        "change bridge: p1 master none to bridge: p1 master br0",
        "remove bridge: p1 vlan 1 pvid untagged",
        "add bridge: p1 vlan 100 pvid untagged",
    ]


def test_a_new_port_leaves_the_vlan_that_its_bridge_is_set_to() -> None:
    there = bridge(settings={**SETTINGS, "default_pvid": 10})
    made = steps(state(there, link("p1", master=None)), ports=[port("p1", ACCESS_100)])
    assert "remove bridge: p1 vlan 10 pvid untagged" in titles(made)
    there = bridge(settings={**SETTINGS, "default_pvid": 0})
    made = steps(state(there, link("p1", master=None)), ports=[port("p1", ACCESS_100)])
    assert not any(isinstance(step, RemoveVlan) for step in made)


def test_vlan_1_stays_where_it_is_declared_or_nothing_is() -> None:
    made = steps(state(link("p1", master=None), link("p2", master=None)), ports=[port("p1", ACCESS_1), {"name": "p2"}])
    assert not any(isinstance(step, (AddVlan, RemoveVlan)) for step in made)


def test_no_vlan_at_all_can_be_declared() -> None:
    made = steps(state(link("p1", master=None)), ports=[{"name": "p1", "vlans": []}], vlans=[])
    assert [step.title for step in made if isinstance(step, (AddVlan, RemoveVlan))] == [
        "remove bridge: br0 vlan 1 pvid untagged",
        "remove bridge: p1 vlan 1 pvid untagged",
    ]


def test_a_port_that_the_same_topology_makes_joins_after_it_is_there() -> None:
    pair = Veth.parse({"name": "p1", "netns": "bridge", "peer": {"name": "p2", "netns": "bridge"}}, "veth[0]")
    made = titles(plan.make([declared(ports=[{"name": "p1"}]), pair], [], state()))
    assert made.index("add bridge: veth p1 peer p2 in bridge; bridge: veth p2 peer p1 in bridge".partition(";")[0]) < (
        made.index("set bridge: p1 master br0")
    )


# Changes in place


def test_nothing_is_done_where_all_is_as_declared() -> None:
    have = state(bridge(), link("p1", ACCESS_100), link("other", ACCESS_1))
    options = {"vlan_filtering": True, "stp": False, "ageing_time": 300, "multicast_snooping": True, "mtu": 1500}
    assert steps(have, ports=[port("p1", ACCESS_100)], vlans=[ACCESS_1._asdict()], **options) == []


@pytest.mark.parametrize(
    ("name", "value", "title"),
    [
        ("vlan_filtering", False, "change bridge: br0 vlan_filtering on to bridge: br0 vlan_filtering off"),
        ("stp", True, "change bridge: br0 stp off to bridge: br0 stp on"),
        ("ageing_time", 60, "change bridge: br0 ageing_time 300 to bridge: br0 ageing_time 60"),
        ("multicast_snooping", False, "change bridge: br0 multicast_snooping on to bridge: br0 multicast_snooping off"),
        ("mtu", 1400, "change bridge: br0 mtu 1500 to bridge: br0 mtu 1400"),
        ("mac", "02:00:00:00:00:09", "change bridge: br0 mac 02:00:00:00:00:01 to bridge: br0 mac 02:00:00:00:00:09"),
        ("up", False, "change bridge: br0 up to bridge: br0 down"),
    ],
)
def test_a_setting_is_changed_in_place_and_back(name: str, value: t.Any, title: str) -> None:
    made = steps(state(bridge()), **{name: value})
    assert titles(made) == [title]
    before, after = title.removeprefix("change ").split(" to ")
    assert undo(made) == [f"change {after} to {before}"]


def test_a_bridge_that_does_not_filter_needs_no_kernel_that_could() -> None:
    assert steps(state(bridge(settings=NO_FILTERING)), vlan_filtering=False) == []


def test_the_pvid_is_moved_in_place_and_back() -> None:
    have = state(bridge(), link("p1", ACCESS_100, Vlan(200)))
    made = steps(have, ports=[port("p1", Vlan(100), Vlan(200, pvid=True, untagged=True))])
    assert titles(made) == [
        "change bridge: p1 vlan 100 pvid untagged to bridge: p1 vlan 100",
        "change bridge: p1 vlan 200 to bridge: p1 vlan 200 pvid untagged",
    ]
    assert undo(made) == [
        "change bridge: p1 vlan 200 pvid untagged to bridge: p1 vlan 200",
        "change bridge: p1 vlan 100 to bridge: p1 vlan 100 pvid untagged",
    ]


def test_vlans_are_added_and_removed_and_come_back() -> None:
    made = steps(state(bridge(), link("p1", ACCESS_1, Vlan(5))), ports=[port("p1", ACCESS_1, Vlan(6))])
    assert titles(made) == ["remove bridge: p1 vlan 5", "add bridge: p1 vlan 6"]
    assert undo(made) == ["remove bridge: p1 vlan 6", "add bridge: p1 vlan 5"]


def test_vlans_of_the_bridge_itself() -> None:
    made = steps(state(bridge(ACCESS_1, Vlan(5))), vlans=[{"vid": 5}, {"vid": 6}])
    assert titles(made) == ["remove bridge: br0 vlan 1 pvid untagged", "add bridge: br0 vlan 6"]
    assert all(step.own for step in made if isinstance(step, (AddVlan, RemoveVlan)))
    made = steps(state(bridge(), link("p1")), ports=[port("p1", ACCESS_1)])
    assert [step.own for step in made if isinstance(step, AddVlan)] == [False]


# Ports


def test_a_port_that_was_taken_out_joins_again_with_its_vlans() -> None:
    made = steps(state(bridge(), link("p1", master=None)), ports=[port("p1", ACCESS_100)])
    assert titles(made) == [
        "change bridge: p1 master none to bridge: p1 master br0",
        "remove bridge: p1 vlan 1 pvid untagged",
        "add bridge: p1 vlan 100 pvid untagged",
    ]
    assert undo(made) == [
        "remove bridge: p1 vlan 100 pvid untagged",
        "add bridge: p1 vlan 1 pvid untagged",
        "change bridge: p1 master br0 to bridge: p1 master none",
    ]


def test_a_port_of_another_bridge_is_moved_and_goes_back_with_its_vlans() -> None:
    have = state(bridge(), bridge(name="br1"), link("p1", Vlan(5), Vlan(6, pvid=True), master="br1"))
    made = steps(have, ports=[port("p1", ACCESS_1)])
    assert titles(made) == ["change bridge: p1 master br1 to bridge: p1 master br0"]
    assert undo(made) == [
        "change bridge: p1 master br0 to bridge: p1 master br1",
        "remove bridge: p1 vlan 1 pvid untagged",
        "add bridge: p1 vlan 5",
        "add bridge: p1 vlan 6 pvid",
    ]


def _passed_on(order: int, *, vlans: list[dict[str, t.Any]] | None = None) -> list[Operation]:
    """br0's port goes to br1, which gets it of a lab that had it the other way round."""
    have = state(bridge(), bridge(name="br1"), link("p1", ACCESS_1))
    former = declared(ports=[{"name": "p1"}])
    now = [declared(vlans=vlans).succeed(former), declared(name="br1", ports=[{"name": "p1"}])]
    return plan.make(now[::order], [], have)


@pytest.mark.parametrize("order", [1, -1])
def test_a_port_that_goes_from_one_bridge_of_a_lab_to_another_stays_there(order: int) -> None:
    assert titles(_passed_on(order)) == ["change bridge: p1 master br0 to bridge: p1 master br1"]


@pytest.mark.parametrize("order", [1, -1])
def test_two_bridges_swap_their_ports(order: int) -> None:
    have = state(bridge(), bridge(name="br1"), link("p1", ACCESS_1), link("p2", ACCESS_1, master="br1"))
    one, two = ({"ports": [{"name": name}]} for name in ("p1", "p2"))
    now = [declared(**two).succeed(declared(**one)), declared(name="br1", **one).succeed(declared(name="br1", **two))]
    assert sorted(titles(plan.make(now[::order], [], have))) == [
        "change bridge: p1 master br0 to bridge: p1 master br1",
        "change bridge: p2 master br1 to bridge: p2 master br0",
    ]


@pytest.mark.parametrize("order", [1, -1])
def test_a_bridge_gets_its_vlans_before_its_last_port_goes_to_another_one(order: int) -> None:
    """It has no MAC address without a port, and gets no VLAN then."""
    made = titles(_passed_on(order, vlans=[ACCESS_1._asdict(), Vlan(9)._asdict()]))
    assert made == ["add bridge: br0 vlan 9", "change bridge: p1 master br0 to bridge: p1 master br1"]


@pytest.mark.parametrize("vlans", [[Vlan(10)], [ACCESS_1], [Vlan(1), Vlan(10, untagged=True)]])
def test_a_bridge_without_a_mac_address_can_lose_and_change_the_vlans_that_it_has(vlans: list[Vlan]) -> None:
    have = state(bridge(ACCESS_1, Vlan(10), mac="00:00:00:00:00:00"))
    made = steps(have, vlans=[vlan._asdict() for vlan in vlans])
    assert made
    assert not any(isinstance(step, (RemoveLink, CreateDevice)) for step in made)


def test_a_port_that_nobody_declared_stays() -> None:
    assert steps(state(bridge(), link("foreign", ACCESS_1))) == []


def test_a_purged_port_leaves_and_comes_back_with_its_vlans() -> None:
    have = state(bridge(), link("p1", ACCESS_1), link("foreign", ACCESS_100, Vlan(7)))
    made = steps(have, ports=[{"name": "p1"}], purge_ports=True)
    assert titles(made) == ["change bridge: foreign master br0 to bridge: foreign master none"]
    assert undo(made) == [
        "change bridge: foreign master none to bridge: foreign master br0",
        "remove bridge: foreign vlan 1 pvid untagged",
        "add bridge: foreign vlan 7",
        "add bridge: foreign vlan 100 pvid untagged",
    ]


def test_a_purged_port_comes_back_on_a_kernel_without_vlan_filtering() -> None:
    made = steps(state(bridge(settings=NO_FILTERING), link("foreign")), purge_ports=True)
    assert undo(made) == ["change bridge: foreign master none to bridge: foreign master br0"]


def test_a_port_that_the_lab_declares_no_longer_leaves_a_foreign_one_stays() -> None:
    have = state(bridge(), link("p1", ACCESS_1), link("p2", ACCESS_1), link("foreign", ACCESS_1))
    now = declared(ports=[{"name": "p1"}]).succeed(declared(ports=[{"name": "p1"}, {"name": "p2"}, {"name": "gone"}]))
    assert titles(plan.make([now], [], have)) == ["change bridge: p2 master br0 to bridge: p2 master none"]


# Removal


def test_a_bridge_is_removed_and_comes_back_whole() -> None:
    have = state(
        bridge(ACCESS_1, Vlan(9), alias="old", mtu=1400),
        link("p1", ACCESS_100),
        link("p2", ACCESS_1),
    )
    made = plan.make([], [declared()], have)
    assert titles(made) == ["remove bridge: bridge br0"]
    assert undo(made) == [
        "add bridge: bridge br0 vlan_filtering on default_pvid 1 stp off ageing_time 300 multicast_snooping on "
        "mtu 1400 address 02:00:00:00:00:01",
        "set bridge: p1 master br0",
        "remove bridge: p1 vlan 1 pvid untagged",
        "add bridge: p1 vlan 100 pvid untagged",
        "set bridge: p2 master br0",
        "set bridge: br0 alias old up mtu 1400",
        "add bridge: br0 vlan 9",
    ]


def test_a_bridge_comes_back_on_a_kernel_without_vlan_filtering() -> None:
    have = state(link("br0", master=None, kind="bridge", settings=NO_FILTERING, base="bridge"), link("p1"))
    back = undo(plan.make([], [declared()], have))
    assert not any("vlan 1" in title or "default_pvid" in title for title in back)


def test_a_removed_port_comes_back_into_its_bridge() -> None:
    have = state(
        bridge(), link("p1", ACCESS_100, peer=("bridge", "p2")), link("p2", master=None, peer=("bridge", "p1"))
    )
    pair = Veth.parse({"name": "p1", "netns": "bridge"}, "")
    back = undo(plan.make([], [pair], have))
    assert back[1:4] == [
        "set bridge: p1 alias none up master br0",
        "remove bridge: p1 vlan 1 pvid untagged",
        "add bridge: p1 vlan 100 pvid untagged",
    ]


@pytest.mark.parametrize("order", [1, -1])
def test_a_bridge_and_its_port_that_go_together_come_back_together(order: int) -> None:
    have = state(bridge(), link("p1", ACCESS_1, peer=("bridge", "p2")), link("p2", master=None, peer=("bridge", "p1")))
    pair = Veth.parse({"name": "p1", "netns": "bridge"}, "")
    back = undo(plan.make([], [pair, declared()][::order], have))
    there: set[str] = set()
    for title in back:  # each step finds what it needs
        words = title.split()
        if words[0] == "add":
            there |= {words[3], *(words[5:6] if words[2] == "veth" else ())}
        else:
            assert {words[2], *(["br0"] if "master" in words else [])} <= there, back
    assert sum("p1" in title and "master br0" in title for title in back) == 1


def test_a_bridge_of_another_kind_is_made_anew_for_a_lab() -> None:
    have = state(link("br0", master=None, kind="veth", peer=None))
    made = steps(have)
    assert isinstance(made[0], RemoveLink)
    assert isinstance(made[1], CreateDevice)


def test_an_interface_of_another_kind_is_not_removed_as_a_bridge() -> None:
    with pytest.raises(LabError, match="'br0' is not a bridge but veth") as error:
        plan.make([], [declared()], state(link("br0", master=None)))
    assert error.value.place == "bridge_vlan[0].name"


# Result


def test_the_result_tells_of_ports_and_vlans() -> None:
    found = declared().live(state(bridge(ACCESS_1, Vlan(9)), link("p1", ACCESS_100)))
    assert found is not None
    assert found["ports"] == [{"name": "p1", "vlans": [{"vid": 100, "pvid": True, "untagged": True}]}]
    assert [vlan["vid"] for vlan in found["vlans"]] == [1, 9]
    assert {name: found[name] for name in SETTINGS} == SETTINGS
    assert declared().live(state()) is None


# Validation


@pytest.mark.parametrize(
    ("options", "place", "message"),
    [
        ({"vlans": [{"vid": 0}]}, "vlans[0].vid", "0 is not a VLAN id: 1 to 4094"),
        (
            {"ports": [port("p1", Vlan(5)), port("p2", Vlan(4095))]},
            "ports[1].vlans[0].vid",
            "4095 is not a VLAN id: 1 to 4094",
        ),
        ({"vlans": [{"vid": -1}]}, "vlans[0].vid", "-1 is not a VLAN id: 1 to 4094"),
        ({"vlans": [{"vid": "ten"}]}, "vlans[0].vid", "'ten' is not a whole number"),
        ({"vlans": [{"pvid": True}]}, "vlans[0].vid", "is required"),
        ({"vlans": [{"vid": 5, "tagged": True}]}, "vlans[0]", "'tagged' is not an option"),
        ({"vlans": [{"vid": 5}, {"vid": 5, "pvid": True}]}, "vlans[1].vid", "VLAN 5 is given twice"),
        ({"vlans": [ACCESS_1._asdict(), ACCESS_100._asdict()]}, "vlans[1].pvid", "there is a PVID already"),
        ({"ports": [port("p1", ACCESS_1, Vlan(5), ACCESS_100)]}, "ports[0].vlans[2].pvid", "there is a PVID already"),
        ({"ports": [{"name": "p1"}, {"name": "p1"}]}, "ports[1].name", "'p1' is a port already"),
        ({"ports": [{"name": "br0"}]}, "ports[0].name", "a bridge is no port of itself"),
        ({"ports": [{"name": "lo"}]}, "ports[0].name", "'lo' is reserved"),
        ({"ports": [{}]}, "ports[0].name", "is required"),
        ({"ports": {"name": "p1"}}, "ports", "is not a list"),
        ({"ageing_time": 1_000_001}, "ageing_time", "1000001 is not an ageing time in seconds: 0 to 1000000"),
        ({"ageing_time": -1}, "ageing_time", "-1 is not an ageing time"),
        ({"stp": "perhaps"}, "stp", "'perhaps' is neither true nor false"),
        ({"name": "a-name-too-long!"}, "name", "has 16 bytes"),
    ],
)
def test_a_fault_is_found_with_its_place(options: dict[str, t.Any], place: str, message: str) -> None:
    with pytest.raises(LabError) as error:
        declared(**options)
    assert error.value.place == f"bridge_vlan[0].{place}"
    assert message in error.value.message


def test_the_ends_of_the_ranges_are_taken() -> None:
    parsed = declared(vlans=[{"vid": 1}, {"vid": 4094}], ageing_time=0)
    assert parsed.vlans == frozenset({Vlan(1), Vlan(4094)})
    assert declared(ageing_time=1_000_000).settings["ageing_time"] == 1_000_000


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (
            {"bridge_vlan": [{"name": "br0", "ports": [{"name": "p1"}]}, {"name": "br1", "ports": [{"name": "p1"}]}]},
            r"bridge_vlan\[1\].ports\[0\].name: port p1 is declared already, as bridge_vlan\[0\].ports\[0\].name",
        ),
        (
            {"bridge_vlan": [{"name": "br0"}, {"name": "br0"}]},
            r"bridge_vlan\[1\]: bridge_vlan br0 is declared already, as bridge_vlan\[0\]",
        ),
        (
            {"veth": [{"name": "br0", "peer": {"name": "p1"}}], "bridge_vlan": [{"name": "br0"}]},
            r"bridge_vlan\[0\]: interface br0 is declared already, as veth\[0\]",
        ),
        (
            {
                "netns": [{"name": "bridge"}],
                "bridge_vlan": [{"name": "br0", "netns": "bridge", "ports": [{"name": "p1"}]}],
            },
            r"bridge_vlan\[0\].ports\[0\].name: 'p1' is not an interface of 'bridge' in this topology",
        ),
        ({"bridge_vlan": [{"name": "br0", "netns": "bridge"}]}, r"bridge_vlan\[0\].netns: 'bridge' is not in netns"),
    ],
)
def test_resources_that_contradict_each_other(items: dict[str, t.Any], message: str) -> None:
    with pytest.raises(LabError, match=message):
        topology.parse(items)


def test_ports_of_one_name_in_two_namespaces_are_two() -> None:
    pairs = [{"name": "p1", "netns": name, "peer": {"name": "p2", "netns": name}} for name in ("a", "b")]
    bridges = [{"name": "br0", "netns": name, "ports": [{"name": "p1"}]} for name in ("a", "b")]
    assert topology.parse({"netns": [{"name": "a"}, {"name": "b"}], "veth": pairs, "bridge_vlan": bridges})


def test_the_state_without_a_bridge_has_its_ports_free() -> None:
    left = state(bridge(), link("p1")).without([("bridge", "br0")])
    assert left.link(("bridge", "p1")) == replace(link("p1"), master=None)


def test_only_the_master_is_a_setting_of_a_port() -> None:
    made = steps(state(bridge(), link("p1", master=None)), ports=[{"name": "p1"}])
    assert [step.after for step in made if isinstance(step, SetLink)] == [{"master": "br0"}]


# Without a port a bridge has no MAC address, and gets no VLAN (br_fdb_add_local in net/bridge/br_fdb.c)

NOBODY = "00:00:00:00:00:00"
OTHER = [{"vid": 7}]
MADE_ANEW = ["remove bridge: bridge br0", "add bridge: bridge br0"]


def former(**options: t.Any) -> BridgeVlan:
    """The bridge as the lab had it, with the port p1."""
    return declared(ports=[{"name": "p1"}], **options)


def test_a_bridge_gets_its_vlans_before_its_last_port_goes_and_has_them_back_after_it() -> None:
    have = state(bridge(), link("p1", ACCESS_1))
    made = plan.make([declared(vlans=OTHER).succeed(former())], [], have)
    assert titles(made) == [
        "remove bridge: br0 vlan 1 pvid untagged",
        "add bridge: br0 vlan 7",
        "change bridge: p1 master br0 to bridge: p1 master none",
    ]
    assert undo(made)[0] == "change bridge: p1 master none to bridge: p1 master br0"
    assert undo(made)[-1] == "add bridge: br0 vlan 1 pvid untagged"


def test_one_without_a_port_gets_them_behind_its_first_one() -> None:
    have = state(bridge(mac=NOBODY), link("p1", master=None))
    assert titles(steps(have, vlans=OTHER, ports=[{"name": "p1"}])) == [
        "change bridge: p1 master none to bridge: p1 master br0",
        "remove bridge: br0 vlan 1 pvid untagged",
        "add bridge: br0 vlan 7",
    ]


def test_one_that_gets_no_port_is_made_anew() -> None:
    have = state(bridge(mac=NOBODY))
    made = plan.make([declared(vlans=OTHER)], [], have)
    assert [title.partition(" vlan")[0].partition(" mac")[0] for title in titles(made)][:2] == MADE_ANEW
    (back,) = [step for each in made for step in each.undo() if isinstance(step, CreateDevice)]
    assert back.mac is None, "the kernel makes none without an address"


@pytest.mark.parametrize(
    ("options", "anew"),
    [({"vlans": OTHER}, True), ({}, False), ({"vlans": OTHER, "mac": "02:00:00:00:00:01"}, False)],
    ids=["other VLANs", "the same VLANs", "an address that it was given"],
)
def test_one_whose_last_port_is_removed_is_made_anew_if_it_must_be(options: dict[str, t.Any], anew: bool) -> None:
    pair = Veth.parse({"name": "p1", "netns": "bridge", "peer": {"name": "q1", "netns": "bridge"}}, "veth[0]")
    ends = [link("p1", peer=("bridge", "q1")), link("q1", master=None, peer=("bridge", "p1"))]
    have = state(bridge(), *ends)
    made = titles(plan.make([declared(**options).succeed(former())], [pair], have))
    assert made[0].startswith("remove bridge: veth p1")
    assert ("remove bridge: bridge br0" in made) is anew


def test_the_address_that_is_none_is_not_given_back() -> None:
    made = steps(state(bridge(mac=NOBODY)), mac="02:00:00:00:00:09", mtu=1400)
    assert titles(made) == [f"change bridge: br0 mac {NOBODY} mtu 1500 to bridge: br0 mac 02:00:00:00:00:09 mtu 1400"]
    assert [step.after for each in made for step in each.undo() if isinstance(step, SetLink)] == [{"mtu": 1500}]
