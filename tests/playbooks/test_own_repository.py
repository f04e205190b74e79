# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A repository of somebody else's that installs the collection from its file, as docs/examples shows it."""

from __future__ import annotations

import importlib.metadata
import re
import shlex
import shutil
import typing as t

import connected
import pytest
import run_ansible_test
import snapshot
import yaml
from check_networks import ip
from labmachine import BIN, COLLECTIONS, ROOT
from shown import examples, lines

if t.TYPE_CHECKING:
    import pathlib

    from labmachine import LabMachine

EXAMPLE = ROOT / "docs/examples/own_repository"
#: What others have on the machine, with names and addresses that are like the example's.
STRANGERS = """
netns add client1
link add eth0 netns client1 type veth peer name to-client
-n client1 addr add 198.51.100.1/24 dev eth0
-n client1 link set eth0 up
link add br0 type bridge
link set br0 addrgenmode none
addr add 10.5.0.1/24 dev br0
link set br0 up
route add 203.0.113.0/24 dev br0
"""


class Home:
    """A home of its own, with nothing of this checkout but the programs, and a copy of it as `make setup` leaves it."""

    def __init__(self, machine: LabMachine, home: pathlib.Path) -> None:
        self._machine, self._home = machine, home
        self.checkout, self.place = home / "tcpip.lab", home / "network"
        with run_ansible_test.copy_of_collection() as files:
            shutil.copytree(files, self.checkout, symlinks=True)
        shutil.copytree(COLLECTIONS, self.checkout / COLLECTIONS.name, symlinks=True)
        shutil.copytree(EXAMPLE, self.place)
        self.collection = self.place / "collections/ansible_collections/tcpip/lab"

    def does(self, command: str, where: pathlib.Path | None = None) -> str:
        """What commands print that somebody types, in the repository or elsewhere."""
        path = f"{BIN}:/usr/sbin:/usr/bin:/sbin:/bin"
        clean = ["env", "-i", f"HOME={self._home}", f"PATH={path}", "LC_ALL=C.UTF-8", "sh", "-ec", command]
        done = self._machine.run(clean, cwd=str(where or self.place), check=False, timeout=300)
        said = done.stdout + done.stderr
        assert not done.returncode, f"{command} gave {done.returncode}:\n{said}"
        return said


@pytest.fixture
def home(machine: LabMachine, tmp_path: pathlib.Path) -> Home:
    return Home(machine, tmp_path)


@pytest.fixture
def repository(home: Home) -> Home:
    """The example, with the built file, as docs/reuse.md has one make it."""
    in_checkout, build, in_repository, install = lines("docs/reuse.md")
    assert (in_checkout[0], in_repository[0]) == ("#", "#")
    assert install == commands()[0]
    home.does(build, home.checkout)
    return home


def commands() -> list[str]:
    """What the example's own README has one type."""
    return lines("docs/examples/own_repository/README.md")


def changed(said: str) -> int:
    """How many tasks changed something."""
    (number,) = re.findall(r"changed=(\d+)", said)
    return int(number)


def test_it_is_installed_for_all_playbooks(home: Home) -> None:
    """As the README says it, from the checkout to a place where it is not seen."""
    home.does("\n".join(lines("README.md", "ansible-galaxy")), home.checkout)
    assert (home.place.parent / ".ansible/collections/ansible_collections/tcpip/lab/MANIFEST.json").is_file()


def test_single_modules_in_a_repository_of_ones_own(machine: LabMachine, repository: Home) -> None:
    install, build, look, remove, test = commands()
    ip(machine, STRANGERS)
    repository.does(install)
    before = machine.snapshot()
    assert changed(repository.does(build)) > 0
    assert "1 received" in machine.run(shlex.split("ip netns exec client ping -c1 -W9 203.0.113.1")).stdout
    machine.run(shlex.split("ip netns exec gateway sysctl -w net.ipv4.ip_forward=0"))
    assert changed(repository.does(look)) == 1
    assert changed(repository.does(remove)) == 1
    assert snapshot.diff(before, machine.snapshot()) == []

    assert "2 passed" in repository.does(test)
    assert snapshot.diff(before, machine.snapshot()) == []


def leave_only_what_ansible_reads(collection: pathlib.Path) -> None:
    """A collection of the community package has to work without all of its other directories."""
    for directory in collection.iterdir():
        # What is in extensions is read by pytest.
        if directory.is_dir() and directory.name not in {"extensions", "meta", "playbooks", "plugins", "roles"}:
            shutil.rmtree(directory)


def recipe(page: str) -> tuple[list[str], str]:
    """What a page has a job of somebody's CI do: what it installs, line by line, and what it tests by."""
    (job,) = [block for block in examples(page, "yaml") if block.startswith("jobs:")]
    _checkout, install, test = yaml.safe_load(job)["jobs"]["molecule"]["steps"]
    return install["run"].splitlines(), test["run"]


def test_a_lab_is_tested_by_molecule_as_documented(machine: LabMachine, repository: Home) -> None:
    """By the recipe for a job of CI, whose environment is this one: that has what it would fetch from PyPI."""
    (make, fetch, install), test = recipe("docs/testing_labs.md")
    (repository.place / make.split()[-1]).symlink_to(BIN.parent)
    for package in fetch.split("install ")[1].split():
        importlib.metadata.version(package)
    scenario = repository.place / "molecule/default"
    (scenario / "tests/test_network.py").unlink()
    for name in ("converge.yml", "cleanup.yml"):
        (scenario / name).write_text(connected.documented(f"molecule/default/{name}"), encoding="utf-8")
    (scenario / "tests/test_router.py").write_text(connected.documented("test_router.py"), encoding="utf-8")
    described = yaml.safe_load((scenario / "molecule.yml").read_text(encoding="utf-8"))
    described["provisioner"]["playbooks"] = {"converge": "converge.yml", "cleanup": "cleanup.yml"}
    (scenario / "molecule.yml").write_text(yaml.safe_dump(described), encoding="utf-8")

    before = machine.snapshot()
    repository.does(install)
    leave_only_what_ansible_reads(repository.collection)
    assert "4 passed" in repository.does(test.removeprefix("sudo "))  # root types it
    assert snapshot.diff(before, machine.snapshot()) == []
