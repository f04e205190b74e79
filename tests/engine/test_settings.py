# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel settings that the kernel changes along with others: one run reaches what is declared, and says all it does."""

from __future__ import annotations

import typing as t

import pytest
from labs import PAIR, changed, run_as_predicted, same, settled

if t.TYPE_CHECKING:
    from labmachine import LabMachine

#: A setting that changes others, one that it changes of an interface, and one of the namespace.
SWITCHES = {
    "net.ipv4.ip_forward": ("net.ipv4.conf.ns1-veth0.forwarding", "net.ipv4.conf.all.accept_redirects"),
    "net.ipv4.conf.all.forwarding": ("net.ipv4.conf.ns1-veth0.forwarding", "net.ipv4.conf.default.forwarding"),
    "net.ipv6.conf.all.forwarding": ("net.ipv6.conf.ns1-veth0.forwarding", "net.ipv6.conf.default.forwarding"),
    "net.ipv6.conf.all.disable_ipv6": ("net.ipv6.conf.ns1-veth0.disable_ipv6", "net.ipv6.conf.default.disable_ipv6"),
    "net.ipv6.conf.all.addr_gen_mode": ("net.ipv6.conf.ns1-veth0.addr_gen_mode", "net.ipv6.conf.default.addr_gen_mode"),
    "net.ipv6.conf.all.ignore_routes_with_linkdown": (
        "net.ipv6.conf.ns1-veth0.ignore_routes_with_linkdown",
        "net.ipv6.conf.default.ignore_routes_with_linkdown",
    ),
}


def _setting(netns: str, name: str, value: int) -> dict[str, t.Any]:
    return {"netns": netns, "name": name, "value": value}


def _reaches(machine: LabMachine, settings: list[dict[str, t.Any]]) -> None:
    """One run makes the settings what is declared."""
    run_as_predicted(machine, "topology", name="lab", **PAIR, sysctl=settings)
    for each in settings:
        found = machine.run(["ip", "netns", "exec", "ns1", "sysctl", "-n", each["name"]]).stdout
        assert found == f"{each['value']}\n", each


def test_one_that_can_be_read_only_once_it_is_set(machine: LabMachine) -> None:
    machine.module("netns", name="ns1", loopback=True)
    secret: dict[str, t.Any] = {"netns": "ns1", "name": "net.ipv6.conf.lo.stable_secret"}
    secret["value"] = "2001:0db8:0000:0000:0000:0000:0000:0001"
    run_as_predicted(machine, "sysctl", **secret)
    assert machine.module("sysctl", **secret)["changed"] is False


@pytest.mark.parametrize("switch", SWITCHES)
def test_what_changes_along_is_as_declared(machine: LabMachine, switch: str) -> None:
    link, whole = SWITCHES[switch]
    declared = [_setting("ns1", name, value) for name, value in ((whole, 1), (link, 0), (switch, 1))]
    _reaches(machine, declared)  # all is new, and stands in the worst order
    for values in ((1, 0), (0, 1)):  # what else somebody changes by hand
        for name, value in ((switch, 0), *zip((whole, link), values)):
            machine.run(["ip", "netns", "exec", "ns1", "sysctl", "-qw", f"{name}={value}"])
        _reaches(machine, declared)
    _reaches(machine, [{**each, "value": 1 - each["value"]} for each in declared])
    _reaches(machine, declared[:2])
    _reaches(machine, declared)


@pytest.mark.parametrize("switch", SWITCHES)
def test_what_changes_along_and_is_declared_stays_when_the_other_one_goes(machine: LabMachine, switch: str) -> None:
    machine.run(
        ["sh", "-ec", "ip link add ns1-veth0 type veth peer name far; ip link set ns1-veth0 up; ip link set far up"]
    )
    before = settled(machine)
    lab = {"netns": PAIR["netns"], "sysctl": [_setting("", name, 1) for name in (switch, *SWITCHES[switch])]}
    run_as_predicted(machine, "topology", name="lab", **lab)
    lab["sysctl"] = lab["sysctl"][1:]
    run_as_predicted(machine, "topology", name="lab", **lab)
    for name in SWITCHES[switch]:
        assert machine.run(["sysctl", "-n", name]).stdout == "1\n"
    machine.module("topology", name="lab", state="absent")
    same(before, settled(machine))


