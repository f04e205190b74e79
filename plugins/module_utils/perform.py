# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the steps are carried out that are no rtnetlink requests: one function each."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from functools import singledispatch

from . import encode, iptables, namespaces, netlink, process, records
from .netlink import Sockets
from .operations import (
    AddPort,
    AmendProcess,
    ArrangeNat,
    CreateNamespace,
    DeletePort,
    Operation,
    RemoveNamespace,
    RestoreNamespace,
    SetAgeing,
    StartProcess,
    StopProcess,
    WriteSysctl,
)
from .settings import read_setting, write_setting
from .state import LinkName
from .vswitch.port import open_port


@dataclass
class Ground:
    """What these steps need, and what they leave for those after them.

    C(held) are descriptors of namespaces that this run removed. C(found_values) are the values of settings that nobody
    had read before they were written, because their namespace is new. C(pending) are processes that are about to get
    ready or to end.
    """

    sockets: Sockets
    held: dict[str, int] = field(default_factory=dict)
    found_values: dict[LinkName, str] = field(default_factory=dict)
    pending: process.Pending = field(default_factory=process.Pending)

    def close(self) -> None:
        """Let the removed namespaces go for good."""
        while self.held:
            os.close(self.held.popitem()[1])


@singledispatch
def perform(step: Operation, ground: Ground) -> None:
    """Carry the step out. Raises OSError with the kernel's reason."""
    raise NotImplementedError(type(step).__name__)


@perform.register
def _create_namespace(step: CreateNamespace, ground: Ground) -> None:
    namespaces.create(step.netns, lambda: _mark(step, ground.sockets))


def _mark(step: CreateNamespace, sockets: Sockets) -> None:
    """Mark the new namespace from inside, before it has a name that others could see."""
    socket = sockets.enter(step.netns)
    attributes = [("IFLA_IFALIAS", step.alias)] if step.alias else []
    up = int(step.loopback)
    if attributes or up:
        message = encode.link_message(netlink.NEWLINK, 0, attributes, index=netlink.LOOPBACK, flags=up, change=up)
        refusal = socket.execute([message])[0].refusal
        if refusal:
            raise OSError(refusal.number, str(refusal))


@perform.register
def _remove_namespace(step: RemoveNamespace, ground: Ground) -> None:
    ground.held[step.netns] = namespaces.open_namespace(step.netns)
    ground.sockets.forget(step.netns)
    namespaces.remove(step.netns, ground.held[step.netns])


@perform.register
def _restore_namespace(step: RestoreNamespace, ground: Ground) -> None:
    descriptor = ground.held.pop(step.netns)
    namespaces.attach(step.netns, descriptor)
    os.close(descriptor)


@perform.register
def _write_sysctl(step: WriteSysctl, ground: Ground) -> None:
    with namespaces.inside(step.netns):
        if step.before is None:
            with suppress(OSError):  # some can be read only once they are set, and some never
                ground.found_values[step.netns, step.name] = read_setting(step.name)
        write_setting(step.name, step.value)
        for name, value in step.then.items():
            with suppress(OSError):  # its interface may be gone
                write_setting(name, value)


@perform.register
def _arrange_nat(step: ArrangeNat, _ground: Ground) -> None:
    iptables.arrange(step)


@perform.register
def _start_process(step: StartProcess, ground: Ground) -> None:
    ground.pending.start(step.command, fresh=step.former is None)


@perform.register
def _stop_process(step: StopProcess, ground: Ground) -> None:
    if step.successor:
        process.prepare(step.successor)
    ground.pending.stop(step.spot, step.command, keep=step.successor is not None, discard=step.discard)


@perform.register
def _amend_process(step: AmendProcess, _ground: Ground) -> None:
    process.amend(step.command, step.contents)


@perform.register
def _add_port(step: AddPort, _ground: Ground) -> None:
    with namespaces.inside(step.netns), open_port(step.port) as port:
        records.instruct(step.spot, {"do": "add", "port": step.port}, [port])


@perform.register
def _delete_port(step: DeletePort, _ground: Ground) -> None:
    records.instruct(step.spot, {"do": "delete", "port": step.port})


@perform.register
def _set_ageing(step: SetAgeing, _ground: Ground) -> None:
    records.instruct(step.spot, {"do": "age", "seconds": step.seconds})
