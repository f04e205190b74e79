# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers of interfaces: which are chosen, and which have to be asked for."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import encode, netlink
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.module_utils.netlink import Answer
from ansible_collections.tcpip.lab.plugins.module_utils.numbers import Numbers


def _link(number: int) -> bytes:
    return encode.link_message(netlink.NEWLINK, index=number)


class Kernel:
    """Namespaces in which each interface has the same number, as sockets of them would tell it."""

    def __init__(self, *there: int) -> None:
        self.asked: list[int] = []
        self._there = there

    def get(self, _netns: str) -> t.Any:
        return self

    def dump(self, _message: bytes) -> list[bytes]:
        return [_link(number) for number in self._there]

    def execute(self, messages: t.Sequence[bytes]) -> list[Answer]:
        self.asked.append(len(messages))
        return [Answer(None, [_link(77)] if b"eth" in message else []) for message in messages]


def numbers(*there: int, new: t.Collection[str] = ("ns1", "ns2")) -> tuple[Numbers, Kernel]:
    kernel = Kernel(*there)
    return Numbers(t.cast("t.Any", kernel), new), kernel


def test_what_is_made_in_new_namespaces_is_numbered_from_the_first_free_number() -> None:
    found, kernel = numbers(1)
    assert found.choose(("ns1", "eth0"), ("ns2", "eth0")) == (2, 2)
    assert found.choose(("ns1", "eth1"), ("ns1", "eth2")) == (3, 4)
    assert (found.index("ns1", "eth2"), found.index("ns2", "eth0")) == (4, 2)
    found.learn("ns1", {"eth0", "eth1"})
    assert kernel.asked == []


def test_what_the_kernel_puts_into_each_namespace_keeps_its_number() -> None:
    found, _kernel = numbers(1, 2, 5)
    assert found.choose(("ns1", "eth0"), ("ns2", "eth0")) == (6, 6)


def test_beside_an_end_elsewhere_the_kernel_chooses_and_goes_on_to() -> None:
    found, kernel = numbers(1)
    assert found.choose(("", "lab0"), ("ns1", "eth0")) == (0, 0)
    assert found.choose(("ns1", "eth1"), ("ns2", "eth0")) == (0, 0), "the first number of ns1 is taken"
    assert found.index("ns1", "eth0") == 77
    assert kernel.asked == [1]


def test_once_somebody_has_taken_a_number_all_are_asked_for() -> None:
    found, _kernel = numbers(1)
    found.choose(("ns1", "eth0"), ("ns2", "eth0"))
    found.leave_all()
    assert found.choose(("ns1", "eth1"), ("ns2", "eth1")) == (0, 0)
    assert found.index("ns1", "eth0") == 77


def test_once_a_name_was_refused_what_is_made_for_elsewhere_is_told_by_a_number() -> None:
    found, _kernel = numbers(1)
    assert found.elsewhere() == 0
    found.leave_all()
    chosen = {found.elsewhere() for _time in range(64)}
    assert len(chosen) > 1
    assert all(2**24 <= number < 2**31 for number in chosen)


def test_an_interface_that_is_not_there_has_no_number() -> None:
    found, _kernel = numbers(1)
    with pytest.raises(LabError, match="there is no interface 'gone'"):
        found.index("ns1", "gone")
