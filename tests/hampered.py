# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab with an object of every kind, whose runs are killed, or made to fail, at each of their acts."""

from __future__ import annotations

import collections
import copy
import errno
import hashlib
import json
import os
import re
import signal
import subprocess
import time
import typing as t

import acts
import snapshot
from labmachine import ANSIBLE_DIRECTORY, COLLECTIONS, ROOT
from labs import NAP, NAT, everything, view

if t.TYPE_CHECKING:
    from labmachine import LabMachine
    from labs import Items

LAB, DEV = "lab", "up1"


class Act(t.NamedTuple):
    """What a run does, as hampered_server.py knows it again: `which` counts the same ones."""

    sort: str
    words: str
    which: int

    def __str__(self) -> str:
        return f"{self.sort} {self.words} ({self.which})"


class Try(t.NamedTuple):
    """An act, and the error by which it fails; 0 if the run is killed before it."""

    act: Act
    error: int

    @property
    def checksum(self) -> int:
        """By which it is chosen, whatever other acts there are."""
        return _checksum(repr((*self.act, self.error)))


def _checksum(words: str) -> int:
    """The same in every process; those of similar words have nothing in common, unlike by CRC."""
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:4], "big")


#: The errors that a run goes on from, by the sort of the act: a file or a link that another program has made a moment
#: ago, a name that is in use, a dump that a change has interrupted.
EXPECTED: dict[str, list[int]] = {
    "dump": [acts.INTERRUPTED],
    "exclusive": [errno.EEXIST],
    "mkdir": [errno.EEXIST],
    "new": [errno.EEXIST, errno.EBUSY],
}
#: Those of which the engine makes no difference, by the sort of the act; any other has the last ones.
PLAIN: dict[str, list[int]] = {
    **{sort: [errno.ENOMEM, errno.EPERM, errno.EBUSY] for sort in ("dump", "get", "del", "remove", "rmdir")},
    **{sort: [errno.ENOMEM, errno.EPERM, errno.ENOSPC] for sort in ("exclusive", "mkdir", "start", "new")},
    "": [errno.ENOMEM, errno.EPERM, errno.EBUSY, errno.ENOSPC],
}
#: The whole of netlink messages whose each is an act itself: killed before it, or before the first one, is the same.
_WHOLE = "batch"


def kills(found: t.Iterable[Act]) -> list[Try]:
    """Every act as the one before which a run is killed."""
    return [Try(act, 0) for act in found if act.sort != _WHOLE]


def failures(found: t.Iterable[Act]) -> list[Try]:
    """Every act with each error that runs may go on from, and with one of the others: same ones have them in turn."""
    return [Try(act, error) for act in found for error in (*EXPECTED.get(act.sort, ()), _plain(act))]


def _plain(act: Act) -> int:
    errors = PLAIN.get(act.sort, PLAIN[""])
    return errors[(_checksum(f"{act.sort} {act.words}") + act.which) % len(errors)]


def some(tries: t.Iterable[Try], number: int) -> list[Try]:
    """So many of them, of as many sorts of acts."""
    of_sorts: dict[str, Try] = {}
    for each in sorted(tries, key=lambda each: each.checksum):
        of_sorts.setdefault(each.act.sort, each)
    return list(of_sorts.values())[:number]


class Ended(t.NamedTuple):
    """How a run ended: `met` says whether it came to the act that was interfered with."""

    met: bool
    acts: list[Act]
    status: int
    printed: str

    @property
    def killed(self) -> bool:
        """Whether it was."""
        return self.status == -signal.SIGKILL

    @property
    def result(self) -> dict[str, t.Any]:
        """What the module said, as it has to be said: the last line, and nothing else."""
        found: dict[str, t.Any] = json.loads(self.printed)
        return found


