# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's own part: root, check mode, and that the examples of its documentation are those that are run."""

from __future__ import annotations

import json
import pathlib
import re
import typing as t

import pytest
import yaml
from ansible_collections.tcpip.lab.plugins.module_utils.checks import model
from ansible_collections.tcpip.lab.plugins.module_utils.checks.kinds import KINDS
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.modules import check
from shown import KeyOfCheck, keys_of_checks, kinds_of_checks

if t.TYPE_CHECKING:
    from ansible_collections.tcpip.lab.plugins.module_utils.options import Option, Options

EXAMPLES = pathlib.Path(__file__).parents[2] / "integration/targets/check/tasks/examples.yml"


def test_the_examples_are_those_that_are_tested() -> None:
    assert EXAMPLES.read_text(encoding="utf-8").endswith(check.EXAMPLES.lstrip())


def test_the_documentation_has_every_key_and_word() -> None:
    described = " ".join(yaml.safe_load(check.DOCUMENTATION)["options"]["checks"]["description"])
    keys = {*model.CHECK, *model.CAPTURE, *(key for kind in KINDS.values() for key in kind.options)}
    words = {word for kind in KINDS.values() for option in kind.options.values() for word in option.choices}
    assert [key for key in keys if f"C({key})" not in described] == []
    assert [word for word in words if f"V({word})" not in described] == []


def tables() -> dict[str, Options]:
    """The options of each kind of check, and of what is in them, by the headings of the page."""
    kinds = {kind: found.options for kind, found in KINDS.items()}
    inner = {
        f"{kind}.{key}": option.options
        for kind, options in kinds.items()
        for key, option in options.items()
        if option.options
    }
    return {**kinds, **inner, "captures": model.CAPTURE}


def row_of(key: str, option: Option, shown: KeyOfCheck) -> KeyOfCheck:
    """The row that the page has to have. Where there is no default to write, it may say what that means."""
    kind = f"list of {option.elements or 'str'}" if option.type == "list" else option.type
    default = shown.default
    if option.required:
        default = "required"
    elif option.default not in (None, "", []):
        default = f"`{json.dumps(option.default)}`".replace('"', "")
    return KeyOfCheck(key, kind, default, shown.meaning)


def test_the_page_has_every_kind() -> None:
    assert [row.kind for row in kinds_of_checks()] == [*KINDS]


@pytest.mark.parametrize("name", tables())
def test_the_page_has_every_key_as_it_is_read(name: str) -> None:
    options, rows = tables()[name], keys_of_checks()[name]
    assert [row.key for row in rows] == [*options]
    assert rows == [row_of(row.key, options[row.key], row) for row in rows]
    choices = {(row.key, word) for row in rows for word in options[row.key].choices}
    assert choices <= {(row.key, word) for row in rows for word in re.findall(r"`([^`]+)`", row.meaning)}


def test_the_page_has_no_table_of_what_there_is_not() -> None:
    assert keys_of_checks().keys() == tables().keys()


def test_without_root_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(LabError, match="need the privileges of root"):
        check.check([{"ping": {"to": "127.0.0.1"}}], check_mode=False)


def test_check_mode_reads_the_checks_and_makes_none() -> None:
    assert check.check([{"ping": {"from": "nowhere", "to": "127.0.0.1"}}], check_mode=True)["results"] == []
    with pytest.raises(LabError, match=r"checks\[0\].ping.to: is required"):
        check.check([{"ping": {}}], check_mode=True)
