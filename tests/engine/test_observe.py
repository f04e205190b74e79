# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much is asked of the kernel to know what is there."""

from __future__ import annotations

import json
import typing as t

from labmachine import COLLECTIONS

if t.TYPE_CHECKING:
    from labmachine import LabMachine

NODES = 40
#: Reads all nodes, and prints who is whose peer, and how many single requests it took besides the dumps.
READ = """
import json, sys
sys.path.insert(0, sys.argv[1])
from ansible_collections.tcpip.lab.plugins.module_utils import namespaces, netlink, observe
from ansible_collections.tcpip.lab.plugins.module_utils.scope import Scope
requests, execute = [], netlink.Socket.execute
netlink.Socket.execute = lambda self, messages: requests.extend(messages) or execute(self, messages)
with netlink.Sockets() as sockets:
    state = observe.read(Scope(set(namespaces.names())), sockets)
print(json.dumps([[[*link.key, *link.peer] for link in state.links() if link.peer], len(requests)]))
"""

#: Prints which of the names that are given are found by their numbers in the root namespace.
NUMBER = """
import sys
sys.path.insert(0, sys.argv[1])
from ansible_collections.tcpip.lab.plugins.module_utils.nsids import Nsids
print(*Nsids(["", *sys.argv[2:]]).known("").values())
"""


def test_a_namespace_that_is_half_made_has_no_number_and_keeps_none_from_another(machine: LabMachine) -> None:
    """ip-netns(8) makes a file and mounts the namespace on it, and in the end takes the one away after the other."""
    machine.run(["ip", "netns", "add", "whole"])
    machine.run(["ip", "netns", "set", "whole", "7"])
    machine.run(["touch", "/run/netns/half"])
    found = machine.run([machine.module_python, "-c", NUMBER, str(COLLECTIONS), "half", "whole"]).stdout
    assert found == "whole\n"


def test_in_a_chain_of_routers_each_peer_is_found_by_few_requests(machine: LabMachine) -> None:
    """There all interfaces have the same names and the same few indexes."""
    chain = [
        {"name": "right", "netns": f"n{i}", "peer": {"name": "left", "netns": f"n{i + 1}"}} for i in range(NODES - 1)
    ]
    machine.module("topology", name="chain", netns=[{"name": f"n{i}"} for i in range(NODES)], veth=chain)
    peers, requests = json.loads(machine.run([machine.module_python, "-c", READ, str(COLLECTIONS)]).stdout)
    cables = [[f"n{i}", "right", f"n{i + 1}", "left"] for i in range(NODES - 1)]
    assert sorted(peers) == sorted([*cables, *([*cable[2:], *cable[:2]] for cable in cables)])
    assert requests <= 3 * len(peers)
