# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A throw-away machine on which modules and playbooks of the collection are run, as the tests want to see them."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import sys
import tempfile
import typing as t

import ansible
import snapshot
import throwaway

ROOT = pathlib.Path(__file__).resolve().parent.parent
COLLECTIONS = ROOT / ".collections"
BIN = pathlib.Path(sys.prefix) / "bin"
ANSIBLE_DIRECTORY = str(pathlib.Path(ansible.__file__).parent)

Task = dict[str, t.Any]


class ModuleFailed(AssertionError):  # noqa: N818 - it is what happened
    """A module failed where the test did not expect it; `.result` is what it said."""

    def __init__(self, name: str, result: dict[str, t.Any]) -> None:
        super().__init__(f"{name}: {result.get('msg')}\n{result.get('exception', '')}")
        self.result = result


@dataclasses.dataclass(frozen=True)
class Run:
    """What a run of ansible-playbook came to."""

    rc: int
    stdout: str
    tasks: list[Task]

    @property
    def changed(self) -> int:
        """How many tasks changed something (or would, in check mode)."""
        return sum(bool(task.get("changed")) for task in self.tasks)

    @property
    def changes(self) -> list[Task]:
        """The tasks that changed something, and their diffs: what a run and its prediction are compared by."""
        return changes(self.tasks)


def changes(tasks: t.Iterable[Task]) -> list[Task]:
    """Of recorded tasks those that changed something, machine by machine, without what a check run cannot know."""
    found = [{key: task.get(key) for key in ("task", "host", "diff")} for task in tasks if task.get("changed")]
    return sorted(found, key=lambda task: str(task["host"]))


def read_record(directory: str | os.PathLike[str], playbook: str, check: bool = False) -> list[Task]:
    """The tasks that the callback `record` noted of the last run of a playbook; none when it did not get so far."""
    file = pathlib.Path(directory) / (pathlib.Path(playbook).stem + ("-check" if check else ""))
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def ansible_environment(record: str) -> dict[str, str]:
    """The variables under which this checkout's playbooks run, whatever the user's own configuration says."""
    return {
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests/plugins/callback"),
        "ANSIBLE_CALLBACKS_ENABLED": "record",
        "ANSIBLE_NOCOLOR": "1",
        "LAB_RECORD": record,
    }


class LabMachine(throwaway.Machine):
    """A throw-away machine with modules, playbooks and snapshots."""

    module_python = sys.executable

    def module(
        self, _module: str, /, _check: bool = False, _diff: bool = False, _fails: bool = False, **options: t.Any
    ) -> dict[str, t.Any]:
        """The result of a module of this collection, run in the machine.

        :param _check: run it in check mode.
        :param _diff: ask for the diff.
        :param _fails: the module is expected to fail; it is an error if it does not.
        :raises ModuleFailed: when it fails and was not expected to.
        """
        args = {**options, "_ansible_check_mode": _check, "_ansible_diff": _diff}
        printed = self.print_of_module(self.order(_module, args))
        lines = [line for line in printed.splitlines() if line.startswith("{")]
        if not lines:
            raise AssertionError(f"{_module} printed no result:\n{printed}")
        result: dict[str, t.Any] = json.loads(lines[-1])
        if _fails:
            assert result.get("failed"), f"{_module} should have failed: {result}"
        elif result.get("failed"):
            raise ModuleFailed(_module, result)
        return result

    def order(self, module: str, args: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """What run_module.py is told."""
        return {"ansible": ANSIBLE_DIRECTORY, "collections": str(COLLECTIONS), "module": module, "args": args or {}}

    def print_of_module(self, order: dict[str, t.Any]) -> str:
        """What a module prints, by an order as run_module.py takes it."""
        command = [self.module_python, str(ROOT / "tests/run_module.py")]
        done = self.run(command, check=False, input=json.dumps(order), timeout=300)
        return done.stdout + done.stderr

    def playbook(self, path: str | os.PathLike[str], *arguments: str, _fails: bool = False, **variables: t.Any) -> Run:
        """Run ansible-playbook in the machine, from this checkout's top directory.

        :param path: the playbook, from the top of the checkout or absolute.
        :param arguments: more words for the command line, such as ``--check``.
        :param _fails: the run is expected to fail; it is an error if it does not.
        :param variables: extra variables.
        :raises AssertionError: with the output, when it fails and was not expected to.
        """
        with tempfile.TemporaryDirectory(dir=os.path.expanduser("~")) as directory:
            extra = ["--extra-vars", json.dumps(variables)] if variables else []
            done = self.run(
                [str(BIN / "ansible-playbook"), str(path), *extra, *arguments],
                check=False,
                cwd=str(ROOT),
                env=ansible_environment(directory),
                timeout=900,
            )
            tasks = read_record(directory, str(path), "--check" in arguments)
        run = Run(done.returncode, done.stdout + done.stderr, tasks)
        assert bool(run.rc) == _fails, run.stdout
        return run

    def snapshot(self) -> snapshot.Snapshot:
        """All that a lab could leave behind in the machine."""
        answer: snapshot.Snapshot = json.loads(self.run([sys.executable, str(ROOT / "tests/snapshot.py")]).stdout)
        return answer
