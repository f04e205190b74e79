# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What SECURITY.md says that can be seen without root: no shell, names that stay where they are, what is read."""

from __future__ import annotations

import ast
import os
import pathlib
import typing as t

import mutated
import pytest
from ansible_collections.tcpip.lab.plugins.action import topology
from ansible_collections.tcpip.lab.plugins.module_utils import ledger, namespaces, records, rundir, values
from ansible_collections.tcpip.lab.plugins.module_utils.command import DATA, Spot
from hypothesis import example, given
from labmachine import ROOT

SOURCES = sorted(path for name in ("plugins", "extensions") for path in (ROOT / name).rglob("*.py"))
#: Functions that hand a line to a shell, or may.
SHELLS = {"system", "popen", "getoutput", "getstatusoutput", "create_subprocess_shell", "run_command", "spawnlp"}
#: Where a shell is a word of a command, since what it runs is a script of the collection's own, with words beside it.
SCRIPTS = {"plugins/plugin_utils/entering.py", "plugins/module_utils/kinds/dhcp_client.py"}


def called(node: ast.Call) -> str:
    return str(getattr(node.func, "attr", getattr(node.func, "id", "")))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_line_is_handed_to_a_shell(path: pathlib.Path) -> None:
    text = path.read_text(encoding="utf-8")
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    assert [node.lineno for node in calls if called(node) in SHELLS] == []
    given_words = [word for node in calls for word in node.keywords if word.arg in {"shell", "use_unsafe_shell"}]
    assert [word for word in given_words if isinstance(word.value, ast.Constant) and word.value.value] == []
    words = {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}
    assert not words & {"sh", "/bin/sh", "bash", "/bin/bash"} or str(path.relative_to(ROOT)) in SCRIPTS


NAMES = mutated.texts(("ns1", "../ns1", "a/b", "lab", "ns1.json", "-x", "process.web", "index.html"))


def accepted(check: t.Callable[[str], str], value: str) -> bool:
    try:
        check(value)
    except ValueError:
        return False
    return True


@given(NAMES)
@example("..")
@example(".")
@example("../x")
@example("a\0b")
def test_no_name_leads_out_of_its_directory(name: str) -> None:
    if accepted(values.namespace, name):
        assert os.path.split(os.path.normpath(namespaces.path(name))) == (namespaces.DIRECTORY, name)
        assert not name.startswith("-")
    if accepted(values.lab, name):
        assert os.path.dirname(os.path.normpath(ledger.file(name))) == rundir.DIRECTORY
        assert not name.startswith((".", "-"))
    if accepted(values.process_name, name):
        place = Spot("lab", "process", "ns1", name).directory
        assert os.path.normpath(place) == place
        assert os.path.dirname(place).endswith("/process/lab/ns1")
    if accepted(values.file_name, name):
        assert os.path.normpath(f"/files/{name}").startswith("/files/")


@pytest.mark.parametrize("planted", ["link", "pipe", "directory"])
def test_of_what_a_process_writes_nothing_is_read_but_what_it_is_to_tell(tmp_path: pathlib.Path, planted: str) -> None:
    """Its directory is its own user's: a link, something to wait at, or more than fits into the memory may be there."""
    secret, data = tmp_path / "secret", tmp_path / DATA
    secret.write_text("secret", encoding="utf-8")
    data.mkdir()
    (data / "lease").write_text("address=10.0.0.5/24\n", encoding="utf-8")
    (data / "more").write_text("x" * 1000, encoding="utf-8")
    place = data / "leases"
    make: dict[str, t.Callable[[], object]] = {
        "link": lambda: place.symlink_to(secret),
        "pipe": lambda: os.mkfifo(place),
        "directory": place.mkdir,
    }
    make[planted]()
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        assert records._data(descriptor) == {"lease": "address=10.0.0.5/24\n"}
        data.rename(tmp_path / "elsewhere")
        data.symlink_to(tmp_path / "elsewhere")
        assert records._data(descriptor) == {}
    finally:
        os.close(descriptor)


def test_what_a_machine_tells_cannot_move_the_cursor_of_the_controllers_terminal() -> None:
    said = topology._shown("\x1b[2J 3 of 7 namespaces\r\x07" + "x" * 1000)
    assert said.startswith("[2J 3 of 7 namespacesxxx")
    assert said.isprintable()
    assert len(said) <= 200
