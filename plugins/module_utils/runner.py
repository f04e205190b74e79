# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all modules do alike: read their options, run the engine, and turn errors into failed tasks."""

from __future__ import annotations

import gc
import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from . import engine, interruption, observe, topology, values
from .command import HIDDEN, MAY_BE_SECRET
from .engine import Outcome, Request
from .errors import LabError
from .interruption import InterruptionError
from .kinds import KINDS, Resource
from .netlink import Sockets
from .options import argument_spec
from .requirements import PYROUTE2_MINIMUM, pyroute2_version, suffices
from .scope import Scope

#: A module is a process of a few seconds, which makes hardly a cycle. Looking for some is a tenth of its time.
gc.disable()

STATE = {"type": "str", "choices": ["present", "absent"], "default": "present"}
#: Of the options those that say what a run is about.
_ABOUT = ("name", "netns", "dev", "dst", "state")


class _Items(list[Any]):
    """The items of a lab. Ansible copies all that a module is given, part by part; nobody changes these."""

    def __deepcopy__(self, _copied: Any) -> _Items:
        return self


def _uncopied(options: dict[str, Any]) -> dict[str, Any]:
    return {name: _Items(value) for name, value in options.items() if isinstance(value, list)}


class Discreet(AnsibleModule):  # type: ignore[misc]  # Ansible does not say what its types are
    """A module that tells the machine's system log what it is about, and not all options: some may hold secrets."""

    def _load_params(self) -> None:
        super()._load_params()
        self.params.update(_uncopied(self.params))
        document = self.params.get(topology.DOCUMENT)
        if isinstance(document, dict):
            document.update(_uncopied(document))

    def _log_invocation(self) -> None:
        """In the place of Ansible's own, which logs all of them."""
        about = {name: self.params.get(name) for name in _ABOUT}
        words = [f"{name}={value}" for name, value in about.items() if isinstance(value, str)]
        self.log(" ".join(["Invoked with", *words]))


def run_kind(kind: type[Resource]) -> None:
    """The whole of a module that manages one resource of C(kind)."""
    module = Discreet({**argument_spec(kind.OPTIONS), "state": STATE}, supports_check_mode=True)
    require(module)
    hidden = {name: HIDDEN for name in MAY_BE_SECRET if module.params.get(name)}
    asked = {"module_args": {**module.params, **hidden}}
    interruption.listen()
    try:
        module.exit_json(**_manage(module, kind), invocation=asked)
    except LabError as error:
        module.fail_json(msg=str(error), invocation=asked)
    except InterruptionError as error:
        module.fail_json(msg=f"{error} (nothing was changed)", invocation=asked)


def run_topology() -> None:
    """The whole of the module that manages a lab."""
    lists: dict[str, Any] = {kind: {"type": "list", "elements": "dict"} for kind in KINDS}
    lists[topology.DOCUMENT] = {"type": "dict"}
    state = {**STATE, "choices": ["present", "absent", "reverted"]}
    # What the action plugin looks at on the controller; of the machines it hands on that there are several.
    many = {"machines": {"type": "dict"}, "underlay_port": {"type": "int", "default": values.VXLAN_PORT}}
    module = Discreet({"name": {"required": True}, "state": state, **many, **lists}, supports_check_mode=True)
    require(module)
    # The task has the lab already: said again in the result, it would be a third of the time of ansible-playbook.
    asked = {"module_args": {name: module.params[name] for name in ("name", "state")}}
    interruption.listen()
    try:
        module.exit_json(**_run_lab(module.params, module.check_mode).result(), invocation=asked)
    except LabError as error:
        module.fail_json(msg=str(error), invocation=asked)
    except InterruptionError as error:
        module.fail_json(msg=f"{error} (nothing was changed)", invocation=asked)


def require(module: AnsibleModule, purpose: str = "to change namespaces and links") -> None:
    """Fail with a message that says what to do if the module cannot work here: no root, no pyroute2."""
    if os.geteuid() != 0:
        module.fail_json(msg=f"root privileges are needed {purpose} (set become: true)")
    version = pyroute2_version()
    if not version:
        module.fail_json(msg=missing_required_lib(f"pyroute2 >= {PYROUTE2_MINIMUM}"))
    if not suffices(version):
        module.fail_json(msg=f"pyroute2 {version} is too old, {PYROUTE2_MINIMUM} or newer is needed")


def _manage(module: AnsibleModule, kind: type[Resource]) -> dict[str, Any]:
    given = {name: module.params[name] for name in kind.OPTIONS if module.params[name] is not None}
    resource = kind.parse(given, "")
    present = module.params["state"] == "present"
    request = Request(present=[resource.complete()]) if present else Request(absent=[resource])
    outcome = engine.run(request, module.check_mode)
    state = outcome.state
    if outcome.changed and not module.check_mode:
        with Sockets() as sockets:
            state = observe.read(Scope.of([resource]), sockets)
    return {**outcome.result(), kind.KIND: resource.live(state)}


def _run_lab(params: dict[str, Any], check: bool) -> Outcome:
    try:
        lab = values.lab(params["name"])
    except ValueError as error:
        raise LabError(str(error), "name") from None
    if params["state"] == "reverted":
        return engine.revert(lab, check)
    if params["state"] == "absent":
        return engine.run(Request(lab=lab, forgets=True), check)
    resources = topology.parse(topology.whole(params))
    if not resources and params["machines"] is None:  # one of several machines may have nothing of a lab
        raise LabError("nothing is declared", hint="state: absent removes a lab")
    return engine.run(Request(present=resources, lab=lab), check)
