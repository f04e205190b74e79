# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bed of several throw-away machines that are reached by SSH, and the controller that reaches them.

    controller: ansible-playbook, bridge "underlay"     10.77.0.1/24, fd77::1/64
        |               |               |
      eth0            eth0            eth0
      lab1            lab2            lab3              10.77.0.11/24, fd77::11/64, and so on

Each has namespaces of every kind, a host name and an sshd of its own. Its root is the distribution that bare_machine.py
makes, with the packages that labs need; what is written goes to a disk of its own in memory, which is there again when
the machine is killed and booted. All of it ends with the block, and nothing of it is seen by this machine's network.

From Python: ``with Bed.made(3) as bed: bed.playbook("playbooks/router.yml")``.
From a shell: ``machines.py start FILE --machines 3``, ``machines.py snapshot|stop FILE``; FILE remembers the bed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import time
import typing as t

import bare_machine
import snapshot
import throwaway
import yaml
from labmachine import LabMachine, Run
from throwaway import NAMESPACES, Machine

PACKAGES = (
    "dnsmasq-base,iproute2,iptables,iputils-ping,openssh-server,procps,python3,python3-pyroute2,sudo,tcpdump,udhcpc"
)
USER = bare_machine.USER
KEYS = "/etc/ssh/authorized_keys"
HOST_KEY = "etc/ssh/ssh_host_ed25519_key.pub"
PATIENCE_S = 60
BOOTED = str(pathlib.Path(__file__).with_name("booted.py"))

#: In the controller, whose /run and /tmp are its own.
DISKS, PLACE = "/run/disks", "/tmp/bed"
INVENTORY, KEY, KNOWN = f"{PLACE}/hosts.yml", f"{PLACE}/key", f"{PLACE}/known_hosts"
# A machine that is gone is noticed soon, and one that is busy is not taken for gone.
SSH = f"-o UserKnownHostsFile={KNOWN} -o ControlPath={PLACE}/%h -o ServerAliveInterval=5 -o ServerAliveCountMax=4"

GATEWAY, GATEWAY6 = "10.77.0.1", "fd77::1"
BIND = """
import socket, sys
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as taken:
    taken.bind(("::", int(sys.argv[1])))
    print("taken", flush=True)
    sys.stdin.read()
"""


