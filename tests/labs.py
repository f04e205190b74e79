# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labs for the tests of the engine, and the steps that many of these tests have in common."""

from __future__ import annotations

import copy
import json
import signal
import subprocess
import time
import typing as t

import snapshot
from labmachine import ANSIBLE_DIRECTORY, COLLECTIONS, ROOT

if t.TYPE_CHECKING:
    from labmachine import LabMachine

Items = dict[str, t.Any]
Result = dict[str, t.Any]

#: Seconds within which a machine comes to rest.
SETTLED_S = 30

#: A router between two networks and an overlay over them, with every attribute declared that there is.
FULL: Items = {
    "netns": [{"name": "ns1", "loopback": True}, {"name": "router", "loopback": False}, {"name": "ns2"}],
    "sysctl": [
        {"netns": "router", "name": "net.ipv4.ip_forward", "value": "1"},
        {"netns": "router", "name": "net.ipv6.conf.all.forwarding", "value": "1"},
        {"netns": "ns1", "name": "net.ipv4.conf.ns1-veth0.arp_ignore", "value": "1"},
    ],
    "veth": [
        {
            "name": "ns1-veth0",
            "netns": "ns1",
            "addresses": ["192.0.2.1/24", "192.0.2.3/24", "2001:db8:1::1/64"],
            "purge_addresses": True,
            "mac": "00:00:5e:00:53:01",
            "mtu": 1400,
            "peer": {
                "name": "gw-veth0",
                "netns": "router",
                "addresses": ["192.0.2.254/24", "2001:db8:1::fe/64"],
                "mac": "00:00:5e:00:53:fe",
                "mtu": 1400,
            },
        },
        {
            "name": "gw-veth1",
            "netns": "router",
            "addresses": ["203.0.113.254/24", "2001:db8:2::fe/64"],
            "peer": {"name": "ns2-veth0", "netns": "ns2", "addresses": ["203.0.113.1/24", "2001:db8:2::1/64"]},
        },
    ],
    "vxlan": [
        {
            "name": "ns1-vxlan0",
            "netns": "ns1",
            "id": 100,
            "remote": "203.0.113.1",
            "local": "192.0.2.1",
            "dstport": 4789,
            "dev": "ns1-veth0",
            "learning": False,
            "ttl": 32,
            "fdb": [
                {"mac": "00:00:5e:00:53:aa", "dst": "203.0.113.1"},
                {"mac": "00:00:00:00:00:00", "dst": "203.0.113.7"},
            ],
            "addresses": ["198.51.100.1/24", "2001:db8:3::1/64"],
            "purge_addresses": True,
            "mac": "00:00:5e:00:53:a1",
            "mtu": 1300,
        },
        {"name": "ns2-vxlan0", "netns": "ns2", "id": 100, "remote": "192.0.2.1", "dev": "ns2-veth0"},
        {"name": "ns2-group0", "netns": "ns2", "id": 200, "group": "239.1.1.1", "dev": "ns2-veth0", "up": False},
    ],
    "route": [
        {"netns": "ns1", "dst": "default", "via": "192.0.2.254"},
        {"netns": "ns1", "dst": "::/0", "via": "2001:db8:1::fe"},
        {"netns": "ns1", "dst": "10.1.0.0/16", "via": "192.0.2.254", "metric": 50, "source": "192.0.2.3"},
        {"netns": "ns1", "dst": "10.2.0.0/16", "dev": "ns1-veth0", "table": 1000},
        {"netns": "ns1", "dst": "10.3.0.0/16", "type": "blackhole"},
        {"netns": "ns1", "dst": "2001:db8:9::/48", "type": "unreachable"},
        {"netns": "ns2", "dst": "default", "via": "203.0.113.254"},
        {"netns": "ns2", "dst": "2001:db8:1::/64", "via": "2001:db8:2::fe", "metric": 7},
    ],
}

#: The smallest lab with a link.
PAIR: Items = {
    "netns": [{"name": "ns1"}, {"name": "ns2"}],
    "veth": [
        {
            "name": "ns1-veth0",
            "netns": "ns1",
            "addresses": ["192.0.2.1/24"],
            "peer": {"name": "ns2-veth0", "netns": "ns2", "addresses": ["192.0.2.2/24"]},
        }
    ],
}

#: A lab with a foot in the machine's own namespace.
ROOTED: Items = {
    "netns": [{"name": "ns1"}],
    "sysctl": [{"name": "net.ipv4.ip_forward", "value": "1"}],
    "veth": [
        {
            "name": "ns1-veth0",
            "netns": "ns1",
            "addresses": ["198.51.100.1/24"],
            "peer": {"name": "lab-veth0", "addresses": ["198.51.100.254/24"]},
        }
    ],
    "route": [
        {"netns": "ns1", "dst": "default", "via": "198.51.100.254"},
        {"dst": "203.0.113.0/24", "via": "198.51.100.1"},
    ],
}

