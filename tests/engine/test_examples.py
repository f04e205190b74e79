# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the modules is true: every example runs, and what it returns is what RETURN says."""

from __future__ import annotations

import ast
import pathlib
import typing as t

import pytest
import snapshot
import yaml
from labmachine import ROOT, LabMachine
from labs import settled
from served import ServedMachine

MODULES = ROOT / "plugins/modules"
PREFIX = "tcpip.lab."
#: What Ansible itself adds to results, and what the documentation of every Ansible module takes for granted.
UNDOCUMENTED = {"changed", "invocation"}
TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
}

Options = dict[str, t.Any]

NS1: Options = {"name": "ns1"}
NS1_WITH_ROUTERS: Options = {
    "netns": [NS1, {"name": "ns2"}, {"name": "router"}],
    "veth": [
        {
            "name": "ns1-veth0",
            "netns": "ns1",
            "addresses": ["192.0.2.1/24", "2001:db8::1/64"],
            "peer": {"name": "gw-veth0", "netns": "router", "addresses": ["192.0.2.254/24", "192.0.2.253/24"]},
        }
    ],
}
HOST_WITH_UPLINK: Options = {
    "netns": [{"name": name} for name in ("outside", "host", "net1", "net2")],
    "veth": [
        {"name": "eth0", "netns": "host", "peer": {"name": "out0", "netns": "outside"}},
        {"name": "uplink", "peer": {"name": "out1", "netns": "outside"}},
    ],
}
THREE_CABLES: Options = {
    "netns": [{"name": name} for name in ("bridge", "ns1", "ns2", "ns3")],
    "veth": [
        {"name": f"{name}-veth0", "netns": name, "peer": {"name": f"{name}-br0", "netns": "bridge"}}
        for name in ("ns1", "ns2", "ns3")
    ],
}
SERVER_AND_CLIENT: Options = {
    "netns": [{"name": "server"}, {"name": "client"}],
    "veth": [
        {
            "name": "s-veth0",
            "netns": "server",
            "addresses": ["192.0.2.254/24"],
            "peer": {"name": "c-veth0", "netns": "client"},
        }
    ],
    "dnsmasq_dhcp": [
        {
            "netns": "server",
            "interfaces": ["s-veth0"],
            "ranges": [{"start": "192.0.2.100", "end": "192.0.2.200"}],
            "options": {"router": "192.0.2.254"},
        }
    ],
}
ROUTER: Options = {
    "netns": [NS1, {"name": "router"}, {"name": "ns2"}],
    "veth": [
        {"name": "ns1-veth0", "netns": "ns1", "peer": {"name": "gw-veth0", "netns": "router"}},
        {"name": "ns2-veth0", "netns": "ns2", "peer": {"name": "gw-veth1", "netns": "router"}},
    ],
}
#: What a reader has already when he comes to a module's examples.
GROUND: dict[str, Options] = {
    "netns": {},
    "veth": {"netns": [NS1, {"name": "ns2"}]},
    "vxlan": NS1_WITH_ROUTERS,
    "macvlan": HOST_WITH_UPLINK,
    "bridge_vlan": THREE_CABLES,
    "route": NS1_WITH_ROUTERS,
    "iptables_nat": ROUTER,
    "sysctl": NS1_WITH_ROUTERS,
    "capture": NS1_WITH_ROUTERS,
    "dnsmasq_dhcp": NS1_WITH_ROUTERS,
    "dhcp_client": SERVER_AND_CLIENT,
    "process": {"netns": [{"name": "ns2"}]},
    "vswitch": THREE_CABLES,
    "topology": {},
}
#: Modules that change nothing. Their examples are run below, by tests/playbooks/test_reference.py, and by ansible-test.
ELSEWHERE = {"lab_info", "machine_info", "underlay_info", "check", "witness"}
#: Files of his own that he has written, by their paths.
FILES = {"vswitch": {"/tmp/no_ipv6.py": "def treat(frame, port):\n    return frame\n"}}


