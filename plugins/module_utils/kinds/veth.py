# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs of virtual Ethernet interfaces (veth(4)). Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from ..errors import LabError
from ..lean import dataclass
from ..operations import CreateVeth, Operation
from ..options import Option, Options, read
from ..state import Link, LinkName, State
from . import interface
from .base import Resource, at, is_in
from .interface import ETHERNET_MTU, Interface, configure
from .removal import removable, remove_link


@dataclass(frozen=True)
class Veth(Resource):
    """Two interfaces joined back to back: what goes in at one comes out at the other."""

    KIND = "veth"
    OPTIONS: ClassVar[Options] = {**interface.OPTIONS, "peer": Option("dict", options=interface.OPTIONS)}

    near: Interface
    far: Interface | None

    @classmethod
    def parse(cls, item: Mapping[str, Any], place: str) -> Veth:
        options = read(item, cls.OPTIONS, place)
        near = Interface.of(options, place)
        far = Interface.of(options["peer"], at(place, "peer")) if options["peer"] else None
        if far and far.key == near.key:
            raise LabError(f"{far.name!r} is the name of the other end, too", at(far.place, "name"))
        return cls(place=place, given=item, near=near, far=far)

    @classmethod
    def goes_along(cls, item: Any, going: Collection[str]) -> bool:
        return is_in(item, going) and is_in(item.get("peer"), going)

    def ends(self) -> tuple[Interface, ...]:
        return (self.near, self.far) if self.far else (self.near,)

    def spaces(self) -> Iterator[tuple[str, str]]:
        for end in self.ends():
            yield end.netns, at(end.place, "netns")

    def natural_mtu(self, below: int | None) -> int:
        return ETHERNET_MTU

    def succeed(self, former: Resource) -> Resource:
        known = {end.key: end for end in former.ends()}  # it may have been declared from the other end
        ends = tuple(end.succeed(known[end.key]) if end.key in known else end for end in self.ends())
        return self if ends == self.ends() else replace(self, near=ends[0], far=ends[1] if self.far else None)

    def obsolete(self, state: State) -> Iterable[Link]:
        there = [link for link in (state.link(end.key) for end in self.ends()) if link]
        return there if there and not self._stands(state) else ()

    def _stands(self, state: State) -> bool:
        link = state.link(self.near.key)
        return bool(self.far and link and link.kind == "veth" and link.peer == self.far.key)

    def complete(self) -> Resource:
        self._peer()
        return self

    def _peer(self) -> Interface:
        if self.far is None:
            raise LabError("is required", at(self.place, "peer"), "a pair has two ends")
        return self.far

    def present(self, state: State, alias: str | None) -> Iterator[Operation]:
        near, far = self.near, self._peer()
        if not self._stands(state):
            yield CreateVeth(near.netns, near.name, near.mtu, near.mac, far.key, far.mtu, far.mac)
        for end in self.ends():
            yield from configure(end, state.link(end.key), alias)

    def live(self, state: State) -> dict[str, Any] | None:
        return self.live_link(state.link(self.near.key), state)

    @staticmethod
    def live_link(link: Link | None, state: State) -> dict[str, Any] | None:
        """An observed interface as data, for results."""
        found = interface.live(link)
        if found and link and link.peer:
            found["peer"] = interface.live(state.link(link.peer))
        return found

    def absent(self, state: State) -> Iterator[Operation]:
        gone: set[LinkName] = set()
        for link in removable(self.ends(), "veth", state):
            if link.key not in gone:
                gone.update(key for key in (link.key, link.peer) if key)
                yield remove_link(link, state)
