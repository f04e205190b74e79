# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in a lab is in its pictures. How Graphviz lays them out see tests/tools/test_layout.py."""

from __future__ import annotations

import html
import itertools
import json
import os
import re
import subprocess
import sys
import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.tcpip.lab.plugins.filter import dot as dot_filter
from ansible_collections.tcpip.lab.plugins.filter import mermaid as mermaid_filter
from ansible_collections.tcpip.lab.plugins.filter.dot import dot
from ansible_collections.tcpip.lab.plugins.filter.mermaid import mermaid

Items = dict[str, t.Any]
End = tuple[str, str]

#: Something of every kind.
LAB: Items = {
    "name": "all",
    "netns": [{"name": name} for name in ("client", "sw", "router", "far", "third")]
    + [{"name": "me", "loopback": True}],
    "sysctl": [{"netns": "router", "name": "net.ipv4.ip_forward", "value": 1}],
    "veth": [
        {"name": "c0", "netns": "client", "addresses": ["192.0.2.1/24"], "peer": {"name": "p0", "netns": "sw"}},
        {"name": "p1", "netns": "sw", "peer": {"name": "r0", "netns": "router", "addresses": ["192.0.2.254/24"]}},
        {"name": "r1", "netns": "router", "mtu": 1400, "peer": {"name": "f0", "netns": "far", "up": False}},
        {"name": "t0", "netns": "third", "peer": {"name": "up0", "addresses": ["198.51.100.1/24", "fe80::1/64"]}},
        {"name": "l0", "netns": "me", "peer": {"name": "l1", "netns": "me"}},
    ],
    "vxlan": [
        {
            "name": "vx0",
            "netns": "client",
            "id": 100,
            "remote": "203.0.113.1",
            "dev": "c0",
            "addresses": ["10.0.0.1/8"],
        },
        {"name": "vx0", "netns": "far", "id": 100, "remote": "192.0.2.1", "dev": "f0", "addresses": ["10.0.0.2/8"]},
        {"name": "vx1", "netns": "far", "id": 7, "group": "239.1.1.1", "dev": "f0"},
    ],
    "macvlan": [{"name": "mv0", "netns": "third", "parent": "r1", "parent_netns": "router"}],
    "bridge_vlan": [
        {
            "name": "br0",
            "netns": "sw",
            "vlan_filtering": True,
            "ports": [
                {"name": "p0", "vlans": [{"vid": 10, "pvid": True, "untagged": True}]},
                {"name": "p1", "vlans": [{"vid": 99, "untagged": True}, {"vid": 10}, {"vid": 20}]},
            ],
        },
        {"name": "br1", "netns": "sw"},
    ],
    "vswitch": [{"name": "ls", "netns": "me", "ports": ["l0", "l1"]}],
    "route": [
        {"netns": "client", "dst": "default", "via": "192.0.2.254"},
        {"netns": "client", "dst": "10.9.0.0/16", "via": "192.0.2.254"},
    ],
    "iptables_nat": [
        {"netns": "router", "rules": [{"jump": "MASQUERADE", "source": "192.0.2.0/24", "out_interface": "r1"}]}
    ],
    "dnsmasq_dhcp": [
        {"netns": "router", "interfaces": ["r0"], "ranges": [{"start": "192.0.2.10", "end": "192.0.2.20"}]}
    ],
    "dhcp_client": [{"netns": "client", "dev": "c0"}],
    "process": [{"netns": "far", "name": "web", "command": ["sleep", "9"]}],
}
#: The lines of the picture; an interface that is not there is the box as a whole.
LINKS = [
    ({("client", "c0"), ("sw", "p0")}, ""),
    ({("sw", "p1"), ("router", "r0")}, ""),
    ({("router", "r1"), ("far", "f0")}, ""),
    ({("third", "t0"), ("the machine itself", "up0")}, ""),
    ({("client", "vx0"), ("far", "vx0")}, "VNI 100"),
    ({("far", "vx1"), ("VNI 7", "")}, ""),
    ({("router", "r1"), ("third", "mv0")}, ""),
]
#: What is said of each box besides its name, and of each interface and switch in it.
SAID = {
    "client": ["default via 192.0.2.254"],
    "router": ["forwards IPv4", "MASQUERADE 192.0.2.0/24 out r1", "DHCP: 192.0.2.10 to 192.0.2.20"],
    "far": ["process web"],
    "me": ["lo up"],
    ("client", "c0"): ["192.0.2.1/24", "DHCP client"],
    ("client", "vx0"): ["VNI 100 over c0", "10.0.0.1/8"],
    ("sw", "br0"): ["bridge"],
    ("sw", "br1"): ["bridge"],
    ("sw", "p0"): ["VLAN 10"],
    ("sw", "p1"): ["VLAN 99", "tagged VLAN 10, 20"],
    ("router", "r0"): ["192.0.2.254/24"],
    ("router", "r1"): ["MTU 1400"],
    ("far", "f0"): ["down"],
    ("far", "vx0"): ["VNI 100 over f0", "10.0.0.2/8"],
    ("far", "vx1"): ["VNI 7 over f0"],
    ("third", "t0"): [],
    ("third", "mv0"): ["macvlan on r1"],
    ("the machine itself", "up0"): ["198.51.100.1/24"],
    ("me", "l0"): ["cable to l1"],
    ("me", "l1"): ["cable to l0"],
    ("me", "ls"): ["learning switch"],
}
PORTS = {("sw", "p0"): "br0", ("sw", "p1"): "br0", ("me", "l0"): "ls", ("me", "l1"): "ls"}


