# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random drift: what somebody does to a lab by hand, which a run has to notice and to repair."""

from __future__ import annotations

import typing as t

from topologies import IMPAIRMENTS, Item, Items, ends_of, key_of


class Drift(t.NamedTuple):
    """What is done by hand: what it is called, and the shell's command."""

    name: str
    command: str


def drifts(items: Items) -> list[Drift]:
    """All that a lab can suffer."""
    return [*_of_ends(items), *_of_others(items)]


def _ip(space: str) -> str:
    return f"ip -n {space}" if space else "ip"


def _inside(space: str) -> str:
    return f"ip netns exec {space} " if space else ""


def _bridge(item: Item) -> str:
    return f"bridge -n {item['netns']}" if "netns" in item else "bridge"


def _of_ends(items: Items) -> t.Iterator[Drift]:
    for end in ends_of(items):
        space, name = key_of(end)
        yield Drift("link deleted", f"{_ip(space)} link del {name}")
        yield Drift("link up or down", f"{_ip(space)} link set {name} {'down' if end['up'] else 'up'}")
        if "mtu" in end:
            yield Drift("MTU", f"{_ip(space)} link set {name} mtu 1290")
        if IMPAIRMENTS.keys() & end.keys():
            inside = f"-n {space} " if space else ""
            yield Drift("netem", f"tc {inside}qdisc replace dev {name} root netem delay 7ms loss 7% duplicate 7%")
        if "mac" in end:
            yield Drift("MAC", f"{_ip(space)} link set {name} address 02:00:00:77:77:77")
        for address in end["addresses"]:
            yield Drift("address", f"{_ip(space)} addr del {address} dev {name}")
        if space:
            yield Drift("mark", f"{_ip(space)} link set {name} alias ''")
        if end.get("purge_addresses"):
            yield Drift("address added", f"{_ip(space)} addr add 198.18.0.1/32 dev {name}")


def _of_others(items: Items) -> t.Iterator[Drift]:
    crossed = _crossed(items)
    for item in items.get("netns", ()):
        if item["name"] not in crossed:
            yield Drift("namespace", f"ip netns del {item['name']}")
    for item in items.get("bridge_vlan", ()):
        yield from _of_bridge(item)
    for item in items.get("vxlan", ()):
        if "remote" in item and "dev" not in item:
            entry = f"00:00:00:00:00:00 dev {item['name']} dst {item['remote']}"
            yield Drift("flood entry", f"{_bridge(item)} fdb del {entry}")
    yield from _of_tables(items)


def _of_bridge(item: Item) -> t.Iterator[Drift]:
    ip = _ip(item.get("netns", ""))
    if "vlan_filtering" in item:
        other = int(not item["vlan_filtering"])
        yield Drift("VLAN filtering", f"{ip} link set {item['name']} type bridge vlan_filtering {other}")
    yield from _of_vlans(item, f"dev {item['name']} self", _bridge(item))
    for port in item["ports"]:
        yield Drift("port", f"{ip} link set {port['name']} nomaster")
        yield from _of_vlans(port, f"dev {port['name']}", _bridge(item))


def _of_vlans(item: Item, dev: str, bridge: str) -> t.Iterator[Drift]:
    """Of a bridge or of a port: a VLAN that nobody has asked for, one that is gone, and one that has become another."""
    if "vlans" in item:
        yield Drift("VLAN added", f"{bridge} vlan add vid 7 pvid {dev}")
    for vlan in item.get("vlans", ()):
        flags = "" if vlan.get("pvid") or vlan.get("untagged") else "pvid untagged "
        yield Drift("VLAN", f"{bridge} vlan del vid {vlan['vid']} {dev}")
        yield Drift("flags of a VLAN", f"{bridge} vlan add vid {vlan['vid']} {flags}{dev}")


def _crossed(items: Items) -> set[str]:
    """Namespaces that are joined with others: what those have of it vanishes at some time after it was deleted."""
    found: set[str] = set()
    for kind in ("veth", "vxlan", "macvlan"):
        for item in items.get(kind, ()):
            here: str = item.get("netns", "")
            others: set[str] = {item.get("underlay", here), item.get("parent_netns", here)}
            others.add(item.get("peer", item).get("netns", ""))
            found |= {here, *others} if others != {here} else set()
    return found


def _of_tables(items: Items) -> t.Iterator[Drift]:
    for item in items.get("sysctl", ()):
        value = "1" if item["value"] == "0" else "0"
        if "netns" in item:  # what somebody has changed on the machine itself is given back
            yield Drift("setting", f"{_inside(item['netns'])}sysctl -qw {item['name']}={value}")
    for item in items.get("iptables_nat", ()):
        if "netns" in item:  # on the machine itself there are rules of others
            yield Drift("NAT", f"{_inside(item['netns'])}iptables -t nat -F")
    for item in items.get("route", ()):
        family = "-6" if ":" in item["dst"] + item.get("via", "") else "-4"
        metric = f" metric {item['metric']}" if "metric" in item else ""
        words = f"{item['dst']} table {item.get('table', 254)}{metric}"
        type_ = item.get("type", "unicast")
        yield Drift("route", f"{_ip(item.get('netns', ''))} {family} route del {type_} {words}")
