# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the namespaces of this machine hold, as ip(8) and the packet filters tell it.

Checks look through the tools that the learner has, not through the engine that built the lab: an independent witness,
whose lines are evidence that anybody can reproduce. It is also quicker than loading a netlink library for two facts.
"""

from __future__ import annotations

import errno
import ipaddress
import json
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from .. import namespaces
from ..errors import LabError, understood
from ..lean import dataclass
from ..namespaces import inside
from ..output import output_of
from ..requirements import IPROUTE2
from ..state import ROOT
from .subject import family

if TYPE_CHECKING:
    from collections.abc import Iterable


#: How long the state of an interface may lag behind, in seconds, and how often it is looked at then.
_SETTLE_S, _PAUSE_S = 1.2, 0.05


@dataclass(frozen=True)
class Interface:
    """One interface. C(peer) is the index of its other end or parent, C(peer_id) the number by which its
    namespace knows the one that lives in (None: its own). C(settling) are addresses that cannot be used yet, or never,
    because duplicate address detection (RFC 4862) has not ended well.
    """

    netns: str
    index: int
    name: str
    kind: str = ""
    flags: tuple[str, ...] = ()
    mtu: int = 0
    state: str = ""
    mac: str = ""
    addresses: tuple[str, ...] = ()
    settling: tuple[str, ...] = ()
    peer: int | None = None
    peer_id: int | None = None
    master: str = ""
    vni: int | None = None
    remote: str = ""

    @property
    def up(self) -> bool:
        """Switched on by its owner."""
        return "UP" in self.flags

    @property
    def carrier(self) -> bool:
        """Whether the other end is there and up too. NO-CARRIER is not asked: it lags behind by up to a second."""
        return "LOWER_UP" in self.flags

    @property
    def settled(self) -> bool:
        """Whether its state is what follows of its carrier, which the kernel sees to a moment later."""
        return not self.up or self.state == "UNKNOWN" or (self.state == "UP") == self.carrier

    def holds(self, address: str) -> bool:
        """Whether the address is the interface's own."""
        return any(ipaddress.ip_interface(each).ip == ipaddress.ip_address(address) for each in self.addresses)

    def line(self) -> str:
        """The interface as C(ip -d link) words it."""
        extra = f" {self.kind}" if self.kind else ""
        if self.vni is not None:
            extra += f" id {self.vni}{f' remote {self.remote}' if self.remote else ''}"
        return f"{self.index}: {self.name}: <{','.join(self.flags)}> mtu {self.mtu} state {self.state}{extra}"


@dataclass(frozen=True)
class Route:
    """One route of the main table. C(type) is unicast, or how it refuses."""

    dst: str
    via: str = ""
    dev: str = ""
    type: str = "unicast"
    source: str = ""
    metric: int = 0

    def matches(self, address: str) -> bool:
        """Whether the address is in the destination; the family is the caller's business."""
        return self.dst == "default" or ipaddress.ip_address(address) in ipaddress.ip_network(self.dst)

    @property
    def prefix(self) -> int:
        """The length of the prefix: the longest wins."""
        return 0 if self.dst == "default" else ipaddress.ip_network(self.dst).prefixlen

    def line(self) -> str:
        """The route as C(ip route) words it."""
        words = [self.type] if self.type != "unicast" else []
        words += [self.dst]
        words += ["via", self.via] if self.via else []
        words += ["dev", self.dev] if self.dev else []
        return " ".join(words)


@dataclass(frozen=True)
class Rule:
    """A rule or policy that throws packets away. C(hook) is input, forward, output ..., "" for a chain of one's own."""

    hook: str
    text: str
    command: str


@dataclass(frozen=True)
class Filters:
    """What the packet filter of a namespace refuses, and whether it rewrites addresses."""

    rules: tuple[Rule, ...] = ()
    nat: bool = False


#: What DHCP servers have lent, by their namespace and name: a list of what has C(address) and C(mac).
Leases = Mapping[tuple[str, str], list[dict[str, Any]]]


