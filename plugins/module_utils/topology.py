# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A topology as the user writes it: lists of resources by kind, checked against each other. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import ground, merging, options, values
from .errors import LabError
from .hints import meant
from .kinds import KINDS, Macvlan, Netns, Resource, Route, Vxlan
from .merging import Items
from .state import ROOT
from .state import Route as Entry

#: What an item of netns says of the machine that the node is to be on, where a lab is spread over several.
HOST, BESIDE = "host", "beside"
#: The option of the module that has all lists in one.
DOCUMENT = "topology"


def whole(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The options of the module, with the lists of C(topology) beside those that have an option of their own.

    Raises LabError for what is no list of a lab, and for a list that is given twice.
    """
    found = dict(asked)
    for kind, items in (found.pop(DOCUMENT, None) or {}).items():
        if kind not in KINDS:
            raise LabError("is no list of a lab", f"{DOCUMENT}.{kind}", meant(kind, KINDS))
        if found.get(kind) is not None:
            raise LabError(f"is given twice, as {kind} and here", f"{DOCUMENT}.{kind}", "leave one of them out")
        found[kind] = items
    return found


def parse(items: Items) -> list[Resource]:
    """The resources of a topology, in the order of the kinds.

    Raises LabError with the place of the first fault, such as C(veth[3].peer.netns).
    """
    resources = [
        KINDS[kind].parse(_placeless(kind, item), f"{kind}[{i}]").complete()
        for kind in KINDS
        for i, item in enumerate(_listed(items, kind))
    ]
    _check_twice(resources)
    _check_references(resources)
    _check_ground(resources)
    _check_stations(resources)
    _check_vni(resources)
    _check_connected(resources)
    return resources


def _listed(items: Items, kind: str) -> Sequence[Any]:
    given = items.get(kind) or ()
    if not isinstance(given, (list, tuple)):
        raise LabError(f"{given!r} is not a list", kind)
    return given


def _placeless(kind: str, item: Any) -> Any:
    """The item without what matters to C(placement) alone."""
    if kind != Netns.KIND or not isinstance(item, Mapping):
        return item
    return {name: value for name, value in item.items() if name not in (HOST, BESIDE)}


def normal(items: Items) -> dict[str, list[dict[str, Any]]]:
    """A topology that can be parsed, each item with its defaults and with values in their normal form."""
    return {
        kind: [options.normal(_placeless(kind, item), KINDS[kind].OPTIONS) for item in found]
        for kind, found in items.items()
    }


def unparse(resources: Iterable[Resource]) -> dict[str, list[Mapping[str, Any]]]:
    """The items that the resources were parsed from."""
    items: dict[str, list[Mapping[str, Any]]] = {}
    for resource in resources:
        items.setdefault(resource.KIND, []).append(resource.given)
    return items


def _check_twice(resources: Sequence[Resource]) -> None:
    seen: dict[tuple[Any, ...], str] = {}
    for resource in resources:
        for key, place in resource.unique():
            if key in seen and seen[key] != place:
                raise LabError(f"{merging.named(key)} is declared already, as {seen[key]}", place)
            seen[key] = place


def _check_references(resources: Sequence[Resource]) -> None:
    names = [resource.name for resource in resources if isinstance(resource, Netns)]
    declared = {*names, ROOT}
    made = dict.fromkeys(end.key for resource in resources for end in resource.ends())
    for resource in resources:
        for name, place in resource.outside(declared):
            raise LabError(f"{name!r} is not in netns", place, meant(name, names))
        for (netns, name), place in resource.devices():
            if netns != ROOT and name != "lo" and (netns, name) not in made:
                there = [each for where, each in made if where == netns]
                raise LabError(f"{name!r} is not an interface of {netns!r} in this topology", place, meant(name, there))


def _check_ground(resources: Sequence[Resource]) -> None:
    """No interface stands on itself, nor on one that stands on it."""
    lower = ground.below(resources)
    for name in lower:
        way = [name]
        while way[-1] in lower and len(way) <= len(lower):
            next_, place = lower[way[-1]]
            if next_ == name:
                raise LabError(f"{name[1]!r} would stand on itself: {' on '.join(each for _netns, each in way)}", place)
            way.append(next_)


def _check_stations(resources: Sequence[Resource]) -> None:
    stations = {each.end.key: each for each in resources if isinstance(each, Macvlan)}
    for station in stations.values():
        if (station.parent_netns, station.parent) in stations:
            raise station.on_another()


def _check_connected(resources: Sequence[Resource]) -> None:
    """No route is what the kernel makes of an address: it would refuse the route, and its own would go with it."""
    routes = {
        each.entry.key: each.place for each in resources if isinstance(each, Route) and _is_like_connected(each.entry)
    }
    for end in (end for each in resources if routes for end in each.ends() if end.up):
        for address in end.addresses:
            network = values.ip_interface(address).network
            place = routes.get((end.netns, network.version, str(network), merging.MAIN_TABLE, 0))
            if place is not None and network.prefixlen < network.max_prefixlen:
                raise LabError(f"the kernel makes it itself, of {address} on {end.name!r}", place, "leave it out")


def _is_like_connected(entry: Entry) -> bool:
    return entry.family == 4 and entry.metric == 0 and entry.dst != "default"


def _check_vni(resources: Sequence[Resource]) -> None:
    seen: dict[tuple[Any, ...], str] = {}
    for resource in resources:
        if isinstance(resource, Vxlan):
            key = (resource.underlay, *resource.vni)
            if key in seen:
                raise LabError(f"VNI {resource.id} is taken on this underlay by {seen[key]}", f"{resource.place}.id")
            seen[key] = resource.place
