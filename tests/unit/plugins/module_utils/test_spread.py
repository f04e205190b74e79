# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each machine has of a lab, and how large packets may be on links that cross."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import spread, topology
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.module_utils.spread import Machine

Items = dict[str, t.Any]

LAB1, LAB2 = Machine("lab1", "10.0.0.1", 1500), Machine("lab2", "10.0.0.2", 1500)
A, B = {"name": "a", "host": "lab1"}, {"name": "b", "host": "lab2"}
CABLE: Items = {"name": "a0", "netns": "a", "addresses": ["192.0.2.1/24"], "peer": {"name": "b0", "netns": "b"}}
PAIR: Items = {"netns": [A, B], "veth": [CABLE]}


def cut(items: Items, *machines: Machine) -> spread.Spread:
    return spread.spread("x", items, machines or (LAB1, LAB2))


def end(items: Items, machine: str, *machines: Machine) -> dict[str, t.Any]:
    (found,) = cut(items, *machines).parts[machine]["vxlan"]
    return dict(found)


def test_both_ends_of_a_link_that_crosses_are_vxlan_devices_that_send_to_each_other() -> None:
    one, other = end(PAIR, "lab1"), end(PAIR, "lab2")
    assert (one["name"], one["netns"], one["addresses"]) == ("a0", "a", ["192.0.2.1/24"])
    assert (other["name"], other["netns"], other["addresses"]) == ("b0", "b", [])
    assert one["id"] == other["id"]
    assert (one["local"], one["remote"]) == (other["remote"], other["local"]) == ("10.0.0.1", "10.0.0.2")
    assert one["underlay"] == other["underlay"] == ""


def test_each_part_is_a_topology_of_its_own() -> None:
    whole = cut({**PAIR, "route": [{"netns": "a", "dst": "default", "via": "192.0.2.2"}]})
    for part in whole.parts.values():
        topology.parse(part)
    assert [sorted(part) for part in whole.parts.values()] == [["netns", "route", "vxlan"], ["netns", "vxlan"]]


def test_a_link_on_one_machine_is_a_veth_and_the_other_machine_has_nothing() -> None:
    whole = cut({"netns": [A, {**B, "host": "lab1"}], "veth": [CABLE]})
    assert [dict(each) for each in whole.parts["lab1"]["veth"]] == [CABLE]
    assert whole.parts["lab2"] == {}
    assert whole.mtu is None


def test_a_vni_depends_on_the_lab_and_the_link_alone() -> None:
    more = {"netns": [*PAIR["netns"], {"name": "c", "host": "lab2"}]}
    other = {"name": "a1", "netns": "a", "peer": {"name": "c0", "netns": "c"}}
    turned = {"name": "b0", "netns": "b", "peer": {"name": "a0", "netns": "a"}}
    (vni,) = [each.vni for each in cut(PAIR).crossings]
    assert cut({**more, "veth": [other, turned]}).crossings[1].vni == vni
    (foreign,) = spread.spread("y", PAIR, (LAB1, LAB2)).crossings
    assert foreign.vni != vni


def test_two_links_with_one_hash_get_two_vnis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread, "_hashes", lambda _lab, _key: iter([7, 8, 9]))
    second = {"name": "a1", "netns": "a", "peer": {"name": "b1", "netns": "b"}}
    vnis = [each.vni for each in cut({**PAIR, "veth": [second, CABLE]}).crossings]
    assert vnis == [8, 7]  # the link that comes first by its name has the first


@pytest.mark.parametrize(
    ("machines", "mtu"),
    [
        ((LAB1, LAB2), 1450),
        ((Machine("lab1", "10.0.0.1", 1400), LAB2), 1350),
        ((Machine("lab1", "10.0.0.1", 9000), Machine("lab2", "10.0.0.2", 9000)), 1500),
        ((Machine("lab1", "2001:db8::1", 1500), Machine("lab2", "2001:db8::2", 1500)), 1430),
    ],
)
def test_the_mtu_is_the_underlays_less_the_headers(machines: tuple[Machine, Machine], mtu: int) -> None:
    assert cut(PAIR, *machines).mtu == mtu
    assert end(PAIR, "lab1", *machines)["mtu"] == mtu


