# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bare machine that takes itself for Fedora: dnf and rpm are real, the packages are Debian's under Fedora's names.

No registry of the Red Hat family is asked. rpmbuild makes each package out of what is in Debian's, and all are in a
repository among the machine's own files, where its dnf, which Debian ships, finds them.
"""

from __future__ import annotations

import pathlib

from bare_machine import LIMIT_S, BareMachine, cached

RPMS = "/opt/rpms"
BUILD = "/opt/build"
# Fedora has these beforehand, or the making of the packages needs them.
INCLUDED = ("ca-certificates", "createrepo-c", "dnf", "rpm")
# dnf has a Python of its own, like that of Enterprise Linux 8, so that a machine without python3 can have dnf.
PLATFORM_PYTHON = "/usr/libexec/platform-python"

#: Packages in Fedora and Enterprise Linux, and those of Debian in which the same is.
PACKAGES = {
    "dhcp-client": "isc-dhcp-client",
    "dnsmasq": "dnsmasq-base",
    "iproute": "iproute2",
    "iptables-nft": "iptables",
    "iputils": "iputils-ping",
    # Debian has venv in a package of its own, and there is none such in the Red Hat family.
    "python3": "python3-venv",
    "python3.12": "python3-venv",
    "python3-pip": "python3-pip",
    "python3-pyroute2": "python3-pyroute2",
    "tcpdump": "tcpdump",
}
#: Those that the tests want besides. Nothing is in them.
EMPTY = {
    "bind-utils",
    "busybox",
    "chromium",
    "conntrack-tools",
    "curl",
    "debootstrap",
    "file",
    "graphviz",
    "kmod",
    "nftables",
    "nmap-ncat",
    "procps-ng",
    "qemu-system-x86-core",
    "ShellCheck",
    "sudo",
}
#: What is not in Debian's packages, since their scripts make it, and the commands of the Python that is here.
MORE = {
    "iptables-nft": "ln --symbolic iptables-nft-restore %{buildroot}/usr/sbin/iptables-restore",
    "python3": "cp --no-dereference /usr/bin/python3 $(readlink -f /usr/bin/python3) %{buildroot}/usr/bin",
    "python3-pyroute2": "python3 -m compileall -q -s %{buildroot} -p / %{buildroot}",
    "python3.12": "cp $(readlink -f /usr/bin/python3) %{buildroot}/usr/bin/python3.12",
}

MACROS = """\
%_dbpath /var/lib/rpm
%_rpmdir /opt/rpms
%_topdir /opt/build
%_binary_payload w1.gzdio
%_build_id_links none
%__os_install_post %{nil}
%debug_package %{nil}
"""
SPECIFICATION = """\
Name: {name}
Version: 1
Release: 1
Summary: What Debian has under other names
License: that of Debian's packages
AutoReqProv: no
%description
%{{summary}}.
%install
mkdir --parents %{{buildroot}}/usr/bin %{{buildroot}}/usr/sbin %{{buildroot}}/usr/lib {debs}
ln --symbolic usr/bin usr/sbin usr/lib %{{buildroot}}/
for deb in $(find {debs} -name '*.deb'); do
    dpkg --fsys-tarfile "$deb" | tar --extract --keep-directory-symlink --directory %{{buildroot}}
done
{more}
find %{{buildroot}} -maxdepth 1 -type l -delete
find %{{buildroot}} -mindepth 1 -type d -printf '%%%%dir "/%%P"\\n' -o -mindepth 1 -printf '"/%%P"\\n' >files
%files -f files
"""
REPOSITORY = f"[fedora]\nname=Fedora\nbaseurl=file://{RPMS}\ngpgcheck=0\nmetadata_expire=0\n"


class RedHatMachine(BareMachine):
    """A bare machine with dnf, which finds the packages above and no others."""

    @classmethod
    def files(cls) -> pathlib.Path:
        """Those of the bare machine, and what is made of them here."""
        return cached("red_hat", pathlib.Path(__file__).read_text(encoding="utf-8"), _make)

    def installed(self) -> set[str]:
        """The names of the packages that are there."""
        return set(self.inside("rpm", "--query", "--all", "--queryformat", "%{NAME}\n").split())

    def package(self, name: str) -> str:
        """The file that dnf installs by this name."""
        return self.inside("find", RPMS, "-name", f"{name}-1-1.*").strip()

    def remove(self, *names: str) -> None:
        """Remove packages from the machine."""
        self.inside("rpm", "--erase", *names)

    def withdraw(self, name: str) -> None:
        """Let dnf no longer find a package."""
        self.inside("rm", "--recursive", self.package(name), f"{RPMS}/repodata")
        self.inside("createrepo_c", "--quiet", RPMS)


def _make(place: pathlib.Path) -> None:
    with BareMachine.without_checkout() as machine:
        machine.inside("mkdir", "--parents", "/etc/rpm", "/etc/yum.repos.d", BUILD)
        machine.write("/etc/rpm/macros", MACROS)
        machine.write("/etc/yum.repos.d/fedora.repo", REPOSITORY)
        with machine.online():
            machine.inside("apt-get", "-qq", "update")
            _apt_install(machine, *INCLUDED)
            for name in PACKAGES:
                _download(machine, name)
        for name in {*PACKAGES, *EMPTY}:
            _build(machine, name)
        machine.inside("createrepo_c", "--quiet", RPMS)
        _disguise(machine)
        machine.run(["cp", "--archive", "--one-file-system", machine.path("/."), str(place)], timeout=LIMIT_S)


def _apt_install(machine: BareMachine, *words: str) -> None:
    how = ["DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-y", "--no-install-recommends", "install"]
    machine.inside("env", *how, *words)


def _download(machine: BareMachine, name: str) -> None:
    """Get Debian's packages, and what they need that is not there."""
    debs = f"{BUILD}/{name}/debs"
    machine.inside("mkdir", "--parents", f"{debs}/partial")
    _apt_install(machine, "--download-only", "-o", f"Dir::Cache::archives={debs}", *PACKAGES[name].split())


def _build(machine: BareMachine, name: str) -> None:
    text = SPECIFICATION.format(name=name, debs=f"{BUILD}/{name}/debs", more=MORE.get(name, ""))
    machine.write(f"{BUILD}/spec", text)
    machine.inside("rpmbuild", "-bb", "--quiet", f"{BUILD}/spec")


def _disguise(machine: BareMachine) -> None:
    """Make the machine say that it is Fedora, the last whose dnf is of this kind, and leave it dnf alone."""
    machine.write("/etc/os-release", "ID=fedora\nNAME=Fedora\nVERSION_ID=40\n")
    machine.write("/etc/redhat-release", "Fedora release 40 (Forty)\n")
    python = machine.inside("readlink", "-f", "/usr/bin/python3").strip()
    machine.inside("mv", python, PLATFORM_PYTHON)
    machine.inside("sed", "--in-place", "--follow-symlinks", f"1s|.*|#!{PLATFORM_PYTHON}|", "/usr/bin/dnf")
    # The Red Hat family lets pip install for all users.
    unwanted = machine.inside("find", "/usr/lib", "-name", "EXTERNALLY-MANAGED").split()
    machine.inside("apt-get", "clean")
    unwanted += [BUILD, "/etc/debian_version", "/usr/bin/apt-get", "/usr/bin/python3", "/var/lib/apt/lists"]
    machine.inside("rm", "--recursive", *unwanted)
