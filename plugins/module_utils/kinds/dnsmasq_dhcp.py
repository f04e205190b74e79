# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DHCP and DNS by dnsmasq(8) in a namespace. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from .. import values
from ..command import DATA, FILES, Command, File, Ready, Spot
from ..errors import LabError
from ..lean import dataclass
from ..leases import LEASES, read_leases
from ..merging import DNSMASQ
from ..options import Option, Options, read
from ..state import ROOT, LinkName, Process, State
from . import interface
from .base import Claim, at
from .service import Service

CONFIGURATION = "dnsmasq.conf"
#: What dnsmasq calls the options that have a short name here.
_NAMED = {"router": "option:router", "dns": "option:dns-server", "mtu": "option:mtu"}
_SHORT = {word: name for name, word in _NAMED.items()}

_LEASE_TIME = re.compile(r"[1-9][0-9]{0,8}[mhdw]?|infinite")
_LEASE_TIME_OF_HOST = re.compile(r"[0-9]+[smhdw]?|infinite|ignore")
_OPTION = re.compile(r"[1-9][0-9]{0,2}|option:[a-z0-9-]+")
_WORD = re.compile(r"[A-Za-z0-9._:/=@+-]+")
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_INTERFACE = re.compile(r"[A-Za-z0-9_.@-]+")


def _ipv4(value: str) -> str:
    return values.parsed(ipaddress.IPv4Address, value, "an IPv4 address")


def _netmask(value: str) -> str:
    try:
        return str(ipaddress.IPv4Network(f"0.0.0.0/{_ipv4(value)}").netmask)
    except ValueError:
        raise ValueError(f"{value!r} is not a netmask such as 255.255.255.0") from None


def _lease_time(value: str) -> str:
    if not _LEASE_TIME.fullmatch(value):
        raise ValueError(f"{value!r} is not a lease time: seconds, or such as 45m, 12h, 2d, 1w, or infinite")
    return value


def _host_name(value: str) -> str:
    """A name of RFC 1035, section 2.3, with the underscores that are used in practice."""
    if len(value) > 253 or not all(_LABEL.fullmatch(label) for label in value.split(".")):
        raise ValueError(f"{value!r} is not a host's name")
    return value.lower()


def _client_name(value: str) -> str:
    """The name of a host to whom an address belongs. In its place, dnsmasq takes these for something else."""
    if _LEASE_TIME_OF_HOST.fullmatch(value.lower()):
        raise ValueError(f"{value!r} is no name for dnsmasq here, but how long a lease lasts, or that there is none")
    return _host_name(value)


def _interface_name(value: str) -> str:
    if not _INTERFACE.fullmatch(values.name(value)):
        raise ValueError(f"{value!r} is a name that dnsmasq's configuration cannot hold")
    return value


