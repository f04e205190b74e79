# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is noted of the playbooks is what Ansible makes of them."""

from __future__ import annotations

import subprocess
import sys

import rendered


def test_a_lab_of_variables_and_filters() -> None:
    subprocess.run([sys.executable, rendered.__file__], check=True)
    assert "{{" not in rendered.NOTED.read_text(encoding="utf-8")
    lab = rendered.read("internet")
    assert [len(topology["sysctl"]) for topology in lab.topologies] == [1, 1, 1]  # the later ones override the first
    assert [topology["sysctl"][0]["value"] for topology in lab.topologies] == [0, 1, 1]
    assert lab.topologies[0]["veth"][1]["peer"]["netns"] == "host"
    (capture,) = lab.checks[1][0]["captures"]
    assert capture["packets"] == [r"192\.0\.2\.1 > 203\.0\.113\.1: ICMP echo request"]
