# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``diagrams.py [--check] [PAGES]``: draws each page's lab for the page, a scenario's as it is after its last stage.

The page about reports has one that is not as it was declared.

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
_PLAYBOOK = re.compile(r"```yaml\n(- name: .*?)```", re.DOTALL)
#: Pages with a playbook on them, whose lab is drawn: one that uses the module topology, and those that use the role.
_TASK, _ROLES = "impairments", ("own_lab", "several_machines")
#: The page with a lab that is not as it was declared, and whose lab that is.
_BROKEN, _WHOLE = "report", "two_routers"
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
import yaml  # noqa: E402
from ansible_collections.tcpip.lab.plugins.module_utils import merging, spread  # noqa: E402
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
    declared = rendered.on_page(_read(pages / f"{_TASK}.md"))
    found = {**scenarios, _TASK: (declared["name"], declared)}
    drawn = {page: Lab(name, dot.text(picture.of(topology))) for page, (name, topology) in found.items()}
    drawn |= {page: _by_role(_read(pages / f"{page}.md")) for page in _ROLES}
    return {**drawn, _BROKEN: Lab(_WHOLE, dot.text(_broken(scenarios[f"scenarios/{_WHOLE}"][1])))}


def _by_role(page: str) -> Lab:
    """The lab of the first playbook on a page, over the machines that it names."""
    (play,) = yaml.safe_load(_PLAYBOOK.findall(page)[0])
    name = play["vars"]["lab_name"]
    topology = merging.merge(stage["topology"] for stage in play["vars"]["lab_stages"])
    hosts = dict.fromkeys(item["host"] for item in topology["netns"] if "host" in item)
    machines = {host: {"address": f"192.0.2.{i}", "mtu": 1500} for i, host in enumerate(hosts, 1)}
    nodes = spread.read({**topology, "name": name}, machines).nodes if machines else None
    return Lab(name, dot.text(picture.of(topology, nodes)))


def _broken(topology: rendered.Items) -> picture.Picture:
    """What is there when somebody has removed C(ns2) and set an interface of C(router1) down, and a check failed."""
    links = [_down(item) for item in topology["veth"] if item["peer"]["netns"] != "ns2"]
    others = {kind: [item for item in items if _place(item) != "ns2"] for kind, items in topology.items()}
    drift = [
        {"before": ["router1: gw1-veth1 down"], "after": ["router1: gw1-veth1 up"]},
        {"before": [], "after": ["namespace ns2", "router2: veth gw2-veth1 peer ns2-veth0 in ns2"]},
    ]
    live = {**others, "veth": links}
    told = {"declared": topology, "live": live, "others": {"links": []}, "drift": drift}
    return picture.of(told, failed=["ns1"])


def _down(item: rendered.Items) -> rendered.Items:
    return {**item, "up": False} if item["name"] == "gw1-veth1" else item


def _place(item: rendered.Items) -> str:
    """The namespace that an item is in, or that it is."""
    return str(item.get("netns") or item.get("name"))


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
