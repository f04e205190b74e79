# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of checks: one file each. A new kind is one new file, its line here, and its part of the documentation."""

from __future__ import annotations

from . import (
    captured,
    conntrack,
    dns,
    exchange,
    fdb,
    frame,
    lease,
    link,
    mesh,
    neighbour,
    netns,
    ping,
    route,
    sockets,
    traceroute,
    vlan,
    vswitch,
    web,
)

#: By their names in a check.
KINDS = {
    "ping": ping.KIND,
    "mesh": mesh.KIND,
    "tcp": exchange.TCP,
    "udp": exchange.UDP,
    "frame": frame.KIND,
    "http": web.KIND,
    "dns": dns.KIND,
    "traceroute": traceroute.KIND,
    "route": route.KIND,
    "link": link.KIND,
    "neighbour": neighbour.KIND,
    "fdb": fdb.KIND,
    "vlan": vlan.KIND,
    "netns": netns.KIND,
    "socket": sockets.KIND,
    "lease": lease.KIND,
    "captured": captured.KIND,
    "conntrack": conntrack.KIND,
    "vswitch": vswitch.KIND,
}
