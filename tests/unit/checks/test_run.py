# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running checks without a network: what is tried again, commands that are not there, and the report."""

from __future__ import annotations

import sys
import time
import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import output
from ansible_collections.tcpip.lab.plugins.module_utils.checks import diagnose, exchange, model, ping, run
from ansible_collections.tcpip.lab.plugins.module_utils.checks.kinds.exchange import Exchange
from ansible_collections.tcpip.lab.plugins.module_utils.checks.kinds.ping import Ping
from ansible_collections.tcpip.lab.plugins.module_utils.checks.outcome import Outcome, Result
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError

SILENCE = ["3 packets transmitted, 0 received, 100% packet loss, time 30ms"]
ERROR = ["From 192.0.2.254 icmp_seq=1 Destination Net Unreachable"]
REPLIES = [f"64 bytes from 192.0.2.2: icmp_seq={n} ttl=64 time=0.1 ms" for n in (1, 2, 3)]


class Network:
    """In the place of ping(8): gives the answers prepared, the last one again and again."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def attempt(self, wanted: Ping) -> tuple[ping.Transcript, Outcome]:
        self.asked += 1
        lines = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        transcript = ping.read_transcript(lines)
        return transcript, ping.outcome(transcript, wanted.count)


def _run(monkeypatch: pytest.MonkeyPatch, network: Network, **options: t.Any) -> Result:
    monkeypatch.setattr(ping, "attempt", network.attempt)
    monkeypatch.setattr(run, "_PAUSE_S", 0.01)
    monkeypatch.setattr(run, "_AGAIN_S", {4: 0.2, 6: 0.2})
    monkeypatch.setattr(diagnose, "likely_cause", lambda *_: "the cause")
    monkeypatch.setattr(diagnose, "open_way", lambda *_: "")
    (result,) = run.run(model.parse([{"ping": {"to": "192.0.2.2", **options}}]))
    return result


def test_what_shall_work_is_tried_again_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    result = _run(monkeypatch, Network(SILENCE, REPLIES))
    assert result.ok
    assert result.evidence == ["try 1: silence: 3 sent, no answer of any kind; tried again", *REPLIES]


def test_it_is_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    start = time.monotonic()
    result = _run(monkeypatch, Network(SILENCE))
    assert not result.ok
    assert result.cause == "the cause"
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("wrong", [[line.replace("ttl=64", "ttl=63") for line in REPLIES]])
def test_a_wrong_result_is_not_tried_until_right(monkeypatch: pytest.MonkeyPatch, wrong: list[str]) -> None:
    network = Network(wrong, REPLIES)
    assert not _run(monkeypatch, network, ttl=64).ok
    assert network.asked == 1


@pytest.mark.parametrize(
    ("expect", "first", "then"),
    [("silence", ERROR, SILENCE), ("destination_net_unreachable", SILENCE, ERROR), ("silence", REPLIES, SILENCE)],
)
def test_what_shall_fail_is_tried_once(
    monkeypatch: pytest.MonkeyPatch, expect: str, first: list[str], then: list[str]
) -> None:
    """Else patience would find the failure that was asked for."""
    network = Network(first, then)
    assert not _run(monkeypatch, network, expect=expect).ok
    assert network.asked == 1


def test_nobody_listens_on_a_port_while_it_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else what is to be refused would be accepted, and the listener would take it for what was sent to it."""
    busy: set[tuple[str, int]] = set()

    def attempt(wanted: Exchange, _look: t.Callable[[str], None]) -> Outcome:
        port = (wanted.protocol, wanted.port)
        kind = "overlap" if port in busy else wanted.expect
        busy.add(port)
        time.sleep(0.05)
        busy.discard(port)
        return Outcome(kind, kind)

    monkeypatch.setattr(exchange, "attempt", attempt)
    monkeypatch.setattr(diagnose, "likely_cause", lambda *_: "")
    monkeypatch.setattr(diagnose, "open_way", lambda *_: "")
    tried = {"from": "ns1", "to": "192.0.2.2", "port": 7}
    heard, refused = {**tried, "at": "ns2"}, {**tried, "expect": "refused"}
    results = run.run(model.parse([{"tcp": heard}, {"tcp": refused}, {"tcp": {**heard, "at": "ns3"}}]))
    assert [each.got for each in results] == ["delivered", "refused", "delivered"]


def test_a_command_that_is_not_there() -> None:
    with pytest.raises(LabError) as caught:
        output.start(["no-such-command"], "", "install it: 'apt install it'")
    assert str(caught.value) == "the command 'no-such-command' is not on this machine (install it: 'apt install it')"


def test_a_command_that_does_not_end_is_ended() -> None:
    with pytest.raises(LabError, match="sleep 60 did not end in time; it printed: nothing"):
        output.lines_of(["sleep", "60"], "", "", time.monotonic() + 0.1, lambda _line: False)


def test_a_command_is_asked_to_end_once_it_said_enough() -> None:
    # Not a shell's trap: a shell that was started with the signal ignored, as in the background, cannot catch it.
    script = """
import signal, sys, time
signal.signal(signal.SIGINT, lambda *_: (print("last", flush=True), sys.exit()))
print("first", flush=True)
while True:
    time.sleep(0.01)
"""
    command = [sys.executable, "-c", script]
    lines = output.lines_of(command, "", "", time.monotonic() + 10, lambda line: line == "first")
    assert lines == ["first", "last"]


def test_the_report_is_for_a_person() -> None:
    good = Result("a sentence", True, "ping from ns1 to 192.0.2.2", "x", "3 of 3 replies, ttl 64", ["PING"])
    bad = Result("ping from a to b", False, "ping from a to b", "3 of 3 replies", "silence", ["PING"], "no route")
    assert run.report([good, bad]) == [
        "ok    a sentence — 3 of 3 replies, ttl 64",
        "      PING",
        "FAIL  ping from a to b",
        "      expected: 3 of 3 replies",
        "      got: silence",
        "      likely cause: no route",
        "      PING",
    ]
    assert run.failure([good]) == ""
    assert run.failure([good, bad]).splitlines()[:2] == ["1 of 2 checks failed:", "ping from a to b"]
