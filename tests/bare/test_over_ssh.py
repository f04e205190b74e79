# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection tcpip.lab.netns to the namespaces of a machine that is reached by SSH, as a user with sudo."""

from __future__ import annotations

import typing as t

import connected
from bare_machine import USER, BareMachine

if t.TYPE_CHECKING:
    import pathlib

PORT = 2222
HOME = f"/home/{USER}"
PACKAGES = ("iproute2", "openssh-server", "python3")


def open_to_ssh(machine: BareMachine, directory: pathlib.Path) -> dict[str, t.Any]:
    """Let the machine be reached by SSH with a new key; Ansible's variables for that."""
    with machine.online():
        machine.inside("apt-get", "-qq", "update")
        machine.inside("apt-get", "-qq", "install", "-y", "--no-install-recommends", *PACKAGES)
    key = directory / "key"
    machine.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)])
    machine.inside("mkdir", "-p", f"{HOME}/.ssh", "/run/sshd")
    machine.write(f"{HOME}/.ssh/authorized_keys", key.with_suffix(".pub").read_text(encoding="ascii"))
    machine.inside("chown", "--recursive", f"{USER}:", f"{HOME}/.ssh")
    machine.inside("/usr/sbin/sshd", "-o", f"Port={PORT}", "-E", "/var/log/sshd")
    return {
        "ansible_netns_via": "ssh",
        "ansible_host": "127.0.0.1",
        "ansible_port": PORT,
        "ansible_user": USER,
        "ansible_ssh_private_key_file": str(key),
        "ansible_control_path_dir": "/tmp/cp",  # the machine has a /tmp of its own
        "ansible_ssh_common_args": f"-o StrictHostKeyChecking=no -o UserKnownHostsFile={directory}/known",
    }


def ssh_options(directory: pathlib.Path) -> str:
    """The same for testinfra. To connect anew for each command would take long."""
    lines = ["StrictHostKeyChecking no", f"UserKnownHostsFile {directory}/known", "ControlPath /tmp/cp/testinfra"]
    (directory / "ssh_config").write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
    return f"ssh_config={directory}/ssh_config&ssh_identity_file={directory}/key"


def test_it_does_what_a_connection_has_to_do(tmp_path: pathlib.Path) -> None:
    with BareMachine.made(USER, [str(tmp_path)]) as machine:
        way = open_to_ssh(machine, tmp_path)
        for line in connected.PAIR.strip().splitlines():
            machine.inside("ip", *line.split())
        connected.does_what_it_has_to(machine, tmp_path, USER, HOME, **way)
        pattern = f"netns://{USER}@127.0.0.1:{PORT}/NETNS?{ssh_options(tmp_path)}"
        (tmp_path / "tests").mkdir()
        connected.testinfra_sees_it(machine, tmp_path / "tests", USER, pattern)
