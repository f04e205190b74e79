# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tracked connections where the kernel shows no file of them, judged by what conntrack(8) prints."""

from __future__ import annotations

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils.checks import model
from ansible_collections.tcpip.lab.plugins.module_utils.checks.kinds import conntrack
from ansible_collections.tcpip.lab.plugins.module_utils.checks.look import View
from ansible_collections.tcpip.lab.plugins.module_utils.checks.subject import Fact

LISTED = {
    "ipv4": (
        "tcp      6 117 TIME_WAIT src=203.0.113.1 dst=203.0.113.254 sport=40312 dport=54321 "
        "src=192.0.2.1 dst=203.0.113.1 sport=54321 dport=40312 [ASSURED] mark=0 use=1"
    ),
    "ipv6": (
        "udp      17 27 src=2001:db8::1 dst=2001:db8::2 sport=5000 dport=53 [UNREPLIED] "
        "src=2001:db8::2 dst=2001:db8::1 sport=53 dport=5000 mark=0 use=1"
    ),
}


@pytest.mark.parametrize(
    ("options", "ok"),
    [
        ({"protocol": "tcp", "port": 54321, "reply_source": "192.0.2.1", "reply_port": 54321}, True),
        ({"protocol": "tcp", "port": 54321, "reply_source": "203.0.113.254"}, False),
        ({"protocol": "udp", "destination": "2001:DB8:0::2", "reply_destination": "2001:db8::1"}, True),
        ({"protocol": "icmp"}, False),
        ({"protocol": "icmp", "present": False}, True),
    ],
)
def test_what_conntrack_lists(monkeypatch: pytest.MonkeyPatch, options: dict[str, object], ok: bool) -> None:
    monkeypatch.setattr(conntrack, "_FILE", "/nowhere")
    monkeypatch.setattr(conntrack, "output_of", lambda command, _netns, _install: LISTED[command[-1]])
    (check,) = model.parse([{"conntrack": options}])
    assert isinstance(check.subject, Fact)
    assert check.subject.look(check.name, View()).ok is ok
