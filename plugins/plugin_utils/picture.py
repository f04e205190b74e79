# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be seen in a picture of a lab: boxes with interfaces, and links between these. Pure.

It is made of a topology, or of what lab_info tells of a lab. How it is drawn is no matter of this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Callable

from ansible_collections.tcpip.lab.plugins.module_utils import impairment, merging, options, topology, values
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError, understood
from ansible_collections.tcpip.lab.plugins.module_utils.kinds.interface import IMPAIRMENTS, is_link_local

from . import view
from .view import End, end

Items = Mapping[str, Sequence[Mapping[str, Any]]]
_Impairments = Callable[[Mapping[str, Any]], "dict[str, Any]"]

#: What is drawn in colour, and has this word: what is not as it was declared, what was declared and is not there, where
#: a check failed.
CHANGED, MISSING, FAILED = "changed", "missing", "failed"
MEANINGS = {CHANGED: "not as declared", MISSING: "declared, and not there", FAILED: "a check failed here"}
LEFT, RIGHT = "left", "right"
#: A cable between two machines, which is a VXLAN in truth.
CROSSING = "crossing"
#: So many boxes are side by side at most. What is longer goes back below, as pages are longer than wide.
_ROW = 8
#: So many characters fit into a row on a page, and so many are the borders of a box and the line to the next one. A
#: chain has shorter rows if its boxes are wide, lest it become too small to be read: of three boxes at least.
_PAGE, _BETWEEN, _LEAST = 170, 10, 3
#: What has at most so many boxes at each distance from its first is a chain.
_LEAVES = 3
#: What goes without saying: the MTU of Ethernet (RFC 894).
_USUAL_MTU = 1500
_FORWARDING = {
    "net.ipv4.ip_forward": "forwards IPv4",
    "net.ipv4.conf.all.forwarding": "forwards IPv4",
    "net.ipv6.conf.all.forwarding": "forwards IPv6",
}


@dataclass
class Part:
    """An interface, or a switch within a box: its name, and lines about it. C(switch): it is a port of that one.

    A bridge is both, a learning switch in user space (C(process)) is no interface.
    """

    name: str
    lines: list[str] = field(default_factory=list)
    mark: str = ""
    switch: str = ""
    process: bool = False


@dataclass
class Box:
    """A namespace, the root namespace, or (C(shared)) an overlay that has more or fewer than two ends."""

    name: str
    title: str
    machine: str = ""
    parts: dict[str, Part] = field(default_factory=dict)
    switches: dict[str, Part] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    mark: str = ""
    shared: bool = False

    @property
    def interfaces(self) -> dict[str, Part]:
        """All that a line can end at, bridges first."""
        return {name: part for name, part in self.switches.items() if not part.process} | self.parts


@dataclass(frozen=True)
class Link:
    """A line from one interface to another in another box, or to a shared box, which has no interfaces.

    C(kind) is C(veth), C(vxlan), C(macvlan), or CROSSING.
    """

    kind: str
    tail: End
    head: End
    label: str = ""
    mark: str = ""
    #: The sides of the boxes that it ends at.
    sides: tuple[str, str] = (RIGHT, LEFT)
    #: Whether both boxes are in one column, since a row has come to its end or since they are as far from the first.
    level: bool = False


@dataclass
class Picture:
    """Boxes in the order of the topology, and links."""

    boxes: list[Box]
    links: list[Link]

    @property
    def frames(self) -> dict[str, list[Box]]:
        """The boxes by the machines that they are on, "" for those that are on none that is known."""
        machines = dict.fromkeys(box.machine for box in self.boxes)
        return {machine: [box for box in self.boxes if box.machine == machine] for machine in machines}

    @property
    def marks(self) -> list[str]:
        """Those that are to be explained."""
        parts = [part for box in self.boxes for part in (*box.parts.values(), *box.switches.values())]
        found = {*(box.mark for box in self.boxes), *(part.mark for part in parts)}
        return [mark for mark in MEANINGS if mark in found]


def of(given: Any, machines: Mapping[str, str] | None = None, failed: Iterable[str] | None = None) -> Picture:
    """The picture of a topology, or of one lab of those that lab_info tells of.

    C(machines) is on which machine each namespace is, C(failed) are those in which a check has failed, "" being the
    root namespace. Raises LabError, with the place of the first fault.
    """
    if not isinstance(machines, (Mapping, type(None))):
        raise LabError(f"{machines!r:.80} is not a mapping of namespaces to machines", "machines")
    if isinstance(failed, str) or not isinstance(failed, (Iterable, type(None))):
        raise LabError(f"{failed!r:.80} is not a list of namespaces", "failed")
    with understood("the lab"):
        found = _of(given, {str(name): str(machine) for name, machine in (machines or {}).items()})
    marked = {str(name) for name in failed or ()}
    for box in found.boxes:
        if box.name in marked:
            box.mark = FAILED
    return found


