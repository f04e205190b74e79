# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every block of code in the documentation is run by a test: tests/shown.toml says by which, and is held to it."""

from __future__ import annotations

import ast
import fnmatch
import functools
import os
import pathlib
import typing as t

import pytest
import shown
import tomllib
from labmachine import ROOT
from markdown_it.renderer import RendererHTML
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

Entry = str | list[str]
#: Of each page, or pattern of pages, which blocks it has, and what runs each.
LISTED: dict[str, dict[str, Entry]] = tomllib.loads((ROOT / "tests/shown.toml").read_text(encoding="utf-8"))
#: Where what runs a block may be.
TESTS = ("tests/", "molecule/")


def pages() -> list[str]:
    """All Markdown files of the checkout."""
    found = []
    for place, directories, files in os.walk(ROOT):
        directories[:] = [name for name in directories if name == ".github" or (name[0] != "." and name != "output")]
        found += [str((pathlib.Path(place) / name).relative_to(ROOT)) for name in files if name.endswith(".md")]
    return sorted(found)


def listed(page: str) -> dict[str, Entry]:
    """The entries for a page, and for the pages like it."""
    return {
        key: entry for pattern, own in LISTED.items() if fnmatch.fnmatch(page, pattern) for key, entry in own.items()
    }


def stands_for(key: str, block: shown.Block) -> bool:
    """Whether it is an entry's block, or one of those that it is for."""
    return block.name.startswith(key[:-1]) if key.endswith("*") else block.name == key


def runners(entry: Entry) -> list[str]:
    """The tests of an entry, without what it says about them."""
    return [each.split()[0] for each in ([entry] if isinstance(entry, str) else entry) if each.startswith(TESTS)]


#: What runs a block of each page.
RUNNERS = sorted({(page, each) for page, own in LISTED.items() for entry in own.values() for each in runners(entry)})


@functools.cache
def parsed(file: str) -> list[ast.stmt]:
    """What stands in a file of ours one after another."""
    return ast.parse((ROOT / file).read_text(encoding="utf-8")).body


def own_tests(file: str) -> dict[str, ast.stmt]:
    return {node.name: node for node in parsed(file) if isinstance(node, ast.FunctionDef) and node.name[:5] == "test_"}


def strings(nodes: t.Iterable[ast.AST]) -> list[str]:
    """All strings in a text but those that only describe it."""
    inner = [each for node in nodes for each in ast.walk(node)]
    told = {id(each.value) for each in inner if isinstance(each, ast.Expr)}
    return [str(each.value) for each in inner if isinstance(each, ast.Constant) and id(each) not in told]


@functools.cache
def strings_in(file: str) -> list[str]:
    return strings(parsed(file))


def strings_of(test: str) -> t.Iterator[str]:
    """The strings of a test and all around it but other tests, and of the modules of ours that are used there."""
    file, _colons, name = test.partition("::")
    others = [node for each, node in own_tests(file).items() if each != name]
    nodes = [node for node in parsed(file) if node not in others]
    yield from strings(nodes)
    used = {each.id for node in nodes for each in ast.walk(node) if isinstance(each, ast.Name)}
    for module in [f"{place}/{name}.py" for place in ("tests", "scripts") for name in sorted(used)]:
        if (ROOT / module).exists():
            yield from strings_in(module)


@pytest.mark.parametrize("page", pages())
def test_a_block_is_read_as_sphinx_reads_it(page: str) -> None:
    """Each is at the left margin, between lines of three backticks, the first one with a word for the language."""
    parser = create_md_parser(MdParserConfig(), RendererHTML)
    text = (ROOT / page).read_text(encoding="utf-8")
    tokens = [token for token in parser.parse(text) if token.type in {"fence", "code_block"}]
    assert shown.blocks(page) == [(token.info.strip(), token.content) for token in tokens]


@pytest.mark.parametrize("page", pages())
def test_every_block_is_in_the_list(page: str) -> None:
    keys = listed(page)
    for block in shown.blocks(page):
        found = [key for key in keys if stands_for(key, block)]
        assert len(found) == 1, f"{page}: {block.name!r} is {len(found)} times in tests/shown.toml, and not once"


@pytest.mark.parametrize("pattern", LISTED)
def test_every_entry_has_its_block(pattern: str) -> None:
    """It is for one block of a page, or for all that begin alike."""
    there = [page for page in pages() if fnmatch.fnmatch(page, pattern)]
    assert there
    for key in LISTED[pattern]:
        numbers = [sum(stands_for(key, block) for block in shown.blocks(page)) for page in there]
        assert max(numbers) == 1 or (key.endswith("*") and max(numbers)), f"{pattern}: {key!r} is for {numbers} blocks"


@pytest.mark.parametrize("pattern", LISTED)
def test_only_a_text_may_be_without_a_test(pattern: str) -> None:
    without = [key for key, entry in LISTED[pattern].items() if not runners(entry)]
    assert [key for key in without if not key.startswith("text: ")] == []


@pytest.mark.parametrize(("page", "test"), RUNNERS)
def test_what_runs_a_block_is_there_and_reads_the_page(page: str, test: str) -> None:
    file, _colons, name = test.partition("::")
    assert name in own_tests(file)
    # Who reads pages like each other names their directory.
    words = page.partition("/*")[0]
    assert any(words in each for each in strings_of(test)), f"nothing in or around {test} reads {words}"
