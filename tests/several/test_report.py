# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report on a run over several machines: one for all of them, on the controller, also when a check fails."""

from __future__ import annotations

import re
import typing as t

import pytest

if t.TYPE_CHECKING:
    from machines import Bed

PAGE = "/tmp/report.html"
LAB = "playbooks/router.yml"


@pytest.mark.parametrize("bed", [2], indirect=True)
def test_one_report_for_all_machines(bed: Bed) -> None:
    run = bed.playbook(LAB, lab_report=PAGE)
    (said,) = [task for task in run.tasks if task["task"].endswith("Say where it is")]
    assert said["msg"] == PAGE
    page = bed.controller.run(["cat", PAGE]).stdout
    assert "<title>Lab router: all 5 checks passed</title>" in page
    drawn = set(re.findall(r"<text[^>]*>([^<]*)</text>", page))
    assert {"lab1", "lab2", "ns1", "router", "ns2"} <= drawn
    assert page.count("What was done: ") == 2

    (home,) = [machine for machine in bed.machines if "ns2" in machine.namespaces()]
    home.run(["ip", "netns", "exec", "ns2", "iptables", "-A", "INPUT", "-p", "icmp", "-j", "DROP"])
    bed.playbook(LAB, _fails=True, lab_report=PAGE)
    page = bed.controller.run(["cat", PAGE]).stdout
    assert re.search(r"<title>Lab router: \d of 5 checks failed</title>", page)
    assert "-A INPUT -p icmp -j DROP" in page
    assert "a check failed here" in page
    bed.playbook(LAB, lab_state="absent", lab_report=PAGE)
