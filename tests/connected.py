# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a connection to namespaces has to do, whatever way leads to their machine."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import typing as t

import shown
import yaml
from labmachine import BIN, COLLECTIONS, ROOT

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
    """Run the playbook in the two namespaces, and compare the files it brings.

    Among them, what can be done in several ways is done in each: modules by pipelining and by files, and where SSH is
    the way, files by SFTP, by a pipe and by scp.

    :param directory: an empty one that the machine can see.
    :param user: as whom tasks are to run, with that home.
    :param way: variables of the connection.
    """
    first = {"ansible_pipelining": True, "ansible_ssh_transfer_method": "sftp"}
    second = {"ansible_pipelining": False, "ansible_ssh_transfer_method": "piped", "ansible_netns": "ns2"}
    third = {"ansible_pipelining": True, "ansible_ssh_transfer_method": "scp", "ansible_netns": "ns2"}
    third["ansible_scp_extra_args"] = (
        "-OT"  # newer ones do not take names that are quoted for a shell, as Ansible does it
    )
    hosts: dict[str, Variables] = {
        "ns1": {"expected_address": "192.0.2.1/24", **first},
        "other": {"expected_address": "192.0.2.2/24", **second},
    }
    if way:
        hosts["third"] = {"expected_address": "192.0.2.2/24", **third}
    odd, large = directory / FILE, directory / "large"
    odd.write_text(WORDS, encoding="utf-8")
    large.write_bytes(os.urandom(LARGE))
    fetched = directory / "fetched"
    machine.playbook(
        "tests/connection/playbook.yml",
        "-i",
        inventory(directory, {"expected_user": user, "expected_home": home, **way}, hosts),
        "--extra-vars",
        json.dumps({"odd_file": str(odd), "large_file": str(large), "fetched": str(fetched)}),
    )
    for host in hosts:
        found = {path.name: path for path in (fetched / host).iterdir()}
        assert found.keys() == {FILE, "large"}
        assert found["large"].read_bytes() == large.read_bytes()
        assert found[FILE].read_text(encoding="utf-8") == WORDS


def documented(name: str) -> str:
    """A file as docs/testing_labs.md shows it."""
    return shown.file("docs/testing_labs.md", name)


def run_testinfra(machine: LabMachine, directory: pathlib.Path, *arguments: str, **env: str) -> None:
    """Run the tests that are in the directory as a user would, with what makes the namespaces known."""
    (directory / "conftest.py").write_text(documented("conftest.py"), encoding="utf-8")
    home = directory / "home"
    (home / ".ansible").mkdir(parents=True)
    (home / ".ansible/collections").symlink_to(COLLECTIONS)
    (find,) = shown.lines("docs/testing_labs.md")
    pytest = [str(BIN / "pytest"), "-p", "no:cacheprovider", "--rootdir", str(directory), str(directory), *arguments]
    command = ["sh", "-c", f'{find}; exec "$@"', "sh", *pytest]
    machine.run(command, env={"HOME": str(home), **env}, cwd=str(directory), timeout=300)


def testinfra_sees_it(machine: LabMachine, directory: pathlib.Path, user: str, pattern: str) -> None:
    """See by testinfra what is in the two namespaces.

    :param directory: an empty one that the machine can see.
    :param user: as whom commands are to run.
    :param pattern: testinfra's name of a host, with ``NETNS`` for the namespace.
    """
    shutil.copy(ROOT / "tests/connection/namespaces.py", directory / "test_namespaces.py")
    first, second, missing = (pattern.replace("NETNS", name) for name in ("ns1", "ns2", "ns9"))
    run_testinfra(machine, directory, f"--hosts={first},{second}", EXPECTED_USER=user, MISSING_HOST=missing)
