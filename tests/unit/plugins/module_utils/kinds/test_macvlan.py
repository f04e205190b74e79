# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning of macvlan interfaces: what is changed in place, what is made anew, and what comes back."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import plan, topology, verify
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.module_utils.kinds import Macvlan
from ansible_collections.tcpip.lab.plugins.module_utils.operations import CreateOverlay, Operation
from ansible_collections.tcpip.lab.plugins.module_utils.state import Link, Namespace, State


def there(**more: t.Any) -> Link:
    given = {"kind": "macvlan", "base": "host", "settings": {"parent": "eth0", "mode": "bridge"}, "up": True}
    return Link("net1", "macvlan1", mac="02:00:00:00:00:01", mtu=1500, **{**given, **more})


def state(*links: Link) -> State:
    parents = [Link("host", name, kind="veth", up=True) for name in ("eth0", "eth1")]
    spaces = {name: Namespace(name) for name in ("host", "net1")}
    for each in (*parents, *links):
        spaces[each.netns].links[each.name] = each
    return State(spaces)


def declared(**options: t.Any) -> Macvlan:
    given = {"name": "macvlan1", "netns": "net1", "parent": "eth0", "parent_netns": "host", **options}
    return Macvlan.parse({name: value for name, value in given.items() if value is not None}, "macvlan[0]")


def steps(have: State, **options: t.Any) -> list[Operation]:
    return plan.make([declared(**options)], [], have)


def titles(operations: t.Iterable[Operation]) -> list[str]:
    return [step.title for step in operations]


def undo(operations: t.Sequence[Operation]) -> list[str]:
    """What is done when a run fails after these steps."""
    return titles(back for step in reversed(operations) for back in step.undo())


def test_it_is_made_over_the_parents_namespace() -> None:
    made = steps(state(), mac="02:00:00:00:00:09", mtu=1400, addresses=["192.168.1.50/24"])
    assert titles(made) == [
        "add net1: macvlan macvlan1 parent eth0 mode bridge over host mtu 1400 address 02:00:00:00:00:09",
        "set net1: macvlan1 up",
        "add net1: macvlan1 address 192.168.1.50/24",
    ]
    assert isinstance(made[0], CreateOverlay)
    assert undo(made)[-1] == "remove net1: interface macvlan1"


def test_the_parent_is_in_the_same_namespace_unless_said() -> None:
    assert declared(parent_netns=None).parent_netns == "net1"
    assert declared(parent_netns="").parent_netns == ""
    assert declared(parent_netns=None, netns=None).parent_netns == ""


def test_nothing_is_done_where_all_is_as_declared() -> None:
    assert steps(state(there()), mode="bridge", mtu=1500, mac="02:00:00:00:00:01") == []


@pytest.mark.parametrize("mode", ["private", "vepa"])
def test_the_mode_is_changed_in_place_and_back(mode: str) -> None:
    made = steps(state(there()), mode=mode)
    assert titles(made) == [f"change net1: macvlan1 mode bridge to net1: macvlan1 mode {mode}"]
    assert undo(made) == [f"change net1: macvlan1 mode {mode} to net1: macvlan1 mode bridge"]


@pytest.mark.parametrize(
    ("have", "want"),
    [
        ({}, {"parent": "eth1"}),
        ({"settings": {"parent": "eth1", "mode": "bridge"}}, {}),
        ({"base": "net1"}, {}),
        ({"base": None, "settings": {"parent": None, "mode": "bridge"}}, {}),
        ({}, {"mode": "passthru"}),
        ({"settings": {"parent": "eth0", "mode": "passthru"}}, {}),
        ({"kind": "veth", "settings": {}, "base": None}, {}),
    ],
)
def test_what_the_kernel_cannot_change_is_made_anew(have: dict[str, t.Any], want: dict[str, t.Any]) -> None:
    made = steps(state(there(**have)), **want)
    assert titles(made)[0].startswith("remove net1: ")
    assert isinstance(made[1], CreateOverlay)


def test_one_in_mode_passthru_stays_so() -> None:
    assert steps(state(there(settings={"parent": "eth0", "mode": "passthru"})), mode="passthru") == []


def test_in_mode_passthru_the_mac_is_given_to_the_parent_afterwards() -> None:
    made = steps(state(), mode="passthru", mac="02:00:00:00:00:09")
    assert titles(made) == [
        "add net1: macvlan macvlan1 parent eth0 mode passthru over host",
        "set net1: macvlan1 mac 02:00:00:00:00:09",
        "set net1: macvlan1 up",
    ]
    back = undo(plan.make([], [declared()], state(there(settings={"parent": "eth0", "mode": "passthru"}))))
    assert back[1] == "set net1: macvlan1 alias none up mac 02:00:00:00:00:01"


def test_it_is_removed_and_comes_back_whole() -> None:
    have = there(alias="mine", settings={"parent": "eth0", "mode": "vepa"})
    made = plan.make([], [declared(parent=None)], state(have))
    assert titles(made) == ["remove net1: macvlan macvlan1"]
    assert undo(made) == [
        "add net1: macvlan macvlan1 parent eth0 mode vepa over host mtu 1500 address 02:00:00:00:00:01",
        "set net1: macvlan1 alias mine up",
    ]


def test_an_interface_of_another_kind_is_not_removed_as_a_macvlan() -> None:
    with pytest.raises(LabError, match="'macvlan1' is not a macvlan but veth"):
        plan.make([], [declared()], state(there(kind="veth")))


def test_the_parent_is_required_where_it_is_to_be_made() -> None:
    with pytest.raises(LabError) as error:
        steps(state(), parent=None)
    assert str(error.value) == "macvlan[0].parent: is required"


def test_the_result_tells_of_the_parent() -> None:
    found = declared().live(state(there()))
    assert found is not None
    assert (found["parent"], found["parent_netns"], found["mode"]) == ("eth0", "host", "bridge")


@pytest.mark.parametrize(
    ("options", "place", "message"),
    [
        ({"mode": "bridged"}, "mode", "'bridged' is none of bridge, private, vepa, passthru"),
        ({"mode": "source"}, "mode", "is none of"),
        ({"parent": "eth0:1"}, "parent", "not allowed"),
        ({"parent_netns": "a/b"}, "parent_netns", "not allowed"),
        ({"parent": "macvlan1", "parent_netns": "net1"}, "parent", "not on itself"),
        ({"mac": "01:00:5e:00:00:01"}, "mac", "group address"),
    ],
)
def test_a_fault_is_found_with_its_place(options: dict[str, t.Any], place: str, message: str) -> None:
    with pytest.raises(LabError) as error:
        declared(**options)
    assert error.value.place == f"macvlan[0].{place}"
    assert message in error.value.message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"parent_netns": "host"}, r"macvlan\[0\].parent_netns: 'host' is not in netns"),
        ({"parent_netns": None}, r"macvlan\[0\].parent: 'eth0' is not an interface of 'net1' in this topology"),
    ],
)
def test_a_parent_that_nobody_declares(options: dict[str, t.Any], message: str) -> None:
    with pytest.raises(LabError, match=message):
        topology.parse({"netns": [{"name": "net1"}], "macvlan": [declared(**options).given]})


def test_a_parent_that_is_not_there() -> None:
    with pytest.raises(LabError, match=r"macvlan\[0\].parent: there is no interface 'eth7' in namespace 'host'"):
        verify.everything([declared(parent="eth7")], [], state(), verify.Claims())
