# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A throw-away machine that was installed a moment ago: this machine's distribution at its smallest, and a checkout.

debootstrap makes the distribution once, in .cache/bare. Each machine sees it under a layer of memory that takes what is
written, so that it is as fresh as the first. It shares this machine's kernel, and nothing else.
"""

from __future__ import annotations

import configparser
import contextlib
import fcntl
import os
import pathlib
import platform
import re
import shlex
import shutil
import subprocess
import typing as t
import zlib

import forward_proxy
import run_ansible_test
import throwaway
from labmachine import LabMachine

CACHE = pathlib.Path(__file__).resolve().parent.parent / ".cache"
# What the README asks for beforehand, without git: the checkout is there already. Where it is not needed, sudo goes.
INCLUDED = "make,sudo"
# The certificates that this machine trusts besides, and how its pip is configured, so that the registries are reached.
CERTIFICATES = pathlib.Path("/usr/local/share/ca-certificates")
PIP_CONFIGURATION = pathlib.Path("/etc/pip.conf")

USER = "learner"
CHECKOUT = "tcpip.lab"
LAYERS = "/run/bare"
LIMIT_S = 600


def cached(name: str, recipe: str, make: t.Callable[[pathlib.Path], None]) -> pathlib.Path:
    """A directory in the cache that was made by this recipe, whole. It is made if it is not there yet."""
    place = CACHE / name / f"{_suite()}-{zlib.crc32(recipe.encode()):08x}"
    place.parent.mkdir(parents=True, exist_ok=True)
    with (place.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run beside each other
        if not place.exists():
            new = place.parent / "new"
            shutil.rmtree(new, ignore_errors=True)
            make(new)
            new.rename(place)
    return place


def distribution(name: str = "bare", packages: str = INCLUDED) -> pathlib.Path:
    """The files of this machine's distribution at its smallest and these packages, made if they are not there yet.

    :raises AssertionError: with the end of what debootstrap said, if it fails.
    """
    return cached(name, packages, lambda place: _debootstrap(place, packages))


def _debootstrap(place: pathlib.Path, packages: str) -> None:
    suite = _suite()
    words = ["debootstrap", "--variant=minbase", f"--include={packages}", suite, str(place), _mirror(suite)]
    # What it mounts, and whatever it starts, goes with it even if it is killed.
    own = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    done = subprocess.run([*own, *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    said = (done.stdout + done.stderr)[-2000:]
    assert done.returncode == 0, f"no machine could be made by {shlex.join(words)}:\n{said}"
    # Like images of the distribution, it knows no packages but those that are installed.
    for directory in ("var/lib/apt/lists", "var/cache/apt/archives"):
        shutil.rmtree(place / directory)
        (place / directory / "partial").mkdir(parents=True)


def _suite() -> str:
    return platform.freedesktop_os_release()["VERSION_CODENAME"]


def _mirror(suite: str) -> str:
    """Where this machine gets the packages of its distribution from."""
    command = ["apt-get", "indextargets", "--format", "$(CODENAME) $(COMPONENT) $(REPO_URI)"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    found = [line.split()[2] for line in lines if line.startswith(f"{suite} main ")]
    assert found, f"apt-get indextargets knows no packages of {suite} on this machine:\n{lines}"
    return found[0]


def recap(said: str) -> dict[str, int]:
    """The numbers in which a run of a playbook ends."""
    return {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", said.rpartition("PLAY RECAP")[2])}


class BareMachine(LabMachine):
    """A machine with a bare distribution as its root; `user` works on it, in a checkout in the home directory."""

    user = "root"

    @classmethod
    def files(cls) -> pathlib.Path:
        """What the machine sees as its root directory."""
        return distribution()

    @classmethod
    @contextlib.contextmanager
    def without_checkout(cls, share: t.Iterable[str] = ()) -> t.Iterator[t.Self]:
        """A fresh one on which nobody has done anything yet."""
        with cls.start(share) as machine:
            machine._mount()
            machine._configure()
            yield machine

    @classmethod
    @contextlib.contextmanager
    def made(cls, user: str, share: t.Iterable[str] = ()) -> t.Iterator[t.Self]:
        """A fresh one, without sudo for root, and with it for the user otherwise.

        :param share: directories below /tmp that this machine's own tools are to see in it.
        """
        with cls.without_checkout(share) as machine:
            machine.user = user
            machine._add_user()
            machine._add_checkout()
            yield machine

    def _mount(self) -> None:
        layers = [f"{LAYERS}/{name}" for name in ("lower", "upper", "work", "root")]
        self.run(["mkdir", LAYERS])
        self._mount_new("tmpfs", LAYERS, "mode=755")
        self.run(["mkdir", *layers])
        self.run(["mount", "--bind", str(self.files()), layers[0]])
        self._mount_new("overlay", layers[3], f"lowerdir={layers[0]},upperdir={layers[1]},workdir={layers[2]}")
        self._mount_new("proc", self.path("/proc"))
        self._mount_new("sysfs", self.path("/sys"))
        self._mount_new("tmpfs", self.path("/run"), "mode=755")
        self._mount_new("tmpfs", self.path("/dev/shm"), "mode=1777")
        self._mount_new("devpts", self.path("/dev/pts"), "newinstance,ptmxmode=0666")

    def _mount_new(self, kind: str, place: str, options: str = "rw") -> None:
        self.run(["mount", "-t", kind, "-o", options, kind, place])

    def _configure(self) -> None:
        """What an installer writes, the language of somebody's terminal, and the way to the registries."""
        self.write("/etc/hosts", f"127.0.0.1 localhost {throwaway.HOSTNAME}\n")
        self.write("/etc/default/locale", "LANG=de_DE.UTF-8\n")
        apt = f'Acquire::http::Proxy "{forward_proxy.URL}";\nAcquire::Retries "3";\n'
        self.write("/etc/apt/apt.conf.d/90proxy", apt)
        pip = configparser.RawConfigParser()
        pip.read(PIP_CONFIGURATION, encoding="utf-8")
        pip.read_dict({"global": {"proxy": forward_proxy.URL}})
        text = [f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in pip[name].items()) for name in pip]
        self.write("/etc/pip.conf", "".join(text[1:]))
        if CERTIFICATES.is_dir():
            self.run(["mkdir", "-p", self.path(str(CERTIFICATES))])
            self.run(["cp", "-rT", str(CERTIFICATES), self.path(str(CERTIFICATES))])

    def _add_user(self) -> None:
        if self.user == "root":
            self.inside("env", "SUDO_FORCE_REMOVE=yes", "dpkg", "--purge", "sudo")
        else:
            self.inside("useradd", "--create-home", "--shell", "/bin/bash", self.user)
            self.write(f"/etc/sudoers.d/{self.user}", f"{self.user} ALL=(ALL) NOPASSWD: ALL\n")

    def _add_checkout(self) -> None:
        home = "/root" if self.user == "root" else f"/home/{self.user}"
        with run_ansible_test.copy_of_collection() as files:
            archive = ["tar", "--create", "--directory", str(files), "."]
            packed = subprocess.run(archive, capture_output=True, check=True).stdout
        unpack = ["tar", "--extract", "--no-same-owner", "--directory", self.path(f"{home}/{CHECKOUT}")]
        self.run(["mkdir", self.path(f"{home}/{CHECKOUT}")])
        subprocess.run([*self.enter(), *unpack], input=packed, check=True)
        self.inside("chown", "--recursive", f"{self.user}:", f"{home}/{CHECKOUT}")

    def path(self, path: str) -> str:
        """Where a file of the bare distribution is seen by this machine's own tools in the throw-away machine."""
        return f"{LAYERS}/root{path}"

    def write(self, path: str, text: str) -> None:
        """Write a file of the bare distribution."""
        self.run(["tee", self.path(path)], input=text)

    def read(self, path: str) -> str:
        """What is in a file of the bare distribution."""
        return self.run(["cat", self.path(path)]).stdout

    def has(self, command: str) -> bool:
        """Whether a command is there."""
        places = [self.path(f"{directory}/{command}") for directory in ("/usr/bin", "/usr/sbin")]
        return any(self.run(["test", "-e", place], check=False).returncode == 0 for place in places)

    def inside(self, *command: str) -> str:
        """What a command of the bare distribution prints, run by root."""
        root = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "chroot", self.path("/")]
        return self.run([*root, *command], timeout=LIMIT_S).stdout

    def types(self, *words: str, fails: bool = False) -> str:
        """What is seen by the user who logs in, goes to the checkout, and types the command."""
        command = f"cd {CHECKOUT} && {shlex.join(words)}"
        login = ["chroot", self.path("/"), "/bin/su", "--login", self.user, "--command", command]
        done = self.run(login, check=False, timeout=LIMIT_S)
        said = done.stdout + done.stderr
        assert bool(done.returncode) == fails, f"{shlex.join(words)} gave {done.returncode}:\n{said}"
        return said

    def types_at_a_terminal(self, command: str, password: str) -> str:
        """What is seen by the user who types the command at a terminal, and the password whenever it is asked for."""
        terminal = ["script", "--quiet", "--return", "--command", f"cd {CHECKOUT} && {command}", "/dev/null"]
        login = ["chroot", self.path("/"), "/bin/su", "--login", self.user, "--command", shlex.join(terminal)]
        said = ""
        with self.popen(["timeout", str(LIMIT_S), *login], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as user:
            assert user.stdin is not None
            assert user.stdout is not None
            while shown := os.read(user.stdout.fileno(), 4096):
                said += shown.decode(errors="replace")
                if re.search(r"password(?: for \w+)?: \Z", said):
                    print(password, file=user.stdin, flush=True)
        assert user.returncode == 0, said
        return said

    def online(self) -> forward_proxy.ForwardProxy:
        """A context in which the registries can be reached."""
        return forward_proxy.ForwardProxy(self.pid)
