# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of iptables as texts: what they mean, and where they go among others."""

from __future__ import annotations

import random

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import nat
from ansible_collections.tcpip.lab.plugins.module_utils.nat import Rule

MINE = "tcpip.lab:lab"


def rule(source: str, chain: str = "POSTROUTING") -> Rule:
    return Rule(chain, "MASQUERADE", source=source)


def line(source: str, mark: str = MINE, chain: str = "POSTROUTING") -> str:
    return rule(source, chain).line(mark)


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (Rule("POSTROUTING", "MASQUERADE"), ""),
        (
            Rule("POSTROUTING", "SNAT", "192.0.2.0/24", "!198.51.100.0/24", out_interface="eth0", to="203.0.113.1"),
            "-s 192.0.2.0/24 ! -d 198.51.100.0/24 -o eth0 ",
        ),
        (
            Rule(
                "PREROUTING", "DNAT", in_interface="!eth+", protocol="tcp", destination_port="80", to="192.0.2.1:8080"
            ),
            "! -i eth+ -p tcp -m tcp --dport 80 ",
        ),
        (
            Rule("PREROUTING", "REDIRECT", protocol="udp", source_port="!1:9", destination_port="53,67:68", to="5353"),
            "-p udp -m udp ! --sport 1:9 -m multiport --dports 53,67:68 ",
        ),
    ],
)
def test_a_rule_is_written_as_iptables_does_and_read_again(given: Rule, written: str) -> None:
    text = given.line(MINE)
    assert text.startswith(f'-A {given.chain} {written}-m comment --comment "tcpip.lab:lab" -j {given.target}')
    assert nat.read(text) == given
    assert nat.mark_of(text) == MINE


@pytest.mark.parametrize(
    "text",
    [
        "-A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE --random",
        "-A POSTROUTING -m mark --mark 0x1 -j MASQUERADE",
        "-A POSTROUTING -s 10.0.0.0/8 -j ACCEPT",
        "-A POSTROUTING -p tcp -m tcp --tcp-flags SYN SYN -j MASQUERADE",
        '-A POSTROUTING -i a"b -j MASQUERADE',
        "-A POSTROUTING -s 10.0.0.0/8",
        "-A POSTROUTING -m multiport --sports 1,2 -m multiport --sports 3,4 -p tcp -j MASQUERADE",
        "-A POSTROUTING ! -m tcp -p tcp -j MASQUERADE",
    ],
)
def test_what_a_rule_of_ours_never_has_is_not_taken_for_one(text: str) -> None:
    assert nat.read(text) is None


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ('-A OUTPUT -m comment --comment "tcpip.lab:a/b" -j RETURN', "tcpip.lab:a/b"),
        ("-A OUTPUT -m comment --comment tcpip.lab -j RETURN", "tcpip.lab"),
        ("-A OUTPUT -m comment --comment tcpip.laboratory -j RETURN", None),
        ('-A OUTPUT -m comment --comment "my tcpip.lab:a" -j RETURN', None),
        ("-A OUTPUT -j RETURN", None),
        ("-A OUTPUT -i a'b -j RETURN", None),
    ],
)
def test_marks(text: str, mark: str | None) -> None:
    assert nat.mark_of(text) == mark


def test_whose_mark_it_is() -> None:
    assert nat.mark("", "") == "tcpip.lab"
    assert nat.mark("", "web") == "tcpip.lab/web"
    assert nat.mark("tcpip.lab:a", "web") == "tcpip.lab:a/web"
    assert [nat.lab_of(mark) for mark in ("tcpip.lab", "tcpip.lab/web", "tcpip.lab:a", "tcpip.lab:a/web")] == [
        None,
        None,
        "a",
        "a",
    ]


A, B, C, D = (f"10.0.0.{n}/32" for n in range(1, 5))
F, G, H = (line(f"10.9.0.{n}/32", mark) for n, mark in enumerate(("tcpip.lab:other", "theirs", "tcpip.lab"), 1))


@pytest.mark.parametrize(
    ("have", "want", "arranged"),
    [
        ([], [A, B], [A, B]),
        ([F], [A], [F, A]),
        ([F, A, G], [A, B], [F, A, B, G]),
        ([F, A, G], [B, A], [F, B, A, G]),
        ([F, A, G, B, H], [A, C], [F, A, G, C, H]),
        ([F, A, G, B, H], [A, C, B], [F, A, C, G, B, H]),
        ([F, A, G, B, H], [], [F, G, H]),
        ([F, A, G], [B, C], [F, B, C, G]),
        ([A, F, B, G, C], [C, A, B], [C, A, F, B, G]),
    ],
)
def test_rules_come_into_their_places(have: list[str], want: list[str], arranged: list[str]) -> None:
    def written(texts: list[str]) -> tuple[str, ...]:
        return tuple(each if each.startswith("-A") else line(each) for each in texts)

    assert nat.arrange(written(have), MINE, [rule(each) for each in want]) == written(arranged)


def test_what_is_right_but_written_otherwise_stays() -> None:
    lines = [f"-A POSTROUTING -m comment --comment {MINE} -s {A} -j MASQUERADE"]
    assert nat.arrange(lines, MINE, [rule(A)]) == tuple(lines)


def carried_out(lines: list[str], changes: nat.Changes) -> list[str]:
    """What iptables-restore makes of a script, in one chain."""
    result = list(lines)
    for step in changes.script().splitlines()[1:-1]:
        verb, chain, rest = step.split(" ", 2)
        if verb == "-D":
            result.remove(f"-A {chain} {rest}")
        elif verb == "-I":
            number, _blank, rest = rest.partition(" ")
            assert 1 <= int(number) <= len(result) + 1, "Index of insertion too big"
            result.insert(int(number) - 1, f"-A {chain} {rest}")
        else:
            result.append(step)
    return result


def test_any_change_leads_there_and_back_and_moves_no_stranger() -> None:
    chance = random.Random(1)  # noqa: S311 (the same cases every time)
    ours = [line(each) for each in (A, B, C, D)]
    for length in [*range(7)] * 80:
        have = chance.choices([*ours, F, G, H], k=length)
        have = [each for number, each in enumerate(have) if each in ours or each not in have[:number]]
        want = [rule(each) for each in chance.sample([A, B, C, D], chance.randrange(5))]
        target = nat.arrange(have, MINE, want)
        there = carried_out(have, nat.changes(have, target, MINE))
        assert [nat.read(each) for each in there if each in ours] == want
        assert [each for each in there if each not in ours] == [each for each in have if each not in ours]
        assert there == list(target)
        assert carried_out(there, nat.changes(there, have, MINE)) == have


def test_strangers_that_came_or_went_meanwhile_do_not_matter() -> None:
    target = [F, line(A), G, line(B)]
    changes = nat.changes([H, F, line(B)], target, MINE)
    assert carried_out([H, F, line(B)], changes) == [H, F, line(A), line(B)]


def test_the_chains_are_apart() -> None:
    here, there = line(A, chain="INPUT"), line(A)
    changes = nat.changes([F, here], [F, here, there], MINE)
    assert changes.script().splitlines() == ["*nat", there, "COMMIT"]
    changes = nat.changes([here, F], [line(B, chain="INPUT"), here, F], MINE)
    assert changes.script().splitlines()[1] == line(B, chain="INPUT").replace("-A INPUT", "-I INPUT 1")
