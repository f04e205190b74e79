# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way in which throw-away machines run modules gives what the usual way gives."""

from __future__ import annotations

from labmachine import LabMachine
from served import ServedMachine


def test_modules_run_one_after_another_each_on_its_own() -> None:
    with ServedMachine.start() as machine:
        assert machine.module("netns", name="ns1", _check=True)["changed"]
        assert machine.module("netns", name="ns1")["changed"]
        assert not machine.module("netns", name="ns1")["changed"]
        assert machine.json(["ip", "-j", "netns"]) == [{"name": "ns1"}]
        assert "is required" in machine.module("veth", name="v0", netns="ns1", _fails=True)["msg"]
        assert machine.snapshot() == LabMachine.snapshot(machine)
