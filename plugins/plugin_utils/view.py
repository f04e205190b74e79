# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is there of labs, node by node and interface by interface, with each cable's other end beside it. Pure.

A topology says of a port which bridge it is on in the bridge, of a route whose it is in the route. Questions such as
which nodes have no default route would have to join these lists, which JMESPath cannot. Here they are joined.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ansible_collections.tcpip.lab.plugins.module_utils.merging import IDENTITIES

#: The lists of a topology whose items are interfaces.
LINKS = ("veth", "vxlan", "macvlan", "bridge_vlan")
#: What else belongs to a node.
BELONGINGS = tuple(kind for kind in IDENTITIES if kind not in (*LINKS, "netns"))

Item = dict[str, Any]
#: Namespace and name of an interface.
End = tuple[str, str]


def of(found: Mapping[str, Any]) -> dict[str, list[Item]]:
    """The nodes, and the interfaces of them and of the root namespace, of all in a result of the module lab_info."""
    shares = [*found["labs"], *found["orphans"], *([found["machine"]] if found["machine"] else [])]
    nodes: list[Item] = []
    links: list[Item] = []
    for share in shares:
        own = _interfaces(share)
        nodes += _nodes(share, own)
        links += own
    return {"nodes": nodes, "interfaces": links}


def _nodes(share: Mapping[str, Any], links: Iterable[Item]) -> Iterator[Item]:
    live = share["live"]
    own = {kind: _by("netns", live.get(kind, ())) for kind in BELONGINGS}
    interfaces = _by("node", links)
    for item in live.get("netns", ()):
        name = item["name"]
        belongings = {kind: found.get(name, []) for kind, found in own.items()}
        yield {"lab": share.get("name"), **item, "interfaces": interfaces.get(name, []), **belongings}


def _by(key: str, items: Iterable[Mapping[str, Any]]) -> dict[Any, list[Mapping[str, Any]]]:
    """The items by what they have there."""
    found: dict[Any, list[Mapping[str, Any]]] = {}
    for item in items:
        found.setdefault(item.get(key), []).append(item)
    return found


def _interfaces(share: Mapping[str, Any]) -> list[Item]:
    live, lab = share["live"], share.get("name")
    places = {**_places_on_switches(live), **_places_on_bridges(live)}
    found: dict[End, Item] = {}
    for kind, item in ends(live, share["others"]["links"]):
        node = item.get("netns") or ""
        told = {name: value for name, value in item.items() if name not in ("netns", "peer")}
        place = {"switch": item.get("master"), "vlans": told.get("vlans") or [], **places.get(end(item), {})}
        found[end(item)] = {"lab": lab, "node": node, "kind": kind, **told, **place}
    peers = _peers(live)
    return [{**link, "peer": found.get(peers[key]) if key in peers else None} for key, link in sorted(found.items())]


def ends(live: Mapping[str, Any], others: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each interface of a topology, and of what else there is, with its kind."""
    for kind in LINKS:
        for item in live.get(kind, ()):
            yield kind, item
            if "peer" in item:
                yield kind, item["peer"]
    yield from ((item["kind"], item) for item in others)


def _peers(live: Mapping[str, Any]) -> dict[End, End]:
    """The other end of each cable."""
    pairs = [(end(item), end(item["peer"])) for item in live.get("veth", ()) if "peer" in item]
    return {one: other for pair in pairs for one, other in (pair, pair[::-1])}


def end(item: Mapping[str, Any]) -> End:
    return item.get("netns") or "", item["name"]


def _places_on_bridges(live: Mapping[str, Any]) -> dict[End, Item]:
    """The bridge of each port, and the port's VLANs where the bridge minds them."""
    return {
        (bridge.get("netns") or "", port["name"]): {
            "switch": bridge["name"],
            "vlans": (port.get("vlans") or []) if bridge.get("vlan_filtering") else [],
        }
        for bridge in live.get("bridge_vlan", ())
        for port in bridge.get("ports", ())
    }


def _places_on_switches(live: Mapping[str, Any]) -> dict[End, Item]:
    """The learning switch in user space of each of its ports."""
    return {
        (switch.get("netns") or "", port): {"switch": switch["name"]}
        for switch in live.get("vswitch", ())
        for port in switch.get("ports", ())
    }
