# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Address translation by iptables(8): sets of rules whose order counts. Pure."""

from __future__ import annotations

import ipaddress
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable, ClassVar

from .. import nat, values
from .. import state as states
from ..errors import LabError
from ..lean import dataclass
from ..nat import Rule
from ..operations import ArrangeNat, Operation, RemoveNat
from ..options import Option, Options, read
from ..scope import Ask, Topic
from ..state import ROOT, LinkName, Nat, State
from . import interface
from .base import Resource, at

#: The chains that a target can stand in, the usual one first (iptables-extensions(8)).
_CHAINS = {
    "MASQUERADE": ("POSTROUTING",),
    "SNAT": ("POSTROUTING", "INPUT"),
    "DNAT": ("PREROUTING", "OUTPUT"),
    "REDIRECT": ("PREROUTING", "OUTPUT"),
}
#: The option that says what each target rewrites to, and whether it is needed.
_TO = {
    "MASQUERADE": ("to_ports", False),
    "SNAT": ("to_source", True),
    "DNAT": ("to_destination", True),
    "REDIRECT": ("to_ports", False),
}
#: The direction of packets that a chain does not know.
_UNKNOWN = {
    "PREROUTING": "out_interface",
    "INPUT": "out_interface",
    "OUTPUT": "in_interface",
    "POSTROUTING": "in_interface",
}
_WITH_PORTS = ("tcp", "udp", "sctp")
_FAMILIES = {"ipv4": 4, "ipv6": 6}
_MOST_PORTS = 15  # XT_MULTI_PORTS in linux/netfilter/xt_multiport.h; a range counts twice
_INTERFACE = re.compile(r"[A-Za-z0-9_.@-]+\+?")


def _maybe_not(check: Callable[[str], str]) -> Callable[[str], str]:
    """A validator that takes C(!) before the value, too."""

    def normal(value: str) -> str:
        return "!" + check(value[1:].strip()) if value.startswith("!") else check(value)

    return normal


def _networks(value: str) -> str:
    """Networks or addresses of one IP version with commas between them."""
    found = [_network(each.strip()) for each in value.split(",")]
    if len({":" in each for each in found}) > 1:
        raise ValueError(f"{value!r} holds both IP versions")
    return ",".join(found)


def _network(value: str) -> str:
    return values.parsed(ipaddress.ip_network, value, "a network such as 192.0.2.0/24 (no bits set behind the prefix)")


def _interface(value: str) -> str:
    if len(value) > values.NAME_BYTES or not _INTERFACE.fullmatch(value):
        raise ValueError(f"{value!r} is not an interface's name, nor the beginning of names with '+' behind it")
    return value


def _ports(value: str) -> str:
    """Ports and ranges of ports with commas between them."""
    found = [_range(each.strip(), ":") for each in value.split(",")]
    if sum(2 if ":" in each else 1 for each in found) > _MOST_PORTS and len(found) > 1:
        raise ValueError(f"{value!r} has more than {_MOST_PORTS} ports (a range counts as two)")
    return ",".join(found)


def _range(value: str, separator: str) -> str:
    first, dash, last = value.replace(":", "-").partition("-")
    last = last if dash else first
    if not (first.isdecimal() and last.isdecimal()):
        raise ValueError(f"{value!r} is neither a port nor a range such as 8000-8010")
    low, high = values.port(int(first)), values.port(int(last))
    if low > high:
        raise ValueError(f"{value!r} ends before it begins")
    return str(low) if low == high else f"{low}{separator}{high}"


def _to_ports(value: str) -> str:
    return _range(value, "-")


def _to_address(value: str) -> str:
    """An address or a range of them, with a port or a range behind it: as iptables-save(8) writes it."""
    if value.startswith("["):
        hosts, _bracket, rest = value[1:].partition("]")
        if rest and not rest.startswith(":"):
            raise ValueError(f"{value!r} is not an address and a port such as [2001:db8::1]:8080")
        colon, ports = rest[:1], rest[1:]
    elif value.count(":") > 1:
        hosts, colon, ports = value, "", ""
    else:
        hosts, colon, ports = value.partition(":")
    hosts = _hosts(hosts)
    if not colon:
        return hosts
    return f"[{hosts}]:{_to_ports(ports)}" if ":" in hosts else f"{hosts}:{_to_ports(ports)}"


def _hosts(value: str) -> str:
    first, dash, last = value.partition("-")
    low, high = values.unicast(first), values.unicast(last if dash else first)
    numbers = ipaddress.ip_address(low), ipaddress.ip_address(high)
    if numbers[0].version != numbers[1].version or int(numbers[0]) > int(numbers[1]):
        raise ValueError(f"{value!r} is not a range of addresses")
    return low if low == high else f"{low}-{high}"