def test_an_overlay_inside_takes_its_headers_again() -> None:
    items = {**PAIR, "vxlan": [{"name": "x0", "netns": "a", "id": 1, "remote": "192.0.2.2", "dev": "a0"}]}
    mtus = {each["name"]: each["mtu"] for each in cut(items).parts["lab1"]["vxlan"]}
    assert mtus == {"a0": 1450, "x0": 1400}


def lan(**port: t.Any) -> Items:
    """Stations a and c beside a bridge, and b on another machine."""
    ports = ["br-a", "br-b", "br-c"]
    return {
        "netns": [A, B, {"name": "c", "host": "lab1"}, {"name": "br", "host": "lab1"}],
        "veth": [{"name": f"{n}0", "netns": n, "peer": {"name": f"br-{n}", "netns": "br"}} for n in "abc"],
        "bridge_vlan": [{"name": "br0", "netns": "br", "ports": [{"name": name, **port} for name in ports]}],
    }


def test_an_overlay_on_an_overlay_takes_its_headers_once_more_in_whatever_order_they_are_declared() -> None:
    lower = {"name": "x1", "netns": "a", "id": 1, "remote": "192.0.2.2", "dev": "a0"}
    upper = {"name": "x2", "netns": "a", "id": 2, "remote": "192.0.2.2", "dev": "x1"}
    for overlays in ([lower, upper], [upper, lower]):
        found = cut({**PAIR, "vxlan": overlays}).parts["lab1"]["vxlan"]
        assert {item["name"]: item["mtu"] for item in found} == {"a0": 1450, "x1": 1400, "x2": 1350}


def test_all_stations_of_a_lan_have_the_mtu_that_crosses() -> None:
    local = cut(lan()).parts["lab1"]["veth"]
    assert [(each["mtu"], each["peer"]["mtu"]) for each in local] == [(1450, 1450), (1450, 1450)]
    assert "mtu" not in cut(lan()).parts["lab1"]["bridge_vlan"][0]


def test_a_trunk_that_crosses_takes_the_tag_too() -> None:
    assert cut(lan(vlans=[{"vid": 10}])).mtu == 1446
    assert cut(lan(vlans=[{"vid": 10, "untagged": True, "pvid": True}])).mtu == 1450


def overlay(**port: t.Any) -> Items:
    """An overlay between a and b; in a it is a port of a bridge that c, here, and d, on another machine, are behind."""
    cables = [{"name": f"{n}0", "netns": n, "peer": {"name": f"br-{n}", "netns": "a"}} for n in "cd"]
    ports = [{"name": "br-c"}, {"name": "br-d"}, {"name": "x0", **port}]
    return {
        "netns": [A, B, {"name": "c", "host": "lab1"}, {"name": "d", "host": "lab2"}],
        "veth": [CABLE, *cables],
        "vxlan": [{"name": "x0", "netns": "a", "id": 1, "remote": "192.0.2.2", "dev": "a0"}],
        "bridge_vlan": [{"name": "br0", "netns": "a", "ports": ports}],
    }


@pytest.mark.parametrize(("vlans", "carried"), [(None, 1400), ([{"vid": 10}], 1392)])
def test_all_stations_of_a_lan_have_the_mtu_of_an_overlay_that_is_a_part_of_it(vlans: t.Any, carried: int) -> None:
    here, there = cut(overlay(vlans=vlans)).parts.values()
    (local,) = here["veth"]
    assert (local["mtu"], local["peer"]["mtu"]) == (carried, carried)
    crossing = 1450 if vlans is None else 1446
    assert {each["name"]: each["mtu"] for each in here["vxlan"]} == {"a0": crossing, "br-d": carried, "x0": carried}
    assert {each["name"]: each["mtu"] for each in there["vxlan"]} == {"b0": crossing, "d0": carried}


