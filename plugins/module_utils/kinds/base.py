# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every kind of resource offers to the planner. Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import field
from typing import Any, ClassVar, NamedTuple

from .. import merging
from ..features import Feature
from ..lean import cached_property, dataclass
from ..operations import Operation
from ..options import Options, accepted
from ..scope import Ask
from ..state import Link, LinkName, State
from .interface import Interface


class Claim(NamedTuple):
    """What only one lab can have: its key, what it is called, and where the user names it."""

    key: tuple[Any, ...]
    thing: str
    place: str


@dataclass(frozen=True)
class Resource(ABC):
    """One desired thing, normalised; C(place) is where the user wrote it.

    C(given) is the item as the user wrote it, for the ledger.
    """

    KIND: ClassVar[str]
    OPTIONS: ClassVar[Options]

    place: str = field(compare=False)
    given: Mapping[str, Any] = field(compare=False, repr=False)

    @classmethod
    @abstractmethod
    def parse(cls, item: Mapping[str, Any], place: str) -> Resource:
        """Read and check one item. Raises LabError with the place of the fault."""

    @classmethod
    def goes_along(cls, _item: Any, _going: Collection[str]) -> bool:
        """Whether there is nothing to do for the item, which need not be read, where these namespaces are removed."""
        return False

    @abstractmethod
    def spaces(self) -> Iterator[tuple[str, str]]:
        """The namespaces that it touches, each with the place where the user names it."""

    def beforehand(self, state: State) -> Iterator[Operation]:
        """The steps of what is there that come before the C(present) of all others: these may take from it."""
        return iter(())

    @abstractmethod
    def present(self, state: State, alias: str | None) -> Iterator[Operation]:
        """The steps from C(state) to what is declared; C(alias) marks what is made, None leaves it unmarked."""

    @abstractmethod
    def absent(self, state: State) -> Iterator[Operation]:
        """The steps that take it away."""

    @abstractmethod
    def live(self, state: State) -> dict[str, Any] | None:
        """What is there of it, as data for the module's result; None if nothing is."""

    def item(self, state: State) -> dict[str, Any] | None:
        """What is there of it as the item of a topology that would find it so; None if nothing is."""
        found = self.live(state)
        return accepted(found, self.OPTIONS) if found else None

    def complete(self) -> Resource:
        """This resource. Raises LabError if something is left out without which it can only be absent."""
        return self

    @cached_property
    def key(self) -> tuple[Any, ...]:
        """Kind and identity: no two resources of a topology share it."""
        return (self.KIND, *merging.identity(self.KIND, self.given))

    @cached_property
    def namespaces(self) -> frozenset[str]:
        """The names of the namespaces that it touches."""
        return frozenset(name for name, _place in self.spaces())

    def outside(self, known: Set[str]) -> list[tuple[str, str]]:
        """Those of them that are not among the known ones, each with its place."""
        return [] if self.namespaces <= known else [each for each in self.spaces() if each[0] not in known]

    def ends(self) -> tuple[Interface, ...]:
        """The interfaces that it makes."""
        return ()

    def devices(self) -> Iterator[tuple[LinkName, str]]:
        """The interfaces that it stands on and that somebody else makes, each with its place."""
        return iter(())

    def takes(self) -> Iterator[tuple[LinkName, str]]:
        """Those of them that it does not only stand on, but makes ports of its own."""
        return iter(())

    def natural_mtu(self, below: int | None) -> int | None:
        """The MTU that the kernel gives its interfaces at their birth, None where that is not for us to know.

        C(below) is that of what they stand on, if they do.
        """
        return None

    def networks(self) -> Iterator[tuple[str, str, str]]:
        """The addresses and destinations that it gives to namespaces: namespace, CIDR, place."""
        for end in self.ends():
            yield from end.networks()

    def lends(self) -> Iterator[tuple[str, str]]:
        """The networks, in CIDR form, from which it lends addresses on its devices, each with its place."""
        return iter(())

    def succeed(self, former: Resource) -> Resource:
        """This resource where C(former) stood: what that one gave and this one does not is to be taken away."""
        return self

    def remembered(self) -> Resource:
        """This resource as a lab made it, where the user's words leave open what is meant."""
        return self

    def unmarked(self) -> Iterator[Claim]:
        """What of it cannot say by itself whose it is: then the ledgers of the labs do."""
        return iter(())

    def stranger(self, state: State, lab: str) -> bool:
        """Whether the place of it, which cannot be marked, is taken by something that the lab did not make."""
        return False

    def obsolete(self, state: State) -> Iterable[Link]:
        """Interfaces in its place that cannot become what is declared, and have to be made anew."""
        return ()

    def proven(self, state: State) -> bool:
        """Whether what is there of it is proven to be ours by itself, whatever has become of its namespace."""
        return False

    def unique(self) -> Iterator[tuple[tuple[Any, ...], str]]:
        """What no two resources of a topology may declare, each with its place."""
        yield self.key, self.place
        for end in self.ends():
            yield ("interface", *end.key), end.place

    def needs(self) -> Iterator[tuple[Feature, str]]:
        """What it takes of the kernel that not every kernel has, each with the place that calls for it."""
        for end in self.ends():
            if end.impaired:
                yield Feature.NETEM, at(end.place, end.impaired)

    def asks(self) -> Iterator[Ask]:
        """What it needs to know besides links, addresses and routes."""
        return iter(())


def is_in(item: Any, going: Collection[str]) -> bool:
    """Whether an item that nobody has read yet is in one of these namespaces."""
    netns = item.get("netns") if isinstance(item, Mapping) else None
    return isinstance(netns, str) and netns in going


def at(place: str, option: str) -> str:
    """The place of an option of the item at C(place), which is empty for a module of its own."""
    return f"{place}.{option}" if place else option


def port_claim(name: str, place: str) -> Claim:
    """An interface of the machine as the port of a switch, whichever kind of switch that is."""
    return Claim(("port", name), f"the port {name!r} in the root namespace", place)
