# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: stages_fault
short_description: What is wrong with a scenario's stages
version_added: 0.1.0
description:
  - Reads the stages of a scenario as the role P(tcpip.lab.lab#role) takes them, and tells the first fault in one
    sentence, with the stage and the check that it is in. The text is empty if there is none.
  - A fault is a key that a stage has not got, a stage without a title, what is no topology for
    P(tcpip.lab.stages#filter), and a check that M(tcpip.lab.check) would refuse, or that is about a namespace which is
    not there in its stage. The items of a topology are read by M(tcpip.lab.topology).
  - A check with a variable that has no value yet is read when it is made.
  - A fault is also an extra variable (C(-e)) that is none of O(variables), but so like one that it is misspelt. What is
    meant to remove a lab would build it otherwise. One that the playbook names is its own.
  - And so is a report in a directory that is not there, or in place of one.
positional: before, checks, variables
options:
  _input:
    description: The stages.
    type: list
    elements: dict
    required: true
  before:
    description: What is there before the first of them, as stages of which only C(topology) is read.
    type: list
    elements: dict
    default: []
  checks:
    description: Whether the checks are read, too.
    type: bool
    default: true
  variables:
    description: The variables that can be given.
    type: list
    elements: str
    default: []
  report:
    description: The file to which a report is to be written, on the machine where Ansible runs. None if it is empty.
    type: str
    default: ""
seealso:
  - plugin: tcpip.lab.stages
    plugin_type: filter
    description: The topology that stages add up to.
"""

EXAMPLES = r"""
- name: Say what is wrong with a stage
  ansible.builtin.debug:
    msg: "{{ lab_stages | tcpip.lab.stages_fault }}"
  vars:
    lab_stages:
      - title: A cable
        topology:
          netns: [{name: ns1}, {name: ns2}]
        checks:
          - name: ns1 reaches ns2
            ping: {from: ns1, too: 192.0.2.2}
"""

RETURN = r"""
_value:
  description: The fault.
  type: str
  sample: >-
    Stage 1 (A cable), check 1 (ns1 reaches ns2): lab_stages[0].checks[0].ping: 'too' is not an option
    (did you mean 'to'?)
"""

import os
import re
from collections.abc import Iterable, Sequence
from typing import Any, Callable

from ansible import context as program
from ansible.parsing.dataloader import DataLoader
from ansible.utils.vars import load_extra_vars
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.module_utils.hints import did_you_mean, like
from ansible_collections.tcpip.lab.plugins.plugin_utils.omission import kept
from ansible_collections.tcpip.lab.plugins.plugin_utils.stages import examine
from jinja2 import pass_context
from jinja2.runtime import Context

#: How like one word is to another that differs in a letter or two.
_MISSPELT = 0.9


@pass_context
def stages_fault(
    context: Context,
    given: Any,
    before: Sequence[Any] = (),
    checks: bool = True,
    variables: Sequence[str] = (),
    *,
    report: str = "",
) -> str:
    """The first fault, "" if there is none."""
    omit = context.resolve("omit")
    try:
        _refuse_misspelt(load_extra_vars(DataLoader()), variables)
        examine(given, before, (lambda check: kept(check, omit)) if checks else None)
        _refuse_nowhere(report)
    except LabError as error:
        return str(error)
    return ""


def _refuse_misspelt(extra: Iterable[str], variables: Sequence[str]) -> None:
    """Raises LabError for one that is misspelt. A play may have variables of its own."""
    for name in extra:
        close = like(name, variables, _MISSPELT) if name not in variables else ""
        if close and not _is_named_by_the_playbook(name):
            raise LabError("is no variable of labs", f"-e {name}", did_you_mean(close))


def _is_named_by_the_playbook(variable: str) -> bool:
    """Whether the text of what ansible-playbook was given has it. A collection's playbook is given by its name."""
    for path in filter(os.path.isfile, program.CLIARGS.get("args") or ()):
        with open(path, encoding="utf-8", errors="replace") as file:
            if re.search(rf"\b{re.escape(variable)}\b", file.read()):
                return True
    return False


def _refuse_nowhere(report: str) -> None:
    """Raises LabError for a report that has no directory to be in, or is to be in place of one."""
    if not report:
        return
    file = os.path.realpath(os.path.expanduser(report))
    if os.path.isdir(file):
        raise LabError(f"{file} is a directory where Ansible runs, and a report is a file", "lab_report")
    if not os.path.isdir(os.path.dirname(file)):
        raise LabError(f"there is no directory {os.path.dirname(file)} where Ansible runs", "lab_report")


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"stages_fault": stages_fault}
