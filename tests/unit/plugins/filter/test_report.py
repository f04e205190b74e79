# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run has told is in its report, as text. How a browser shows it see tests/playbooks/test_report.py."""

from __future__ import annotations

import copy
import html.parser
import subprocess
import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.tcpip.lab.plugins.filter.report import report
from ansible_collections.tcpip.lab.plugins.plugin_utils import picture
from ansible_collections.tcpip.lab.plugins.plugin_utils.report import Passage, passages

Items = dict[str, t.Any]

TOPOLOGY: Items = {
    "netns": [{"name": "a"}, {"name": "b"}],
    "veth": [{"name": "a0", "netns": "a", "addresses": ["192.0.2.1/24"], "peer": {"name": "b0", "netns": "b"}}],
    "capture": [{"name": "all", "netns": "b", "dev": "b0"}],
}
PASSED: Items = {
    "name": "a reaches b",
    "ok": True,
    "what": "ping from a to 192.0.2.2",
    "expected": "3 of 3 replies",
    "got": "3 of 3 replies, ttl 64",
    "evidence": ["64 bytes from 192.0.2.2", "on b0 in b (icmp):", "  echo request", "  echo reply"],
    "cause": "",
}
FAILED = {**PASSED, "name": "b reaches a", "ok": False, "got": "silence", "cause": "a filter in a"}
CHECKS = [
    {"name": "a reaches b", "ping": {"from": "a", "to": "192.0.2.2"}},
    {"name": "b reaches a", "ping": {"from": "b", "to": "192.0.2.1"}},
]
LIVE: Items = {"live": TOPOLOGY, "declared": TOPOLOGY, "others": {"links": [], "nat": []}, "drift": [], "processes": []}
TOLD: Items = {
    "name": "pair",
    "made": "2026-01-02 03:04 UTC",
    "about": "Two.\nOne cable.\n\nMore.",
    "stages": [{"title": "A cable", "text": "Both ends."}],
    "story": [
        {
            "stage": 1,
            "built": {"lab1": {"changed": True, "changes": ["add namespace a", "add namespace b"]}},
            "seen": [{"results": [PASSED, FAILED]}],
            "checks": CHECKS,
        }
    ],
    "topology": TOPOLOGY,
    "there": {"lab1": {"labs": [LIVE]}},
    "try": ["ip netns"],
}
#: What would be something else than text in HTML, in an attribute of it, in SVG, in a template.
HOSTILE = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script></pre></svg>{{ 7*7 }}{% raw %}&amp;"