def wide(items: Items, **mtus: int) -> Items:
    """With MTUs declared by the names of the near ends."""
    veths = [{**each, **({"mtu": mtus[each["name"]]} if each["name"] in mtus else {})} for each in items["veth"]]
    return {**items, "veth": veths}


FAULTS: list[tuple[Items, str]] = [
    (
        wide(PAIR, a0=1500),
        "veth[0].mtu: packets of 1500 bytes do not cross between the machines: the underlay carries 1500,"
        " and VXLAN takes 50 of that (leave it out, or give 1450 at most)",
    ),
    (
        wide(lan(), c0=1500),
        "veth[2].mtu: packets of 1500 bytes do not cross between the machines: the underlay carries 1500,"
        " and VXLAN takes 50 of that (leave it out, or give 1450 at most)",
    ),
    (
        wide(overlay(), c0=1450),
        "veth[1].mtu: packets of 1450 bytes do not cross between the machines: the underlay carries 1500,"
        " and VXLAN takes 50 of that (leave it out, or give 1400 at most)",
    ),
    (
        {
            **PAIR,
            "vxlan": [{"name": "x0", "netns": "a", "id": 1, "remote": "192.0.2.2", "dev": "a0", "mtu": 1450}],
        },
        "vxlan[0].mtu: packets of 1450 bytes do not cross between the machines: the underlay carries 1500,"
        " and VXLAN takes 50 of that (leave it out, or give 1400 at most)",
    ),
]


@pytest.mark.parametrize(("items", "message"), FAULTS)
def test_a_declared_mtu_that_does_not_cross_is_refused(items: Items, message: str) -> None:
    with pytest.raises(LabError) as raised:
        cut(items)
    assert str(raised.value) == message


SMALL = Machine("lab1", "10.0.0.1", 1329), LAB2
SIX: Items = {"name": "a1", "netns": "a", "addresses": ["2001:db8::1/64"], "peer": {"name": "c0", "netns": "c"}}


def six(**more: t.Any) -> Items:
    """A link that crosses, and one with IPv6 that does not."""
    return {"netns": [*PAIR["netns"], {"name": "c", "host": "lab1"}], "veth": [CABLE, SIX], **more}


def test_an_underlay_too_small_for_ipv6_is_named_with_the_arithmetic() -> None:
    with pytest.raises(LabError) as raised:
        cut(six(), *SMALL)
    assert str(raised.value) == (
        "veth[1].addresses[0]: 2001:db8::1/64 needs an MTU of 1280 bytes (IPv6, RFC 8200):"
        " the underlay carries 1329, and VXLAN takes 50 of that, which leaves 1279"
        " (use an underlay of 1330 bytes or more between the machines, or IPv4 in the lab)"
    )
    assert cut(six(), Machine("lab1", "10.0.0.1", 1330), LAB2).mtu == 1280
    assert cut(PAIR, *SMALL).mtu == 1279


def test_an_overlay_with_ipv6_needs_more_of_the_underlay() -> None:
    over = {"name": "x0", "netns": "a", "id": 1, "remote": "192.0.2.2", "dev": "a0", "addresses": ["2001:db8:1::1/64"]}
    small = Machine("lab1", "10.0.0.1", 1379), LAB2
    said = r"^vxlan\[0\]\.addresses\[0\]: .*carries 1379, and VXLAN takes 100 of that, which leaves 1279 .* 1380 bytes"
    with pytest.raises(LabError, match=said):
        cut(six(vxlan=[over]), *small)


def test_a_declared_mtu_that_crosses_is_kept() -> None:
    assert end(wide(PAIR, a0=1300), "lab1")["mtu"] == 1300
    elsewhere = {"name": "a1", "netns": "a", "mtu": 9000, "peer": {"name": "c0", "netns": "c", "mtu": 9000}}
    items = {**PAIR, "netns": [*PAIR["netns"], {"name": "c", "host": "lab1"}], "veth": [CABLE, elsewhere]}
    (kept,) = cut(items).parts["lab1"]["veth"]
    assert (kept["mtu"], kept["peer"]["mtu"]) == (9000, 9000)