@dataclass
class View:
    """The machine as far as it was looked at. Reads each thing once, when it is asked for.

    C(leases) are those of servers that are on other machines.
    """

    leases: Leases = field(default_factory=dict)
    _items: dict[tuple[str, ...], list[dict[str, Any]]] = field(default_factory=dict)
    _links: dict[str, dict[str, Interface]] = field(default_factory=dict)
    _ids: dict[str, dict[int, str]] = field(default_factory=dict)
    _routes: dict[tuple[str, int], list[Route]] = field(default_factory=dict)
    _filters: dict[tuple[str, int], Filters] = field(default_factory=dict)

    def items(self, netns: str, command: str, table: str) -> list[dict[str, Any]]:
        """What C(ip -j) or C(bridge -j) shows of a table. Raises LabError when the namespace is not there."""
        key = (netns, command, table)
        if key not in self._items:
            self._items[key] = _items(netns, command, table)
        return self._items[key]

    def links(self, netns: str, anew: bool = False) -> dict[str, Interface]:
        """The interfaces of the namespace by name. Raises LabError when it is not there."""
        if anew or netns not in self._links:
            items = _ip(netns, "-d", "addr")
            with understood("what 'ip -j addr' prints"):
                self._links[netns] = read_links(netns, items)
        return self._links[netns]

    def settled(self, netns: str, name: str) -> Interface | None:
        """The interface when its state has settled, or does not within a second or so; None if it is not there."""
        found, limit = self.links(netns).get(name), time.monotonic() + _SETTLE_S
        while found and not found.settled and time.monotonic() < limit:
            time.sleep(_PAUSE_S)
            found = self.links(netns, anew=True).get(name)
        return found

    def other_end(self, link: Interface) -> Interface | None:
        """The peer or parent of the interface; None where there is none, or it is out of sight."""
        if link.peer is None:
            return None
        return next((each for each in self.links(self.other_netns(link)).values() if each.index == link.peer), None)

    def other_netns(self, link: Interface) -> str:
        """The namespace of the interface's peer, parent or underlay."""
        return link.netns if link.peer_id is None else self._named(link.netns).get(link.peer_id, ROOT)

    def _named(self, netns: str) -> dict[int, str]:
        """The names of the namespaces that this one knows by number; the root namespace has none."""
        if netns not in self._ids:
            known = _ip(netns, "netns", "list-id")
            with understood("what 'ip -j netns list-id' prints"):
                self._ids[netns] = {int(each["nsid"]): str(each["name"]) for each in known if each.get("name")}
        return self._ids[netns]

    def routes(self, netns: str, version: int) -> list[Route]:
        """The main table of IPv4 (4) or IPv6 (6). Raises LabError when the namespace is not there."""
        key = (netns, version)
        if key not in self._routes:
            items = _ip(netns, f"-{version}", "route")
            with understood("what 'ip -j route' prints"):
                self._routes[key] = read_routes(items)
        return self._routes[key]

    def filters(self, netns: str, version: int) -> Filters:
        """The rules that refuse packets, by iptables where it shows some, else by nft."""
        key = (netns, version)
        if key not in self._filters:
            save = "iptables-save" if version == 4 else "ip6tables-save"
            found = read_iptables(_optional(netns, save), save)
            if found == Filters():
                found = read_nft(_optional(netns, "nft", "list", "ruleset"))
            self._filters[key] = found
        return self._filters[key]

    def forwards(self, netns: str, version: int, dev: str) -> bool:
        """Whether the namespace passes on what comes in by C(dev)."""
        scope = ("ipv4/conf", dev) if version == 4 else ("ipv6/conf", "all")
        return read_setting(netns, f"{scope[0]}/{scope[1]}/forwarding") == "1"

    def holders(self, address: str) -> list[str]:
        """The namespaces that have the address, the root one included."""
        candidates = [netns for netns in (ROOT, *namespaces.names()) if _may_hold(netns, address)]
        return [netns for netns in candidates if any(link.holds(address) for link in self.links(netns).values())]


def _ip(netns: str, *words: str) -> list[dict[str, Any]]:
    return _items(netns, "ip", *words)


def _items(netns: str, command: str, *words: str) -> list[dict[str, Any]]:
    text = output_of([command, "-j", *words], netns, IPROUTE2)
    with understood(f"what {' '.join([command, '-j', *words])!r} prints"):
        items = json.loads(text or "[]")
        if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
            raise ValueError(f"{text[:100]!r} is not a list of objects")
    return items


def _optional(netns: str, *command: str) -> list[str]:
    """The lines of a command that not every machine has."""
    try:
        return output_of([*command], netns, "").splitlines()
    except LabError:
        return []


