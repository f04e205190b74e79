# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What plays, inventories and Ansible's options may say: a lab over two machines is built, or it is said why not."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from machines import PLACE, USER, Bed, differences

LAB, GIVEN = "playbooks/router.yml", "tests/several/given.yml"
#: A server, and a client on each machine.
CLIENTS: dict[str, t.Any] = {
    "netns": [{"name": "c1", "host": "lab1"}, {"name": "c2", "host": "lab2"}, {"name": "server", "host": "lab2"}],
    "veth": [
        {
            "name": f"s{n}",
            "netns": "server",
            "addresses": [f"192.0.{n}.254/24"],
            "peer": {"name": "eth0", "netns": f"c{n}"},
        }
        for n in (1, 2)
    ],
    "dnsmasq_dhcp": [
        {
            "netns": "server",
            "interfaces": ["s1", "s2"],
            "ranges": [{"start": f"192.0.{n}.1", "end": f"192.0.{n}.9", "netmask": "255.255.255.0"} for n in (1, 2)],
        }
    ],
    "dhcp_client": [{"netns": "c1", "dev": "eth0", "timeout": 5}, {"netns": "c2", "dev": "eth0", "timeout": 5}],
}


@pytest.fixture(scope="module")
def bed() -> t.Iterator[Bed]:
    """Two machines."""
    with Bed.made(2) as made:
        yield made


@pytest.fixture(autouse=True)
def _left_as_found(bed: Bed) -> t.Iterator[None]:
    before = bed.snapshots()
    yield
    found = differences(before, bed.snapshots())
    assert not found, "\n".join(found)


def test_clients_that_cannot_ask_at_the_same_time_are_refused(bed: Bed) -> None:
    said = bed.playbook(GIVEN, "--forks", "1", _fails=True, topology=CLIENTS).stdout
    assert "The lab has DHCP clients on 2 machines" in said
    assert "Ansible works on 1 at a time. Let it have as many: --forks 2" in said
    assert [machine.namespaces() for machine in bed.machines] == [[], []]
    bed.playbook(GIVEN, "--forks", "2", topology=CLIENTS)
    bed.playbook(GIVEN, lab_state="absent")


def test_one_fork_is_enough_where_one_machine_asks(bed: Bed) -> None:
    bed.playbook("playbooks/dhcp.yml", "--forks", "1", lab_checks=False)
    bed.playbook("playbooks/dhcp.yml", lab_state="absent")


def test_machines_one_after_another_are_refused(bed: Bed) -> None:
    said = bed.playbook(GIVEN, _fails=True, topology=CLIENTS, at_a_time=1).stdout
    assert 'The play has "serial"' in said
    assert [machine.namespaces() for machine in bed.machines] == [[], []]


def test_on_one_machine_there_is_nothing_to_spread(bed: Bed) -> None:
    bed.playbook(LAB, "--limit", "lab2", lab_spread=True)
    assert [machine.namespaces() for machine in bed.machines] == [[], ["ns1", "ns2", "router"]]
    bed.playbook(LAB, lab_state="absent")


def test_checks_are_made_where_the_namespaces_are_however_the_inventory_says_it(bed: Bed) -> None:
    addresses = {machine.name: machine.address for machine in bed.machines}
    templated = {"ansible_host": "{{ addresses[inventory_hostname] }}", "addresses": addresses}
    inventory = {"labs": {**bed.inventory(USER)["labs"], "hosts": dict.fromkeys(addresses, templated)}}
    bed.controller.run(["tee", f"{PLACE}/templated.yml"], input=yaml.safe_dump(inventory))
    bed.playbook(LAB, "--inventory", f"{PLACE}/templated.yml")
    bed.playbook(LAB, lab_state="absent")