class Read(t.NamedTuple):
    """A picture as its text says it."""

    boxes: list[str]
    said: dict[t.Any, list[str]]
    links: list[tuple[set[End], str]]
    ports: dict[End, str]


class Context(t.NamedTuple):
    """That in which a filter is called, as far as it is looked at."""

    resolve: t.Any


def picture(kind: t.Callable[..., str], *given: t.Any, **named: t.Any) -> str:
    """What the filter gives, called as Ansible calls it."""
    (found,) = {"dot": dot_filter, "mermaid": mermaid_filter}[kind.__name__].FilterModule().filters().values()
    return str(found(Context(lambda _name: "omitted"), *given, **named))


def read_dot(text: str) -> Read:
    """By what is written in the cells, and which of them each line ends at."""
    ids: dict[str, End] = {}
    read = Read([], {}, [], {})
    for name, label in re.findall(r"^ *(b\d+) \[.*?label=<(.*)>\]$", text, re.MULTILINE):
        cells = [
            (re.search(r'PORT="(\w+)"', head), lines(body))
            for head, body in re.findall(r"<TD ([^>]*)>((?:(?!<T).)*)</TD>", label)
        ]
        title = next((body for port, body in cells if not port), lines(label))
        box = title[0]
        read.boxes.append(box)
        ids[name] = (box, "")
        read.said[box] = [" ".join(title[1:])]
        for port, body in cells:
            if body is not title and body:
                read.said[box, body[0]] = [line for line in body[1:] if not line.startswith("port of ")]
                ids |= {f"{name}:{port[1]}": (box, body[0])} if port else {}
            for line in body:
                if line.startswith("port of "):
                    read.ports[box, body[0]] = line[8:]
    for tail, head, style in re.findall(r"^  (b[\w:]+) -- (b[\w:]+) \[(.*)\]$", text, re.MULTILINE):
        label = re.search(r"label=<(.*?)>", style)
        ends = {ids[re.sub(":[ew]$", "", end)] for end in (tail, head)}
        read.links.append((ends, html.unescape(label[1]) if label else ""))
    return read


def lines(label: str) -> list[str]:
    """The lines of a cell as they are seen."""
    return [html.unescape(re.sub("<[^>]*>", "", line)) for line in label.split("<BR/>") if line]


def read_mermaid(text: str) -> Read:
    """By the subgraphs and what is in them."""
    read = Read([], {}, [], {})
    ids: dict[str, End] = {}
    stack: list[str] = []
    for line in map(str.strip, text.splitlines()[1:]):
        if opened := re.match(r'subgraph (\w+)\["(.*)"\]', line):
            stack.append(plain(opened[2])[0])
            if opened[1].startswith("b"):
                read.boxes.append(stack[-1])
                read.said[stack[-1]] = []
        elif line == "end":
            stack.pop()
        elif link := re.match(r'(\w+) (?:---|-\.-)(?:\|"(.*)"\|)? (\w+)$', line):
            # a switch may be before or behind its port
            ends = [ids[each] for each in sorted((link[1], link[3]), key=lambda each: "s" in each)]
            if ends[0][0] == ends[1][0]:
                read.ports[ends[0]] = ends[1][1]
            else:
                read.links.append(({*ends}, plain(link[2])[0] if link[2] else ""))
        elif node := re.match(r'(\w+)([\[(]+)"(.*)"', line):
            name, *more = plain(node[3])
            if node[2] == "((":
                ids[node[1]] = (name, "")
                read.boxes.append(name)
            elif node[1].endswith("n"):
                read.said[stack[-1]] = [name, *more]
            else:
                ids[node[1]] = (stack[-1], name)
                read.said[stack[-1], name] = more
    return read


def plain(label: str) -> list[str]:
    """The lines of a label as they are seen."""
    return [re.sub(r"#(\d+);", lambda found: chr(int(found[1])), line) for line in label.split("<br/>")]


