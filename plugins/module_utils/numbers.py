# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The numbers by which requests name interfaces and namespaces: asked of the kernel, or chosen by us at their birth."""

from __future__ import annotations

import os
import random
from collections.abc import Collection

from . import encode, namespaces, netlink
from .errors import LabError
from .netlink import Sockets
from .state import LinkName, describe

_ALL_LINKS = encode.link_message(netlink.GETLINK, attributes=[("IFLA_EXT_MASK", netlink.WITHOUT_STATISTICS)])


class Numbers:
    """The numbers that a run knows.

    What it makes in namespaces of its own making gets numbers of its choice: to ask for them would cost it as much as
    to make an address.
    """

    def __init__(self, sockets: Sockets, new: Collection[str] = ()) -> None:
        """C(new) are the namespaces that the run makes."""
        self._sockets = sockets
        self._new = set(new)
        self._indexes: dict[LinkName, int] = {}
        self._chosen: dict[LinkName, int] = {}
        self._next: dict[str, int] = {}
        self._first = 0
        self._borrowed: list[int] = []
        self._refused = False

    def index(self, netns: str, name: str) -> int:
        """The number of an interface. Raises LabError when there is none of that name."""
        key = netns, name
        if key not in self._chosen and key not in self._indexes:
            self.learn(netns, {name})
        found = self._chosen.get(key) or self._indexes.get(key)
        if found is None:
            raise LabError(f"there is no interface {name!r} in {describe(netns)}")
        return found

    def learn(self, netns: str, names: Collection[str]) -> None:
        """Ask for the numbers of interfaces, all at once."""
        wanted = sorted(name for name in names if (netns, name) not in self._chosen)
        if not wanted:
            return
        asked = [
            encode.link_message(
                netlink.GETLINK, attributes=[("IFLA_EXT_MASK", netlink.WITHOUT_STATISTICS), ("IFLA_IFNAME", name)]
            )
            for name in wanted
        ]
        for name, answer in zip(wanted, self._sockets.get(netns).execute(asked)):
            self._indexes.pop((netns, name), None)
            for message in answer.messages:
                self._indexes[netns, name] = netlink.link_index(message)

    def choose(self, *links: LinkName) -> tuple[int, ...]:
        """Numbers for interfaces that are born together, or 0 for each, which leaves it to the kernel.

        The kernel takes the number of a veth's peer only together with its own (veth_newlink in drivers/net/veth.c).
        """
        spaces = {netns for netns, _name in links}
        if not spaces <= self._new:
            self.leave(spaces)
            return (0,) * len(links)
        for netns, name in links:
            self._chosen[netns, name] = self._next.setdefault(netns, self._free(netns))
            self._next[netns] += 1
        return tuple(self._chosen[link] for link in links)

    def leave(self, spaces: Collection[str]) -> None:
        """The kernel has chosen a number in these namespaces: leave them all to it from now on."""
        self._new.difference_update(spaces)

    def elsewhere(self) -> int:
        """A number for what is made in another namespace than that of the request, or 0, which leaves it to the kernel.

        Many kernels (6.1 is one) refuse the name of such an interface if the namespace of the request has it, too; not
        so if there is a number to tell it by (rtnl_newlink in net/core/rtnetlink.c). That has to be free in both.
        """
        return random.randrange(2**24, 2**31) if self._refused else 0  # noqa: S311 (no secret)

    def leave_all(self) -> None:
        """A name or a number that we have chosen was refused as taken: ask for all numbers from now on."""
        self._new.clear()
        self._chosen.clear()
        self._refused = True

    def _free(self, netns: str) -> int:
        """The first number that is free in a new namespace.

        All begin alike: with C(lo), and with what the kernel may add (fb_tunnels_only_for_init_net in its sysctl/net).
        """
        if not self._first:
            there = self._sockets.get(netns).dump(_ALL_LINKS)
            self._first = max(netlink.link_index(message) for message in there) + 1
        return self._first

    def descriptor(self, netns: str) -> int:
        """A namespace for a request to name: it stays open until that was sent."""
        self._borrowed.append(namespaces.open_namespace(netns))
        return self._borrowed[-1]

    def give_back(self) -> None:
        """Close the namespaces that were opened for requests."""
        while self._borrowed:
            os.close(self._borrowed.pop())
