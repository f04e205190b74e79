# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks as data: what may be asked of a network, read from the user's words with the place of each error. Pure."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from re import Pattern
from typing import Any, Callable, Union

from .. import values
from ..errors import LabError
from ..options import Option, Options, read
from ..state import ROOT

#: What a ping can be expected to end with, in the words of ping(8).
PING_ENDS = (
    "reply",
    "silence",
    "network_unreachable",
    "destination_net_unreachable",
    "destination_host_unreachable",
    "message_too_long",
)
#: The ends that an ICMP error of another machine brings about, so that one can ask which machine.
ANSWERED_BY_OTHERS = ("destination_net_unreachable", "destination_host_unreachable")
EXCHANGE_ENDS = ("delivered", "refused", "silence")
KINDS = ("ping", "tcp", "udp", "route", "link")


@dataclass(frozen=True)
class Capture:
    """Packets that must, and must not, be seen on C(dev) while the check's own traffic flows."""

    netns: str
    dev: str
    filter: str
    packets: tuple[Pattern[str], ...]
    absent: tuple[Pattern[str], ...]


@dataclass(frozen=True)
class Ping:
    """C(count) echo requests of C(size) bytes of data, and how that must end."""

    from_: str
    to: str
    source: str | None
    dev: str | None
    count: int
    size: int
    df: bool
    expect: str
    ttl: int | None
    by: str | None


@dataclass(frozen=True)
class Exchange:
    """A text sent over TCP or UDP from one namespace to a listener in another (C(at) is None: nobody listens)."""

    protocol: str
    from_: str
    to: str
    at: str | None
    port: int
    text: str
    expect: str


@dataclass(frozen=True)
class RouteFact:
    """A route that is in the main table, or is not."""

    netns: str
    dst: str
    via: str | None
    dev: str | None
    present: bool


@dataclass(frozen=True)
class LinkFact:
    """Attributes that an interface has; None is not looked at."""

    netns: str
    name: str
    mtu: int | None
    up: bool | None


Subject = Union[Ping, Exchange, RouteFact, LinkFact]


@dataclass(frozen=True)
class Check:
    """One check: its sentence, what it asks, and what is captured meanwhile."""

    name: str
    subject: Subject
    captures: tuple[Capture, ...] = ()


def netns_words(netns: str) -> str:
    """The namespace as a person says it, within a sentence."""
    return netns or "the root namespace"


def parse(items: Any) -> list[Check]:
    """The checks in the order given. Raises LabError with the place of the first fault: C(checks[2].ping.to: ...)."""
    return [_check(item, f"checks[{number}]") for number, item in enumerate(items)]


def _check(item: Any, place: str) -> Check:
    given = read(item, CHECK, place)
    kinds = [kind for kind in KINDS if given[kind] is not None]
    if len(kinds) != 1:
        found = " and ".join(kinds) if kinds else "none"
        raise LabError(f"needs exactly one of {', '.join(KINDS)}, and has {found}", place)
    kind = kinds[0]
    if given["captures"] is not None and kind in ("route", "link"):
        raise LabError(f"a {kind} check sends no packets to capture", f"{place}.captures")
    subject = _BUILD[kind](given[kind], f"{place}.{kind}")
    captures = tuple(_capture(each, f"{place}.captures[{n}]") for n, each in enumerate(given["captures"] or []))
    return Check(given["name"] or describe(subject), subject, captures)


def describe(subject: Subject) -> str:
    """What is tried, from where and to what address; also the sentence for a check that was given none."""
    if isinstance(subject, Ping):
        return f"ping from {netns_words(subject.from_)} to {subject.to}"
    if isinstance(subject, Exchange):
        return f"{subject.protocol} from {netns_words(subject.from_)} to {subject.to} port {subject.port}"
    if isinstance(subject, RouteFact):
        return f"route to {subject.dst} in {netns_words(subject.netns)}"
    return f"link {subject.name} in {netns_words(subject.netns)}"


def _ping(given: dict[str, Any], place: str) -> Ping:
    if given["source"] and given["dev"]:
        raise LabError("excludes source: ping takes the one or the other", f"{place}.dev")
    _same_family(given, "source", place)
    _same_family(given, "by", place)
    if given["ttl"] is not None and given["expect"] != "reply":
        raise LabError("is seen in a reply only, so it needs 'expect: reply'", f"{place}.ttl")
    if given["by"] is not None and given["expect"] not in ANSWERED_BY_OTHERS:
        others = " or ".join(ANSWERED_BY_OTHERS)
        raise LabError(f"is who answers with an error, so it needs 'expect: {others}'", f"{place}.by")
    return Ping(from_=given.pop("from"), **given)