class Hampered:
    """Runs of one lab in a machine, by hampered_server.py."""

    def __init__(self, machine: LabMachine) -> None:
        self.machine = machine
        machine.module("veth", name=DEV, peer={"name": f"{DEV}-far"})
        machine.run(["sh", "-ec", FOREIGN])
        command = [machine.module_python, str(ROOT / "tests/hampered_server.py")]
        self._server = machine.popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def close(self) -> None:
        """End the process that runs the modules."""
        self._server.communicate()

    def run(self, items: Items | None, tried: Try | None = None) -> Ended:
        """Declare the lab, or remove it."""
        wanted = {"state": "absent"} if items is None else items
        args = {"name": LAB, **wanted, "_ansible_check_mode": False, "_ansible_diff": False}
        order = {"ansible": ANSIBLE_DIRECTORY, "collections": str(COLLECTIONS), "module": "topology", "args": args}
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        act, error = tried or (None, 0)
        self._server.stdin.write(json.dumps({**order, "act": act, "error": error}) + "\n")
        self._server.stdin.flush()
        line = self._server.stdout.readline()
        assert line, f"the process that runs the modules has ended with {self._server.wait()}"
        answer = json.loads(line)
        found = [Act(*each) for each in answer["acts"]]
        return Ended(act in found, found, answer["status"], answer["printed"].strip())

    def must(self, items: Items | None) -> dict[str, t.Any]:
        """The same, with nothing in its way."""
        ended = self.run(items)
        assert ended.status == 0, ended.printed
        return ended.result

    def picture(self) -> snapshot.Snapshot:
        """All that is there of the lab and of others, without what is another one each time, such as numbers."""
        taken = self.machine.snapshot()
        for section in ("links", "addresses", "routes of IPv4", "routes of IPv6"):
            del taken[section]
        seen = view(self.machine, "", *NAMES)
        taken["inside"] = [f"{section}: {line}" for section, lines in seen.items() for line in lines]
        for name in NAMES[:-1]:
            rules = self.machine.run(["ip", "netns", "exec", name, "iptables-save"], check=False).stdout
            taken["inside"] += [f"{name}: {line}" for line in rules.splitlines() if line.startswith("-A")]
        return {section: sorted(filter(None, map(_constant, lines))) for section, lines in taken.items()}

    def ledger(self) -> t.Any:
        """What the ledger says, None if there is none. One that cannot be read is an error."""
        text = self.machine.run(["cat", f"/run/tcpip.lab/{LAB}.json"], check=False).stdout
        return json.loads(text) if text else None


#: What is nobody's: nothing of it may change.
FOREIGN = """
ip netns add foreign
ip link add foreign0 type veth peer name foreign1 netns foreign
ip -n foreign addr add 203.0.113.1/24 dev foreign1; ip -n foreign link set foreign1 up; ip link set foreign0 up
ip netns exec foreign iptables -t nat -A POSTROUTING -s 203.0.113.0/24 -j MASQUERADE
ip route add blackhole 203.0.113.128/25
"""
NAMES = (f"{LAB}-in", f"{LAB}-out", f"{LAB}-old", f"{LAB}-new", "foreign")

_VARYING = (
    (re.compile(r"^\d+ "), ""),  # of a process
    (re.compile(r"net:\[\d+\]"), "net:[]"),
    (re.compile(r"(/\.iptables:\d):\d+\.\d+:"), r"\1:"),
    (re.compile(r'"(designated_port|no|id)": (327\d\d|"0x\w+")'), ""),  # of a port
    (re.compile(r"^(/run/tcpip\.lab/.*?\d+:\d+) .*"), r"\1"),  # content that holds numbers and times
)


def _constant(line: str) -> str:
    for pattern, text in _VARYING:
        line = pattern.sub(text, line)
    return line


def lab() -> Items:
    """A lab with an object of every kind, and a namespace that the changed one has not."""
    items = copy.deepcopy(everything(LAB, DEV, 1))
    items["netns"].append({"name": f"{LAB}-old", "loopback": True})
    items["veth"][0].update(mtu=1500)
    items["veth"][0]["peer"].update(mac="00:00:5e:00:53:01")
    items["bridge_vlan"][0].update(ageing_time=300)
    items["veth"].append({"name": f"{LAB}-o", "peer": {"name": "o0", "netns": f"{LAB}-old"}})
    items["vxlan"][0].update(
        fdb=[{"mac": "00:00:5e:00:53:aa", "dst": "192.0.2.9"}], mtu=1450, addresses=["2001:db8::1/64"]
    )
    items["route"].append({"netns": f"{LAB}-in", "dst": "2001:db8:9::/48", "type": "unreachable"})
    return items


