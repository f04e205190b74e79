# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checks have in common once they run: their result, and the failures that are nobody's network."""

from __future__ import annotations

from dataclasses import asdict, field
from typing import Any

from ..lean import dataclass


@dataclass
class Result:
    """How one check ended.

    C(what) is what was tried, from where and to what address; C(got) what was seen in one phrase, C(outcome) its kind
    in one word where traffic flowed, C(evidence) the lines that show it, C(cause) the likely reason of a failure, empty
    where none was found.
    """

    name: str
    ok: bool
    what: str
    expected: str
    got: str
    evidence: list[str] = field(default_factory=list)
    cause: str = ""
    outcome: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As the module returns it."""
        return asdict(self)


@dataclass(frozen=True)
class Outcome:
    """What an attempt brought: its kind in one word, the phrase for people, and the lines that show it.

    C(by) is who sent the error, C(cause) the likely reason where the attempt has found it. C(worth_retrying) says that
    a network that is still coming up may look like this.
    """

    kind: str
    got: str
    evidence: tuple[str, ...] = ()
    by: str = ""
    worth_retrying: bool = False
    cause: str = ""