READERS = [pytest.param(dot, read_dot, id="dot"), pytest.param(mermaid, read_mermaid, id="mermaid")]
TITLES = ["client", "sw", "router", "far", "third", "me", "the machine itself", "VNI 7"]


@pytest.mark.parametrize(("kind", "read"), READERS)
def test_all_of_a_lab_is_in_its_picture(kind: t.Any, read: t.Callable[[str], Read]) -> None:
    found = read(picture(kind, LAB))
    assert sorted(found.boxes) == sorted(TITLES)
    for name, said in SAID.items():
        assert " ".join(found.said[name]) == " ".join(said), name
    assert found.said.keys() - SAID.keys() <= {*TITLES}
    assert all(link in found.links for link in LINKS), found.links
    assert len(found.links) == len(LINKS)
    assert found.ports == PORTS


@pytest.mark.parametrize(("kind", "read"), READERS)
def test_what_is_omitted_is_not_there(kind: t.Any, read: t.Callable[[str], Read]) -> None:
    found = read(picture(kind, {"netns": [{"name": "a", "loopback": "omitted"}, "omitted"]}))
    assert found.boxes == ["a"]


SHARE: Items = {"others": {"links": [], "nat": []}, "drift": [], "declared": {}}


@pytest.mark.parametrize(("kind", "read"), READERS)
def test_values_are_understood_however_they_are_written(kind: t.Any, read: t.Callable[[str], Read]) -> None:
    far = {"name": "b0", "netns": "b", "mtu": "1400"}
    lab = {
        "netns": [{"name": 1, "loopback": "no"}, {"name": "b", "loopback": "yes"}],
        "veth": [{"name": 10, "netns": 1, "mtu": "1500", "up": "no", "peer": far}],
        "macvlan": [{"name": "mv0", "netns": "b", "parent": "b0", "parent_netns": None}],
    }
    found = read(picture(kind, lab))
    assert found.boxes == ["1", "b"]
    assert [" ".join(found.said[name]) for name in found.boxes] == ["", "lo up"]
    assert (found.said["1", "10"], found.said["b", "b0"]) == (["down"], ["MTU 1400"])
    assert found.links == [({("1", "10"), ("b", "b0")}, "")]


@pytest.mark.parametrize(("kind", "read"), READERS)
def test_what_was_declared_by_a_number_is_what_is_there(kind: t.Any, read: t.Callable[[str], Read]) -> None:
    declared = {"netns": [{"name": 1}], "veth": [{"name": 10, "netns": 1, "peer": {"name": 11, "netns": 1}}]}
    live = {"netns": [{"name": "1"}], "veth": [{"name": "10", "netns": "1", "peer": {"name": "11", "netns": "1"}}]}
    found = read(picture(kind, {**SHARE, "declared": declared, "live": live}))
    assert found.boxes == ["1"]
    assert {key: said for key, said in found.said.items() if key != "1"} == {
        ("1", "10"): ["cable to 11"],
        ("1", "11"): ["cable to 10"],
    }


@pytest.mark.parametrize(("kind", "read"), READERS)
def test_a_macvlan_whose_parent_is_not_known_has_no_line(kind: t.Any, read: t.Callable[[str], Read]) -> None:
    """So it is told of by lab_info if its parent is in a namespace that was not looked into."""
    live = {"netns": [{"name": "a"}], "macvlan": [{"name": "mv0", "netns": "a", "mode": "bridge"}]}
    found = read(picture(kind, {**SHARE, "live": live}))
    assert (found.boxes, found.said["a", "mv0"], found.links) == (["a"], ["macvlan"], [])


#: Two cables that do not meet.
CABLES: Items = {
    "netns": [{"name": name} for name in "abcd"],
    "veth": [
        {"name": "a0", "netns": "a", "peer": {"name": "b0", "netns": "b"}},
        {"name": "c0", "netns": "c", "peer": {"name": "d0", "netns": "d"}},
    ],
}


@pytest.mark.parametrize(("kind", "read"), READERS)
def test_a_bridge_that_is_named_elsewhere_is_one_box(kind: t.Any, read: t.Callable[[str], Read]) -> None:
    lab = {
        **CABLES,
        "bridge_vlan": [{"name": "br0", "netns": "a", "ports": [{"name": "a0"}]}],
        "macvlan": [{"name": "mv0", "netns": "c", "parent": "br0", "parent_netns": "a"}],
        "dhcp_client": [{"netns": "a", "dev": "br0"}],
    }
    text = picture(kind, lab)
    found = read(text)
    assert found.said["a", "br0"] == ["bridge", "DHCP client"]
    assert ({("a", "br0"), ("c", "mv0")}, "") in found.links
    assert found.ports == {("a", "a0"): "br0"}
    assert len(re.findall(r'[>"]br0\b', text)) == 1