def _of(given: Any, machines: Mapping[str, str]) -> Picture:
    if not isinstance(given, Mapping):
        raise LabError(f"{given!r:.80} is neither a topology nor a lab of those that tcpip.lab.lab_info tells of")
    if "live" in given:
        return _Drawing(_Seen.live(given), machines).picture()
    for kind in given:
        if kind not in merging.IDENTITIES and kind != "name":
            raise LabError("is not a kind of resource", str(kind))
    items = {kind: items for kind, items in given.items() if kind != "name" and items}
    topology.parse(items)
    return _Drawing(_Seen.declared(topology.normal(items)), machines).picture()


@dataclass(frozen=True)
class _Seen:
    """What is to be drawn; C(missing) are ends and namespaces that are not there, C(drift) lines that differ.

    C(stations) are the interfaces that were declared with a MAC address. Others have some, of which nothing is said.
    """

    items: Items
    others: Sequence[Mapping[str, Any]] = ()
    missing: frozenset[Any] = frozenset()
    drift: Sequence[str] = ()
    stations: frozenset[End] = frozenset()

    @classmethod
    def declared(cls, items: Items) -> _Seen:
        """What is to be there by a topology."""
        return cls(_told(items, _declared), stations=_stations(items))

    @classmethod
    def live(cls, lab: Mapping[str, Any]) -> _Seen:
        """What is there of a lab, and what was declared and is not there."""
        live, declared = lab["live"], lab.get("declared") or {}
        others = lab["others"]["links"]
        wanted = topology.normal({kind: items for kind, items in declared.items() if kind in ("netns", *view.LINKS)})
        missing = _names(wanted, ()) - _names(live, others)
        lines = [line for step in lab.get("drift") or () for line in (*step["before"], *step["after"])]
        items = merging.merge([_told(wanted, _declared), _told(live, _live)])
        return cls(items, others, frozenset(missing), lines, _stations(wanted))


def _stations(items: Items) -> frozenset[End]:
    return frozenset(end(item) for _kind, item in view.ends(items, ()) if item.get("mac"))


def _names(items: Items, others: Iterable[Mapping[str, Any]]) -> set[Any]:
    spaces = {item["name"] for item in items.get("netns") or ()}
    return {*spaces, *(end(item) for _kind, item in view.ends(items, others))}


def _told(items: Items, impairments: _Impairments) -> Items:
    """The items, and of each interface all impairments, so that what is there is nothing of what was declared."""
    return {
        kind: [_interface(item, impairments) for item in found] if kind in view.LINKS else found
        for kind, found in items.items()
    }


def _interface(item: Mapping[str, Any], impairments: _Impairments) -> dict[str, Any]:
    peer = {"peer": _interface(item["peer"], impairments)} if "peer" in item else {}
    return {**item, **dict.fromkeys(IMPAIRMENTS), **impairments(item), **peer}


def _declared(item: Mapping[str, Any]) -> dict[str, Any]:
    """The impairments that an interface was declared with, as lab_info tells them of one that has them."""
    asked = options.read(_live(item), IMPAIRMENTS, "")
    return impairment.options(impairment.netem(**asked) or impairment.NOTHING)


def _live(item: Mapping[str, Any]) -> dict[str, Any]:
    """The impairments that lab_info tells of an interface. Somebody's own may be beyond what can be declared."""
    return {name: item.get(name) for name in IMPAIRMENTS}


