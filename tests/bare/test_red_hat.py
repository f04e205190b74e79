# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is installed on the Red Hat family, by a real dnf, out of a repository with Fedora's names."""

from __future__ import annotations

import json
import pathlib
import typing as t

import red_hat
import yaml
from bare_machine import recap
from red_hat import RedHatMachine

PLAYBOOKS = pathlib.Path(__file__).resolve().parents[2] / "playbooks"


def more_commands(part: t.Any) -> t.Iterator[dict[str, str]]:
    """The commands that a playbook, or a part of it, wants besides."""
    if isinstance(part, dict):
        yield from part.get("machine_more_commands", [])
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from more_commands(inner)


def all_commands() -> list[dict[str, str]]:
    """Those of all playbooks."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(PLAYBOOKS.glob("*.yml"))]
    return [command for text in texts for command in more_commands(yaml.safe_load(text))]


def make_ready(machine: RedHatMachine, fails: bool = False) -> str:
    """Run the role as if Ansible reached the machine from another one."""
    wanted = {"ansible_python_interpreter": "/usr/bin/python3", "machine_more_commands": all_commands()}
    return machine.types("make", "machine", f"ARGS=-e '{json.dumps(wanted)}'", fails=fails)


def one_command_is_enough_for_a_lab(machine: RedHatMachine) -> None:
    """The README's first promise."""
    assert not [command for command in ("apt-get", "python3", "ip", "ping", "tcpdump") if machine.has(command)]
    with machine.online():
        assert recap(machine.types("make", "vxlan"))["failed"] == 0
    assert machine.installed() == {"iproute", "iputils", "python3", "tcpdump"}
    assert "ttl=64" in machine.inside("ip", "netns", "exec", "ns1", "ping", "-c1", "-W9", "198.51.100.2")
    assert recap(machine.types("make", "vxlan"))["changed"] == 0


def all_labs_get_what_they_need(machine: RedHatMachine) -> None:
    """And pyroute2 is a package, as in Fedora."""
    before = machine.installed()
    make_ready(machine)
    assert machine.installed() - before == {"dhcp-client", "dnsmasq", "iptables-nft", "python3-pyroute2"}


def pip_serves_where_no_package_has_pyroute2(machine: RedHatMachine) -> None:
    """Enterprise Linux has none that is new enough, and a fresh machine no pip."""
    machine.remove("python3-pyroute2")
    machine.withdraw("python3-pyroute2")
    with machine.online():
        make_ready(machine)
    assert "python3-pip" in machine.installed()
    assert "/usr/local/" in machine.inside("/usr/bin/python3", "-c", "import pyroute2; print(pyroute2.__file__)")


def what_cannot_be_installed_is_said(machine: RedHatMachine) -> None:
    """By dnf, or by the role where there is no dnf. Nothing is installed by halves."""
    machine.remove("iputils", "tcpdump")
    machine.withdraw("tcpdump")
    assert "No package tcpdump available." in make_ready(machine, fails=True)
    assert not machine.has("ping")
    machine.inside("rm", "/usr/bin/dnf")
    said = " ".join(make_ready(machine, fails=True).split())
    assert "by dnf on the Red Hat family only: ping, tcpdump" in said


def test_root_without_sudo() -> None:
    with RedHatMachine.made("root") as machine:
        one_command_is_enough_for_a_lab(machine)
        all_labs_get_what_they_need(machine)
        pip_serves_where_no_package_has_pyroute2(machine)
        what_cannot_be_installed_is_said(machine)


def has_an_old_python(machine: RedHatMachine) -> None:
    """As Enterprise Linux 9 has one beforehand: to its dnf, python3 is there."""
    machine.inside("rpm", "--install", "--justdb", machine.package("python3"))


def test_a_newer_python_comes_where_the_distributions_own_is_too_old() -> None:
    with RedHatMachine.made("root") as machine:
        has_an_old_python(machine)
        assert "No matching distribution" in machine.types("env", "PIP_NO_INDEX=1", "make", "setup", fails=True)
        assert machine.installed() == {"python3", "python3.12"}
        assert machine.types("realpath", ".venv/bin/python").strip() == "/usr/bin/python3.12"


def test_a_machine_without_any_python_that_will_do_is_told_so() -> None:
    with RedHatMachine.made("root") as machine:
        has_an_old_python(machine)
        machine.withdraw("python3.12")
        said = machine.types("make", "setup", fails=True)
        assert "Unable to find a match: python3.12" in said
        assert "Python 3.11 or newer is needed" in said
        machine.inside("rm", "/usr/bin/dnf")
        said = machine.types("make", "setup", fails=True)
        assert "there is neither apt-get nor dnf to do it: python3\n" in said


def test_the_tests_tools_have_the_names_of_the_red_hat_family() -> None:
    with RedHatMachine.made("root") as machine:
        machine.types("scripts/setup.sh", "tools", "dot", "ip")
        assert machine.installed() == {"graphviz", "iproute"}
        machine.types("scripts/setup.sh", "tools")
        assert machine.installed() == {name for name in {*red_hat.PACKAGES, *red_hat.EMPTY} if "python3" not in name}
