# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The colours of pictures, in whatever language they are written."""

from __future__ import annotations

from .picture import CHANGED, FAILED, MISSING

#: What is written, the outline of things, and that of what is not there.
INK, FRAME, ABSENT = "#1f2933", "#52667a", "#2f55d4"
#: Behind what is marked: three hues that are told apart also by who does not tell red from green.
MARKS = {CHANGED: "#ffd591", MISSING: "#c3d3ff", FAILED: "#f0837a"}
