# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at what a large lab has before anybody has asked: while Python still imports Ansible and reads the options.

That takes as long as to look at half a thousand namespaces, and the other processors have nothing to do meanwhile.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import Any

from . import ledger as ledgers
from . import observe
from .errors import LabError, understood
from .kinds import Veth
from .ledger import Ledger
from .parallel import Looking
from .progress import Progress
from .values import is_lab

#: By the version of the ledger that says where to look: what looks there. One at most.
_begun: dict[tuple[int, ...], Looking[Any]] = {}


def begin(lab: str) -> None:
    """Begin to look at the namespaces that a lab made, by its ledger. What is wrong with it the run itself tells."""
    if not is_lab(lab):
        return
    with suppress(LabError, OSError):
        ledger = ledgers.load(lab)
        if ledger is None or not ledger.complete:
            return
        with understood(f"the ledger of {lab}"):
            names = _busiest_first(ledger)
        looking = observe.begin(names)
        if looking:
            _begun[ledger.version] = looking


def _busiest_first(ledger: Ledger) -> list[str]:
    """A switch of a thousand ports takes as long as many nodes: begun last, all would wait for who looks at it."""
    cables = [*ledger.resources.get(Veth.KIND, ())]
    ports = Counter(end.get("netns") for cable in cables for end in (cable, cable.get("peer") or {}))
    return sorted(ledger.spaces, key=lambda name: (-ports[name], name))


def take(ledger: Ledger | None, progress: Progress) -> Looking[Any] | None:
    """What was begun for the lab of this ledger, if nothing has been done to the lab since; otherwise it is ended.

    Whoever changes a lab writes its ledger first. A run that had the lab before us and changed nothing may have taken
    long: what others did in that time would not have been seen.
    """
    looking = _begun.pop(ledger.version, None) if ledger and not progress.waited else None
    for old in _begun.values():
        old.end()
    _begun.clear()
    return looking
