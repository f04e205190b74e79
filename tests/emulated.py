# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command on Debian's own kernel, under emulation, with this machine's files: ``emulated.py [COMMAND ...]``.

Without a command it runs every scenario, and the tests that need what this machine's kernel may not have: what bears
the markers `every_kernel`, `vlan` and `netem`. Words that begin with a hyphen are further options for pytest. The
kernel, and a busybox that needs no library to boot it, are fetched with apt-get and unpacked into .cache/kernel; they
are not installed. What the command writes stays in the emulated machine's memory and is gone with it, but for the
directory in $EMULATED_REPORTS, which is .cache/emulated here.

Needs qemu-system-x86, kmod, file, apt-get and dpkg-deb, virtme-ng from PyPI, and root. KVM is not used, even where
there seems to be one: inside of another virtual machine it often does not work. So Python is 10 to 20 times slower.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time

import kernel_rules
import rendered

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(sys.prefix) / "bin"
CACHE = ROOT / ".cache/kernel"
REPORTS = ROOT / ".cache/emulated"
META_PACKAGE = "linux-image-amd64"
EMULATOR = "qemu-system-x86_64"

LIMIT_S = 3600
MEMORY = "3G"
CPUS = "2"
#: A worker for each of them. The tests of a file stay together: they may share a machine.
WORKERS = ["-n", CPUS, "--dist", "loadfile"]
#: Where the emulated machine has this machine's files until it has mounted them in its own way.
HOST = "/run/host"

#: virtme-ng mounts that without a cache, and an import of pyroute2 takes 20 s. It is mounted again, with a cache, under
#: a layer of memory that takes what is written, and made the root of all that follows.
GUEST = r"""
set -e
if [ -z "$tag" ]; then
    export tag=$(sed -n 's|^\(virtme.initmount[0-9]*\) {host} .*|\1|p' /proc/mounts)
    umount {host}
    # The first rule of address translation loads these. With them come settings, which stay when the lab is gone.
    modprobe -a nf_nat
    exec unshare --mount sh "$0"
fi
mkdir /run/emulated && mount -t tmpfs -o size=75% tmpfs /run/emulated && cd /run/emulated
mkdir lower upper work root
mount -t 9p -o ro,version=9p2000.L,trans=virtio,access=any,msize=500000,cache=loose "$tag" lower
mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay root
mount -t proc proc root/proc
mount -t sysfs sysfs root/sys
mount --rbind /dev root/dev
mount -t tmpfs -o mode=755 tmpfs root/run
mkdir -p root{reports} && mount --bind {reports} root{reports}
cd root && mkdir -p run/old && pivot_root . run/old && umount -l /run/old && rmdir /run/old
cd {cwd}
"""


def release() -> str:
    """Which Linux it is. All that booting it takes is there then.

    :raises SystemExit: when something of it cannot be had.
    """
    run([EMULATOR, "--version"], ROOT)
    busybox()
    return kernel().name.removeprefix("vmlinuz-")


def kernel() -> pathlib.Path:
    """The image of the distribution's newest kernel, with its modules beside it."""
    (image,) = (unpacked(kernel_package()) / "boot").glob("vmlinuz-*")
    return image


def busybox() -> pathlib.Path:
    """A busybox that is linked statically; the package is not installed, since it excludes the one that is not."""
    return unpacked("busybox-static") / "bin/busybox"


def unpacked(package: str) -> pathlib.Path:
    """The files of a package of the distribution, fetched if they are not there yet."""
    place = CACHE / package
    if not place.exists():
        new = CACHE / "new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", package], new)
        (archive,) = new.glob("*.deb")
        run(["dpkg-deb", "--extract", str(archive), str(new / "files")], new)
        (new / "files").rename(place)
        shutil.rmtree(new)
    return place


def kernel_package() -> str:
    """The package that the distribution's kernel is in at the moment."""
    shown = run(["apt-cache", "depends", "--important", META_PACKAGE], ROOT)
    found = re.search(r"Depends: (linux-image-\S+)", shown)
    if not found:
        raise SystemExit(f"apt-cache does not say which kernel {META_PACKAGE} is:\n{shown}")
    return found.group(1)