def changed_lab() -> Items:
    """The same lab with something of every kind made, changed and removed."""
    items = lab()
    inner, outer = f"{LAB}-in", f"{LAB}-out"
    items["netns"][2] = {"name": f"{LAB}-new"}
    items["veth"][0].update(mtu=1400, addresses=["192.0.2.254/24", "192.0.2.253/24"])
    items["veth"][2] = {"name": "n0", "netns": outer, "peer": {"name": "n1", "netns": f"{LAB}-new"}}
    items["macvlan"] = [{"name": "m0", "netns": outer, "parent": "c0", "mode": "private"}]
    items["vxlan"][0].update(id=2, mtu=1350, fdb=[{"mac": "00:00:5e:00:53:bb", "dst": "192.0.2.9"}])
    items["bridge_vlan"] = [{"name": "br0", "netns": outer, "ports": [{"name": "n0"}], "ageing_time": 60}]
    items["route"] = [
        {"netns": inner, "dst": "10.0.0.0/8", "type": "unreachable"},
        {"netns": inner, "dst": "10.9.0.0/16", "via": "192.0.2.9"},
    ]
    items["sysctl"] = [
        {"netns": inner, "name": "net.ipv4.ip_forward", "value": "0"},
        {"netns": f"{LAB}-new", "name": "net.ipv4.ip_forward", "value": "1"},
    ]
    items["iptables_nat"] = [{"netns": inner, "rules": [{**NAT, "source": "10.9.0.0/16"}]}]
    items["process"] = [{**NAP, "netns": inner, "command": ["sleep", "2000"]}, {**NAP, "netns": outer}]
    items["capture"] = [{"name": "all", "netns": inner, "dev": "s0", "filter": "icmp"}]
    items["vswitch"] = [{"name": "sw", "netns": inner, "ports": ["x0"], "ageing_time": 60}]
    items["dnsmasq_dhcp"][0]["ranges"] = [{"start": "192.0.2.10", "end": "192.0.2.99"}]
    items["dhcp_client"][0]["timeout"] = 14
    return items


SMALL: Items = {"netns": [{"name": NAMES[0]}]}
#: What is declared before the run that is interfered with, and by it; None is no lab at all.
PASSAGES: dict[str, tuple[Items | None, Items | None]] = {
    "build": (None, lab()),
    "change": (lab(), changed_lab()),
    "removal": (lab(), None),
}
SMALL_PASSAGES: dict[str, tuple[Items | None, Items | None]] = {
    "build": (None, SMALL),
    "removal": (SMALL, None),
}
#: Seconds until everything is as it has to be: duplicate address detection, and what ends by itself.
_REST_S = 15
#: What waits does so for a shorter or a longer time, and is met by one run and not by another.
_ATTEMPTS = 3
_UNDONE, _LEFT, _DONE = (
    "what was done before it is undone",
    "what was done before it could not be undone completely: ",
    "what was asked for is done",
)


