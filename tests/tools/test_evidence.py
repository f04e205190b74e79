# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scenarios' pages show as seen is of the labs that the playbooks build, and is seen again."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import typing as t

import evidence
import pytest
import rendered

if t.TYPE_CHECKING:
    import pathlib


@pytest.fixture(scope="module", autouse=True)
def rendered_labs() -> None:
    """What the playbooks give to the modules."""
    subprocess.run([sys.executable, rendered.__file__], check=True)


def test_it_is_of_the_labs_that_there_are() -> None:
    assert evidence.outdated(rendered.scenarios()) == []


def test_a_page_of_another_lab_is_named(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("veth", "dns"):
        shutil.copy(evidence.PAGES / f"{name}.md", tmp_path)
    monkeypatch.setattr(evidence, "PAGES", tmp_path)
    page = (tmp_path / "veth.md").read_text(encoding="utf-8")
    (tmp_path / "veth.md").write_text(page.replace(evidence.digest("veth"), "0" * 64), encoding="utf-8")
    assert evidence.outdated(["veth", "dns"]) == ["veth"]


def outcomes(page: str) -> list[str]:
    """What became of each check, without what is another one each time."""
    found = re.findall(r"^ok .*", page, re.MULTILINE)
    return [re.sub(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", "MAC", line) for line in found]


def test_it_is_seen_again() -> None:
    page = (evidence.PAGES / "veth.md").read_text(encoding="utf-8")
    again = evidence.shown("veth", page, evidence.look("veth"))
    assert outcomes(again) == outcomes(page) != []
    assert evidence.shown("veth", again, evidence.look("veth")) != page  # seen, and not copied
