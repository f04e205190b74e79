# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``matrix.py``: writes docs/matrix.md, what the collection is tested with, of the last whole run of ``make test``.

What the tables list is tests/matrix.txt and tests/controllers.txt; how many tests passed with it is what the run noted.
"""

from __future__ import annotations

import json
import pathlib
import re
import sys
import typing as t
import xml.etree.ElementTree as ET

import prove

PAGE = prove.ROOT / "docs/matrix.md"
#: The environment of all other steps, from which the rows of the tables differ.
_OWN = ("ansible-core", "pyroute2")
_NOT_YET = "no run yet"

Row = t.Sequence[str]
Steps = t.Mapping[str, int]


def page(ran: t.Mapping[str, t.Any], back_ends: t.Mapping[str, int]) -> str:
    """The page.

    :param ran: what a run of the tests noted; without `steps`, none has.
    :param back_ends: how many tests passed with each back end of iptables.
    """
    steps: Steps = ran.get("steps", {})
    own = dict(line.split("==") for line in prove.pinned(_OWN))
    kernel = _version(ran["kernel"]) if ran else ""
    on = f"The last run was on {ran['system']}, Linux {kernel}." if ran else "No run has been noted yet."
    kernels = [(name.removeprefix(prove.ON_SECOND_KERNEL), number) for name, number in steps.items() if _emulated(name)]
    return "\n".join(
        [
            "# What it is tested with\n",
            "Written by `make matrix`, of what `make test`, `make test-versions` and `make test-scenarios` noted when",
            f"all of it passed. {on}",
            f"All other tests have ansible-core {own['ansible-core']} and pyroute2 {own['pyroute2']}.\n",
            "## Where the modules run",
            *_table(("Python", "pyroute2"), _rows("matrix.txt", prove.step_of_managed, steps)),
            "The modules by all of their examples, all drift, and a lab's whole life.\n",
            "## Where Ansible runs",
            *_table(("Python", "ansible-core"), _rows("controllers.txt", prove.step_of_controller, steps)),
            "Playbooks as a user runs them, and tasks inside of namespaces, by the connection `netns`.\n",
            *_table(("Python", "ansible-core"), _rows("controllers.txt", prove.step_over_machines, steps)),
            "Labs over several machines.\n",
            "## Kernels",
            *_table(
                ("Linux",),
                [
                    *([(kernel, str(steps[prove.IN_MACHINES]))] if ran else []),
                    *((name.strip(), str(number)) for name, number in kernels),
                ],
            ),
            "## Address translation",
            *_table(("back end of iptables",), [(name, str(number)) for name, number in back_ends.items()]),
            *(
                ["## What could not run there", *(f"- {each}" for each in ran["not_run"]), ""]
                if ran.get("not_run")
                else []
            ),
        ]
    )


def _version(kernel: str) -> str:
    """Without what whoever built it has added, which tells nobody else anything."""
    return re.split(r"\.?[^0-9.]", kernel, maxsplit=1)[0]


def _emulated(step: str) -> bool:
    return step.startswith(prove.ON_SECOND_KERNEL)


def _rows(file: str, name: t.Callable[[str, str], str], steps: Steps) -> list[Row]:
    """The versions of a list, and how many tests passed with them."""
    return [(python, other, str(steps.get(name(python, other), _NOT_YET))) for python, other in prove.rows(file)]


def _table(heads: Row, rows: t.Iterable[Row]) -> list[str]:
    heads, rows = (*heads, "tests that passed"), [*rows]
    if not rows:
        return [f"There was {_NOT_YET}.\n"]
    lines = [heads, ["---"] * len(heads), *rows]
    return [*(f"| {' | '.join(line)} |" for line in lines), ""]


def back_ends(report: pathlib.Path) -> dict[str, int]:
    """How many tests passed with each back end of iptables, by pytest's report."""
    cases = ET.parse(report).iter("testcase") if report.exists() else ()  # noqa: S314 - pytest wrote it
    names = [str(case.get("name")) for case in cases if not len(case)]
    return {each: sum(bool(re.search(rf"\b{each}\b", name)) for name in names) for each in ("nft", "legacy")}


def noted() -> dict[str, t.Any]:
    """What the last runs of all commands have noted of one commit, as if it had been one; nothing without the tests."""
    first, *more = (command.__name__ for command in prove.NOTED)
    found = _of(first)
    for command in more if found else ():
        ran = _of(command)
        if ran.get("commit") == found["commit"]:
            found["steps"] = {**ran["steps"], **found["steps"]}
            found["not_run"] += [each for each in ran["not_run"] if each not in found["not_run"]]
        else:
            found["not_run"].append(f"`make test-{command}`: no whole run of the same commit")
    return found


def _of(command: str) -> dict[str, t.Any]:
    """What the last run of a command has noted; nothing if there was none."""
    file = prove.RAN / f"ran-{command}.json"
    found: dict[str, t.Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return found


def main() -> int:
    """The command line."""
    ran = noted()
    if not ran:
        print("there is no run to write of: make test", file=sys.stderr)
        return 1
    PAGE.write_text(page(ran, back_ends(prove.report_of(prove.IN_MACHINES))), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
