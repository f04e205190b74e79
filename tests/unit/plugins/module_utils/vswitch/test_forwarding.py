# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The switch without sockets: what it learns, what it forgets, and where it sends."""

from __future__ import annotations

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils.vswitch.forwarding import MOST_PORTS, Switch, Table
from hypothesis import given
from hypothesis import strategies as some

A, B, C = (bytes.fromhex(f"00005e00530{n}") for n in (1, 2, 3))
ALL = bytes.fromhex("ffffffffffff")
PORTS = ("p1", "p2", "p3", "p4")


def frame(destination: bytes, source: bytes, kind: int = 0x0800) -> bytes:
    return destination + source + kind.to_bytes(2, "big") + b"text"


def switch(ageing: float = 300) -> Switch:
    made = Switch(ageing)
    for port in PORTS:
        made.add(port)
    return made


def through(made: Switch, what: bytes, port: str, now: float = 0) -> list[str]:
    """Learn from a frame and decide on it, as the loop does."""
    made.learn(what, port, now)
    return made.decide(what, port, now)


def test_what_is_not_known_goes_everywhere_else_and_the_answer_goes_back_alone() -> None:
    made = switch()
    assert through(made, frame(B, A), "p1") == ["p2", "p3", "p4"]
    assert through(made, frame(A, B), "p2") == ["p1"]
    assert through(made, frame(B, A), "p1") == ["p2"]


def test_a_station_on_the_same_port_needs_no_switch() -> None:
    made = switch()
    through(made, frame(ALL, A), "p1")
    assert through(made, frame(A, B), "p1") == []


def test_a_station_that_moves_is_found_where_it_was_heard_last() -> None:
    made = switch()
    through(made, frame(ALL, A), "p1")
    through(made, frame(ALL, A), "p3")
    assert through(made, frame(A, B), "p2") == ["p3"]


@pytest.mark.parametrize("group", [ALL, bytes.fromhex("01005e000001"), bytes.fromhex("333300000001")])
def test_a_group_goes_everywhere_else_and_is_never_learned(group: bytes) -> None:
    made = switch()
    assert through(made, frame(group, A), "p2") == ["p1", "p3", "p4"]
    through(made, frame(B, group), "p3")
    assert list(made.table.entries(0)) == [A]


@pytest.mark.parametrize("last", range(0x10))
def test_what_is_for_switches_is_not_passed_on(last: int) -> None:
    assert through(switch(), frame(bytes.fromhex("0180c20000") + bytes([last]), A), "p1") == []


def test_the_address_behind_them_is_a_group_like_others() -> None:
    assert through(switch(), frame(bytes.fromhex("0180c2000010"), A), "p1") == ["p2", "p3", "p4"]


def test_lldp_is_not_passed_on_wherever_it_is_sent_to() -> None:
    assert through(switch(), frame(ALL, A, 0x88CC), "p1") == []


@pytest.mark.parametrize("length", range(14))
def test_what_is_too_short_to_be_a_frame_is_dropped(length: int) -> None:
    made = switch()
    assert through(made, frame(B, A)[:length], "p1") == []
    assert made.table.entries(0) == {}


def test_an_entry_lasts_as_long_as_it_is_heard_of() -> None:
    made = switch(ageing=10)
    through(made, frame(ALL, A), "p1", 0)
    assert made.decide(frame(A, B), "p2", 9) == ["p1"]
    through(made, frame(ALL, A), "p1", 9)
    assert made.decide(frame(A, B), "p2", 18) == ["p1"]
    assert made.decide(frame(A, B), "p2", 19) == ["p1", "p3", "p4"]
    assert made.table.entries(19) == {}


def test_that_others_are_asked_for_does_not_make_an_entry_last() -> None:
    made = switch(ageing=10)
    through(made, frame(ALL, A), "p1", 0)
    through(made, frame(A, B), "p2", 5)
    assert list(made.table.entries(10)) == [B]


def test_another_ageing_time_holds_for_what_is_known_already() -> None:
    made = switch(ageing=300)
    through(made, frame(ALL, A), "p1", 0)
    made.table.ageing = 5
    assert made.table.find(A, 5) is None


def test_without_ageing_time_it_is_a_hub() -> None:
    made = switch(ageing=0)
    through(made, frame(ALL, A), "p1", 0)
    assert through(made, frame(A, B), "p2", 0) == ["p1", "p3", "p4"]


def test_a_full_table_keeps_what_it_knows_until_something_has_aged() -> None:
    table = Table(ageing=10)
    for number in range(table.MOST):
        table.learn(number.to_bytes(6, "big"), "p1", number / table.MOST)
    table.learn(A, "p2", 5)
    assert table.find(A, 5) is None
    table.learn(bytes(6), "p3", 5)
    assert table.find(bytes(6), 5) == "p3"
    table.learn(A, "p2", 10.5)
    assert table.find(A, 10.5) == "p2"


def test_a_deleted_port_takes_its_stations_along_and_no_others() -> None:
    made = switch()
    through(made, frame(ALL, A), "p1")
    through(made, frame(ALL, B), "p2")
    made.delete("p1")
    assert list(made.table.entries(0)) == [B]
    assert through(made, frame(A, B), "p2") == ["p3", "p4"]


def test_the_twenty_fifth_port_is_refused_by_its_name() -> None:
    made = Switch()
    for number in range(MOST_PORTS):
        made.add(f"p{number}")
    with pytest.raises(ValueError, match=r"^'one-more' would be port 25, a switch has at most 24$"):
        made.add("one-more")
    made.delete("p7")
    made.add("one-more")


def test_a_port_is_added_once_and_deleted_once() -> None:
    made = switch()
    with pytest.raises(ValueError, match=r"^'p1' is a port already$"):
        made.add("p1")
    made.delete("p1")
    with pytest.raises(ValueError, match=r"^'p1' is not a port$"):
        made.delete("p1")


stations = some.sampled_from([A, B, C, ALL, bytes.fromhex("0180c2000000")])
traffic = some.lists(
    some.tuples(stations, stations, some.sampled_from(PORTS), some.floats(0, 8)),
    max_size=30,
)


@given(traffic)
def test_whatever_comes_in_no_frame_goes_back_or_out_twice(frames: list[tuple[bytes, bytes, str, float]]) -> None:
    made, now = switch(ageing=10), 0.0
    for destination, source, port, pause in frames:
        now += pause
        out = through(made, frame(destination, source), port, now)
        assert port not in out
        assert len(set(out)) == len(out)
        assert set(out) <= set(PORTS)


@given(traffic)
def test_a_unicast_goes_where_its_station_was_heard_last_or_everywhere(
    frames: list[tuple[bytes, bytes, str, float]],
) -> None:
    made, now = switch(ageing=10), 0.0
    heard: dict[bytes, tuple[str, float]] = {}
    for destination, source, port, pause in frames:
        now += pause
        if not source[0] & 1:
            heard[source] = (port, now)
        out = through(made, frame(destination, source), port, now)
        known = {station: where for station, (where, when) in heard.items() if now - when < 10}
        assert {station: entry.port for station, entry in made.table.entries(now).items()} == known
        if destination in known:
            assert out == [known[destination]] * (known[destination] != port)
        elif destination[:5] != bytes.fromhex("0180c20000"):
            assert out == [other for other in PORTS if other != port]
