# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture as a flowchart of Mermaid, which GitHub and others draw where it stands in Markdown. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from .colours import ABSENT, FRAME, INK, MARKS
from .picture import CHANGED, CROSSING, FAILED, MISSING, RIGHT, Box, Link, Part, Picture
from .view import End

_LINES = {"veth": "---", CROSSING: "-.-", "vxlan": "-.-", "macvlan": "-.-"}
_STYLES = {
    CHANGED: f"fill:{MARKS[CHANGED]},stroke:{FRAME},color:{INK}",
    MISSING: f"fill:{MARKS[MISSING]},stroke:{ABSENT},color:{INK},stroke-dasharray:4",
    FAILED: f"fill:{MARKS[FAILED]},stroke:{FRAME},color:{INK}",
    "note": "fill:none,stroke:none",
}
#: Everything else is written as its number.
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .:/-_,=")


def text(picture: Picture) -> str:
    """The whole chart."""
    return "\n".join(_Chart(picture).lines()) + "\n"


class _Chart:
    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._names: dict[End, str] = {}
        for i, box in enumerate(picture.boxes):
            self._names[box.name, ""] = f"b{i}"
            # An interface and a learning switch can have one name.
            self._names.update({(box.name, name): f"b{i}s{j}" for j, name in enumerate(box.switches)})
            self._names.update({(box.name, name): f"b{i}p{j}" for j, name in enumerate(box.parts)})
        self._marks: dict[str, list[str]] = {mark: [] for mark in _STYLES}
        ends = [(end, side) for link in picture.links for end, side in zip((link.tail, link.head), link.sides)]
        self._left_by = {end for end, side in ends if side == RIGHT}

    def lines(self) -> Iterator[str]:
        """The chart, line by line."""
        yield "flowchart LR"
        for i, (machine, boxes) in enumerate(self._picture.frames.items()):
            if machine:
                yield f"  subgraph m{i}[{_label(machine)}]"
            for box in boxes:
                yield from self._box(box)
            if machine:
                yield "  end"
        yield from map(self._link, self._picture.links)
        for mark, names in self._marks.items():
            if names:
                yield f"  classDef {mark} {_STYLES[mark]}"
                yield f"  class {','.join(names)} {mark}"

    def _box(self, box: Box) -> Iterator[str]:
        name = self._names[box.name, ""]
        if box.shared:
            yield f"  {name}(({_label(box.title)}))"
            return
        # A title has room for one line.
        yield f"  subgraph {name}[{_label(' – '.join([box.title, *_word(box.mark)]))}]"
        if box.notes or not (box.parts or box.switches):
            yield f"    {self._marked(f'{name}n', 'note')}[{_label(*box.notes or [' '])}]"
        for each, part in box.parts.items():
            yield f"    {self._marked(self._names[box.name, each], part.mark)}[{_part(part)}]"
        for i, switch in enumerate(box.switches.values()):
            yield from self._switch(box, self._marked(f"{name}s{i}", switch.mark), switch)
        yield "  end"
        self._marked(name, box.mark)

    def _switch(self, box: Box, name: str, switch: Part) -> Iterator[str]:
        """A bridge or learning switch, and lines to its ports.

        Mermaid puts what a line begins at on the left. So do the ports that lines come in at stand there, and those
        that lines leave by on the right: otherwise these would be led back, through other boxes.
        """
        yield f"    {name}[[{_part(switch)}]]"
        for port in box.interfaces.values():
            if port.switch == switch.name:
                key = (box.name, port.name)
                ends = (name, self._names[key]) if key in self._left_by else (self._names[key], name)
                yield f"    {' --- '.join(ends)}"

    def _marked(self, name: str, mark: str) -> str:
        if mark:
            self._marks[mark].append(name)
        return name

    def _link(self, link: Link) -> str:
        label = f"|{_label(link.label)}|" if link.label else ""
        return f"  {self._names[link.tail]} {_LINES[link.kind]}{label} {self._names[link.head]}"


def _part(part: Part) -> str:
    return _label(part.name, *part.lines, *_word(part.mark))


def _word(mark: str) -> list[str]:
    """What says a colour in a word."""
    return [mark] if mark else []


def _label(*lines: str) -> str:
    """Lines as a label in quotes."""
    return f'"{"<br/>".join("".join(map(_written, line)) for line in lines)}"'


def _written(character: str) -> str:
    return character if character in _PLAIN else f"#{ord(character)};"
