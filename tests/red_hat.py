# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bare Debian that takes itself for Fedora. No registry of the Red Hat family is asked."""

from __future__ import annotations

import pathlib

from bare_machine import BareMachine

BARE = pathlib.Path(__file__).parent / "bare"
ASKED = "/var/log/dnf.asked"
KNOWN = "/etc/dnf.known"

#: Names of packages in Fedora and Enterprise Linux, and what Debian calls the same.
PACKAGES = {
    "bind-utils": "bind9-dnsutils",
    "busybox": "busybox",
    "debootstrap": "debootstrap",
    "dhcp-client": "isc-dhcp-client",
    "dnsmasq": "dnsmasq-base",
    "file": "file",
    "iproute": "iproute2",
    "iptables-nft": "iptables",
    "iputils": "iputils-ping",
    "kmod": "kmod",
    "nftables": "nftables",
    "procps-ng": "procps",
    # Debian has venv in a package of its own, and there is none such in the Red Hat family.
    "python3": "python3 python3-venv",
    "python3.12": "python3 python3-venv",
    "python3-pip": "python3-pip",
    "python3-pyroute2": "python3-pyroute2",
    "qemu-system-x86-core": "qemu-system-x86",
    "ShellCheck": "shellcheck",
    "tcpdump": "tcpdump",
}


def disguise(machine: BareMachine) -> None:
    """Make the machine say that it is Fedora, and have dnf instead of apt-get."""
    machine.write("/etc/os-release", "ID=fedora\nNAME=Fedora\nVERSION_ID=42\n")
    machine.write("/etc/redhat-release", "Fedora release 42 (Adams)\n")
    machine.inside("rm", "/etc/debian_version")
    machine.inside("mv", "/usr/bin/apt-get", "/opt/apt-get")
    machine.write("/usr/bin/dnf", (BARE / "dnf").read_text(encoding="utf-8"))
    machine.inside("chmod", "+x", "/usr/bin/dnf")
    offer(machine, *PACKAGES)


def offer(machine: BareMachine, *names: str) -> None:
    """Let the machine's dnf know these packages, and no others."""
    machine.write(KNOWN, "".join(f"{name} {PACKAGES[name]}\n" for name in names))


def install_nothing(machine: BareMachine) -> None:
    """From now on, only note what is asked for."""
    machine.inside("ln", "--symbolic", "--force", "/bin/true", "/opt/apt-get")


def asked(machine: BareMachine) -> list[set[str]]:
    """What dnf was asked for, call by call, without what it did not know."""
    return [set(line.split()) for line in machine.read(ASKED).splitlines()]
