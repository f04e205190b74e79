# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a topology asks for, and what ip(8), bridge(8), sysctl(8) and iptables-save(8) show: both in one form.

Nothing of the collection is used. What is shown is exact: also what is there and was not asked for is a difference.
"""

from __future__ import annotations

import collections
import re
import shlex
import typing as t
from unittest import mock

from topologies import IMPAIRMENTS, NAT, Item, Items, Key, key_of

if t.TYPE_CHECKING:
    from labmachine import LabMachine

#: Of each namespace by the kind of thing: what is asked for, or there.
Picture = dict[str, dict[str, t.Any]]
_Sets = t.Mapping[str, set[t.Any]]

_FAMILIES = {"-4": 4, "-6": 6}
_METRICS = {4: 0, 6: 1024}
_CHAINS = ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING")
_MARK = re.compile(r'-m comment --comment "?([^" ]+)"? ')
_UNKNOWN = "00:00:00:00:00:00"


def differences(machine: LabMachine, lab: str, items: Items, foreign: t.Collection[str]) -> list[str]:
    """What differs between a topology and the machine, one line each; `foreign` are other interfaces of the machine."""
    want, have = asked(lab, items), seen(machine, foreign)
    found = [f"namespaces: {sorted(want)} asked for, {sorted(have)} there"] if want.keys() != have.keys() else []
    for space in want.keys() & have.keys():
        for what in ("links", "routes", "nat"):
            found += _compared(f"{space or 'root'} {what}", want[space][what], have[space][what])
    for item in items.get("sysctl", ()):
        enter = ["ip", "netns", "exec", item["netns"]] if "netns" in item else []
        value = machine.run([*enter, "sysctl", "-n", item["name"]], check=False).stdout.strip()
        if value != item["value"]:
            found.append(f"{item}: is {value}")
    return found


def _compared(where: str, want: dict[t.Any, t.Any], have: dict[t.Any, t.Any]) -> list[str]:
    found = [f"{where}: {key} is not there" for key in want.keys() - have.keys()]
    found += [f"{where}: {key} is there: {have[key]}" for key in have.keys() - want.keys()]
    for key in want.keys() & have.keys():
        if not isinstance(want[key], dict):
            found += [f"{where}: {key} is {have[key]}, not {want[key]}"] if want[key] != have[key] else []
            continue
        for name, value in want[key].items():
            if have[key].get(name) != value:
                found.append(f"{where}: {key} {name} is {have[key].get(name)}, not {value}")
    return found


def asked(lab: str, items: Items) -> Picture:
    """What a topology says, and what the kernel makes of what it leaves out."""
    spaces = ["", *(item["name"] for item in items.get("netns", ()))]
    found: Picture = {space: {"links": {}, "routes": {}, "nat": {}} for space in spaces}
    _ask_links(lab, items, found)
    for item in items.get("route", ()):
        key, given = _route(item)
        found[item.get("netns", "")]["routes"][key] = given
    for item in items.get("iptables_nat", ()):
        mark = "/".join([f"tcpip.lab:{lab}", *([item["name"]] if "name" in item else [])])
        lines = [line for given in item["rules"] for rule, line in NAT if rule == given]
        found[item.get("netns", "")]["nat"][mark] = sorted(lines, key=lambda line: _CHAINS.index(line.split()[1]))
    return found


def _ask_links(lab: str, items: Items, found: Picture) -> None:
    for item in items.get("netns", ()):
        lo: Item = {"alias": f"tcpip.lab:{lab}"}
        found[item["name"]]["links"]["lo"] = lo
        if item.get("loopback") is not None:
            lo["up"] = item["loopback"]
        if lo.get("up"):
            lo["addresses"] = {"127.0.0.1/8", "::1/128"}
    for kind in ("veth", "vxlan", "bridge_vlan", "macvlan"):
        for item in items.get(kind, ()):
            for end in (item, *([item["peer"]] if kind == "veth" else [])):
                space, name = key_of(end)
                found[space]["links"][name] = {"alias": f"tcpip.lab:{lab}", **_end(kind, end, item)}
    for item in items.get("bridge_vlan", ()):
        for port in item["ports"]:
            link = found[item.get("netns", "")]["links"][port["name"]]
            link.update(master=item["name"], **_asked_vlans(port))


def _end(kind: str, end: Item, item: Item) -> Item:
    given: Item = {name: end[name] for name in ("mtu", "mac") if name in end}
    given["netem"] = {name: _RATES[end[name]] if name == "rate" else end[name] for name in IMPAIRMENTS if name in end}
    found = {"kind": kind.partition("_")[0], "up": end["up"], "addresses": set(end["addresses"]), "master": None}
    return {**found, **given, **_ASKED[kind](item, end)}


#: In bits a second.
_RATES = {"1500kbit": 1_500_000, "1gbit": 1_000_000_000}


def _asked_veth(item: Item, end: Item) -> Item:
    return {"peer": key_of(item["peer"] if end is item else item)}


def _asked_vxlan(item: Item, _end: Item) -> Item:
    flood = item.get("remote") or item.get("group")
    entries = {(entry["mac"], entry["dst"]) for entry in item.get("fdb", ())}
    return {
        "id": item["id"],
        "flood": flood,
        "local": item.get("local"),
        "ttl": item.get("ttl", 0),
        "learning": item["learning"],
        "base": item.get("underlay", item.get("netns", "")),
        "dev": item.get("dev"),
        "fdb": entries | ({(_UNKNOWN, flood)} if flood else set()),
    }


def _asked_bridge(item: Item, _end: Item) -> Item:
    names = {"stp": "stp", "multicast_snooping": "snooping", "ageing_time": "ageing", "vlan_filtering": "filtering"}
    return {**{ours: item[name] for name, ours in names.items() if name in item}, **_asked_vlans(item)}


def _asked_vlans(item: Item) -> Item:
    """Of a bridge or of a port, if they are managed: the number of each, whether it is the PVID, and untagged."""
    if "vlans" not in item:
        return {}
    return {"vlans": {(each["vid"], each.get("pvid", False), each.get("untagged", False)) for each in item["vlans"]}}


def _asked_macvlan(item: Item, _end: Item) -> Item:
    return {"parent": (item.get("parent_netns", item.get("netns", "")), item["parent"]), "mode": item["mode"]}


_ASKED: dict[str, t.Callable[[Item, Item], Item]] = {
    "veth": _asked_veth,
    "vxlan": _asked_vxlan,
    "bridge_vlan": _asked_bridge,
    "macvlan": _asked_macvlan,
}


def _route(item: Item) -> tuple[t.Any, Item]:
    family = 6 if ":" in item["dst"] + item.get("via", "") else 4
    key = (family, item["dst"], item.get("table", 254), item.get("metric", _METRICS[family]))
    given: Item = {name: item[name] for name in ("dev", "source") if name in item}
    return key, {"type": item.get("type", "unicast"), "via": item.get("via"), **given}


def seen(machine: LabMachine, foreign: t.Collection[str]) -> Picture:
    """What there is in all namespaces, less lo and `foreign` in the root one."""
    spaces = ["", *(each["name"] for each in machine.json(["ip", "-j", "netns"]))]
    links = {space: machine.json(["ip", *_inside(space), "-j", "-d", "addr"]) for space in spaces}
    names = {(space, link["ifindex"]): link["ifname"] for space in spaces for link in links[space]}
    found: Picture = {}
    for space in spaces:
        others = _others(machine, space)
        fdb = _fdb(machine, space) if any(_kind(link) == "vxlan" for link in links[space]) else {}
        vlans = _vlans(machine, space) if any(_kind(link) == "bridge" for link in links[space]) else {}
        hidden = foreign if space else {*foreign, "lo"}
        netems = _netems(machine, space) if any(link["qdisc"] == "netem" for link in links[space]) else {}
        shown = {
            link["ifname"]: {**_shown(link, space, others, names), **_tables(link["ifname"], fdb, netems, vlans)}
            for link in links[space]
            if link["ifname"] not in hidden
        }
        found[space] = {"links": shown, "routes": _routes(machine, space, hidden), "nat": _nat(machine, space)}
    return found


def _inside(space: str) -> list[str]:
    return ["-n", space] if space else []


def _kind(link: Item) -> str:
    kind: str = link.get("linkinfo", {}).get("info_kind", "")
    return kind


def _others(machine: LabMachine, space: str) -> dict[int, str]:
    """The names of the namespaces by the numbers that they have in this one; without a name it is the root one."""
    listed = machine.json(["ip", *_inside(space), "-j", "netns", "list-id"])
    return {each["nsid"]: each.get("name", "") for each in listed}


def _shown(link: Item, space: str, others: dict[int, str], names: dict[tuple[str, int], str]) -> Item:
    addresses = {f"{each['local']}/{each['prefixlen']}" for each in link["addr_info"]}
    found = {
        "kind": _kind(link),
        "alias": link.get("ifalias"),
        "up": "UP" in link["flags"],
        "addresses": {each for each in addresses if not each.startswith("fe80:")},
        "mtu": link["mtu"],
        "mac": link["address"],
        "master": link.get("master"),
    }
    base = others[link["link_netnsid"]] if "link_netnsid" in link else space
    numbers = {name: number for (where, number), name in names.items() if where == space}
    below = link.get("link_index") or numbers.get(link.get("link", ""))
    data = link.get("linkinfo", {}).get("info_data", {})
    if found["kind"] in {"veth", "macvlan"}:
        key: Key = (base, names.get((base, below or 0), ""))
        return {**found, "peer": key, "parent": key, "mode": data.get("mode")}
    if found["kind"] == "bridge":
        # While the spanning tree changes, the kernel shortens it and does not tell what it was.
        ageing = mock.ANY if data["topology_change"] else data["ageing_time"] // 100
        flags = {"stp": "stp_state", "snooping": "mcast_snooping", "filtering": "vlan_filtering"}
        return {**found, **{ours: bool(data[name]) for ours, name in flags.items()}, "ageing": ageing}
    if found["kind"] == "vxlan":
        dev = data.get("link", "")  # by a number of the underlay, that ip(8) takes for one of this namespace
        number = int(dev[2:]) if re.fullmatch(r"if\d+", dev) else numbers.get(dev, 0)
        found |= {name: data.get(name) for name in ("id", "ttl", "learning", "local")}
        return {**found, "base": base, "dev": names.get((base, number)), "flood": data.get("remote", data.get("group"))}
    return found


def _tables(name: str, fdb: _Sets, netems: t.Mapping[str, Item], vlans: _Sets) -> Item:
    return {"fdb": fdb.get(name, set()), "netem": netems.get(name, {}), "vlans": vlans.get(name, set())}


def _netems(machine: LabMachine, space: str) -> dict[str, Item]:
    found = {}
    for qdisc in machine.json(["tc", *_inside(space), "-j", "qdisc"]):
        given = qdisc.get("options", {})
        if qdisc["kind"] == "netem":
            shown = {
                "delay": given.get("delay", {}).get("delay", 0) * 1000,  # in seconds
                "loss": given.get("loss-random", {}).get("loss", 0) * 100,  # as a share
                "rate": given.get("rate", {}).get("rate", 0) * 8,  # in bytes a second
            }
            found[qdisc["dev"]] = {name: round(value, 6) for name, value in shown.items() if value}
    return found


def _vlans(machine: LabMachine, space: str) -> dict[str, set[tuple[int, bool, bool]]]:
    """Of bridges and ports. What is in none is not shown."""
    return {
        link["ifname"]: {
            (each["vlan"], "PVID" in each.get("flags", ()), "Egress Untagged" in each.get("flags", ()))
            for each in link["vlans"]
        }
        for link in machine.json(["bridge", *_inside(space), "-j", "vlan"])
    }


def _fdb(machine: LabMachine, space: str) -> dict[str, set[tuple[str, str]]]:
    found: dict[str, set[tuple[str, str]]] = collections.defaultdict(set)
    for entry in machine.json(["bridge", *_inside(space), "-j", "fdb"]):
        if "dst" in entry and entry["state"] == "permanent":
            found[entry["ifname"]].add((entry["mac"], entry["dst"]))
    return found


def _routes(machine: LabMachine, space: str, hidden: t.Collection[str]) -> dict[t.Any, Item]:
    """The routes that somebody has made: not those that the kernel makes of addresses."""
    found = {}
    for option, family in _FAMILIES.items():
        for each in machine.json(["ip", *_inside(space), "-j", "-N", option, "route", "show", "table", "all"]):
            nowhere = each.get("type", "1") != "1"
            if each.get("protocol") == "2" or (each.get("dev") in hidden and not nowhere) or each.get("table") == "255":
                continue
            key = (family, each["dst"], int(each.get("table", 254)), each.get("metric", 0))
            dev, source = each.get("dev"), each.get("prefsrc")
            type_ = _TYPES[each.get("type", "1")]
            found[key] = {"type": type_, "via": each.get("gateway"), "dev": dev, "source": source}
    return found


#: RTN_* of linux/rtnetlink.h.
_TYPES = {"1": "unicast", "6": "blackhole", "7": "unreachable", "8": "prohibit", "9": "throw"}


def _nat(machine: LabMachine, space: str) -> dict[str, list[str]]:
    """The rules with a mark, by their marks."""
    enter = ["ip", "netns", "exec", space] if space else []
    found: dict[str, list[str]] = collections.defaultdict(list)
    for line in machine.run([*enter, "iptables-save", "-t", "nat"]).stdout.splitlines():
        mark = _MARK.search(line)
        if mark:
            found[mark.group(1)].append(shlex.join(shlex.split(_MARK.sub("", line))))
    return found
