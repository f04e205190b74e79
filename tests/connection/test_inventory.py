# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory tcpip.lab.lab, as ansible-inventory shows it. No root, and no lab, is needed for that."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import typing as t

import pytest
import yaml
from labmachine import BIN, ROOT, ansible_environment

if t.TYPE_CHECKING:
    import pathlib

Options = dict[str, t.Any]

ROUTER = {"playbook": str(ROOT / "playbooks/router.yml")}
#: With what may stand in an inventory: groups in groups, files beside it, templates that are the machine's own.
MACHINES = {
    "all": {"vars": {"secret": "of all"}},
    "labs": {
        "hosts": {"lab1": None, "lab2": {"ansible_host": "203.0.113.2"}, "lab3": {"ansible_connection": "local"}},
        "vars": {
            "ansible_port": 2222,
            "ansible_become_password": "{{ secret }}",
            "ansible_ssh_private_key_file": "{{ inventory_hostname }}.key",
        },
    },
}
PAIR: Options = {
    "name": "pair",
    "netns": [{"name": "web"}, {"name": "sw", "host": "lab2"}, {"name": "lonely"}],
    "veth": [
        {"name": "web0", "netns": "web", "mtu": 1400, "addresses": ["2001:db8::1/64", "192.0.2.1/24"], "peer": None},
    ],
    "bridge_vlan": [{"name": "br0", "netns": "sw", "mac": "02:00:00:00:00:01", "ports": [{"name": "sw0"}]}],
    "process": [{"name": "httpd", "netns": "web", "command": ["busybox", "httpd", "-f"]}],
    "sysctl": [
        {"netns": "web", "name": "net.ipv6.conf.all.forwarding", "value": 1},
        {"netns": "sw", "name": "net.ipv4.ip_forward", "value": 0},
        {"netns": "lonely", "name": "net.ipv4.conf.all.arp_ignore", "value": 1},
    ],
}
PAIR["veth"][0]["peer"] = {"name": "sw0", "netns": "sw"}


def write(path: pathlib.Path, content: t.Any) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return str(path)


def source(directory: pathlib.Path, **options: t.Any) -> str:
    return write(directory / "test.lab.yml", {"plugin": "tcpip.lab.lab", **options})


