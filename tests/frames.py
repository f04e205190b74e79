# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single Ethernet frames from namespaces of a machine, and where tcpdump sees them come out."""

from __future__ import annotations

import contextlib
import re
import shlex
import typing as t

if t.TYPE_CHECKING:
    from throwaway import Machine

#: Sends the frames, which are given in hexadecimal.
SENDER = """
import socket, sys
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as out:
    out.bind((sys.argv[1], 0))
    for each in sys.argv[2:]:
        out.send(bytes.fromhex(each).ljust(60, b"."))
"""
#: For experiments (IEEE 802), and what switches say to their neighbours.
EXPERIMENT, LLDP = "88b5", "88cc"
STATION = "00:00:5e:00:53:"
BROADCAST, BPDU = "ff:ff:ff:ff:ff:ff", "01:80:c2:00:00:00"
#: Sent last, so that all that is to come has come when it does.
MARKER = "02:00:00:00:00:01"
_LINE = re.compile(
    r"(?P<source>\S{17}) > (?P<destination>\S{17}), "
    r"(ethertype (802\.1Q \(0x8100\), length \d+: vlan (?P<vlan>\d+), p 0, ethertype )?.*?\(0x(?P<kind>\w{4})\))?"
)


class Frame(t.NamedTuple):
    """A frame, by its addresses and what it says that it carries (perhaps with a VLAN tag before)."""

    destination: str
    source: str
    kind: str = EXPERIMENT

    @property
    def hex(self) -> str:
        """The frame in hexadecimal."""
        return "".join((self.destination, self.source, self.kind)).replace(":", "")


def send(machine: Machine, netns: str, dev: str, *frames: Frame) -> None:
    """Send frames by an interface."""
    machine.run(["ip", "netns", "exec", netns, "python3", "-c", SENDER, dev, *(each.hex for each in frames)])


def seen(
    machine: Machine,
    at: t.Mapping[str, str],
    sender: str,
    dev: str,
    *frames: Frame,
    last: tuple[str, str] | None = None,
) -> dict[str, list[Frame]]:
    """What comes out of the frames, and where: C(at) has the interfaces to look at, by their namespaces.

    C(last) sends what comes last, otherwise the sender does, to whom that does not come back.
    """
    sent = {each[:2] for each in frames}
    with contextlib.ExitStack() as stack:
        lines = {name: stack.enter_context(_lines(machine, name, inside)) for name, inside in at.items()}
        send(machine, sender, dev, *frames)
        send(machine, *(last or (sender, dev)), Frame(BROADCAST, MARKER))
        return {name: [each for each in _before_the_marker(found) if each[:2] in sent] for name, found in lines.items()}


@contextlib.contextmanager
def _lines(machine: Machine, netns: str, dev: str) -> t.Iterator[t.Iterator[str]]:
    """What tcpdump says of each frame that comes in. It gives up after 30 seconds."""
    words = f"timeout 30 ip netns exec {netns} tcpdump -tnel --immediate-mode -Q in -i {dev}"
    # It has ended when the block has: a signal from here would end what carried it into the machine, and not itself.
    until_told = ["sh", "-c", '"$@" & read _; kill $!; wait', "sh", *shlex.split(words)]
    with machine.popen(until_told, stdin=-1, stdout=-1, stderr=-1) as tcpdump:
        assert tcpdump.stderr is not None
        assert tcpdump.stdout is not None
        for line in tcpdump.stderr:
            if line.startswith("listening on"):
                break
        try:
            yield iter(tcpdump.stdout)
        finally:
            tcpdump.communicate()


def _before_the_marker(lines: t.Iterator[str]) -> t.Iterator[Frame]:
    """The frames that the lines speak of."""
    for line in lines:
        found = _LINE.match(line)
        if found and found["source"] == MARKER:
            return
        if found:
            tag = f"8100{int(found['vlan']):04x}" if found["vlan"] else ""
            yield Frame(found["destination"], found["source"], tag + (found["kind"] or ""))
    raise AssertionError("the marker has not come")
