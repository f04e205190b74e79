# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation is built without a network, has a page for everything, and no link that leads nowhere."""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import subprocess
import sys
import typing as t

import diagrams
import pytest
import rendered
import shown
from labmachine import ROOT

import docs

if t.TYPE_CHECKING:
    from labmachine import LabMachine

#: What a page has the browser fetch by itself: a script, a style sheet, a picture, a font.
FETCHED = re.compile(
    r"""<(?:script|link|img|iframe)[^>]*(?:src|href)=["'](?:https?:)?//[^>]*>|url\(["']?(?:https?:)?//"""
)

#: A page with what is wide: a table, a line of code, and a drawing.
WIDE = f"""# One

## A table
| a | b |
|---|---|
| {"`many-words` " * 60} | {"word " * 90} |

## Code
```yaml
{"a" * 300}
```

## A drawing
![A lab](lab.svg)
"""
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" width="3000pt" height="30pt"><text y="20">lab</text></svg>'
#: How much wider than the window the page is, what a table has to be scrolled up and down, and where things are.
LAID_OUT = """
({
  wider: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  scrolls: [...document.querySelectorAll('.table-wrapper')].map(each =>
    ['auto', 'scroll'].includes(getComputedStyle(each).overflowY) ? each.scrollHeight - each.clientHeight : 0),
  article: document.querySelector('article').getBoundingClientRect().width,
  window: document.documentElement.clientWidth,
  contents: document.querySelector('.toc-drawer').getBoundingClientRect().right,
  link: document.querySelector('article a > img').parentElement.href,
  image: document.querySelector('article img').src,
})
"""


def expected() -> set[str]:
    """The pages that there have to be."""
    kinds = {"modules": "module", "filter": "filter", "connection": "connection", "inventory": "inventory"}
    plugins = [
        (path.stem, kinds[path.parent.name]) for path in (ROOT / "plugins").glob("*/*.py") if path.parent.name in kinds
    ]
    roles = [path.name for path in (ROOT / "roles").iterdir()]
    return {
        *(f"reference/{name}_{kind}.html" for name, kind in plugins),
        *(page for role in roles for page in (f"reference/{role}_role.html", f"roles/{role}/README.html")),
        *(f"playbooks/{path.stem}.html" for path in (ROOT / "playbooks").glob("*.yml")),
        *(str(pathlib.Path(page).with_suffix(".html")) for page in docs.pages()),
        "index.html",
    }


def test_all_of_it_is_built_without_a_network(machine: LabMachine, tmp_path_factory: pytest.TempPathFactory) -> None:
    place = tmp_path_factory.mktemp("docs")
    machine.run([sys.executable, str(ROOT / "scripts/docs.py"), str(place)], timeout=300)
    html = place / "html"
    built = {str(path.relative_to(html)): path.read_text(encoding="utf-8") for path in html.rglob("*.html")}
    assert expected() - built.keys() == set()
    texts = {**built, **{path.name: path.read_text(encoding="utf-8") for path in html.rglob("*.css")}}
    assert {name: FETCHED.findall(text) for name, text in texts.items() if FETCHED.search(text)} == {}


@pytest.mark.parametrize(
    ("link", "leads_to"),
    [
        ("reuse.md", "reuse.md"),
        ("../README.md#support", "../README.md#support"),
        ("examples/own_repository", "examples/own_repository/README.md"),
        ("../playbooks/router.yml", "../playbooks/router.md"),
        ("../plugins/modules/veth.py", "../reference/veth_module.rst"),
        ("../Makefile", "https://github.com/tcpip-lab/tcpip.lab/blob/main/Makefile"),
        ("../changelogs", "https://github.com/tcpip-lab/tcpip.lab/tree/main/changelogs"),
        ("https://example.org/x", "https://example.org/x"),
        ("#a", "#a"),
    ],
)
def test_where_a_link_leads(link: str, leads_to: str) -> None:
    assert docs.linked(f"see [`x`]({link}).", "docs/design.md") == f"see [`x`]({leads_to})."


@pytest.mark.parametrize("code", ["`[a](b)`", "``a[`0`](b)``", "```text\n[a](b)\n```\n", "``a[]`` a ` alone\n\n"])
def test_code_is_no_link(code: str) -> None:
    """What is behind it is."""
    text = f"{code}[a](../playbooks/router.yml) and `b`"
    assert docs.linked(text, "docs/design.md") == f"{code}[a](../playbooks/router.md) and `b`"


