# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: report
short_description: A report on the run of a lab, as one page of HTML
version_added: 0.1.0
description:
  - Makes of what the tasks of a run have returned a single file that a browser shows. It has the lab's diagram, its
    stages, the checks with their evidence and the packets that they have captured, what was done and what was declared.
    The role P(tcpip.lab.lab#role) writes it with O(tcpip.lab.lab#role:main:lab_report).
  - The file loads nothing and runs no script. All that comes from a lab is text in it, whatever it contains.
  - The diagram is drawn by C(dot) of Graphviz, if that is on the machine where Ansible runs. Otherwise its text for
    Mermaid is there, and the reason.
options:
  _input:
    description: The account of the run.
    type: dict
    required: true
    suboptions:
      name:
        description: The name of the lab.
        type: str
        required: true
      made:
        description: When the run was, as it is to be shown.
        type: str
        required: true
      about:
        description: What the lab is about.
        type: str
      stages:
        description: The stages, each with C(title) and, if there is one, C(text).
        type: list
        elements: dict
        required: true
      story:
        description:
          - What came of the run, part by part. Each has C(stage), the number of the stage that it was for, from 1, and
            C(built), by machine what M(tcpip.lab.topology) returned.
          - C(seen) is a list of what M(tcpip.lab.check) returned, or over several machines M(tcpip.lab.witness) for
            each of the steps of P(tcpip.lab.check_steps#filter). C(checks) are these checks as M(tcpip.lab.check) takes
            them, from which it is known where those that failed were made.
        type: list
        elements: dict
      topology:
        description: What was declared, as M(tcpip.lab.topology) takes it.
        type: dict
      nodes:
        description: Where the lab is spread over several machines, on which of them each namespace is.
        type: dict
      there:
        description: What M(tcpip.lab.lab_info) with the lab's name returned, by machine.
        type: dict
      try:
        description: What to try next.
        type: list
        elements: str
seealso:
  - plugin: tcpip.lab.dot
    plugin_type: filter
    description: Makes the diagram.
author:
  - Contributors to the tcpip.lab collection (@tcpip-lab)
"""

EXAMPLES = r"""
- name: Report on a run
  ansible.builtin.copy:
    content: "{{ told | tcpip.lab.report }}"
    dest: "{{ playbook_dir }}/report.html"
    mode: "0644"
  delegate_to: localhost
  vars:
    told:
      name: cable
      made: "{{ now(utc=true).strftime('%Y-%m-%d %H:%M UTC') }}"
      stages: [{title: A cable}]
      story: [{stage: 1, built: {lab1: "{{ built }}"}, seen: ["{{ seen }}"]}]
"""

RETURN = r"""
_value:
  description: The page.
  type: str
  sample: "<!DOCTYPE html>..."
"""

from collections.abc import Mapping
from typing import Any, Callable

from ansible_collections.tcpip.lab.plugins.plugin_utils.omission import understanding
from ansible_collections.tcpip.lab.plugins.plugin_utils.refusal import refusing


@refusing
def report(told: Mapping[str, Any]) -> str:
    """The page. Raises AnsibleFilterError when what is told is no account of a run."""
    # All filters of a collection are imported when one is used, and runs without a report need none of these.
    from ansible_collections.tcpip.lab.plugins.plugin_utils import report as written  # noqa: PLC0415
    from ansible_collections.tcpip.lab.plugins.plugin_utils.plain import plain  # noqa: PLC0415

    return written.html(plain(told))


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"report": understanding(report)}