class Trial:
    """A passage, gone through again and again."""

    def __init__(self, machine: LabMachine, before: Items | None, after: Items | None) -> None:
        self._runs = Hampered(machine)
        self._before, self._after = before, after
        self._nothing = self._made(None)
        self._made(self._before)  # what only the first run leaves is there from now on
        self._wanted = self._made(self._after)
        self._first = self._made(self._before)
        self.tried: collections.Counter[str] = collections.Counter()
        self.missed: list[str] = []
        self.found: list[str] = []

    def __enter__(self) -> t.Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._runs.close()

    def _made(self, items: Items | None) -> snapshot.Snapshot:
        self._runs.must(items)
        picture: snapshot.Snapshot = {}
        deadline = time.monotonic() + 4 * _REST_S
        while picture != (now := self._runs.picture()):
            assert time.monotonic() < deadline, "\n".join(["it does not come to rest", *snapshot.diff(picture, now)])
            picture = now
            time.sleep(1)
        return picture

    def _becomes(self, picture: snapshot.Snapshot, otherwise: str) -> None:
        """All is as in the picture, but for what the words before name as left."""
        deadline = time.monotonic() + _REST_S
        while differences := self._differences(picture, otherwise):
            assert time.monotonic() < deadline, "\n".join([otherwise, *differences])
            time.sleep(0.1)

    def _differences(self, picture: snapshot.Snapshot, told: str) -> list[str]:
        """What differs, but for a file that could not be removed and of which the words tell."""
        found = snapshot.diff(picture, self._runs.picture())
        left = re.findall(r"could not remove (/run/\S+):", told)
        return [line for line in found if not any(line.startswith(f"/run: +{path}") for path in left)]

    def acts(self) -> list[Act]:
        """What the passage consists of."""
        found = self._runs.run(self._after).acts
        self._runs.must(self._before)
        return found

    def through(self, tries: t.Iterable[Try]) -> None:
        """Try these, and go on behind those that show a fault."""
        for each in tries:
            try:
                if each.error:
                    self._failed(each)
                else:
                    self._killed(each)
            except AssertionError as error:
                self.found.append(str(error))
                for items in (None, self._before):
                    self._runs.must(items)

    def _hampered(self, tried: Try) -> Ended | None:
        """How the run ended; None if it has never come to the act, such as one that waits for something."""
        for _attempt in range(_ATTEMPTS):
            ended = self._runs.run(self._after, tried)
            if ended.met:
                return ended
            assert ended.status == 0, ended.printed
            self._runs.must(self._before)
        self.missed.append(str(tried.act))
        return None

    def _killed(self, tried: Try) -> None:
        """Kill the run before the act, twice: what is left is completed, then removed."""
        for repair, picture in ((self._after, self._wanted), (None, self._nothing)):
            ended = self._hampered(tried)
            if ended is None:
                return
            assert ended.killed, ended.printed
            self._runs.ledger()
            where = f"killed before {tried.act}"
            self._again(repair, where)
            self._becomes(picture, where)
            self._again(self._before, where)
        self.tried[tried.act.sort] += 1

    def _failed(self, tried: Try) -> None:
        """Let the act fail: all is as before, and a second run completes."""
        ledger = self._runs.ledger()
        ended = self._hampered(tried)
        if ended is None:
            return
        error = errno.errorcode.get(tried.error, "an interruption")
        said = ended.printed.partition(', "invocation"')[0]
        where = f"{tried.act} failed by {error}: {said}"
        verdict = self._judged(ended, tried.error, where)
        if verdict == _UNDONE:
            self._becomes(self._first, where)
            assert self._runs.ledger() == ledger, where
        self._again(self._after, where)
        self._becomes(self._wanted, where)
        assert not self._again(self._after, where)["changed"], where
        self._again(self._before, where)
        self._becomes(self._first, where)
        self.tried[f"{error}: {verdict}"] += 1

    def _judged(self, ended: Ended, error: int, where: str) -> str:
        """What the run says that it has come to. It names what failed, and why, and never fails in Python's words."""
        assert ended.printed.startswith("{"), where
        result = ended.result
        assert "exception" not in result, where
        if not result.get("failed"):
            self._becomes(self._wanted, where)
            return _DONE
        message = result["msg"]
        assert _names(message, error), where
        if _DONE in message:
            return f"told: {_DONE}"
        return "told what is left" if _LEFT in message else _UNDONE

    def _again(self, items: Items | None, where: str) -> dict[str, t.Any]:
        ended = self._runs.run(items)
        assert ended.status == 0, f"after {where}: {ended.printed}"
        return ended.result


def _names(message: str, error: int) -> bool:
    """Whether a message tells what could not be done, and the kernel's reason."""
    if error == errno.EEXIST and " was made by somebody else in the meantime" in message:
        return True
    reasons = [os.strerror(error) if error != acts.INTERRUPTED else "changes too fast"]
    if error == errno.EEXIST:  # whoever has made it a moment ago has removed it again
        reasons.append(os.strerror(errno.ENOENT))
    return any(re.search(r"\bcould not \S+ .*" + re.escape(each), message) for each in reasons)