def documented(module: str, name: str) -> t.Any:
    """DOCUMENTATION, EXAMPLES or RETURN of a module, read."""
    tree = ast.parse((MODULES / f"{module}.py").read_text(encoding="utf-8"))
    texts = {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    return yaml.safe_load(ast.literal_eval(texts[name]))


def examples(module: str) -> list[tuple[str, str, Options]]:
    """The examples of a module: title, module and options of each."""
    found = []
    for task in documented(module, "EXAMPLES"):
        used = next(key for key in task if key.startswith(PREFIX))
        found.append((task["name"], used.removeprefix(PREFIX), task[used]))
    return found


def lay(machine: LabMachine, items: Options) -> None:
    """Make the objects of a topology, one by one, so that no lab owns them."""
    for kind, listed in items.items():
        for options in listed:
            machine.module(kind, **options)


def predicted(result: dict[str, t.Any]) -> dict[str, t.Any]:
    """The part of a result that check mode has to foresee."""
    return {name: result[name] for name in ("changed", "changes", "diff")}


def mismatches(value: t.Any, described: dict[str, t.Any], place: str) -> t.Iterator[str]:
    """Where a returned value is not what RETURN says of it. What has no value at the moment is null."""
    if value is None:
        return
    if not isinstance(value, TYPES[described["type"]]):
        yield f"{place} is {value!r}, not a {described['type']}"
    inside: Options = described.get("contains", {})
    items = value if isinstance(value, list) else [value]
    for item in items if inside else ():
        required = {name for name, each in inside.items() if each["returned"] == "success"}
        yield from (f"{place}.{name} is not documented" for name in item.keys() - inside.keys())
        yield from (f"{place}.{name} is not returned" for name in required - item.keys())
        for name in item.keys() & inside.keys():
            yield from mismatches(item[name], inside[name], f"{place}.{name}")


def undeclared(result: dict[str, t.Any], module: str) -> list[str]:
    """Where a result is not what RETURN says."""
    described = {"type": "dict", "contains": documented(module, "RETURN")}
    return list(mismatches({key: result[key] for key in result.keys() - UNDOCUMENTED}, described, module))


#: What some modules' examples need of the kernel.
NEEDS = {"bridge_vlan": pytest.mark.vlan}
#: What those need netem for that have any of these options: test_impairments.py has them, and the others do not count
#: on them.
IMPAIRMENTS = {"delay", "jitter", "loss", "rate"}


def is_impaired(options: Options) -> bool:
    """Whether an example is about netem."""
    return not IMPAIRMENTS.isdisjoint(options)


@pytest.fixture(autouse=True)
def _processes_of_their_own(machine: ServedMachine, pytestconfig: pytest.Config) -> None:
    """Each module runs as on a machine that is no test's. Under emulation that would take minutes."""
    machine.is_served = bool(pytestconfig.getoption("--emulated"))


@pytest.mark.parametrize("module", [pytest.param(name, marks=NEEDS.get(name, ())) for name in GROUND])
def test_examples_do_what_check_mode_says_and_only_once(machine: LabMachine, module: str) -> None:
    lay(machine, GROUND[module])
    for path, text in FILES.get(module, {}).items():
        machine.run(["tee", path], input=text)
    for title, used, options in examples(module):
        if is_impaired(options):
            continue
        before = settled(machine)
        prediction = machine.module(used, _check=True, **options)
        assert snapshot.diff(before, machine.snapshot()) == [], title
        result = machine.module(used, **options)
        assert result["changed"], title
        assert predicted(result) == predicted(prediction), title
        assert undeclared(result, used) == [], title
        assert undeclared(prediction, used) == [], title
        again = machine.module(used, **options)
        assert predicted(again) == {"changed": False, "changes": [], "diff": {"before": "", "after": ""}}, title


def test_the_examples_of_lab_info_run(machine: LabMachine, tmp_path: pathlib.Path) -> None:
    """And find the lab, and what is left of another one, which is gone then."""
    machine.module("topology", name="router", **ROUTER)
    machine.module("topology", name="lost", netns=[{"name": "left"}])
    machine.run(["rm", "/run/tcpip.lab/lost.json"])
    assert undeclared(machine.module("lab_info", machine=True), "lab_info") == []
    file = tmp_path / "examples.yml"
    tasks = documented("lab_info", "EXAMPLES")
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
    play["vars"] = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    file.write_text(yaml.safe_dump([play], sort_keys=False), encoding="utf-8")
    run = machine.playbook(file)
    assert len(run.tasks) >= len(tasks), run.stdout
    assert run.changed == 1, run.stdout
    assert run.tasks[2]["msg"] == ["ns1", "ns2", "router"]
    assert machine.run(["ls", "/run/netns"]).stdout.split() == ["ns1", "ns2", "router"]


def test_ansible_takes_the_examples_as_tasks(machine: LabMachine, tmp_path: pathlib.Path) -> None:
    tasks = [task for module in GROUND for task in documented(module, "EXAMPLES")]
    file = tmp_path / "examples.yml"
    file.write_text(yaml.safe_dump([{"hosts": "localhost", "tasks": tasks}]), encoding="utf-8")
    machine.playbook(file, "--syntax-check")


def test_every_module_that_changes_something_has_its_examples_run() -> None:
    modules = {file.stem for file in MODULES.glob("*.py")}
    changing = {
        name
        for name in modules
        if "tcpip.lab.attributes" in documented(name, "DOCUMENTATION").get("extends_documentation_fragment", ())
    }
    assert changing == GROUND.keys()
    assert modules - changing == ELSEWHERE
