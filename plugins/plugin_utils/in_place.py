# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules that are not packed for a machine when that is the one where Ansible runs.

Ansible packs a module with all that it imports into an archive, from which the machine's Python compiles it each time.
For the machine itself, and the very interpreter of Ansible, all of it lies there already, compiled: it is run from
there, as a process of its own and by the same connection, with the same privileges and the same options.
"""

from __future__ import annotations

import json
import os
import pathlib
import sys
import typing as t

import ansible
from ansible.executor import module_common
from ansible.plugins.action import ActionBase

_ROOT = ("ansible_collections", "tcpip", "lab")
_PROFILE = "legacy"
_SHEBANG = f"#!{sys.executable}"


class InPlace(ActionBase):  # type: ignore[misc]  # Ansible does not say what its types are
    """An action that runs the module of its own name."""

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Run the module, once."""
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        return {**result, **self.run_module(dict(self._task.args), task_vars or {})}

    def run_module(self, args: dict[str, t.Any], known: dict[str, t.Any]) -> dict[str, t.Any]:
        """Run the module with these options."""
        done: dict[str, t.Any] = self._execute_module(
            module_args=args, task_vars=known, wrap_async=self._task.async_val
        )
        return done

    def _configure_module(self, module_name: str, module_args: dict[str, t.Any], task_vars: dict[str, t.Any]) -> t.Any:
        """What Ansible hands to the interpreter: here it makes an archive otherwise."""
        path = pathlib.Path(__file__).parents[1] / f"modules/{module_name.rpartition('.')[2]}.py"
        if path.parts[-6:-3] != _ROOT or not path.exists() or not self.is_here(task_vars):
            return super()._configure_module(module_name, module_args, task_vars)
        return _built(_program(path, module_args, self.looks_ahead(module_args)), str(path))

    def looks_ahead(self, _args: t.Mapping[str, t.Any]) -> str:
        """The lab at whose namespaces the module will look first of all, empty if it is none."""
        return ""

    def is_here(self, task_vars: dict[str, t.Any]) -> bool:
        """Whether the module is for this machine, this interpreter, and for us or for root."""
        become = self._connection.become
        user = become.get_option("become_user", playcontext=self._play_context) if become else None
        interpreter = self._templar.template(task_vars.get("ansible_python_interpreter"))
        return (
            self._connection.transport == "local"
            and not self._task.delegate_to
            and user in (None, "root")
            and bool(interpreter)
            and _is_ours(str(interpreter))
        )


def _is_ours(interpreter: str) -> bool:
    """Whether it is the Python that runs Ansible: the same program, of the same environment."""
    here = os.path.dirname(interpreter) == os.path.dirname(sys.executable)
    return here and os.path.exists(interpreter) and os.path.samefile(interpreter, sys.executable)


def _program(path: pathlib.Path, args: dict[str, t.Any], lab: str) -> bytes:
    """What runs a module with its options."""
    given = {
        "module": ".".join((*_ROOT, "plugins", "modules", path.stem)),
        "collections": str(path.parents[4]),
        "ansible": str(pathlib.Path(ansible.__file__).parents[1]),
        "options": _encoded({"ANSIBLE_MODULE_ARGS": args}),
        "profile": _PROFILE,
        "lab": lab,
    }
    text = pathlib.Path(__file__).with_name("begin_in_place.py").read_text(encoding="utf-8")
    # What runs a task in the background looks at the first line for the interpreter.
    return f"{_SHEBANG}\n{text}\n\nbegin(**{given!r})\n".encode()


def _encoded(args: dict[str, t.Any]) -> str:
    """Options as a module reads them."""
    try:
        from ansible.module_utils.common.json import Direction, get_module_encoder  # noqa: PLC0415
    except ImportError:  # before ansible-core 2.19
        from ansible.module_utils.common.json import AnsibleJSONEncoder  # noqa: PLC0415

        return json.dumps(args, cls=AnsibleJSONEncoder, vault_to_text=True)
    return json.dumps(args, cls=get_module_encoder(_PROFILE, Direction.CONTROLLER_TO_MODULE))


def _built(program: bytes, path: str) -> t.Any:
    """The same as Ansible has it, which depends on its version."""
    if not hasattr(module_common, "_BuiltModule"):  # before ansible-core 2.19
        return "new", _SHEBANG, program, path
    built = module_common._BuiltModule(
        b_module_data=program, module_style="new", shebang=_SHEBANG, serialization_profile=_PROFILE
    )
    return built, path