_RULE: Options = {
    "jump": Option(choices=tuple(_CHAINS), required=True),
    "chain": Option(choices=("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING")),
    "ip_version": Option(choices=tuple(_FAMILIES)),
    "source": Option(value=_maybe_not(_networks)),
    "destination": Option(value=_maybe_not(_networks)),
    "in_interface": Option(value=_maybe_not(_interface)),
    "out_interface": Option(value=_maybe_not(_interface)),
    "protocol": Option(choices=("tcp", "udp", "sctp", "icmp", "icmpv6")),
    "source_port": Option(value=_maybe_not(_ports)),
    "destination_port": Option(value=_maybe_not(_ports)),
    "to_source": Option(value=_to_address),
    "to_destination": Option(value=_to_address),
    "to_ports": Option(value=_to_ports),
}


@dataclass(frozen=True)
class IptablesNat(Resource):
    """A set of rules of one namespace, by IP version, in their order."""

    KIND = "iptables_nat"
    OPTIONS: ClassVar[Options] = {
        "netns": interface.NETNS,
        "name": Option(value=values.process_name),
        "rules": Option("list", elements="dict", options=_RULE, default=[]),
    }

    netns: str
    name: str
    rules: Mapping[int, tuple[Rule, ...]]
    interfaces: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, item: Mapping[str, Any], place: str) -> IptablesNat:
        options = read(item, cls.OPTIONS, place)
        rules: dict[int, dict[Rule, str]] = {}
        for number, given in enumerate(options["rules"]):
            where = f"{at(place, 'rules')}[{number}]"
            known = rules.setdefault(_family(given, where), {})
            for rule in _rules(given, where):
                if rule in known:
                    raise LabError(f"says what {known[rule]} says already", where)
                known[rule] = where
        ordered = {family: tuple(known) for family, known in rules.items()}
        interfaces = tuple(_interfaces(options["rules"], at(place, "rules")))
        return cls(place, item, options["netns"] or "", options["name"] or "", ordered, interfaces)

    def spaces(self) -> Iterator[tuple[str, str]]:
        yield self.netns, at(self.place, "netns")

    def devices(self) -> Iterator[tuple[LinkName, str]]:
        for name, place in self.interfaces:
            yield (self.netns, name), place

    def asks(self) -> Iterator[Ask]:
        yield Ask(Topic.NAT, self.netns)
        for family in self.rules:
            yield Ask(Topic.COMMAND, self.netns, f"{nat.PROGRAMS[family]}-restore")
        if not self.rules:
            yield Ask(Topic.COMMAND, self.netns, f"{nat.PROGRAMS[4]}-save")  # a kernel without IPv6 cannot list its own

    def complete(self) -> Resource:
        if not any(self.rules.values()):
            raise LabError("is required", at(self.place, "rules"), "state: absent takes all of them away")
        return self

    def present(self, state: State, alias: str | None) -> Iterator[Operation]:
        self._check_programs(state)
        yield from self._steps(state, nat.mark(alias or "", self.name), self.rules, ArrangeNat)

    def absent(self, state: State) -> Iterator[Operation]:
        yield from self._steps(state, self._mark(state), {}, RemoveNat)

    def live(self, state: State) -> dict[str, Any] | None:
        lines = [
            f"{nat.PROGRAMS[family]} -t nat {line}"
            for family, table in sorted(state.nat(self.netns).items())
            for line in table.rules
            if nat.mark_of(line) == self._mark(state)
        ]
        return {"netns": self.netns, "name": self.name, "rules": lines} if lines else None

    def _mark(self, state: State) -> str:
        return nat.mark(states.mark(state.lab) if state.lab else "", self.name)

    def _check_programs(self, state: State) -> None:
        for family in self.rules:
            program = f"{nat.PROGRAMS[family]}-restore"
            if program not in state.commands:
                hint = "install iptables, which is iptables-nft on the Red Hat family"
                raise LabError(f"the command {program!r} is not on this machine", self.place, hint)

    def _may_hide(self, family: int, state: State) -> bool:
        """Whether there may be rules where they cannot be seen, of which it is not said what they are."""
        return not self.rules and f"{nat.PROGRAMS[family]}-save" in state.commands

    def _steps(
        self, state: State, mine: str, rules: Mapping[int, tuple[Rule, ...]], step: type[ArrangeNat]
    ) -> Iterator[ArrangeNat]:
        for family, table in sorted(state.nat(self.netns).items()):
            if table.unseen and (family in self.rules or self._may_hide(family, state)):
                hint = f"as root, '{nat.PROGRAMS[family]}-save' has to list them"
                raise LabError(f"its rules cannot be seen: {table.unseen}", self.place, hint)
            after = nat.arrange(table.rules, mine, rules.get(family, ()))
            change = step(self.netns, family, mine, table.rules, after, new=not table.there)
            if change.lost or change.gained:
                yield change


def items(netns: str, table: Mapping[int, Nat]) -> Iterator[dict[str, Any]]:
    """The sets of our rules that are in a namespace, each as the item that declares it, by its mark C(mark)."""
    found: dict[str, list[dict[str, Any]]] = {}
    for family, each in sorted(table.items()):
        for line in each.rules:
            mine, rule = nat.mark_of(line), nat.read(line)
            if mine and rule:
                found.setdefault(mine, []).append(_item(family, rule))
    for mine, rules in found.items():
        yield {"mark": mine, "netns": netns, "name": mine.partition("/")[2] or None, "rules": rules}


