# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""That all nodes reach each other, of a hundred in seconds; and who does not."""

from __future__ import annotations

import pathlib
import time
import typing as t

import pytest
from labmachine import ModuleFailed

if t.TYPE_CHECKING:
    from labmachine import LabMachine

NODES = 100
ADDRESSES = {f"n{number}": f"10.77.0.{number + 1}" for number in range(NODES)}
#: "All pairs of 100 nodes in 5 s", on a machine that does nothing else; this one may run other tests meanwhile.
PROMISED_S, BUSY = 5.0, 4
TRIALS = 5
#: Of this kernel's tables; only the namespace that it was started with has them (arp(7), lnstat(8)).
STATISTICS = [pathlib.Path(f"/proc/net/stat/{name}_cache") for name in ("arp", "ndisc")]


def build(machine: LabMachine, addresses: t.Mapping[str, str], length: int) -> None:
    """A node for each address, all at one bridge."""
    machine.module(
        "topology",
        name="mesh",
        netns=[{"name": name} for name in ("hub", *addresses)],
        veth=[
            {
                "name": "eth0",
                "netns": name,
                "addresses": [f"{address}/{length}"],
                "peer": {"name": f"p-{name}", "netns": "hub"},
            }
            for name, address in addresses.items()
        ],
        bridge_vlan=[{"name": "br0", "netns": "hub", "ports": [{"name": f"p-{name}"} for name in addresses]}],
    )


