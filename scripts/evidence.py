# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``evidence.py [--all|--check] [NAMES]``: goes through each scenario's stages, and writes what is seen into its page.

Each is built in a throw-away machine by the modules, of what its playbook gives them; those that this machine's kernel
cannot have are built under emulation (tests/emulated.py). Needs root. Whatever is shown has been seen, to the last
digit. So that a run changes only what has changed, a page says of which lab it has the evidence, and keeps it as long
as the playbook declares the same lab; ``--all`` looks anew at all of them. ``--check`` looks at nothing: it names the
pages that are not up to date, and fails if there are any.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import typing as t

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs/scenarios"
BEGIN, END = (
    '<!-- What is seen, by "make evidence", of the lab with the SHA-256 {} -->',
    "<!-- End of what is seen. -->",
)
_SHOWN = re.compile(BEGIN.format("[0-9a-f]+") + "\n.*?" + END + "\n", re.DOTALL)
#: What is shown stands before this.
_NEXT = "## What to try\n"

sys.path[:0] = [str(ROOT / ".collections"), str(ROOT / "tests")]
import emulated  # noqa: E402
import kernel_rules  # noqa: E402
import rendered  # noqa: E402
from served import ServedMachine  # noqa: E402

#: What the checks of each stage report.
Seen = list[list[str]]
_BY_EMULATION = "--emulated"


def digest(name: str) -> str:
    """What tells a lab from another one: all that it declares, and its checks."""
    lab = dataclasses.asdict(rendered.read(name))
    del lab["words"]
    return hashlib.sha256(json.dumps(lab, sort_keys=True).encode()).hexdigest()


def outdated(names: t.Iterable[str]) -> list[str]:
    """Those whose pages have no evidence, or that of another lab."""
    return [name for name in names if BEGIN.format(digest(name)) not in _page(name).read_text(encoding="utf-8")]


def look(name: str) -> Seen:
    """Build a lab stage after stage, and make the checks of each.

    :raises labmachine.ModuleFailed: when a check is not met.
    """
    lab = rendered.read(name)
    with ServedMachine.start() as machine:
        reports = []
        for topology, checks in zip(lab.topologies, lab.checks, strict=True):
            machine.module("topology", name=lab.name, **topology)
            reports.append(machine.module("check", checks=checks)["report"])
        return reports


def look_all(names: t.Sequence[str]) -> t.Iterator[tuple[str, Seen]]:
    """What is seen of each, one after another; last of those that this machine's kernel cannot have, by emulation."""
    left = [] if kernel_rules.has_vlan_filtering() else [name for name in names if name in kernel_rules.VLAN_SCENARIOS]
    for name in names:
        if name not in left:
            yield name, look(name)
    if left:
        if emulated.boot([sys.executable, __file__, _BY_EMULATION, *left]):
            raise SystemExit("under emulation it failed, see above")
        yield from json.loads((emulated.REPORTS / "evidence.json").read_text(encoding="utf-8")).items()


def shown(name: str, page: str, seen: Seen) -> str:
    """The page with what was seen: where it was, else before what there is to try."""
    (play,) = yaml.safe_load((ROOT / f"playbooks/{name}.yml").read_text(encoding="utf-8"))
    stages = zip(play["vars"]["lab_stages"], seen, strict=True)
    parts = [_stage(number, stage["title"], report) for number, (stage, report) in enumerate(stages, 1)]
    part = "\n".join([BEGIN.format(digest(name)), "## What is seen", *parts, END, ""])
    # The texts are no patterns of replacement.
    return _SHOWN.sub(lambda _: part, page) if _SHOWN.search(page) else page.replace(_NEXT, f"{part}\n{_NEXT}", 1)


def _stage(number: int, title: str, report: list[str]) -> str:
    """The outcomes, and behind them, folded up, all that was seen."""
    outcomes = "\n".join(line for line in report if not line.startswith(" "))
    whole = "\n".join(report)
    return "\n".join(
        [
            f"### Stage {number}: {title}\n```text\n{outcomes}\n```\n",
            f"<details><summary>The evidence</summary>\n\n```text\n{whole}\n```\n\n</details>\n",
        ]
    )


def _page(name: str) -> pathlib.Path:
    return PAGES / f"{name}.md"


def main() -> int:
    """The command line."""
    words = sys.argv[1:]
    names = [word for word in words if not word.startswith("--")]
    if _BY_EMULATION in words:
        found = {name: look(name) for name in names}
        (emulated.REPORTS / "evidence.json").write_text(json.dumps(found), encoding="utf-8")
        return 0
    subprocess.run([sys.executable, rendered.__file__], check=True)
    names = names or rendered.scenarios()
    old = names if "--all" in words else outdated(names)
    if "--check" in words:
        print(*(f"{_page(name)} is not up to date: make evidence" for name in old), sep="\n")
        return 1 if old else 0
    for name, seen in look_all(old):
        _page(name).write_text(shown(name, _page(name).read_text(encoding="utf-8"), seen), encoding="utf-8")
        print(f"{_page(name)} is new")
    return 0


if __name__ == "__main__":
    sys.exit(main())
