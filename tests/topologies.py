# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random topologies by hypothesis: any lab that the engine has to be able to make, as a user writes it.

Each of them is one that the kernel takes: gateways can be reached, what stands on an interface is no wider than that,
a port of a bridge has nothing else standing on it, and no Ethernet has a loop.
"""

from __future__ import annotations

import copy
import dataclasses
import typing as t

from hypothesis import strategies as st

Item = dict[str, t.Any]
Items = dict[str, list[Item]]
Key = tuple[str, str]

SPACES = ("a", "b", "c")
NAMES = ("v0", "v1", "v2", "v3")
#: With a neighbour that is nobody, in the same network.
ADDRESSES = {
    "192.0.2.1/24": "192.0.2.254",
    "192.0.2.2/24": "192.0.2.254",
    "2001:db8::1/64": "2001:db8::fe",
    "2001:db8::1/48": "2001:db8::fe",
    "10.0.0.1/8": "10.255.0.1",
}
TARGETS = ("10.1.0.0/16", "default", "2001:db8:9::/48")
#: All are wide enough for IPv6; those of cables are, too, when VXLAN has taken its headers.
MTUS = (1300, 1400, 9000)
CABLE_MTUS = (1400, 9000)
#: What VXLAN takes of an MTU at most, in bytes (IPv6, UDP, VXLAN, Ethernet).
HEADERS = 70
#: Rules of address translation with what iptables-save(8) shows of them, but for the mark.
NAT: tuple[tuple[Item, str], ...] = (
    ({"jump": "MASQUERADE", "source": "10.0.0.0/8"}, "-A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE"),
    (
        {"jump": "SNAT", "destination": "198.51.100.0/24", "to_source": "192.0.2.1"},
        "-A POSTROUTING -d 198.51.100.0/24 -j SNAT --to-source 192.0.2.1",
    ),
    (
        {"jump": "DNAT", "protocol": "tcp", "destination_port": "80", "to_destination": "192.0.2.2:8080"},
        "-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.0.2.2:8080",
    ),
    (
        {"jump": "REDIRECT", "protocol": "udp", "destination_port": "53", "to_ports": "5353"},
        "-A PREROUTING -p udp -m udp --dport 53 -j REDIRECT --to-ports 5353",
    ),
)
#: What a kernel that is simulated knows of.
SIMULATED = frozenset(("netns", "veth", "vxlan", "route", "sysctl"))
KINDS = SIMULATED | {"bridge_vlan", "macvlan", "iptables_nat"}


@dataclasses.dataclass
class _Draft:
    """A lab that is being drawn: its interfaces in the order of their making, and what stands on them already."""

    spaces: list[str]
    kinds: frozenset[str]
    #: Whether there is netem, and bridge VLAN filtering.
    netem: bool = True
    vlans: bool = True
    ends: list[Item] = dataclasses.field(default_factory=list)
    #: How wide each interface is, in bytes.
    widths: dict[Key, int] = dataclasses.field(default_factory=dict)
    partners: dict[Key, Key] = dataclasses.field(default_factory=dict)
    ports: set[Key] = dataclasses.field(default_factory=set)
    parents: set[Key] = dataclasses.field(default_factory=set)
    exclusive: set[Key] = dataclasses.field(default_factory=set)
    stations: set[Key] = dataclasses.field(default_factory=set)
    bridges: set[Key] = dataclasses.field(default_factory=set)

    @property
    def everywhere(self) -> list[str]:
        """The namespaces of the lab, and the root namespace."""
        return [*self.spaces, ""]

    def add(self, end: Item, natural: int) -> Item:
        """Note an interface, which has an MTU of C(natural) bytes where it declares none.

        Only cables have a larger one from their birth, which is when others are made to stand on them.
        """
        self.ends.append(end)
        mtu = end.get("mtu") or natural
        self.widths[key_of(end)] = mtu if key_of(end) in self.partners else min(mtu, natural, 1500)
        return end


def key_of(end: Item) -> Key:
    """The namespace and the name of an interface."""
    return end.get("netns", ""), end["name"]


def mac_of(key: Key, which: int) -> str:
    """An address that no other interface has."""
    return f"02:00:00:{which:02x}:{(*SPACES, '').index(key[0]):02x}:{NAMES.index(key[1]):02x}"


#: What can be done to the packets that an interface sends; of an option one value at least is no whole number. Delays
#: are multiples of 64 ns, in which tc(8) reckons when it shows them.
IMPAIRMENTS: dict[str, list[t.Any]] = {"delay": [0.48, 20], "loss": [0.1, 3], "rate": ["1500kbit", "1gbit"]}


def _interface(key: Key, mtus: t.Iterable[int], netem: bool) -> st.SearchStrategy[Item]:
    """The options of one end."""
    impairments = {name: st.sampled_from(found) for name, found in IMPAIRMENTS.items() if netem}
    return st.fixed_dictionaries(
        {
            "name": st.just(key[1]),
            "netns": st.just(key[0]),
            "addresses": _addresses(),
            "up": st.sampled_from([True, True, False]),
        },
        optional={
            "mtu": st.sampled_from(list(mtus)),
            "mac": st.sampled_from([mac_of(key, 1), mac_of(key, 2)]),
            "purge_addresses": st.booleans(),
            **impairments,
        },
    )


def _addresses() -> st.SearchStrategy[list[str]]:
    """Each once, since an interface has an IPv6 address with one prefix only."""
    return st.lists(st.sampled_from(list(ADDRESSES)), unique_by=lambda each: each.split("/")[0], max_size=3)


def _up_to(widest: int) -> list[int]:
    return [mtu for mtu in MTUS if mtu <= widest]


@st.composite
def topologies(draw: st.DrawFn, kinds: frozenset[str] = KINDS, netem: bool = True, vlans: bool = True) -> Items:
    """Labs over three namespaces and the root one, with names that meet again from lab to lab."""
    spaces = draw(st.lists(st.sampled_from(SPACES), unique=True))
    draft = _Draft(spaces, kinds, netem, vlans)
    keys = st.tuples(st.sampled_from(draft.everywhere), st.sampled_from(NAMES))
    free = draw(st.lists(keys, unique=True, max_size=10))
    fewest = max(0, (len(free) - 1) // 2 if kinds == SIMULATED else 0)  # what is left is one overlay or two
    pairs = draw(st.integers(fewest, max(fewest, len(free) // 2)))
    veth = [draw(_veth(draft, free.pop(), free.pop())) for _number in range(pairs)]
    shares: dict[str, list[Key]] = {"vxlan": [], "bridge_vlan": [], "macvlan": []}
    for key in free:
        cabled = any(space == key[0] for space, _name in draft.partners)
        often = ["bridge_vlan"] * 3 if cabled else []  # a bridge seldom finds a port otherwise
        shares[draw(st.sampled_from([kind for kind in [*shares, *often] if kind in kinds]))].append(key)
    items = {
        "netns": [{"name": name, "loopback": draw(st.sampled_from([None, True, False]))} for name in spaces],
        "veth": veth,
        "vxlan": [draw(_vxlan(draft, key, number)) for number, key in enumerate(shares["vxlan"])],
        "bridge_vlan": [draw(_bridge(draft, key)) for key in shares["bridge_vlan"]],
        "macvlan": [found for key in shares["macvlan"] if (found := draw(_macvlan(draft, key)))],
        "route": draw(_routes(draft)),
        "sysctl": draw(_sysctls(draft)),
        "iptables_nat": draw(_nat(draft)) if "iptables_nat" in kinds else [],
    }
    return {kind: [written(item) for item in found] for kind, found in items.items() if found}


@st.composite
def _veth(draw: st.DrawFn, draft: _Draft, near: Key, far: Key) -> Item:
    draft.partners.update({near: far, far: near})
    ends = [draft.add(draw(_interface(key, CABLE_MTUS, draft.netem)), 1500) for key in (near, far)]
    return {**ends[0], "peer": ends[1]}


@st.composite
def _vxlan(draw: st.DrawFn, draft: _Draft, key: Key, number: int) -> Item:
    underlay = draw(st.sampled_from(draft.everywhere))
    dev = draw(st.sampled_from([None, *(name for space, name in draft.partners if space == underlay)]))
    width = draft.widths[underlay, dev] - HEADERS if dev else max(MTUS)
    group = [{"group": "239.0.0.1"}] if dev else []
    flood = draw(st.sampled_from([{}, {"remote": "10.9.0.1"}, {"remote": "10.9.0.2"}, *group]))
    entry = {
        "mac": st.sampled_from(["00:00:00:00:00:00", "02:00:00:00:00:09"]),
        "dst": st.sampled_from(["10.9.0.1", "10.9.0.3"]),
    }
    entries = st.lists(
        st.fixed_dictionaries(entry), unique_by=lambda each: (each["mac"], each["mac"][:2] == "00" and each["dst"])
    )
    options = {
        "id": 10 * number + draw(st.integers(1, 3)),
        "underlay": underlay,
        "dev": dev,
        "ttl": draw(st.sampled_from([None, 5])),
        "local": draw(st.sampled_from([None, "10.9.0.9"])),
        "learning": draw(st.booleans()),
        "fdb": draw(st.none() | entries),
    }
    return {**draft.add(draw(_interface(key, _up_to(width), draft.netem)), min(width, 1500)), **options, **flood}


@st.composite
def _bridge(draw: st.DrawFn, draft: _Draft, key: Key) -> Item:
    """A bridge with ports of its namespace, of each cable one end at most: so there is no loop."""
    ports: list[Key] = []
    here = [each for each in map(key_of, draft.ends) if each[0] == key[0] and _can_join(each, draft)]
    for port in draw(st.permutations(here))[: draw(st.sampled_from([0, 1, 2, 3, 3, 3]))]:
        if _can_join(port, draft):
            ports.append(port)
            draft.ports.add(port)
    options = {
        "ports": [{"name": name, **draw(_vlans_of_port(draft.vlans))} for _space, name in ports],
        **draw(_vlans_of_bridge(draft.vlans)),
        "stp": draw(st.sampled_from([None, True, False])),
        "ageing_time": draw(st.sampled_from([None, 0, 60])),
        "multicast_snooping": draw(st.sampled_from([None, True, False])),
    }
    draft.bridges.add(key)
    narrowest = min((draft.widths[port] for port in ports), default=1500)
    end = draft.add(draw(_interface(key, MTUS, draft.netem)), narrowest)
    return {**end, **options}


#: The lowest and the highest number, that of the kernel's own VLAN among them.
VIDS = (1, 2, 100, 4094)


@st.composite
def _vlans_of_port(draw: st.DrawFn, possible: bool) -> Item:
    """The options of a port that are about VLANs; mostly they are given."""
    return {"vlans": draw(_vlans())} if possible and draw(st.sampled_from([True, True, True, False])) else {}


def _vlans_of_bridge(possible: bool) -> st.SearchStrategy[Item]:
    """The options of a bridge that are about VLANs."""
    options = {"vlan_filtering": st.sampled_from([True, True, False]), "vlans": _vlans()}
    return st.fixed_dictionaries({}, optional=options if possible else {})


@st.composite
def _vlans(draw: st.DrawFn) -> list[Item]:
    """None, or some, one PVID among them at most."""
    vids = draw(st.lists(st.sampled_from(VIDS), unique=True, max_size=3))
    pvid = draw(st.sampled_from([None, *vids]))
    others = st.fixed_dictionaries({}, optional={"pvid": st.just(False), "untagged": st.booleans()})
    return [{"vid": vid, **draw(others), **({"pvid": True} if vid == pvid else {})} for vid in vids]


def _can_join(port: Key, draft: _Draft) -> bool:
    return port not in draft.bridges | draft.ports and draft.partners.get(port) not in draft.ports


@st.composite
def _macvlan(draw: st.DrawFn, draft: _Draft, key: Key) -> Item | None:
    """A station on another interface, if there is one that is neither a port nor taken by itself."""
    possible = [each for each in map(key_of, draft.ends) if each not in draft.ports | draft.exclusive]
    possible = [each for each in possible if each not in draft.stations]
    if not possible:
        return None
    parent = draw(st.sampled_from(possible))
    alone = [] if parent in draft.parents else ["passthru"]
    mode = draw(st.sampled_from(["bridge", "private", "vepa", *alone]))
    draft.parents.add(parent)
    end = draw(_interface(key, _up_to(draft.widths[parent]), draft.netem))
    if mode == "passthru":  # it has the parent's MAC address, and shares each change of it
        draft.exclusive.add(parent)
        end.pop("mac", None)
    draft.stations.add(key)
    return {**draft.add(end, draft.widths[parent]), "parent": parent[1], "parent_netns": parent[0], "mode": mode}


@st.composite
def _routes(draw: st.DrawFn, draft: _Draft) -> list[Item]:
    """Routes over interfaces, by gateways, and to nowhere; of each destination, table and metric one."""
    routes: dict[t.Any, Item] = {}
    for end in draft.ends:
        if end["up"] and draw(st.booleans()):
            route = {"netns": end["netns"], **draw(_way(end)), **draw(_place_of_route())}
            routes.setdefault(_identity(route), route)
    for space in draw(st.lists(st.sampled_from(draft.everywhere), unique=True, max_size=2)):
        nowhere = st.sampled_from(["blackhole", "unreachable", "prohibit", "throw"])
        dst = draw(st.sampled_from(["10.2.0.0/16", "2001:db8:8::/48"]))
        route = {"netns": space, "dst": dst, "type": draw(nowhere), **draw(_place_of_route())}
        routes.setdefault(_identity(route), route)
    return list(routes.values())


def _place_of_route() -> st.SearchStrategy[Item]:
    return st.fixed_dictionaries({}, optional={"table": st.just(7), "metric": st.just(50)})


@st.composite
def _way(draw: st.DrawFn, end: Item) -> Item:
    """A destination over an interface, with or without a gateway and a source."""
    dst = draw(st.sampled_from(TARGETS))
    fitting = [each for each in end["addresses"] if (":" in each) == (":" in dst)]
    if not fitting or draw(st.booleans()):
        return {"dst": dst, "dev": end["name"]}
    address = draw(st.sampled_from(fitting))
    # the kernel takes no IPv6 address for a source before it knows that nobody else has it
    source = {"source": address.split("/")[0]} if ":" not in address and draw(st.booleans()) else {}
    dev = {"dev": end["name"]} if draw(st.booleans()) else {}
    return {"dst": dst, "via": ADDRESSES[address], **source, **dev}


def _identity(route: Item) -> t.Any:
    return route["netns"], route["dst"], ":" in str(route), route.get("table"), route.get("metric")


def _some(spaces: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(spaces), unique=True, max_size=3)


@st.composite
def _sysctls(draw: st.DrawFn, draft: _Draft) -> list[Item]:
    names = ["net.ipv4.ip_forward", *([] if draft.kinds == SIMULATED else ["net.ipv6.conf.all.forwarding"])]
    places = [(name, space) for name in names for space in draw(_some(draft.everywhere))]
    found = [{"netns": space, "name": name, "value": draw(st.sampled_from("01"))} for name, space in places]
    if draft.kinds == SIMULATED:
        return found
    for end in draft.ends:
        if draw(st.integers(0, 3)) == 3:
            name = f"net.ipv4.conf.{end['name']}.rp_filter"
            found.append({"netns": end["netns"], "name": name, "value": draw(st.sampled_from("012"))})
    return found


@st.composite
def _nat(draw: st.DrawFn, draft: _Draft) -> list[Item]:
    spaces = draw(st.lists(st.sampled_from(draft.everywhere), unique=True, max_size=2))
    names: list[list[str | None]] = [[None], ["x"], ["x", None]]
    sets = [(space, name) for space in spaces for name in draw(st.sampled_from(names))]
    rules = st.lists(st.sampled_from([item for item, _line in NAT]), min_size=1, unique_by=lambda each: each["jump"])
    return [{"netns": space, "name": name, "rules": draw(rules)} for space, name in sets]


@st.composite
def altered(draw: st.DrawFn, items: Items, vlans: bool = True) -> Items:
    """The same lab, with other addresses and VLANs, and without some of what does not matter to the rest."""
    found = copy.deepcopy(items)
    for end in ends_of(found):
        end["addresses"] = draw(_addresses())
        for name in IMPAIRMENTS.keys() & end.keys():
            if draw(st.booleans()):
                del end[name]
    found["route"] = [route for route in found.get("route", ()) if "via" not in route]
    for kind in ("route", "sysctl", "iptables_nat"):
        found[kind] = [item for item in found.get(kind, ()) if draw(st.booleans())]
    for item in found.get("bridge_vlan", ()):
        for name in ("vlan_filtering", "vlans"):
            item.pop(name, None)
        item.update(draw(_vlans_of_bridge(vlans)))
    draw(_ports_moved(found.get("bridge_vlan", []), vlans))
    for item in found.get("vxlan", ()):
        if draw(st.booleans()):
            item["fdb"] = item.pop("fdb", [])[1:]
    return {kind: left for kind, left in found.items() if left} or items


@st.composite
def _ports_moved(draw: st.DrawFn, bridges: list[Item], vlans: bool) -> None:
    """Ports stay, or leave, or go to another bridge of their namespace."""
    ports = [(item, port["name"]) for item in bridges for port in item["ports"]]
    for item in bridges:
        item["ports"] = []
    for item, name in ports:
        others = [other for other in bridges if other.get("netns") == item.get("netns")]
        bridge = draw(st.sampled_from([item, item, *others, None]))
        if bridge:
            bridge["ports"].append({"name": name, **draw(_vlans_of_port(vlans))})


def ends_of(items: Items) -> list[Item]:
    """The interfaces of a lab."""
    return [
        end
        for kind in ("veth", "vxlan", "bridge_vlan", "macvlan")
        for item in items.get(kind, ())
        for end in (item, *([item["peer"]] if kind == "veth" else []))
    ]


def written(options: Item) -> Item:
    """The options as a user writes them: what is not given is left out, and so is the root namespace."""
    given = {name: written(value) if name == "peer" else value for name, value in options.items()}
    return {name: value for name, value in given.items() if value is not None and (name, value) != ("netns", "")}