NAT = {"jump": "MASQUERADE", "source": "10.0.0.0/8"}
NAP = {"name": "nap", "command": ["sleep", "1000"]}


def everything(name: str, dev: str, number: int) -> Items:
    """A lab with an object of every kind, in namespaces of its own and, on an interface of it, in the machine's own."""
    inner, outer = f"{name}-in", f"{name}-out"
    service = {"interfaces": ["s0"], "dns": True, "ranges": [{"start": "192.0.2.100", "end": "192.0.2.200"}]}
    peer = {"name": "c0", "netns": outer}
    return {
        "netns": [{"name": inner}, {"name": outer}],
        "veth": [
            {"name": "s0", "netns": inner, "addresses": ["192.0.2.254/24"], "peer": peer},
            {"name": "p0", "netns": inner, "peer": {"name": "p1", "netns": outer}},
        ],
        "macvlan": [{"name": "m0", "netns": outer, "parent": "c0"}, {"name": f"{name}-m", "parent": dev}],
        "vxlan": [{"name": "x0", "netns": inner, "id": 1, "dev": "s0", "remote": "192.0.2.1"}],
        "bridge_vlan": [{"name": "br0", "netns": outer, "ports": [{"name": "p1"}]}, {"name": f"{name}-br"}],
        "route": [
            {"netns": inner, "dst": "10.0.0.0/8", "type": "blackhole"},
            {"dst": f"10.{number}.0.0/16", "type": "blackhole"},
        ],
        "sysctl": [
            {"netns": inner, "name": "net.ipv4.ip_forward", "value": "1"},
            {"name": f"net.ipv4.conf.{dev}.forwarding", "value": "1"},
        ],
        "iptables_nat": [{"netns": inner, "rules": [NAT]}, {"rules": [{**NAT, "source": f"10.{number}.0.0/16"}]}],
        "process": [{**NAP, "netns": inner}, NAP],
        "capture": [{"name": "all", "netns": inner, "dev": "s0"}, {"name": "all", "dev": dev}],
        "vswitch": [{"name": "sw", "netns": inner, "ports": ["p0"]}, {"name": "sw", "ports": [dev]}],
        "dnsmasq_dhcp": [{**service, "netns": inner}],
        "dhcp_client": [{"netns": outer, "dev": "c0"}],
    }


def changed(items: Items, kind: str, index: int, **options: t.Any) -> Items:
    """The same lab with one item's options changed; None takes an option away."""
    result = copy.deepcopy(items)
    item = {**result[kind][index], **options}
    result[kind][index] = {name: value for name, value in item.items() if value is not None}
    return result


def without(items: Items, kind: str, *indexes: int) -> Items:
    """The same lab without some items."""
    kept = [item for i, item in enumerate(items[kind]) if i not in indexes]
    return {**copy.deepcopy(items), kind: copy.deepcopy(kept)}


def run_as_predicted(machine: LabMachine, module: str, **options: t.Any) -> Result:
    """Run a module; a check run before it says the same, and a second run has nothing left to do."""
    before = settled(machine)
    predicted = machine.module(module, _check=True, _diff=True, **options)
    same(before, machine.snapshot(), "check mode changed something")
    result = machine.module(module, _diff=True, **options)
    for word in ("changed", "changes", "diff"):
        assert predicted[word] == result[word], f"the prediction of {word} was wrong"
    again = machine.module(module, _diff=True, **options)
    assert (again["changed"], again["changes"]) == (False, [])
    return result


def refused(machine: LabMachine, module: str, **options: t.Any) -> str:
    """The message of a module that has to fail and to leave the machine as it was, in check mode, too."""
    before = settled(machine)
    message: str = machine.module(module, _fails=True, **options)["msg"]
    same(before, machine.snapshot(), f"changed, although refused: {message}")
    return message


def run_under(
    machine: LabMachine, command: list[str], module: str, /, **options: t.Any
) -> subprocess.CompletedProcess[str]:
    """Run a module by a command that takes the order of `run_module.py` from its input."""
    args = {**options, "_ansible_check_mode": False, "_ansible_diff": False}
    order = {"ansible": ANSIBLE_DIRECTORY, "collections": str(COLLECTIONS), "module": module, "args": args}
    return machine.run(command, check=False, input=json.dumps(order))


def same(before: snapshot.Snapshot, after: snapshot.Snapshot, otherwise: str = "changed") -> None:
    """Assert that nothing differs, and say what does."""
    differences = snapshot.diff(before, after)
    assert not differences, "\n".join([otherwise, *differences])


def killed(machine: LabMachine, act: int, module: str, /, **options: t.Any) -> bool:
    """Run a module that is killed before its nth act; false when it had come to its end before."""
    command = [machine.module_python, str(ROOT / "tests/killed_module.py"), str(act)]
    done = run_under(machine, command, module, **options)
    assert done.returncode in (0, -signal.SIGKILL, 128 + signal.SIGKILL), done.stdout + done.stderr
    return done.returncode != 0


