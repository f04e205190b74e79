# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The diagrams of the pages are those of the labs that the playbooks there build."""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from labmachine import ROOT

PAGES = ROOT / "docs"
#: So many pixels are the pages of the site wide, and so high labels are at least, of which there are 96 by 72 points.
PAGE, LEAST, POINT = 960, 10, 96 / 72


def diagrams(*words: str) -> tuple[int, list[str]]:
    """What the script says, and its status."""
    command = [sys.executable, str(ROOT / "scripts/diagrams.py"), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout.splitlines()


def test_they_are_up_to_date() -> None:
    assert diagrams("--check") == (0, [])


def written(drawing: str) -> set[str]:
    """What is written in a drawing."""
    text = (PAGES / drawing).read_text(encoding="utf-8").replace("&#160;", " ").replace("&#45;", "-")
    return set(re.findall(r"<text[^>]*>(.*?)</text>", text))


@pytest.mark.parametrize("drawing", sorted(PAGES.rglob("*.svg")), ids=lambda path: path.stem)
def test_they_can_be_read_on_a_page(drawing: pathlib.Path) -> None:
    text = drawing.read_text(encoding="utf-8")
    (width,) = (float(each) * POINT for each in re.findall(r'<svg width="(\d+)pt"', text))
    sizes = [float(each) * POINT for each in re.findall(r'font-size="([\d.]+)"', text)]
    assert min(sizes) * min(1, PAGE / width) >= LEAST


def test_what_they_show() -> None:
    """A lab's machines are frames, what is amiss has a word, and a lab about MAC addresses has these."""
    assert {"lab1", "lab2", "tagged VLAN 10, 20"} <= written("several_machines.svg")
    assert {"changed", "missing", "failed", "failed: a check failed here"} <= written("report.svg")
    assert {"00:00:5e:00:53:01", "00:00:5e:00:53:02"} <= written("scenarios/ethernet.svg")
    assert "DNAT 203.0.113.254:54321/tcp → 192.0.2.1" in {
        line.replace("&#8594;", "→") for line in written("scenarios/dnat.svg")
    }


def test_those_that_are_not_are_named_and_written_anew(tmp_path_factory: pytest.TempPathFactory) -> None:
    pages = pathlib.Path(tmp_path_factory.mktemp("pages"))
    shutil.copytree(PAGES, pages, dirs_exist_ok=True)
    for name in ("scenarios/veth.md", "scenarios/dns.md", "scenarios/vxlan.svg", "impairments.md"):
        text = (pages / name).read_text(encoding="utf-8")
        new = {
            "scenarios/veth.md": text.replace("(veth.svg)", "(other.svg)"),
            "scenarios/dns.md": text.replace("<!-- The diagram", "<!-- "),
            "impairments.md": text.replace("loss: 20", "loss: 30"),
        }
        (pages / name).write_text(new.get(name, "<svg/>"), encoding="utf-8")
    status, said = diagrams("--check", str(pages))
    names = ["scenarios/vxlan.svg", "impairments.svg", "scenarios/dns.md", "scenarios/veth.md"]
    assert (status, [line.split(" is ")[0] for line in said]) == (1, [str(pages / name) for name in names])
    assert (pages / "scenarios/vxlan.svg").read_text(encoding="utf-8") == "<svg/>"
    assert diagrams(str(pages))[0] == 0
    assert diagrams("--check", str(pages)) == (0, [])
    for name in ("scenarios/veth.md", "scenarios/vxlan.md"):
        assert (pages / name).read_text(encoding="utf-8") == (PAGES / name).read_text(encoding="utf-8")
    assert "198.51.100.2/24" in (pages / "scenarios/vxlan.svg").read_text(encoding="utf-8")
    assert "150 ms, loss 30 %" in (pages / "impairments.svg").read_text(encoding="utf-8").replace("&#160;", " ")