def _item(family: int, rule: Rule) -> dict[str, Any]:
    said = {name: value for name, value in vars(rule).items() if name in _RULE and value}
    to = {_TO[rule.target][0]: rule.to} if rule.to else {}
    version = next(name for name, number in _FAMILIES.items() if number == family)
    return {"jump": rule.target, "chain": rule.chain, "ip_version": version, **said, **to}


def strays(declared: Iterable[Resource], state: State, lab: str) -> Iterator[RemoveNat]:
    """The rules of a lab that belong to no set which it declares: left by a run whose record is lost."""
    known = {(each.netns, nat.mark(states.mark(lab), each.name)) for each in declared if isinstance(each, IptablesNat)}
    for netns, namespace in state.namespaces.items():
        for family, table in namespace.nat.items() if netns == ROOT or namespace.owner == lab else ():
            marks = dict.fromkeys(filter(None, map(nat.mark_of, table.rules)))
            for mine in marks:
                if nat.lab_of(mine) == lab and (netns, mine) not in known:
                    yield RemoveNat(netns, family, mine, table.rules, nat.arrange(table.rules, mine, ()))


def _family(given: Mapping[str, Any], place: str) -> int:
    """The IP version of a rule, by its addresses, by what it says, and IPv4 without both."""
    found = {name: 6 if ":" in given[name] else 4 for name in ("source", "destination") if given[name]}
    for name in ("to_source", "to_destination"):
        if given[name]:
            found[name] = 6 if given[name].count(":") > 1 else 4
    if given["protocol"] in ("icmp", "icmpv6"):
        found["protocol"] = 6 if given["protocol"] == "icmpv6" else 4
    if given["ip_version"]:
        found["ip_version"] = _FAMILIES[given["ip_version"]]
    if len(set(found.values())) > 1:
        raise LabError(f"{' and '.join(found)} are of different IP versions", place)
    return next(iter(found.values()), 4)


def _rules(given: Mapping[str, Any], place: str) -> Iterator[Rule]:
    """One rule for each pair of a source and a destination, as iptables(8) makes them."""
    chain, to = _chain(given, place), _to(given, place)
    _check_ports(given, to, place)
    same = {name: given[name] or "" for name in _SAME}
    for source, destination in itertools.product(_each(given, "source", place), _each(given, "destination", place)):
        yield Rule(chain, given["jump"], source, destination, to=to, **same)


_SAME = ("in_interface", "out_interface", "protocol", "source_port", "destination_port")


def _chain(given: Mapping[str, Any], place: str) -> str:
    possible = _CHAINS[given["jump"]]
    chain: str = given["chain"] or possible[0]
    if chain not in possible:
        raise LabError(f"{given['jump']} cannot stand in {chain}, but in {' or '.join(possible)}", at(place, "chain"))
    unknown = _UNKNOWN[chain]
    if given[unknown]:
        raise LabError(f"is not known in {chain}", at(place, unknown), "use the other direction's")
    return chain


def _to(given: Mapping[str, Any], place: str) -> str:
    option, needed = _TO[given["jump"]]
    for name in ("to_source", "to_destination", "to_ports"):
        if given[name] and name != option:
            raise LabError(f"is not for {given['jump']}, which takes {option}", at(place, name))
    if needed and not given[option]:
        raise LabError(f"is required for {given['jump']}", at(place, option))
    return given[option] or ""


def _check_ports(given: Mapping[str, Any], to: str, place: str) -> None:
    """Ports are those of a protocol that has some."""
    option = _TO[given["jump"]][0]
    rewritten = bool(to) and (option == "to_ports" or to.count(":") == 1 or "]" in to)
    named = [name for name in ("source_port", "destination_port") if given[name]] + [option] * rewritten
    if named and given["protocol"] not in _WITH_PORTS:
        raise LabError(f"needs a protocol with ports: {', '.join(_WITH_PORTS)}", at(place, named[0]))


def _each(given: Mapping[str, Any], name: str, place: str) -> list[str]:
    """The networks of a list, without the one that is everywhere, which iptables(8) does not write."""
    value: str = given[name] or ""
    if value.startswith("!") and ("," in value or value[1:] in values.EVERYWHERE):
        raise LabError(f"{value!r} cannot be: '!' takes one network that is not everywhere", at(place, name))
    return ["" if each in values.EVERYWHERE else each for each in value.split(",")]


def _interfaces(rules: Iterable[Mapping[str, Any]], place: str) -> Iterator[tuple[str, str]]:
    """The interfaces that are named in full, each with its place."""
    for number, rule in enumerate(rules):
        for option in ("in_interface", "out_interface"):
            name = (rule[option] or "").lstrip("!")
            if name and not name.endswith("+"):
                yield name, f"{place}[{number}].{option}"
