# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Testinfra hosts that are network namespaces: C(netns://ns1) of this machine, C(netns://user@lab2/ns1) by SSH.

Testinfra knows them as soon as this is imported, which a line in C(conftest.py) does (docs/testing_labs.md).
"""

from __future__ import annotations

import shlex
import urllib.parse
from typing import Any

import testinfra.backend
from ansible_collections.tcpip.lab.plugins.module_utils import values
from ansible_collections.tcpip.lab.plugins.plugin_utils import entering
from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.backend.local import LocalBackend
from testinfra.backend.ssh import SshBackend


class NetnsBackend(BaseBackend):  # type: ignore[misc]  # testinfra does not say what its types are
    """Runs commands in a namespace of the machine that another backend reaches."""

    NAME = "netns"

    def __init__(
        self,
        hostspec: str,
        sudo: bool = False,
        sudo_user: str | None = None,
        machine: BaseBackend | None = None,
        **options: Any,
    ) -> None:
        """Take the namespace's name, with its machine before it if that is another one.

        :param machine: what reaches the machine, if neither this one is meant nor SSH is the way.
        :param options: those of testinfra's backend C(ssh).
        """
        super().__init__(hostspec, sudo, sudo_user)
        address, _slash, netns = hostspec.rpartition("/")
        self._netns = values.namespace(netns)
        self._machine = machine or (SshBackend(address, **options) if address else LocalBackend())

    def run(self, command: str, *args: str, **_more: Any) -> CommandResult:
        """Run a command.

        :raises RuntimeError: when the namespace is not there or cannot be entered.
        """
        words = entering.command(self._netns, self.get_command(command, *args))
        result = self._machine.run(shlex.join(words))
        refused = entering.refusal(result.stderr) if result.rc == entering.NOT_ENTERED else None
        if refused:
            raise RuntimeError(f"{self.get_pytest_id()}: {refused}")
        return result


def _parse_hostspec(hostspec: str) -> tuple[str, dict[str, Any]]:
    """As testinfra does it, which drops what stands behind the machine in an address."""
    host, options = _testinfra_parses(hostspec)
    if options.get("connection") == NetnsBackend.NAME:
        host += urllib.parse.urlparse(hostspec).path
    return host, options


_testinfra_parses = testinfra.backend.parse_hostspec
if NetnsBackend.NAME not in testinfra.backend.BACKENDS:
    testinfra.backend.BACKENDS[NetnsBackend.NAME] = f"{__name__}.{NetnsBackend.__name__}"
    testinfra.backend.parse_hostspec = _parse_hostspec