def ask(sources: list[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    given = [word for each in sources for word in ("--inventory", each)]
    env = {**os.environ, **ansible_environment("")}
    command = [str(BIN / "ansible-inventory"), "--list", *given, *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)


def unwrapped(text: str) -> str:
    """Some versions of Ansible break the lines of a warning, also within a word."""
    return "".join(text.split())


def plain(found: Options) -> t.Any:
    """A text that is no template is marked by some versions of Ansible."""
    return found.get("__ansible_unsafe", found)


def listed(sources: list[str], *arguments: str) -> tuple[dict[str, Options], dict[str, list[str]]]:
    """The variables of each host, and the hosts of each group."""
    done = ask(sources, *arguments)
    assert not done.stderr
    found = json.loads(done.stdout, object_hook=plain)
    hosts = found.pop("_meta")["hostvars"]
    return hosts, {name: group["hosts"] for name, group in found.items() if "hosts" in group}


def test_the_nodes_of_a_playbook_are_hosts_of_this_machine() -> None:
    hosts, groups = listed(["inventory/router.lab.yml"])
    assert groups == {
        "lab_router": ["ns1", "router", "ns2"],
        "netns_on_localhost": ["ns1", "router", "ns2"],
        "netns_routers": ["router"],
        "netns_stations": ["ns1", "ns2"],
    }
    assert hosts["router"] == {
        "ansible_connection": "tcpip.lab.netns",
        "ansible_netns": "router",
        "ansible_netns_via": "local",
        "ansible_python_interpreter": sys.executable,
        "node_address": "192.0.2.254",
        "node_interfaces": [
            {"name": "gw-veth0", "addresses": ["192.0.2.254/24"]},
            {"name": "gw-veth1", "addresses": ["198.51.100.254/24"]},
        ],
        "node_lab": "router",
        "node_machine": "localhost",
        "node_roles": ["router"],
    }


@pytest.mark.parametrize("playbook", ["internet_bridge", "vlan", "vxlan"])
def test_a_playbook_of_the_collection_for_the_machines_that_it_is_run_for(
    tmp_path: pathlib.Path, playbook: str
) -> None:
    machines = write(tmp_path / "machines.yml", MACHINES)
    inventory = source(tmp_path, playbook=f"tcpip.lab.{playbook}")
    hosts, groups = listed([machines, inventory], "--extra-vars", "lab_machines=labs")
    assert {hosts[name]["node_machine"] for name in groups[f"lab_{playbook}"]} == {"lab1", "lab2", "lab3"}
    for name in groups[f"lab_{playbook}"]:
        assert name in groups[f"netns_on_{hosts[name]['node_machine']}"]


@pytest.mark.parametrize("machines", ["localhost", "labs"])
@pytest.mark.parametrize(("playbook", "nodes"), [("internet", {"ns1"}), ("macvlan", {"net1", "net2"})])
def test_a_lab_whose_host_is_the_machine(tmp_path: pathlib.Path, playbook: str, nodes: set[str], machines: str) -> None:
    """Its way to the outside is not known before the machine is asked, and is no node."""
    sources = [write(tmp_path / "machines.yml", MACHINES), source(tmp_path, playbook=f"tcpip.lab.{playbook}")]
    _hosts, groups = listed(sources, "--extra-vars", f"lab_host=machine lab_machines={machines}")
    assert {*groups[f"lab_{playbook}"]} >= nodes
    assert "host" not in groups[f"lab_{playbook}"]


def test_where_the_lab_is_not_spread_each_machine_has_all_nodes(tmp_path: pathlib.Path) -> None:
    machines = write(tmp_path / "machines.yml", MACHINES)
    unspread = source(tmp_path, **ROUTER, machines=["labs[0:1]"])
    hosts, groups = listed([machines, unspread], "--extra-vars", "lab_spread=false")
    assert groups["netns_on_lab1"] == groups["lab_router"][:3] == ["ns1.lab1", "router.lab1", "ns2.lab1"]
    assert groups["netns_on_lab2"] == groups["lab_router"][3:] == ["ns1.lab2", "router.lab2", "ns2.lab2"]
    assert groups["netns_routers"] == ["router.lab1", "router.lab2"]
    assert (hosts["ns1.lab2"]["ansible_netns"], hosts["ns1.lab2"]["ansible_host"]) == ("ns1", "203.0.113.2")


#: Patterns of machines, and the machines that they mean, in the order of Ansible's plays. With "all" the nodes of what
#: comes before would be machines, too.
PATTERNS: dict[str, tuple[list[str], list[str]]] = {
    "not": (["all:!lab2"], ["lab1", "lab3"]),
    "and": (["labs", "&~lab[23]"], ["lab2", "lab3"]),
    "range": (["labs[1:]"], ["lab2", "lab3"]),
    "glob": (["l*1:l*3"], ["lab1", "lab3"]),
    "order": (["lab3:lab1", "labs"], ["lab3", "lab1", "lab2"]),
}


def test_what_a_playbook_omits_is_not_there(tmp_path: pathlib.Path) -> None:
    pair = {"name": "a0", "netns": "a", "mtu": "{{ omit }}", "peer": {"name": "b0", "netns": "b"}}
    stage = {
        "title": "Two",
        "topology": {"netns": [{"name": "a", "host": "{{ omit }}"}, {"name": "b"}], "veth": [pair]},
    }
    play = {"hosts": "localhost", "vars": {"lab_name": "two", "lab_stages": [stage]}, "roles": ["tcpip.lab.lab"]}
    _hosts, groups = listed([source(tmp_path, playbook=write(tmp_path / "two.yml", [play]))])
    assert groups["lab_two"] == ["a", "b"]


def test_machines_are_named_by_patterns(tmp_path: pathlib.Path) -> None:
    sources = [write(tmp_path / "machines.yml", MACHINES)]
    for name, (patterns, machines) in PATTERNS.items():
        lab = {"name": name, "netns": [{"name": f"{name}{number}"} for number in range(len(machines))]}
        write(tmp_path / f"{name}.yml", lab)
        given = {"plugin": "tcpip.lab.lab", "topology": f"{name}.yml", "machines": patterns}
        sources.append(write(tmp_path / f"{name}.lab.yml", given))
    hosts, groups = listed(sources)
    found = {name: [hosts[node]["node_machine"] for node in groups[f"lab_{name}"]] for name in PATTERNS}
    assert found == {name: machines for name, (_patterns, machines) in PATTERNS.items()}


def test_what_a_node_is_and_where(tmp_path: pathlib.Path) -> None:
    """By what is declared: its place in the topology, that in the inventory, and else an automatic one."""
    write(tmp_path / "pair.yml", PAIR)
    placement = {"web": "lab3", "sw": "lab3"}
    machines = write(tmp_path / "machines.yml", MACHINES)
    inventory = source(tmp_path, topology="pair.yml", machines=["labs"], placement=placement)
    hosts, groups = listed([machines, inventory])
    assert {name: hosts[name]["node_machine"] for name in ("web", "sw", "lonely")} == {
        "web": "lab3",
        "sw": "lab2",
        "lonely": "lab1",
    }
    assert groups["netns_servers"] == groups["netns_routers"] == ["web"]
    assert (groups["netns_switches"], groups["netns_stations"]) == (["sw"], ["lonely"])
    assert sorted(hosts["web"]["node_roles"]) == ["router", "server"]
    assert hosts["web"]["node_address"] == "2001:db8::1"
    assert hosts["web"]["node_interfaces"] == [
        {"name": "web0", "addresses": ["2001:db8::1/64", "192.0.2.1/24"], "mtu": 1400}
    ]
    assert {"name": "br0", "addresses": [], "mac": "02:00:00:00:00:01"} in hosts["sw"]["node_interfaces"]
    assert "node_address" not in hosts["lonely"]


def test_nodes_are_reached_as_their_machine_is(tmp_path: pathlib.Path) -> None:
    machines = write(tmp_path / "machines.yml", MACHINES)
    write(tmp_path / "host_vars/lab1.yml", {"ansible_user": "learner", "secret": "of lab1"})
    placement = {"ns1": "lab1", "router": "lab2", "ns2": "lab3"}
    hosts, _groups = listed([machines, source(tmp_path, **ROUTER, machines=["labs"], placement=placement)])
    way = {
        node: {name: value for name, value in hosts[node].items() if name.startswith("ansible_")} for node in placement
    }
    common = {"ansible_connection": "tcpip.lab.netns", "ansible_port": 2222, "ansible_become_password": "of all"}
    lab1 = {"ansible_host": "lab1", "ansible_netns_via": "ssh", "ansible_user": "learner"}
    lab1.update({"ansible_become_password": "of lab1", "ansible_ssh_private_key_file": "lab1.key"})
    lab2 = {"ansible_host": "203.0.113.2", "ansible_netns_via": "ssh", "ansible_ssh_private_key_file": "lab2.key"}
    lab3 = {"ansible_netns_via": "local", "ansible_ssh_private_key_file": "lab3.key"}
    assert way["ns1"] == {**common, **lab1, "ansible_netns": "ns1"}
    assert way["router"] == {**common, **lab2, "ansible_netns": "router"}
    assert way["ns2"] == {**common, **lab3, "ansible_netns": "ns2"}


def test_the_examples_of_the_documentation(tmp_path: pathlib.Path) -> None:
    command = [str(BIN / "ansible-doc"), "--type", "inventory", "--json", "tcpip.lab.lab"]
    env = {**os.environ, **ansible_environment("")}
    told = json.loads(subprocess.run(command, cwd=ROOT, env=env, capture_output=True, check=True).stdout)
    examples = told["tcpip.lab.lab"]["examples"].strip().split("---\n")
    place = tmp_path / "inventory"
    machines = write(tmp_path / "machines.yml", {**MACHINES})
    write(place / "files/pair.yml", {"name": "pair", "netns": [{"name": "left"}, {"name": "right"}]})
    (tmp_path / "playbooks").mkdir()
    shutil.copy(ROOT / "playbooks/router.yml", tmp_path / "playbooks/our_lab.yml")
    found = {}
    for text in examples:
        name = text.partition(":")[0].removeprefix("# ")
        (place / name).write_text(text, encoding="utf-8")
        found[name] = listed([machines, str(place / name)])
    assert found.keys() == {"router.lab.yml", "lab.yml", "pair.lab.yml"}
    assert found["router.lab.yml"][1]["lab_router"] == ["ns1", "router", "ns2"]
    assert found["pair.lab.yml"][1]["lab_pair"] == ["left", "right"]
    hosts, groups = found["lab.yml"]
    assert hosts["ns1"]["node_url"] == "http://192.0.2.1/"
    assert groups["by_role_router"] == ["router"]
    assert groups["west"] == [name for name in groups["lab_router"] if hosts[name]["node_machine"] != "lab3"]


#: What stands in the inventory, and what is said of it.
FAULTS: dict[str, tuple[Options, str]] = {
    "none": ({}, "either playbook or topology is needed"),
    "both": ({**ROUTER, "topology": "pair.yml"}, "either playbook or topology is needed"),
    "no file": ({"playbook": "nothing.yml"}, "playbook: there is no file {directory}/nothing.yml"),
    "no name": ({"playbook": "tcpip.lab.nothing"}, "playbook: there is no file {directory}/tcpip.lab.nothing"),
    "no play": ({"playbook": "none.lab.yml"}, "none.lab.yml: "),
    "no lab": ({"playbook": "tcpip.lab.machine"}, "tcpip.lab.machine: 0 of its plays have tcpip.lab.lab among"),
    "no topology": ({"topology": "none.lab.yml"}, "none.lab.yml: is to have the name of the lab"),
    "kind": ({"topology": "kind.yml"}, "kind.yml: vets: is not a kind of resource (did you mean 'veth'?)"),
    "list": ({"topology": "list.yml"}, "list.yml: netns: {{'name': 'ns1'}} is not a list"),
    "name": ({"topology": "name.yml"}, "name.yml: name: 'a lab' is not a lab's name"),
    "item": ({"topology": "item.yml"}, "item.yml: veth[0].netns: 'ns9' is not in netns"),
    "host": ({"topology": "pair.yml"}, "pair.yml: netns[1].host: 'lab2' is none of the machines of this lab"),
    "machine": (
        {**ROUTER, "machines": ["labs", "lab9"]},
        "machines: there is no host or group 'lab9' in the inventory",
    ),
    "nobody": ({**ROUTER, "machines": ["labs:!labs"]}, "machines: no host of the inventory is meant by 'labs:!labs'"),
    "range": ({**ROUTER, "machines": ["labs[7]"]}, "No hosts matched the subscripted pattern 'labs[7]'"),
    "way": ({**ROUTER, "machines": ["box"]}, "machines: box is reached by 'docker', and this needs local or ssh"),
    "place": ({**ROUTER, "placement": {"ns1": "lab9"}}, "placement.ns1: 'lab9' is none of the machines of this lab"),
    "clash": ({"topology": "clash.yml"}, "clash.yml: netns[1].name: 'lab1' is a host of the inventory already"),
}
FAULTY: dict[str, Options] = {
    "pair.yml": PAIR,
    "kind.yml": {"name": "bad", "vets": []},
    "list.yml": {"name": "bad", "netns": {"name": "ns1"}},
    "name.yml": {"name": "a lab"},
    "item.yml": {"name": "bad", "veth": [{"name": "a", "netns": "ns9", "peer": {"name": "b"}}]},
    "clash.yml": {"name": "clash", "netns": [{"name": "ns1"}, {"name": "lab1"}]},
}


def test_faults_are_named_with_their_places(tmp_path: pathlib.Path) -> None:
    for name, content in FAULTY.items():
        write(tmp_path / name, content)
    hosts = {**MACHINES, "boxes": {"hosts": {"box": {"ansible_connection": "docker"}}}}
    sources = [write(tmp_path / "machines.yml", hosts)]
    for name, (options, _message) in FAULTS.items():
        sources.append(write(tmp_path / f"{name}.lab.yml", {"plugin": "tcpip.lab.lab", **options}))
    done = ask(sources)
    messages = [message.format(directory=tmp_path) for _options, message in FAULTS.values()]
    missing = [message for message in messages if unwrapped(message) not in unwrapped(done.stderr)]
    assert missing == [], done.stderr
    assert json.loads(done.stdout)["all"]["children"] == ["ungrouped", "labs", "boxes"]


def test_only_files_of_its_name_are_read(tmp_path: pathlib.Path) -> None:
    other = write(tmp_path / "collab.yml", {"plugin": "tcpip.lab.lab", **ROUTER})
    assert unwrapped("could not be verified by inventory plugin 'tcpip.lab.lab'") in unwrapped(ask([other]).stderr)
