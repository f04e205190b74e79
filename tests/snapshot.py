# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that a lab could leave behind on a machine, as plain data that can be compared exactly.

From a shell: ``snapshot.py [--network] > FILE`` notes it, ``snapshot.py compare BEFORE AFTER`` prints the differences
and fails when there are any.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import json
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import typing as t

Snapshot = dict[str, list[str]]

IP_QUERIES = {
    "links": ["-d", "link"],
    "addresses": ["addr"],
    "routes of IPv4": ["-4", "route", "show", "table", "all"],
    "routes of IPv6": ["-6", "route", "show", "table", "all"],
    "rules of IPv4": ["-4", "rule"],
    "rules of IPv6": ["-6", "rule"],
}
FILES = ("/run", "/etc", "/tmp")
# Counters and clocks, not settings.
MOVING_SYSCTLS = re.compile(r"netfilter/nf_conntrack_count$|netfilter/nf_conntrack_buckets$|/random/")
MOVING_KEYS = {"expires", "used", "age", "valid_life_time", "preferred_life_time"}
MOVING_KEYS |= {"gc_timer", "hello_timer", "tcn_timer", "topology_change_timer"}  # of bridges
MOVING_KEYS |= {"hold_timer", "message_age_timer", "forward_delay_timer"}  # of their ports


def _without_clocks(value: t.Any) -> t.Any:
    """The same answer of `ip -j` without what changes by itself."""
    if isinstance(value, dict):
        return {key: _without_clocks(inner) for key, inner in value.items() if key not in MOVING_KEYS}
    return [_without_clocks(inner) for inner in value] if isinstance(value, list) else value


def _ip(query: t.Sequence[str]) -> list[str]:
    # `ip -6 rule` and its like fail on a kernel without IPv6; then there is nothing to compare.
    done = subprocess.run(["ip", "-j", *query], capture_output=True, text=True, check=False)
    return sorted(json.dumps(_without_clocks(item), sort_keys=True) for item in json.loads(done.stdout or "[]"))


def _iptables(command: str) -> list[str]:
    """The rules of all tables, without comments (they hold the date) and packet counters."""
    if not shutil.which(command):
        return []
    done = subprocess.run([command], capture_output=True, text=True, check=False)
    lines = [re.sub(r"\[\d+:\d+\]", "", line).strip() for line in done.stdout.splitlines()]
    return [line for line in lines if not line.startswith("#")]


def _content(path: str) -> bytes:
    """What is in a file; there are thousands, and pathlib takes three times as long."""
    with open(path, "rb", buffering=0) as stream:
        return stream.read()


def _sysctls() -> list[str]:
    found = []
    for directory, _subdirectories, names in os.walk("/proc/sys/net"):  # where one has gone meanwhile, the next one
        for path in (f"{directory}/{name}" for name in names):
            if MOVING_SYSCTLS.search(path):
                continue
            try:
                found.append(f"{path} = {_content(path).decode(errors='replace').strip()}")
            except OSError:  # write-only (route/flush), not set yet (stable_secret), or gone meanwhile
                continue
    return sorted(found)


def _parent(pid: str) -> str:
    return pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1]


def _ourselves() -> set[str]:
    """This process and its ancestors."""
    found = {str(os.getpid())}
    pid = str(os.getpid())
    while pid not in ("0", "1"):
        pid = _parent(pid)
        found.add(pid)
    return found


def _processes() -> list[str]:
    found = []
    ourselves = _ourselves() - {"1"}
    for directory in pathlib.Path("/proc").glob("[0-9]*"):
        if directory.name in ourselves:
            continue
        try:
            command = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if command:  # kernel threads and zombies have none
            found.append(f"{directory.name} {command}")
    return sorted(found)


def _mounts() -> list[str]:
    lines = pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    return sorted(" ".join(line.split()[3:5]) for line in lines)


def _describe(path: str, device: int) -> str | None:
    """One line of a file: kind and mode, owner, its content's digest or its target. No times: they are no setting.

    None if it is on another file system. Raises FileNotFoundError if it has gone meanwhile.
    """
    info = os.lstat(path)
    if info.st_dev != device:
        return None
    what = ""
    if stat.S_ISLNK(info.st_mode):
        what = " -> " + os.readlink(path)
    elif stat.S_ISREG(info.st_mode):
        what = f" {info.st_size} " + hashlib.sha256(_content(path)).hexdigest()
    return f"{path} {stat.filemode(info.st_mode)} {info.st_uid}:{info.st_gid}{what}"


def _files(top: str) -> list[str]:
    """The files below a directory, on its own file system: what is mounted there is listed with the mounts."""
    device = os.lstat(top).st_dev
    found: list[str] = []
    for directory, subdirectories, names in os.walk(top):
        here = {}
        for name in (*subdirectories, *names):
            with contextlib.suppress(FileNotFoundError):
                here[name] = _describe(os.path.join(directory, name), device)
        subdirectories[:] = [name for name in subdirectories if here.get(name)]
        found += filter(None, here.values())
    return sorted(found)


def take_network() -> Snapshot:
    """The network alone: links, addresses, routes, rules, iptables, sysctls, named namespaces. It changes nothing."""
    found = {name: _ip(query) for name, query in IP_QUERIES.items()}
    for command in ("iptables-save", "ip6tables-save"):
        found[command] = _iptables(command)
    found["sysctls"] = _sysctls()
    found["namespaces"] = sorted(os.listdir("/run/netns")) if os.path.isdir("/run/netns") else []
    return found


def take() -> Snapshot:
    """The network, the processes, the mounts and the files in /run, /etc and /tmp."""
    found = take_network()
    found["processes"] = _processes()
    found["mounts"] = _mounts()
    for top in FILES:
        found[top] = _files(top)
    return found


def diff(before: Snapshot, after: Snapshot) -> list[str]:
    """The differences as lines, `section: -gone` or `section: +new`; none when the snapshots are equal."""
    found = []
    for section in before:
        lines = difflib.unified_diff(before[section], after[section], lineterm="", n=0)
        found += [f"{section}: {line}" for line in lines if not re.match(r"(---|\+\+\+|@@) ", line)]
    return found


def main(arguments: list[str]) -> int:
    """The command line."""
    if arguments[:1] == ["compare"]:
        before, after = (json.loads(pathlib.Path(path).read_text(encoding="utf-8")) for path in arguments[1:3])
        differences = diff(before, after)
        print("\n".join(differences) or "No difference")
        return 1 if differences else 0
    print(json.dumps(take_network() if arguments == ["--network"] else take()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
