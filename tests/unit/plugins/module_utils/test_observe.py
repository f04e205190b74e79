# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading while others work on the same machine."""

from __future__ import annotations

import contextlib
import os
import pickle
import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import namespaces, observe
from ansible_collections.tcpip.lab.plugins.module_utils.decode import RawAddress, RawFdbEntry, RawLink
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.module_utils.kinds import Sysctl
from ansible_collections.tcpip.lab.plugins.module_utils.netlink import Sockets
from ansible_collections.tcpip.lab.plugins.module_utils.scope import Scope, Topic
from ansible_collections.tcpip.lab.plugins.module_utils.state import Netem, Qdisc, Route, State, Vlan


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> t.Callable[[bool], None]:
    """A namespace that cannot be entered, and is there afterwards or not."""

    def set_up(stays: bool) -> None:
        there = iter((True, stays))
        monkeypatch.setattr(namespaces, "entries", lambda: ["ns1"])
        monkeypatch.setattr(namespaces, "exists", lambda _name: next(there))
        monkeypatch.setattr(Sockets, "get", _refused)

    return set_up


def _refused(_sockets: Sockets, name: str) -> t.NoReturn:
    raise LabError(f"no way into {name}")


def test_a_namespace_that_goes_while_it_is_read_is_not_there(unreadable: t.Callable[[bool], None]) -> None:
    unreadable(False)
    assert observe.read(Scope({"ns1"}), Sockets()).namespaces == {}


def test_one_that_stays_and_cannot_be_read_is_an_error(unreadable: t.Callable[[bool], None]) -> None:
    unreadable(True)
    with pytest.raises(LabError, match="no way into ns1"):
        observe.read(Scope({"ns1"}), Sockets())


def test_a_mere_file_in_the_directory_is_no_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespaces, "entries", lambda: ["ns1", "ns2"])
    monkeypatch.setattr(namespaces, "exists", lambda _name: False)
    monkeypatch.setattr(Sockets, "get", _refused)
    assert observe.read(Scope({"ns1", "ns2"}, unseen={"ns2"}), Sockets()).namespaces == {}


def test_settings_of_the_machine_alone_are_not_those_of_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    inside: list[bool] = []

    @contextlib.contextmanager
    def anonymous() -> t.Iterator[None]:
        inside.append(True)
        yield
        inside.clear()

    monkeypatch.setattr(namespaces, "anonymous", anonymous)
    monkeypatch.setattr(os, "listdir", lambda _path: ["somaxconn"] if inside else ["somaxconn", "netdev_max_backlog"])
    wanted = Sysctl.parse({"netns": "ns1", "name": "net.core.netdev_max_backlog", "value": 1}, "")
    of_machine = Sysctl.parse({"name": "net.core.netdev_max_backlog", "value": 1}, "")
    state = State(folders=dict(observe._folders(Scope.of([wanted, of_machine]).names(Topic.FOLDER))))
    of_machine.known(state)
    with pytest.raises(LabError, match="there is no setting"):
        wanted.known(state)


def test_what_another_process_has_read_is_the_same_here() -> None:
    reading = object.__new__(observe._Reading)
    settings = {"vlan_filtering": True, "ageing_time": 7.5, "default_pvid": None}
    bridge = RawLink(
        3, "br0", "bridge", "02:00:00:00:00:01", 1500, True, "tcpip.lab:one", settings, 0, None, 0, "netem"
    )
    port = RawLink(4, "p0", "veth", "02:00:00:00:00:02", 9000, False, "", {}, 2, 7, 3, "noqueue")
    reading.name = "ns1"
    reading.links = {3: bridge, 4: port}
    reading.names = {3: "br0", 4: "p0"}
    reading.addresses = {3: [RawAddress("10.0.0.1/24", True), RawAddress("10.0.0.2/32", False, "10.0.0.9")]}
    reading.routes = [Route("ns1", 4, "default", "10.0.0.254", "br0", 7, 100, "10.0.0.1", "unicast", 4)]
    reading.fdb = {3: [RawFdbEntry("02:00:00:00:00:03", "192.0.2.1", 2)]}
    reading.vlans = {4: [Vlan(10, True, False)]}
    reading.qdiscs = {3: Qdisc("netem", Netem(delay=5), 9, b"")}
    again = pickle.loads(pickle.dumps(reading, pickle.HIGHEST_PROTOCOL))  # noqa: S301
    assert vars(again) == vars(reading)
    assert again.routes[0].protocol == 4
    assert isinstance(again.links[4], RawLink)
    assert isinstance(again.addresses[3][1], RawAddress)
