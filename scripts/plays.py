# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks of the repository, as text, and what keeps one of them from being read."""

from __future__ import annotations

import typing as t

import yaml

if t.TYPE_CHECKING:
    import pathlib

Play = dict[str, t.Any]


class PlaybookError(Exception):
    """What is wrong with a playbook, with its file and line."""


def read(path: pathlib.Path) -> Play:
    """The only play of a playbook, each stage of whose lab has a title.

    :raises PlaybookError: when it is something else.
    """
    text = path.read_text(encoding="utf-8")
    try:
        plays = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line if error.problem_mark else 0
        raise _fault(path, line, f"{error.problem}") from None
    if not isinstance(plays, list) or len(plays) != 1 or not isinstance(plays[0], dict):
        raise _fault(path, 0, "is not a list of one play")
    for number, stage in enumerate((plays[0].get("vars") or {}).get("lab_stages") or ()):
        if not isinstance(stage, dict) or not isinstance(stage.get("title"), str):
            line = _line(text, 0, "vars", "lab_stages", number)
            raise _fault(path, line, f"lab_stages[{number}] has no title, which is a text")
    return t.cast("Play", plays[0])


def _fault(path: pathlib.Path, line: int, reason: str) -> PlaybookError:
    return PlaybookError(f"{path.parent.name}/{path.name}:{line + 1}: {reason}")


def _line(text: str, *way: str | int) -> int:
    """Where it stands that is found by these keys and numbers."""
    node: t.Any = yaml.compose(text)
    for step in way:
        node = node.value[step] if isinstance(step, int) else next(v for k, v in node.value if k.value == step)
    return int(node.start_mark.line)
