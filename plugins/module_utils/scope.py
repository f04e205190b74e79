# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the machine has to be read for a run: nothing that nobody asks about. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING

from .lean import dataclass

if TYPE_CHECKING:
    from .features import Feature
    from .kinds import Resource


class Topic(Enum):
    """What can be read of a namespace besides its links, addresses and routes."""

    SETTING = "kernel settings, by name"
    FDB = "forwarding databases"
    NAT = "rules of the table nat"
    PROCESS = "our processes in a namespace"
    COMMAND = "whether a command is on this machine, by name"
    USER = "whether a user is on this machine, by name"
    TEXT = "what is in a file of this machine, by path"
    FOLDER = "which settings are in a folder under /proc/sys, by path"


#: What lies on the machine itself, and only concerns a namespace.
_OUTSIDE = (Topic.PROCESS, Topic.COMMAND, Topic.USER, Topic.TEXT, Topic.FOLDER)


@dataclass(frozen=True)
class Ask:
    """One thing that a resource needs to know; C(name) where there are several of the topic in a namespace."""

    topic: Topic
    netns: str
    name: str = ""


@dataclass
class Scope:
    """The namespaces to read, what to read in them, and what to ask the kernel for.

    C(lab) is whose processes are ours, empty for those of no lab. C(unseen) are those of the namespaces of which it is
    enough to know that they are there.
    """

    namespaces: set[str] = field(default_factory=set)
    asked: set[Ask] = field(default_factory=set)
    features: set[Feature] = field(default_factory=set)
    lab: str = ""
    unseen: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, resources: Iterable[Resource], lab: str | None = None) -> Scope:
        """All that these resources need to know."""
        scope = cls(lab=lab or "")
        for resource in resources:
            scope.namespaces |= resource.namespaces
            scope.asked.update(resource.asks())
            scope.features.update(feature for feature, _place in resource.needs())
        return scope

    def hide(self, names: Iterable[str]) -> None:
        """Let what is in these namespaces be unseen."""
        self.unseen.update(names)
        self.asked = {ask for ask in self.asked if ask.netns not in self.unseen or ask.topic in _OUTSIDE}

    def wants(self, topic: Topic, netns: str) -> bool:
        """Whether anybody asks about the topic in the namespace."""
        return Ask(topic, netns) in self.asked

    def names(self, topic: Topic) -> dict[str, list[str]]:
        """What is asked about the topic, by namespace."""
        return _named(self.asked, topic)


def asked(resources: Iterable[Resource], topic: Topic) -> dict[str, list[str]]:
    """What these resources ask about the topic, by namespace."""
    return _named({ask for resource in resources for ask in resource.asks()}, topic)


def _named(asks: Iterable[Ask], topic: Topic) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for ask in asks:
        if ask.topic is topic:
            found.setdefault(ask.netns, []).append(ask.name)
    return found
