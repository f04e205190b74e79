# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's own part: root, check mode, and that the examples of its documentation are those that are run."""

from __future__ import annotations

import pathlib

import pytest
import yaml
from ansible_collections.tcpip.lab.plugins.module_utils.checks import model
from ansible_collections.tcpip.lab.plugins.module_utils.checks.kinds import KINDS
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.modules import check
from shown import kinds_of_checks

EXAMPLES = pathlib.Path(__file__).parents[2] / "integration/targets/check/tasks/examples.yml"


def test_the_examples_are_those_that_are_tested() -> None:
    assert EXAMPLES.read_text(encoding="utf-8").endswith(check.EXAMPLES.lstrip())


def test_the_documentation_has_every_key_and_word() -> None:
    described = " ".join(yaml.safe_load(check.DOCUMENTATION)["options"]["checks"]["description"])
    keys = {*model.CHECK, *model.CAPTURE, *(key for kind in KINDS.values() for key in kind.options)}
    words = {word for kind in KINDS.values() for option in kind.options.values() for word in option.choices}
    assert [key for key in keys if f"C({key})" not in described] == []
    assert [word for word in words if f"V({word})" not in described] == []


def test_the_page_has_every_kind_with_its_keys() -> None:
    keys = {
        kind: ", ".join(f"**`{key}`**" if option.required else f"`{key}`" for key, option in found.options.items())
        for kind, found in KINDS.items()
    }
    assert {row.kind: row.keys for row in kinds_of_checks()} == keys


def test_without_root_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(LabError, match="need the privileges of root"):
        check.check([{"ping": {"to": "127.0.0.1"}}], check_mode=False)


def test_check_mode_reads_the_checks_and_makes_none() -> None:
    assert check.check([{"ping": {"from": "nowhere", "to": "127.0.0.1"}}], check_mode=True)["results"] == []
    with pytest.raises(LabError, match=r"checks\[0\].ping.to: is required"):
        check.check([{"ping": {}}], check_mode=True)