def run(command: list[str], cwd: pathlib.Path) -> str:
    """What a command prints; the end, with its own words, if it fails."""
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise SystemExit(f"there is no {command[0]} on this machine") from None
    if done.returncode:
        raise SystemExit(f"{shlex.join(command)} gave {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def boot(command: list[str]) -> int:
    """Boot, run the command, print what it printed; its status. Kept in REPORTS: `output`, `status`, `console`."""
    shutil.rmtree(REPORTS, ignore_errors=True)
    REPORTS.mkdir(parents=True)
    (REPORTS / "script").write_text(script(command), encoding="utf-8")
    image = kernel()
    print(f"on {image.name}", flush=True)
    with (REPORTS / "console").open("wb") as console:
        emulator = subprocess.Popen(
            emulation(image),
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            cwd=ROOT,
            env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"},
            start_new_session=True,
        )
        try:
            follow(emulator, REPORTS / "output")
        finally:
            end(emulator)
    return status()


def script(command: list[str]) -> str:
    """What the emulated machine does: it makes its root, and runs the command in it."""
    environment = {
        "EMULATED_REPORTS": str(REPORTS),
        "HOME": os.path.expanduser("~"),
        "PATH": os.environ["PATH"],
        "LC_ALL": "C.UTF-8",
    }
    words = shlex.join(["env", "-i", *(f"{name}={value}" for name, value in environment.items()), *command])
    lines = [
        GUEST.format(host=HOST, reports=REPORTS, cwd=shlex.quote(str(ROOT))),
        f"{words} > {REPORTS}/output 2>&1 < /dev/null || status=$?",
        f"echo ${{status:-0}} > {REPORTS}/status",
    ]
    return "\n".join(lines)


def emulation(image: pathlib.Path) -> list[str]:
    """The command that boots the kernel and runs the script."""
    machine = ["--user", "root", "--cpus", CPUS, "--memory", MEMORY, "--verbose", "--disable-kvm"]
    files = ["--busybox", str(busybox()), f"--rodir={HOST}=/", f"--rwdir={REPORTS}"]
    return [str(BIN / "vng"), "--run", str(image), *machine, *files, "--", f"sh {REPORTS}/script"]


def follow(emulator: subprocess.Popen[bytes], output: pathlib.Path) -> None:
    """Print what is written to the file until the emulator ends, or has taken too long."""
    began, seen = time.monotonic(), 0
    while True:
        over = emulator.poll() is not None
        if output.exists():
            data = output.read_bytes()[seen:]
            seen += len(data)
            sys.stdout.write(data.decode(errors="replace"))
            sys.stdout.flush()
        if over:
            return
        if time.monotonic() - began > LIMIT_S:
            print(f"\nnot done after {LIMIT_S} s: ended")
            return
        time.sleep(0.5)


def end(emulator: subprocess.Popen[bytes]) -> None:
    """See to it that nothing of the emulator is left, whatever ended this."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if emulator.poll() is not None:
            return
        os.killpg(emulator.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            emulator.wait(10)


def status() -> int:
    """What the command ended with; 1 and the console's last lines if it did not get so far."""
    file = REPORTS / "status"
    if file.exists():
        return int(file.read_text(encoding="utf-8"))
    console = (REPORTS / "console").read_text(encoding="utf-8", errors="replace")
    print(
        "the emulated machine did not come to the end of the command; its console's last lines:",
        console[-3000:],
        sep="\n",
    )
    return 1


def places() -> list[str]:
    """Where such tests are."""
    return ["tests/kernels", "tests/engine", *(f"molecule/{name}" for name in kernel_rules.VLAN_SCENARIOS)]


def main() -> int:
    """The command line."""
    if os.geteuid() != 0:
        raise SystemExit("root is needed: the emulated machine shows this machine's files to root")
    given = sys.argv[1:]
    if given and not given[0].startswith("-"):
        return boot(given)
    rendered.write()
    return boot([str(BIN / "pytest"), "--emulated", "-m", kernel_rules.chosen(), *WORKERS, *places(), *given])


if __name__ == "__main__":
    sys.exit(main())
