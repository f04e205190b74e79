# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The likely cause of a check that failed, found by walking the packet's way through the namespaces.

The walk stops at the first thing that would stop a packet. It is a guess for people, never part of a verdict: policy
routing and what lies on other machines are not seen.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field, replace

from ..state import ROOT
from .look import Filters, Interface, Route, Rule, View
from .segment import Segment, explore
from .subject import Flow, family, netns_words

#: More namespaces than this on a way are a loop.
_HOPS = 32
#: What Linux sends packets with (net.ipv4.ip_default_ttl, net.ipv6.conf.all.hop_limit).
_TTL = 64


@dataclass
class Walk:
    """A packet's way: the namespaces it passed, the address it started with, and what stopped it ("" if it arrived).

    C(out) is the interface that it left by at first, C(came_by) the one that it reached the last namespace by.
    C(leaves) says where it goes on on another machine, which is not seen from here.
    """

    path: list[str] = field(default_factory=list)
    source: str = ""
    cause: str = ""
    leaves: str = ""
    out: str = ""
    came_by: str = ""


class _StoppedError(Exception):
    """A cause: the sentence, and the command that shows it."""


class _LeftError(Exception):
    """The way goes on on another machine: by what, and the command that shows it."""


def likely_cause(view: View, flow: Flow) -> str:
    """One plain sentence with the command that shows it, or what was found in order."""
    there = walk(view, flow)
    if there.cause:
        return there.cause
    filtered = filter_cause(view, flow, there.path)
    if filtered or there.leaves:
        return filtered or there.leaves
    source = flow.source or there.source
    rewritten = any(view.filters(netns, flow.version).nat for netns in there.path)
    if source and not rewritten:
        back = walk(view, replace(flow, netns=there.path[-1], to=source))
        astray = back.cause or _astray(there, back, source)
        if astray:
            return f"no way back to {source}: {astray}"
    if flow.port:
        return _nobody_listens(flow, there.path)
    return f"none found: routes, links, forwarding and filters are in order on {path_words(there.path)}"


def _astray(there: Walk, back: Walk, source: str) -> str:
    """That the answer goes to another namespace with the same address, as where two interfaces are on one network."""
    if back.leaves or back.path[-1] == there.path[0]:
        return ""
    last, end = there.path[-1], back.path[-1]
    ways = f", and not by {there.came_by}, by which it is asked" if back.out != there.came_by else ""
    return f"{netns_words(last)} answers by {back.out}{ways}, to {netns_words(end)} ({_get(last, source)})"


def _nobody_listens(flow: Flow, path: list[str]) -> str:
    where = f"{flow.protocol} port {flow.port} of {flow.to} in {netns_words(path[-1])}"
    option = "t" if flow.protocol == "tcp" else "u"
    return f"the way is open, so look at who listens on {where} ({see(path[-1], 'ss', f'-ln{option}p')})"


def open_way(view: View, flow: Flow) -> str:
    """Why packets arrive that were not expected to; "" if that cannot be seen."""
    there = walk(view, flow)
    if there.leaves:
        return there.leaves
    if there.cause:
        return ""
    counted = _routers(view, flow, there) if flow.ttl else ""
    return counted or f"the way is open, with a route at every hop: {path_words(there.path)}"


def _routers(view: View, flow: Flow, there: Walk) -> str:
    """What replies lose of their TTL on the way back, if that is not what is expected of them; else ""."""
    back = walk(view, replace(flow, netns=there.path[-1], to=flow.source or there.source or flow.to))
    seen = bool(back.cause or back.leaves)  # where addresses are rewritten, the sender's leads nowhere from there
    path = there.path[::-1] if seen else back.path
    routers = max(len(path) - 2, 0)
    if flow.ttl == _TTL - routers:
        return ""
    told = {
        0: "no router is on the replies' way, and only routers take",
        1: "1 router is on the replies' way, and takes 1",
    }
    words = told.get(routers, f"{routers} routers are on the replies' way, and each takes 1")
    show = see(flow.netns, "traceroute", "-n", flow.to)
    return f"{words} from the TTL, which is {_TTL} at first: {path_words(path)} ({show})"


def path_words(path: list[str]) -> str:
    """The namespaces of a way, for people."""
    return " → ".join(netns_words(netns) for netns in path)


def see(netns: str, *command: str) -> str:
    """The command that shows a cause."""
    words = " ".join(command)
    if not netns:
        return words
    return f"ip -n {netns} {' '.join(command[1:])}" if command[0] == "ip" else f"ip netns exec {netns} {words}"


