# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What interfaces of every kind have in common: addresses, MAC, MTU, up. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from .. import impairment, values
from ..errors import LabError
from ..lean import cached_property, dataclass
from ..operations import (
    AddAddress,
    Operation,
    RemoveAddress,
    RemoveQdisc,
    SetLink,
    SetQdisc,
    Widen,
    WidenOverlay,
)
from ..options import Option, Options
from ..state import LOWER, Link, LinkName, Netem, Qdisc

NETNS = Option(value=values.namespace_or_root)

#: What is done to what it sends.
IMPAIRMENTS: Options = {
    "delay": Option("float", value=values.delay, unit="milliseconds, as in 100"),
    "jitter": Option("float", value=values.jitter, unit="milliseconds, as in 10"),
    "loss": Option("float", value=values.percent, unit="per cent, as in 20"),
    "rate": Option(value=values.rate),
}
OPTIONS: Options = {
    "name": Option(value=values.link_name, required=True),
    "netns": NETNS,
    "addresses": Option("list", elements="str", value=values.interface_address, default=[]),
    "purge_addresses": Option("bool", default=False),
    "mac": Option(value=values.station),
    "mtu": Option("int", value=values.mtu),
    "up": Option("bool", default=True),
    **IMPAIRMENTS,
}

#: RFC 8200, section 5: a link that carries IPv6 has an MTU of at least 1280 bytes.
IPV6_MTU = 1280
#: What the kernel gives to Ethernet interfaces that stand on nothing (RFC 894), in bytes.
ETHERNET_MTU = 1500


@dataclass(frozen=True)
class Interface:
    """The declared attributes of one interface; None is not managed. C(mtu) is in bytes.

    C(delay) and C(jitter) are in milliseconds, C(loss) in percent, C(rate) in bits a second as C(values.rate) has it.
    C(stale) are addresses, C(stale_mtus) MTUs, that the lab gave it before and that are no longer declared;
    C(stale_netem): so is its netem.
    """

    netns: str
    name: str
    addresses: tuple[str, ...]
    purge_addresses: bool
    mac: str | None
    mtu: int | None
    up: bool
    place: str
    delay: float | None = None
    jitter: float | None = None
    loss: float | None = None
    rate: str | None = None
    stale: tuple[str, ...] = ()
    stale_mtus: tuple[int, ...] = ()
    stale_netem: bool = False

    @classmethod
    def of(cls, options: Mapping[str, Any], place: str) -> Interface:
        """From options that were read by OPTIONS."""
        common = {name: options[name] for name in OPTIONS if name not in ("netns", "addresses")}
        found = cls(netns=options["netns"] or "", addresses=tuple(options["addresses"]), place=place, **common)
        found._check()
        return found

    def _check(self) -> None:
        if self.jitter and self.jitter > (self.delay or 0):
            place = f"{self.place}.jitter".lstrip(".")
            raise LabError(f"{self.jitter} ms are more than the delay that varies by them", place)
        for i, address in enumerate(self.addresses):
            if address in self.addresses[:i]:
                raise LabError(f"{address} is given twice", f"{self.place}.addresses[{i}]".lstrip("."))
            if is_ipv6(address) and any(_host(address) == _host(each) for each in self.addresses[:i]):
                message = f"{_host(address)} is given already, with another prefix: an interface has it once"
                raise LabError(message, f"{self.place}.addresses[{i}]".lstrip("."))
            if is_ipv6(address) and self.mtu is not None and self.mtu < IPV6_MTU:
                raise LabError(
                    f"{self.mtu} is too small for {address}, IPv6 needs {IPV6_MTU}", f"{self.place}.mtu".lstrip(".")
                )

    @cached_property
    def key(self) -> LinkName:
        """Namespace and name."""
        return self.netns, self.name

    @cached_property
    def netem(self) -> Netem | None:
        """What is to be done to what it sends; None is not managed."""
        return impairment.netem(self.delay, self.jitter, self.loss, self.rate)

    @cached_property
    def impaired(self) -> str:
        """The first option that asks for anything to be done to what it sends, empty if none does."""
        if self.netem in (None, impairment.NOTHING):
            return ""
        return next(name for name in IMPAIRMENTS if getattr(self, name))

    def succeed(self, former: Interface) -> Interface:
        """The same, knowing what was declared before."""
        stale = (*self.stale, *(each for each in former.addresses if each not in self.addresses))
        mtus = (*self.stale_mtus, former.mtu) if former.mtu and not self.mtu else self.stale_mtus
        netem = self.stale_netem or bool(former.impaired)
        if (stale, mtus, netem) == (self.stale, self.stale_mtus, self.stale_netem):
            return self
        return replace(self, stale=stale, stale_mtus=mtus, stale_netem=netem)

    def networks(self) -> Iterator[tuple[str, str, str]]:
        """Each address with its namespace and place."""
        for i, address in enumerate(self.addresses):
            yield self.netns, address, f"{self.place}.addresses[{i}]".lstrip(".")


