# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the table nat as iptables-save(8) writes them: read, written, and put into their places. Pure.

A rule is ours by its comment. What two rules mean is compared, not how they are written. All others are only places
between which ours stand: they are neither moved nor changed.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .lean import dataclass
from .state import owner

if TYPE_CHECKING:
    from difflib import SequenceMatcher

#: The programs of each IP version, and the option that says what a target rewrites to.
PROGRAMS = {4: "iptables", 6: "ip6tables"}
TO = {"MASQUERADE": "--to-ports", "SNAT": "--to-source", "DNAT": "--to-destination", "REDIRECT": "--to-ports"}

_CHAINS = ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING")
_MARK = "tcpip.lab"
_OPTIONS = {
    "-s": "source",
    "-d": "destination",
    "-i": "in_interface",
    "-o": "out_interface",
    "-p": "protocol",
    "--sport": "source_port",
    "--sports": "source_port",
    "--dport": "destination_port",
    "--dports": "destination_port",
    "-j": "target",
    **dict.fromkeys(TO.values(), "to"),
}
#: Matches that say nothing beyond the options that belong to them.
_MATCHES = ("tcp", "udp", "sctp", "multiport", "comment")
_SYNONYMS = {"ipv6-icmp": "icmpv6"}


@dataclass(frozen=True)
class Rule:
    """What a rule does. An empty text is no condition, C(!) before a text is its opposite."""

    chain: str
    target: str
    source: str = ""
    destination: str = ""
    in_interface: str = ""
    out_interface: str = ""
    protocol: str = ""
    source_port: str = ""
    destination_port: str = ""
    to: str = ""

    def line(self, mark: str) -> str:
        """The rule as iptables-save(8) writes it."""
        words = ["-A", self.chain, *_word("-s", self.source), *_word("-d", self.destination)]
        words += [*_word("-i", self.in_interface), *_word("-o", self.out_interface), *_word("-p", self.protocol)]
        words += [*self._port("--sport", self.source_port), *self._port("--dport", self.destination_port)]
        words += ["-m", "comment", "--comment", f'"{mark}"', "-j", self.target, *_word(TO[self.target], self.to)]
        return " ".join(words)

    def _port(self, option: str, value: str) -> list[str]:
        if "," in value:
            return ["-m", "multiport", *_word(f"{option}s", value)]
        return ["-m", self.protocol, *_word(option, value)] if value else []


def _word(option: str, value: str) -> list[str]:
    if value.startswith("!"):
        return ["!", option, value[1:]]
    return [option, value] if value else []


def read(line: str) -> Rule | None:
    """What a line of iptables-save(8) does, None if it has anything that a rule of ours never has."""
    found: dict[str, str] = {}
    negation = ""
    words = iter(_split(line))
    for word in words:
        if word == "!":
            negation = "!"
            continue
        value = next(words, "")
        if word == "-A":
            found["chain"] = value
        elif word in _OPTIONS and _OPTIONS[word] not in found:
            found[_OPTIONS[word]] = negation + _SYNONYMS.get(value, value)
        elif not (word == "--comment" or (word == "-m" and value in _MATCHES)) or negation:
            return None
        negation = ""
    return Rule(**found) if {"chain", "target"} <= found.keys() and found["target"] in TO else None


def mark_of(line: str) -> str | None:
    """The mark of the rule, None if it bears none of ours."""
    words = _split(line)
    comment = words[words.index("--comment") + 1] if "--comment" in words[:-1] else ""
    return comment if comment == _MARK or comment.startswith((f"{_MARK}:", f"{_MARK}/")) else None


def mark(whose: str, name: str) -> str:
    """The comment of a set of rules: of the lab whose mark C(whose) is, or of nobody (empty)."""
    return f"{whose or _MARK}/{name}" if name else whose or _MARK


def lab_of(comment: str) -> str | None:
    """The lab whose mark it is, None if it is nobody's."""
    return owner(comment.partition("/")[0])


def _split(line: str) -> list[str]:
    """The words of a line; none if it is so odd that it cannot be one of ours."""
    try:
        return shlex.split(line)
    except ValueError:
        return []


def arrange(lines: Sequence[str], mine: str, wanted: Sequence[Rule]) -> tuple[str, ...]:
    """The lines once the rules with the mark C(mine) are the C(wanted) ones in their order.

    What is right already stays where it is. What is new comes after the one that precedes it among ours, or in the
    place of the one that goes for it, or at the end of its chain.
    """
    return tuple(line for chain in _chains(lines, wanted) for line in _arrange(_of(chain, lines), mine, chain, wanted))


def _chains(lines: Sequence[str], wanted: Sequence[Rule]) -> list[str]:
    """The chains that there are, in the order of the first of their lines, and those that are needed besides."""
    return list(dict.fromkeys([*(chain_of(line) for line in lines), *_CHAINS, *(rule.chain for rule in wanted)]))