class _Drawing:
    """Boxes and links while they are found."""

    def __init__(self, seen: _Seen, machines: Mapping[str, str]) -> None:
        self._seen, self._machines = seen, machines
        self._boxes: dict[str, Box] = {}
        self._links: list[Link] = []

    def picture(self) -> Picture:
        """All of it."""
        for item in self._of("netns"):
            box = self._box(item["name"])
            box.notes += ["lo up"] if item.get("loopback") else []
        self._add_interfaces()
        self._add_ports()
        self._add_notes()
        self._add_links()
        self._add_marks()
        return _arranged(list(self._boxes.values()), self._links)

    def _of(self, kind: str) -> Sequence[Mapping[str, Any]]:
        return self._seen.items.get(kind) or ()

    def _box(self, name: str | None) -> Box:
        name = name or ""
        title = name or "the machine itself"
        return self._boxes.setdefault(name, Box(name, title, self._machines.get(name, "")))

    def _part(self, key: End) -> Part:
        """The interface, also one that is only named, such as the machine's own."""
        box = self._box(key[0])
        return box.interfaces.get(key[1]) or box.parts.setdefault(key[1], Part(key[1]))

    def _add_interfaces(self) -> None:
        for kind, item in view.ends(self._seen.items, self._seen.others):
            box = self._box(item.get("netns"))
            parts = box.switches if kind == "bridge_vlan" else box.parts
            parts[item["name"]] = Part(item["name"], list(_lines(kind, item, end(item) in self._seen.stations)))
        for switch in self._of("vswitch"):
            found = Part(switch["name"], ["learning switch"], process=True)
            self._box(switch.get("netns")).switches[switch["name"]] = found
        for client in self._of("dhcp_client"):
            self._part((client.get("netns") or "", client["dev"])).lines.append("DHCP client")

    def _add_ports(self) -> None:
        for bridge in self._of("bridge_vlan"):
            for port in bridge.get("ports") or ():
                part = self._part((bridge.get("netns") or "", port["name"]))
                part.switch = bridge["name"]
                part.lines += _vlans(port) if bridge.get("vlan_filtering") else []
        for switch in self._of("vswitch"):
            for name in switch.get("ports") or ():
                self._part((switch.get("netns") or "", name)).switch = switch["name"]

    def _add_notes(self) -> None:
        for kind, note in _NOTES.items():
            for item in self._of(kind):
                self._box(item.get("netns")).notes += note(item)

    def _add_links(self) -> None:
        for item in self._of("veth"):
            if "peer" in item:
                self._link("veth", end(item), end(item["peer"]))
        for item in self._of("macvlan"):
            space = item.get("parent_netns", item.get("netns"))
            if item.get("parent"):  # which is not known if it is in a namespace that was not looked into
                self._link("macvlan", (space or "", item["parent"]), end(item))
        for (vni, island, port), ends in self._overlays().items():
            self._overlay(f"VNI {vni}", ends, f"/{vni} {island} {port}")  # which is no name of a namespace

    def _overlays(self) -> dict[tuple[Any, ...], list[End]]:
        """The ends of each VXLAN. Of one VNI are those whose underlays are joined, and that send to the same port."""
        islands = _islands(_joined(self._boxes, self._links))
        found: dict[tuple[Any, ...], list[End]] = {}
        for item in self._of("vxlan"):
            underlay = item.get("underlay", item.get("netns")) or ""
            key = (item["id"], islands.get(underlay, underlay), item.get("dstport"))
            found.setdefault(key, []).append(end(item))
        return found

    def _overlay(self, label: str, ends: Sequence[End], name: str) -> None:
        if len(ends) == 2:
            self._link("vxlan", ends[0], ends[1], label)
            return
        self._boxes[name] = Box(name, label, shared=True)
        for each in ends:
            self._link("vxlan", each, (name, ""))

    def _link(self, kind: str, one: End, other: End, label: str = "") -> None:
        if one[0] == other[0]:
            self._say(kind, one, other)
            return
        places = [self._machines.get(each[0], "") for each in (one, other)]
        if kind == "veth" and all(places) and places[0] != places[1]:
            kind = CROSSING
        for key in (one, other):
            if not self._box(key[0]).shared:
                self._part(key)
        mark = MISSING if {one, other} & self._seen.missing else ""
        self._links.append(Link(kind, one, other, label, mark))

    def _say(self, kind: str, one: End, other: End) -> None:
        """Within a box a line would be over other things, so it is said. Others than cables say it by themselves."""
        if kind == "veth":
            self._part(one).lines.append(f"cable to {other[1]}")
            self._part(other).lines.append(f"cable to {one[1]}")

    def _add_marks(self) -> None:
        for line in self._seen.drift:
            self._mark(line)
        for box in self._boxes.values():
            for part in (*box.parts.values(), *box.switches.values()):
                if (box.name, part.name) in self._seen.missing:
                    part.mark = MISSING
            if box.name in self._seen.missing:
                box.mark = MISSING

    def _mark(self, line: str) -> None:
        """Mark what a line of the drift is about: an interface if it begins with one or with its kind, else the box."""
        space, _colon, rest = line.partition(": ")
        words = rest.split(" ")
        if space not in self._boxes:  # the root namespace goes without saying
            space, words = "", line.split(" ")
        box = self._boxes.get(words[1] if words[0] == "namespace" else space)
        if box:
            known = {**box.parts, **box.switches}
            found = [known[word] for word in words[:2] if word in known]
            (found[0] if found else box).mark = CHANGED


