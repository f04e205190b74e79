# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module C(tcpip.lab.machine_info), in place on the machine where Ansible runs."""

from __future__ import annotations

from ansible_collections.tcpip.lab.plugins.plugin_utils.in_place import InPlace


class ActionModule(InPlace):
    """Nothing else."""
