# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked for on the Red Hat family. It is a stand-in: Debian's packages under the names that Fedora has."""

from __future__ import annotations

import json
import pathlib
import typing as t

import red_hat
import yaml
from bare_machine import BareMachine

PLAYBOOKS = pathlib.Path(__file__).resolve().parents[2] / "playbooks"
LIBRARY = "ANSIBLE_LIBRARY=tests/bare/library"


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


def make_ready(machine: BareMachine) -> None:
    """Run the role as if Ansible reached the machine from another one."""
    wanted = {"ansible_python_interpreter": "/usr/bin/python3", "machine_more_commands": all_commands()}
    with machine.online():
        machine.types("env", LIBRARY, "make", "machine", f"ARGS=-e '{json.dumps(wanted)}'")


def test_packages_have_the_names_of_the_red_hat_family() -> None:
    with BareMachine.made("root") as machine:
        red_hat.disguise(machine)
        make_ready(machine)
        assert red_hat.asked(machine) == [
            {"python3"},
            {"dhcp-client", "dnsmasq", "iproute", "iptables-nft", "iputils", "tcpdump"},
            {"python3-pyroute2"},
        ]

        # Enterprise Linux has no pyroute2 that is new enough, and a fresh machine no pip.
        machine.inside("dpkg", "--purge", "python3-pyroute2")
        red_hat.offer(machine, "python3-pip")
        make_ready(machine)
        assert red_hat.asked(machine)[3:] == [{"python3-pip"}]
        assert "/usr/local/" in machine.inside("/usr/bin/python3", "-c", "import pyroute2; print(pyroute2.__file__)")


def test_a_newer_python_is_asked_for_where_the_distributions_own_is_too_old() -> None:
    with BareMachine.made("root") as machine:
        red_hat.disguise(machine)
        red_hat.install_nothing(machine)
        assert "Python 3.11 or newer is needed" in machine.types("make", "setup", fails=True)
        assert red_hat.asked(machine) == [{"python3"}, {"python3.12"}]


def test_the_tests_tools_have_the_names_of_the_red_hat_family() -> None:
    with BareMachine.made("root") as machine:
        red_hat.disguise(machine)
        red_hat.install_nothing(machine)
        machine.types("scripts/setup.sh", "tools")
        assert red_hat.asked(machine) == [{name for name in red_hat.PACKAGES if not name.startswith("python3")}]
