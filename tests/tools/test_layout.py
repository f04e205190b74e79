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


def star(count: int) -> Items:
    names = [f"station{i}" for i in range(1, count)]
    cables = [{"name": "eth0", "netns": name, "peer": {"name": f"port-{name}", "netns": "sw"}} for name in names]
    overlay = [{"name": "vx", "netns": name, "id": 5, "dev": "eth0", "remote": "192.0.2.9"} for name in names[:2]]
    return {"netns": [{"name": name} for name in ["sw", *names]], "veth": cables, "vxlan": overlay}


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


def point(text: str) -> tuple[float, float]:
    x, y = text.split(",")
    return float(x), float(y)


def extents(found: Items) -> list[tuple[float, float, float, float]]:
    """The rectangles of boxes and of what is written at lines, in points."""
    boxes = [each for each in found["objects"] if "width" in each]
    labels = [each for each in found.get("edges", ()) if "lp" in each]
    rectangles = [(*point(each["pos"]), 72 * float(each["width"]), 72 * float(each["height"])) for each in boxes]
    # Of what is written at lines only the middle is told.
    rectangles += [(*point(each["lp"]), 6.0 * len(each["label"]), 10.0) for each in labels]
    return [(x - w / 2, x + w / 2, y - h / 2, y + h / 2) for x, y, w, h in rectangles]


MACHINES = {f"leaf{i}-host{j}": f"lab{i % 3}" for i in range(8) for j in range(6)} | {
    f"leaf{i}": f"lab{i % 3}" for i in range(8)
}


@pytest.mark.parametrize(
    ("items", "machines", "boxes"),
    [
        (chain(4), {}, 4),
        (chain(60), {}, 60),
        (star(4), {}, 4),
        (star(60), {}, 60),
        (fabric(8, 6), {}, 58),
        (fabric(8, 6), {"spine0": "lab0", "spine1": "lab1", **MACHINES}, 58),
    ],
)
def test_nothing_is_over_anything_else(items: Items, machines: dict[str, str], boxes: int) -> None:
    found = drawn(graph(items, machines))
    places = extents(found)
    assert len(places) >= boxes
    over = [
        (a, b)
        for a, b in itertools.combinations(places, 2)
        if a[0] < b[1] and b[0] < a[1] and a[2] < b[3] and b[2] < a[3]
    ]
    assert not over
    width, height = (float(each) for each in found["bb"].split(",")[2:])
    assert max(width, height) < 5000


@pytest.mark.parametrize(
    ("items", "machines", "turns"),
    [
        (chain(60), {}, 7),
        (chain(20), {f"router{i}": f"lab{i % 3}" for i in range(20)}, 2),
        (star(60), {}, 1),
        (fabric(8, 6), {"spine0": "lab0", "spine1": "lab1", **MACHINES}, 0),
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
        else:
            assert right < other_left
    assert level == turns


def test_the_spines_of_a_fabric_are_in_one_column() -> None:
    found = drawn(graph(fabric(8, 6)))
    first, second = (point(each["pos"])[0] for each in found["objects"] if "<B>spine" in each["label"])
    assert first == second
