# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many files this process may hold open (getrlimit(2)): as many as a run needs, its children as many as it had."""

from __future__ import annotations

import resource

#: What a run needs besides those that it asks for here.
_OTHERS = 300


class Allowance:
    """The limit of this process, which is raised by what is asked for, as far as the system lets us."""

    def __init__(self) -> None:
        self._first = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._promised = _OTHERS

    def ask(self, more: int) -> bool:
        """Be allowed so many more; returns whether there is room for all of them."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = self._promised + more
        if soft != resource.RLIM_INFINITY and soft < wanted:
            soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        if soft != resource.RLIM_INFINITY and soft < wanted:
            return False
        self._promised = wanted
        return True

    def restore(self) -> None:
        """Give back what was asked for: what a run starts gets what the system gives to all."""
        resource.setrlimit(resource.RLIMIT_NOFILE, self._first)


ALLOWANCE = Allowance()
