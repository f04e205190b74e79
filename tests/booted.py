# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first process of one of the machines of machines.py: ``booted.py NAME IMAGE DISK``.

It is started in new namespaces. The machine's root is the image under what the disk, a directory, has of changes.
"""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys

from throwaway import call, wait_for_the_end

# Without PAM, whose message of the day would be a file more in /run after the first login.
OPTIONS = ("AuthorizedKeysFile=/etc/ssh/authorized_keys", "UsePAM=no")
SSHD = ["/usr/sbin/sshd", "-D", "-E", "/var/log/sshd", *(f"-o{option}" for option in OPTIONS)]


def mount(kind: str, place: str, options: str = "rw") -> None:
    """Mount a new file system."""
    call("mount", "-t", kind, "-o", options, kind, place)


def mount_root(image: str, disk: str) -> None:
    """Make the root of the machine below the disk, and go there."""
    for name in ("upper", "work", "root"):
        os.makedirs(f"{disk}/{name}", exist_ok=True)
    root = f"{disk}/root"
    mount("overlay", root, f"lowerdir={image},upperdir={disk}/upper,workdir={disk}/work,xino=on")
    mount("proc", f"{root}/proc")
    mount("sysfs", f"{root}/sys")
    mount("tmpfs", f"{root}/run", "mode=755")
    mount("tmpfs", f"{root}/tmp", "mode=1777")
    mount("tmpfs", f"{root}/dev/shm", "mode=1777")
    mount("devpts", f"{root}/dev/pts", "newinstance,ptmxmode=0666")
    os.chdir(root)
    call("pivot_root", ".", "mnt")
    os.chdir("/")
    call("umount", "--lazy", "/mnt")


def furnish(name: str) -> None:
    """What an init system does."""
    pathlib.Path("/proc/sys/kernel/hostname").write_text(name, encoding="utf-8")
    pathlib.Path("/etc/hostname").write_text(name + "\n", encoding="utf-8")
    os.makedirs("/run/sshd")
    tun = "/dev/net/tun"
    if not os.path.exists(tun):
        os.makedirs(os.path.dirname(tun), exist_ok=True)
        os.mknod(tun, 0o20666, os.makedev(10, 200))
    call("ip", "link", "set", "lo", "up")
    subprocess.Popen(SSHD, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main() -> None:
    """Furnish the machine, say that it is there, and wait."""
    name, image, disk = sys.argv[1:]
    mount_root(image, disk)
    furnish(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # orphans are reaped by the kernel
    print("up", flush=True)
    wait_for_the_end()


if __name__ == "__main__":
    main()
