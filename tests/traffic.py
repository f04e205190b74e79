# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pings, captures, VLANs and texts in the namespaces of a machine, by the standard tools that the tutorials use."""

from __future__ import annotations

import contextlib
import re
import shlex
import typing as t

if t.TYPE_CHECKING:
    from throwaway import Machine

SERVER = """
import socket, sys
with socket.create_server(("", int(sys.argv[1]))) as server:
    print("listening", flush=True)
    with server.accept()[0] as connection:
        print(connection.makefile().read(), end="")
"""


def ping(machine: Machine, netns: str, *words: str) -> str:
    """What ping prints, its errors included. Three requests, as the tutorials have it, but without their pauses.

    Once one is answered ping waits for the rest no longer than such a pause, whatever -W says. On a busy machine that
    may be too short: if it has missed some it is run again.
    """
    command = ["ip", "netns", "exec", netns, "ping", "-n", "-c", "3", "-i", "0.1", "-W", "1", *words]
    for _trial in range(5):
        done = machine.run(command, check=False)
        if not re.search(r" [12] received", done.stdout):
            break
    return done.stdout + done.stderr


def inside(netns: str, program: str, *words: str) -> list[str]:
    """The command that runs a Python program in a namespace. It ends after 20 seconds at the latest."""
    return ["timeout", "20", "ip", "netns", "exec", netns, "python3", "-c", program, *words]


@contextlib.contextmanager
def capture(
    machine: Machine, netns: str, dev: str, packets: int, expression: str = "", *, seconds: int = 5
) -> t.Iterator[list[str]]:
    """What tcpdump prints of the first so many packets after the block began; the list is filled when the block ends.

    It stops to wait for them so many seconds after it began. Without the name of a namespace it is the machine's own.
    """
    enter = f"ip netns exec {netns}" if netns else ""
    words = f"timeout {seconds} {enter} tcpdump -tnel --immediate-mode -c {packets} -i {dev} {expression}"
    lines: list[str] = []
    with machine.popen(shlex.split(words), stdout=-1, stderr=-1) as tcpdump:
        for line in tcpdump.stderr or ():
            if "listening on " in line:
                break
        yield lines
        lines += tcpdump.communicate()[0].splitlines()


def fragments(machine: Machine) -> int:
    """How many packets the machine itself has cut into fragments, or put together of them."""
    names = ("IpFragCreates", "IpReasmReqds", "Ip6FragCreates", "Ip6ReasmReqds")
    counters = machine.json(["nstat", "-a", "-s", "-z", "-j", *names])["kernel"]
    assert set(counters) == set(names)
    return sum(counters.values())


def sockets(machine: Machine, netns: str, protocol: str, port: int) -> list[str]:
    """The states of the sockets with this port, or of a peer with it, as ss shows them; what is over is left out."""
    ports = [f"sport = :{port}", "or", f"dport = :{port}"]
    shown = machine.run(["ip", "netns", "exec", netns, "ss", "-Hna", f"--{protocol}", *ports]).stdout
    return sorted(line.split()[0] for line in shown.splitlines() if not line.startswith("TIME-WAIT"))


def vlans(machine: Machine, netns: str) -> dict[str, list[tuple[int, list[str]]]]:
    """The VLANs of the bridges and ports in a namespace, with their flags, as bridge(8) shows them."""
    shown = machine.json(["bridge", "-n", netns, "-j", "vlan", "show"])
    return {port["ifname"]: [(each["vlan"], each.get("flags", [])) for each in port["vlans"]] for port in shown}


def send_text(machine: Machine, client: str, server: str, *, address: str, port: int, text: str) -> str:
    """What a TCP server in one namespace receives when a client in another sends it a text."""
    with machine.popen(inside(server, SERVER, str(port)), stdout=-1) as listener:
        assert listener.stdout is not None
        assert listener.stdout.readline() == "listening\n"
        send = f"echo {shlex.quote(text)} >/dev/tcp/{address}/{port}"
        machine.run(["ip", "netns", "exec", client, "bash", "-c", send])
        return listener.communicate()[0]
