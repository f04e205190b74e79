# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a lab of 300 nodes over three machines takes, against the busiest machine's share alone.

``.venv/bin/python tests/shares.py`` (root) makes three machines that are reached by SSH, and in turn runs four plays of
the same playbook: the whole over three machines, the busiest machine's share on that machine alone, and both with a lab
of next to nothing, which is what Ansible takes for three hosts, and for one. It prints seconds and the ratio, the
medians of all rounds.
"""

from __future__ import annotations

import statistics
import sys
import time
import typing as t

from labmachine import COLLECTIONS
from machines import Bed

sys.path.insert(0, str(COLLECTIONS))
from ansible_collections.tcpip.lab.plugins.module_utils import spread

PLAYBOOK = "tests/several/given.yml"
BRIDGES, STATIONS, ROUNDS = 6, 49, 5
Items = dict[str, list[dict[str, t.Any]]]


def star() -> Items:
    """A bridge that joins bridges, each of which has stations."""
    hubs = [f"sw{number}" for number in range(BRIDGES)]
    netns, veth = [{"name": name} for name in ("core", *hubs)], []
    ports: dict[str, list[str]] = {name: [] for name in ("core", *hubs)}

    def join(node: str, dev: str, hub: str, **options: t.Any) -> None:
        port = f"p{len(ports[hub])}"
        ports[hub].append(port)
        veth.append({"name": dev, "netns": node, **options, "peer": {"name": port, "netns": hub}})

    for number, hub in enumerate(hubs):
        join(hub, "up", "core")
        ports[hub].append("up")
        for station in range(STATIONS):
            netns.append({"name": f"n{number}-{station}"})
            join(f"n{number}-{station}", "eth0", hub, addresses=[f"10.1.{number}.{station + 1}/16"])
    bridges = [{"name": "br0", "netns": hub, "ports": [{"name": port} for port in own]} for hub, own in ports.items()]
    return {"netns": netns, "veth": veth, "bridge_vlan": bridges}


def seconds(bed: Bed, topology: t.Any, machines: list[str]) -> float:
    """How long it takes to build it on these machines; it is removed again."""
    begun = time.monotonic()
    bed.playbook(PLAYBOOK, "--limit", ",".join(machines), topology=topology)
    taken = time.monotonic() - begun
    bed.playbook(PLAYBOOK, lab_state="absent")
    return taken


def main() -> int:
    """Measure, print, and say whether it is within the limit."""
    items = star()
    with Bed.made(3) as bed:
        names = [machine.name for machine in bed.machines]
        cut = spread.spread("given", items, [spread.Machine(each.name, each.address, 1500) for each in bed.machines])
        busiest = max(names, key=lambda name: sum(map(len, cut.parts[name].values())))
        one, three = {"netns": [{"name": "a"}]}, {"netns": [{"name": name, "host": name} for name in names]}
        plays: dict[str, tuple[t.Any, list[str]]] = {"whole": (items, names), "share": (cut.parts[busiest], [busiest])}
        plays |= {"nothing on three": (three, names), "nothing on one": (one, [busiest])}
        taken: dict[str, list[float]] = {name: [] for name in plays}
        for _round in range(ROUNDS):
            for name, play in plays.items():
                taken[name].append(seconds(bed, *play))
    middle = {name: statistics.median(each) for name, each in taken.items()}
    for name, each in taken.items():
        print(f"{name:18} {middle[name]:6.2f} s  ({min(each):.2f} to {max(each):.2f})")
    alone = middle["share"] - middle["nothing on one"] + middle["nothing on three"]
    ratio = middle["whole"] / alone
    print(f"{len(items['netns'])} nodes: {ratio:.2f} of the share alone and Ansible's own (limit 1.3)")
    return int(ratio > 1.3)


if __name__ == "__main__":
    sys.exit(main())
