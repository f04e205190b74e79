# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A play draws what is there of a lab, and what is to be there, over several machines."""

from __future__ import annotations

import pathlib
import re
import subprocess
import typing as t

if t.TYPE_CHECKING:
    import pytest
    from labmachine import LabMachine

PLAY = """
- name: Draw a lab
  hosts: localhost
  become: true
  gather_facts: false
  vars:
    machines:
      lab1: {address: 10.77.0.1, mtu: 1500}
      lab2: {address: 10.77.0.2, mtu: 1500}
  tasks:
    - name: Look at it
      tcpip.lab.lab_info:
        name: router
      register: found

    - name: Draw what is there
      ansible.builtin.debug:
        msg: "{{ found.labs[0] | tcpip.lab.dot }}"

    - name: Draw it for Markdown
      ansible.builtin.debug:
        msg: "{{ found.labs[0] | tcpip.lab.mermaid }}"

    - name: Draw what is to be there, machine by machine
      ansible.builtin.debug:
        msg: "{{ declared | tcpip.lab.dot((declared | tcpip.lab.placement('router', machines)).nodes) }}"
      vars:
        declared: "{{ found.labs[0].declared }}"
"""
#: What is written in the picture: namespaces, interfaces and addresses.
WRITTEN = {
    *("ns1", "router", "ns2", "forwards IPv4", "default via 192.0.2.254", "default via 198.51.100.254"),
    *("ns1-veth0", "gw-veth0", "gw-veth1", "ns2-veth0"),
    *("192.0.2.1/24", "192.0.2.254/24", "198.51.100.254/24", "198.51.100.1/24"),
}


def drawn(text: str) -> set[str]:
    """What is written in the picture that Graphviz makes of it."""
    done = subprocess.run(["dot", "-Tsvg"], input=text, capture_output=True, text=True, check=True)
    return {each.replace("&#45;", "-") for each in re.findall(r"<text[^>]*>(.*?)</text>", done.stdout)}


def test_a_lab_is_drawn_as_it_is(machine: LabMachine, tmp_path_factory: pytest.TempPathFactory) -> None:
    page = pathlib.Path(tmp_path_factory.mktemp("page")) / "draw.yml"
    page.write_text(PLAY, encoding="utf-8")
    machine.playbook("playbooks/router.yml", lab_checks=False)
    machine.run(["ip", "-n", "ns2", "link", "set", "ns2-veth0", "down"])  # with which its default route goes
    live, chart, declared = (str(task["msg"]) for task in machine.playbook(page).tasks[1:])
    gone = {"default via 198.51.100.254"}
    assert drawn(live) == (WRITTEN - gone) | {"down", "changed", "changed: not as declared"}
    assert drawn(declared) == WRITTEN | {"lab1", "lab2"}
    assert chart.startswith("flowchart LR\n")
    assert re.findall(r"^  class (\S+) changed$", chart, re.MULTILINE)
