# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network namespaces (network_namespaces(7)). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from .. import values
from ..lean import dataclass
from ..operations import CreateNamespace, Operation, RemoveNamespace, SetLink
from ..options import Option, Options, read
from ..scope import Ask, Topic
from ..state import State
from .base import Resource, at
from .service import stop_process


@dataclass(frozen=True)
class Netns(Resource):
    """A namespace; C(loopback) None leaves C(lo) as it is, which in a new namespace is down."""

    KIND = "netns"
    OPTIONS: ClassVar[Options] = {
        "name": Option(value=values.namespace, required=True),
        "loopback": Option("bool"),
    }

    name: str
    loopback: bool | None

    @classmethod
    def parse(cls, item: Mapping[str, Any], place: str) -> Netns:
        options = read(item, cls.OPTIONS, place)
        return cls(place=place, given=item, **options)

    def spaces(self) -> Iterator[tuple[str, str]]:
        yield self.name, at(self.place, "name")

    def succeed(self, former: Resource) -> Resource:
        dropped = self.loopback is None and isinstance(former, Netns) and former.loopback
        return replace(self, loopback=False) if dropped else self

    def present(self, state: State, alias: str | None) -> Iterator[Operation]:
        namespace = state.namespaces.get(self.name)
        if namespace is None:
            yield CreateNamespace(self.name, alias or "", bool(self.loopback))
            return
        declared = {"up": self.loopback, "alias": alias}
        after = {name: value for name, value in declared.items() if value not in (None, getattr(namespace.lo, name))}
        if after:
            before = {name: getattr(namespace.lo, name) for name in after}
            yield SetLink(self.name, "lo", before=before, after=after)

    def live(self, state: State) -> dict[str, Any] | None:
        namespace = state.namespaces.get(self.name)
        return {"name": self.name, "loopback": namespace.lo.up} if namespace else None

    def asks(self) -> Iterator[Ask]:
        yield Ask(Topic.PROCESS, self.name)

    def absent(self, state: State) -> Iterator[Operation]:
        if self.name in state.namespaces:
            for process in state.processes.values():
                if process.spot.netns == self.name:
                    yield stop_process(process)  # otherwise the namespace would live on, without a name
            yield RemoveNamespace(self.name)