def walk(view: View, flow: Flow) -> Walk:
    """Follow a packet of the flow to its address, namespace by namespace."""
    done, netns = Walk(), flow.netns
    while len(done.path) < _HOPS:
        done.path.append(netns)
        try:
            if _arrived(view, netns, flow.to, sent_here=not done.came_by):
                return done
            if done.came_by:
                _must_forward(view, netns, flow.version, done.came_by)
            link, route = _way_out(view, netns, flow)
            done.source = done.source or _source(link, route, flow.version)
            done.out = done.out or link.name
            _must_fit(view, link, flow)
            netns, done.came_by = _next(view, link, route.via or flow.to.partition("%")[0])
        except _StoppedError as stop:
            done.cause = str(stop)
            return done
        except _LeftError as left:
            done.leaves = str(left)
            return done
    round_trip = path_words(done.path[:4])
    done.cause = f"packets to {flow.to} go round: {round_trip} … ({see(flow.netns, 'traceroute', '-n', flow.to)})"
    return done


def _arrived(view: View, netns: str, to: str, sent_here: bool) -> bool:
    address = to.partition("%")[0]
    links = view.links(netns)
    loopback = links.get("lo")
    own = ipaddress.ip_address(address).is_loopback or any(link.holds(address) for link in links.values())
    for link in links.values():
        if link.holds(address) and address in link.settling:
            raise _StoppedError(
                f"{address} on {_the(link)} is not usable: duplicate address detection has not ended, or found another "
                f"holder ({see(netns, 'ip', 'addr', 'show', link.name)})"
            )
    if own and sent_here and not (loopback and loopback.up):  # what a namespace sends to itself goes by lo
        raise _StoppedError(f"lo in {netns_words(netns)} is down ({see(netns, 'ip', 'link', 'show', 'lo')})")
    return own


def _must_forward(view: View, netns: str, version: int, came_by: str) -> None:
    if not view.forwards(netns, version, came_by):
        name = "net.ipv4.ip_forward" if version == 4 else "net.ipv6.conf.all.forwarding"
        show = see(netns, "sysctl", name)
        raise _StoppedError(f"{netns_words(netns)} does not forward IPv{version} packets, {name} is 0 there ({show})")


def _way_out(view: View, netns: str, flow: Flow) -> tuple[Interface, Route]:
    address, _mark, zone = flow.to.partition("%")
    route = Route(flow.to, dev=zone) if zone else _lookup(view, netns, address)
    link = view.links(netns).get(route.dev)
    if link is None:
        raise _StoppedError(f"{netns_words(netns)} has no {route.dev} ({see(netns, 'ip', 'link')})")
    _must_run(view, link)
    return link, route


def _must_fit(view: View, link: Interface, flow: Flow) -> None:
    """A packet not to be fragmented stops at a smaller MTU; what a veth sends is lost at a smaller one of its peer."""
    show = see(link.netns, "ip", "link", "show", link.name)
    if flow.df and flow.size > link.mtu:
        raise _StoppedError(
            f"packets of {flow.size} bytes do not fit through {_the(link)}, whose MTU is {link.mtu} ({show})"
        )
    other = view.other_end(link) if link.kind == "veth" else None
    if other and other.mtu < min(flow.size, link.mtu):
        show = see(other.netns, "ip", "link", "show", other.name)
        raise _StoppedError(
            f"packets of {min(flow.size, link.mtu)} bytes are lost at {_the(other)}, whose MTU is {other.mtu}, "
            f"where {_the(link)} at its other end has {link.mtu} ({show})"
        )


def _lookup(view: View, netns: str, address: str) -> Route:
    matching = [each for each in view.routes(netns, family(address)) if each.matches(address)]
    if not matching:
        raise _StoppedError(_no_route(view, netns, address))
    best = max(matching, key=lambda each: (each.prefix, -each.metric))
    if best.type != "unicast":
        raise _StoppedError(
            f"{netns_words(netns)} has the route '{best.line()}', which refuses ({_get(netns, address)})"
        )
    return best


def _no_route(view: View, netns: str, address: str) -> str:
    down = [link for link in view.links(netns).values() if not link.up and link.name != "lo"]
    why = f": {', '.join(link.name for link in down)} is down there, and routes go with their interface" if down else ""
    return f"{netns_words(netns)} has no route to {address}{why} ({_get(netns, address)})"


def _get(netns: str, address: str) -> str:
    return see(netns, "ip", "route", "get", address)


def _must_run(view: View, link: Interface) -> None:
    show = see(link.netns, "ip", "link", "show", link.name)
    if not link.up:
        raise _StoppedError(f"{_the(link)} is down ({show})")
    if not link.carrier:
        other = view.other_end(link)
        if other and not other.up:
            show = see(other.netns, "ip", "link", "show", other.name)
            raise _StoppedError(f"{_the(other)} is down, the other end of {_the(link)} ({show})")
        raise _StoppedError(f"{_the(link)} has no carrier: nothing that is up is at its other end ({show})")


def _source(link: Interface, route: Route, version: int) -> str:
    """The address that packets get which leave this way; the kernel's full rules are RFC 6724's."""
    own = [each.partition("/")[0] for each in link.addresses if family(each) == version]
    usable = [each for each in own if not ipaddress.ip_address(each).is_link_local]
    return route.source or next(iter(usable or own), "")


