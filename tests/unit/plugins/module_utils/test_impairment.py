# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Delay, loss and rate in the units of people and of the kernel, and what is done where they differ."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import impairment, plan, values
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.module_utils.kinds import KINDS
from ansible_collections.tcpip.lab.plugins.module_utils.state import Link, Namespace, Netem, Qdisc, State
from hypothesis import given
from hypothesis import strategies as st

SLOW = Netem(delay=20_000_000, loss=42949673)
A, B = ("", "a"), ("", "b")


def steps(have: Qdisc | None, former: dict[str, t.Any] | None = None, **options: t.Any) -> list[str]:
    """What is done to a pair that is there."""
    links = {"a": Link(*A, kind="veth", up=True, peer=B, qdisc=have), "b": Link(*B, kind="veth", up=True, peer=A)}
    want = KINDS["veth"].parse({"name": "a", **options, "peer": {"name": "b"}}, "")
    if former is not None:
        want = want.succeed(KINDS["veth"].parse({"name": "a", **former, "peer": {"name": "b"}}, ""))
    return [step.title for step in plan.make([want], [], State({"": Namespace("", None, dict(links))}))]


def test_what_is_asked_for_is_done_once() -> None:
    assert steps(None, delay=20, loss=1) == ["set a netem delay 20ms loss 1%"]
    assert steps(Qdisc("netem", SLOW, 7, b"x"), delay=20, loss=1) == []
    assert steps(None) == steps(None, delay=0) == []


def test_what_differs_is_changed_in_place() -> None:
    assert steps(Qdisc("netem", SLOW), delay=20) == ["change a netem delay 20ms loss 1% to a netem delay 20ms"]
    more = Qdisc("netem", SLOW._replace(more=True))
    assert steps(more, delay=20, loss=1) == [
        "change a netem delay 20ms loss 1% and more to a netem delay 20ms loss 1%",
    ]


def test_what_nobody_declares_stays_and_what_a_lab_declared_goes() -> None:
    have = Qdisc("netem", SLOW)
    gone = ["remove a netem delay 20ms loss 1%"]
    assert steps(have) == steps(have, {}) == steps(have, {"delay": 0}) == []
    assert steps(have, rate="0") == steps(have, {"delay": 20}) == steps(have, {"loss": 3}) == gone
    assert steps(None, {"delay": 20}) == []
    assert steps(Qdisc("tbf"), {"delay": 20}) == []


@pytest.mark.parametrize("options", [{"jitter": 1}, {"delay": 1, "jitter": 2}])
def test_a_jitter_varies_a_delay(options: dict[str, float]) -> None:
    with pytest.raises(LabError, match=r"vxlan\[0\]\.jitter: \d ms are more than the delay that varies by them"):
        KINDS["vxlan"].parse({"name": "x0", "id": 1, **options}, "vxlan[0]")


@given(
    st.integers(0, 3_600_000_000).map(lambda each: each / 1000),
    st.integers(0, 100_000).map(lambda each: each / 1000),
    st.integers(1, 2**40),
)
def test_what_is_told_asks_for_the_same(delay: float, loss: float, rate: int) -> None:
    """And in the digits in which it was given."""
    found = impairment.netem(delay, None, loss, values.rate(str(8 * rate)))
    assert found
    told = impairment.options(found)
    given = {"delay": delay, "loss": loss, "rate": values.rate_text(rate)}
    assert told == {name: value for name, value in given.items() if value}
    assert impairment.netem(told.get("delay"), None, told.get("loss"), told["rate"]) == found


NUMBERS = (st.integers(0, most) for most in (2**40, 2**31, 2**32 - 1, 2**60))


@given(st.builds(Netem, *NUMBERS, st.just(False)))
def test_whatever_somebody_has_made_is_told_exactly(netem: Netem) -> None:
    told = impairment.options(netem)
    words = [told.get(name) for name in ("delay", "jitter", "loss", "rate")]
    assert (impairment.netem(*words) or Netem()) == netem
