# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single frames, and what a switch tells of itself: what is sent, and what is as expected."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils.checks import model, services
from ansible_collections.tcpip.lab.plugins.module_utils.checks.kinds import vswitch
from ansible_collections.tcpip.lab.plugins.module_utils.checks.look import View
from ansible_collections.tcpip.lab.plugins.module_utils.checks.outcome import Result
from ansible_collections.tcpip.lab.plugins.module_utils.command import Spot
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.module_utils.state import Process

FRAME: dict[str, t.Any] = {"from": "ns1", "dev": "veth1", "source": "00:00:5e:00:53:aa", "to": "ff:ff:ff:ff:ff:ff"}
KNOWN = {"mac": "00:00:5e:00:53:aa", "port": "p1", "age": 3}
TOLD: dict[str, t.Any] = {"ageing_time": 0, "ports": [{"name": "p1"}, {"name": "p2"}], "table": [KNOWN]}


@pytest.mark.parametrize(
    ("carries", "content"),
    [
        ("test", "9000 0000 0100 0000"),
        (
            "bpdu",
            "0026 424203 0000 00 00 00 8000 00005e0053aa 00000000 8000 00005e0053aa 8001 0000 1400 0200 0f00",
        ),
        ("lldp", "88cc 0207 04 00005e0053aa 0407 03 00005e0053aa 0602 0078 0000"),
    ],
)
def test_what_a_frame_carries(carries: str, content: str) -> None:
    (check,) = model.parse([{"frame": {**FRAME, "carries": carries}}])
    head = "ffffffffffff 00005e0053aa"
    assert check.subject.content() == bytes.fromhex(head + content)  # type: ignore[union-attr]
    assert check.name == f"{carries} in a frame from 00:00:5e:00:53:aa to ff:ff:ff:ff:ff:ff, by veth1 in ns1"


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ({"frame": {**FRAME, "source": "01:00:5e:00:00:01"}}, "checks[0].frame.source: '01:00:5e:00:00:01' is a group"),
        ({"frame": {**FRAME, "to": "ff"}}, "checks[0].frame.to: 'ff' is not a MAC address"),
        ({"vswitch": {"name": "sw"}}, "checks[0].vswitch: needs 'ports' or 'mac'"),
        ({"vswitch": {"name": "sw", "ports": [], "port": "p1"}}, "checks[0].vswitch.port: is where a station is"),
        (
            {"vswitch": {"name": "sw", "mac": "00:00:5e:00:53:aa", "port": "p1", "present": False}},
            "checks[0].vswitch.port: is where a station is",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(check: dict[str, t.Any], message: str) -> None:
    with pytest.raises(LabError) as error:
        model.parse([check])
    assert str(error.value).startswith(message)


def look(monkeypatch: pytest.MonkeyPatch, told: t.Any, **wanted: t.Any) -> Result:
    running = Process(Spot("", "vswitch", "", "sw"), pid=7, told=told)
    monkeypatch.setattr(services, "find", lambda *_words: running)
    monkeypatch.setattr(vswitch, "_PAUSE_S", 0)
    monkeypatch.setattr(vswitch, "_AGAIN_S", 0)
    monkeypatch.setattr(vswitch, "_PATIENCE_S", 0)
    (check,) = model.parse([{"vswitch": {"name": "sw", **wanted}}])
    result: Result = check.subject.look("", View())  # type: ignore[union-attr]
    return result


@pytest.mark.parametrize(
    ("wanted", "ok"),
    [
        ({"ports": ["p2", "p1"]}, True),
        ({"ports": ["p1"]}, False),
        ({"ports": ["p1", "p2", "p3"]}, False),
        ({"mac": KNOWN["mac"]}, True),
        ({"mac": KNOWN["mac"], "port": "p1"}, True),
        ({"mac": KNOWN["mac"], "port": "p2"}, False),
        ({"mac": "00:00:5e:00:53:bb"}, False),
        ({"mac": "00:00:5e:00:53:bb", "present": False}, True),
        ({"mac": KNOWN["mac"], "present": False, "ports": ["p1", "p2"]}, False),
    ],
)
def test_ports_and_stations_are_held_against_what_is_declared(
    monkeypatch: pytest.MonkeyPatch, wanted: dict[str, t.Any], ok: bool
) -> None:
    assert look(monkeypatch, TOLD, **wanted).ok is ok


def test_a_switch_that_does_not_answer_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LabError, match="switch sw in the root namespace does not answer"):
        look(monkeypatch, None, ports=[])
