# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`tcpip.lab.topology` and `tcpip.lab.lab_info`, alone as Ansible runs them on a machine, and in a play."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import sys
import typing as t

import labmachine

from ..network import Cable, Network, Port
from .base import CHANGED_MTU, Command, Job, Means, Phase

LAB = "bench"


def document(network: Network, mtu_of: Port | None = None) -> dict[str, t.Any]:
    """The topology, with another MTU than the usual one for one port."""
    ports: dict[tuple[str, str], list[dict[str, str]]] = {}
    for cable in network.cables:
        for port in (cable.left, cable.right):
            if port.master:
                ports.setdefault((port.netns, port.master), []).append({"name": port.name})
    return {
        "name": LAB,
        "netns": [{"name": name, "loopback": True} for name in network.namespaces],
        "veth": [_veth(cable, mtu_of) for cable in network.cables],
        "bridge_vlan": [
            {**_named(each.netns, each.name, each.address), "ports": ports.get((each.netns, each.name), [])}
            for each in network.bridges
        ],
        "route": [dataclasses.asdict(route) for route in network.routes],
        "sysctl": [{"netns": name, "name": "net.ipv4.ip_forward", "value": "1"} for name in network.routers],
    }


def _veth(cable: Cable, mtu_of: Port | None) -> dict[str, t.Any]:
    left, right = (
        {**_named(port.netns, port.name, port.address), **({"mtu": CHANGED_MTU} if port == mtu_of else {})}
        for port in (cable.left, cable.right)
    )
    return {**left, "peer": right}


def _named(netns: str, name: str, address: str) -> dict[str, t.Any]:
    return {"netns": netns, "name": name, **({"addresses": [address]} if address else {})}


def wanted(phase: Phase, job: Job) -> tuple[str, dict[str, t.Any]]:
    """The module for a phase, and its options."""
    changed = job.network.last_port
    if phase is Phase.READ:
        return "lab_info", {"name": LAB}
    documents: dict[Phase, t.Callable[[], dict[str, t.Any]]] = {
        Phase.CREATE: lambda: document(job.network),
        Phase.AGAIN: lambda: document(job.network),
        Phase.CHANGE: lambda: document(job.network, changed),
        Phase.GROW: lambda: document(job.network + job.node, changed),
        Phase.REMOVE: lambda: {"name": LAB, "state": "absent"},
    }
    return "topology", documents[phase]()


class Module(Means):
    """The module alone: the Python process that Ansible starts for it, on the machine where it runs itself."""

    name = "module"
    unchanged = '"changed": false'

    def command(self, phase: Phase, job: Job) -> Command:
        module, options = wanted(phase, job)
        return Command([sys.executable, job.write("module.py", _program(module, options))])


def _program(module: str, options: t.Mapping[str, t.Any]) -> str:
    """What the collection has Ansible hand to the interpreter (plugin_utils/in_place.py)."""
    given = {
        "module": f"ansible_collections.tcpip.lab.plugins.modules.{module}",
        "collections": str(labmachine.COLLECTIONS / "ansible_collections"),
        "ansible": str(pathlib.Path(labmachine.ANSIBLE_DIRECTORY).parent),
        "options": json.dumps({"ANSIBLE_MODULE_ARGS": options}),
        "profile": "legacy",
        "lab": LAB if options.get("state") != "absent" and module == "topology" else "",
    }
    text = (labmachine.ROOT / "plugins/plugin_utils/begin_in_place.py").read_text(encoding="utf-8")
    return f"{text}\n\nbegin(**{given!r})\n"


def ordered(module: str, options: t.Mapping[str, t.Any], directory: pathlib.Path) -> str:
    """The file with what run_module.py is to read from its standard input."""
    order = {
        "ansible": labmachine.ANSIBLE_DIRECTORY,
        "collections": str(labmachine.COLLECTIONS),
        "module": module,
        "args": options,
    }
    file = directory / f"{module}.json"
    file.write_text(json.dumps(order), encoding="utf-8")
    return str(file)


class Playbook(Means):
    """A play with one task, from the start of ansible-playbook to its end."""

    name = "playbook"
    unchanged = "changed=0"

    def command(self, phase: Phase, job: Job) -> Command:
        module, options = wanted(phase, job)
        return play(job, [{"name": phase.value.capitalize(), f"tcpip.lab.{module}": _from_file(options, job)}])


def _from_file(options: t.Mapping[str, t.Any], job: Job) -> dict[str, t.Any]:
    """The options with the lists of a lab in a file, which Ansible hands over as it is (docs/large_labs.md)."""
    few = {name: value for name, value in options.items() if name in ("name", "state")}
    if few.keys() == options.keys():
        return few
    lists = {name: value for name, value in options.items() if name not in few}
    file = job.write("topology.json", json.dumps(lists))
    return {**few, "topology": f"{{{{ lookup('ansible.builtin.file', '{file}') }}}}"}


def play(job: Job, tasks: t.Sequence[t.Mapping[str, t.Any]]) -> Command:
    """A play on the machine itself. It is YAML that is JSON, too."""
    one = {"name": "Benchmark", "hosts": "localhost", "gather_facts": False, "tasks": tasks}
    return playbook(job.write("play.yml", json.dumps([one])))


def playbook(path: str) -> Command:
    """ansible-playbook on the machine itself."""
    argv = [str(labmachine.BIN / "ansible-playbook"), "-i", "localhost,", "-c", "local", path]
    interpreter = ["-e", json.dumps({"ansible_python_interpreter": sys.executable})]
    environment = {
        "ANSIBLE_CONFIG": str(labmachine.ROOT / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(labmachine.COLLECTIONS),
        "LC_ALL": "C.UTF-8",
    }
    return Command([*argv, *interpreter], environment=environment)
