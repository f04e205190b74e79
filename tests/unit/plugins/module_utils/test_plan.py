# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner: whatever is wanted and whatever is there, the steps lead from the one to the other, and back."""

from __future__ import annotations

import typing as t
from dataclasses import replace

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import engine, plan
from ansible_collections.tcpip.lab.plugins.module_utils import ledger as ledgers
from ansible_collections.tcpip.lab.plugins.module_utils.aftermath import lost
from ansible_collections.tcpip.lab.plugins.module_utils.engine import Request, _with_history
from ansible_collections.tcpip.lab.plugins.module_utils.ledger import Ledger
from ansible_collections.tcpip.lab.plugins.module_utils.operations import (
    CreateDevice,
    Operation,
    RemoveLink,
    SetLink,
    Widen,
)
from ansible_collections.tcpip.lab.plugins.module_utils.state import ROOT, Link, Namespace, State
from ansible_collections.tcpip.lab.plugins.module_utils.topology import parse, unparse
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from simulated_kernel import UNKNOWN, Kernel, empty
from topologies import SIMULATED, SPACES, Items, topologies

labs = topologies(SIMULATED)


def _change(before: Items, after: Items, state: State) -> list[Operation]:
    """The plan of a lab that is to become another one."""
    request = _with_history(Request(parse(after), lab="lab"), Ledger("lab", unparse(parse(before))))
    return plan.make(request.present, request.absent, state, "lab")


def _build(items: Items) -> State:
    kernel = Kernel(empty())
    kernel.run(_change({}, items, empty()))
    return kernel.finish()


def _picture(state: State) -> dict[str, t.Any]:
    """What must be equal: not what nobody declares, such as the MTU that an interface had before."""
    return {
        name: (
            space.owner,
            {
                link.name: (
                    link.kind,
                    link.alias,
                    link.up,
                    set(link.addresses),
                    link.peer,
                    link.base,
                    dict(link.settings),
                    link.fdb,
                    link.qdisc and link.qdisc.netem,
                )
                for link in space.links.values()
                if link.name != "lo"
            },
            {route.key: route for route in space.routes},
            space.sysctls,
        )
        for name, space in state.namespaces.items()
    }


def _exactly(state: State) -> dict[str, t.Any]:
    """All of it, but for the order in which addresses and routes were given."""
    return {
        name: (
            space.owner,
            {link.name: replace(link, addresses=tuple(sorted(link.addresses))) for link in space.links.values()},
            {route.key: route for route in space.routes},
            {key: value for key, value in space.sysctls.items() if "." in key},
        )
        for name, space in state.namespaces.items()
    }