class Page(html.parser.HTMLParser):
    """What is in a page: its elements, their attributes, and its text."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.styles = ""
        self.feed(text)
        self.close()
        assert not self.open, "not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["style"]:
            self.styles += data
        else:
            self.text += data

    def all(self, tag: str, name: str = "") -> list[dict[str, str | None]]:
        """The attributes of all elements of a tag, if it is given of those of a class."""
        return [
            attrs
            for each, attrs in self.elements
            if each == tag and (not name or name in str(attrs.get("class")).split())
        ]


def told(**changed: t.Any) -> Items:
    return {**copy.deepcopy(TOLD), **changed}


def part(**changed: t.Any) -> Items:
    return told(story=[{**copy.deepcopy(TOLD["story"][0]), **changed}])


def spoiled(value: t.Any, key: str = "") -> t.Any:
    """The same with something hostile in each text that is free."""
    if isinstance(value, dict):
        return {name: spoiled(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [spoiled(each, key) for each in value]
    return f"{value}{HOSTILE}" if isinstance(value, str) else value


def test_what_was_told_is_in_it() -> None:
    page = Page(report(TOLD))
    for text in ("Lab pair: 1 of 2 checks failed", "2026-01-02 03:04 UTC", "A cable", "Both ends.", "add namespace b"):
        assert text in page.text
    for text in (
        "ping from a to 192.0.2.2",
        "3 of 3 replies, ttl 64",
        "a filter in a",
        "on b0 in b (icmp)",
        "ip netns",
    ):
        assert text in page.text
    assert "echo request\necho reply\n" in page.text
    assert "/run/tcpip.lab/process/pair/b/capture.all/data/capture.pcap" in page.text
    assert "netns:\n- name: a\n" in page.text
    assert [each["id"] for each in page.all("details", "check")] == ["check-1", "check-2"]
    assert [each["id"] for each in page.all("details", "failed")] == ["check-2"]
    assert ["open" in each for each in page.all("details", "check")] == [False, True]
    assert len(page.all("svg")) == 1


def test_it_can_be_read_by_those_who_do_not_see_it() -> None:
    page = Page(report(TOLD))
    assert page.all("html") == [{"lang": "en"}]
    (drawing,) = page.all("svg")
    assert (drawing["role"], drawing["aria-labelledby"]) == ("img", "drawing-title")
    assert "Diagram of the lab pair: a, b." in page.text
    levels = [int(tag[1]) for tag, _attrs in page.elements if tag in {"h1", "h2", "h3"}]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:]))
    names = [attrs["id"] for _tag, attrs in page.elements if "id" in attrs]
    assert len(set(names)) == len(names)
    assert {str(each["href"]).removeprefix("#") for each in page.all("a")} <= set(names)


def test_what_comes_from_a_lab_is_text() -> None:
    """It adds no element, and no attribute but names of classes."""
    harmless = Page(report(TOLD))
    lab = spoiled({name: value for name, value in TOLD.items() if name not in {"topology", "there"}})
    foreign = {
        "name": '"><u>x',
        "netns": "a",
        "kind": "<b>{{7*7}}",
        "addresses": [],
        "mac": HOSTILE,
        "mtu": 9,
        "up": True,
    }
    live = {
        **LIVE,
        "others": {"links": [foreign], "nat": []},
        "drift": [{"change": HOSTILE, "before": [], "after": []}],
    }
    page = Page(report({**lab, "topology": TOPOLOGY, "there": {HOSTILE: {"labs": [live]}}}))
    kinds = {tag for tag, _attrs in harmless.elements} | {"section"}
    assert {tag for tag, _attrs in page.elements} == kinds
    assert not {"script", "img", "u", "link", "iframe"} & kinds
    attributes = {name for _tag, attrs in page.elements for name in attrs}
    assert attributes == {name for _tag, attrs in harmless.elements for name in attrs}
    assert not [name for name in attributes if name.startswith("on")]
    assert page.text.count(HOSTILE) > 20
    assert '"><u>x' in page.text
    assert "49" not in page.text.replace(HOSTILE, "")


def test_nothing_is_loaded() -> None:
    page = Page(report(TOLD))
    assert not [attrs for _tag, attrs in page.elements if {"src", "srcset", "data", "action"} & attrs.keys()]
    assert all(str(each["href"]).startswith("#") for each in page.all("a"))
    assert "url(" not in page.styles
    assert "@import" not in page.styles
    policy = next(each["content"] for each in page.all("meta") if "http-equiv" in each)
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (told(), "1 of 2 checks failed"),
        (part(seen=[{"results": [PASSED, PASSED]}]), "all 2 checks passed"),
        (part(seen=[{"results": [PASSED]}]), "the check passed"),
        (part(seen=[{"skipped": True}]), "built, and not checked"),
        (part(built={"lab1": {"failed": True, "msg": "no such device"}}, seen=[{}]), "not built"),
        (part(built={"lab1": {}, "lab2": {"changes": []}}, seen=[]), "not built"),
        (part(seen=[{"failed": True, "msg": "checks[0]: no", "results": []}]), "the checks could not be made"),
        (part(seen=[{"results": [PASSED]}, {"unreachable": True, "msg": "gone"}]), "the checks could not be made"),
    ],
)
def test_how_it_went_is_said_first(given: Items, verdict: str) -> None:
    page = Page(report(given))
    assert f"Lab pair: {verdict}" in page.text
    for text in ("no such device", "checks[0]: no"):
        assert (text in page.text) == (text in str(given))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"seen": [{"results": [PASSED]}]}, "All stages were built at once, and the checks of the last one were made."),
        ({"seen": [{"skipped": True}]}, "All stages were built at once."),
        ({"built": {"lab1": {"failed": True, "msg": "no such device"}}, "seen": [{}]}, ""),
        ({"built": {}, "seen": []}, ""),
    ],
)
def test_that_all_stages_were_built_at_once_is_said_if_they_were(changed: Items, said: str) -> None:
    stages = [{"title": "A cable"}, {"title": "Addresses"}]
    page = Page(report({**part(stage=2, **changed), "stages": stages}))
    assert [line for line in page.text.splitlines() if "at once" in line] == [said] * bool(said)


def test_why_another_run_would_be_refused_is_said() -> None:
    reason = "namespace 'b' exists, and this lab did not make it"
    for refusal in (None, reason):
        page = Page(report(told(there={"lab1": {"labs": [{**LIVE, "refusal": refusal}]}})))
        assert ("Not as declared" in page.text) == bool(refusal)
        assert (f"a run would be refused: {reason}\n" in page.text) == bool(refusal)


def test_a_macvlan_whose_parent_is_not_known_is_no_failure() -> None:
    live = {**TOPOLOGY, "macvlan": [{"name": "mv0", "netns": "a"}]}
    page = Page(report(told(there={"lab1": {"labs": [{**LIVE, "live": live}]}})))
    assert "mv0: macvlan" in page.text


def test_a_check_that_several_machines_make_is_one() -> None:
    steps = [{"item": {"machine": name}, "results": [{**PASSED, "ok": name == "lab1"}]} for name in ("lab1", "lab2")]
    page = Page(report(part(seen=steps)))
    assert "Lab pair: 1 of 1 checks failed" in page.text
    assert page.text.count("\non\nlab") == 2 or ("onlab1" in page.text and "onlab2" in page.text)


def test_machines_are_frames() -> None:
    page = Page(report(told(nodes={"a": "lab1", "b": "lab2"}, there={"lab1": {"labs": []}, "lab2": {}})))
    assert "The lab as it was declared." in page.text
    assert page.text.count("lab2") >= 3  # at the top, in the picture, in words


def test_without_graphviz_there_is_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    page = Page(report(TOLD))
    assert not page.all("svg")
    assert (
        "since it was not drawn: Graphviz is not on the machine where Ansible runs (install graphviz there)"
        in page.text
    )
    assert "flowchart LR" in page.text


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (subprocess.TimeoutExpired("dot", 30), "after 30 seconds"),
        (subprocess.CalledProcessError(1, "dot", stderr=b"out of <memory>"), "Graphviz says: out of <memory>"),
        (PermissionError(13, "Permission denied"), "Permission denied"),
    ],
)
def test_a_drawing_that_fails_is_no_failure(monkeypatch: pytest.MonkeyPatch, raised: Exception, message: str) -> None:
    def run(*_given: t.Any, **_named: t.Any) -> None:
        raise raised

    monkeypatch.setattr(subprocess, "run", run)
    page = Page(report(TOLD))
    assert message in page.text
    assert "flowchart LR" in page.text


def test_where_a_check_failed_is_in_colour() -> None:
    found = picture.of(TOPOLOGY, failed=["b"])
    assert {box.name: box.mark for box in found.boxes} == {"a": "", "b": picture.FAILED}
    assert "a check failed here" in Page(report(TOLD)).text


def test_packets_are_by_themselves() -> None:
    lines = ["one", "two", "on b0 in b:", "  first", "    more", "on c0 in c:", "  no packet", "three"]
    assert list(passages(lines)) == [
        Passage("", ["one", "two"]),
        Passage("on b0 in b", ["first", "  more"]),
        Passage("on c0 in c", ["no packet"]),
        Passage("", ["three"]),
    ]


def test_what_may_be_secret_is_not_written_down() -> None:
    process: dict[str, t.Any] = {"name": "p", "netns": "a", "command": ["env"], "environment": {"TOKEN": "s3cret"}}
    process["files"] = [{"name": "key", "content": "s3cret, too"}]
    page = report({**TOLD, "topology": {**TOPOLOGY, "process": [process]}})
    assert "command:" in page
    assert "s3cret" not in page


def test_what_is_no_account_of_a_run_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="the account of a run cannot be read"):
        report({"name": "pair"})