@pytest.mark.parametrize(("kind", "read"), READERS)
def test_a_bridge_can_be_a_port_of_a_learning_switch(kind: t.Any, read: t.Callable[[str], Read]) -> None:
    switches = {"vswitch": [{"name": "ls", "netns": "a", "ports": ["br0"]}]}
    found = read(picture(kind, {**CABLES, **switches, "bridge_vlan": [{"name": "br0", "netns": "a"}]}))
    assert found.ports == {("a", "br0"): "ls"}
    assert found.said["a", "br0"] == ["bridge"]


@pytest.mark.parametrize(("kind", "read"), READERS)
def test_a_learning_switch_and_an_interface_of_one_name_are_two(kind: t.Any, read: t.Callable[[str], Read]) -> None:
    text = picture(kind, {**CABLES, "vswitch": [{"name": "a0", "netns": "a", "ports": ["a0"]}]})
    assert ({("a", "a0"), ("b", "b0")}, "") in read(text).links
    assert len(re.findall(r'[>"]a0\b', text)) == 2
    assert len(re.findall(r'STYLE="ROUNDED"|\[\[', text)) == 1


def overlay(netns: str, **more: t.Any) -> Items:
    """An end of an overlay in a namespace."""
    return {"name": "vx0", "netns": netns, "id": 5, **more}


def between(*spaces: str, name: str = "vx0") -> set[End]:
    """The ends of the line between two of them."""
    return {(space, name) for space in spaces}


UNDERLAY = {"name": "up0", "peer": {"name": "d1", "netns": "d"}}


@pytest.mark.parametrize(("kind", "read"), READERS)
@pytest.mark.parametrize(
    ("cables", "given", "lines"),
    [
        pytest.param([], [overlay(name) for name in "abcd"], [between("a", "b"), between("c", "d")], id="two islands"),
        pytest.param(
            [],
            [overlay(name, **more) for more in ({}, {"name": "vx1", "dstport": "8472"}) for name in "ab"],
            [between("a", "b"), between("a", "b", name="vx1")],
            id="two ports",
        ),
        pytest.param(
            [UNDERLAY], [overlay("a", underlay=""), overlay("c")], [between("a", "c")], id="over the machine itself"
        ),
    ],
)
def test_two_ends_of_an_overlay_reach_each_other_by_what_joins_their_underlays(
    kind: t.Any,
    read: t.Callable[[str], Read],
    cables: list[Items],
    given: list[Items],
    lines: list[set[End]],
) -> None:
    found = read(picture(kind, {**CABLES, "veth": [*CABLES["veth"], *cables], "vxlan": given}))
    assert [ends for ends, _label in found.links if all(name.startswith("vx") for _netns, name in ends)] == lines
    assert "VNI 5" not in found.boxes


@pytest.mark.parametrize(("kind", "read"), READERS)
def test_an_overlay_with_three_ends_is_a_box_that_they_share(kind: t.Any, read: t.Callable[[str], Read]) -> None:
    more = {"name": "b1", "netns": "b", "peer": {"name": "c1", "netns": "c"}}
    lab = {**CABLES, "veth": [CABLES["veth"][0], more], "vxlan": [overlay(name) for name in "abcd"]}
    found = read(picture(kind, lab))
    assert found.boxes.count("VNI 5") == 2  # to that of d there is no way
    lines = [ends for ends, _label in found.links if ("VNI 5", "") in ends]
    assert lines == [{(name, "vx0"), ("VNI 5", "")} for name in "abcd"]


ODD = ['a"b', "<x>&amp;", "a]b", "back\\slash", "end", "graph", "semi;colon", "`tick`", "ümlaut", "#35;", "a--b|c"]


@pytest.mark.parametrize(("kind", "read"), READERS)
def test_odd_names_are_shown_as_they_are(kind: t.Any, read: t.Callable[[str], Read]) -> None:
    cables = [
        {"name": one, "netns": one, "loss": one, "peer": {"name": other, "netns": other}}
        for one, other in itertools.pairwise(ODD)
    ]
    text = picture(kind, {**SHARE, "live": {"netns": [{"name": name} for name in ODD], "veth": cables}})
    found = read(text)
    assert found.boxes == ODD
    assert [found.said[one, one][-1] for one in ODD[:-1]] == [f"loss {one} %" for one in ODD[:-1]]
    assert found.links == [({(one, one), (other, other)}, "") for one, other in itertools.pairwise(ODD)]


def test_what_cannot_be_shown_is_a_question_mark() -> None:
    assert read_dot(picture(dot, {**SHARE, "live": {"netns": [{"name": "a\x07b"}]}})).boxes == ["a?b"]