def chain_of(line: str) -> str:
    """The chain that a line adds to."""
    return line.split(" ", 2)[1]


def _of(chain: str, lines: Sequence[str]) -> list[str]:
    return [line for line in lines if chain_of(line) == chain]


def _compared(there: Sequence[Any], wanted: Sequence[Any]) -> SequenceMatcher[Any]:
    from difflib import SequenceMatcher  # noqa: PLC0415 - few labs translate addresses, and it takes its time

    return SequenceMatcher(None, there, wanted, autojunk=False)


def _arrange(lines: Sequence[str], mine: str, chain: str, wanted: Sequence[Rule]) -> Iterator[str]:
    places = [number for number, line in enumerate(lines) if mark_of(line) == mine]
    rules = [rule for rule in wanted if rule.chain == chain]
    there = [read(lines[number]) for number in places]
    added: dict[int, list[str]] = {}
    gone: set[int] = set()
    for kind, i, j, k, m in _compared(there, rules).get_opcodes():
        if kind == "equal":
            continue
        gone.update(places[i:j])
        added.setdefault(_slot(places, i, j, len(lines)), []).extend(rule.line(mine) for rule in rules[k:m])
    for number in range(len(lines) + 1):
        yield from added.get(number, ())
        yield from (line for line in lines[number : number + 1] if number not in gone)


def _slot(places: Sequence[int], i: int, j: int, end: int) -> int:
    """The number of the line before which the new ones come that take the place of ours from i to j."""
    if j > i:
        return places[i]
    if i > 0:
        return places[i - 1] + 1
    return places[0] if places else end


@dataclass(frozen=True)
class Changes:
    """What goes and what comes: lines, and for those that come their numbers in the chain, 0 at its end."""

    lost: tuple[str, ...] = ()
    gained: tuple[tuple[int, str], ...] = ()

    def script(self) -> str:
        """The input of iptables-restore(8), which makes all of it at once or nothing."""
        lines = [line.replace("-A ", "-D ", 1) for line in self.lost]
        lines += [_insertion(number, line) for number, line in self.gained]
        return "\n".join(["*nat", *lines, "COMMIT", ""])


def _insertion(number: int, line: str) -> str:
    chain = chain_of(line)
    return line.replace(f"-A {chain}", f"-I {chain} {number}", 1) if number else line


def changes(lines: Sequence[str], target: Sequence[str], mine: str) -> Changes:
    """The steps from the present lines to others, as far as rules with the mark C(mine) are concerned.

    Strangers' rules of C(target) that are not there any more do not come back, and those that came meanwhile stay.
    """
    found = [_changes(_of(chain, lines), _of(chain, target), mine) for chain in _chains([*lines, *target], ())]
    lost = tuple(line for each in found for line in each.lost)
    return Changes(lost, tuple(step for each in found for step in each.gained))


def _changes(lines: Sequence[str], target: Sequence[str], mine: str) -> Changes:
    lost: list[str] = []
    final: list[tuple[str, bool]] = []
    for there, wanted in _gaps(lines, target, mine):
        # A rule is deleted by what it says, and the first of several that say the same would go: so all of them go.
        keys = [line if lines.count(line) == 1 else None for line in there]
        for kind, i, j, k, m in _compared(keys, wanted).get_opcodes():
            kept = [line for line in there[i:j] if kind == "equal" or mark_of(line) != mine]
            lost += [line for line in there[i:j] if line not in kept]
            final += [(line, False) for line in kept]
            final += [(line, True) for line in wanted[k:m] if kind != "equal"]
    last = max((number for number, (_line, new) in enumerate(final) if not new), default=-1)
    gained = [(0 if number > last else number + 1, line) for number, (line, new) in enumerate(final) if new]
    return Changes(tuple(lost), tuple(gained))


def _gaps(lines: Sequence[str], target: Sequence[str], mine: str) -> Iterator[tuple[list[str], list[str]]]:
    """The present lines, and the rules of ours that are to be there, from each stranger that both have to the next."""
    now, then = ([n for n, line in enumerate(each) if mark_of(line) != mine] for each in (lines, target))
    matcher = _compared([lines[n] for n in now], [target[n] for n in then])
    here, there = 0, 0
    for block in matcher.get_matching_blocks():
        for i, k in zip(now[block.a : block.a + block.size], then[block.b : block.b + block.size]):
            yield _gap(lines[here:i], target[there:k], mine)
            here, there = i, k
    yield _gap(lines[here:], target[there:], mine)


def _gap(lines: Sequence[str], target: Sequence[str], mine: str) -> tuple[list[str], list[str]]:
    return list(lines), [line for line in target if mark_of(line) == mine]