def read_setting(netns: str, name: str) -> str:
    """A setting below /proc/sys/net, which shows the namespace of the thread that opens it; "" when it is not there."""
    try:
        with inside(netns), open(f"/proc/sys/net/{name}", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def _may_hold(netns: str, address: str) -> bool:
    """Whether a socket may be bound to the address there: a system call, where reading all links is a process.

    A namespace that never had an IPv4 address lets any be bound to.
    """
    kind = socket.AF_INET6 if family(address) == 6 else socket.AF_INET
    try:
        with inside(netns), socket.socket(kind, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
            return True
    except OSError as error:
        return error.errno != errno.EADDRNOTAVAIL
    except LabError:  # gone in the meantime
        return False


def settling(netns: str) -> bool:
    """Whether the namespace has an IPv6 address that is still being checked for duplicates (RFC 4862, 5.4)."""
    try:
        with inside(netns), open("/proc/thread-self/net/if_inet6", "rb") as file, understood("if_inet6"):
            return any(_is_tentative(int(line.split()[4], 16)) for line in file)
    except (OSError, LabError):
        return False


def _is_tentative(flags: int) -> bool:
    return bool(flags & 0x40) and not flags & 0x08  # IFA_F_TENTATIVE, IFA_F_DADFAILED (linux/if_addr.h)


def read_links(netns: str, items: Iterable[dict[str, Any]]) -> dict[str, Interface]:
    """Interfaces from C(ip -j -d addr)."""
    return {str(item["ifname"]): _interface(netns, item) for item in items if "ifname" in item}


def _number(given: Any) -> int | None:
    return None if given is None else int(given)


def _interface(netns: str, item: dict[str, Any]) -> Interface:
    info = item.get("linkinfo", {})
    data = info.get("info_data", {})
    vxlan = info.get("info_kind") == "vxlan"
    known = [each for each in item.get("addr_info", []) if "local" in each]
    return Interface(
        netns=netns,
        index=int(item["ifindex"]),
        name=str(item["ifname"]),
        kind=str(info.get("info_kind", "")),
        flags=tuple(map(str, item.get("flags", ()))),
        mtu=int(item.get("mtu", 0)),
        state=str(item.get("operstate", "")),
        mac=str(item.get("address", "")),
        addresses=tuple(str(ipaddress.ip_interface(f"{each['local']}/{each['prefixlen']}")) for each in known),
        settling=tuple(str(each["local"]) for each in known if each.get("tentative") or each.get("dadfailed")),
        peer=_number(item.get("link_index")),
        peer_id=_number(item.get("link_netnsid")),
        master=str(item.get("master", "")),
        vni=_number(data.get("id")) if vxlan else None,
        remote=str(data.get("remote", data.get("remote6", ""))) if vxlan else "",
    )


def read_routes(items: Iterable[dict[str, Any]]) -> list[Route]:
    """Routes from C(ip -j route); of several next hops the first."""
    return [_route({**item, **item["nexthops"][0]} if item.get("nexthops") else item) for item in items]


def _route(item: dict[str, Any]) -> Route:
    found = Route(
        dst=str(item["dst"]),
        via=str(item.get("gateway") or item.get("via", {}).get("host", "")),
        dev=str(item.get("dev", "")),
        type=str(item.get("type", "unicast")),
        source=str(item.get("prefsrc", "")),
        metric=int(item.get("metric", 0)),
    )
    ipaddress.ip_network("::" if found.dst == "default" else found.dst)  # an error here is better than one later
    return found


_IPTABLES_POLICY = re.compile(r":(\S+) DROP\b")
_IPTABLES_RULE = re.compile(r"-A (\S+) .*?-j (\S+)")
_BUILT_IN = ("INPUT", "FORWARD", "OUTPUT", "PREROUTING", "POSTROUTING")
_REWRITES = ("MASQUERADE", "SNAT", "DNAT", "REDIRECT", "NETMAP")


def read_iptables(lines: Iterable[str], command: str) -> Filters:
    """What refuses and what rewrites, from iptables-save(8)."""
    rules, nat = [], False
    for line in lines:
        policy, rule = _IPTABLES_POLICY.match(line), _IPTABLES_RULE.match(line)
        if policy or (rule and rule[2] in ("DROP", "REJECT")):
            chain = policy[1] if policy else rule[1] if rule else ""
            rules.append(Rule(chain.lower() if chain in _BUILT_IN else "", line.split(" [")[0], command))
        nat = nat or bool(rule and rule[2] in _REWRITES)
    return Filters(tuple(rules), nat)


_NFT_CHAIN = re.compile(r"\s*chain (\S+) \{")
_NFT_HOOK = re.compile(r"\bhook (\w+)\b")
_NFT_REFUSES = re.compile(r"\b(drop|reject)\b")
_NFT_REWRITES = re.compile(r"\b(masquerade|snat|dnat|redirect)\b")


def read_nft(lines: Iterable[str]) -> Filters:
    """What refuses and what rewrites, from C(nft list ruleset)."""
    rules, nat, hook = [], False, ""
    for line in lines:
        found = _NFT_HOOK.search(line)
        if _NFT_CHAIN.match(line):
            hook = ""
        elif found:
            hook = found[1]
        if _NFT_REFUSES.search(line):
            rules.append(Rule(hook, line.strip(), "nft list ruleset"))
        nat = nat or bool(_NFT_REWRITES.search(line))
    return Filters(tuple(rules), nat)
