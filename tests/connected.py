# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a connection to namespaces has to do, whatever way leads to their machine."""

from __future__ import annotations

import os
import pathlib
import typing as t

import yaml

if t.TYPE_CHECKING:
    from labmachine import LabMachine

#: Two namespaces and a cable; as lines for ip(8).
PAIR = """
netns add ns1
netns add ns2
link add veth0 netns ns1 type veth peer name veth0 netns ns2
-n ns1 addr add 192.0.2.1/24 dev veth0
-n ns2 addr add 192.0.2.2/24 dev veth0
-n ns1 link set veth0 up
-n ns2 link set veth0 up
"""
#: As tests/connection/playbook.yml has them.
FILE, WORDS = 'a file\'s "näme" $(id);`id` * ★', "grüße, ★, $HOME, `id`, ' and \""
LARGE = 20_000_000

Variables = dict[str, t.Any]


def inventory(directory: pathlib.Path, common: Variables, hosts: dict[str, Variables]) -> str:
    """Write an inventory with a group "nodes"; its path."""
    path = directory / "hosts.yml"
    always = {"ansible_connection": "tcpip.lab.netns", "ansible_python_interpreter": "/usr/bin/python3"}
    path.write_text(yaml.safe_dump({"nodes": {"hosts": hosts, "vars": {**always, **common}}}), encoding="utf-8")
    return str(path)


def does_what_it_has_to(machine: LabMachine, directory: pathlib.Path, user: str, home: str, **way: t.Any) -> None:
    """Run the playbook in the two namespaces, in one of them without pipelining, and compare the files it brings.

    :param directory: an empty one that the machine can see.
    :param user: as whom tasks are to run, with that home.
    :param way: variables of the connection.
    """
    hosts = {
        "ns1": {"expected_address": "192.0.2.1/24", "ansible_pipelining": True},
        "other": {"ansible_netns": "ns2", "expected_address": "192.0.2.2/24", "ansible_pipelining": False},
    }
    large = directory / "large"
    large.write_bytes(os.urandom(LARGE))
    fetched = directory / "fetched"
    machine.playbook(
        "tests/connection/playbook.yml",
        "-i",
        inventory(directory, {"expected_user": user, "expected_home": home, **way}, hosts),
        "--extra-vars",
        f"large_file={large} fetched={fetched}",
    )
    for host in hosts:
        found = {path.name: path for path in (fetched / host).iterdir()}
        assert found.keys() == {FILE, "large"}
        assert found["large"].read_bytes() == large.read_bytes()
        assert found[FILE].read_text(encoding="utf-8") == WORDS
