# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab over several machines, seen from outside."""

from __future__ import annotations

import typing as t

from traffic import ping

if t.TYPE_CHECKING:
    from machines import Bed, Member


def machine_of(bed: Bed, netns: str) -> Member:
    """The one machine that has the namespace."""
    (found,) = [machine for machine in bed.machines if netns in machine.namespaces()]
    return found


def test_each_machine_has_a_part_of_the_lab(bed: Bed) -> None:
    parts = [machine.namespaces() for machine in bed.machines]
    assert all(parts)
    assert sorted(name for part in parts for name in part) == ["ns1", "ns2", "router"]


def test_what_fits_into_a_link_goes_from_machine_to_machine(bed: Bed) -> None:
    machine = machine_of(bed, "ns1")
    assert "3 received" in ping(machine, "ns1", "-M", "do", "-s", str(1450 - 28), "192.0.2.254")
    assert "message too long, mtu=1450" in ping(machine, "ns1", "-M", "do", "-s", str(1450 - 27), "192.0.2.254")


def test_the_router_joins_the_networks(bed: Bed) -> None:
    (route,) = machine_of(bed, "ns2").json(["ip", "-n", "ns2", "-j", "route", "show", "default"])
    assert ping(machine_of(bed, "ns1"), "ns1", route["gateway"]).count("ttl=64") == 3
