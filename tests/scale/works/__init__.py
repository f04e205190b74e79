# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is built, by name."""

from __future__ import annotations

from ..network import Work
from .chain import CHAIN
from .fat_tree import FAT_TREE
from .star import STAR

WORKS: dict[str, Work] = {work.name: work for work in (STAR, CHAIN, FAT_TREE)}
