# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes (ip-route(8)). Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from .. import values
from ..errors import LabError
from ..lean import cached_property, dataclass
from ..merging import MAIN_TABLE
from ..operations import AddRoute, Operation, RemoveRoute, ReplaceRoute
from ..options import Option, Options, read
from ..state import ROOT, LinkName, State
from ..state import Route as Entry
from . import interface
from .base import Claim, Resource, at, is_in

#: The metric that the kernel gives to a route without one (IP6_RT_PRIO_USER in net/ip6_route.h).
_METRIC = {4: 0, 6: 1024}
_TYPES = ("unicast", "blackhole", "unreachable", "prohibit", "throw")


@dataclass(frozen=True)
class Route(Resource):
    """One declared route; of C(entry), None in C(via), C(dev) or C(source) is not managed.

    C(stale) is the source that it was declared with before, and is not any more.
    """

    KIND = "route"
    OPTIONS: ClassVar[Options] = {
        "netns": interface.NETNS,
        "dst": Option(value=values.destination, required=True),
        "via": Option(value=values.unicast),
        "dev": Option(value=values.name),
        "metric": Option("int", value=values.metric),
        "table": Option("int", value=values.table, default=MAIN_TABLE),
        "source": Option(value=values.unicast),
        "type": Option(choices=_TYPES, default="unicast"),
    }

    entry: Entry
    any_metric: bool
    stale: str | None = None

    @classmethod
    def parse(cls, item: Mapping[str, Any], place: str) -> Route:
        options = read(item, cls.OPTIONS, place)
        family = _family(options, place)
        any_metric = options["metric"] is None
        options["metric"] = options["metric"] or _METRIC[family]
        if values.is_default(options["dst"]):
            options["dst"] = "default"
        entry = Entry(**{**options, "netns": options["netns"] or "", "family": family})
        return cls(place=place, given=item, entry=entry, any_metric=any_metric)

    @classmethod
    def goes_along(cls, item: Any, going: Collection[str]) -> bool:
        return is_in(item, going)

    @cached_property
    def key(self) -> tuple[Any, ...]:
        return (self.KIND, *self.entry.key)

    def spaces(self) -> Iterator[tuple[str, str]]:
        yield self.entry.netns, at(self.place, "netns")

    def devices(self) -> Iterator[tuple[LinkName, str]]:
        if self.entry.dev:
            yield (self.entry.netns, self.entry.dev), at(self.place, "dev")

    def networks(self) -> Iterator[tuple[str, str, str]]:
        if self.entry.dst != "default":
            yield self.entry.netns, self.entry.dst, at(self.place, "dst")

    def remembered(self) -> Resource:
        return replace(self, any_metric=False)

    def succeed(self, former: Resource) -> Resource:
        if not isinstance(former, Route) or self.entry.source or not former.entry.source:
            return self
        return replace(self, stale=former.entry.source)

    def unmarked(self) -> Iterator[Claim]:
        if self.entry.netns == ROOT:
            yield Claim(self.key, f"this {self.KIND} of the root namespace", self.place)

    def stranger(self, state: State, lab: str) -> bool:
        there = [route for route in state.routes(self.entry.netns) if route.key == self.entry.key]
        links = [state.link((route.netns, route.dev or "")) for route in there]
        return any(link is None or state.link_owner(link) != lab for link in links)

    def complete(self) -> Resource:
        want = self.entry
        if want.type == "unicast" and not want.via and not want.dev:
            raise LabError("via or dev is required", self.place, "where shall the packets go?")
        return self

    def present(self, state: State, alias: str | None) -> Iterator[Operation]:
        want = self.entry
        there = [route for route in state.routes(want.netns) if route.key == want.key]
        if not there:
            yield AddRoute(want.netns, want)
        elif not any(_fits(want, route) and not self._is_stale(route) for route in there):
            yield ReplaceRoute(want.netns, want, there[0])

    def _is_stale(self, route: Entry) -> bool:
        return self.stale is not None and route.source == self.stale

    def live(self, state: State) -> dict[str, Any] | None:
        found = [route for route in state.routes(self.entry.netns) if self._means(route)]
        return live(found[0]) if found else None

    def absent(self, state: State) -> Iterator[Operation]:
        for route in state.routes(self.entry.netns):
            if self._means(route):
                yield RemoveRoute(route.netns, route)

    def _means(self, route: Entry) -> bool:
        """Whether the route is the one to be removed: what the user left out may be anything."""
        want = self.entry
        same = (want.family, want.dst, want.table) == (route.family, route.dst, route.table)
        return same and (self.any_metric or want.metric == route.metric) and _given_fits(want, route)


def live(route: Entry) -> dict[str, Any]:
    """An observed route as data, for results."""
    return {name: value for name, value in vars(route).items() if name != "protocol"}


def _fits(want: Entry, have: Entry) -> bool:
    return want.via == have.via and want.type == have.type and _given_fits(want, have)


def _given_fits(want: Entry, have: Entry) -> bool:
    return all(getattr(want, name) in (None, getattr(have, name)) for name in ("via", "dev", "source"))


def _family(options: Mapping[str, Any], place: str) -> int:
    found = {
        name: 6 if ":" in options[name] else 4
        for name in ("dst", "via", "source")
        if options[name] and options[name] != "default"
    }
    if len(set(found.values())) > 1:
        raise LabError(f"{' and '.join(found)} are of different IP versions", place)
    if options["type"] != "unicast" and (options["via"] or options["dev"]):
        raise LabError(f"excludes via and dev: {options['type']} leads nowhere", at(place, "type"))
    return next(iter(found.values()), 4)
