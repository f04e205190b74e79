# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``diagrams.py [--check] [PAGES]``: draws each page's lab for the page, a scenario's as it is after its last stage.

With ``--check`` it only says which files it would write, and fails if there are any. PAGES is the directory of the
pages, ``docs`` if it is left out.

How far apart things are depends on the release of Graphviz and on the machine's fonts. So a drawing says of which graph
it is, and is up to date as long as the lab gives the same graph.
"""

from __future__ import annotations

import hashlib
import pathlib
import re
import subprocess
import sys
import typing as t

ROOT = pathlib.Path(__file__).resolve().parent.parent
BEGIN, END = '<!-- The diagram, by "make diagrams": -->', "<!-- End of the diagram. -->"
_SHOWN = re.compile(f"{re.escape(BEGIN)}\n.*?{re.escape(END)}\n", re.DOTALL)
#: Pages with a playbook on them, whose lab is drawn.
_PLAYBOOKS = ("impairments",)
#: The drawing with characters. What is drawn better stands after it.
_SKETCH = re.compile(r"```text\n.*?```\n\n", re.DOTALL)
_HEAD = """<!-- Copyright: Contributors to the tcpip.lab collection
GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later -->
<!-- Drawn by "make diagrams" from a graph with the SHA-256 {} -->
"""

sys.path[:0] = [str(ROOT / ".collections"), str(ROOT / "tests")]
import plays  # noqa: E402
import rendered  # noqa: E402
from ansible_collections.tcpip.lab.plugins.plugin_utils import dot, picture  # noqa: E402


class Lab(t.NamedTuple):
    """A lab that is drawn: its name, and its graph."""

    name: str
    graph: str


def labs(pages: pathlib.Path) -> dict[str, Lab]:
    """Each page's lab, by the page's place among C(pages), without its ending.

    :raises plays.PlaybookError: when a playbook cannot be read.
    """
    for path in sorted((ROOT / "playbooks").glob("*.yml")):
        plays.read(path)
    subprocess.run([sys.executable, rendered.__file__], check=True)
    scenarios = {f"scenarios/{name}": (name, rendered.read(name).topologies[-1]) for name in rendered.scenarios()}
    declared = {page: rendered.on_page(_read(pages / f"{page}.md")) for page in _PLAYBOOKS}
    found = {**scenarios, **{page: (topology["name"], topology) for page, topology in declared.items()}}
    return {page: Lab(name, dot.text(picture.of(topology))) for page, (name, topology) in found.items()}


def outdated(found: dict[str, Lab], pages: pathlib.Path) -> list[str]:
    """The files that are not of these labs."""
    drawings = [f"{page}.svg" for page, lab in found.items() if _digest(lab.graph) not in _read(pages / f"{page}.svg")]
    texts = [pages / f"{page}.md" for page in found]
    old = [path for path, lab in zip(texts, found.values()) if _read(path) != shown(lab.name, path)]
    return [*drawings, *(str(path.relative_to(pages)) for path in old)]


def shown(name: str, path: pathlib.Path) -> str:
    """The page with the lab's diagram: where it was, else behind the sketch, else before the first commands."""
    page = _read(path)
    part = f"{BEGIN}\n![The lab {name}: its namespaces, interfaces and links]({path.stem}.svg)\n{END}\n"
    if _SHOWN.search(page):
        return _SHOWN.sub(part, page)
    sketch = _SKETCH.search(page)
    place = sketch.end() if sketch else page.index("```shell")
    return f"{page[:place]}{part}\n{page[place:]}"


def draw(graph: str) -> str:
    """The graph as SVG.

    :raises subprocess.CalledProcessError: when it is none.
    """
    done = subprocess.run(["dot", "-Tsvg"], input=graph, capture_output=True, text=True, check=True)
    return _HEAD.format(_digest(graph)) + done.stdout[done.stdout.index("<svg") :]


def main() -> int:
    """The command line."""
    words = sys.argv[1:]
    check = "--check" in words
    pages = next((pathlib.Path(word) for word in words if word != "--check"), ROOT / "docs")
    try:
        found = labs(pages)
    except plays.PlaybookError as error:
        print(error, file=sys.stderr)
        return 1
    old = outdated(found, pages)
    for file in old:
        page, _dot, kind = file.partition(".")
        print(f"{pages / file} is {'not up to date: make diagrams' if check else 'new'}")
        if not check:
            text = draw(found[page].graph) if kind == "svg" else shown(found[page].name, pages / file)
            (pages / file).write_text(text, encoding="utf-8")
    return 1 if check and old else 0


def _digest(graph: str) -> str:
    return hashlib.sha256(graph.encode()).hexdigest()


def _read(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