def _same_family(given: dict[str, Any], key: str, place: str) -> None:
    if given[key] is not None and family(given[key]) != family(given["to"]):
        ours, theirs = family(given[key]), family(given["to"])
        raise LabError(f"{given[key]!r} is IPv{ours}, and 'to' is IPv{theirs}", f"{place}.{key}")


def family(address: str) -> int:
    """4 or 6."""
    return 6 if ":" in address else 4


def _exchange(protocol: str) -> Callable[[dict[str, Any], str], Exchange]:
    def build(given: dict[str, Any], place: str) -> Exchange:
        if given["expect"] == "delivered" and given["at"] is None:
            raise LabError("is required to deliver a text: the namespace that listens", f"{place}.at")
        return Exchange(protocol=protocol, from_=given.pop("from"), **given)

    return build


def _route(given: dict[str, Any], place: str) -> RouteFact:
    if given["via"] is not None and given["dst"] != "default" and family(given["via"]) != family(given["dst"]):
        raise LabError(f"{given['via']!r} is IPv{family(given['via'])}, and 'dst' is not", f"{place}.via")
    return RouteFact(**given)


def _link(given: dict[str, Any], _place: str) -> LinkFact:
    return LinkFact(**given)


def _capture(given: dict[str, Any], place: str) -> Capture:
    if not given["packets"] and not given["absent"]:
        raise LabError("needs 'packets' or 'absent', else there is nothing to look for", place)
    for key in ("packets", "absent"):
        given[key] = tuple(re.compile(each) for each in given[key] or [])
    return Capture(**given)


def _netns(value: str) -> str:
    return values.namespace(value) if value else ROOT


def _host(value: str) -> str:
    """An address, with the interface after C(%) where it is IPv6's link-local one (RFC 4007)."""
    address, mark, zone = value.partition("%")
    normal = values.address(address)
    link_local = ipaddress.ip_address(normal).is_link_local and ":" in normal
    if not link_local:
        if mark:
            raise ValueError(f"{value!r} names an interface, which only a link-local IPv6 address has")
        return normal
    if not zone:
        raise ValueError(f"{value!r} is a link-local address: name its interface, as in '{value}%eth0'")
    return f"{normal}%{values.name(zone)}"


def _regex(value: str) -> str:
    try:
        re.compile(value)
    except re.error as reason:
        raise ValueError(f"{value!r} is not a regular expression: {reason}") from None
    return value


def _text(value: str) -> str:
    """A line of text. One packet carries it whole, which is what a reader of the capture expects."""
    if not value or "\n" in value or len(value.encode()) > _TEXT_BYTES:
        raise ValueError(f"must be one line of 1 to {_TEXT_BYTES} bytes")
    return value


_TEXT_BYTES = 1000
_NETNS = Option(value=_netns, default=ROOT)
_LINK_NAME = Option(value=values.name, required=True)
_PORT = Option("int", value=values.port, required=True)

PING: Options = {
    "from": _NETNS,
    "to": Option(value=_host, required=True),
    "source": Option(value=values.address),
    "dev": Option(value=values.name),
    "count": Option("int", value=values.between(1, 100, "a count"), default=3),
    "size": Option("int", value=values.between(0, 65507, "a size"), default=56),
    "df": Option("bool", default=False),
    "expect": Option(choices=PING_ENDS, default="reply"),
    "ttl": Option("int", value=values.between(1, 255, "a TTL")),
    "by": Option(value=values.address),
}
EXCHANGE: Options = {
    "from": _NETNS,
    "to": Option(value=_host, required=True),
    "at": Option(value=_netns),
    "port": _PORT,
    "text": Option(value=_text, default="Hello World!"),
    "expect": Option(choices=EXCHANGE_ENDS, default="delivered"),
}
ROUTE: Options = {
    "netns": _NETNS,
    "dst": Option(value=values.destination, required=True),
    "via": Option(value=values.address),
    "dev": Option(value=values.name),
    "present": Option("bool", default=True),
}
LINK: Options = {
    "netns": _NETNS,
    "name": _LINK_NAME,
    "mtu": Option("int", value=values.mtu),
    "up": Option("bool"),
}
CAPTURE: Options = {
    "netns": _NETNS,
    "dev": _LINK_NAME,
    "filter": Option(default=""),
    "packets": Option("list", value=_regex),
    "absent": Option("list", value=_regex),
}
CHECK: Options = {
    "name": Option(),
    "ping": Option("dict", options=PING),
    "tcp": Option("dict", options=EXCHANGE),
    "udp": Option("dict", options=EXCHANGE),
    "route": Option("dict", options=ROUTE),
    "link": Option("dict", options=LINK),
    "captures": Option("list", elements="dict", options=CAPTURE),
}
_BUILD: dict[str, Callable[[dict[str, Any], str], Subject]] = {
    "ping": _ping,
    "tcp": _exchange("tcp"),
    "udp": _exchange("udp"),
    "route": _route,
    "link": _link,
}
