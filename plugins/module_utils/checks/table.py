# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What facts about an entry of a table have in common: it is there, or must not be."""

from __future__ import annotations

from .outcome import Result
from .subject import Fact


class EntryFact(Fact):
    """An entry that is in a table, or is not. The table is lines, as the command that shows it words them."""

    present: bool

    def judge(self, name: str, found: list[str], table: list[str], nothing: str, cause: str) -> Result:
        """The result, from the lines of the entries that fit and of the whole table.

        C(nothing) is what to say of a table without the entry, C(cause) why it may be as it must not be.
        """
        ok = bool(found) == self.present
        return Result(
            name=name,
            ok=ok,
            what=self.describe(),
            expected=self.expected(),
            got=found[0] if found else nothing,
            evidence=(found or table) or ["the table is empty"],
            cause="" if ok else cause,
        )