def test_an_interface_is_set_before_it_is_switched_on_and_addressed(machine: LabMachine) -> None:
    """IPv6 is there for its address, and comes up without one of its own that was to be left out."""
    names = ("default.disable_ipv6", "ns1-veth0.disable_ipv6", "ns1-veth0.addr_gen_mode", "ns1-veth0.accept_dad")
    settings = [_setting("ns1", f"net.ipv6.conf.{name}", value) for name, value in zip(names, (1, 0, 1, 0))]
    lab = {**changed(PAIR, "veth", 0, addresses=["2001:db8::1/64"]), "sysctl": settings}
    run_as_predicted(machine, "topology", name="lab", **lab)
    [link] = machine.json(["ip", "-n", "ns1", "-j", "-6", "address", "show", "ns1-veth0"])
    assert [each["local"] for each in link["addr_info"]] == ["2001:db8::1"]
    machine.run(
        [
            "sh",
            "-ec",
            "ip -n ns1 link set ns1-veth0 down; ip netns exec ns1 sysctl -qw net.ipv6.conf.ns1-veth0.disable_ipv6=1",
        ]
    )
    run_as_predicted(machine, "topology", name="lab", **lab)


def test_the_mtu_of_ipv6_is_set_after_the_interface_is_switched_on(machine: LabMachine) -> None:
    """The kernel sets it to that of the interface then: of a VXLAN at once, of a pair when it notices the carrier."""
    overlay = {"name": "x0", "netns": "ns1", "id": 1, "remote": "192.0.2.2", "mtu": 1400}
    lab = {**PAIR, "vxlan": [overlay], "sysctl": [_setting("ns1", "net.ipv6.conf.x0.mtu", 1300)]}
    run_as_predicted(machine, "topology", name="lab", **lab)
    machine.run(["sh", "-ec", "ip -n ns1 link set x0 down; ip netns exec ns1 sysctl -qw net.ipv6.conf.x0.mtu=1280"])
    run_as_predicted(machine, "topology", name="lab", **lab)


def test_an_interface_that_keeps_ipv6_keeps_its_addresses(machine: LabMachine) -> None:
    """For the moment in which all interfaces of the namespace lose theirs."""
    settings = [
        _setting("ns1", f"net.ipv6.conf.{name}.disable_ipv6", value) for name, value in (("all", 1), ("ns1-veth0", 0))
    ]
    route = {"netns": "ns1", "dst": "2001:db8:1::/64", "via": "2001:db8::2"}
    lab = {**changed(PAIR, "veth", 0, addresses=["2001:db8::1/64"]), "route": [route], "sysctl": settings}
    run_as_predicted(machine, "topology", name="lab", **lab)
    machine.run(["ip", "-n", "ns1", "address", "add", "2001:db8::77/64", "dev", "ns1-veth0"])
    machine.run(["ip", "netns", "exec", "ns1", "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=0"])
    run_as_predicted(machine, "topology", name="lab", **lab)
    assert "2001:db8::77/64" in machine.run(["ip", "-n", "ns1", "address", "show", "ns1-veth0"]).stdout


def test_an_interface_that_follows_a_default_of_ipv4_is_as_declared(machine: LabMachine) -> None:
    """As long as it has no address and nobody has set it, it changes along."""
    lab = changed(PAIR, "veth", 0, addresses=[])
    settings = [
        _setting("ns1", f"net.ipv4.conf.{name}.rp_filter", value) for name, value in (("ns1-veth0", 0), ("default", 1))
    ]
    for number in range(3):
        run_as_predicted(machine, "topology", name="lab", **lab, sysctl=settings[:number])
