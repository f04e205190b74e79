# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``docs.py [PLACE]``: builds the documentation's pages, into .cache/docs or another place, without a network.

The Markdown of the repository is the source, where it is, so that a forge shows it, too. In between only links change:
those to files that are no pages lead to the page about them, or to the repository. The reference is antsibull-docs',
the playbooks' pages are made of the playbooks, and of what Ansible makes of these (tests/rendered.py). What Sphinx
warns of is an error, as is a link to a file that is not.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
import typing as t

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(sys.prefix) / "bin"
SITE = ROOT / "scripts/docsite"
PAGES = ("*.md", "docs/*.md", "docs/scenarios/*.md", "docs/examples/*/README.md", "roles/*/README.md")

sys.path[:0] = [str(ROOT / "tests")]
import plays  # noqa: E402
import rendered  # noqa: E402

#: Code, in which nothing is a link, as a block or between as many backticks on either side; or where a link leads.
_LINK = re.compile(
    r"^```.*?^```"
    r"|(?<!`)(?P<ticks>`+)(?!`)(?:(?!\n\n).)+?(?<!`)(?P=ticks)(?!`)"
    r"|(?<=\]\()(?!https?:|#)(?P<to>[^)#\s]+)",
    re.MULTILINE | re.DOTALL,
)
#: The comment at the head of a playbook, without the licence.
_HEAD = re.compile(r"\n#\n((?:#.*\n)+)")


def pages() -> list[str]:
    """The Markdown files that are pages, from the top of the repository."""
    return sorted(str(path.relative_to(ROOT)) for glob in PAGES for path in ROOT.glob(glob))


def linked(text: str, page: str) -> str:
    """The text of a page with links that work in the site.

    :raises FileNotFoundError: with the page, when a link leads to a file that is not there.
    """

    def replaced(found: re.Match[str]) -> str:
        return _target(page, found["to"]) if found["to"] else found[0]

    return _LINK.sub(replaced, text)


def _target(page: str, link: str) -> str:
    here = (ROOT / page).parent
    path = pathlib.Path(os.path.normpath(here / link))
    if not path.exists():
        raise FileNotFoundError(f"{page}: a link leads to {link}, which is not there")
    found = _page_of(path)
    return os.path.relpath(found, here) if found else f"{repository()}/{_kind(path)}/main/{path.relative_to(ROOT)}"


def _page_of(path: pathlib.Path) -> pathlib.Path | None:
    """The page that is about a file or directory, if there is one."""
    if path.parent == ROOT / "playbooks":
        return path.with_suffix(".md")
    if path.parent == ROOT / "plugins/modules":
        return ROOT / f"reference/{path.stem}_module.rst"
    page = path / "README.md" if (path / "README.md").exists() else path
    return page if page.suffix == ".svg" or str(page.relative_to(ROOT)) in pages() else None


def _kind(path: pathlib.Path) -> str:
    return "tree" if path.is_dir() else "blob"


def repository() -> str:
    """The address of the repository."""
    return str(yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["repository"])


def playbook_page(path: pathlib.Path) -> str:
    """The page of a playbook: its own comment, what it is about, its stages and what is checked in them, its text.

    :raises plays.PlaybookError: when it cannot be read.
    """
    text = path.read_text(encoding="utf-8")
    given = plays.read(path).get("vars") or {}
    head = _HEAD.search(text)
    about = "".join(line.removeprefix("#").removeprefix(" ") for line in head[1].splitlines(True)) if head else ""
    return "\n".join(
        [
            f"# The playbook `tcpip.lab.{path.stem}`\n",
            f"```text\n{about}```\n\n{given.get('lab_about', '')}",
            *_more(path.stem),
            *_stages(path.stem),
            f"## The playbook itself\n```yaml\n{text}```\n",
        ]
    )


def _more(name: str) -> list[str]:
    """Where more is said about a playbook."""
    page = f"docs/scenarios/{name}.md"
    told = [f"[The lab's page](../{page}) has its diagram, and what is seen.\n"] if (ROOT / page).exists() else []
    return [*told, "[The role `lab`](../roles/lab/README.md) says which variables one can give, and how.\n"] * bool(
        told
    )


def _stages(name: str) -> t.Iterator[str]:
    """The stages of a lab, by Ansible's own templates. Not every playbook builds a lab."""
    lab = rendered.read(name) if name in rendered.scenarios() else rendered.Lab(name, [], [])
    for number, (words, checks) in enumerate(zip(lab.words, lab.checks, strict=True), 1):
        seen = ["\nIts checks:", *(f"- {each['name']}" for each in checks), ""] if checks else [""]
        yield "\n".join([f"## Stage {number}: {words['title']}", words["text"], *seen])


def assemble(source: pathlib.Path) -> None:
    """Write all that Sphinx reads."""
    for page in pages():
        _write(source / page, linked((ROOT / page).read_text(encoding="utf-8"), page))
    for drawing in (ROOT / "docs").glob("**/*.svg"):
        shutil.copy(drawing, source / drawing.relative_to(ROOT))
    _playbooks(source / "playbooks")
    for file in SITE.iterdir():
        shutil.copy(file, source)
    _reference(source / "reference")


def _playbooks(place: pathlib.Path) -> None:
    """Their pages, if all of them can be read."""
    paths = sorted((ROOT / "playbooks").glob("*.yml"))
    for path in paths:
        plays.read(path)
    subprocess.run([sys.executable, rendered.__file__], check=True)
    for path in paths:
        _write(place / f"{path.stem}.md", playbook_page(path))


def _reference(place: pathlib.Path) -> None:
    """The pages of modules, plugins and roles, without the tables of contents that the theme has by itself."""
    place.mkdir()
    told = ("--use-current", "--fail-on-error", "--squash-hierarchy", "--no-add-antsibull-docs-version")
    run("antsibull-docs", "collection", *told, "--dest-dir", str(place), "tcpip.lab")
    for page in place.glob("*.rst"):
        _write(page, re.sub(r"\.\. contents::\n(   .*\n)+", "", page.read_text(encoding="utf-8")))


def _write(path: pathlib.Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def run(program: str, *words: str) -> None:
    """Run a program of the environment.

    :raises subprocess.CalledProcessError: when it fails; it has said why.
    """
    collections = {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections")}
    env = {**os.environ, **collections, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run([str(BIN / program), *words], check=True, env=env)


def build(source: pathlib.Path, html: pathlib.Path) -> None:
    """Make pages for a browser.

    :raises subprocess.CalledProcessError: when Sphinx warns of something, such as a link to a heading that is not.
    """
    run("sphinx-build", "--fail-on-warning", "--keep-going", "--nitpicky", "--quiet", str(source), str(html))


def main() -> int:
    """The command line."""
    place = pathlib.Path(sys.argv[1] if sys.argv[1:] else ROOT / ".cache/docs")
    shutil.rmtree(place, ignore_errors=True)
    (place / "source").mkdir(parents=True)
    try:
        assemble(place / "source")
        build(place / "source", place / "html")
    except (FileNotFoundError, plays.PlaybookError) as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        return error.returncode
    print(f"the first page is {place / 'html/index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