def wait_until(condition: t.Callable[[], bool], what: str) -> None:
    """Return when the condition holds.

    :raises AssertionError: with what was waited for, after a time that even a busy machine needs not.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"in vain for {PATIENCE_S} s: {what}"
        time.sleep(0.02)


class Member(Machine):
    """One of the machines. It stays the same object when it is killed and booted again."""

    def __init__(self, number: int, controller: LabMachine, mtu: int) -> None:
        super().__init__(0, 0)
        self.number, self.name = number, f"lab{number}"
        self.address, self.address6 = f"10.77.0.{10 + number}", f"fd77::{10 + number}"
        self.controller = controller
        self.mtu = mtu

    def boot(self, outlive: bool = False) -> None:
        """Start it with its disk as it is, and with nothing else from before. It may not be ready for SSH yet."""
        image = bare_machine.distribution("machines", PACKAGES)
        init = [sys.executable, BOOTED, self.name, str(image), f"{DISKS}/{self.name}"]
        # The controller's mounts are those in which the disk is.
        mounts = ["nsenter", f"--target={self.controller.pid}", "--mount", "--"]
        self._keeper = subprocess.Popen(
            [*mounts, "unshare", *NAMESPACES, "--fork", "--kill-child", "--", *init],
            stdin=subprocess.DEVNULL if outlive else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "THROWAWAY_OUTLIVE": "yes" if outlive else ""},
            start_new_session=True,
        )
        assert self._keeper.stdout is not None
        assert self._keeper.stderr is not None
        assert self._keeper.stdout.readline(), f"{self.name} did not start: {self._keeper.stderr.read().decode()}"
        self._keeper.stdout.close()
        self._keeper.stderr.close()
        keeper = self._keeper.pid
        self.pid = int(pathlib.Path(f"/proc/{keeper}/task/{keeper}/children").read_text(encoding="ascii"))
        self.started = throwaway.started_at(self.pid)
        self._plug()

    def _plug(self) -> None:
        """Join it to the underlay."""
        # An end of a cable goes with its machine, but not at once.
        wait_until(lambda: not self._has_port(), f"the cable of {self.name} is gone")
        port = [self.name, "index", str(100 + self.number), "mtu", str(self.mtu), "type", "veth"]
        eth0 = [
            "name",
            "eth0",
            "mtu",
            str(self.mtu),
            "address",
            f"02:00:00:00:00:{self.number:02}",
            "netns",
            str(self.pid),
        ]
        # By this process id only those outside know it.
        ip = ["nsenter", f"--target={self.controller.pid}", "--net", "--", "ip"]
        subprocess.run([*ip, "link", "add", *port, "peer", *eth0], check=True)
        self.controller.run(["ip", "link", "set", self.name, "up", "master", "underlay"])
        # It would change addresses a second later, when none has objected.
        self.run(["sysctl", "-qw", "net.ipv6.conf.eth0.accept_dad=0"])
        self.run(["ip", "addr", "add", f"{self.address}/24", "dev", "eth0"])
        self.run(["ip", "addr", "add", f"{self.address6}/64", "dev", "eth0"])
        self.run(["ip", "link", "set", "eth0", "up"])
        self.run(["ip", "route", "add", "default", "via", GATEWAY])
        self.run(["ip", "-6", "route", "add", "default", "via", GATEWAY6, "dev", "eth0"])

    def _has_port(self) -> bool:
        return self.controller.run(["ip", "link", "show", self.name], check=False).returncode == 0

    def wait_for_ssh(self) -> None:
        """Return when it can be reached by SSH."""
        listening = ["ss", "-Htln", "sport = :22"]
        wait_until(lambda: bool(self.run(listening).stdout), f"sshd of {self.name} listens")
        # Whoever looked for it while it was away is told for a moment more that there is no way to it (arp(7)).
        ping = ["ping", "-c", "1", "-W", "1", self.address]
        wait_until(lambda: self.controller.run(ping, check=False).returncode == 0, f"{self.name} is reached")

    def namespaces(self) -> list[str]:
        """The names of its network namespaces."""
        return sorted(each["name"] for each in self.json(["ip", "-j", "netns"]))

    def snapshot(self) -> snapshot.Snapshot:
        """All that a lab could leave behind in it, without the sessions that SSH keeps for the next command."""
        program = pathlib.Path(snapshot.__file__).read_text(encoding="utf-8")
        found: snapshot.Snapshot = json.loads(self.run(["python3", "-"], input=program).stdout)
        found["processes"] = [line for line in found["processes"] if " sshd: " not in line or "[listener]" in line]
        return found

    @contextlib.contextmanager
    def cut(self) -> t.Iterator[None]:
        """A block during which its cable is not plugged in: it runs, and is not reached."""
        self.controller.run(["ip", "link", "set", self.name, "down"])
        try:
            yield
        finally:
            self.controller.run(["ip", "link", "set", self.name, "up"])

    @contextlib.contextmanager
    def occupied(self, port: int) -> t.Iterator[None]:
        """A block during which some other program has this port of UDP."""
        pipes: dict[str, t.Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with self.popen(["python3", "-c", BIND, str(port)], **pipes) as program:
            assert program.stdout is not None
            assert program.stdout.readline() == "taken\n"
            try:
                yield
            finally:
                program.communicate()


class Bed:
    """The controller and the machines."""

    def __init__(self, controller: LabMachine, count: int, mtu: int) -> None:
        self.controller = controller
        self.mtu = mtu
        self.machines = [Member(number + 1, controller, mtu) for number in range(count)]

    @classmethod
    @contextlib.contextmanager
    def made(cls, count: int, *, mtu: int = 1500, user: str = USER, share: t.Iterable[str] = ()) -> t.Iterator[t.Self]:
        """A new one.

        :param mtu: of the underlay.
        :param user: as whom Ansible logs in, root or `USER`, who has sudo without a password.
        :param share: directories below /tmp that the controller is to see.
        """
        with contextlib.ExitStack() as stack:
            bed = cls(stack.enter_context(LabMachine.start(share)), count, mtu)
            for machine in bed.machines:
                stack.callback(machine.stop)
            bed._furnish(user)
            yield bed

    @classmethod
    def start(cls, count: int) -> t.Self:
        """A new one that goes on when this process ends."""
        bed = cls(LabMachine.start(outlive=True), count, 1500)
        bed._furnish(USER, outlive=True)
        return bed

    def _furnish(self, user: str, outlive: bool = False) -> None:
        self._make_underlay()
        self.controller.run(["mkdir", PLACE, DISKS])
        self.controller.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", KEY])
        key = self.controller.run(["cat", f"{KEY}.pub"]).stdout
        for machine in self.machines:
            machine.boot(outlive)
            self._install(machine, key)
        self._write_inventory(user)
        for machine in self.machines:
            machine.wait_for_ssh()

    def _make_underlay(self) -> None:
        self.controller.run(["ip", "link", "add", "underlay", "mtu", str(self.mtu), "type", "bridge"])
        self.controller.run(["ip", "addr", "add", f"{GATEWAY}/24", "dev", "underlay"])
        self.controller.run(["ip", "addr", "add", f"{GATEWAY6}/64", "dev", "underlay", "nodad"])
        self.controller.run(["ip", "link", "set", "underlay", "up"])

    def _install(self, machine: Member, key: str) -> None:
        """What an administrator does once on a machine's disk."""
        machine.run(["useradd", "--create-home", "--password", "*", "--shell", "/bin/bash", USER])
        machine.run(["tee", f"/etc/sudoers.d/{USER}"], input=f"{USER} ALL=(ALL) NOPASSWD: ALL\n")
        machine.run(["tee", KEYS], input=key)
        names = [f"{each.address} {each.name}\n" for each in self.machines]
        machine.run(["tee", "/etc/hosts"], input="127.0.0.1 localhost\n" + "".join(names))

    def _write_inventory(self, user: str) -> None:
        public = (bare_machine.distribution("machines", PACKAGES) / HOST_KEY).read_text(encoding="ascii")
        known = [f"{machine.address} {public}" for machine in self.machines]
        self.controller.run(["tee", KNOWN], input="".join(known))
        self.controller.run(["tee", INVENTORY], input=yaml.safe_dump(self.inventory(user)))

    def inventory(self, user: str) -> dict[str, t.Any]:
        """Ansible's inventory: the machines as the group "labs"."""
        hosts = {machine.name: {"ansible_host": machine.address} for machine in self.machines}
        way = {
            "ansible_user": user,
            "ansible_ssh_private_key_file": KEY,
            "ansible_ssh_common_args": SSH,
        }
        return {"labs": {"hosts": hosts, "vars": way}}

    def playbook(self, path: str | os.PathLike[str], *arguments: str, _fails: bool = False, **variables: t.Any) -> Run:
        """Run ansible-playbook on the controller, for the machines; all else as LabMachine.playbook has it."""
        variables = {"lab_machines": "labs", **variables}
        return self.controller.playbook(path, "--inventory", INVENTORY, *arguments, _fails=_fails, **variables)

    def snapshots(self) -> dict[str, snapshot.Snapshot]:
        """What a lab could leave behind on each machine that runs."""
        return {machine.name: machine.snapshot() for machine in self.machines if machine.alive}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Remember the bed in a file."""
        pids = [(machine.pid, machine.started) for machine in (self.controller, *self.machines)]
        data = {"mtu": self.mtu, "pids": pids, "enter": self.controller.enter()}
        pathlib.Path(path).write_text(json.dumps(data), encoding="utf-8")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> t.Self:
        """The bed that the file remembers."""
        data = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        bed = cls(LabMachine(*data["pids"][0]), len(data["pids"]) - 1, data["mtu"])
        for machine, known in zip(bed.machines, data["pids"][1:], strict=True):
            machine.pid, machine.started = known
        return bed

    def stop(self) -> None:
        """End all of it."""
        for machine in (*self.machines, self.controller):
            machine.stop()


def differences(before: t.Mapping[str, snapshot.Snapshot], after: t.Mapping[str, snapshot.Snapshot]) -> list[str]:
    """What differs between two answers of `Bed.snapshots`, as lines with the machine's name before them."""
    return [f"{name}: {line}" for name in before for line in snapshot.diff(before[name], after[name])]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="A bed of throw-away machines that are reached by SSH")
    parser.add_argument("action", choices=["start", "snapshot", "stop"])
    parser.add_argument("file", help="the file that remembers the bed")
    parser.add_argument("--machines", type=int, default=3, help="how many")
    options = parser.parse_args()
    if options.action == "start":
        Bed.start(options.machines).save(options.file)
        return
    if options.action == "snapshot":
        print(json.dumps(Bed.load(options.file).snapshots()))
        return
    with contextlib.suppress(FileNotFoundError):
        Bed.load(options.file).stop()
        os.unlink(options.file)


if __name__ == "__main__":
    main()
