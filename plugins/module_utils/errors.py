# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one exception that carries a message for people."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager

#: What comes of data that have another form than was thought, wherever one stumbles over it.
_MISUNDERSTOOD = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError, struct.error)


class LabError(Exception):
    """What was wrong, where in the user's input, and what to do about it.

    Raised anywhere below the modules and turned into a failed task once, in the module's C(main).
    """

    def __init__(self, message: str, place: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.hint = hint

    @property
    def reason(self) -> str:
        """The place as the user wrote it, and what was wrong."""
        return f"{self.place}: {self.message}" if self.place else self.message

    def __str__(self) -> str:
        """The same, and the way out."""
        return f"{self.reason} ({self.hint})" if self.hint else self.reason


@contextmanager
def understood(what: str) -> Iterator[None]:
    """Raise LabError if what others have written, and the block reads, is not in the form that it should have."""
    try:
        yield
    except _MISUNDERSTOOD as error:
        raise LabError(f"{what} cannot be read: {type(error).__name__}: {str(error)[:200]}") from error


@contextmanager
def naming(what: str, hint: str = "") -> Iterator[None]:
    """Say of what the kernel refuses in the block what it was for. Raises LabError in place of OSError."""
    try:
        yield
    except OSError as error:
        raise LabError(f"could not {what}: {error.strerror or error}", hint=hint) from error