def _dhcp_options(value: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """What clients are told, by dnsmasq's word for the option."""
    found: dict[str, tuple[str, ...]] = {}
    for name, given in value.items():
        word = _NAMED.get(str(name), str(name))
        if not _OPTION.fullmatch(word):
            raise ValueError(f"{name!r} is neither router, dns, mtu, a number, nor such as option:ntp-server")
        items = given if isinstance(given, (list, tuple)) else [given]
        for item in items:
            if item is None or isinstance(item, bool) or not _WORD.fullmatch(str(item)):
                raise ValueError(f"{item!r} is not a value of {name}: letters, digits and '._:/=@+-'")
        if word in found:
            raise ValueError(f"{name!r} is given twice")
        found[word] = tuple(map(str, items))
    return found


_RANGE: Options = {
    "start": Option(value=_ipv4, required=True),
    "end": Option(value=_ipv4, required=True),
    "netmask": Option(value=_netmask, default="255.255.255.0"),
    "lease_time": Option(value=_lease_time, default="1h"),
}
_HOST: Options = {
    "mac": Option(value=values.station, required=True),
    "address": Option(value=_ipv4, required=True),
    "name": Option(value=_client_name),
}
_RECORD: Options = {
    "name": Option(value=_host_name, required=True),
    "addresses": Option("list", elements="str", value=values.address, required=True),
}


@dataclass(frozen=True)
class DnsmasqDhcp(Service):
    """A dnsmasq of a namespace's own; C(options) are as they were read."""

    KIND = "dnsmasq_dhcp"
    PROGRAMS = ("dnsmasq",)
    INSTALL = "apt install dnsmasq-base on the Debian family, dnf install dnsmasq on Red Hat's"
    OPTIONS: ClassVar[Options] = {
        "name": Option(value=values.process_name, default=DNSMASQ),
        "netns": interface.NETNS,
        "interfaces": Option("list", elements="str", value=_interface_name, default=[]),
        "ranges": Option("list", elements="dict", options=_RANGE, default=[]),
        "options": Option("dict", value=_dhcp_options),
        "hosts": Option("list", elements="dict", options=_HOST, default=[]),
        "dns": Option("bool", default=False),
        "records": Option("list", elements="dict", options=_RECORD, default=[]),
        "user": Option(value=values.user, default="nobody"),
    }

    options: Mapping[str, Any]

    @classmethod
    def parse(cls, item: Mapping[str, Any], place: str) -> DnsmasqDhcp:
        options = read(item, cls.OPTIONS, place)
        _check_ranges(options["ranges"], at(place, "ranges"))
        _check_hosts(options["hosts"], options["ranges"], at(place, "hosts"))
        if options["records"] and not options["dns"]:
            raise LabError("need dns: true, or nobody can ask for them", at(place, "records"))
        if not _WORD.fullmatch(options["user"]):
            raise LabError(f"{options['user']!r} is not a user's name", at(place, "user"))
        return cls(place, item, options["netns"] or "", options["name"], options)

    def devices(self) -> Iterator[tuple[LinkName, str]]:
        for i, name in enumerate(self.options["interfaces"]):
            yield (self.netns, name), f"{at(self.place, 'interfaces')}[{i}]"

    def lends(self) -> Iterator[tuple[str, str]]:
        for i, each in enumerate(self.options["ranges"]):
            yield str(_network(each)), f"{at(self.place, 'ranges')}[{i}].start"

    def unmarked(self) -> Iterator[Claim]:
        served = {"DHCP": self.options["ranges"], "DNS": self.options["dns"]}
        for (netns, name), place in self.devices() if self.netns == ROOT else ():
            for service in (each for each, given in served.items() if given):
                thing = f"the {service} server on {name!r} in the root namespace"
                yield Claim((service, netns, name), thing, place)

    def complete(self) -> DnsmasqDhcp:
        if not self.options["interfaces"]:
            raise LabError("is required: where are the clients?", at(self.place, "interfaces"))
        if not self.options["ranges"] and not self.options["dns"]:
            raise LabError("nothing is served: neither ranges nor dns are given", self.place)
        return self

    def choices(self, spot: Spot, state: State) -> Sequence[Command]:
        self.available(state)
        return (
            Command(
                spot,
                ("dnsmasq", "--keep-in-foreground", f"--conf-file={CONFIGURATION}"),
                directory=f"{spot.directory}/{FILES}",
                files=(File(CONFIGURATION, render(self.options, f"{spot.directory}/{DATA}/{LEASES}")),),
                devices=tuple(self.options["interfaces"]),
                test=("dnsmasq", "--test", f"--conf-file={CONFIGURATION}"),
                ready=Ready(log=r"started, version"),
            ),
        )

    def running(self, have: Process, command: Command) -> dict[str, Any]:
        texts = [file.content for file in command.files if file.name == CONFIGURATION]
        return read_configuration("".join(texts))

    def live(self, state: State) -> dict[str, Any] | None:
        have, found = self.found(state), super().live(state)
        if have and found:
            found["leases"] = read_leases(have.data.get(LEASES, ""))
        return found


def _check_ranges(ranges: Iterable[Mapping[str, str]], place: str) -> None:
    for i, each in enumerate(ranges):
        start, end = (ipaddress.IPv4Address(each[name]) for name in ("start", "end"))
        if end < start:
            raise LabError(f"{end} is before {start}", f"{place}[{i}].end")
        if end not in _network(each):
            raise LabError(f"{end} is not in {_network(each)}, where {start} is", f"{place}[{i}].end")


def _network(each: Mapping[str, str]) -> ipaddress.IPv4Network:
    return ipaddress.IPv4Network(f"{each['start']}/{each['netmask']}", strict=False)


def _check_hosts(hosts: Iterable[Mapping[str, str]], ranges: Sequence[Mapping[str, str]], place: str) -> None:
    networks = [_network(each) for each in ranges]
    for name in ("mac", "address"):
        seen: set[str] = set()
        for i, host in enumerate(hosts):
            if host[name] in seen:
                raise LabError(f"{host[name]} has a lease already", f"{place}[{i}].{name}")
            seen.add(host[name])
    for i, host in enumerate(hosts):
        if not any(ipaddress.IPv4Address(host["address"]) in network for network in networks):
            raise LabError(f"{host['address']} is in the network of no range", f"{place}[{i}].address")


def render(options: Mapping[str, Any], leases: str) -> str:
    """The configuration file; C(leases) is the file for the leases. The same options always give the same text."""
    return "".join(f"{line}\n" for line in (*_general(options), *_dns(options), *_dhcp(options, leases)))


def _general(options: Mapping[str, Any]) -> Iterator[str]:
    yield "# Written by tcpip.lab. What is changed here is changed back."
    yield f"port={53 if options['dns'] else 0}"
    yield f"user={options['user']}"
    yield "pid-file="
    yield "log-facility=-"
    yield from ("no-resolv", "no-hosts", "no-poll", "bind-dynamic")
    for name in options["interfaces"]:
        yield f"interface={name}"


def _dns(options: Mapping[str, Any]) -> Iterator[str]:
    """No other server is asked, and a name that is not held does not exist: otherwise the answer would be REFUSED."""
    if not options["dns"]:
        return
    yield "local=/#/"
    for record in options["records"]:
        for address in record["addresses"]:
            yield f"host-record={record['name']},{address}"


def _dhcp(options: Mapping[str, Any], leases: str) -> Iterator[str]:
    """Nobody else serves here, and no address is tried by ping first, which takes three seconds for each client."""
    if not options["ranges"]:
        return
    yield from ("dhcp-authoritative", "no-ping", f"dhcp-leasefile={leases}")
    for each in options["ranges"]:
        yield f"dhcp-range={each['start']},{each['end']},{each['netmask']},{each['lease_time']}"
    for word, items in (options["options"] or {}).items():
        yield f"dhcp-option={','.join([word, *items])}"
    for host in options["hosts"]:
        yield f"dhcp-host={','.join([host['mac'], host['address'], *filter(None, [host['name']])])}"


def read_configuration(text: str) -> dict[str, Any]:
    """The options that gave this text by C(render)."""
    said: dict[str, list[list[str]]] = {}
    for line in text.splitlines():
        word, _equals, value = line.partition("=")
        said.setdefault(word, []).append(value.split(","))
    options = {word: items for word, *items in said.get("dhcp-option", ())}
    return {
        "interfaces": [words[0] for words in said.get("interface", ())],
        "ranges": [dict(zip(_RANGE, each)) for each in said.get("dhcp-range", ())],
        "options": {_SHORT.get(word, word): items for word, items in options.items()} or None,
        "hosts": [dict(zip(_HOST, each)) for each in said.get("dhcp-host", ())],
        "dns": said.get("port") == [["53"]],
        "records": _records(said.get("host-record", ())),
        "user": next((words[0] for words in said.get("user", ())), None),
    }


def _records(lines: Iterable[Sequence[str]]) -> list[dict[str, Any]]:
    """The records: one line has one address."""
    found: dict[str, list[str]] = {}
    for name, *addresses in lines:
        found.setdefault(name, []).extend(addresses)
    return [{"name": name, "addresses": addresses} for name, addresses in found.items()]
