# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many frames a second pass the switch in user space, against the kernel's bridge: same stations, same run.

``.venv/bin/python tests/switch_rate.py`` (root; everything happens in a throw-away machine.)
"""

from __future__ import annotations

import statistics
import typing as t

from labmachine import LabMachine

SECONDS, ROUNDS = 2, 3
SIZES = (60, 1500)
STATIONS = ("ns1", "ns2")
MACS = {"ns1": "00:00:5e:00:53:01", "ns2": "00:00:5e:00:53:02"}
PORTS = [f"{name}-sw" for name in STATIONS]
#: Sends frames of a size to the other station for some seconds.
SENDER = """
import socket, sys, time
dev, size, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as out:
    out.bind((dev, 0))
    frame = bytes.fromhex("00005e005302" "00005e005301" "88b5").ljust(size, b"x")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for _ in range(100):
            out.send(frame)
"""
#: Makes itself known to the switch.
HELLO = SENDER.replace('"00005e005302" "00005e005301"', '"ffffffffffff" "00005e005302"')


def lay(machine: LabMachine) -> None:
    """Two stations, each with a cable to a namespace without a switch."""
    for name in (*STATIONS, "switch"):
        machine.module("netns", name=name)
    for name in STATIONS:
        peer = {"name": f"{name}-sw", "netns": "switch"}
        machine.module("veth", name=f"{name}-veth", netns=name, mac=MACS[name], peer=peer)


def put_bridge(machine: LabMachine, there: bool) -> None:
    """The kernel's bridge, by the commands of everybody."""
    switch = ["ip", "-n", "switch", "link"]
    if not there:
        machine.run([*switch, "delete", "br0"])
        return
    machine.run([*switch, "add", "br0", "up", "type", "bridge"])
    for port in PORTS:
        machine.run([*switch, "set", port, "master", "br0"])
    machine.run(["sh", "-c", "until bridge -n switch link | grep -c forwarding | grep -qx 2; do sleep 0.05; done"])


def put_vswitch(machine: LabMachine, there: bool) -> None:
    """The switch in user space."""
    machine.module("vswitch", name="sw", netns="switch", ports=PORTS, state="present" if there else "absent")


def rate(machine: LabMachine, size: int) -> float:
    """Frames a second that arrive in ns2."""
    python = ["ip", "netns", "exec"]
    machine.run([*python, "ns2", "python3", "-c", HELLO, "ns2-veth", "60", "0.01"])
    before = arrived(machine)
    machine.run([*python, "ns1", "python3", "-c", SENDER, "ns1-veth", str(size), str(SECONDS)])
    return (arrived(machine) - before) / SECONDS


def arrived(machine: LabMachine) -> int:
    """How many frames ns2 has received."""
    (link,) = machine.json(["ip", "-n", "ns2", "-s", "-j", "link", "show", "ns2-veth"])
    packets: int = link["stats64"]["rx"]["packets"]
    return packets


def measure(machine: LabMachine, put: t.Callable[[LabMachine, bool], None], size: int) -> float:
    """The rate with one of the switches, which is there for as long as it takes."""
    put(machine, True)
    try:
        return rate(machine, size)
    finally:
        put(machine, False)


def main() -> None:
    """The command line."""
    with LabMachine.start() as machine:
        lay(machine)
        for size in SIZES:
            rounds = [
                (measure(machine, put_vswitch, size), measure(machine, put_bridge, size)) for _round in range(ROUNDS)
            ]
            ours, kernels = (statistics.median(column) for column in zip(*rounds))
            print(
                f"{size} bytes: vswitch {ours:.0f}/s, the kernel's bridge {kernels:.0f}/s: {ours / kernels:.2f} of it"
            )


if __name__ == "__main__":
    main()
