# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input: each with a message that names the place and the reason, and nothing changed.

The words of every rule are in the unit tests; here it is seen that modules say them and leave the machine alone.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import typing as t

import pytest
from labmachine import ROOT
from labs import PAIR, changed, refused, run_under, same

if t.TYPE_CHECKING:
    import pathlib

    from labmachine import LabMachine
    from labs import Items

#: What is wrong, and the whole message.
TOPOLOGIES: dict[str, tuple[Items, str]] = {
    "a name of 16 bytes": (
        {"netns": [{"name": "ns1"}, {"name": "a23456789b123456"}]},
        "netns[1].name: 'a23456789b123456' has 16 bytes, a name has at most 15",
    ),
    "a path": ({"netns": [{"name": "../x"}]}, "netns[0].name: '../x' has '/', which is not allowed in a name"),
    "an empty name": ({"netns": [{"name": ""}]}, "netns[0].name: a name must not be empty"),
    "an address without prefix": (
        changed(PAIR, "veth", 0, addresses=["192.0.2.1"]),
        "veth[0].addresses[0]: '192.0.2.1' lacks the prefix length, as in '192.0.2.1/24'",
    ),
    "an address that is none": (
        changed(PAIR, "veth", 0, peer={**PAIR["veth"][0]["peer"], "addresses": ["192.0.2.2/24", "300.0.2.1/24"]}),
        "veth[0].peer.addresses[1]: '300.0.2.1/24' is not an address with prefix, such as 192.0.2.1/24",
    ),
    "a VNI of 2^24": (
        {**PAIR, "vxlan": [{"name": "x", "netns": "ns1", "id": 2**24}]},
        "vxlan[0].id: 16777216 is not a VNI: 0 to 16777215",
    ),
    "a port of 70000": (
        {**PAIR, "vxlan": [{"name": "x", "netns": "ns1", "id": 1, "dstport": 70000}]},
        "vxlan[0].dstport: 70000 is not a port: 1 to 65535",
    ),
    "a peer in a namespace nobody declares": (
        changed(PAIR, "veth", 0, peer={"name": "b", "netns": "ns9"}),
        "veth[0].peer.netns: 'ns9' is not in netns (did you mean 'ns2'?)",
    ),
    "two resources of one name": (
        {"netns": [{"name": "ns1"}, {"name": "ns2"}, {"name": "ns1"}]},
        "netns[2]: netns ns1 is declared already, as netns[0]",
    ),
    "remote and group together": (
        {**PAIR, "vxlan": [{"name": "x", "netns": "ns1", "id": 1, "remote": "192.0.2.2", "group": "239.0.0.1"}]},
        "vxlan[0].group: remote and group exclude each other: a device has one or the other",
    ),
    "a lab's name that is a path": ({"name": "../lab", **PAIR}, ""),
    "nothing at all": ({}, "nothing is declared (state: absent removes a lab)"),
    "an interface nobody makes": (
        {**PAIR, "route": [{"netns": "ns1", "dst": "default", "dev": "ns1-veth1"}]},
        "route[0].dev: 'ns1-veth1' is not an interface of 'ns1' in this topology (did you mean 'ns1-veth0'?)",
    ),
    "a gateway out of reach": (
        {**PAIR, "route": [{"netns": "ns1", "dst": "default", "via": "198.51.100.1"}]},
        "route[0].via: 198.51.100.1 is in no network of namespace 'ns1' (there are: 192.0.2.0/24)",
    ),
    "addresses to lend of a network that the server is not in": (
        {
            **PAIR,
            "dnsmasq_dhcp": [
                {"netns": "ns1", "interfaces": ["ns1-veth0"], "ranges": [{"start": "192.0.3.1", "end": "192.0.3.9"}]}
            ],
        },
        "dnsmasq_dhcp[0].ranges[0].start: no interface of the server has an address in 192.0.3.0/24"
        " (there are: 192.0.2.1/24)",
    ),
    "a list that there is not": (
        {"topology": {"vethh": []}},
        "topology.vethh: is no list of a lab (did you mean 'veth'?)",
    ),
    "a list that is given twice": (
        {**PAIR, "topology": {"netns": PAIR["netns"]}},
        "topology.netns: is given twice, as netns and here (leave one of them out)",
    ),
    "a list that is none": ({"topology": {"netns": "ns1"}}, "netns: 'ns1' is not a list"),
    "no list at all": ({"topology": {}}, "nothing is declared (state: absent removes a lab)"),
    "an option that there is not": (
        changed(PAIR, "veth", 0, adresses=[]),
        "veth[0]: 'adresses' is not an option (did you mean 'addresses'?)",
    ),
}

NO_LAB = (
    "name: '../lab' is not a lab's name: 1 to 63 letters, digits, '_', '.', '-', beginning with a letter or a digit"
)


