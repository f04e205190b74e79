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
      - Other addresses stay, unless O(purge_addresses=true).
    type: list
    elements: str
    default: []
  purge_addresses:
    description:
      - Whether addresses that are not among O(addresses) are removed.
      - IPv6 link-local addresses (C(fe80::/10), RFC 4291) are never removed by this. The kernel gives one to every
        interface that is up.
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
      - Whether the interface is switched on.
      - The kernel drops the IPv6 addresses and the routes of an interface that is switched off. Addresses that are
        declared come back with the same task, routes have to be declared themselves.
    type: bool
    default: true
"""