def test_a_link_to_a_file_that_is_not_there() -> None:
    with pytest.raises(FileNotFoundError, match=r"docs/design\.md: a link leads to nosuch\.md, which is not there"):
        docs.linked("see [that](nosuch.md)", "docs/design.md")


def test_a_playbooks_page_has_the_checks_that_its_lab_makes() -> None:
    subprocess.run([sys.executable, rendered.__file__], check=True)
    for name in rendered.scenarios():
        page = docs.playbook_page(ROOT / f"playbooks/{name}.yml").partition("## The playbook itself")[0]
        made = [check["name"] for checks in rendered.read(name).checks for check in checks]
        assert "{{" not in page
        assert re.findall("^- (.*)$", page.partition("## Stage 1")[2], re.MULTILINE) == made != []
    assert "## Stage" not in docs.playbook_page(ROOT / "playbooks/labs.yml")


@pytest.mark.parametrize("script", [docs, diagrams], ids=["docs", "diagrams"])
@pytest.mark.parametrize(
    "case",
    [
        ("- hosts: a\n  vars: {b: [}\n", "playbooks/office.yml:2: "),
        (
            "- hosts: a\n  vars:\n    lab_stages:\n      - {title: b}\n      - text: c\n",
            "playbooks/office.yml:5: lab_stages[1] has no",
        ),
        ("- hosts: a\n- hosts: b\n", "playbooks/office.yml:1: is not a list of one play"),
    ],
)
def test_a_playbook_that_cannot_be_read_is_told_in_a_line(
    script: t.Any,
    case: tuple[str, str],
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks/office.yml").write_text(case[0], encoding="utf-8")
    monkeypatch.setattr(script, "ROOT", tmp_path)
    monkeypatch.setattr("sys.argv", [script.__name__, str(tmp_path / "made")])
    assert script.main() == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(case[1])


@pytest.mark.parametrize(("link", "built"), [("two.md#a-part", True), ("two.md#no-part", False), ("#no", False)])
def test_a_link_to_a_heading_that_is_not_there(link: str, built: bool, tmp_path: pathlib.Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("conf.py", "wide.css"):
        (source / name).write_text((docs.SITE / name).read_text(encoding="utf-8"), encoding="utf-8")
    (source / "index.md").write_text(f"# One\n\nSee [there]({link}).\n\n```{{toctree}}\ntwo\n```\n", encoding="utf-8")
    (source / "two.md").write_text("# Two\n\n## A part\n", encoding="utf-8")
    try:
        docs.build(source, tmp_path / "html")
    except subprocess.CalledProcessError:
        assert not built
    else:
        assert built


@pytest.fixture
def wide_site(tmp_path: pathlib.Path) -> pathlib.Path:
    """A site with the look of the documentation, whose only page of interest is C(below/one.html)."""
    source = tmp_path / "source"
    (source / "below").mkdir(parents=True)
    for name in ("conf.py", "wide.css"):
        shutil.copy(docs.SITE / name, source)
    (source / "index.md").write_text("# Zero\n\n```{toctree}\nbelow/one\n```\n", encoding="utf-8")
    (source / "below/one.md").write_text(WIDE, encoding="utf-8")
    (source / "below/lab.svg").write_text(DRAWING, encoding="utf-8")
    docs.build(source, tmp_path / "html")
    return tmp_path / "html"


def test_no_page_is_wider_than_its_window(machine: LabMachine, wide_site: pathlib.Path) -> None:
    page = wide_site / "below/one.html"
    for width in (800, 1100, 1312, 1366, 1536, 1920):
        words = ["--site", str(wide_site), "--width", str(width), str(page)]
        told = machine.run([sys.executable, str(ROOT / "tests/browser.py"), *words], input=LAID_OUT, timeout=180)
        seen = json.loads(told.stdout)["answer"]
        assert (width, seen["wider"], seen["scrolls"]) == (width, 0, [0])
        assert seen["contents"] <= seen["window"] or width <= 1312, "what is on this page is cut off"
        assert seen["article"] >= 720 or width < 1100
        assert (seen["link"], pathlib.Path(seen["link"]).name) == (seen["image"], "lab.svg")


def test_a_lab_of_ones_own_has_less_than_forty_lines() -> None:
    """As it says; tests/kernels has it built."""
    (play,) = shown.examples("docs/own_lab.md", "yaml")
    assert len(play.splitlines()) < 40
