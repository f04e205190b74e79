# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The means of building, by name."""

from __future__ import annotations

from .base import Means
from .batch import Batch
from .mininet import Mininet
from .programs import Floor, Pyroute2
from .topology import Module, Playbook
from .tutorial import Tutorial

_ALL = (Module(), Playbook(), Floor(), Batch(), Pyroute2(), Mininet(), Tutorial())
MEANS: dict[str, Means] = {means.name: means for means in _ALL}
