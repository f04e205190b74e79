# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tutorials' own commands build, and all labs on a machine as data that can be compared, read from outside.

``assert tutorial.network(machine) == tutorial.network(tutorial.build("veth", new_machine))``
"""

from __future__ import annotations

import pathlib
import re
import shlex
import time
import typing as t

import yaml
from labs import is_moving

if t.TYPE_CHECKING:
    from throwaway import Machine

COMMANDS = pathlib.Path(__file__).with_name("tutorial.yml")

#: Numbers and names that the kernel deals out by turns, our mark, and what a capture switches on while it runs.
DEALT_OUT = {"ifindex", "link_index", "link_netnsid", "link_netns", "ifalias", "promiscuity"}
CLOCKS = {
    *("expires", "used", "age", "valid_life_time", "preferred_life_time"),
    *("hello_timer", "tcn_timer", "topology_change_timer", "gc_timer"),
    *("hold_timer", "message_age_timer", "forward_delay_timer"),
}
#: What a bridge makes of its MAC address, which is random.
BRIDGE_IDS = {"bridge_id", "root_id"}
#: MAC addresses for documentation (RFC 9542) were declared; every other one is random.
DECLARED_MAC = "00:00:5e:00:53:"
LINK_LOCAL = re.compile(r"^fe80::[0-9a-f:]+(?=$|/128$)")
MARK = re.compile(r'-m comment --comment "tcpip\.lab:[^"]*" ')
FORWARDING = r"net\.ipv4\.ip_forward|net\.ipv[46]\.conf\.[^.]+\.forwarding"
#: Seconds that duplicate address detection (RFC 4862) and a change of an interface's state take at most.
SETTLED_S = 60

Item = dict[str, t.Any]
Network = dict[str, dict[str, t.Any]]


def commands() -> dict[str, list[str]]:
    """The tutorials' commands by scenario."""
    found: dict[str, list[str]] = yaml.safe_load(COMMANDS.read_text(encoding="utf-8"))
    return found


def build(scenario: str, machine: Machine) -> Machine:
    """Build the scenario on an empty machine by the tutorial's commands."""
    for command in commands()[scenario]:
        machine.run(shlex.split(command))
    return machine


def network(machine: Machine) -> Network:
    """All namespaces by name, the machine's own as "".

    With links, addresses, routes, forwarding, VXLAN tables, VLANs and rules of address translation.
    """
    _settle(machine)
    names = ["", *sorted(each["name"] for each in machine.json(["ip", "-j", "netns"]))]
    links = {name: machine.json(["ip", *_n(name), "-j", "-d", "link"]) for name in names}
    ids = {name: _names_of_ids(machine, name, names) for name in names}
    return {
        name: {
            "links": {link["ifname"]: _link(link, links, ids[name]) for link in links[name]},
            "addresses": _addresses(machine, name),
            "routes": _routes(machine, name),
            "forwarding": _forwarding(machine, name),
            "tunnels": _tunnels(machine, name),
            "vlans": machine.json(["bridge", *_n(name), "-j", "vlan"]),
            "translation": _translation(machine, name),
        }
        for name in names
    }


def _n(netns: str) -> list[str]:
    return ["-n", netns] if netns else []


def _settle(machine: Machine) -> None:
    """Wait until the kernel has checked all IPv6 addresses, no interface is between two states, and none is going."""
    deadline = time.monotonic() + SETTLED_S
    while time.monotonic() < deadline:
        names = ["", *(each["name"] for each in machine.json(["ip", "-j", "netns"]))]
        if all(_settled(link) for name in names for link in machine.json(["ip", *_n(name), "-j", "addr"])):
            return
        time.sleep(0.1)
    raise AssertionError(f"the machine's interfaces are not settled after {SETTLED_S} s")


def _settled(link: Item) -> bool:
    carries = {"UP", "LOWER_UP"} <= set(link["flags"])
    link_local = [each for each in link["addr_info"] if (each.get("family"), each.get("scope")) == ("inet6", "link")]
    addressed = bool(link_local) or not carries or "LOOPBACK" in link["flags"]
    going = link.get("link_netnsid") == -1  # its other end was in a namespace that is being taken apart
    return addressed and not going and not is_moving(link)


def _names_of_ids(machine: Machine, netns: str, names: list[str]) -> dict[int, str]:
    """Which namespace is behind each number by which this one knows others; the unnamed one is the machine's own."""
    known = {each["nsid"]: each.get("name", "") for each in machine.json(["ip", *_n(netns), "-j", "netns", "list-id"])}
    return {number: name for number, name in known.items() if name in names}


def _link(link: Item, links: dict[str, list[Item]], ids: dict[int, str]) -> Item:
    found: Item = _plain({key: value for key, value in link.items() if key not in DEALT_OUT})
    found["flags"] = sorted(found["flags"])
    if not found["address"].startswith(DECLARED_MAC) and found["link_type"] == "ether":
        found["address"] = "random"
    if "link_netnsid" in link or "link_index" in link:
        found["peer"] = _peer(link, links, ids)
    return found


def _peer(link: Item, links: dict[str, list[Item]], ids: dict[int, str]) -> str:
    where = link["link_netns"] if "link_netns" in link else ids[link["link_netnsid"]]
    (name,) = [other["ifname"] for other in links[where] if other["ifindex"] == link["link_index"]]
    return f"{name} in {where or 'the machine'}"


def _plain(item: t.Any) -> t.Any:
    """Without clocks and bridges' own identifiers, one word for all link-local addresses of random MAC addresses."""
    if isinstance(item, dict):
        return {key: _plain(value) for key, value in item.items() if key not in CLOCKS | BRIDGE_IDS}
    if isinstance(item, list):
        return [_plain(each) for each in item]
    return LINK_LOCAL.sub("link-local", item) if isinstance(item, str) else item


def _addresses(machine: Machine, netns: str) -> dict[str, t.Any]:
    found = machine.json(["ip", *_n(netns), "-j", "addr"])
    return {link["ifname"]: sorted(_plain(link["addr_info"]), key=str) for link in found}


def _routes(machine: Machine, netns: str) -> list[Item]:
    found = [
        route
        for family in ("-4", "-6")
        for route in machine.json(["ip", *_n(netns), "-j", family, "route", "show", "table", "all"])
    ]
    return sorted(_plain(found), key=str)


def _forwarding(machine: Machine, netns: str) -> list[str]:
    inside = ["ip", "netns", "exec", netns] if netns else []
    return sorted(machine.run([*inside, "sysctl", "-a", "--pattern", f"^({FORWARDING})$"]).stdout.splitlines())


def _tunnels(machine: Machine, netns: str) -> list[Item]:
    """Where VXLANs send to what they do not know; what they learned from traffic is left out."""
    found = machine.json(["bridge", *_n(netns), "-j", "fdb"])
    return sorted((_plain(each) for each in found if "dst" in each and each["state"] == "permanent"), key=str)


def _translation(machine: Machine, netns: str) -> list[str]:
    """The rules of the table nat in their order, without our mark."""
    inside = ["ip", "netns", "exec", netns] if netns else []
    lines = machine.run([*inside, "iptables-save"]).stdout.partition("*nat")[2].partition("COMMIT")[0].splitlines()
    return [MARK.sub("", line) for line in lines if line.startswith("-A ")]
