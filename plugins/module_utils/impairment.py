# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Delay, loss and rate of a link: from the units of people to those of netem (tc-netem(8)), and back. Pure."""

from __future__ import annotations

from typing import Any

from . import values
from .state import Netem, Qdisc

#: An interface that passes on what it is given, as it comes.
NOTHING = Netem()
#: What is lost if everything is: the kernel's probabilities are 32 bits wide.
_ALWAYS = 2**32 - 1
_NS = 1_000_000


def netem(delay: float | None, jitter: float | None, loss: float | None, rate: str | None) -> Netem | None:
    """What these options ask for, None where none is given; of several those that are left out are nothing.

    C(delay) and C(jitter) are in milliseconds, C(loss) in percent, C(rate) as C(values.rate) writes it.
    """
    if delay is None and jitter is None and loss is None and rate is None:
        return None
    return Netem(_nanoseconds(delay), _nanoseconds(jitter), _share(loss or 0), values.rate_bytes(rate) if rate else 0)


def options(found: Netem) -> dict[str, Any]:
    """The options that ask for it, without those that are nothing."""
    told = {
        "delay": _short(found.delay / _NS),
        "jitter": _short(found.jitter / _NS),
        "loss": _percent(found.loss),
        "rate": values.rate_text(found.rate) if found.rate else None,
    }
    return {name: value for name, value in told.items() if value}


def words(qdisc: Qdisc) -> str:
    """It in the words of tc(8)."""
    if qdisc.netem is None:
        return f"qdisc {qdisc.kind}"
    told = options(qdisc.netem)
    found = ["netem"]
    found += [f"delay {told['delay']}ms"] if "delay" in told else []
    found += [f"{told['jitter']}ms"] if "jitter" in told else []
    found += [f"loss {told['loss']}%"] if "loss" in told else []
    found += [f"rate {told['rate']}"] if "rate" in told else []
    return " ".join([*found, *(["and more"] if qdisc.netem.more else [])])


def _nanoseconds(milliseconds: float | None) -> int:
    return round((milliseconds or 0) * _NS)


def _share(percent: float) -> int:
    return round(percent / 100 * _ALWAYS)


def _percent(share: int) -> float:
    """In as few digits as say exactly this."""
    percent = share / _ALWAYS * 100
    return next(_short(text) for text in (round(percent, digits) for digits in range(12)) if _share(text) == share)


def _short(number: float) -> float:
    """A whole number where it is one, as people write it."""
    return int(number) if float(number).is_integer() else number
