# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Macvlan interfaces: several stations on one parent (ip-link(8)). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from .. import values
from ..errors import LabError
from ..lean import dataclass
from ..operations import CreateOverlay, Operation, SetLink
from ..options import Option, Options, read
from ..state import Link, LinkName, State
from . import interface
from .base import Resource, at
from .interface import Interface, change_settings, configure
from .removal import removable, remove_link

_MODES = ("bridge", "private", "vepa", "passthru")


@dataclass(frozen=True)
class Macvlan(Resource):
    """An interface with a MAC of its own, in C(end.netns), on C(parent) in C(parent_netns)."""

    KIND = "macvlan"
    OPTIONS: ClassVar[Options] = {
        **interface.OPTIONS,
        "parent": Option(value=values.name),
        "parent_netns": Option(value=values.namespace_or_root),
        "mode": Option(choices=_MODES, default="bridge"),
    }

    end: Interface
    parent: str | None
    parent_netns: str
    mode: str

    @classmethod
    def parse(cls, item: Mapping[str, Any], place: str) -> Macvlan:
        options = read(item, cls.OPTIONS, place)
        end = Interface.of(options, place)
        parent_netns = end.netns if options["parent_netns"] is None else options["parent_netns"]
        if end.key == (parent_netns, options["parent"]):
            raise LabError("it stands on another interface, not on itself", at(place, "parent"))
        return cls(place, item, end, options["parent"], parent_netns, options["mode"])

    def ends(self) -> tuple[Interface, ...]:
        return (self.end,)

    def spaces(self) -> Iterator[tuple[str, str]]:
        yield self.end.netns, at(self.place, "netns")
        yield self.parent_netns, at(self.place, "parent_netns")

    def devices(self) -> Iterator[tuple[LinkName, str]]:
        if self.parent:
            yield (self.parent_netns, self.parent), at(self.place, "parent")

    def natural_mtu(self, below: int | None) -> int | None:
        return below

    def succeed(self, former: Resource) -> Resource:
        return replace(self, end=self.end.succeed(former.end)) if isinstance(former, Macvlan) else self

    def obsolete(self, state: State) -> Iterable[Link]:
        link = state.link(self.end.key)
        return (link,) if link and not self._can_become(link) else ()

    def _can_become(self, link: Link) -> bool:
        """The parent is fixed, and so is passthru, which takes the parent for itself."""
        if link.kind != self.KIND or link.base != self.parent_netns or link.settings["parent"] != self.parent:
            return False
        return self.mode == link.settings["mode"] or "passthru" not in (self.mode, link.settings["mode"])

    def complete(self) -> Resource:
        self._below()
        return self

    def _below(self) -> LinkName:
        if self.parent is None:
            raise LabError("is required", at(self.place, "parent"))
        return self.parent_netns, self.parent

    def present(self, state: State, alias: str | None) -> Iterator[Operation]:
        below = state.link(self._below())
        if below and below.kind == self.KIND:
            raise self.on_another()
        link, end = state.link(self.end.key), self.end
        if link is None:
            settings = {"parent": self.parent, "mode": self.mode}
            inherits = self.mode == "passthru"  # at its birth the MAC of the parent, whatever it is given
            mac = None if inherits else end.mac
            yield CreateOverlay(end.netns, end.name, end.mtu, mac, self.KIND, self.parent_netns, settings)
            if inherits and end.mac:
                yield SetLink(end.netns, end.name, after={"mac": end.mac})
        else:
            yield from change_settings(link, {"mode": self.mode})
        yield from configure(end, link, alias)

    def on_another(self) -> LabError:
        """The reason why the parent cannot be a macvlan: the kernel would take what that stands on instead."""
        message = f"{self.parent!r} is a macvlan itself, and both would stand on what that stands on"
        return LabError(message, at(self.place, "parent"), "name that interface")

    def live(self, state: State) -> dict[str, Any] | None:
        return self.live_link(state.link(self.end.key), state)

    @classmethod
    def live_link(cls, link: Link | None, _state: State) -> dict[str, Any] | None:
        """An observed interface as data, for results."""
        found = interface.live(link)
        if found and link and link.kind == cls.KIND:
            found.update(link.settings, parent_netns=link.base)
        return found

    def absent(self, state: State) -> Iterator[Operation]:
        for link in removable(self.ends(), self.KIND, state):
            yield remove_link(link, state)