def configure(
    want: Interface, have: Link | None, alias: str | None, *, mtu_at_birth: bool = True
) -> Iterator[Operation]:
    """The steps that give an interface its declared attributes; C(have) None: it was just made with its MAC and MTU.

    C(mtu_at_birth) false: it was made without the MTU, since the kernel would cut it down without a word.
    """
    base = have or Link(want.netns, want.name, mtu=(mtu_at_birth and want.mtu) or 0, mac=want.mac or "")
    after = {name: value for name, value in _declared(want, alias).items() if value != getattr(base, name)}
    if have and after.get("mtu", 0) > have.mtu:
        yield resized(have, after.pop("mtu"))
    yield from _impaired(want, base)  # before anything is sent
    if after:
        before = {name: getattr(base, name) for name in after} if have else {}
        yield SetLink(want.netns, want.name, before=before, after=after)
    yield from _addresses(want, base)


def resized(link: Link, mtu: int) -> SetLink:
    """The step that changes an MTU: a larger one comes from the ground up, and before addresses that need it."""
    larger = WidenOverlay if link.kind in LOWER else Widen
    step = larger if mtu > link.mtu else SetLink
    return step(link.netns, link.name, before={"mtu": link.mtu}, after={"mtu": mtu})


def change_settings(link: Link, want: Mapping[str, Any]) -> Iterator[Operation]:
    """The step that changes the parameters of an interface's kind in place."""
    after = {name: value for name, value in want.items() if value != link.settings.get(name)}
    if after:
        before = {name: link.settings.get(name) for name in after}
        yield SetLink(link.netns, link.name, before, after, link.kind, link.base or "")


def _declared(want: Interface, alias: str | None) -> dict[str, Any]:
    declared = {"mac": want.mac, "mtu": want.mtu, "up": want.up, "alias": alias}
    return {name: value for name, value in declared.items() if value is not None}


def _impaired(want: Interface, have: Link) -> Iterator[Operation]:
    netem, qdisc = want.netem or (impairment.NOTHING if want.stale_netem else None), have.qdisc
    if netem == impairment.NOTHING:
        if qdisc and qdisc.netem:
            yield RemoveQdisc(want.netns, want.name, qdisc)
    elif netem and not (qdisc and qdisc.netem == netem):
        yield SetQdisc(want.netns, want.name, Qdisc("netem", netem), qdisc)


def _addresses(want: Interface, have: Link) -> Iterator[Operation]:
    for address in reversed(oldest_first(have.addresses)):  # undone the other way round, their order comes back
        for peer in reversed(have.peers_of(address)):
            if is_unwanted(address, want, have, peer):
                yield RemoveAddress(want.netns, want.name, address, peer)
    for address in want.addresses:
        if all(is_unwanted(address, want, have, peer) for peer in have.peers_of(address)):
            yield AddAddress(want.netns, want.name, address)


def oldest_first(addresses: Iterable[str]) -> list[str]:
    """In the order in which they were given: the kernel lists IPv4 addresses so, and IPv6 addresses newest first."""
    found = list(addresses)
    return [*(each for each in found if not is_ipv6(each)), *(each for each in reversed(found) if is_ipv6(each))]


def is_unwanted(address: str, want: Interface, have: Link, peer: str = "") -> bool:
    """Whether an address that is there is taken away; nobody declares one with a peer, or purges what is leased."""
    if address in want.addresses:
        return bool(peer) and want.purge_addresses
    purged = want.purge_addresses and not (is_link_local(address) or address in have.leased)
    return purged or address in want.stale or _is_in_the_way(address, want)


def _is_in_the_way(address: str, want: Interface) -> bool:
    """Whether it is a declared IPv6 address with another prefix: an interface has each IPv6 address once."""
    return is_ipv6(address) and any(_host(address) == _host(each) for each in want.addresses)


def _host(address: str) -> str:
    return address.partition("/")[0]


def is_ipv6(address: str) -> bool:
    """Whether it is an IPv6 address."""
    return ":" in address


def is_link_local(address: str) -> bool:
    """Whether the kernel gives it by itself to every interface that is up (RFC 4291, section 2.5.6)."""
    return is_ipv6(address) and values.ip_interface(address).is_link_local


def live(link: Link | None) -> dict[str, Any] | None:
    """An observed interface as data, for results."""
    if link is None:
        return None
    names = ("name", "netns", "mtu", "up")
    netem = impairment.options(link.qdisc.netem) if link.qdisc and link.qdisc.netem else {}
    told = {name: getattr(link, name) for name in names}
    return {**told, "mac": link.station, "addresses": list(link.addresses), **netem}
