# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading while others work on the same machine."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import namespaces, observe
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.module_utils.netlink import Sockets
from ansible_collections.tcpip.lab.plugins.module_utils.scope import Scope


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> t.Callable[[bool], None]:
    """A namespace that cannot be entered, and is there afterwards or not."""

    def set_up(stays: bool) -> None:
        there = iter((True, stays))
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
