# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kernel of plain data: carries operations out on a State, as far as the planner counts on what they do.

What the kernel does of its own accord beyond that (secondary addresses, routes that go with an address) is left to the
tests with a real one.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import replace
from functools import singledispatchmethod

from ansible_collections.tcpip.lab.plugins.module_utils import operations as ops
from ansible_collections.tcpip.lab.plugins.module_utils.state import (
    ROOT,
    FdbEntry,
    Link,
    LinkName,
    Namespace,
    State,
    owner,
)

UNKNOWN = "00:00:00:00:00:00"
MTU = 1500
_VXLAN = {"id": 0, "remote": None, "group": None, "local": None, "dstport": 0, "dev": None, "learning": True, "ttl": 0}


def empty() -> State:
    """A machine with nothing but its root namespace."""
    root = Namespace(ROOT, links={"lo": Link(ROOT, "lo", up=True)}, sysctls={"net.ipv4.ip_forward": "0"})
    return State({ROOT: root})


class Kernel:
    """Holds a state and changes it."""

    def __init__(self, state: State) -> None:
        self.state = State(copy.deepcopy(state.namespaces), dict(state.first_values))
        self._removed: dict[str, Namespace] = {}

    def run(self, operations: Iterable[ops.Operation]) -> State:
        """Carry out steps; returns the state after them. It refuses what a kernel refuses: KeyError, AssertionError."""
        for step in operations:
            self.act(step)
        return State(copy.deepcopy(self.state.namespaces), dict(self.state.first_values))

    def finish(self) -> State:
        """The run is over: removed namespaces end, and with them what has an end in them or stands in them."""
        for name in self._removed:
            for key in [key for key in self.state.first_values if key[0] == name]:
                del self.state.first_values[key]
        self._removed.clear()
        spaces = self.state.namespaces
        for link in list(self.state.links()):
            if (link.peer and link.peer[0] not in spaces) or (link.base is not None and link.base not in spaces):
                self._drop(link.key)
        return self.run(())

    @singledispatchmethod
    def act(self, step: ops.Operation) -> None:
        """Carry out one step."""
        raise NotImplementedError(type(step).__name__)

    @act.register
    def _create_namespace(self, step: ops.CreateNamespace) -> None:
        assert step.netns not in self.state.namespaces
        lo = Link(step.netns, "lo", up=step.loopback, alias=step.alias)
        sysctls = {"net.ipv4.ip_forward": "0"}
        self.state.namespaces[step.netns] = Namespace(step.netns, owner(step.alias), {"lo": lo}, [], sysctls)

    @act.register
    def _remove_namespace(self, step: ops.RemoveNamespace) -> None:
        self._removed[step.netns] = self.state.namespaces.pop(step.netns)

    @act.register
    def _restore_namespace(self, step: ops.RestoreNamespace) -> None:
        self.state.namespaces[step.netns] = self._removed.pop(step.netns)

    @act.register
    def _create_veth(self, step: ops.CreateVeth) -> None:
        near, far = (step.netns, step.name), step.peer
        self._add(Link(*near, kind="veth", mtu=step.mtu or MTU, mac=step.mac or "", peer=far))
        self._add(Link(*far, kind="veth", mtu=step.peer_mtu or MTU, mac=step.peer_mac or "", peer=near))

    @act.register
    def _create_device(self, step: ops.CreateDevice) -> None:
        assert step.kind == "vxlan"
        settings = {**_VXLAN, **step.settings}
        assert step.base in self.state.namespaces
        assert not settings["dev"] or self.state.link((step.base, settings["dev"]))
        link = Link(
            step.netns,
            step.name,
            kind="vxlan",
            mtu=step.mtu or MTU,
            mac=step.mac or "",
            base=step.base,
            settings=settings,
        )
        self._add(replace(link, fdb=_flood(link)))

    @act.register
    def _remove_link(self, step: ops.RemoveLink) -> None:
        key = (step.netns, step.name)
        assert self.state.link(key), f"{key} is not there"
        fresh = State(self.state.namespaces)
        for each in fresh.along(key):
            self._drop(each)

    @act.register
    def _set_link(self, step: ops.SetLink) -> None:
        link = self._link(step.netns, step.name)
        if step.kind:
            changed = replace(link, settings={**link.settings, **step.after})
            same = all(link.settings[name] == changed.settings[name] for name in ("remote", "group"))
            fdb = link.fdb if same else (link.fdb - _flood(link)) | _flood(changed)
            self._put(replace(changed, fdb=fdb))
            return
        self._put(replace(link, **step.after))
        if step.name == "lo" and "alias" in step.after:
            self.state.namespaces[step.netns].owner = owner(step.after["alias"])
        if step.after.get("up") is False:
            self._cut(link.key)

    @act.register
    def _add_address(self, step: ops.AddAddress) -> None:
        link = self._link(step.netns, step.link)
        if step.address not in link.addresses:
            self._put(replace(link, addresses=(*link.addresses, step.address)))

    @act.register
    def _remove_address(self, step: ops.RemoveAddress) -> None:
        link = self._link(step.netns, step.link)
        assert step.address in link.addresses
        self._put(replace(link, addresses=tuple(each for each in link.addresses if each != step.address)))

    @act.register
    def _add_fdb(self, step: ops.AddFdb) -> None:
        link = self._link(step.netns, step.link)
        others = {each for each in link.fdb if step.entry.mac == UNKNOWN or each.mac != step.entry.mac}
        self._put(replace(link, fdb=frozenset(others | {step.entry})))

    @act.register
    def _remove_fdb(self, step: ops.RemoveFdb) -> None:
        link = self._link(step.netns, step.link)
        self._put(replace(link, fdb=link.fdb - {step.entry}))

    @act.register
    def _set_qdisc(self, step: ops.SetQdisc) -> None:
        link = self._link(step.netns, step.link)
        assert link.qdisc == step.before
        self._put(replace(link, qdisc=step.qdisc))

    @act.register
    def _remove_qdisc(self, step: ops.RemoveQdisc) -> None:
        link = self._link(step.netns, step.link)
        assert link.qdisc
        self._put(replace(link, qdisc=None))

    @act.register
    def _add_route(self, step: ops.AddRoute) -> None:
        routes = self.state.namespaces[step.netns].routes
        assert step.route.key not in {route.key for route in routes}, "File exists"
        if step.route.dev and step.route.dev != "lo":
            assert self._link(step.netns, step.route.dev).up, "Network is down"
        routes.append(step.route)

    @act.register
    def _replace_route(self, step: ops.ReplaceRoute) -> None:
        routes = self.state.namespaces[step.netns].routes
        routes[:] = [route for route in routes if route.key != step.route.key] + [step.route]

    @act.register
    def _remove_route(self, step: ops.RemoveRoute) -> None:
        self.state.namespaces[step.netns].routes.remove(step.route)

    @act.register
    def _write_sysctl(self, step: ops.WriteSysctl) -> None:
        sysctls = self.state.namespaces[step.netns].sysctls
        self.state.first_values.setdefault((step.netns, step.name), sysctls[step.name])
        sysctls[step.name] = step.value

    def _link(self, netns: str, name: str) -> Link:
        return self.state.namespaces[netns].links[name]

    def _add(self, link: Link) -> None:
        assert link.name not in self.state.namespaces[link.netns].links, f"{link.key}: File exists"
        self._put(link)

    def _put(self, link: Link) -> None:
        self.state.namespaces[link.netns].links[link.name] = link

    def _drop(self, key: LinkName) -> None:
        link = self.state.link(key)
        if link:
            self._cut(key)
            space = self.state.namespaces[link.netns]
            sources = {address.partition("/")[0] for address in link.addresses}
            space.routes[:] = [route for route in space.routes if route.source not in sources]
            del space.links[link.name]

    def _cut(self, key: LinkName) -> None:
        routes = self.state.namespaces[key[0]].routes
        routes[:] = [route for route in routes if route.dev != key[1]]


def _flood(link: Link) -> frozenset[FdbEntry]:
    dst = link.settings["remote"] or link.settings["group"]
    return frozenset({FdbEntry(UNKNOWN, dst, link.settings["dev"] or "")} if dst else ())