PAIR: Items = {
    "netns": [{"name": "a"}, {"name": "b"}, {"name": "c"}],
    "veth": [
        {"name": "a0", "netns": "a", "mtu": 1400, "peer": {"name": "b0", "netns": "b"}},
        {"name": "b1", "netns": "b", "peer": {"name": "c0", "netns": "c"}},
    ],
}
LEFT: Items = {"netns": PAIR["netns"][:2], "veth": PAIR["veth"][:1]}
WHITE = "#ffffff"
ORANGE = "#ffd591"
BLUE = "#c3d3ff"
DRIFT = [
    {"change": "", "before": ["a: a0 mtu 1500"], "after": ["a: a0 mtu 1400"]},
    {"change": "", "before": [], "after": ["b: route default via 192.0.2.1"]},
    {"change": "", "before": [], "after": ["namespace c", "b: veth b1 peer c0 in c", "c: veth c0 peer b1 in b"]},
]


def test_what_is_not_as_it_was_declared_is_in_colour() -> None:
    tap = {"name": "tap0", "netns": "a", "kind": "tun"}
    share = {"declared": PAIR, "live": LEFT, "others": {"links": [tap], "nat": []}, "drift": DRIFT}
    text = picture(dot, share)
    parts = {name: colour for colour, name in re.findall(r'BGCOLOR="(#\w+)"><B>(\w+)</B>', text)}
    assert parts == {"tap0": WHITE, "b0": WHITE, "a0": ORANGE, "b1": BLUE, "c0": BLUE}
    boxes = {name: colour for colour, name in re.findall(r'BGCOLOR="(#\w+)"><TR>.*POINT-SIZE="13"><B>(\w+)<', text)}
    assert boxes == {"a": "#eef3f8", "b": ORANGE, "c": BLUE}
    assert ">changed: not as declared<" in text
    assert ">missing: declared, and not there<" in text
    assert [("#2f55d4" in line) for line in text.splitlines() if " -- " in line] == [False, True]
    chart = picture(mermaid, share)
    names = dict(re.findall(r'(b\dp\d)\["(\w+)', chart))
    marks = {
        mark: [names.get(each, each) for each in ids.split(",")]
        for ids, mark in re.findall(r"class (\S+) (\w+)", chart)
    }
    assert {mark: sorted(each) for mark, each in marks.items() if mark != "note"} == {
        "changed": ["a0", "b1"],
        "missing": ["b1", "b2", "c0"],
    }


@pytest.mark.parametrize(("kind", "read"), READERS)
def test_what_is_in_colour_is_told_by_a_word_too(kind: t.Any, read: t.Callable[[str], Read]) -> None:
    live = {**LEFT, "bridge_vlan": [{"name": "br0", "netns": "a"}]}
    drift = [*DRIFT, {"change": "", "before": ["a: br0 stp_state 1"], "after": ["a: br0 stp_state 0"]}]
    text = picture(
        kind, {"declared": PAIR, "live": live, "others": {"links": [], "nat": []}, "drift": drift}, None, ["a"]
    )
    titles = {
        dot: r'"13"><B>(\w+)</B></FONT>(?:<BR/><B>(\w+)</B>)?',
        mermaid: r'subgraph b\d\["(\w+)(?: #8211; (\w+))?"',
    }
    assert dict(re.findall(titles[kind], text)) == {"a": "failed", "b": "changed", "c": "missing"}
    said = read(text).said
    words = {
        name[1]: said[name][-1] for name in said if isinstance(name, tuple) and name[1] in ("a0", "br0", "b1", "c0")
    }
    assert words == {"a0": "changed", "br0": "changed", "b1": "missing", "c0": "missing"}


def test_mermaid_has_a_switch_between_the_ports_that_lines_come_in_at_and_those_that_they_leave_by() -> None:
    """What a line begins at it puts on the left: with all ports there, lines would be led back through other boxes."""
    cables = [("a", "p0"), ("b", "p1")]
    lab: Items = {
        "netns": [{"name": "a"}, {"name": "sw"}, {"name": "b"}],
        "bridge_vlan": [{"name": "br0", "netns": "sw", "ports": [{"name": "p0"}, {"name": "p1"}]}],
        "veth": [{"name": "eth0", "netns": node, "peer": {"name": port, "netns": "sw"}} for node, port in cables],
    }
    chart = picture(mermaid, lab)
    names = dict(re.findall(r'(b\d[ps]\d)\[+"(\w+)', chart))
    ways = [[names[each] for each in way] for way in re.findall(r"(b\d[ps]\d) --- (b\d[ps]\d)", chart)]
    assert sorted(ways) == [["br0", "p1"], ["eth0", "p0"], ["p0", "br0"], ["p1", "eth0"]]


