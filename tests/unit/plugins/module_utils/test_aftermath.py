# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel took along is given back, and what others took, or see to themselves, is not."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils.aftermath import lost
from ansible_collections.tcpip.lab.plugins.module_utils.operations import RemoveAddress, RemoveRoute
from ansible_collections.tcpip.lab.plugins.module_utils.state import (
    BY_DHCP,
    BY_HAND,
    BY_KERNEL,
    BY_STATIC,
    Link,
    Namespace,
    Route,
    State,
)

BY_ADVERTISEMENT, BY_BIRD = 9, 12  # linux/rtnetlink.h
WAY = Route("ns1", 4, "10.0.0.0/8", "192.0.2.9", "a")
NOWHERE = Route("ns1", 4, "10.9.0.0/16", type="blackhole")


def state(*routes: Route, **of_link: t.Any) -> State:
    links = {"a": Link("ns1", "a", up=True, **of_link)}
    return State({"ns1": Namespace("ns1", links=links, routes=list(routes))})


def titles(before: State, now: State, **known: t.Any) -> list[str]:
    return [step.title for step in lost(before, now, **known)]


@pytest.mark.parametrize(
    ("protocol", "back"),
    [
        (BY_HAND, True),
        (BY_STATIC, True),
        (BY_DHCP, True),
        (BY_KERNEL, False),
        (BY_ADVERTISEMENT, False),
        (BY_BIRD, False),
    ],
)
def test_a_route_comes_back_unless_its_maker_sees_to_it(protocol: int, back: bool) -> None:
    before = state(Route(**{**vars(WAY), "protocol": protocol}))
    assert titles(before, state()) == (["add ns1: route 10.0.0.0/8 via 192.0.2.9 dev a"] if back else [])


def test_what_was_taken_on_purpose_stays_away() -> None:
    before = state(WAY, NOWHERE, addresses=("192.0.2.1/24",))
    taken = [RemoveRoute("ns1", WAY), RemoveAddress("ns1", "a", "192.0.2.1/24")]
    assert titles(before, state(), on_purpose=taken) == ["add ns1: route blackhole 10.9.0.0/16"]


def test_an_address_of_an_advertisement_comes_back_with_the_next_one() -> None:
    addresses = ("192.0.2.1/24", "2001:db8::5/64", "2001:db8::1/64")
    before = state(addresses=addresses, leased=frozenset(addresses[:2]))
    assert titles(before, state()) == ["add ns1: a address 192.0.2.1/24", "add ns1: a address 2001:db8::1/64"]


@pytest.mark.parametrize("where", [(), ("ns2",)])
def test_where_nothing_was_taken_along_nothing_is_given_back(where: tuple[str, ...]) -> None:
    assert titles(state(WAY), state(), where=where) == []


def test_a_namespace_that_is_not_in_sight_has_not_lost_anything() -> None:
    assert titles(state(NOWHERE), State()) == []
