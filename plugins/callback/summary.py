# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: summary
type: stdout
short_description: Ansible's usual output, and what became of each lab at its end
version_added: 0.1.0
description:
  - Shows what the callback P(ansible.builtin.default#callback) shows, and at the end in a few lines what became of each
    lab of the run, what was changed, how many checks passed, and which failed for what reason.
  - Checks that fail are shown with what was expected, what they got and the likely cause, once. All that they have
    returned is left out, unless there is C(-v).
extends_documentation_fragment:
  - default_callback
  - result_format_callback
requirements:
  - set as stdout_callback in the configuration
author:
  - Contributors to the tcpip.lab collection (@tcpip-lab)
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from textwrap import shorten
from typing import Any

from ansible import constants as C  # noqa: N812 - its name everywhere in Ansible
from ansible.plugins.callback.default import CallbackModule as Default

_TOPOLOGY = "tcpip.lab.topology"
_CHECKS = ("tcpip.lab.check", "tcpip.lab.witness")
#: What failed checks return besides their message, which says it all.
_DETAILS = frozenset({"changed", "leases", "report", "results"})
#: What Ansible says where sudo or the like asks for a password, and the way out.
_NO_PASSWORD = re.compile(r"Missing \w+ password|a password is required")
_ASK = "Labs need root, and a password is asked for on the way: add --ask-become-pass"
#: More steps than these are counted only.
_MOST_STEPS = 10
#: More characters than these of what a check expected, or of what it got, are left out.
_WIDTH = 80

Line = tuple[str, str]


@dataclass
class Lab:
    """What became of a lab. The checks are by what tells them apart: two machines may have a part in one.

    C(present) is None as long as nothing is known of it. The failures are by machine, and what it was to do.
    """

    name: str
    predicted: bool = False
    present: bool | None = None
    failures: dict[tuple[str, str], str] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    removals: list[str] = field(default_factory=list)
    checks: dict[tuple[int, int, str], list[Mapping[str, Any]]] = field(default_factory=dict)

    def done(self, host: str, state: str, changes: Iterable[Any]) -> None:
        """Note what a machine has done. If it had failed in that before, it has not any more."""
        self.failures.pop((host, state), None)
        own = [str(step) for step in changes]
        if state == "present":
            self.present = True
            self.steps += own
        elif state == "absent":
            self.present = bool(self.present)
            self.removals += own

    def lines(self) -> list[Line]:
        """All of it, each line with its colour."""
        return [*self._built(), *self._checked()]

    def _built(self) -> list[Line]:
        if self.failures:
            return [(f"Failed: {host}: {why}", C.COLOR_ERROR) for (host, _what), why in self.failures.items()]
        if self.present is None:
            return []
        steps = self.steps if self.present else self.removals
        done = ("Change", "Changed") if self.present else ("Remove", "Removed")
        word = f"Would {done[0].lower()}" if self.predicted else done[1]
        if not steps:
            return [(f"{word}: nothing", C.COLOR_OK)]
        few = steps if len(steps) <= _MOST_STEPS else []
        count = f"{len(steps)} step{'s' if len(steps) > 1 else ''}{':' if few else ''}"
        return [(line, C.COLOR_CHANGED) for line in (f"{word}: {count}", *(f"  {step}" for step in few))]

    def _checked(self) -> list[Line]:
        failed = {key: seen for key, seen in self.checks.items() if not all(each["ok"] for each in seen)}
        if not self.checks:
            return []
        if not failed:
            return [(f"Checks: {len(self.checks)} passed", C.COLOR_OK)]
        found = [f"Checks: {len(failed)} of {len(self.checks)} failed:"]
        for (_stage, _number, name), seen in failed.items():
            found += [f"  {name}", *(f"    {line}" for each in seen if not each["ok"] for line in _reasons(each))]
        return [(line, C.COLOR_ERROR) for line in found]


def _reasons(check: Mapping[str, Any]) -> list[str]:
    """What was expected and what it got, in one short line, and the likely cause."""
    expected, got = (shorten(str(check[key]), _WIDTH, placeholder=" ...") for key in ("expected", "got"))
    cause = [f"likely cause: {check['cause']}"] if check.get("cause") else []
    return [f"expected: {expected}; got: {got}", *cause]


class CallbackModule(Default):  # type: ignore[misc]  # Ansible does not say what its types are
    """The default callback, which also remembers what is told of labs."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "tcpip.lab.summary"

    def __init__(self) -> None:
        super().__init__()
        self._labs: dict[str, Lab] = {}
        self._current: Lab | None = None
        self._stage = 0
        self._asked = False

    def v2_playbook_on_task_start(self, task: Any, is_conditional: Any) -> None:
        """Note where a stage begins: what is built is checked next."""
        super().v2_playbook_on_task_start(task, is_conditional)
        self._stage += _action(task) == _TOPOLOGY

    def v2_runner_on_ok(self, result: Any) -> None:
        """Note what was done, or seen."""
        self._note(result)
        super().v2_runner_on_ok(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Note what failed."""
        self._note(result, failed=True)
        super().v2_runner_on_failed(result, ignore_errors)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Note what was lost."""
        self._note(result, failed=True)
        super().v2_runner_on_unreachable(result)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        """Note what one of several machines has seen."""
        self._note(result)
        super().v2_runner_item_on_ok(result)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        """Note what one of several machines has missed."""
        self._note(result, failed=True)
        super().v2_runner_item_on_failed(result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Say in the end what became of each lab."""
        super().v2_playbook_on_stats(stats)
        if self._asked:
            self._display.display(_ASK, color=C.COLOR_ERROR)
        for lab in self._labs.values():
            lines = lab.lines()
            if lines:
                self._display.banner(f"LAB {lab.name}")
            for line, colour in lines:
                self._display.display(line, color=colour)

    def _note(self, result: Any, failed: bool = False) -> None:
        # Until ansible-core 2.19 all of these begin with "_".
        task = result.task if hasattr(result, "task") else result._task
        said = result.result if hasattr(result, "result") else result._result
        host = result.host if hasattr(result, "host") else result._host
        self._asked = self._asked or bool(_NO_PASSWORD.search(f"{said.get('msg')} {said.get('module_stderr')}"))
        action = _action(task)
        if action == _TOPOLOGY and "results" not in said:  # each turn of a loop is noted, and not all of them again
            # Since ansible-core 2.20 a result does not have what was asked any more.
            self._note_topology(said, result._task_fields["args"], host.get_name(), bool(task.check_mode), failed)
        elif action in _CHECKS and self._current and not said.get("skipped"):
            results = said.get("results") or []
            if said.get("unreachable") and not results:
                self._current.failures[self.host_label(result), action] = str(said.get("msg"))
            own = [each for each in results if "ok" in each]  # and not what each turn of a loop has returned
            for number, each in enumerate(own):
                key = (self._stage, number if action == _CHECKS[0] else 0, str(each["name"]))
                self._current.checks.setdefault(key, []).append(each)

    def _note_topology(
        self, said: Mapping[str, Any], asked: Mapping[str, Any], host: str, predicted: bool, failed: bool
    ) -> None:
        name, state = str(asked.get("name") or ""), str(asked.get("state") or "present")
        # Of a task with no_log nothing is known, and where a template has failed the name may be one, too.
        if not name or "{{" in name or "censored" in said:
            return
        lab = self._current = self._labs.setdefault(name, Lab(name))
        lab.predicted = lab.predicted or predicted
        if "changes" in said:
            lab.done(host, state, said["changes"])
        elif failed:  # and not a job in the background, of which nothing is known yet
            lab.failures[host, state] = str(said.get("msg"))

    def _dump_results(self, result: Mapping[str, Any], *given: Any, **named: Any) -> str:
        if self._display.verbosity == 0 and _is_of_checks(result):
            result = {name: value for name, value in result.items() if name not in _DETAILS}
        return str(super()._dump_results(result, *given, **named))

    def _handle_exception(self, result: Any, *given: Any, **named: Any) -> None:
        """Since ansible-core 2.19 a failure is shown as an error, and once more with what it returned."""
        if not _is_of_checks(result):
            super()._handle_exception(result, *given, **named)


def _action(task: Any) -> str:
    """What a task does, by its whole name: a play with C(collections) may have it by its short one."""
    ours = f"tcpip.lab.{task.action}" in (_TOPOLOGY, *_CHECKS)  # of others, Ansible warns where it does not know it yet
    return str(task.resolved_action or task.action) if ours else str(task.action)


def _is_of_checks(result: Mapping[str, Any]) -> bool:
    """Whether it is what failed checks return."""
    results = result.get("results") or ()
    return "report" in result and "msg" in result and not all(each.get("ok") for each in results)