def test_an_underlay_of_large_packets_carries_large_packets_where_they_are_declared() -> None:
    wider = (Machine("lab1", "10.0.0.1", 9000), Machine("lab2", "10.0.0.2", 9000))
    assert end(wide(PAIR, a0=8950), "lab1", *wider)["mtu"] == 8950
    with pytest.raises(LabError, match=r"the underlay carries 9000, .* give 8950 at most"):
        cut(wide(PAIR, a0=8951), *wider)
    inside = {"name": "x0", "netns": "a", "id": 1, "remote": "192.0.2.2", "dev": "a0"}
    found = cut({**wide(PAIR, a0=8950), "vxlan": [inside]}, *wider).parts["lab1"]["vxlan"]
    assert {each["name"]: each["mtu"] for each in found} == {"a0": 8950, "x0": 1500}


def test_a_link_cannot_cross_from_ipv4_to_ipv6() -> None:
    said = r"^veth\[0\]: it crosses between lab1, which has 10\.0\.0\.1, and lab2, which has 2001:db8::2: "
    with pytest.raises(LabError, match=said):
        cut(PAIR, LAB1, Machine("lab2", "2001:db8::2", 1500))


READ_FAULTS: list[tuple[t.Any, str]] = [
    (["lab1"], "machines: ['lab1'] is not a mapping of the machines' names"),
    ({"lab1": None}, "machines.lab1: None is not a mapping"),
    ({}, "machines: there is none"),
    (
        {"lab1": {"address": "10.0.2.15", "mtu": 1500}, "lab2": {"address": "10.0.2.15", "mtu": 1500}},
        "machines.lab2.address: lab1 has it, too (give each its own by lab_address in the inventory)",
    ),
    ({"lab1": {"address": "10.0.0.1"}}, "machines.lab1.mtu: is required"),
    ({"lab1": {"address": "lab1", "mtu": 1500}}, "machines.lab1.address: 'lab1' is not an IP address"),
]


@pytest.mark.parametrize(("machines", "message"), READ_FAULTS)
def test_machines_are_read_with_the_place_of_a_fault(machines: t.Any, message: str) -> None:
    with pytest.raises(LabError) as raised:
        spread.read({"name": "x", **PAIR}, machines)
    assert str(raised.value) == message


def test_what_is_no_option_is_refused_as_the_module_refuses_it() -> None:
    with pytest.raises(LabError, match=r"'vethh' is not an option \(did you mean 'veth'\?\)"):
        spread.read({"name": "x", "vethh": []}, {"lab1": vars(LAB1)})


def test_an_overlay_of_the_machines_own_network_is_not_narrowed() -> None:
    own = {"name": "x0", "netns": "a", "id": 1, "remote": "10.9.9.9", "underlay": "", "mtu": 1450}
    found = cut({**PAIR, "vxlan": [own]}).parts["lab1"]["vxlan"]
    assert {each["name"]: each["mtu"] for each in found} == {"a0": 1450, "x0": 1450}


def test_the_vni_is_another_one_when_an_end_is_on_another_machine() -> None:
    vnis = {cut(PAIR, LAB1, other).crossings[0].vni for other in (LAB2, Machine("lab2", "10.0.0.3", 1500))}
    assert len(vnis) == 2


def test_what_users_are_told() -> None:
    machines = {"lab1": {"address": "10.0.0.1", "mtu": 1500, "changed": False}, "lab2": vars(LAB2)}
    told = spread.read({"name": "x", **PAIR}, machines).told()
    assert told["nodes"] == {"a": "lab1", "b": "lab2"}
    assert told["machines"]["lab2"] == {"address": "10.0.0.2", "mtu": 1500, "nodes": ["b"]}
    (vni,) = [each.vni for each in cut(PAIR).crossings]
    assert told["summary"] == [
        "lab1: a",
        "lab2: b",
        f"a0 on lab1 - b0 on lab2: VNI {vni}",
        "links that declare no MTU have 1450",
    ]
