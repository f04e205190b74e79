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

Items = dict[str, list[dict[str, t.Any]]]

SPACES = ("a", "b", "c")
NAMES = ("v0", "v1", "v2", "v3")
ADDRESSES = ("192.0.2.1/24", "192.0.2.2/24", "2001:db8::1/64", "2001:db8::1/48", "10.0.0.1/8")
TARGETS = ("10.1.0.0/16", "default", "2001:db8:9::/48")


def _interface(netns: str, name: str) -> st.SearchStrategy[dict[str, t.Any]]:
    """The options of one end; each address once, since an interface has an IPv6 address with one prefix only."""
    addresses = st.lists(st.sampled_from(ADDRESSES), unique_by=lambda each: each.split("/")[0], max_size=3)
    return st.fixed_dictionaries(
        {"name": st.just(name), "netns": st.just(netns), "addresses": addresses, "up": st.booleans()},
        optional={
            "mtu": st.sampled_from([1400, 9000]),
            "mac": st.just("02:00:00:00:00:01"),
            "purge_addresses": st.booleans(),
        },
    )


@st.composite
def topologies(draw: st.DrawFn) -> Items:
    """Labs over three namespaces and the root one, with names that meet again from lab to lab."""
    spaces = draw(st.lists(st.sampled_from(SPACES), unique=True))
    keys = st.tuples(st.sampled_from([*spaces, ""]), st.sampled_from(NAMES))
    free = draw(st.lists(keys, unique=True, max_size=8))
    veth = []
    while len(free) > 2:
        veth.append({**draw(_interface(*free.pop())), "peer": draw(_interface(*free.pop()))})
    made = [end for pair in veth for end in (pair, pair["peer"])]
    vxlan = [draw(_vxlan(key, spaces, made, number)) for number, key in enumerate(free)]
    names = draw(st.lists(st.sampled_from([*spaces, ""]), unique=True))
    loopback = st.sampled_from([None, True, False])
    items = {
        "netns": [{"name": name, "loopback": draw(loopback)} for name in spaces],
        "veth": veth,
        "vxlan": vxlan,
        "route": draw(_routes([*made, *vxlan])),
        "sysctl": [
            {"netns": name, "name": "net.ipv4.ip_forward", "value": draw(st.sampled_from("01"))} for name in names
        ],
    }
    return {kind: [_written(item) for item in found] for kind, found in items.items()}


@st.composite
def _vxlan(
    draw: st.DrawFn, key: tuple[str, str], spaces: list[str], made: list[dict[str, t.Any]], number: int
) -> dict[str, t.Any]:
    underlay = draw(st.sampled_from([*spaces, ""]))
    dev = draw(st.sampled_from([None, *(each["name"] for each in made if each["netns"] == underlay)]))
    group = [{"group": "239.0.0.1"}] if dev else []
    flood = draw(st.sampled_from([{}, {"remote": "10.9.0.1"}, {"remote": "10.9.0.2"}, *group]))
    entry = {
        "mac": st.sampled_from(["00:00:00:00:00:00", "02:00:00:00:00:09"]),
        "dst": st.sampled_from(["10.9.0.1", "10.9.0.3"]),
    }
    entries = st.lists(
        st.fixed_dictionaries(entry), unique_by=lambda each: (each["mac"], each["mac"][:2] == "00" and each["dst"])
    )
    options = {
        "id": 10 * number + draw(st.integers(1, 3)),
        "underlay": underlay,
        "dev": dev,
        "ttl": draw(st.sampled_from([None, 5])),
        "local": draw(st.sampled_from([None, "10.9.0.9"])),
        "learning": draw(st.booleans()),
        "fdb": draw(st.none() | entries),
    }
    return {**draw(_interface(*key)), **options, **flood}


@st.composite
def _routes(draw: st.DrawFn, made: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    routes: list[dict[str, t.Any]] = []
    for end in made:
        dst = draw(st.sampled_from([None, *TARGETS])) if end["up"] else None
        if dst and (end["netns"], dst) not in {(each["netns"], each["dst"]) for each in routes}:
            table = draw(st.sampled_from([254, 7]))
            routes.append({"netns": end["netns"], "dst": dst, "dev": end["name"], "table": table})
    return routes


def _written(options: dict[str, t.Any]) -> dict[str, t.Any]:
    """The options as a user writes them: what is not given is left out, and so is the root namespace."""
    given = {name: _written(value) if name == "peer" else value for name, value in options.items()}
    return {name: value for name, value in given.items() if value is not None and (name, value) != ("netns", "")}


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
@given(topologies())
def test_a_lab_that_stands_needs_nothing(items: Items) -> None:
    assert _change(items, items, _build(items)) == []


CARRIER = {"veth": [{"name": "v2", "peer": {"name": "v3"}}]}
FLOODED = {"name": "v0", "id": 1, "underlay": "", "fdb": [{"mac": UNKNOWN, "dst": "10.9.0.1"}]}
REMOTE = {"name": "v0", "id": 1, "underlay": "", "remote": "10.9.0.1"}
GROUP = {"name": "v0", "id": 1, "underlay": "", "group": "239.0.0.1", "dev": "v2"}
VETH_PEER = {"name": "v1"}


@often
@given(topologies(), topologies())
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
@given(topologies(), topologies(), st.integers(0, 60))
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
@given(topologies(), topologies())
def test_diff_and_changes_are_made_of_the_steps(before: Items, after: Items) -> None:
    steps = _change(before, after, _build(before))
    shown = plan.diff(steps)
    assert shown["before"].splitlines() == [line for step in steps for line in step.lost]
    assert shown["after"].splitlines() == [line for step in steps for line in step.gained]
    for step in steps:
        assert step.lost or step.gained, f"{step} would not be seen"
        assert step.title


@often
@given(topologies(), topologies())
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
