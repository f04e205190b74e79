# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks for the tests of the checks, built with ip(8) alone, so that these tests need no other module."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from labmachine import LabMachine

#: Two networks and a router between them, IPv4 and IPv6, that work; as lines for ``ip -batch``.
ROUTER = """
link add ns1-veth0 netns ns1 type veth peer name gw-veth0 netns router
link add ns2-veth0 netns ns2 type veth peer name gw-veth1 netns router
-n ns1 addr add 192.0.2.1/24 dev ns1-veth0
-n ns1 addr add 2001:db8:1::1/64 dev ns1-veth0
-n router addr add 192.0.2.254/24 dev gw-veth0
-n router addr add 2001:db8:1::fe/64 dev gw-veth0
-n ns2 addr add 198.51.100.1/24 dev ns2-veth0
-n ns2 addr add 2001:db8:2::1/64 dev ns2-veth0
-n router addr add 198.51.100.254/24 dev gw-veth1
-n router addr add 2001:db8:2::fe/64 dev gw-veth1
-n ns1 link set lo up
-n ns1 link set ns1-veth0 up
-n ns2 link set ns2-veth0 up
-n router link set gw-veth0 up
-n router link set gw-veth1 up
-n ns1 route add default via 192.0.2.254
-n ns1 route add default via 2001:db8:1::fe
-n ns2 route add default via 198.51.100.254
-n ns2 route add default via 2001:db8:2::fe
"""

#: On top of it an overlay that ns1 and ns2 share.
OVERLAY = """
-n ns1 link add ns1-vxlan0 type vxlan id 100 remote 198.51.100.1 dstport 4789 dev ns1-veth0
-n ns2 link add ns2-vxlan0 type vxlan id 100 remote 192.0.2.1 dstport 4789 dev ns2-veth0
-n ns1 addr add 203.0.113.1/24 dev ns1-vxlan0
-n ns2 addr add 203.0.113.2/24 dev ns2-vxlan0
-n ns1 link set ns1-vxlan0 up
-n ns2 link set ns2-vxlan0 up
"""

#: Three stations on a bridge.
BRIDGE = "-n bridge link add br0 type bridge\n-n bridge link set br0 up\n" + "".join(
    f"""
link add ns{n}-veth0 netns ns{n} type veth peer name ns{n}-br0 netns bridge
-n ns{n} addr add 192.0.2.{n}/24 dev ns{n}-veth0
-n bridge link set ns{n}-br0 master br0 up
-n ns{n} link set ns{n}-veth0 up
"""
    for n in (1, 2, 3)
)

FORWARDING = ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding")


def ip(machine: LabMachine, lines: str) -> None:
    """Give each line to the command ip; lines may begin with ``-n NAMESPACE``."""
    for line in filter(None, lines.splitlines()):
        machine.run(["ip", *line.split()])


def build(machine: LabMachine, *parts: str, netns: t.Sequence[str] = ("ns1", "router", "ns2")) -> None:
    """Make the namespaces and the parts in them, with forwarding in all of them."""
    for name in netns:
        machine.run(["ip", "netns", "add", name])
        for setting in FORWARDING:
            sysctl(machine, name, setting, 1)
    for part in parts:
        ip(machine, part)


def sysctl(machine: LabMachine, netns: str, name: str, value: int) -> None:
    """Set a kernel setting in a namespace."""
    machine.run(["ip", "netns", "exec", netns, "sysctl", "-q", "-w", f"{name}={value}"])
