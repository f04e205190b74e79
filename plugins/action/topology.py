# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module C(tcpip.lab.topology), with its machine's part of a lab that is spread over several."""

from __future__ import annotations

import contextlib
import copy
import shlex
import threading
import typing as t

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.validation import check_type_dict
from ansible.utils.display import Display
from ansible_collections.tcpip.lab.plugins.plugin_utils.in_place import InPlace
from ansible_collections.tcpip.lab.plugins.plugin_utils.written import placed

#: Connections by which two commands can run at once.
_CONNECTIONS = ("local", "ssh")
_EVERY_S = 1.5
#: The role that puts topologies together, and its variable that says where they were written.
_ROLE, _WRITTEN = "tcpip.lab.lab", "lab_written"
#: So many characters of what a machine tells are shown.
_MOST = 200


class ActionModule(InPlace):
    """Each machine cuts the same document in the same way, and hands its own part to the module."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Run the module, and keep of a lab that may be large what identifies it.

        With the result of a task, Ansible hands over what the task was given, though who takes it has that already.
        """
        result = super().run(tmp, task_vars)
        if result.get("failed"):
            result["msg"] = self._placed(str(result.get("msg", "")), task_vars or {})
        if not self._task.until and not self._task.retries:  # otherwise it may be needed again
            self._task.args = {name: self._task.args[name] for name in ("name", "state") if name in self._task.args}
        return result

    def _placed(self, said: str, known: t.Mapping[str, t.Any]) -> str:
        """What the module said, with the places of what it was given where the role C(lab) has put that together."""
        written: t.Any = {}
        role = self._task._role and self._task._role.get_name()
        if role == _ROLE and "machines" not in self._task.args:  # of its part of a lab the module has other places
            with contextlib.suppress(AnsibleError):  # what is told matters more than where it is
                written = self._templar.template(known.get(_WRITTEN))
        return placed(said, written or {})

    def run_module(self, args: dict[str, t.Any], known: dict[str, t.Any]) -> dict[str, t.Any]:
        """Run the module, once."""
        found: dict[str, t.Any] = {}
        machines, port = args.pop("machines", None), args.pop("underlay_port", None)
        if machines is not None and args.get("state", "present") == "present":
            args, found = _part(args, machines, port, known["inventory_hostname"])
        with self._followed(args.get("name")):
            return {**super().run_module(args, known), **found}

    def looks_ahead(self, args: t.Mapping[str, t.Any]) -> str:
        """A lab that is removed goes with its namespaces: nobody looks what is in them."""
        return str(args.get("name", "")) if args.get("state", "present") != "absent" else ""

    @contextlib.contextmanager
    def _followed(self, lab: t.Any) -> t.Iterator[None]:
        """Meanwhile tell how far the work has come, if it takes long."""
        if self._task.async_val or self._task.check_mode or self._connection.transport not in _CONNECTIONS:
            yield
            return
        done = threading.Event()
        follower = threading.Thread(target=_apart(self)._follow, args=(str(lab), done), daemon=True)
        follower.start()
        try:
            yield
        finally:
            done.set()
            follower.join(_EVERY_S)

    def _follow(self, lab: str, done: threading.Event) -> None:
        """Tell what the module tells in the file that it holds locked."""
        command = f"cat {shlex.quote(f'/run/tcpip.lab/{lab}.lock')} 2>/dev/null"  # by a terminal both are one
        with contextlib.suppress(AnsibleError):  # a machine that is lost is the module's to tell
            while not done.wait(_EVERY_S):
                line = _shown(self._low_level_execute_command(command, sudoable=True)["stdout"])
                if line and not done.is_set():
                    Display().display(f"{self._task.get_name()}: {line}", stderr=True)


def _shown(said: str) -> str:
    """What a machine tells, as one line for a terminal: nothing in it moves a cursor."""
    return "".join(filter(str.isprintable, said.strip()[:_MOST]))


def _apart(action: ActionModule) -> ActionModule:
    """The same with a connection of its own, whose become plugin remembers what it waits for."""
    found = copy.copy(action)
    found._connection = copy.copy(action._connection)
    if found._connection.become:
        found._connection.set_become_plugin(copy.copy(found._connection.become))
    return found


def _parsed(args: dict[str, t.Any], name: str) -> dict[str, t.Any]:
    """The options, of which this one may be a text in JSON, as it may be for the module."""
    if not isinstance(args.get(name), str):
        return args
    try:
        return {**args, name: check_type_dict(args[name])}
    except TypeError as error:
        raise AnsibleActionFail(f"{name}: {error}") from None


def _part(args: dict[str, t.Any], machines: t.Any, port: t.Any, name: str) -> tuple[dict[str, t.Any], dict[str, t.Any]]:
    """The module's options for the machine, and what is known of the whole."""
    # A lab on one machine needs nothing of this, so that it does not have to wait for its import.
    from ansible_collections.tcpip.lab.plugins.module_utils import spread, topology  # noqa: PLC0415
    from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError  # noqa: PLC0415

    try:
        whole = spread.read(topology.whole(_parsed(args, topology.DOCUMENT)), machines, port)
    except LabError as error:
        raise AnsibleActionFail(str(error)) from None
    if name not in whole.parts:
        raise AnsibleActionFail(f"machines: {name} is not among them, and would have no part of the lab")
    # That there are several machines is what lets one of them have nothing of the lab.
    return {"name": args.get("name"), "machines": {}, **whole.parts[name]}, {"placement": whole.told()}
