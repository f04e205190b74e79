# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The colours of pictures, in whatever language they are written."""

from __future__ import annotations

from .picture import CHANGED, FAILED, MISSING

#: What is written, the outline of things, and that of what is not there.
INK, FRAME, ABSENT = "#1f2933", "#52667a", "#c0271d"
#: Behind what is marked.
MARKS = {CHANGED: "#ffd591", MISSING: "#ffb3ad", FAILED: "#f0837a"}