def test_the_legend_is_no_larger_than_the_labels() -> None:
    text = picture(dot, PAIR, None, ["a"])
    assert re.findall(r'^  label=<<FONT POINT-SIZE="(\d+)">.*failed: a check failed here', text, re.MULTILINE) == ["10"]


def test_without_drift_there_is_no_colour() -> None:
    assert not re.search(
        "not as declared|changed|missing|ffd591|c3d3ff", picture(dot, {**SHARE, "live": PAIR, "declared": PAIR})
    )


#: What interfaces of every kind do to what they send: as it may be written, and as it is shown.
IMPAIRED: Items = {
    "netns": [{"name": "near"}, {"name": "far"}],
    "veth": [
        {
            "name": "near0",
            "netns": "near",
            "delay": 100,
            "jitter": "10",
            "rate": "1000kbit",
            "addresses": ["192.0.2.1/24"],
            "peer": {"name": "far0", "netns": "far", "delay": 0.5, "loss": 20.0},
        },
        {"name": "near1", "netns": "near", "delay": 0, "rate": 0, "peer": {"name": "far1", "netns": "far"}},
    ],
    "vxlan": [{"name": "vx0", "netns": "near", "id": 5, "remote": "192.0.2.2", "dev": "near0", "loss": "0.1"}],
    "macvlan": [{"name": "mv0", "netns": "far", "parent": "far0", "rate": 1500}],
    "bridge_vlan": [{"name": "br0", "netns": "far", "delay": 7, "loss": 1, "rate": "2GBIT"}],
}
SENT = {
    ("near", "near0"): ["192.0.2.1/24", "100 ms ±10, 1 mbit"],
    ("far", "far0"): ["0.5 ms, loss 20 %"],
    ("near", "near1"): [],
    ("far", "far1"): [],
    ("near", "vx0"): ["VNI 5 over near0", "loss 0.1 %"],
    ("far", "mv0"): ["macvlan on far0", "1496 bit"],
    ("far", "br0"): ["bridge", "7 ms, loss 1 %, 2 gbit"],
}


@pytest.mark.parametrize(("kind", "read"), READERS)
def test_what_is_done_to_what_an_interface_sends_stands_at_its_end(kind: t.Any, read: t.Callable[[str], Read]) -> None:
    found = read(picture(kind, IMPAIRED))
    assert {key: found.said[key] for key in SENT} == SENT


@pytest.mark.parametrize(("kind", "read"), READERS)
def test_of_what_is_there_the_impairments_are_those_that_are_there(kind: t.Any, read: t.Callable[[str], Read]) -> None:
    """What netem does not do any more is not told by lab_info. What it does may be more than can be declared."""
    (veth,) = PAIR["veth"][:1]
    cable = {**veth, "delay": 100, "rate": "1mbit", "peer": {**veth["peer"], "loss": 20}}
    live = {**LEFT, "veth": [{**veth, "delay": 5000000, "peer": veth["peer"]}]}
    drift = [
        {
            "change": "",
            "before": ["a: a0 netem delay 5000000ms"],
            "after": ["a: a0 netem delay 100ms rate 1mbit"],
        },
        {"change": "", "before": [], "after": ["b: b0 netem loss 20%"]},
    ]
    text = picture(kind, {**SHARE, "declared": {**LEFT, "veth": [cable]}, "live": live, "drift": drift})
    assert read(text).said["a", "a0"] == ["MTU 1400", "5000000 ms", "changed"]
    assert read(text).said["b", "b0"] == ["changed"]
    shown = {
        dot: re.findall(r'BGCOLOR="(#\w+)"><B>(\w+)</B>', text),
        mermaid: re.findall(r"class (\S+) (changed)", text),
    }
    assert shown[kind] == {dot: [(ORANGE, "a0"), (ORANGE, "b0")], mermaid: [("b0p0,b1p0", "changed")]}[kind]


def test_the_impairments_of_what_is_not_there_are_those_that_were_declared() -> None:
    (veth,) = PAIR["veth"][:1]
    declared = {**LEFT, "veth": [{**veth, "peer": {**veth["peer"], "loss": 20}}]}
    text = picture(dot, {**SHARE, "declared": declared, "live": {"netns": LEFT["netns"]}})
    assert read_dot(text).said["b", "b0"] == ["loss 20 %", "missing"]


