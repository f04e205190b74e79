# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ip(8) sees of a network, whichever means has built it: without what is random or the kernel's to choose."""

from __future__ import annotations

import typing as t

from labmachine import LabMachine

#: Namespaces that are looked at, evenly spread over those of a large network.
_MOST = 60


def look(machine: LabMachine, namespaces: t.Sequence[str]) -> dict[str, t.Any]:
    """Links, addresses and routes of some of the namespaces, or all, and the names of all that there are."""
    there = sorted(line.split()[0] for line in machine.run(["ip", "netns", "list"]).stdout.splitlines())
    step = -(-len(namespaces) // _MOST) or 1
    sample = {*namespaces[::step], *namespaces[-1:]} & {*there}
    return {"namespaces": there, **{name: _inside(machine, name) for name in sorted(sample)}}


def difference(one: dict[str, t.Any], other: dict[str, t.Any]) -> str:
    """The first thing in which two looks differ, empty if they agree."""
    for name in sorted({*one, *other}):
        if one.get(name) != other.get(name):
            return f"{name}: {one.get(name)} and {other.get(name)}"
    return ""


def _inside(machine: LabMachine, netns: str) -> dict[str, t.Any]:
    links = machine.json(["ip", "-n", netns, "-d", "-j", "addr"])
    routes = machine.json(["ip", "-n", netns, "-j", "route"])
    forwards = machine.run(["ip", "netns", "exec", netns, "sysctl", "-n", "net.ipv4.ip_forward"]).stdout.strip()
    return {
        "links": sorted(_link(each) for each in links),
        "routes": sorted((each["dst"], each.get("gateway", ""), each["dev"]) for each in routes),
        "forwards": forwards,
    }


def _link(link: t.Mapping[str, t.Any]) -> tuple[t.Any, ...]:
    kind = link.get("linkinfo", {}).get("info_kind", "")
    addresses = [f"{each['local']}/{each['prefixlen']}" for each in link["addr_info"] if each["family"] == "inet"]
    return link["ifname"], kind, "UP" in link["flags"], link["mtu"], link.get("master", ""), sorted(addresses)