def mesh(machine: LabMachine, fails: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """What comes of a check, and the `seconds` it took.

    All that runs on this kernel shares its table of neighbours. If that had no room meanwhile the check is made again.
    """
    for trial in range(TRIALS):
        before, began = overflows(), time.monotonic()
        answer = answered(machine, options)
        seconds = time.monotonic() - began
        if overflows() == before:
            break
        time.sleep(trial)
    assert answer["failed"] == fails, answer["report"]
    return {**answer["results"][0], "seconds": seconds}


def answered(machine: LabMachine, options: dict[str, t.Any]) -> dict[str, t.Any]:
    """What the module says, whether it fails or not."""
    try:
        return {**machine.module("check", checks=[{"mesh": options}]), "failed": False}
    except ModuleFailed as error:
        return error.result


def overflows() -> int:
    """How often the kernel had no room for another neighbour: a sum over the processors of hexadecimal columns."""
    tables = [[line.split() for line in path.read_text(encoding="ascii").splitlines()] for path in STATISTICS]
    return sum(int(row[head.index("table_fulls")], 16) for head, *rows in tables for row in rows)


def neighbours(machine: LabMachine, netns: str) -> list[str]:
    return [each["dst"] for each in machine.json(["ip", "-n", netns, "-j", "neigh"]) if each["state"] != ["PERMANENT"]]


@pytest.fixture
def small(machine: LabMachine) -> LabMachine:
    build(machine, {name: ADDRESSES[name] for name in ("n0", "n1", "n2")}, 24)
    return machine


def test_all_pairs_of_a_hundred(machine: LabMachine) -> None:
    build(machine, ADDRESSES, 24)
    result = mesh(machine, addresses=ADDRESSES)
    assert result["got"] == "9900 of 9900 pairs have replies"
    assert result["seconds"] < PROMISED_S * BUSY
    assert len(neighbours(machine, "n50")) < NODES / 2, "the kernel has room for the neighbours of ten such nodes"


def test_one_of_a_hundred_is_cut_off(machine: LabMachine) -> None:
    build(machine, ADDRESSES, 24)
    machine.run(["ip", "-n", "hub", "link", "set", "p-n7", "down"])
    result = mesh(machine, fails=True, addresses=ADDRESSES)
    assert result["got"] == "9702 of 9900 pairs have replies"
    assert result["evidence"] == ["n7 reaches nobody", "n7 (10.77.0.8) is reached by nobody"]
    assert "p-n7" in result["cause"]


def test_packets_are_seen(small: LabMachine) -> None:
    before = small.json(["ip", "-n", "n2", "-j", "-s", "link", "show", "eth0"])[0]["stats64"]["rx"]["packets"]
    assert mesh(small, addresses={"n0": "10.77.0.1", "n1": "10.77.0.2", "n2": "10.77.0.3"})["ok"]
    after = small.json(["ip", "-n", "n2", "-j", "-s", "link", "show", "eth0"])[0]["stats64"]["rx"]["packets"]
    assert after - before >= 4, "two requests and two replies"
    assert set(neighbours(small, "n2")) >= {"10.77.0.1", "10.77.0.2"}, "few are kept"


def test_a_filter_and_a_missing_route(small: LabMachine) -> None:
    small.run(["ip", "netns", "exec", "n1", "iptables", "-A", "INPUT", "-s", "10.77.0.1", "-j", "DROP"])
    addresses = {"n0": "10.77.0.1", "n1": "10.77.0.2", "n2": "192.0.2.9"}
    result = mesh(small, fails=True, addresses=addresses)
    assert result["got"] == "2 of 6 pairs have replies"
    assert "n2 (192.0.2.9) is reached by nobody" in result["evidence"]
    result = mesh(small, fails=True, addresses={**addresses, "n2": "10.77.0.3"})
    assert result["got"] == "4 of 6 pairs have replies"
    assert result["evidence"] == ["n0 to n1 (10.77.0.2): no reply", "n1 to n0 (10.77.0.1): no reply"]
    assert result["cause"].startswith("n0 to n1: ")


def test_what_the_kernel_says(small: LabMachine) -> None:
    small.run(["ip", "-n", "n0", "link", "set", "eth0", "down"])
    result = mesh(small, fails=True, addresses={"n0": "10.77.0.1", "n1": "10.77.0.2"}, **{"from": ["n0", "n1", "n2"]})
    assert result["got"] == "1 of 4 pairs have replies"
    assert "n0 reaches nobody" in result["evidence"]
    assert result["cause"].startswith("n0 to n1: ")


def test_many_sources_and_few_targets(machine: LabMachine) -> None:
    """What those learn of the sources is forgotten, too; one of them is on another machine."""
    build(machine, ADDRESSES, 24)
    targets = {**{name: ADDRESSES[name] for name in list(ADDRESSES)[:12]}, "elsewhere": "10.77.0.250"}
    result = mesh(machine, fails=True, addresses=targets, **{"from": list(ADDRESSES)})
    assert result["got"] == "1188 of 1288 pairs have replies"
    assert result["evidence"] == ["elsewhere (10.77.0.250) is reached by nobody"]


def test_the_machine_itself_keeps_the_neighbours_that_it_knows(machine: LabMachine) -> None:
    nodes = {name: ADDRESSES[name] for name in list(ADDRESSES)[:20]}
    build(machine, nodes, 24)
    machine.module("netns", name="far")
    machine.module(
        "veth",
        name="up",
        addresses=["10.88.0.1/24"],
        peer={"name": "up", "netns": "far", "addresses": ["10.88.0.2/24"]},
    )
    machine.run(["ping", "-c", "1", "-W", "5", "10.88.0.2"])
    known = [each["dst"] for each in machine.json(["ip", "-j", "-4", "neigh"])]
    assert known == ["10.88.0.2"]
    mesh(machine, fails=True, addresses=nodes, **{"from": ["", *nodes]})
    assert [each["dst"] for each in machine.json(["ip", "-j", "-4", "neigh"])] == known


def test_ipv6(machine: LabMachine) -> None:
    addresses = {"n0": "fd00:77::1", "n1": "fd00:77::2"}
    build(machine, addresses, 64)
    assert mesh(machine, addresses=addresses)["got"] == "2 of 2 pairs have replies"
    assert mesh(machine, addresses=addresses, **{"from": ["hub"]}, fails=True)["evidence"] == ["hub reaches nobody"]


@pytest.mark.parametrize(
    ("check", "reason"),
    [
        ({"mesh": {"addresses": {"n0": "10.77.0.1"}}}, "checks[0].mesh.addresses: there is nobody to reach"),
        ({"mesh": {"addresses": {"n0": "10.77.0"}}}, "checks[0].mesh.addresses.n0: '10.77.0' is not an IP address"),
        ({"mesh": {"addresses": {"n0": "fe80::1", "n1": "fe80::2"}}}, "'fe80::1' is a link-local address"),
        ({"mesh": {"addresses": {"n0": "10.77.0.1"}, "from": []}}, "checks[0].mesh.from: there is nobody to reach"),
        ({"mesh": {}}, "checks[0].mesh.addresses: is required"),
        (
            {"mesh": {"addresses": {"n0": "10.77.0.1", "n1": "10.77.0.2"}}, "captures": []},
            "checks[0].captures: a mesh check is of too many packets",
        ),
        ({"mesh": {"addresses": {"n0": "10.77.0.1", "no": "10.77.0.2"}}}, "there is no namespace 'no'"),
    ],
)
def test_refused(small: LabMachine, check: dict[str, t.Any], reason: str) -> None:
    assert reason in small.module("check", checks=[check], _fails=True)["msg"]
