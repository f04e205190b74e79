# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Topologies as users write them: every fault with its place, and how several become one."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.module_utils.kinds import KINDS
from ansible_collections.tcpip.lab.plugins.module_utils.merging import IDENTITIES, merge
from ansible_collections.tcpip.lab.plugins.module_utils.topology import parse, unparse, whole

Items = dict[str, list[dict[str, t.Any]]]

A, B = {"name": "ns1"}, {"name": "ns2"}
PAIR = {"name": "a", "netns": "ns1", "peer": {"name": "b", "netns": "ns2"}}


def veth(**options: t.Any) -> Items:
    return {"netns": [A, B], "veth": [{**PAIR, **options}]}


def vxlan(*items: dict[str, t.Any]) -> Items:
    return {**veth(), "vxlan": [{"name": f"x{i}", "netns": "ns1", "id": i, **item} for i, item in enumerate(items)]}


def route(**options: t.Any) -> Items:
    return {**veth(addresses=["192.0.2.1/24"]), "route": [{"netns": "ns1", **options}]}


#: What is left out is told before what cannot be known without it.
DANGLING: Items = {"netns": [A], "route": [{"netns": "ns1", "dst": "10.0.0.0/8", "dev": "a"}]}
INCOMPLETE: list[tuple[Items, str]] = [
    ({**DANGLING, "veth": [{"name": "b", "netns": "ns1"}]}, "veth[0].peer: is required (a pair has two ends)"),
    ({**DANGLING, "vxlan": [{"name": "x", "netns": "ns1"}]}, "vxlan[0].id: is required"),
    ({**DANGLING, "macvlan": [{"name": "x", "netns": "ns1"}]}, "macvlan[0].parent: is required"),
    ({**DANGLING, "sysctl": [{"netns": "ns1", "name": "net.ipv4.ip_forward"}]}, "sysctl[0].value: is required"),
    (
        {**DANGLING, "iptables_nat": [{"netns": "ns1"}]},
        "iptables_nat[0].rules: is required (state: absent takes all of them away)",
    ),
    ({**DANGLING, "process": [{"netns": "ns1", "name": "x"}]}, "process[0].command: is required"),
    ({**DANGLING, "capture": [{"netns": "ns1", "name": "x"}]}, "capture[0].dev: is required"),
    (
        {**DANGLING, "dnsmasq_dhcp": [{"netns": "ns1", "interfaces": ["a"]}]},
        "dnsmasq_dhcp[0]: nothing is served: neither ranges nor dns are given",
    ),
    (
        {**DANGLING, "route": [*DANGLING["route"], {"netns": "ns1", "dst": "10.1.0.0/16"}]},
        "route[1]: via or dev is required (where shall the packets go?)",
    ),
]
FAULTS: list[tuple[t.Any, str]] = [
    *INCOMPLETE,
    (
        {"netns": [A, {"name": "a234567890123456"}]},
        "netns[1].name: 'a234567890123456' has 16 bytes, a name has at most 15",
    ),
    ({"netns": [{"name": "../x"}]}, "netns[0].name: '../x' has '/', which is not allowed in a name"),
    ({"netns": [{"name": ""}]}, "netns[0].name: a name must not be empty"),
    ({"netns": [{}]}, "netns[0].name: is required"),
    ({"netns": 5}, "netns: 5 is not a list"),
    ({"netns": [A], "veth": {"name": "a"}}, "veth: {'name': 'a'} is not a list"),
    ({"netns": [A, A]}, "netns[1]: netns ns1 is declared already, as netns[0]"),
    ({"netns": [{"name": "ns1", "loop": True}]}, "netns[0]: 'loop' is not an option (did you mean 'loopback'?)"),
    (veth(addresses=["192.0.2.1"]), "veth[0].addresses[0]: '192.0.2.1' lacks the prefix length, as in '192.0.2.1/24'"),
    (
        veth(peer={"name": "b", "addresses": ["10.0.0.1/8", "300.0.2.1/24"]}),
        "veth[0].peer.addresses[1]: '300.0.2.1/24' is not an address with prefix, such as 192.0.2.1/24",
    ),
    (veth(addresses=["10.0.0.1/8", "10.0.0.1/8"]), "veth[0].addresses[1]: 10.0.0.1/8 is given twice"),
    (
        veth(mtu=1000, addresses=["2001:db8::1/64"]),
        "veth[0].mtu: 1000 is too small for 2001:db8::1/64, IPv6 needs 1280",
    ),
    (
        veth(peer={"name": "b", "mtu": 1000, "addresses": ["2001:db8::1/64"]}),
        "veth[0].peer.mtu: 1000 is too small for 2001:db8::1/64, IPv6 needs 1280",
    ),
    (veth(delay="100ms"), "veth[0].delay: '100ms' is not a number: milliseconds, as in 100"),
    (veth(peer={"name": "b", "loss": "20%"}), "veth[0].peer.loss: '20%' is not a number: per cent, as in 20"),
    (veth(peer={"name": "b", "netns": "ns9"}), "veth[0].peer.netns: 'ns9' is not in netns (did you mean 'ns2'?)"),
    (veth(netns="ns9"), "veth[0].netns: 'ns9' is not in netns (did you mean 'ns2'?)"),
    (veth(peer={"name": "a", "netns": "ns1"}), "veth[0].peer.name: 'a' is the name of the other end, too"),
    (veth(peer={}), "veth[0].peer.name: is required"),
    ({"netns": [A, B], "veth": [PAIR, PAIR]}, "veth[1]: veth ns1 a is declared already, as veth[0]"),
    (
        {"netns": [A, B], "veth": [PAIR, {"name": "c", "netns": "ns1", "peer": {"name": "b", "netns": "ns2"}}]},
        "veth[1].peer: interface ns2 b is declared already, as veth[0].peer",
    ),
    (
        {**veth(), "vxlan": [{"name": "b", "netns": "ns2", "id": 1}]},
        "vxlan[0]: interface ns2 b is declared already, as veth[0].peer",
    ),
    (vxlan({"id": 2**24}), "vxlan[0].id: 16777216 is not a VNI: 0 to 16777215"),
    (vxlan({"dstport": 70000}), "vxlan[0].dstport: 70000 is not a port: 1 to 65535"),
    (vxlan({"netns": "ns9"}), "vxlan[0].netns: 'ns9' is not in netns (did you mean 'ns2'?)"),
    (vxlan({"underlay": "ns9"}), "vxlan[0].underlay: 'ns9' is not in netns (did you mean 'ns2'?)"),
    (
        vxlan({"remote": "10.0.0.1", "group": "239.0.0.1", "dev": "a"}),
        "vxlan[0].group: remote and group exclude each other: a device has one or the other",
    ),
    (vxlan({"group": "239.0.0.1"}), "vxlan[0].dev: is required with group: multicast needs an interface"),
    (vxlan({"dev": "x1"}, {"dev": "x0"}), "vxlan[1].dev: 'x0' would stand on itself: x0 on x1"),
    (vxlan({"dev": "x0"}), "vxlan[0].dev: 'x0' would stand on itself: x0"),
    (
        {**veth(), "macvlan": [{"name": name, "netns": "ns1", "parent": on} for name, on in (("m", "n"), ("n", "a"))]},
        "macvlan[0].parent: 'n' is a macvlan itself, and both would stand on what that stands on (name that interface)",
    ),
    (vxlan({"dev": "b"}), "vxlan[0].dev: 'b' is not an interface of 'ns1' in this topology (there are: a, x0)"),
    (vxlan({"id": 5}, {"id": 5}), "vxlan[1].id: VNI 5 is taken on this underlay by vxlan[0]"),
    (
        vxlan({"id": 5}, {"netns": "ns2", "underlay": "ns1", "id": 5}),
        "vxlan[1].id: VNI 5 is taken on this underlay by vxlan[0]",
    ),
    (
        vxlan({"fdb": [{"mac": mac, "dst": "10.0.0.1"} for mac in ("00:00:5e:00:53:01", "00-00-5E-00-53-01")]}),
        "vxlan[0].fdb[1]: 00:00:5e:00:53:01 has an entry already: a station is behind one VTEP",
    ),
    (vxlan({"fdb": [{"mac": "00:00:5e:00:53:01"}]}), "vxlan[0].fdb[0].dst: is required"),
    (
        vxlan({"fdb": [{"mac": "00:00:5e:00:53:01", "dst": "0.0.0.0"}]}),
        "vxlan[0].fdb[0].dst: '0.0.0.0' is nobody's address",
    ),
    (
        veth(addresses=["2001:db8::1/64", "192.0.2.1/24", "2001:db8::1/128"]),
        "veth[0].addresses[2]: 2001:db8::1 is given already, with another prefix: an interface has it once",
    ),
    (
        {
            "netns": [A],
            "bridge_vlan": [{"name": "br", "netns": "ns1", "ports": [{"name": f"p{i}"} for i in range(1024)]}],
        },
        "bridge_vlan[0].ports[1023].name: a bridge has 1023 ports at most",
    ),
    (route(dst="192.0.2.0/24", dev="a"), "route[0]: the kernel makes it itself, of 192.0.2.1/24 on 'a' (leave it out)"),
    (route(dst="10.0.0.0/8", via="2001:db8::1"), "route[0]: dst and via are of different IP versions"),
    (
        route(dst="10.0.0.0/8", dev="zz"),
        "route[0].dev: 'zz' is not an interface of 'ns1' in this topology (there are: a)",
    ),
    (
        route(dst="10.0.0.0/8", dev="a", type="blackhole"),
        "route[0].type: excludes via and dev: blackhole leads nowhere",
    ),
    (
        route(dst="10.0.0.0/8", type="blakhole"),
        "route[0].type: 'blakhole' is none of unicast, blackhole, unreachable, prohibit, throw",
    ),
    (
        {"netns": [A], "route": [{"netns": "ns1", "dst": dst, "type": "throw"} for dst in ("default", "0.0.0.0/0")]},
        "route[1]: route ns1 4 default 254 0 is declared already, as route[0]",
    ),
    (
        {"netns": [A], "sysctl": [{"netns": "ns1", "name": "kernel.x", "value": 1}]},
        "sysctl[0].name: 'kernel.x' belongs to the machine, not to a namespace (net.* does)",
    ),
    (
        {"sysctl": [{"name": "net.ipv4.ip_forward", "value": 1}, {"name": "net/ipv4/ip_forward", "value": 0}]},
        "sysctl[1]: sysctl net/ipv4/ip_forward is declared already, as sysctl[0]",
    ),
    (
        {"netns": [A], "sysctl": [{"netns": "ns1", "name": "net.ipv4.conf.a.arp_ignore", "value": 1}]},
        "sysctl[0].name: 'a' is not an interface of 'ns1' in this topology (there is none)",
    ),
]


