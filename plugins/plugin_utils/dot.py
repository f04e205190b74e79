# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture in the language of Graphviz. Pure.

A box is a table: its name and what is said of it, and below that its interfaces. Those that lines come in at are on its
left, those that lines leave by on its right, so that the name and the addresses of each interface are at the end of its
line, and nothing is written over anything else. They are in the order of the boxes that their lines lead to, so that
the lines of one box do not cross.
"""

from __future__ import annotations

import html
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator

from .colours import ABSENT, FRAME, INK, MARKS
from .picture import CROSSING, LEFT, MEANINGS, RIGHT, Box, Link, Part, Picture
from .view import End

#: Lines about a namespace, and those about an interface, are broken after so many characters.
_WIDTH, _PART_WIDTH = 44, 28
#: So many lines leave a box in curves. Graphviz bundles the curves of more, and lets them cross in the bundle.
_CURVES = 3
#: The inches between two columns: with curves, and without, where there are so many for each line that leaves one box:
#: of few, up to so many inches, and of many.
_GAP, _FEW_GAP, _WIDE_GAP, _LINE_GAP = 0.5, 0.25, 2.0, 0.07
_PAPER, _GROUND, _PALE, _OVERLAY = "#ffffff", "#eef3f8", "#f7f9fb", "#7a3fb0"
_LINES = {
    "veth": f'color="{FRAME}"',
    CROSSING: f'color="{FRAME}" style=dashed',
    "vxlan": f'color="{_OVERLAY}" style=dashed',
    "macvlan": 'color="#1b7f5c" style=dotted',
}
_COMPASS = {LEFT: "w", RIGHT: "e"}
_FONT = 'fontname="Helvetica,Arial,sans-serif"'


def text(picture: Picture) -> str:
    """The whole graph, for C(dot)."""
    return "\n".join(_Graph(picture).lines()) + "\n"


class _Graph:
    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._boxes = {box.name: f"b{i}" for i, box in enumerate(picture.boxes)}
        parts = [(box.name, name) for box in picture.boxes for name in box.interfaces]
        self._parts = {key: f"p{i}" for i, key in enumerate(parts)}
        self._sides: dict[End, set[str]] = {key: set() for key in parts}
        self._far: dict[End, tuple[bool, int]] = {}  # whether its line is an overlay's, and the box at the other end
        places = {box.name: i for i, box in enumerate(box for boxes in picture.frames.values() for box in boxes)}
        for link in picture.links:
            for end, other, side in zip((link.tail, link.head), (link.head, link.tail), link.sides):
                self._sides.setdefault(end, set()).add(side)
                self._far.setdefault(end, (link.kind == "vxlan", places[other[0]]))

    def lines(self) -> Iterator[str]:
        """The graph, line by line."""
        yield "graph lab {"
        yield f'  graph [rankdir=LR newrank=true {self._room()} nodesep=0.3 bgcolor="{_PAPER}" {_FONT}]'
        yield f'  node [shape=plain {_FONT} fontsize=11 fontcolor="{INK}"]'
        yield f'  edge [{_FONT} fontsize=10 fontcolor="{INK}" penwidth=1.4]'
        yield from self._legend()
        yield from self._machines()
        for link in self._picture.links:
            yield from self._link(link)
        yield "}"

    def _room(self) -> str:
        """How far the columns are apart, and what their lines are like, by how many leave one box on one side."""
        ends = (zip((link.tail, link.head), link.sides) for link in self._picture.links)
        most = max(Counter((end[0], side) for pair in ends for end, side in pair).values(), default=0)
        if most <= _CURVES:
            return f"ranksep={_GAP}"
        gap = max(min(_WIDE_GAP, most * _FEW_GAP), most * _LINE_GAP)
        return f"ranksep={round(gap, 1)} splines=polyline"

    def _link(self, link: Link) -> Iterator[str]:
        colour = f'color="{ABSENT}" penwidth=2.2' if link.mark else _LINES[link.kind]
        # Within a column Graphviz leads a line with a label across others, and both ends say the same.
        label = f" label=<{_escape(link.label)}>" if link.label and not link.level else ""
        tail, head = (self._at(end, side) for end, side in zip((link.tail, link.head), link.sides))
        yield f"  {tail} -- {head} [{colour}{label}]"
        if link.level:
            yield f"  {{ rank=same {self._boxes[link.tail[0]]} {self._boxes[link.head[0]]} }}"

    def _legend(self) -> Iterator[str]:
        cells = [f'<TD BGCOLOR="{MARKS[mark]}">{mark}: {MEANINGS[mark]}</TD>' for mark in self._picture.marks]
        if cells:
            table = f'<TABLE BORDER="0" CELLSPACING="4" CELLPADDING="4"><TR>{"".join(cells)}</TR></TABLE>'
            yield f'  label=<<FONT POINT-SIZE="10">{table}</FONT>>'

    def _machines(self) -> Iterator[str]:
        """All boxes, those that are on a machine in its frame."""
        for i, (machine, boxes) in enumerate(self._picture.frames.items()):
            if machine:
                yield f"  subgraph cluster_{i} {{"
                yield f'    label=<<B>{_escape(machine)}</B>> color="{FRAME}" style="rounded,dashed"'
            yield from map(self._box, boxes)
            if machine:
                yield "  }"

    def _at(self, end: End, side: str) -> str:
        box = self._boxes[end[0]]
        return f"{box}:{self._parts[end]}:{_COMPASS[side]}" if end in self._parts else box

    def _box(self, box: Box) -> str:
        if box.shared:
            colour = f'color="{_OVERLAY}"'
            return f"  {self._boxes[box.name]} [shape=ellipse style=dashed {colour} label=<{_escape(box.title)}>]"
        colour = MARKS.get(box.mark, _GROUND)
        style = f'BORDER="1" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" COLOR="{FRAME}" BGCOLOR="{colour}"'
        rows = "".join(f"<TR>{row}</TR>" for row in self._rows(box))
        return f"  {self._boxes[box.name]} [label=<<TABLE {style}>{rows}</TABLE>>]"

    def _rows(self, box: Box) -> list[str]:
        """The rows of a box: its name, what is side by side, and interfaces whose lines are on both sides."""
        left, right, through, alone = (self._cells(box, sides) for sides in ({LEFT}, {RIGHT}, {LEFT, RIGHT}, set()))
        processes = [_switch(part) for part in box.switches.values() if part.process]
        columns = {"LEFT": left, "CENTER": [*processes, *alone], "RIGHT": right}
        beside = {place: cells for place, cells in columns.items() if cells}
        if len(beside) == 1:  # as wide as the box, so that lines end at its border
            return [_title(box), *(cell for cells in beside.values() for cell in cells), *through]
        wide = [cell.replace("<TD ", f'<TD COLSPAN="{len(beside) or 1}" ', 1) for cell in (_title(box), *through)]
        tables = "".join(f'<TD ALIGN="{place}">{_table(cells)}</TD>' for place, cells in beside.items())
        return [wide[0], *([tables] if tables else []), *wide[1:]]

    def _cells(self, box: Box, sides: set[str]) -> list[str]:
        """The interfaces of a box whose lines are on these sides, in the order of what is at the other ends."""
        found = [(box.name, name) for name in box.interfaces if self._sides[box.name, name] == sides]
        return [self._cell(box, key) for key in sorted(found, key=lambda key: self._far.get(key, ()))]

    def _cell(self, box: Box, key: End) -> str:
        part = box.interfaces[key[1]]
        if part is box.switches.get(part.name):  # an interface and a learning switch can have one name
            return _switch(part, self._parts[key])
        colour = MARKS.get(part.mark, _PAPER)
        return (
            f'<TD PORT="{self._parts[key]}" BORDER="1" CELLPADDING="6" COLOR="{FRAME}" BGCOLOR="{colour}">'
            f"{'<BR/>'.join(_said(part))}</TD>"
        )


def _table(cells: Iterable[str]) -> str:
    """The cells one below another; nothing if there are none."""
    rows = "".join(f"<TR>{cell}</TR>" for cell in cells)
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{rows}</TABLE>' if rows else ""


def _title(box: Box) -> str:
    """The cell with a box's name, and what is said of it."""
    notes = [f"<I>{_escape(line)}</I>" for note in box.notes for line in _wrapped(note, _WIDTH)]
    lines = [f'<FONT POINT-SIZE="13"><B>{_escape(box.title)}</B></FONT>', *_word(box.mark), *notes]
    return f'<TD CELLPADDING="6">{"<BR/>".join(lines)}</TD>'


def _switch(switch: Part, port: str = "") -> str:
    colour = MARKS.get(switch.mark, _PALE)
    place = f'PORT="{port}" ' if port else ""
    style = f'{place}STYLE="ROUNDED" CELLPADDING="6" COLOR="{FRAME}" BGCOLOR="{colour}"'
    return f'<TD BORDER="1" {style}>{"<BR/>".join(_said(switch))}</TD>'


def _said(part: Part) -> list[str]:
    """An interface's name, and the lines about it."""
    lines = [_escape(each) for line in part.lines for each in _wrapped(line, _PART_WIDTH)]
    place = [f"<I>port of {_escape(part.switch)}</I>"] if part.switch else []
    return [f"<B>{_escape(part.name)}</B>", *lines, *_word(part.mark), *place]


def _word(mark: str) -> list[str]:
    """What says a colour in a word."""
    return [f"<B>{mark}</B>"] if mark else []


def _wrapped(line: str, width: int) -> list[str]:
    return textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)


def _escape(value: str) -> str:
    """As text in a label that is like HTML; what cannot be shown is a question mark."""
    return html.escape("".join(each if each.isprintable() else "?" for each in value))