def _lines(kind: str, item: Mapping[str, Any], station: bool) -> Iterator[str]:
    """What is said of an interface, with its MAC address if C(station)."""
    if kind == "bridge_vlan":
        yield "bridge"
        yield from _vlans(item) if item.get("vlan_filtering") else ()
    elif kind == "vxlan":
        yield f"VNI {item['id']}" + (f" over {item['dev']}" if item.get("dev") else "")
    elif kind == "macvlan":
        yield f"macvlan on {item['parent']}" if item.get("parent") else "macvlan"
    elif kind != "veth" and kind:
        yield kind
    if station and item.get("mac"):
        yield str(item["mac"])
    yield from (str(each) for each in item.get("addresses") or () if not is_link_local(each))
    if item.get("mtu") not in (None, _USUAL_MTU):
        yield f"MTU {item['mtu']}"
    yield from _sent(item)
    if item.get("up") is False:
        yield "down"


def _sent(item: Mapping[str, Any]) -> list[str]:
    """What is done to what an interface sends, in one line, in the units of the options."""
    delay, jitter, loss, rate = (item.get(name) for name in ("delay", "jitter", "loss", "rate"))
    found = [f"{delay or 0} ms" + (f" ±{jitter}" if jitter else "")] if delay or jitter else []
    found += [f"loss {loss} %"] if loss else []
    found += [re.sub(r"(\d+)", r"\1 ", str(rate))] if rate else []
    return [", ".join(found)] if found else []


def _vlans(item: Mapping[str, Any]) -> list[str]:
    """The VLANs of a port: those without a tag, and those with one."""
    vlans = item.get("vlans") or ()
    plain = _runs(int(each["vid"]) for each in vlans if each.get("untagged"))
    tagged = _runs(int(each["vid"]) for each in vlans if not each.get("untagged"))
    return [f"{words} {found}" for words, found in (("VLAN", plain), ("tagged VLAN", tagged)) if found]


def _runs(numbers: Iterable[int]) -> str:
    """The numbers, from three that follow each other only the first and the last: C(1, 2, 10-39)."""
    runs: list[list[int]] = []
    for each in sorted(numbers):
        if runs and each == runs[-1][-1] + 1:
            runs[-1].append(each)
        else:
            runs.append([each])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs)


def _settings(item: Mapping[str, Any]) -> list[str]:
    said = _FORWARDING.get(str(item["name"]).replace("/", "."))
    return [said] if said and str(item.get("value")) == "1" else []


def _routes(item: Mapping[str, Any]) -> list[str]:
    """A default route, nearly as ip-route(8) words it."""
    if not values.is_default(item.get("dst")):
        return []
    table = item.get("table", merging.MAIN_TABLE)
    beside = "" if table == merging.MAIN_TABLE else f" in table {table}"
    ways = [f"{word} {item[word]}" for word in ("via", "dev") if item.get(word)]
    return [f"default {ways[0] if ways else item.get('type')}{beside}"]


def _nat(item: Mapping[str, Any]) -> list[str]:
    return [_rule(rule) for rule in item.get("rules") or ()]


def _rule(rule: Mapping[str, Any]) -> str:
    """A rule of address translation, in one line: what it means, and what becomes of that.

    Which side it rewrites is what it is about, and goes without a word before it.
    """
    source, destination = _hosts(rule.get("source")), _hosts(rule.get("destination"))
    about_source = rule["jump"] in ("MASQUERADE", "SNAT")
    target = _target("" if about_source else destination, rule.get("destination_port"), rule.get("protocol"))
    words = [
        ("{}" if about_source else "from {}", source),
        ("source port {}", rule.get("source_port")),
        ("to {}", destination if about_source else ""),
        ("{}", target),
        ("in {}", rule.get("in_interface")),
        ("out {}", rule.get("out_interface")),
        ("→ {}", rule.get("to_source") or rule.get("to_destination") or _port(rule.get("to_ports"))),
    ]
    return " ".join([rule["jump"], *(form.format(value) for form, value in words if value)])


def _hosts(networks: str | None) -> str:
    """The networks, of which a single host has no prefix."""
    each = (networks or "").split(",")
    return ",".join(network.removesuffix("/128" if ":" in network else "/32") for network in each)


