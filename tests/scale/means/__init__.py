# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The means of building, by name."""

from __future__ import annotations

from .base import Means
from .batch import Batch
from .floor import Floor
from .topology import Module, Playbook
from .tutorial import Tutorial

MEANS: dict[str, Means] = {means.name: means for means in (Module(), Playbook(), Floor(), Batch(), Tutorial())}
