# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples in the reference of the filters, and of modules that only tell, run as they stand there.

Those of modules that change something are run by tests/engine/test_examples.py, those of check and witness by their
targets of ansible-test.
"""

from __future__ import annotations

import importlib
import typing as t

import yaml
from check_networks import ip
from labmachine import ROOT

if t.TYPE_CHECKING:
    from labmachine import LabMachine, Run
    from reader import Reader

Tasks = list[dict[str, t.Any]]

FILTERS = sorted(path.stem for path in (ROOT / "plugins/filter").glob("*.py"))
#: What is done before the report.
SEEN = {
    "name": "See it",
    "tcpip.lab.check": {"checks": [{"ping": {"from": "ns1", "to": "198.51.100.1"}}]},
    "register": "seen",
}
#: Machines that a machine has to do with, by lines for ip(8).
NEIGHBOURS = """
netns add others
link add eth0 type veth peer name wire netns others
addr add 192.0.2.1/24 dev eth0
addr add 2001:db8::1/64 dev eth0 nodad
-n others addr add 192.0.2.2/24 dev wire
-n others addr add 192.0.2.3/24 dev wire
-n others addr add 2001:db8::2/64 dev wire nodad
-n others link set wire up
link set eth0 up
route add default via 192.0.2.2
"""


def examples(plugin: str) -> Tasks:
    """What the documentation of a plugin has one write into a play."""
    return t.cast("Tasks", documented(plugin, "EXAMPLES"))


def documented(plugin: str, part: str) -> t.Any:
    """A part of the documentation of a plugin."""
    return yaml.safe_load(getattr(importlib.import_module(f"ansible_collections.tcpip.lab.plugins.{plugin}"), part))


def played(machine: LabMachine, reader: Reader, *plays: tuple[str, Tasks]) -> Run:
    """A run of plays, each of tasks for some of two machines that are both this one."""
    here = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    reader.writes(yaml.safe_dump({"all": {"hosts": {"lab1": here, "lab2": here}}}), "hosts.yml")
    whole = [{"hosts": hosts, "gather_facts": False, "tasks": tasks} for hosts, tasks in plays]
    reader.writes(yaml.safe_dump(whole, sort_keys=False), "examples.yml")
    return machine.playbook(reader.place / "examples.yml", "--inventory", str(reader.place / "hosts.yml"))


def test_the_examples_of_the_filters(machine: LabMachine, reader: Reader) -> None:
    """Of a lab that the examples of topology begin with. Last is the filter whose example leaves less of it."""
    build = {**examples("modules.topology")[0], "register": "built"}
    alone = [task for name in FILTERS if name not in {"check_steps", "stages"} for task in examples(f"filter.{name}")]
    steps, stages = examples("filter.check_steps"), examples("filter.stages")
    run = played(machine, reader, ("lab1", [build, SEEN, *alone]), ("all", steps), ("lab1", stages))
    assert [task["task"] for task in run.tasks if task.get("failed") or task.get("skipped")] == []
    said = {task["task"]: task.get("msg") for task in run.tasks}
    assert {task["name"] for task in (*alone, *steps, *stages)} <= said.keys()
    assert said["Name the nodes that have no default route"] == ["router"]
    assert said["Say what is not as it was declared"] == []
    assert said["Say what is wrong with a stage"] == documented("filter.stages_fault", "RETURN")["_value"]["sample"]
    assert "<svg" in reader.types("dot -Tsvg router.dot")
    assert "192.0.2.254/24" in (reader.place / "router.mermaid").read_text(encoding="utf-8")
    assert "Lab cable: the check passed" in (reader.place / "report.html").read_text(encoding="utf-8")
    assert machine.run(["ls", "/run/netns"]).stdout.split() == ["router"]


def test_the_examples_of_modules_that_look_at_a_machine(machine: LabMachine, reader: Reader) -> None:
    ip(machine, NEIGHBOURS)
    run = played(machine, reader, ("lab1", examples("modules.machine_info") + examples("modules.underlay_info")))
    assert [task["task"] for task in run.tasks if task.get("failed") or task.get("changed")] == []