def _target(destination: str, port: Any, protocol: Any) -> str:
    """As in C(203.0.113.254:80/tcp), C([2001:db8::1]:80/tcp), C(port 80/tcp), or C(tcp)."""
    host = f"[{destination}]" if port and ":" in destination else destination
    place = (f"{host}:{port}" if host else _port(port)) if port else host
    return "/".join(str(each) for each in (place, protocol) if each)


def _port(port: Any) -> str:
    return f"port {port}" if port else ""


def _dnsmasq(item: Mapping[str, Any]) -> list[str]:
    ranges = [f"DHCP: {each['start']} to {each['end']}" for each in item.get("ranges") or ()]
    return [*ranges, "DNS server"] if item.get("dns") else ranges


#: The lines about a namespace, by the kind of the items that they are of.
_NOTES: Mapping[str, Any] = {
    "sysctl": _settings,
    "route": _routes,
    "iptables_nat": _nat,
    "dnsmasq_dhcp": _dnsmasq,
    "process": lambda item: [f"process {item['name']}"],
    "capture": lambda item: [f"capture {item['name']}"],
}


def _arranged(boxes: list[Box], links: Iterable[Link]) -> Picture:
    """The picture with its links in one direction, from left to right, and row by row back and forth."""
    found = list(links)
    near = _distances(boxes, found)
    row = _row(boxes, near)
    places = {name: divmod(distance, row) for name, distance in near.items()}
    columns = {name: row - 1 - place if below % 2 else place for name, (below, place) in places.items()}
    order = {box.name: (columns[box.name], i) for i, box in enumerate(boxes)}
    rows = {name: below for name, (below, _place) in places.items()}
    return Picture(boxes, [_turned(link, rows, order) for link in found])


def _row(boxes: Sequence[Box], near: Mapping[str, int]) -> int:
    """How many boxes are side by side: as many as a page is wide for, if it is a chain, perhaps with leaves.

    Of a tree, much would be side by side in the column where a row ends.
    """
    length = 1 + max(near.values(), default=0)
    if len(boxes) > _LEAVES * length:
        return _ROW
    return max(_LEAST, min(_ROW, _PAGE // (_BETWEEN + max(map(_width, boxes), default=0))))


def _width(box: Box) -> int:
    """About how many characters a box is wide: an interface on either side."""
    parts = sorted(max(map(len, (part.name, *part.lines))) for part in box.parts.values())
    return max(sum(parts[-2:]), len(box.title))


def _turned(link: Link, rows: Mapping[str, int], order: Mapping[str, tuple[int, int]]) -> Link:
    """The link from left to right, or from one box of a column to another."""
    if order[link.tail[0]] > order[link.head[0]]:
        link = replace(link, tail=link.head, head=link.tail)
    column, other = order[link.tail[0]][0], order[link.head[0]][0]
    same = rows[link.tail[0]] == rows[link.head[0]]
    if column != other or (same and link.kind != "vxlan"):
        return link
    side = RIGHT if column or same else LEFT
    return replace(link, sides=(side, side), level=True)


def _distances(boxes: Sequence[Box], links: Sequence[Link]) -> dict[str, int]:
    """How many links each box is from the first of those that it is joined to.

    What the ends of an overlay have in common is behind them.
    """
    joined = _joined((box.name for box in boxes), links)
    near: dict[str, int] = {}
    for start in joined:
        ring = [] if start in near else _like(start, joined)
        distance = 0
        while ring:
            near.update(dict.fromkeys(ring, distance))
            ring = list(dict.fromkeys(other for name in ring for other in joined[name] if other not in near))
            distance += 1
    for box in boxes:
        if box.shared:
            near[box.name] = 1 + max(near[link.tail[0]] for link in links if link.head[0] == box.name)
    return near


def _joined(names: Iterable[str], links: Iterable[Link]) -> dict[str, list[str]]:
    """What each box is joined to. Overlays are no way."""
    joined: dict[str, list[str]] = {name: [] for name in names}
    for link in links:
        if link.kind != "vxlan":
            joined[link.tail[0]].append(link.head[0])
            joined[link.head[0]].append(link.tail[0])
    return joined


def _islands(joined: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Of each box the first one of those that it is joined to, by whatever way."""
    found: dict[str, str] = {}
    for start in joined:
        waiting = [start]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found[name] = start
                waiting += joined[name]
    return found


def _like(start: str, joined: Mapping[str, Sequence[str]]) -> list[str]:
    """The box, and those that are joined to the same ones, if they are several: the spines of a fabric."""
    ways = set(joined[start])
    return [name for name, others in joined.items() if name == start or (len(ways) > 1 and set(others) == ways)]
