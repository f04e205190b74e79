# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what each task of a run came to into a file, for tests that compare runs with each other."""

from __future__ import annotations

DOCUMENTATION = r"""
name: record
type: notification
short_description: Note the results of a run's tasks
description:
  - Writes one JSON object per task and host into a file named after the playbook.
  - The name ends in C(-check) for a run in check mode.
options:
  directory:
    description: Where the files are. Nothing is noted without it.
    type: path
    env:
      - name: LAB_RECORD
"""

import json
import pathlib
import typing as t

from ansible import context
from ansible.plugins.callback import CallbackBase

KEPT = ("changed", "failed", "skipped", "diff", "msg")


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Notes every end of a task alike, however it ended."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record"
    CALLBACK_NEEDS_ENABLED = True

    _file: pathlib.Path | None = None

    def v2_playbook_on_start(self, playbook: t.Any) -> None:
        """Begin the file anew."""
        directory = self.get_option("directory")
        if directory:
            name = pathlib.Path(playbook._file_name).stem + ("-check" if context.CLIARGS["check"] else "")
            self._file = pathlib.Path(directory) / name
            self._file.parent.mkdir(exist_ok=True)
            self._file.write_text("", encoding="utf-8")

    def _note(self, result: t.Any, *_more: t.Any, **_most: t.Any) -> None:
        if self._file is None:
            return
        said = result.result if hasattr(result, "result") else result._result  # before ansible-core 2.19
        outcome = {key: said[key] for key in KEPT if key in said}
        task, host = (result.task, result.host) if hasattr(result, "task") else (result._task, result._host)
        line = {"task": task.get_name(), "action": task.action, "host": host.get_name(), **outcome}
        line["args"] = said.get("invocation", {}).get("module_args")
        with self._file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line, default=str) + "\n")

    v2_runner_on_ok = v2_runner_on_failed = v2_runner_on_skipped = v2_runner_on_unreachable = _note
