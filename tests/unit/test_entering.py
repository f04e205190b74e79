# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command that enters a namespace, where it refuses to."""

from __future__ import annotations

import subprocess

from ansible_collections.tcpip.lab.plugins.plugin_utils import entering

MORE_THAN_A_PIPE_HOLDS = b"x" * 2**20
REASON = "there is no network namespace nothing"


def refused(has_input: bool) -> subprocess.Popen[bytes]:
    """The process of a command in a namespace that is not there."""
    command = entering.command("nothing", "true", has_input)
    return subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)


def test_who_sends_input_can_send_all_of_it_before_being_refused() -> None:
    """Else Ansible tells of the pipe that broke, and not why."""
    with refused(has_input=True) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(MORE_THAN_A_PIPE_HOLDS)
        process.stdin.close()
        assert entering.refusal(process.stderr.read().decode()) == REASON
    assert process.returncode == entering.NOT_ENTERED


def test_who_has_none_is_refused_while_the_input_stays_open() -> None:
    with refused(has_input=False) as process:
        assert process.wait(timeout=60) == entering.NOT_ENTERED
