# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An address that a DHCP server has leased and that its client has, as ip(8) and the server's own list show it."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from ... import values
from ...errors import LabError
from ...lean import dataclass
from ...leases import LEASES, read_leases
from ...options import Option, Options
from .. import services
from ..outcome import Result
from ..subject import LINK_NAME, NETNS, Fact, Kind, netns_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..look import Interface, View


def _ipv4(value: str) -> str:
    return values.parsed(ipaddress.IPv4Address, value, "an IPv4 address")


OPTIONS: Options = {
    "netns": NETNS,
    "dev": LINK_NAME,
    "first": Option(value=_ipv4, required=True),
    "last": Option(value=_ipv4, required=True),
    "prefix": Option("int", value=values.between(1, 32, "a prefix length"), default=24),
    "server": NETNS,
    "name": Option(value=values.process_name, default="dnsmasq"),
}


@dataclass(frozen=True)
class LeaseFact(Fact):
    """An address from C(first) to C(last) on C(dev), that the dnsmasq C(name) in C(server) lists for its MAC."""

    netns: str
    dev: str
    first: str
    last: str
    prefix: int
    server: str
    name: str

    def namespaces(self) -> set[str]:
        """The client's and the server's."""
        return {self.netns, self.server}

    def describe(self) -> str:
        """Which interface, and which server."""
        return f"lease of {self.dev} in {netns_words(self.netns)} from {self.name} in {netns_words(self.server)}"

    def expected(self) -> str:
        """Where the address must be from, and that it is listed."""
        return f"one address from {self.first} to {self.last}, /{self.prefix}, and listed by the server"

    def look(self, name: str, view: View) -> Result:
        """Whether the interface has such an address, and the server lists it."""
        link = view.links(self.netns).get(self.dev)
        if link is None:
            raise LabError(f"{netns_words(self.netns)} has no {self.dev}")
        elsewhere = view.leases.get((self.server, self.name))
        leases = lent(self.server, self.name) if elsewhere is None else elsewhere
        listed = [f"{netns_words(self.server)} lists {each['address']} for {each['mac']}" for each in leases]
        given = [each for each in link.addresses if self._is_leased(each)]
        has = ", ".join(each for each in link.addresses if ":" not in each) or "no IPv4 address"
        got = f"{self.dev} ({link.mac}) has {has}; {'; '.join(listed) or 'no lease is listed'}"
        ok = len(given) == 1 and _is_listed(given[0], link, leases)
        return Result(name, ok, self.describe(), self.expected(), got, [link.line(), *listed])

    def _is_leased(self, address: str) -> bool:
        if ":" in address:
            return False
        found = ipaddress.IPv4Interface(address)
        first, last = ipaddress.IPv4Address(self.first), ipaddress.IPv4Address(self.last)
        return first <= found.ip <= last and found.network.prefixlen == self.prefix


def lent(server: str, name: str) -> list[dict[str, Any]]:
    """What the server lists. Raises LabError when it is not on this machine."""
    return read_leases(services.find("dnsmasq_dhcp", server, name).data.get(LEASES, ""))


def _is_listed(address: str, link: Interface, leases: Sequence[dict[str, Any]]) -> bool:
    return (address.partition("/")[0], link.mac) in [(each["address"], each["mac"]) for each in leases]


def _build(given: dict[str, Any], place: str) -> LeaseFact:
    if ipaddress.IPv4Address(given["last"]) < ipaddress.IPv4Address(given["first"]):
        raise LabError(f"{given['last']} is before {given['first']}", f"{place}.last")
    return LeaseFact(**given)


KIND = Kind(OPTIONS, _build)
