# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Graphviz takes the pictures of labs, and nothing in them is over anything else, with sixty nodes as with four."""

from __future__ import annotations

import html
import itertools
import json
import re
import subprocess
import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.plugin_utils import dot, picture

Items = dict[str, t.Any]
Point = tuple[float, float]
#: Left and right, bottom and top, in points.
Extent = tuple[float, float, float, float]


def graph(given: Items, machines: t.Mapping[str, str] | None = None) -> str:
    """The picture as a text for Graphviz."""
    return dot.text(picture.of(given, machines))


def drawn(text: str) -> Items:
    """The picture as Graphviz lays it out. It fails, and warns, if the text is no graph or too narrow for a label."""
    done = subprocess.run(["dot", "-Tjson"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return t.cast("Items", json.loads(done.stdout))


ODD = ['a"b', "<x>&amp;", "a]b", "back\\slash", "end", "graph", "semi;colon", "ümlaut", "#35;", "a--b|c"]


def test_odd_names_are_shown_as_they_are() -> None:
    cables = [
        {"name": one, "netns": one, "peer": {"name": other, "netns": other}} for one, other in itertools.pairwise(ODD)
    ]
    live = {"netns": [{"name": name} for name in ODD], "veth": cables}
    text = graph({"live": live, "declared": {}, "others": {"links": [], "nat": []}, "drift": []})
    done = subprocess.run(["dot", "-Tsvg"], input=text, capture_output=True, text=True, check=True)
    shown = {html.unescape(each) for each in re.findall(r"<text[^>]*>(.*?)</text>", done.stdout)}
    assert {each.replace("\u00a0", " ") for each in shown} == {*ODD}


def chain(count: int) -> Items:
    names = [f"router{i}" for i in range(count)]
    return {
        "netns": [{"name": name} for name in names],
        "veth": [
            {
                "name": f"{one}-r",
                "netns": one,
                "addresses": [f"10.0.{i}.1/24"],
                "peer": {"name": f"{other}-l", "netns": other},
            }
            for i, (one, other) in enumerate(itertools.pairwise(names))
        ],
    }


def leaved(count: int) -> Items:
    """A chain of routers, each with a station."""
    found = chain(count)
    stations = [f"station{i}" for i in range(count)]
    cables = [
        {"name": "eth0", "netns": name, "addresses": [f"10.1.{i}.1/24"], "peer": {"name": "lan", "netns": f"router{i}"}}
        for i, name in enumerate(stations)
    ]
    return {"netns": [*found["netns"], *({"name": name} for name in stations)], "veth": [*found["veth"], *cables]}


def star(count: int, overlay: int = 2) -> Items:
    """A switch and its stations, some of which are in a VXLAN."""
    names = [f"station{i}" for i in range(1, count)]
    cables = [{"name": "eth0", "netns": name, "peer": {"name": f"port-{name}", "netns": "sw"}} for name in names]
    vxlan = {"name": "vx", "id": 5, "dev": "eth0", "remote": "192.0.2.9"}
    overlays = [{**vxlan, "netns": name} for name in names[:overlay]]
    return {"netns": [{"name": name} for name in ["sw", *names]], "veth": cables, "vxlan": overlays}


def fabric(leaves: int, hosts: int) -> Items:
    names = [f"leaf{i}" for i in range(leaves)]
    ends = [f"{leaf}-host{i}" for leaf in names for i in range(hosts)]
    return {
        "netns": [{"name": name} for name in ["spine0", "spine1", *names, *ends]],
        "veth": [
            {"name": f"s-{leaf}", "netns": spine, "peer": {"name": f"l-{spine}", "netns": leaf}}
            for spine in ("spine0", "spine1")
            for leaf in names
        ]
        + [{"name": "eth0", "netns": end, "peer": {"name": end[6:], "netns": end[:5]}} for end in ends],
    }


def point(text: str) -> Point:
    x, y = text.split(",")
    return float(x), float(y)


def overlap(a: Extent, b: Extent) -> bool:
    return a[0] < b[1] and b[0] < a[1] and a[2] < b[3] and b[2] < a[3]


def frames(found: Items) -> dict[str, Extent]:
    """The rectangles of the machines, by the names that the graph has for them."""
    boxes = {each["name"]: [float(edge) for edge in each["bb"].split(",")] for each in found["objects"] if "bb" in each}
    return {name: (box[0], box[2], box[1], box[3]) for name, box in boxes.items()}


def extents(found: Items) -> list[Extent]:
    """The rectangles of boxes and of what is written at lines, in points."""
    boxes = [each for each in found["objects"] if "width" in each]
    labels = [each for each in found.get("edges", ()) if "lp" in each]
    rectangles = [(*point(each["pos"]), 72 * float(each["width"]), 72 * float(each["height"])) for each in boxes]
    # Of what is written at lines only the middle is told.
    rectangles += [(*point(each["lp"]), 6.0 * len(each["label"]), 10.0) for each in labels]
    return [(x - w / 2, x + w / 2, y - h / 2, y + h / 2) for x, y, w, h in rectangles]


MACHINES = {"spine0": "lab0", "spine1": "lab1"} | {
    name: f"lab{i % 3}" for i in range(8) for name in (f"leaf{i}", *(f"leaf{i}-host{j}" for j in range(6)))
}
#: The stations of a star by turns on three machines, so that what is on one is not together in the topology.
AROUND = {"sw": "lab0"} | {f"station{i}": f"lab{i % 3}" for i in range(60)}


@pytest.mark.parametrize(
    ("items", "machines", "boxes"),
    [
        (chain(4), {}, 4),
        (chain(60), {}, 60),
        (leaved(12), {}, 24),
        (star(4), {}, 4),
        (star(60), {}, 60),
        (fabric(8, 6), {}, 58),
        (fabric(8, 6), MACHINES, 58),
        (star(60), AROUND, 60),
    ],
)
def test_nothing_is_over_anything_else(items: Items, machines: dict[str, str], boxes: int) -> None:
    found = drawn(graph(items, machines))
    places = extents(found)
    assert len(places) >= boxes
    assert not [pair for pair in itertools.combinations(places, 2) if overlap(*pair)]
    assert not [pair for pair in itertools.combinations(frames(found).values(), 2) if overlap(*pair)]
    width, height = (float(each) for each in found["bb"].split(",")[2:])
    assert max(width, height) < 5000


@pytest.mark.parametrize("items", [chain(4), chain(60), leaved(12), star(4), star(60), fabric(2, 6)])
def test_it_can_be_read_where_it_is_as_wide_as_a_page(items: Items) -> None:
    width = float(drawn(graph(items))["bb"].split(",")[2]) * 96 / 72
    assert 11 * 96 / 72 * min(1, 960 / width) >= 10


@pytest.mark.parametrize(
    ("items", "machines", "turns"),
    [
        (chain(60), {}, 11),
        (chain(20), {f"router{i}": f"lab{i % 3}" for i in range(20)}, 3),
        (star(60), {}, 1),
        (star(60), AROUND, 1),
        (fabric(8, 6), MACHINES, 0),
    ],
)
def test_lines_go_to_the_right_or_to_the_same_column(items: Items, machines: dict[str, str], turns: int) -> None:
    """So that none is over the box that it comes from, and C(turns) of them where a row ends, or between equals."""
    found = drawn(graph(items, machines))
    sides = {
        each["_gvid"]: (
            point(each["pos"])[0] - 36 * float(each["width"]),
            point(each["pos"])[0] + 36 * float(each["width"]),
        )
        for each in found["objects"]
        if "width" in each
    }
    level = 0
    for edge in found["edges"]:
        (left, right), (other_left, other_right) = sides[edge["tail"]], sides[edge["head"]]
        if edge["tailport"][-1] == edge["headport"][-1]:
            level += 1
            assert left < other_right
            assert other_left < right
            beside = [x for x, _y in curve(edge)]
            assert min(beside) >= min(right, other_right) - 1 or max(beside) <= max(left, other_left) + 1
        else:
            assert right < other_left
    assert level == turns


def curve(edge: Items) -> list[Point]:
    """Points along a line, which is made of cubic Bezier curves."""
    first, *others = (point(each) for each in edge["pos"].split())
    found = [first]
    for one, two, last in zip(*[iter(others)] * 3):
        weights = [((1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3) for t in (i / 8 for i in range(1, 9))]
        corners = (found[-1], one, two, last)
        found += [(total(four, [x for x, _y in corners]), total(four, [y for _x, y in corners])) for four in weights]
    return found


def total(weights: t.Iterable[float], values: t.Iterable[float]) -> float:
    return sum(weight * value for weight, value in zip(weights, values))


def crossed(one: list[Point], other: list[Point]) -> bool:
    """Whether a stretch of the one has the ends of a stretch of the other on its two sides, and the other way round."""
    return any(
        turn(a, b, c) * turn(a, b, d) < 0 and turn(c, d, a) * turn(c, d, b) < 0
        for a, b in itertools.pairwise(one)
        for c, d in itertools.pairwise(other)
        if overlap(around(a, b), around(c, d))
    )


def turn(a: Point, b: Point, c: Point) -> float:
    """Whether one turns left (more than 0) or right at C(b) on the way from C(a) to C(c)."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def around(a: Point, b: Point) -> Extent:
    return min(a[0], b[0]), max(a[0], b[0]), min(a[1], b[1]), max(a[1], b[1])


@pytest.mark.parametrize(
    ("items", "machines"),
    [
        (star(5), {}),
        (star(5), AROUND),
        (star(60), {}),
        (star(60), AROUND),
        (fabric(8, 6), {}),
        (fabric(8, 6), MACHINES),
    ],
)
def test_the_lines_of_one_box_do_not_cross(items: Items, machines: dict[str, str]) -> None:
    found = drawn(graph(items, machines))
    lines = [(edge["tail"], curve(edge)) for edge in found["edges"]]
    pairs = [pair for pair in itertools.combinations(lines, 2) if pair[0][0] == pair[1][0]]
    assert len(pairs) >= 6
    assert not [pair for pair in pairs if crossed(pair[0][1], pair[1][1])]
    onward = [(edge["tail"], curve(edge)) for edge in found["edges"] if edge["tailport"][-1] != edge["headport"][-1]]
    for box in {tail for tail, _line in onward}:
        widths = [line[-1][0] - line[0][0] for tail, line in onward if tail == box]
        assert min(widths) > 3 * len(widths), "they cannot be told from each other"


def test_an_overlay_of_two_ends_is_beside_the_cables_between_them() -> None:
    overlay = {"name": "vx", "id": 5, "remote": "192.0.2.9"}
    found = drawn(graph({**chain(3), "vxlan": [{**overlay, "netns": name} for name in ("router0", "router2")]}))
    lines = [curve(edge) for edge in found["edges"]]
    assert len(lines) == 3
    assert not [pair for pair in itertools.combinations(lines, 2) if crossed(*pair)]


@pytest.mark.parametrize("overlay", [1, 3, 9])
def test_an_overlay_of_many_ends_is_behind_them(overlay: int) -> None:
    """So that its lines are over no cables."""
    found = drawn(graph(star(12, overlay)))
    lines = [curve(edge) for edge in found["edges"]]
    assert len(lines) == 11 + overlay
    assert not [pair for pair in itertools.combinations(lines, 2) if crossed(*pair)]
    (shared,) = (each for each in found["objects"] if each.get("shape") == "ellipse")
    stations = [point(each["pos"])[0] for each in found["objects"] if "<B>vx</B>" in each.get("label", "")]
    assert point(shared["pos"])[0] > max(stations)


def test_the_spines_of_a_fabric_are_in_one_column() -> None:
    found = drawn(graph(fabric(8, 6)))
    first, second = (point(each["pos"])[0] for each in found["objects"] if "<B>spine" in each["label"])
    assert first == second