def _next(view: View, link: Interface, address: str) -> tuple[str, str]:
    """The namespace that answers for the address on the link's segment, and the interface that packets reach it by."""
    if ipaddress.ip_address(address).is_multicast:
        raise _StoppedError("")
    segment = explore(view, link)
    holder = _holder(view, segment, address)
    if holder is None and not _holder(view, explore(view, link, pass_broken=True), address):
        _may_leave(view, segment, address)
    for each in segment.members:
        if each.netns == link.netns:
            _tunnel_must_run(view, each)
    if holder is None or holder.netns == link.netns:
        raise _StoppedError(_no_neighbour(view, link, address, segment))
    return holder.netns, holder.name


def _holder(view: View, segment: Segment, address: str) -> Interface | None:
    """The interface with the address, else one of its namespace: Linux answers for each of its addresses on each of
    its interfaces (arp_filter in ip-sysctl).
    """
    exact = (each for each in segment.members if each.holds(address))
    loose = (each for each in segment.members if any(own.holds(address) for own in view.links(each.netns).values()))
    return next(exact, None) or next(loose, None)


def _no_neighbour(view: View, link: Interface, address: str, segment: Segment) -> str:
    if segment.broken and _holder(view, explore(view, link, pass_broken=True), address):
        broken = segment.broken[0]
        show = see(broken.netns, "ip", "link", "show", broken.name)
        return f"{_the(broken)} is down on the way to {address} ({show})"
    neighbours = see(link.netns, "ip", "neigh", "show", "dev", link.name)
    holders = view.holders(address)
    if not holders:
        looking = f"{netns_words(link.netns)} looks for on {link.name}"
        return f"nobody has the address {address}, which {looking} ({neighbours})"
    names = ", ".join(netns_words(each) for each in holders)
    return f"{address} belongs to {names}, which {_the(link)} is not connected with ({neighbours})"


def _may_leave(view: View, segment: Segment, address: str) -> None:
    """A VXLAN device whose underlay is this machine's own leads to another machine, if its other end is not here."""
    for each in segment.members:
        crosses = each.vni is not None and each.remote and each.netns and view.other_netns(each) == ROOT
        if crosses and _is_elsewhere(view, each.remote):
            show = see(each.netns, "ip", "-d", "link", "show", each.name)
            raise _LeftError(
                f"the way to {address} leaves this machine by {_the(each)}, a VXLAN to {each.remote}; "
                f"the rest of it is on the machine that has that address ({show})"
            )


def _is_elsewhere(view: View, remote: str) -> bool:
    """Whether this machine sends there, and nobody on it is the one. Labs here may have the same address."""
    under = Flow(ROOT, remote, "udp")
    _way_out(view, ROOT, under)
    return bool(walk(view, under).cause)


def _tunnel_must_run(view: View, link: Interface) -> None:
    """Why a VXLAN device finds nobody: nobody holds its remote, the way there is cut, or the identifiers differ."""
    if link.vni is None or not link.remote:
        return
    under = walk(view, Flow(view.other_netns(link), link.remote, "udp"))
    if under.cause:
        raise _StoppedError(f"the tunnel of {_the(link)} does not reach {link.remote}: {under.cause}")
    there = [each for each in view.links(under.path[-1]).values() if each.vni is not None]
    show = see(under.path[-1], "ip", "-d", "link", "show", "type", "vxlan")
    if link.vni not in [each.vni for each in there]:
        found = ", ".join(f"{each.name} with {each.vni}" for each in there) or "none"
        raise _StoppedError(
            f"{_the(link)} has the VNI {link.vni}, and {netns_words(under.path[-1])} at {link.remote} has no VXLAN "
            f"device of it: {found} ({show})"
        )


def _the(link: Interface) -> str:
    return f"{link.name} in {netns_words(link.netns)}"


def filter_cause(view: View, flow: Flow, path: list[str]) -> str:
    """The first rule on the way that may have thrown the packets away, the way back included; "" if there is none."""
    for position, netns in enumerate(path):
        hooks = _hooks(position, len(path))
        found: Filters = view.filters(netns, flow.version)
        rule = next((each for each in found.rules if each.hook in hooks and _concerns(each, flow)), None)
        if rule:
            show = see(netns, *rule.command.split())
            return f"{netns_words(netns)} has a filter that refuses: '{rule.text}' ({show})"
    return ""


def _hooks(position: int, length: int) -> tuple[str, ...]:
    """Where packets pass in a namespace: the ends send and receive, those between forward."""
    common = ("", "prerouting", "postrouting", "ingress")
    return (*common, "forward") if 0 < position < length - 1 else (*common, "input", "output")


def _concerns(rule: Rule, flow: Flow) -> bool:
    """Whether the rule may match the flow: rules for another protocol or another port are passed over."""
    words = rule.text.split()
    for option in ("-p", "l4proto", "protocol"):
        if option in words[:-1] and not words[words.index(option) + 1].startswith(flow.protocol):
            return False
    for option in ("--dport", "dport"):
        given = words[words.index(option) + 1] if option in words[:-1] else ""
        if given.isdigit() and int(given) != flow.port:
            return False
    return True
