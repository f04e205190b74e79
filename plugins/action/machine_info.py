# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module C(tcpip.lab.machine_info): on the machine where Ansible runs no process is started to look."""

from __future__ import annotations

import os
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.modules import machine_info
from ansible_collections.tcpip.lab.plugins.plugin_utils.in_place import InPlace


class ActionModule(InPlace):
    """It changes nothing, so that this process can look itself: if it is root, and nothing special is asked for."""

    def run_module(self, args: dict[str, t.Any], known: dict[str, t.Any]) -> dict[str, t.Any]:
        """Look at the machine."""
        elsewhere = self._connection.ansible_name != "ansible.builtin.local"  # in a namespace of this machine
        special = elsewhere or self._task.async_val or any(self._task.environment or ())
        if special or os.geteuid() != 0 or not self.is_here(known):
            return super().run_module(args, known)
        given = ArgumentSpecValidator(machine_info.SPEC).validate(args)
        if given.error_messages:
            return super().run_module(args, known)  # which says what is wrong as all modules do
        try:
            return {"changed": False, **machine_info.look(**given.validated_parameters)}
        except LabError as error:
            return {"failed": True, "msg": str(error)}