@pytest.mark.parametrize(("kind", "read"), READERS)
def test_a_mac_address_is_shown_if_it_was_declared(kind: t.Any, read: t.Callable[[str], Read]) -> None:
    """Every interface has one. What is shown is the one that it has."""
    (veth,) = PAIR["veth"][:1]
    declared = {**LEFT, "veth": [{**veth, "mac": "02:00:00:00:00:01", "addresses": ["192.0.2.1/24"]}]}
    assert read(picture(kind, declared)).said["a", "a0"] == ["02:00:00:00:00:01", "192.0.2.1/24", "MTU 1400"]
    there = {**veth, "mac": "02:00:00:00:00:09", "peer": {**veth["peer"], "mac": "02:00:00:00:00:0a"}}
    found = read(picture(kind, {**SHARE, "declared": declared, "live": {**LEFT, "veth": [there]}}))
    assert found.said["a", "a0"] == ["02:00:00:00:00:09", "192.0.2.1/24", "MTU 1400"]
    assert found.said["b", "b0"] == []


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        (
            {"jump": "DNAT", "destination": "203.0.113.254", "protocol": "tcp", "destination_port": "54321"}
            | {"to_destination": "192.0.2.1"},
            "DNAT 203.0.113.254:54321/tcp → 192.0.2.1",
        ),
        ({"jump": "MASQUERADE", "source": "192.0.2.0/24", "out_interface": "a0"}, "MASQUERADE 192.0.2.0/24 out a0"),
        ({"jump": "MASQUERADE", "destination": "192.0.2.0/24"}, "MASQUERADE to 192.0.2.0/24"),
        (
            {"jump": "MASQUERADE", "protocol": "udp", "source_port": "53", "to_ports": "1024-2047"},
            "MASQUERADE source port 53 udp → port 1024-2047",
        ),
        (
            {"jump": "SNAT", "source": "!192.0.2.0/24", "protocol": "icmp", "to_source": "203.0.113.1"},
            "SNAT !192.0.2.0/24 icmp → 203.0.113.1",
        ),
        (
            {"jump": "REDIRECT", "in_interface": "a0", "protocol": "tcp", "destination_port": "80", "to_ports": "8080"},
            "REDIRECT port 80/tcp in a0 → port 8080",
        ),
        (
            {"jump": "DNAT", "source": "2001:db8:1::/48", "destination": "2001:db8::1", "protocol": "tcp"}
            | {"destination_port": "80", "to_destination": "[2001:db8::2]:8080"},
            "DNAT from 2001:db8:1::/48 [2001:db8::1]:80/tcp → [2001:db8::2]:8080",
        ),
        (
            {"jump": "SNAT", "source": "192.0.2.1/32,198.51.100.0/24", "to_source": "203.0.113.1"},
            "SNAT 192.0.2.1,198.51.100.0/24 → 203.0.113.1",
        ),
        ({"jump": "SNAT", "source": "2001:db8::/32", "to_source": "2001:db8::1"}, "SNAT 2001:db8::/32 → 2001:db8::1"),
    ],
)
@pytest.mark.parametrize(("kind", "read"), READERS)
def test_each_rule_of_address_translation_is_a_line(
    kind: t.Any, read: t.Callable[[str], Read], rule: Items, line: str
) -> None:
    nat = [{"netns": "a", "rules": [rule, {"jump": "MASQUERADE"}]}]
    assert " ".join(read(picture(kind, {**PAIR, "iptables_nat": nat})).said["a"]) == f"{line} MASQUERADE"


@pytest.mark.parametrize(
    ("route", "note"),
    [
        ({"dst": "default", "via": "192.0.2.254", "dev": "a0"}, "default via 192.0.2.254"),
        ({"dst": "0.0.0.0/0", "via": "192.0.2.254"}, "default via 192.0.2.254"),
        ({"dst": "::/0", "via": "2001:db8::1"}, "default via 2001:db8::1"),
        ({"dst": "default", "dev": "a0"}, "default dev a0"),
        ({"dst": "default", "via": "192.0.2.254", "table": "100"}, "default via 192.0.2.254 in table 100"),
        ({"dst": "default", "type": "blackhole"}, "default blackhole"),
        ({"dst": "198.51.100.0/24", "via": "192.0.2.254"}, ""),
    ],
)
@pytest.mark.parametrize(("kind", "read"), READERS)
def test_each_default_route_is_a_line(kind: t.Any, read: t.Callable[[str], Read], route: Items, note: str) -> None:
    found = read(picture(kind, {**PAIR, "route": [{"netns": "a", **route}]}))
    assert " ".join(found.said["a"]) == note


@pytest.mark.parametrize("setting", ["net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding", "net/ipv4/ip_forward"])
@pytest.mark.parametrize(("kind", "read"), READERS)
def test_who_forwards_is_said(kind: t.Any, read: t.Callable[[str], Read], setting: str) -> None:
    found = read(picture(kind, {**PAIR, "sysctl": [{"netns": "a", "name": setting, "value": "1"}]}))
    assert " ".join(found.said["a"]) == "forwards IPv4"