often = settings(max_examples=100, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@often
@given(labs)
def test_a_lab_that_stands_needs_nothing(items: Items) -> None:
    assert _change(items, items, _build(items)) == []


CARRIER = {"veth": [{"name": "v2", "peer": {"name": "v3"}}]}
FLOODED = {"name": "v0", "id": 1, "underlay": "", "fdb": [{"mac": UNKNOWN, "dst": "10.9.0.1"}]}
REMOTE = {"name": "v0", "id": 1, "underlay": "", "remote": "10.9.0.1"}
GROUP = {"name": "v0", "id": 1, "underlay": "", "group": "239.0.0.1", "dev": "v2"}
VETH_PEER = {"name": "v1"}


@often
@given(labs, labs)
@example({**CARRIER, "vxlan": [REMOTE]}, {**CARRIER, "vxlan": [GROUP]})
def test_any_lab_becomes_any_other(before: Items, after: Items) -> None:
    """And is then what it would be, had it been built from nothing."""
    kernel = Kernel(_build(before))
    kernel.run(_change(before, after, kernel.state))
    state = kernel.finish()
    assert _change(after, after, state) == []
    expected = _picture(_build(after))
    assert _picture(state) == expected
    kernel.run(_change(after, {}, state))
    assert _picture(kernel.finish()) == _picture(empty())


@often
@given(labs, labs, st.integers(0, 60))
@example({"vxlan": [FLOODED]}, {"vxlan": [REMOTE]}, 60)
def test_what_was_done_up_to_any_step_is_undone(before: Items, after: Items, done: int) -> None:
    kernel = Kernel(_build(before))
    was = _exactly(kernel.state)
    start = kernel.run(())
    steps = _change(before, after, start)[:done]
    kernel.run(steps)
    for step in reversed(steps):
        kernel.run(step.undo())
    kernel.run(lost(start, kernel.state))
    assert _exactly(kernel.state) == was


@often
@given(labs, labs)
def test_diff_and_changes_are_made_of_the_steps(before: Items, after: Items) -> None:
    steps = _change(before, after, _build(before))
    shown = plan.diff(steps)
    assert shown["before"].splitlines() == [line for step in steps for line in step.lost]
    assert shown["after"].splitlines() == [line for step in steps for line in step.gained]
    for step in steps:
        assert step.lost or step.gained, f"{step} would not be seen"
        assert step.title


@often
@given(labs, labs)
def test_steps_come_in_the_order_of_their_phases_and_namespaces(before: Items, after: Items) -> None:
    steps = _change(before, after, _build(before))
    phases = [step.phase for step in steps]
    assert phases == sorted(phases)
    for phase in set(phases):
        spaces = [step.netns for step in steps if step.phase == phase]
        turns = [netns for i, netns in enumerate(spaces) if i == 0 or spaces[i - 1] != netns]
        assert len(turns) == len(set(turns)), "each namespace's steps go to the kernel together"
    removed = [(step.netns, step.name) for step in steps if isinstance(step, RemoveLink)]
    assert len(removed) == len(set(removed))


def test_strays_with_the_labs_mark_are_removed_and_others_are_not() -> None:
    items: Items = {"netns": [{"name": "a"}], "veth": [{"name": "v0", "netns": "a", "peer": {"name": "v1"}}]}
    kernel = Kernel(_build(items))
    links = kernel.state.namespaces[ROOT].links
    for name, alias in (("ours", "tcpip.lab:lab"), ("theirs", "tcpip.lab:lab2"), ("foreign", "")):
        links[name] = replace(links["lo"], name=name, kind="veth", alias=alias)
    steps = _change(items, items, kernel.state)
    assert [(type(step), step.lost) for step in steps] == [(RemoveLink, ("veth ours",))]


def test_a_mark_that_was_taken_away_is_put_back() -> None:
    items: Items = {"netns": [{"name": "a", "loopback": True}]}
    kernel = Kernel(_build(items))
    space = kernel.state.namespaces["a"]
    space.links["lo"] = replace(space.links["lo"], alias="mine", up=False)
    steps = _change(items, items, kernel.state)
    assert steps == [
        SetLink("a", "lo", before={"up": False, "alias": "mine"}, after={"up": True, "alias": "tcpip.lab:lab"})
    ]


def test_an_mtu_that_the_lab_gave_and_declares_no_more_is_the_kernels_own_again() -> None:
    narrow: Items = {"netns": [{"name": "a"}], "veth": [{"name": "v0", "netns": "a", "mtu": 1400, "peer": VETH_PEER}]}
    wide: Items = {**narrow, "veth": [{"name": "v0", "netns": "a", "peer": VETH_PEER}]}
    kernel = Kernel(_build(narrow))
    assert _change(narrow, wide, kernel.state) == [Widen("a", "v0", before={"mtu": 1400}, after={"mtu": 1500})]
    links = kernel.state.namespaces["a"].links
    links["v0"] = replace(links["v0"], mtu=1300)
    assert _change(narrow, wide, kernel.state) == [], "somebody else has given it this one"


def test_what_stands_on_an_overlay_is_made_after_it() -> None:
    over = [
        {"name": "top", "netns": "a", "underlay": "b", "id": 3, "dev": "middle"},
        {"name": "middle", "netns": "b", "underlay": "c", "id": 2, "dev": "bottom"},
        {"name": "bottom", "netns": "c", "id": 1},
    ]
    steps = plan.make(parse({"netns": [{"name": name} for name in SPACES], "vxlan": over}), [], State())
    assert [step.name for step in steps if isinstance(step, CreateDevice)] == ["bottom", "middle", "top"]


def test_what_stands_on_an_overlay_is_made_wider_after_it() -> None:
    items: Items = {
        "netns": [{"name": "a"}],
        "vxlan": [
            {"name": "top", "netns": "a", "id": 2, "dev": "bottom", "mtu": 1400},
            {"name": "bottom", "netns": "a", "id": 1, "mtu": 1450},
        ],
        "macvlan": [{"name": "m0", "netns": "a", "parent": "top", "mtu": 1400}],
    }
    other = {"remote": None, "group": None, "local": None, "dstport": 4789, "learning": True, "ttl": 0}
    links = {
        "top": Link("a", "top", 3, "vxlan", mtu=1300, settings={**other, "id": 2, "dev": "bottom"}, base="a"),
        "bottom": Link("a", "bottom", 2, "vxlan", mtu=1350, settings={**other, "id": 1, "dev": None}, base="a"),
        "m0": Link("a", "m0", 4, "macvlan", mtu=1300, settings={"parent": "top", "mode": "bridge"}, base="a"),
    }
    steps = plan.make(parse(items), [], State({"a": Namespace("a", links=links)}))
    assert [step.name for step in steps if isinstance(step, Widen)] == ["bottom", "top", "m0"]


def test_namespaces_are_looked_into_unless_all_that_they_have_goes_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledgers, "is_same", lambda _name, identity: identity == "known")
    cable = {"name": "eth0", "netns": "c", "peer": {"name": "p", "netns": "a"}}
    spaces = [{"name": name} for name in SPACES]
    former: Items = {"netns": spaces, "veth": [cable]}
    ledger = Ledger("lab", former, spaces=dict.fromkeys(SPACES, "known"))

    def unseen(after: Items) -> set[str]:
        return engine._unseen(_with_history(Request(parse(after), lab="lab"), ledger), ledger)

    assert unseen({}) == {"a", "b", "c"}
    assert unseen({"netns": spaces[1:]}) == set()
    assert unseen({"netns": spaces[::2], "veth": [cable]}) == {"b"}
    # the cable's end in c stays, with another peer: what goes with the former peer is to be seen
    assert unseen({"netns": spaces[1:], "veth": [{**cable, "peer": {"name": "p", "netns": "b"}}]}) == set()
    ledger.spaces["b"] = "a stranger's"
    assert unseen({}) == {"a", "c"}
