# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network by pyroute2 as its documentation has it: a `NetNS` for each namespace, a call for each thing.

Reads `scale.network.Network` as JSON from the standard input, and what to do with it as `task`.
"""

from __future__ import annotations

import json
import pathlib
import sys
import typing as t

from pyroute2 import NetNS, netns

_Item = t.Mapping[str, t.Any]


def build(network: _Item) -> None:
    """Make the network, or what is new of it."""
    for name in network["namespaces"]:
        netns.create(name)
    ends = [(end["netns"], end) for cable in network["cables"] for end in (cable["left"], cable["right"])]
    cables, bridges = _by_namespace(network["cables"], "left"), _by_namespace(network["bridges"])
    ports, routes = _group(ends), _by_namespace(network["routes"])
    names = dict.fromkeys([*network["namespaces"], *ports])
    for name in names:
        with NetNS(name, flags=0) as space:
            _make(space, bridges.get(name, ()), cables.get(name, ()))
    for name in names:
        with NetNS(name, flags=0) as space:
            _finish(space, ports.get(name, ()), routes.get(name, ()))
    for name in network["routers"]:
        _forward(name)


def _by_namespace(items: t.Iterable[_Item], end: str = "") -> dict[str, list[_Item]]:
    return _group((item[end]["netns"] if end else item["netns"], item) for item in items)


def _group(pairs: t.Iterable[tuple[str, _Item]]) -> dict[str, list[_Item]]:
    found: dict[str, list[_Item]] = {}
    for name, item in pairs:
        found.setdefault(name, []).append(item)
    return found


def _make(space: NetNS, bridges: t.Iterable[_Item], cables: t.Iterable[_Item]) -> None:
    for bridge in bridges:
        space.link("add", ifname=bridge["name"], kind="bridge", state="up")
        _address(space, bridge)
    for cable in cables:
        peer = {"ifname": cable["right"]["name"], "net_ns_fd": cable["right"]["netns"]}
        space.link("add", ifname=cable["left"]["name"], kind="veth", peer=peer)


def _finish(space: NetNS, ports: t.Iterable[_Item], routes: t.Iterable[_Item]) -> None:
    space.link("set", index=1, state="up")
    for port in ports:
        index = _index(space, port["name"])
        if port["master"]:
            space.link("set", index=index, master=_index(space, port["master"]))
        space.link("set", index=index, state="up")
        _address(space, port)
    for route in routes:
        space.route("add", dst=route["dst"], gateway=route["via"])


def _index(space: NetNS, name: str) -> int:
    index: int = space.link_lookup(ifname=name)[0]
    return index


def _address(space: NetNS, item: _Item) -> None:
    if item["address"]:
        address, _slash, length = item["address"].partition("/")
        space.addr("add", index=_index(space, item["name"]), address=address, prefixlen=int(length))


def _forward(name: str) -> None:
    netns.pushns(name)
    pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1", encoding="ascii")
    netns.popns()


def change(port: _Item) -> None:
    """Give an interface another MTU."""
    with NetNS(port["netns"], flags=0) as space:
        space.link("set", index=_index(space, port["name"]), mtu=port["mtu"])


def remove(network: _Item) -> None:
    """Remove the namespaces."""
    for name in network["namespaces"]:
        netns.remove(name)


if __name__ == "__main__":
    given = json.load(sys.stdin)
    {"build": build, "change": change, "remove": remove}[given["task"]](given)
