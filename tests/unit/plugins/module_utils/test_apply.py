# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done with the kernel's answers, where an answer comes at a moment that no test of the kernel's can choose."""

from __future__ import annotations

import errno
import os
import signal
import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import interruption, namespaces, netlink
from ansible_collections.tcpip.lab.plugins.module_utils import operations as ops
from ansible_collections.tcpip.lab.plugins.module_utils.apply import Apply
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.module_utils.netlink import Answer, Refusal
from ansible_collections.tcpip.lab.plugins.module_utils.progress import Progress
from ansible_collections.tcpip.lab.plugins.module_utils.state import Route, State

DONE = Answer(None, [])


class Kernel:
    """Answers batches of requests as it was told to, and has no addresses."""

    def __init__(self, *answers: list[Answer]) -> None:
        self._answers = iter(answers)
        self.batches: list[int] = []
        self.messages: list[bytes] = []

    def get(self, _netns: str) -> t.Any:
        return self

    def dump(self, _message: bytes) -> list[bytes]:
        return []

    def execute(self, messages: t.Sequence[bytes]) -> list[Answer]:
        self.batches.append(len(messages))
        self.messages += messages
        return next(self._answers)


def refused(number: int) -> Answer:
    return Answer(Refusal(number, ""), [])


@pytest.fixture(autouse=True)
def _nobody_interrupts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interruption, "_ear", interruption._Ear())


def apply(kernel: Kernel, *steps: ops.Operation) -> Apply:
    work = Apply(t.cast("t.Any", kernel), State(), State, Progress())
    work.run(steps, lambda _state: (), lambda: None)
    return work


def test_a_source_that_settles_between_the_refusal_and_the_look_is_tried_once_more() -> None:
    route = Route("ns1", 6, "2001:db8:1::/64", "2001:db8::1", source="2001:db8::2", metric=1024)
    kernel = Kernel([refused(errno.EINVAL)], [DONE])
    assert apply(kernel, ops.AddRoute("ns1", route))._done
    assert kernel.batches == [1, 1]


def test_what_was_done_behind_a_name_that_stays_busy_is_undone() -> None:
    pairs = [ops.CreateVeth("ns1", f"a{number}", peer=("ns1", f"b{number}")) for number in (1, 2)]
    busy, removed = [refused(errno.EEXIST), DONE], [DONE]
    kernel = Kernel(busy, [refused(errno.EPERM)], removed)
    with pytest.raises(LabError, match=r"a1 .*is undone"):
        apply(kernel, *pairs)
    assert kernel.batches == [2, 1, 1], "the second pair is removed"


def test_a_name_that_is_refused_for_one_in_the_other_namespace_is_tried_with_a_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(namespaces, "open_namespace", lambda _netns: os.open(os.devnull, os.O_RDONLY))
    kernel = Kernel([refused(errno.EEXIST)], [DONE])
    assert apply(kernel, ops.CreateDevice("ns1", "v0", kind="vxlan", base="ns2", settings={"id": 1}))._done
    first, second = map(netlink.link_index, kernel.messages)
    assert first == 0
    assert second >= 2**24


def test_a_signal_behind_the_last_step_comes_too_late() -> None:
    apply(Kernel())
    interruption._hear(signal.SIGINT, None)
    interruption.heed()
