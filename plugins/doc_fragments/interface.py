# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options that interfaces of every kind have."""

    DOCUMENTATION = r"""
options:
  name:
    description:
      - The name of the interface, 1 to 15 bytes (C(IFNAMSIZ) in C(linux/if.h)).
      - White space, control characters, C(/), C(:) and C(%) are not allowed in it, nor C(-) as its first character.
        C(lo), C(all) and C(default) are reserved.
    type: str
    required: true
  netns:
    description:
      - The namespace that the interface lives in, by the name that C(ip netns) knows it by. It has to exist.
      - Omitted or empty, it is the machine's own, the root network namespace.
    type: str
  addresses:
    description:
      - IPv4 and IPv6 addresses that the interface has, each with its prefix length, such as V(192.0.2.1/24) or
        V(2001:db8::1/64).
      - Other addresses stay, unless O(purge_addresses=true). An IPv6 address that is there with another prefix length
        is replaced.
    type: list
    elements: str
    default: []
  purge_addresses:
    description:
      - Whether addresses that are not among O(addresses) are removed.
      - An address with a peer (C(ip addr add ... peer ...)) is none of O(addresses). If one of them has got a peer, it
        is made anew without it.
      - IPv6 link-local addresses (C(fe80::/10), RFC 4291) are never removed by this. The kernel gives one to every
        interface that is up. Nor are addresses that have an end, as DHCP and routers give them.
    type: bool
    default: false
  mac:
    description:
      - The MAC address of the interface, six bytes in hexadecimal with C(:) or C(-) between them. It has to be a
        unicast one.
      - Omitted, it is not managed. The kernel chooses one at random for a new interface, and what is there stays.
    type: str
  mtu:
    description:
      - The MTU in bytes, V(68) (RFC 791) to V(65535), the bytes of the Ethernet header not counted.
      - With an IPv6 address among O(addresses) it has to be at least V(1280) (RFC 8200, section 5).
      - Omitted, it is not managed. The kernel chooses one for a new interface, and what is there stays.
    type: int
  up:
    description:
      - Whether the interface is up.
      - The kernel drops the IPv6 addresses and the routes of an interface that is switched off. Addresses that are
        declared come back with the same task, routes have to be declared themselves.
    type: bool
    default: true
  delay:
    description:
      - How long everything that the interface sends has to wait, in milliseconds, V(0) to V(3600000). V(0.5) is half of
        one.
      - O(delay), O(jitter), O(loss) and O(rate) are done by tc-netem(8) as the root queueing discipline of the
        interface. They concern what it sends, not what it receives. For both directions declare them at both ends, so
        that a delay of V(20) at either end makes an echo take V(40).
      - They are changed in place, with the packets that wait meanwhile. At most 1000 packets wait, those beyond that
        are lost.
      - If one of the four is given, those that are left out are nothing. If none is, they are not managed, and what is
        there stays. In a lab what was declared before and is not any more is taken away. A module alone takes it away
        where V(0) is given.
      - This needs a kernel with netem (C(CONFIG_NET_SCH_NETEM), the module C(sch_netem)). Where it is missing, the task
        fails before anything is changed, and says so. Enterprise Linux and Fedora have it in the package
        C(kernel-modules-extra).
      - A queueing discipline of another kind that somebody has given to the interface is replaced in a lab. For a
        module alone it is an error.
    type: float
  jitter:
    description:
      - By how many milliseconds O(delay) varies at most, up and down, at most by itself, V(0) to V(2147). A packet that
        has to wait less than the one before it overtakes it.
    type: float
  loss:
    description: How many of a hundred packets that the interface sends are lost, by chance, V(0) to V(100).
    type: float
  rate:
    description:
      - How fast the interface sends at most, in bits a second. The unit is V(bit), V(kbit), V(mbit), V(gbit) or
        V(tbit), as tc(8) writes it, such as V(10mbit), and without one it is V(bit). V(kibit) and the like are
        multiples of 1024.
      - The kernel counts whole bytes a second, so V(8bit) is the least. V(0) is without a limit.
    type: str
"""
