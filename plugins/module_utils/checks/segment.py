# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is on one segment with an interface: over veth pairs, bridges and VXLAN."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .look import Interface, View


@dataclass
class Segment:
    """The interfaces that hear a frame sent on the first, and those that would if they were up."""

    members: list[Interface] = field(default_factory=list)
    broken: list[Interface] = field(default_factory=list)


def explore(view: View, start: Interface, pass_broken: bool = False) -> Segment:
    """Follow the wires from C(start), nearest first. An interface that is down is passed on C(pass_broken) only."""
    segment, waiting, known = Segment(), [start], {_key(start)}
    while waiting:
        link = waiting.pop(0)
        if not link.up:
            segment.broken.append(link)
            if not pass_broken:
                continue
        segment.members.append(link)
        for each in _neighbours(view, link):
            if _key(each) not in known:
                known.add(_key(each))
                waiting.append(each)
    return segment


def _key(link: Interface) -> tuple[str, str]:
    return link.netns, link.name


def _neighbours(view: View, link: Interface) -> Iterator[Interface]:
    here = view.links(link.netns).values()
    if link.master:
        yield from (each for each in here if each.name == link.master)
    if link.kind == "bridge":
        yield from (each for each in here if each.master == link.name)
    if link.kind == "veth":
        other = view.other_end(link)
        if other:
            yield other
    if link.vni is not None and link.remote:
        yield from _tunnel_ends(view, link)


def _tunnel_ends(view: View, link: Interface) -> Iterator[Interface]:
    """The VXLAN devices of the same identifier where the remote address lives (RFC 7348)."""
    for netns in view.holders(link.remote):
        yield from (each for each in view.links(netns).values() if each.vni == link.vni)