def test_topologies(machine: LabMachine) -> None:
    before = machine.snapshot()
    for what, (items, message) in TOPOLOGIES.items():
        said = machine.module("topology", _fails=True, **{"name": "lab", **items})["msg"]
        assert said == (message or NO_LAB), what
    same(before, machine.snapshot())
    assert machine.module("topology", _check=True, _fails=True, name="lab")["msg"] == TOPOLOGIES["nothing at all"][1]


SETTINGS = {
    "net.ipv4.ip_foward": "there is no setting 'net.ipv4.ip_foward' (did you mean 'ip_forward'?)",
    "net.ipv4.conf.a.rp_filtr": "there is no setting 'net.ipv4.conf.a.rp_filtr' (did you mean 'rp_filter'?)",
    "net.ipv5.ip_forward": "there is no setting 'net.ipv5.ip_forward'",
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_that_the_kernel_has_not(machine: LabMachine, name: str) -> None:
    """Whether the namespace is there or still to come."""
    lab = {**PAIR, "sysctl": [{"netns": PAIR["netns"][0]["name"], "name": name, "value": "1"}]}
    lab = changed(lab, "veth", 0, name="a")
    assert refused(machine, "topology", name="lab", **lab) == f"sysctl[0].name: {SETTINGS[name]}"
    machine.module("topology", name="lab", **{**lab, "sysctl": []})
    assert refused(machine, "topology", name="lab", **lab) == f"sysctl[0].name: {SETTINGS[name]}"


def test_a_gateway_in_a_network_that_goes(machine: LabMachine) -> None:
    far = PAIR["veth"][0]["peer"]
    route = {"netns": far["netns"], "dst": "default", "via": "203.0.113.254"}
    lab = {**changed(PAIR, "veth", 0, peer={**far, "addresses": ["203.0.113.1/24"]}), "route": [route]}
    machine.module("topology", name="lab", **lab)
    moved = changed(lab, "veth", 0, peer={**far, "addresses": ["192.0.2.2/24"]})
    for check in (True, False):
        said = machine.module("topology", _check=check, _fails=True, name="lab", **moved)["msg"]
        place = f"route[0].via: 203.0.113.254 is in no network of namespace {far['netns']!r}"
        assert said == f"{place} (there are: 192.0.2.0/24)"
    assert not machine.module("topology", name="lab", **lab)["changed"]


def test_a_prefix_that_the_machine_has(machine: LabMachine) -> None:
    machine.run(["ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth1"])
    machine.run(["ip", "link", "set", "eth0", "up"])
    machine.run(["ip", "addr", "add", "192.0.2.2/24", "dev", "eth0"])
    machine.run(["ip", "addr", "add", "2001:db8:5::2/64", "dev", "eth0"])
    machine.run(["ip", "link", "set", "eth1", "up"])
    machine.run(["ip", "route", "add", "172.16.0.0/12", "via", "192.0.2.1"])

    def with_address(*addresses: str) -> Items:
        return changed(PAIR, "veth", 0, peer={"name": "lab0", "addresses": addresses})

    said = refused(machine, "topology", name="lab", **with_address("10.0.0.1/24", "192.0.2.254/24"))
    assert said == "veth[0].peer.addresses[1]: 192.0.2.254/24 overlaps 192.0.2.2/24, which the machine has on eth0"
    said = refused(machine, "topology", name="lab", **with_address("192.0.0.1/16"))
    assert said == "veth[0].peer.addresses[0]: 192.0.0.1/16 overlaps 192.0.2.2/24, which the machine has on eth0"
    said = refused(machine, "topology", name="lab", **with_address("2001:db8:5::3/128"))
    assert said.endswith("2001:db8:5::3/128 overlaps 2001:db8:5::2/64, which the machine has on eth0")
    said = refused(machine, "topology", name="lab", **with_address("172.20.0.1/24"))
    assert said == "veth[0].peer.addresses[0]: 172.20.0.1/24 overlaps 172.16.0.0/12, which the machine has on eth0"
    route = {"dst": "192.0.2.128/25", "type": "blackhole"}
    said = refused(machine, "topology", name="lab", **PAIR, route=[route])
    assert said == "route[0].dst: 192.0.2.128/25 overlaps 192.0.2.2/24, which the machine has on eth0"
    # inside a namespace the same prefix is nobody's business
    machine.module("topology", name="lab", **with_address("10.0.0.1/24"))
    assert not machine.module("topology", name="lab", **with_address("10.0.0.1/24"))["changed"]


#: The module, its options, and the whole message.
SINGLE: list[tuple[str, dict[str, t.Any], str]] = [
    ("netns", {"name": "a23456789b123456"}, "name: 'a23456789b123456' has 16 bytes, a name has at most 15"),
    ("netns", {"name": ""}, "name: a name must not be empty"),
    ("veth", {"name": "a"}, "peer: is required (a pair has two ends)"),
    ("veth", {"name": "a", "peer": {"name": "a"}}, "peer.name: 'a' is the name of the other end, too"),
    ("veth", {"name": "lo", "peer": {"name": "b"}}, "name: 'lo' is reserved"),
    (
        "veth",
        {"name": "a", "netns": "ns9", "peer": {"name": "b"}},
        "netns: there is no namespace 'ns9' (tcpip.lab.netns makes one)",
    ),
    (
        "veth",
        {"name": "a", "peer": {"name": "b", "mac": "01:00:5e:00:00:01"}},
        "peer.mac: '01:00:5e:00:00:01' is a group address, an interface needs a unicast one",
    ),
    ("vxlan", {"name": "x"}, "id: is required"),
    (
        "vxlan",
        {"name": "x", "id": 1, "group": "239.0.0.1"},
        "dev: is required with group: multicast needs an interface",
    ),
    (
        "vxlan",
        {"name": "x", "id": 1, "remote": "239.0.0.1"},
        "remote: '239.0.0.1' is a multicast address, a unicast one is needed",
    ),
    (
        "vxlan",
        {"name": "x", "id": 1, "remote": "10.0.0.1", "local": "::1"},
        "local: ::1 and 10.0.0.1 are of different IP versions",
    ),
    ("vxlan", {"name": "x", "id": 1, "dev": "nope"}, "dev: there is no interface 'nope' in the root namespace"),
    ("route", {"dst": "10.0.0.0/8"}, "via or dev is required (where shall the packets go?)"),
    (
        "route",
        {"dst": "10.0.0.1/8", "dev": "lo"},
        "dst: '10.0.0.1/8' is not a network such as 198.51.100.0/24 (no bits set behind the prefix)",
    ),
    (
        "route",
        {"dst": "10.0.0.1", "dev": "lo"},
        "dst: '10.0.0.1' lacks the prefix length; a single host is '10.0.0.1/32'",
    ),
    ("route", {"dst": "10.0.0.0/8", "via": "2001:db8::1"}, "dst and via are of different IP versions"),
    (
        "route",
        {"dst": "10.0.0.0/8", "dev": "lo", "type": "blackhole"},
        "type: excludes via and dev: blackhole leads nowhere",
    ),
    ("sysctl", {"name": "net.ipv4.ip_forward"}, "value: is required"),
    (
        "sysctl",
        {"name": "../etc/passwd", "value": "1"},
        "name: '../etc/passwd' is not the name of a kernel setting such as net.ipv4.ip_forward",
    ),
    (
        "sysctl",
        {"name": "kernel.hostname", "netns": "ns1", "value": "x"},
        "name: 'kernel.hostname' belongs to the machine, not to a namespace (net.* does)",
    ),
    (
        "sysctl",
        {"name": "net.ipv4.conf.nope.arp_ignore", "value": "1"},
        "name: there is no interface 'nope' in the root namespace",
    ),
]


def test_single_modules(machine: LabMachine) -> None:
    before = machine.snapshot()
    for module, options, message in SINGLE:
        assert machine.module(module, _fails=True, **options)["msg"] == message
    same(before, machine.snapshot())
    # what Ansible itself finds
    assert "missing required arguments: name" in refused(machine, "veth")
    assert "cannot be converted to" in refused(machine, "vxlan", name="v", id="x")


def test_without_root_privileges(machine: LabMachine) -> None:
    """Another user, who may read everything, since the checkout may lie in root's home."""
    before = machine.snapshot()
    read = [f"--{kind}-caps=+dac_read_search" for kind in ("inh", "ambient")]
    module_of = [machine.module_python, str(ROOT / "tests/run_module.py")]
    command = ["setpriv", "--reuid=65534", "--clear-groups", *read, *module_of]
    change, look = "change namespaces and links", "enter namespaces and to read the records of labs"
    for module, options, purpose in (
        ("topology", {"name": "lab", **PAIR}, change),
        ("netns", {"name": "ns1"}, change),
        ("lab_info", {}, look),
    ):
        done = run_under(machine, command, module, **options)
        said = json.loads(done.stdout.splitlines()[-1])
        assert said["failed"]
        assert said["msg"] == f"root privileges are needed to {purpose} (set become: true)"
    same(before, machine.snapshot())


@pytest.mark.parametrize(
    ("version", "message"),
    [("", "Failed to import the required Python library (pyroute2 >= 0.7.2)"), ("0.6.9", "pyroute2 0.6.9 is too old")],
)
def test_without_pyroute2(machine: LabMachine, tmp_path: pathlib.Path, version: str, message: str) -> None:
    """An interpreter that has no packages but, for the second case, a pyroute2 that calls itself 0.6.9."""
    bare = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    machine.module_python = str(bare / "bin/python")
    if version:
        site = next(bare.glob("lib/python*/site-packages"))
        origin = subprocess.run(
            [sys.executable, "-c", "import pyroute2; print(pyroute2.__path__[0])"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        shutil.copytree(origin, site / "pyroute2")
        (site / "pyroute2/config/version.py").write_text(f"__version__ = '{version}'\n")
    for module, options in (("topology", {"name": "lab", **PAIR}), ("sysctl", {"name": "net.ipv4.ip_forward"})):
        said = refused(machine, module, **options)
        assert said.startswith(message)
        assert version or str(bare / "bin/python") in said
