# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's own part: root, check mode, and that the examples of the documentation are those that are run."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml
from ansible_collections.tcpip.lab.plugins.filter import check_steps
from ansible_collections.tcpip.lab.plugins.module_utils.checks import actions
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.modules import witness

TARGET = pathlib.Path(__file__).parents[2] / "integration/targets/witness/tasks"


@pytest.mark.parametrize(("file", "documented"), [("examples.yml", witness), ("steps.yml", check_steps)])
def test_the_examples_are_those_that_are_tested(file: str, documented: t.Any) -> None:
    assert (TARGET / file).read_text(encoding="utf-8").endswith(documented.EXAMPLES.lstrip())


def test_the_documentation_has_every_key_and_word() -> None:
    options = yaml.safe_load(witness.DOCUMENTATION)["options"].values()
    described = " ".join(line for option in options for line in option["description"])
    keys = {*actions.ACTION, *actions.WITNESS, *actions.SERVER, *actions.LEASE}
    words = actions.WITNESS["part"].choices
    assert [key for key in keys if f"C({key})" not in described] == []
    assert [word for word in words if f"V({word})" not in described] == []


def test_without_root_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(LabError, match="need the privileges of root"):
        witness.witness([{"leases": {}}], [], check_mode=False)


def test_check_mode_reads_the_actions_and_does_none() -> None:
    assert witness.witness([{"leases": {}}], [], check_mode=True)["results"] == []
    with pytest.raises(LabError, match=r"leases\[0\].address: is required"):
        witness.witness([], [{"name": "dnsmasq"}], check_mode=True)
