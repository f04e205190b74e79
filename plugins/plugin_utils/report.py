# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report on a run, as one page of HTML. All that comes from a lab is data in it, and is escaped by the template.

What is in which place is said by C(report.html.j2). Here is made of what a run has told what the template shows.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from ansible_collections.tcpip.lab.plugins.module_utils.checks import model
from ansible_collections.tcpip.lab.plugins.module_utils.command import HIDDEN, MAY_BE_SECRET, Spot
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError, understood
from ansible_collections.tcpip.lab.plugins.module_utils.kinds import capture
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from . import dot, mermaid, picture, svg

Item = Mapping[str, Any]
_PLACE = pathlib.Path(__file__).parent
_INDENT = "  "


@dataclass(frozen=True)
class Passage:
    """Lines of evidence, with a title if they are of a capture."""

    title: str
    lines: list[str]


@dataclass(frozen=True)
class Seen:
    """What one machine has to say of a check."""

    machine: str
    ok: bool
    what: str
    expected: str
    got: str
    cause: str
    evidence: list[Passage]


@dataclass
class Check:
    """A check, with what each machine has seen that had a part in it. C(number) tells it from others in the page."""

    name: str
    number: int
    seen: list[Seen] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether it was as expected everywhere."""
        return all(each.ok for each in self.seen)

    @property
    def got(self) -> str:
        """What was seen, in one phrase."""
        return "; ".join(each.got for each in self.seen)

    @property
    def causes(self) -> list[str]:
        """The likely causes of its failure."""
        return [each.cause for each in self.seen if not each.ok and each.cause]


@dataclass(frozen=True)
class Done:
    """What was done on a machine, or would be."""

    machine: str
    changes: list[str]


@dataclass(frozen=True)
class Fault:
    """What a machine said when it could not make its part."""

    machine: str
    text: str


@dataclass
class Stage:
    """A stage of the lab, with what came of it if the run had a part for it."""

    title: str
    text: list[str]
    done: list[Done] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)


@dataclass(frozen=True)
class Drawing:
    """The picture: as C(svg), or else as C(text) in the language of Mermaid."""

    svg: str
    text: str
    caption: str
    boxes: list[Box]


@dataclass(frozen=True)
class Box:
    """A namespace of the picture, in words."""

    title: str
    machine: str
    parts: list[str]
    notes: list[str]


class Report:
    """What the template shows."""

    def __init__(self, told: Item) -> None:
        self.name, self.made = str(told["name"]), str(told["made"])
        self.about = _paragraphs(told.get("about"))
        self.tries = [str(each) for each in told.get("try") or ()]
        self.nodes: Mapping[str, str] = told.get("nodes") or {}
        self.spread = bool(self.nodes)
        there: Mapping[str, Item] = told.get("there") or {}
        self.machines = list(there)
        self._there: dict[str, Item] = {name: found["labs"][0] for name, found in there.items() if found.get("labs")}
        self._broken = ""
        self.stages = [Stage(str(each["title"]), _paragraphs(each.get("text"))) for each in told["stages"]]
        self._spaces: set[str] = set()
        story = told.get("story") or ()
        for part in story:
            self._add(part)
        is_last = [int(part["stage"]) for part in story] == [len(self.stages)]
        self.at_once = len(self.stages) > 1 and is_last and bool(self.stages[-1].done)
        topology = told.get("topology") or {}
        self.declared = yaml.safe_dump(_discreet(topology), sort_keys=False, allow_unicode=True, width=110).splitlines()
        self.drawing = self._drawing(topology)

    @property
    def checks(self) -> list[Check]:
        """Those of all stages."""
        return [check for stage in self.stages for check in stage.checks]

    @property
    def failed(self) -> list[Check]:
        """Those that failed."""
        return [check for check in self.checks if not check.ok]

    @property
    def verdict(self) -> str:
        """How it went, in one phrase."""
        made, failed = len(self.checks), len(self.failed)
        if self._broken:
            return self._broken
        if failed:
            return f"{failed} of {made} checks failed"
        return f"all {made} checks passed" if made > 1 else "the check passed" if made else "built, and not checked"

    @property
    def colour(self) -> str:
        """The class of the verdict."""
        if self.failed or self._broken:
            return "failed"
        return "ok" if self.checks else "none"

    @property
    def drift(self) -> list[Done]:
        """What is not as it was declared, machine by machine."""
        found = ((name, list(_drift(lab))) for name, lab in self._there.items())
        return [Done(self._named(name), lines) for name, lines in found if lines]

    @property
    def captures(self) -> list[Item]:
        """The files that captures of the lab are being written to."""
        return [
            {"machine": self._named(machine), **each}
            for machine, lab in self._there.items()
            for each in _captures(self.name, lab)
        ]

    def html(self) -> str:
        """The page."""
        environment = Environment(
            loader=FileSystemLoader(_PLACE),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        return environment.get_template("report.html.j2").render(lab=self).lstrip() + "\n"

    def _named(self, machine: str) -> str:
        """The machine, where there are several."""
        return machine if len(self.machines) > 1 else ""

    def _add(self, part: Item) -> None:
        """Add what came of a part of the run, which was for one of the stages."""
        stage = self.stages[int(part["stage"]) - 1]
        built: Mapping[str, Item] = part["built"]
        if all(_is_built(each) for each in built.values()):
            stage.done = [
                Done(self._named(name), [str(line) for line in each["changes"]]) for name, each in built.items()
            ]
        else:
            self._broken = "not built"
            failures = {name: each for name, each in built.items() if not _is_built(each)}
            stage.faults = [Fault(self._named(name), _reason(each)) for name, each in failures.items()]
        stage.checks = list(self._checks(part.get("seen") or ()))
        refused = [each for each in part.get("seen") or () if _is_refused(each)]
        if refused:
            self._broken = "the checks could not be made"
            stage.faults += [Fault(_machine(each), _reason(each)) for each in refused]
        homes = _homes(part.get("checks") or ())
        self._spaces = {homes[check.name] for check in stage.checks if not check.ok and check.name in homes}

    def _checks(self, steps: Iterable[Item]) -> Iterable[Check]:
        """The checks of a part, each with what was told of it by all machines."""
        found: dict[tuple[str, int], Check] = {}
        for step in steps:
            names: list[str] = []
            for result in step.get("results") or ():
                name = str(result["name"])
                key = (name, names.count(name))
                names.append(name)
                check = found.setdefault(key, Check(name, len(self.checks) + len(found) + 1))
                check.seen.append(_seen(_machine(step), result))
        return found.values()

    def _drawing(self, topology: Item) -> Drawing:
        """Of a lab on one machine what is there; of several what was declared, with the machines as frames."""
        live = next(iter(self._there.values()), None) if not self.spread else None
        try:
            seen = picture.of(live or topology, self.nodes, self._spaces)
        except LabError as error:
            return Drawing("", "", f"The lab cannot be drawn: {error}", [])
        boxes = list(_boxes(seen))
        what = "What is there of the lab" if live else "The lab as it was declared"
        colours = ", ".join(picture.MEANINGS[mark] for mark in seen.marks)
        caption = f"{what}. In colour: {colours}." if colours else f"{what}."
        names = ", ".join(box.title for box in boxes[:12]) + (" and more" if len(boxes) > 12 else "")
        title = f"Diagram of the lab {self.name}: {names}. The table below has it in words."
        try:
            return Drawing(svg.drawn(dot.text(seen), title), "", caption, boxes)
        except LabError as error:
            return Drawing("", mermaid.text(seen), f"{caption} For Mermaid, since it was not drawn: {error}", boxes)


def html(told: Item) -> str:
    """The page. Raises LabError when what is told is no account of a run."""
    with understood("the account of a run"):
        return Report(told).html()


def _discreet(topology: Item) -> Item:
    """The topology without what may be secret in it."""
    return {
        kind: [_without_secrets(item) for item in items] if isinstance(items, (list, tuple)) else items
        for kind, items in topology.items()
    }


def _without_secrets(item: Any) -> Any:
    hidden = {name: HIDDEN for name in MAY_BE_SECRET if item.get(name)} if isinstance(item, Mapping) else {}
    return {**item, **hidden} if hidden else item


def passages(evidence: Iterable[str]) -> Iterator[Passage]:
    """Evidence with the packets of each capture by themselves: they are indented, below a line that says where."""
    lines = list(evidence)
    current = Passage("", [])
    for line, following in zip(lines, [*lines[1:], ""]):
        indented = line.startswith(_INDENT)
        if line.endswith(":") and not indented and following.startswith(_INDENT):
            yield from [current] if current.lines else []
            current = Passage(line[:-1], [])
        elif current.title and not indented:
            yield current
            current = Passage("", [line])
        else:
            current.lines.append(line.removeprefix(_INDENT) if current.title else line)
    yield from [current] if current.lines else []


def _seen(machine: str, result: Item) -> Seen:
    words = {name: str(result.get(name) or "") for name in ("what", "expected", "got", "cause")}
    lines = [str(line) for line in result.get("evidence") or ()]
    return Seen(machine=machine, ok=bool(result["ok"]), evidence=list(passages(lines)), **words)


def _homes(checks: Sequence[Any]) -> dict[str, str]:
    """Where each check is made, by its name. None, if they cannot be read: then none was made."""
    try:
        return {check.name: check.subject.home() for check in model.parse(checks)}
    except LabError:
        return {}


def _drift(lab: Item) -> Iterator[str]:
    """What another run would do, or why it would do nothing."""
    yield from (str(step["change"]) for step in lab.get("drift") or ())
    if lab.get("refusal"):
        yield f"a run would be refused: {lab['refusal']}"


def _captures(name: str, lab: Item) -> Iterator[dict[str, str]]:
    """The captures of a lab, with their files."""
    for each in lab["live"].get("capture") or ():
        known = {word: str(each.get(word) or "") for word in ("name", "netns", "dev", "filter")}
        spot = Spot(name, "capture", known["netns"], known["name"])
        yield {**known, "file": str(each.get("path") or capture.own_file(spot))}


def _is_built(built: Item) -> bool:
    """Whether that is what the topology's task returns when it has come to its end."""
    return "changes" in built and not built.get("failed")


def _is_refused(seen: Item) -> bool:
    """Whether checks could not be made there, or nobody knows whether they were: the machine is lost."""
    return bool(seen.get("failed") or seen.get("unreachable")) and not seen.get("results")


def _reason(result: Item) -> str:
    return str(result.get("msg") or "It was not made. What Ansible said says why.")


def _machine(step: Item) -> str:
    """The machine that made a step of the checks. Where there is but one, nobody says so."""
    return str((step.get("item") or {}).get("machine") or "")


def _boxes(seen: picture.Picture) -> Iterator[Box]:
    for box in seen.boxes:
        parts = [*box.switches.values(), *box.parts.values()]
        words = [f"{part.name}{': ' if part.lines else ''}{', '.join(part.lines)}" for part in parts]
        yield Box(box.title, box.machine, words, box.notes)


def _paragraphs(text: Any) -> list[str]:
    """Texts that an empty line is between."""
    return [part.strip() for part in str(text or "").split("\n\n") if part.strip()]