@pytest.mark.parametrize(("items", "message"), FAULTS)
def test_faults(items: t.Any, message: str) -> None:
    with pytest.raises(LabError) as error:
        parse(items)
    assert str(error.value) == message


def test_one_vni_on_two_ports_or_underlays_or_versions_of_ip_is_fine() -> None:
    parse(vxlan({"id": 5}, {"id": 5, "dstport": 8472}, {"id": 5, "netns": "ns2"}, {"id": 5, "remote": "2001:db8::1"}))


def test_a_group_of_stations_may_be_behind_several_vteps() -> None:
    parse(vxlan({"fdb": [{"mac": "01:00:5e:00:00:01", "dst": dst} for dst in ("10.0.0.1", "10.0.0.2")]}))


def test_a_route_beside_the_one_that_the_kernel_makes_is_fine() -> None:
    ways: list[dict[str, t.Any]] = [{"metric": 7}, {"table": 7}, {"dst": "192.0.2.1/32"}, {"dst": "192.0.2.0/25"}]
    for way in ways:
        parse(route(**{"dst": "192.0.2.0/24", "dev": "a", **way}))
    parse({**route(dst="192.0.2.0/24", type="throw"), **veth(addresses=["192.0.2.1/24"], up=False)})


def test_routes_of_two_versions_tables_and_metrics_are_different_ones() -> None:
    ways: list[dict[str, t.Any]] = [{}, {"table": 7}, {"metric": 7}, {"dst": "::/0"}]
    parse({"netns": [A], "route": [{"netns": "ns1", "dst": "default", "type": "throw", **way} for way in ways]})