def settled(machine: LabMachine) -> snapshot.Snapshot:
    """All that a lab could leave behind, once the kernel has noticed which links have a carrier."""
    before = machine.snapshot()
    deadline = time.monotonic() + SETTLED_S
    while True:
        moving = [link["ifname"] for link in machine.json(["ip", "-j", "addr"]) if is_moving(link)]
        again = machine.snapshot()
        differences = [*snapshot.diff(before, again), *moving]
        if not differences:
            return again
        assert time.monotonic() < deadline, "\n".join(["the machine does not come to rest:", *differences])
        before = again


def is_moving(link: dict[str, t.Any]) -> bool:
    """Whether an interface, as `ip -j addr` shows it, is between two states: on a busy machine that takes seconds."""
    carries = {"UP", "LOWER_UP"} <= set(link["flags"])
    unknown = "UP" in link["flags"] and carries != (link["operstate"] in {"UP", "UNKNOWN"})
    return unknown or any(each.get("tentative") and not each.get("dadfailed") for each in link["addr_info"])


def view(machine: LabMachine, *names: str) -> snapshot.Snapshot:
    """What ip(8), bridge(8) and /proc show of the namespaces, less what the kernel numbers and counts for itself.

    As lines that `snapshot.diff` compares.
    """
    there = {"", *(each["name"] for each in machine.json(["ip", "-j", "netns"]))}
    found: snapshot.Snapshot = {}
    for name in names:
        for what, lines in _view(machine, name).items() if name in there else ():
            found[f"{name} {what}"] = lines
    return found


def _view(machine: LabMachine, name: str) -> snapshot.Snapshot:
    inside = ["-n", name] if name else []
    enter = ["ip", "netns", "exec", name] if name else []
    queries = {
        "links": ["ip", *inside, "-j", "-d", "link"],
        "addresses": ["ip", *inside, "-j", "addr"],
        "routes": ["ip", *inside, "-j", "-4", "route", "show", "table", "all"],
        "routes of IPv6": ["ip", *inside, "-j", "-6", "route", "show", "table", "all"],
        "fdb": ["bridge", *inside, "-j", "fdb"],
    }
    found = {what: _stable(machine.json(query)) for what, query in queries.items()}
    found["routes of IPv6"] = [route for route in found["routes of IPv6"] if route.get("table") != "local"]
    found["fdb"] = [entry for entry in found["fdb"] if "dst" in entry and entry["state"] == "permanent"]
    found["sysctls"] = machine.run([*enter, "sysctl", "-e", *SETTINGS], check=False).stdout.splitlines()
    return {what: sorted(json.dumps(item, sort_keys=True) for item in items) for what, items in found.items()}


#: The settings that the labs above change.
SETTINGS = ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding", "net.ipv4.conf.ns1-veth0.arp_ignore")
#: Numbers, clocks, and what follows a moment later: carrier, duplicate address detection.
_MOVING = {"ifindex", "link_index", "link_netnsid", "link_netns", "expires", "valid_life_time", "preferred_life_time"}
_MOVING |= {"tentative", "dadfailed", "operstate", "pref", "min_mtu", "protocol", "qdisc", *snapshot.MOVING_KEYS}
_CARRIER = {"NO-CARRIER", "LOWER_UP", "M-DOWN", "linkdown"}
_LINK_LOCAL = "fe80:"


def _stable(value: t.Any) -> t.Any:
    """Without what differs between two makings of the same lab: numbers, and MACs that nobody declared."""
    if isinstance(value, dict):
        return {key: _stable(inner) for key, inner in value.items() if key not in _MOVING and not _is_chance(inner)}
    if isinstance(value, list):
        return [_stable(each) for each in value if not _is_carrier(each) and not _is_automatic(each)]
    return value


def _is_carrier(value: t.Any) -> bool:
    return isinstance(value, str) and value in _CARRIER


def _is_chance(value: t.Any) -> bool:
    """A MAC address that the kernel drew."""
    return isinstance(value, str) and value.count(":") == 5 and not value.startswith(("00:00:5e", "00:00:00"))


def _is_automatic(value: t.Any) -> bool:
    """What the kernel adds by itself when it is up long enough: link-local addresses."""
    return isinstance(value, dict) and str(value.get("local") or value.get("dst")).startswith(_LINK_LOCAL)


#: A machine's uplink, and what is behind it.
UPLINK = """
netns add provider
link add uplink0 type veth peer name customer0 netns provider
link set uplink0 addrgenmode none
-n provider link set customer0 addrgenmode none
addr add 10.9.8.7/24 dev uplink0
link set uplink0 up
route add default via 10.9.8.1
-n provider addr add 10.9.8.1/24 dev customer0
-n provider link set customer0 up
"""


def connected_to_outside(machine: LabMachine) -> None:
    """Give the machine an uplink, with a default route, and look at its tables of iptables, which makes them."""
    for line in UPLINK.strip().splitlines():
        machine.run(["ip", *line.split()])
    machine.snapshot()
