# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How large packets are on a link that crosses, over underlays of several kinds: as large as they can be, and whole."""

from __future__ import annotations

import re
import typing as t

import pytest
from machines import Bed
from traffic import capture, fragments, inside, ping

if t.TYPE_CHECKING:
    from machines import Member

PLAYBOOK = "tests/several/given.yml"
#: The machines' addresses by IPv6, for the role.
IPV6 = "{{ {'lab1': 'fd77::11', 'lab2': 'fd77::12'}[inventory_hostname] }}"
BYTES = 2_000_000
RECEIVE = """
import hashlib, socket
with socket.create_server(("", 5001)) as server:
    print("listening", flush=True)
    with server.accept()[0] as connection:
        text = b"".join(iter(lambda: connection.recv(65536), b""))
        print(len(text), hashlib.sha256(text).hexdigest())
"""
SEND = """
import hashlib, random, socket, sys
text = random.randbytes(int(sys.argv[1]))
with socket.create_connection(("192.0.2.2", 5001), timeout=10) as connection:
    connection.sendall(text)
print(len(text), hashlib.sha256(text).hexdigest())
"""
ETHERNET = 14


def lab(**declared: int) -> dict[str, t.Any]:
    """Two nodes on two machines, and the link between them."""
    far = {"name": "ns2-veth0", "netns": "ns2", "addresses": ["192.0.2.2/24"]}
    near = {"name": "ns1-veth0", "netns": "ns1", "addresses": ["192.0.2.1/24"], **declared}
    return {
        "netns": [{"name": "ns1", "host": "lab1"}, {"name": "ns2", "host": "lab2"}],
        "veth": [{**near, "peer": far}],
    }


def transferred(one: Member, other: Member) -> None:
    """A large text comes from ns1 to ns2 as it was sent."""
    with other.popen(inside("ns2", RECEIVE), stdout=-1) as receiver:
        assert receiver.stdout is not None
        assert receiver.stdout.readline() == "listening\n"
        sent = one.run(inside("ns1", SEND, str(BYTES))).stdout
        assert receiver.stdout.read() == sent


def mtu(machine: Member, netns: str, dev: str) -> int:
    found: int = machine.json(["ip", "-n", netns, "-j", "link", "show", dev])[0]["mtu"]
    return found


@pytest.mark.parametrize(
    ("underlay", "address", "crosses"), [(1500, "", 1450), (1500, IPV6, 1430), (1400, "", 1350), (9000, "", 1500)]
)
def test_tcp_fills_its_segments_and_none_is_cut(underlay: int, address: str, crosses: int) -> None:
    known: dict[str, t.Any] = {"lab_address": address} if address else {}
    with Bed.made(2, mtu=underlay) as bed:
        bed.playbook(PLAYBOOK, topology=lab(), **known)
        one, other = bed.machines
        assert mtu(one, "ns1", "ns1-veth0") == mtu(other, "ns2", "ns2-veth0") == crosses
        for machine in bed.machines:
            machine.run(["ip", "link", "set", "eth0", "gso_max_segs", "1"])  # packets as on a wire, each for itself
        whole = ["-M", "do", "-s", str(crosses - 28), "192.0.2.2"]
        assert "3 received" in ping(one, "ns1", *whole)
        with capture(other, "", "eth0", 300, "udp port 4789", seconds=20) as packets:
            transferred(one, other)
        lengths = [int(length[1]) for line in packets if (length := re.search(r"length (\d+): ", line))]
        assert max(lengths) == crosses + ETHERNET + (70 if address else 50)
        assert fragments(one) == fragments(other) == 0


def test_an_mtu_that_does_not_cross_is_refused() -> None:
    with Bed.made(2) as bed:
        said = bed.playbook(PLAYBOOK, _fails=True, topology=lab(mtu=1500)).stdout
        assert "veth[0].mtu: packets of 1500 bytes do not cross between the machines" in said
        assert "leave it out, or give 1450 at most" in said
        assert [machine.namespaces() for machine in bed.machines] == [[], []]
        bed.playbook(PLAYBOOK, topology=lab(mtu=1300))
        assert mtu(bed.machines[0], "ns1", "ns1-veth0") == 1300


def test_where_no_link_crosses_any_more_all_have_what_they_have_on_one_machine() -> None:
    far = {"name": "ns3-veth0", "netns": "ns3"}
    more: dict[str, t.Any] = {
        "netns": [{"name": "ns3", "host": "lab1"}],
        "veth": [{"name": "ns1-veth1", "netns": "ns1", "peer": far}],
    }
    spread = {kind: [*items, *more[kind]] for kind, items in lab().items()}
    together = {**spread, "netns": [{**item, "host": "lab1"} for item in spread["netns"]]}
    ends = (("ns1", "ns1-veth0"), ("ns1", "ns1-veth1"), ("ns2", "ns2-veth0"), ("ns3", "ns3-veth0"))
    with Bed.made(2) as bed:
        one = bed.machines[0]
        bed.playbook(PLAYBOOK, topology=spread)
        assert mtu(one, "ns1", "ns1-veth1") == mtu(one, "ns3", "ns3-veth0") == 1450
        bed.playbook(PLAYBOOK, topology=together)
        assert [mtu(one, netns, dev) for netns, dev in ends] == [1500] * 4
        assert bed.playbook(PLAYBOOK, topology=together).changed == 0
