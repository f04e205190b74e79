# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random topologies with one fault each, and what the message about it has to begin with."""

from __future__ import annotations

import copy
import typing as t

from hypothesis import strategies as st
from topologies import Item, Items

_TWO_PVIDS = [{"vid": 1, "pvid": True}, {"vid": 2, "pvid": True}]
#: An option of an item, a value that it cannot have, and the beginning of the message behind the place.
_WRONG: dict[str, list[tuple[str, t.Any, str]]] = {
    "netns": [
        ("name", "a234567890123456", ".name: 'a234567890123456' has 16 bytes"),
        ("name", "../x", ".name: '../x' has '/'"),
        ("name", "", ".name: a name must not be empty"),
        ("loopback", "perhaps", ".loopback: 'perhaps' is neither true nor false"),
        ("nmae", "x", ": 'nmae' is not an option"),
    ],
    "veth": [
        ("name", "lo", ".name: 'lo' is reserved"),
        ("addresses", ["192.0.2.1"], ".addresses[0]: '192.0.2.1' lacks the prefix length"),
        ("addresses", ["192.0.2.1/24", "192.0.2.300/24"], ".addresses[1]: '192.0.2.300/24' is not an address"),
        ("addresses", ["192.0.2.1/24", "192.0.2.1/24"], ".addresses[1]: 192.0.2.1/24 is given twice"),
        ("mtu", 67, ".mtu: 67 is not an MTU"),
        ("mac", "01:00:5e:00:00:01", ".mac: '01:00:5e:00:00:01' is a group address"),
        ("netns", "nowhere", ".netns: 'nowhere' is not in netns"),
        ("peer", {"name": "p", "netns": "nowhere"}, ".peer.netns: 'nowhere' is not in netns"),
        ("peer", None, ".peer: is required"),
    ],
    "vxlan": [
        ("id", 2**24, ".id: 16777216 is not a VNI"),
        ("remote", "239.0.0.1", ".remote: '239.0.0.1' is a multicast address"),
        ("dev", "nothing", ".dev: "),
        ("dstport", 0, ".dstport: 0 is not a port"),
        ("fdb", [{"mac": "02:00:00:00:00:09"}], ".fdb[0].dst: is required"),
    ],
    "bridge_vlan": [
        ("ageing_time", -1, ".ageing_time: -1 is not an ageing time"),
        ("ports", [{"name": "p"}, {"name": "p"}], ".ports[1].name: 'p' is a port already"),
        ("ports", [{"name": "p", "vlans": [{"vid": 4095}]}], ".ports[0].vlans[0].vid: 4095 is not a VLAN id"),
        ("ports", [{"name": "p", "vlans": _TWO_PVIDS}], ".ports[0].vlans[1].pvid: there is a PVID already"),
        ("vlans", [{"vid": 1}, {"vid": 0}], ".vlans[1].vid: 0 is not a VLAN id"),
        ("vlans", [{"vid": 2}, {"vid": 2, "pvid": True}], ".vlans[1].vid: VLAN 2 is given twice"),
        ("vlan_filtering", "perhaps", ".vlan_filtering: 'perhaps' is neither true nor false"),
    ],
    "macvlan": [
        ("mode", "source", ".mode: 'source' is none of bridge"),
        ("parent", "nothing", ".parent: "),
        ("parent_netns", "nowhere", ".parent_netns: 'nowhere' is not in netns"),
    ],
    "route": [
        ("dst", "10.0.0.1/8", ".dst: '10.0.0.1/8' is not a network"),
        ("table", 0, ".table: 0 is not a routing table"),
        ("type", "local", ".type: 'local' is none of unicast"),
    ],
    "sysctl": [
        ("name", "kernel/../x", ".name: 'kernel/../x' is not the name of a kernel setting"),
        ("value", None, ".value: is required"),
    ],
    "iptables_nat": [
        ("rules", [], ".rules: is required"),
        ("rules", [{"jump": "DNAT"}], ".rules[0].to_destination: is required for DNAT"),
        ("rules", [{"jump": "MASQUERADE", "chain": "PREROUTING"}], ".rules[0].chain: MASQUERADE cannot stand in"),
    ],
}
#: Items that no topology can have, whatever else is in it, and the beginning of the message behind the place.
_ADDED: list[tuple[str, Item, str]] = [
    ("route", {"dst": "10.77.0.0/16", "via": "203.0.113.77"}, ".via: 203.0.113.77 is in no network of"),
    ("route", {"dst": "10.77.0.0/16", "dev": "nothing"}, ".dev: there is no interface 'nothing'"),
    ("route", {"dst": "172.16.0.0/16", "type": "blackhole"}, ".dst: 172.16.0.0/16 overlaps 172.16.0.1/24"),
    ("veth", {"name": "far0", "peer": {"name": "x9"}}, ".name: 'far0' in the root namespace exists"),
    (
        "veth",
        {"name": "x8", "peer": {"name": "x9", "addresses": ["172.16.0.9/24"]}},
        ".peer.addresses[0]: 172.16.0.9/24",
    ),
    ("vxlan", {"name": "x9", "id": 99, "group": "239.0.0.9"}, ".dev: is required with group"),
    ("vxlan", {"name": "x9", "id": 99, "remote": "192.0.2.1", "local": "2001:db8::1"}, ".local: "),
    ("macvlan", {"name": "x9", "parent": "x9"}, ".parent: it stands on another interface, not on itself"),
    ("macvlan", {"name": "x9", "parent": "nothing"}, ".parent: there is no interface 'nothing'"),
]


class Fault(t.NamedTuple):
    """A topology with a fault: what is wrong in it, and what the message begins with."""

    name: str
    items: Items
    message: str


@st.composite
def spoiled(draw: st.DrawFn, sound: st.SearchStrategy[Items]) -> Fault:
    """A sound topology, spoiled in one place."""
    items = copy.deepcopy(draw(sound))
    faults = [*_wrong(items), *_twice(items)]
    if not faults or draw(st.booleans()):
        kind, item, message = draw(st.sampled_from(_ADDED))
        place = len(items.setdefault(kind, []))
        items[kind].append(item)
        return Fault(f"{kind} {message.strip('.:[]0 ')[:40]}", items, f"{kind}[{place}]{message}")
    fault: Fault = draw(st.sampled_from(faults))
    return fault


def _wrong(items: Items) -> t.Iterator[Fault]:
    for kind, found in items.items():
        for number, item in enumerate(found):
            for option, value, message in _WRONG[kind]:
                spoilt = {**item, option: value}
                changed = {**items, kind: [*found[:number], spoilt, *found[number + 1 :]]}
                yield Fault(f"{kind}.{option}", changed, f"{kind}[{number}]{message}")


def _twice(items: Items) -> t.Iterator[Fault]:
    """An item that is there already."""
    for kind, found in items.items():
        yield Fault(f"{kind} twice", {**items, kind: [*found, found[0]]}, f"{kind}[{len(found)}]: ")