def test_two_rules_are_not_in_one_line() -> None:
    rules = [{"jump": "MASQUERADE", "out_interface": "a0"}, {"jump": "DNAT", "to_destination": "192.0.2.1"}]
    text = picture(dot, {**PAIR, "iptables_nat": [{"netns": "a", "rules": rules}]})
    assert "<BR/><I>MASQUERADE out a0</I><BR/><I>DNAT → 192.0.2.1</I></TD>" in text


@pytest.mark.parametrize(("kind", "read"), READERS)
def test_vlans_that_follow_each_other_are_a_range(kind: t.Any, read: t.Callable[[str], Read]) -> None:
    vids = [2, 31, *range(10, 21), "30"]
    ports = [{"name": "b0", "vlans": [{"vid": vid} for vid in vids]}]
    bridge = {"name": "br0", "netns": "b", "vlan_filtering": True, "ports": ports}
    assert read(picture(kind, {**LEFT, "bridge_vlan": [bridge]})).said["b", "b0"] == ["tagged VLAN 2, 10-20, 30, 31"]


def test_a_long_line_of_an_interface_is_broken() -> None:
    ports = [{"name": "b0", "vlans": [{"vid": vid} for vid in range(2, 40, 2)]}]
    bridge = {"name": "br0", "netns": "b", "vlan_filtering": True, "ports": ports}
    said = read_dot(picture(dot, {**LEFT, "bridge_vlan": [bridge]})).said["b", "b0"]
    assert len(said) > 2
    assert max(map(len, said)) <= 28


def test_machines_are_frames() -> None:
    machines = {"a": "lab1", "b": "lab2", "c": "lab2"}
    text = picture(dot, PAIR, machines=machines)
    frames = {
        label: re.findall(r"^  (b\d)", body, re.MULTILINE)
        for label, body in re.findall(r"subgraph cluster_\d {\n.*?<B>(\w+)</B>(.*?)\n  }", text, re.DOTALL)
    }
    assert frames == {"lab1": ["b0"], "lab2": ["b1", "b2"]}
    assert ["dashed" in line for line in text.splitlines() if " -- " in line] == [True, False]
    chart = picture(mermaid, PAIR, machines)
    assert re.findall(r'^  subgraph m\d\["(\w+)"\]', chart, re.MULTILINE) == ["lab1", "lab2"]
    assert re.findall(r"^  b0p0 (\S+) b1p0$|^  b1p1 (\S+) b2p0$", chart, re.MULTILINE) == [("-.-", ""), ("", "---")]


def test_it_does_not_depend_on_chance() -> None:
    program = f"""
import json, sys
sys.path[:0] = {sys.path!r}
from ansible_collections.tcpip.lab.plugins.filter.dot import dot
from ansible_collections.tcpip.lab.plugins.filter.mermaid import mermaid
items = json.load(sys.stdin)
print(dot(items), mermaid(items))
"""
    texts = {
        subprocess.run(
            [sys.executable, "-c", program],
            input=json.dumps(LAB),
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(texts) == 1


@pytest.mark.parametrize("kind", [dot, mermaid])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "[] is neither a topology nor a lab of those that tcpip.lab.lab_info tells of"),
        ({"labs": []}, "labs: is not a kind of resource"),
        ({"veth": [{"name": "a0", "netns": "a", "peer": {"name": "a1"}}]}, "veth[0].netns: 'a' is not in netns"),
        ({"live": {}}, "the lab cannot be read: KeyError: 'others'"),
    ],
)
def test_what_is_no_lab_is_refused_with_its_place(kind: t.Any, given: t.Any, message: str) -> None:
    with pytest.raises(AnsibleFilterError) as error:
        picture(kind, given)
    assert message in str(error.value)


@pytest.mark.parametrize("kind", [dot, mermaid])
@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"machines": "lab1"}, "machines: 'lab1' is not a mapping of namespaces to machines"),
        ({"failed": "ab"}, "failed: 'ab' is not a list of namespaces"),
        ({"failed": 5}, "failed: 5 is not a list of namespaces"),
    ],
)
def test_what_is_not_where_namespaces_are_or_fail_is_refused(kind: t.Any, named: Items, message: str) -> None:
    with pytest.raises(AnsibleFilterError) as error:
        picture(kind, PAIR, **named)
    assert str(error.value).startswith(message)


def test_numbers_are_names_of_machines_and_of_those_that_fail() -> None:
    text = picture(dot, {"netns": [{"name": 1}]}, machines={1: 7}, failed=[1])
    assert "<B>7</B>" in text
    assert "failed: a check failed here" in text