def test_unparse_gives_back_what_was_written() -> None:
    items = {**vxlan({"dev": "a"}), "sysctl": [{"name": "net/ipv4/ip_forward", "value": 1}]}
    assert unparse(parse(items)) == items


def test_every_kind_may_be_in_the_one_dictionary() -> None:
    lists = {kind: [{"name": "x"}] for kind in KINDS}
    assert whole({"name": "lab", "topology": lists, **dict.fromkeys(KINDS)}) == {"name": "lab", **lists}


def test_every_kind_has_an_identity() -> None:
    assert list(IDENTITIES) == list(KINDS)


def test_merge_completes_and_overrides_by_identity() -> None:
    first: Items = {
        "netns": [A, B],
        "veth": [{**PAIR, "up": False}],
        "sysctl": [{"netns": "ns1", "name": "net.ipv4.ip_forward", "value": 0}],
        "route": [{"netns": "ns1", "dst": "0.0.0.0/0", "via": "192.0.2.1"}],
    }
    second: Items = {
        "netns": [{"name": "ns1", "loopback": True}],
        "veth": [
            {"name": "a", "netns": "ns1", "up": True, "peer": {"mtu": 1400}},
            {"name": "a", "peer": {"name": "z"}},
        ],
        "sysctl": [{"netns": "ns1", "name": "net/ipv4/ip_forward", "value": 1}],
        "route": [
            {"netns": "ns1", "dst": "default", "via": "192.0.2.2"},
            {"netns": "ns1", "dst": "default", "via": "2001:db8::1"},
            {"netns": "ns1", "dst": "default", "metric": 5, "type": "throw"},
        ],
    }
    assert merge([first, second]) == {
        "netns": [{"name": "ns1", "loopback": True}, B],
        "veth": [
            {**PAIR, "up": True, "peer": {"name": "b", "netns": "ns2", "mtu": 1400}},
            {"name": "a", "peer": {"name": "z"}},
        ],
        "sysctl": [{"netns": "ns1", "name": "net/ipv4/ip_forward", "value": 1}],
        "route": [{"netns": "ns1", "dst": "default", "via": "192.0.2.2"}, *second["route"][1:]],
    }
    assert first["veth"] == [{**PAIR, "up": False}], "the stages are left as they were"


def test_merge_leaves_faults_to_those_who_know_their_place() -> None:
    """What cannot be told apart is kept for `parse` to complain about."""
    odd: t.Any = {"netns": [{}, "ns1"], "route": [{"dst": "default", "table": "main"}], "vteh": [{"name": "a"}]}
    merged = merge([odd])
    assert merged == odd
    with pytest.raises(LabError, match=r"^netns\[0\].name: is required$"):
        parse(merged)
