# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DHCP clients without a client: which one is chosen, when it is started anew, and leases read back."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import plan
from ansible_collections.tcpip.lab.plugins.module_utils.command import Spot
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.module_utils.kinds.dhcp_client import DhcpClient, read_lease
from ansible_collections.tcpip.lab.plugins.module_utils.state import (
    BY_DHCP,
    Link,
    Namespace,
    Process,
    Route,
    State,
)
from hypothesis import given
from hypothesis import strategies as st

SPOT = Spot("", "dhcp_client", "client", "c0")
LEASE = (
    "address=192.0.2.100/255.255.255.0\nrouter=192.0.2.254\ntold=192.0.2.254\nserver=192.0.2.253\nseconds=3600\ndns=\n"
)
DEFAULT = Route("client", 4, "default", via="192.0.2.254", dev="c0", protocol=BY_DHCP)
ALL = ("ip", "udhcpc", "busybox udhcpc", "dhclient")
CLIENT = DhcpClient.parse({"netns": "client", "dev": "c0"}, "")


def state(
    *commands: str, lease: str | None = None, by: int = 0, address: bool = True, routes: t.Sequence[Route] = (DEFAULT,)
) -> State:
    leased = ("192.0.2.100/24",) if address else ()
    link = Link("client", "c0", index=3, addresses=(*leased, "192.0.2.7/24"), leased=frozenset(leased))
    found = State(
        {"client": Namespace("client", links={"c0": link}, routes=list(routes))}, commands=frozenset(commands)
    )
    if lease is not None:
        command = CLIENT.choices(SPOT, State(commands=frozenset(ALL)))[by]
        running = Process(SPOT, command, pid=7, indexes={"c0": 3}, data={"lease": lease})
        found.processes[SPOT.key] = running
    return found


def titles(have: State) -> list[str]:
    return [" ".join(step.title.split()[:5]) for step in plan.make([CLIENT], [], have)]


@pytest.mark.parametrize(
    ("commands", "words"),
    [(ALL, "udhcpc -f"), (ALL[:1] + ALL[2:], "busybox udhcpc"), (("ip", "dhclient"), "/bin/sh client")],
)
def test_the_first_client_that_is_there_is_taken(commands: tuple[str, ...], words: str) -> None:
    (step,) = plan.make([CLIENT], [], state(*commands, address=False))
    assert step.title.startswith(f"start client: dhcp_client c0: {words}")


def test_one_that_runs_stays_whichever_it_is() -> None:
    assert titles(state(*ALL, lease=LEASE, by=2)) == []
    assert len(titles(state("ip", "udhcpc", lease=LEASE, by=2))) == 4


@pytest.mark.parametrize(
    ("commands", "message"),
    [
        (("ip",), "neither 'udhcpc' nor 'busybox udhcpc' nor 'dhclient' is on this machine (apt install udhcpc"),
        (("udhcpc",), "the command 'ip' is not on this machine"),
    ],
)
def test_it_says_what_is_missing(commands: tuple[str, ...], message: str) -> None:
    with pytest.raises(LabError) as error:
        plan.make([CLIENT], [], state(*commands))
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("loss", [{"address": False}, {"routes": ()}, {"lease": ""}])
def test_what_it_configured_and_is_gone_comes_back(loss: dict[str, t.Any]) -> None:
    found = titles(state(*ALL, **{"lease": LEASE, **loss}))
    assert found[0] == "stop client: dhcp_client c0: udhcpc"
    assert found[-1] == "start client: dhcp_client c0: udhcpc"


OTHER = Route("client", 4, "default", via="192.0.2.253", dev="c0")
#: The server has named a router, and there was a default route already.
NOT_ADDED = LEASE.replace("router=192.0.2.254\n", "")


@pytest.mark.parametrize(
    ("lease", "routes", "restarts"),
    [
        (LEASE, (OTHER,), False),
        (LEASE, (Route("client", 4, "default", via="192.0.2.253", dev="c0", metric=100),), True),
        (LEASE, (Route("client", 6, "default", via="2001:db8::1", dev="c0"),), True),
        (NOT_ADDED, (OTHER,), False),
        (NOT_ADDED, (), True),
        (NOT_ADDED.replace("told=192.0.2.254", "told=198.51.100.1"), (), False),  # no way there: it could not add it
        (NOT_ADDED.replace("told=192.0.2.254", "told="), (), False),
        (NOT_ADDED.replace("told=192.0.2.254", "told=x"), (), False),
    ],
)
def test_another_default_route_stays_and_is_missed_once_it_is_gone(
    lease: str, routes: t.Sequence[Route], restarts: bool
) -> None:
    assert (titles(state(*ALL, lease=lease, routes=routes)) != []) is restarts


def test_killed_what_it_configured_goes_with_its_leftovers() -> None:
    have = state(*ALL, lease=LEASE)
    assert [step.title for step in plan.make([], [CLIENT], have)][1:] == [
        "remove client: route default via 192.0.2.254 dev c0",
        "remove client: c0 address 192.0.2.100/24",
    ]


def test_another_default_route_is_not_the_clients() -> None:
    other = Route("client", 4, "default", via="192.0.2.253", dev="c0")
    steps = plan.make([], [CLIENT], state(*ALL, lease=LEASE, routes=(other,)))
    assert [step.title for step in steps][1:] == ["remove client: c0 address 192.0.2.100/24"]


def test_a_forged_lease_takes_nothing_along_that_no_client_makes() -> None:
    """Other processes of the same user may write it."""
    by_hand = Route("client", 4, "default", via="192.0.2.253", dev="c0")
    elsewhere = Route("client", 4, "default", via="192.0.2.253", dev="c1", protocol=BY_DHCP)
    route = LEASE.replace("router=192.0.2.254", "router=192.0.2.253")
    steps = plan.make([], [CLIENT], state(*ALL, lease=route, routes=(by_hand, elsewhere)))
    assert [step.title for step in steps][1:] == ["remove client: c0 address 192.0.2.100/24"]
    address = LEASE.replace("192.0.2.100", "192.0.2.7")
    assert len(plan.make([], [CLIENT], state(*ALL, lease=address))) == 1
    assert titles(state(*ALL, lease=address))[0] == "stop client: dhcp_client c0: udhcpc"


def test_a_lease_is_read() -> None:
    assert read_lease(LEASE) == {
        "address": "192.0.2.100/24",
        "router": "192.0.2.254",
        "server": "192.0.2.253",
        "seconds": 3600,
        "dns": [],
    }


@pytest.mark.parametrize(
    "line", ["address=1.2.3.4/255.0.255.0", "router=x", "server=", "seconds=-", "dns=a b", "address="]
)
def test_a_lease_that_is_none_is_none(line: str) -> None:
    assert read_lease(f"{LEASE}{line}\n") is None


@given(st.text())
def test_whatever_the_script_wrote_is_read(text: str) -> None:
    read_lease(text)
