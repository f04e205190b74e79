# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Throw-away machines: a place where a test may do anything to the network.

A machine is one process (its init) in network, mount, pid, uts and ipc namespaces of its own, with its own /proc, /sys,
/run and /tmp, and lo up. The rest of the file system is the real one. When the init ends, the kernel ends every process
in the machine, and its network is gone.

From Python: ``with Machine.start() as machine: machine.run(["ip", "link"])``.
From a shell: ``throwaway.py start FILE``, ``throwaway.py exec FILE -- COMMAND ...``, ``throwaway.py stop FILE``;
FILE remembers the machine.

Needs root, and unshare, nsenter and mount (util-linux), env (coreutils) and ip (iproute2).
Sources: namespaces(7), unshare(1), nsenter(1).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import typing as t

NAMESPACES = ("--net", "--mount", "--pid", "--uts", "--ipc")
HOSTNAME = "throwaway"


class ThrowawayError(Exception):
    """The machine could not be started or is gone."""


def started_at(pid: int) -> int:
    """When process `pid` started, in clock ticks since boot (proc(5), stat, field 22); 0 when it does not run."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return 0
    fields = stat.rpartition(")")[2].split()
    return 0 if fields[0] in "ZX" else int(fields[19])


def _needed_under_tmp(extra: t.Iterable[str]) -> list[str]:
    """What the machine must share with us although its /tmp is its own: this checkout, Python, the home."""
    wanted = [
        os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
        sys.prefix,
        sys.base_prefix,
        os.path.expanduser("~"),
        *extra,
    ]
    found = sorted({os.path.realpath(path) for path in wanted})
    below = [path for path in found if path.startswith("/tmp/")]
    return [path for path in below if not any(path.startswith(other + "/") for other in below)]


class Machine:
    """A running throw-away machine, known by the process id of its init as this process sees it."""

    def __init__(self, pid: int, started: int, keeper: subprocess.Popen[bytes] | None = None) -> None:
        self.pid = pid
        self.started = started
        self._keeper = keeper

    @classmethod
    def start(cls, share: t.Iterable[str] = (), outlive: bool = False) -> t.Self:
        """Start a machine.

        :param share: directories below /tmp that are to be seen inside too.
        :param outlive: whether it goes on when this process ends. Otherwise its init waits at a pipe from us, and ends
            with us.
        :raises ThrowawayError: with what the start-up said, for want of root or of a namespace.
        """
        init = [sys.executable, os.path.abspath(__file__), "init", *_needed_under_tmp(share)]
        keeper = subprocess.Popen(
            ["unshare", *NAMESPACES, "--fork", "--kill-child", "--", *init],
            stdin=subprocess.DEVNULL if outlive else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "THROWAWAY_OUTLIVE": "yes" if outlive else ""},
            start_new_session=True,
        )
        assert keeper.stdout is not None
        assert keeper.stderr is not None
        line = keeper.stdout.readline()
        if not line:
            raise ThrowawayError(f"No throw-away machine: {keeper.stderr.read().decode().strip()}")
        keeper.stdout.close()
        keeper.stderr.close()
        return cls(int(line), started_at(int(line)), keeper)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> t.Self:
        """The machine that the file remembers."""
        data = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        return cls(data["pid"], data["started"])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Remember this machine in a file, with the prefix that enters it for tools that are not Python."""
        data = {"pid": self.pid, "started": self.started, "enter": self.enter()}
        pathlib.Path(path).write_text(json.dumps(data), encoding="utf-8")

    @property
    def alive(self) -> bool:
        """Whether it runs. A process id can be given to another process, so its start time must agree."""
        return self.started != 0 and started_at(self.pid) == self.started

    def enter(self, cwd: str | None = None) -> list[str]:
        """The command prefix that runs a command inside, in directory `cwd` (default /).

        :raises ThrowawayError: when the machine is gone.
        """
        if not self.alive:
            raise ThrowawayError("The throw-away machine is gone.")
        # What a shell starts in the background ignores these two, and so would all that is started here.
        env = ["env", "--default-signal=INT,QUIT", *([f"--chdir={cwd}"] if cwd else [])]
        return ["nsenter", f"--target={self.pid}", *NAMESPACES, "--", *env]

    def popen(self, command: t.Sequence[str], cwd: str | None = None, **more: t.Any) -> subprocess.Popen[str]:
        """Start a command inside and return at once. It ends with the machine at the latest."""
        return subprocess.Popen([*self.enter(cwd), *command], text=True, **more)

    def run(  # noqa: PLR0917 - as subprocess.run has it
        self,
        command: t.Sequence[str],
        check: bool = True,
        input: str = "",  # the name that subprocess.run gives it
        cwd: str | None = None,
        env: t.Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside and wait for it. What it prints is in `.stdout` and `.stderr`.

        :param env: variables in addition to this process's own.
        :raises AssertionError: with what it printed, when it fails and `check` is true.
        """
        done = subprocess.run(
            [*self.enter(cwd), *command],
            input=input,
            env={**os.environ, **(env or {})},
            timeout=timeout,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)} gave {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def json(self, command: t.Sequence[str]) -> t.Any:
        """What a command prints, read as JSON; an empty answer is an empty list, as `ip -j` means it."""
        return json.loads(self.run(command).stdout or "[]")

    def stop(self) -> None:
        """End it and everything in it, and wait until it is gone. Does nothing when it is gone already."""
        if self.alive:
            os.kill(self.pid, signal.SIGKILL)
        if self._keeper is not None:
            if self._keeper.stdin:
                self._keeper.stdin.close()
            self._keeper.wait()
        while self.alive:
            time.sleep(0.005)

    def __enter__(self) -> t.Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()


def call(*command: str) -> None:
    """Run one of a machine's first commands."""
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def _own_tmp(shared: t.Sequence[str]) -> None:
    """An empty /tmp with the shared directories alone, which are parked while the new /tmp covers the old one."""
    for number, path in enumerate(shared):
        os.mkdir(f"/run/{number}")
        call("mount", "--bind", path, f"/run/{number}")
    call("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", "/tmp")
    for number, path in enumerate(shared):
        os.makedirs(path)
        call("mount", "--move", f"/run/{number}", path)
        os.rmdir(f"/run/{number}")


def _init(shared: t.Sequence[str]) -> None:
    """The life of a machine's first process: furnish it, say its process id as the outside knows it, wait."""
    outside = os.readlink("/proc/self")  # /proc is still that of the outside
    call("mount", "-t", "proc", "proc", "/proc")
    call("mount", "-t", "sysfs", "sysfs", "/sys")
    call("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    _own_tmp(shared)
    call("ip", "link", "set", "lo", "up")
    pathlib.Path("/proc/sys/kernel/hostname").write_text(HOSTNAME, encoding="utf-8")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # orphans are reaped by the kernel
    os.chdir("/")
    print(outside, flush=True)
    wait_for_the_end()


def wait_for_the_end() -> None:
    """What a machine's first process does for the rest of its life."""
    devnull = os.open(os.devnull, os.O_RDWR)
    os.dup2(devnull, 1)
    os.dup2(devnull, 2)
    if os.environ["THROWAWAY_OUTLIVE"]:
        while True:
            signal.pause()
    os.read(0, 1)  # returns when our starter closes the pipe, also by dying


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Throw-away machines to run tests in")
    actions = parser.add_subparsers(dest="action", required=True)
    for action in ("start", "stop", "exec"):
        actions.add_parser(action).add_argument("file", help="the file that remembers the machine")
    actions.choices["start"].add_argument(
        "--share", action="append", default=[], help="a directory in /tmp to be seen inside too"
    )
    actions.choices["exec"].add_argument("command", nargs="+")
    actions.add_parser("init").add_argument("shared", nargs="*")
    options = parser.parse_args()
    if options.action == "init":
        _init(options.shared)
    elif options.action == "start":
        Machine.start(options.share, outlive=True).save(options.file)
    elif options.action == "stop":
        with contextlib.suppress(FileNotFoundError):
            Machine.load(options.file).stop()
            os.unlink(options.file)
    else:
        prefix = Machine.load(options.file).enter(os.getcwd())
        os.execvp(prefix[0], [*prefix, *options.command])  # noqa: S606 - we become the command
    return 0


if __name__ == "__main__":
    sys.exit(main())
