# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network by nothing but netlink messages, in the plainest order: a bridge is switched on before it has ports.

Reads `scale.network.Network` as JSON from the standard input, and what to do with it as `task`. Needs nothing but
Python's standard library. It is what the other means are measured by: a namespace is entered once, its socket stays in
it, and numbers of interfaces are not asked for but chosen.

Sources: netlink(7), rtnetlink(7), veth(4), ip-netns(8), and the kernel's linux/rtnetlink.h, if_link.h, veth.h.
"""

from __future__ import annotations

import ctypes
import json
import os
import pathlib
import resource
import socket
import struct
import sys
import typing as t

_NETNS = "/run/netns"
_HOME = "/proc/thread-self/ns/net"
_CLONE_NEWNET, _MS_BIND, _MNT_DETACH = 0x40000000, 0x1000, 2
_NEWLINK, _NEWADDR, _NEWROUTE = 16, 20, 24
_REQUEST_ACK, _NEW = 0x5, 0x605  # with NLM_F_CREATE | NLM_F_EXCL
_IFNAME, _MTU, _MASTER, _LINKINFO, _NET_NS_FD, _INFO_KIND, _INFO_DATA, _VETH_PEER = 3, 4, 10, 18, 28, 1, 2, 1
_IFF_UP, _LOOPBACK = 1, 1
_BATCH = 64
_ANSWER = struct.Struct("=IHHIIi")  # nlmsghdr, and the error of nlmsgerr
#: Interfaces of a namespace of ours are numbered from here, those added to one that was there from far behind.
_OWN_NUMBERS, _MORE_NUMBERS = 100, 1_000_000
_RECEIVE_BYTES = 1 << 16
_SOL_NETLINK, _CAP_ACK = 270, 10

_libc = ctypes.CDLL(None, use_errno=True)


def _call(function: str, *arguments: object) -> None:
    if getattr(_libc, function)(*arguments):
        raise OSError(ctypes.get_errno(), function)


def _attribute(type_: int, data: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(data), type_) + data + bytes(-len(data) % 4)


def _named(name: str) -> bytes:
    return _attribute(_IFNAME, name.encode() + b"\0")


def _link(flags: int, attributes: bytes, index: int, up: int) -> bytes:
    return _message(_NEWLINK, flags, struct.pack("=BxHiII", 0, 0, index, up, up) + attributes)


def _message(type_: int, flags: int, body: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), type_, flags, 0, 0) + body


def _kind(kind: bytes, data: bytes = b"") -> bytes:
    info = _attribute(_INFO_KIND, kind)
    return _attribute(_LINKINFO, info + _attribute(_INFO_DATA, data) if data else info)


def _veth(left: _End, right: _End, there_fd: int, master: int) -> bytes:
    """A cable whose left end is here, on a bridge or on none, and switched on."""
    there = struct.pack("=BxHiII", 0, 0, right.number, 0, 0) + _named(right.name)
    there += _attribute(_NET_NS_FD, struct.pack("=I", there_fd))
    attributes = _named(left.name) + _kind(b"veth", _attribute(_VETH_PEER, there))
    return _link(_NEW, attributes + (_on(master) if master else b""), left.number, _IFF_UP)


def _on(master: int) -> bytes:
    return _attribute(_MASTER, struct.pack("=I", master))


def _address(address: str, index: int) -> bytes:
    ip, _slash, length = address.partition("/")
    packed = socket.inet_aton(ip)
    header = struct.pack("=BBBBI", socket.AF_INET, int(length), 0, 0, index)
    return _message(_NEWADDR, _NEW, header + _attribute(2, packed) + _attribute(1, packed))


def _route(dst: str, via: str) -> bytes:
    ip, _slash, length = ("0.0.0.0/0" if dst == "default" else dst).partition("/")
    header = struct.pack("=BBBBBBBBI", socket.AF_INET, int(length), 0, 0, 254, 3, 0, 1, 0)
    to = _attribute(1, socket.inet_aton(ip)) if int(length) else b""
    return _message(_NEWROUTE, _NEW, header + to + _attribute(5, socket.inet_aton(via)))


class _Namespace:
    """A namespace that is made now or was there already, with a socket in it, and messages that wait to be sent."""

    def __init__(self, name: str, is_new: bool, forwards: bool) -> None:
        """Leaves this thread inside."""
        self._waiting: list[bytes] = []
        self._indexes: dict[str, int] = {}
        self._next = _OWN_NUMBERS if is_new else _MORE_NUMBERS
        self._borrowed: list[int] = []
        self.name = name
        if is_new:
            _make(name)
        else:
            _enter(name)
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._socket.setsockopt(_SOL_NETLINK, _CAP_ACK, 1)
        if is_new:
            self.add(_link(_REQUEST_ACK, b"", _LOOPBACK, _IFF_UP))
        if forwards:
            pathlib.Path("/proc/sys/net/ipv4/ip_forward").write_text("1", encoding="ascii")

    def number(self, name: str) -> int:
        """The number of an interface that is to be made."""
        self._next += 1
        self._indexes[name] = self._next
        return self._next

    def index(self, name: str) -> int:
        """The number of an interface, which may have been there before."""
        if name not in self._indexes:
            _enter(self.name)
            self._indexes[name] = socket.if_nametoindex(name)
        return self._indexes[name]

    def add(self, message: bytes, descriptor: int | None = None) -> None:
        """Have the message sent, and a descriptor that is in it closed then."""
        self._waiting.append(message)
        if descriptor is not None:
            self._borrowed.append(descriptor)
        if len(self._waiting) == _BATCH:
            self.send()

    def send(self) -> None:
        """Send what waits, and hear that all of it was done."""
        if not self._waiting:
            return
        self._socket.send(b"".join(self._waiting))
        expected, self._waiting = len(self._waiting), []
        while expected:
            expected -= _acknowledged(self._socket.recv(_RECEIVE_BYTES))
        while self._borrowed:
            os.close(self._borrowed.pop())


class _End(t.NamedTuple):
    """An end of a cable."""

    netns: _Namespace
    name: str
    number: int


def _make(name: str) -> None:
    path = f"{_NETNS}/{name}"
    os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0))
    _call("unshare", _CLONE_NEWNET)
    _call("mount", _HOME.encode(), path.encode(), b"none", ctypes.c_ulong(_MS_BIND), None)


def _enter(name: str) -> None:
    descriptor = _open(name)
    _call("setns", descriptor, _CLONE_NEWNET)
    os.close(descriptor)


def _open(name: str) -> int:
    return os.open(f"{_NETNS}/{name}", os.O_RDONLY)


def _acknowledged(data: bytes) -> int:
    """How many requests these answers acknowledge. Raises OSError for one that was refused."""
    count = offset = 0
    while offset < len(data):
        length, _type, _flags, _sequence, _port, error = _ANSWER.unpack_from(data, offset)
        if error:
            raise OSError(-error, os.strerror(-error))
        count += 1
        offset += (length + 3) & ~3
    return count


def build(network: t.Mapping[str, t.Any]) -> None:
    """Make the network, or what is new of it."""
    routers = set(network["routers"])
    spaces = {name: _Namespace(name, True, name in routers) for name in network["namespaces"]}
    for cable in network["cables"]:
        for netns in (cable["left"]["netns"], cable["right"]["netns"]):
            if netns not in spaces:
                spaces[netns] = _Namespace(netns, False, False)
    for bridge in network["bridges"]:
        _bridge(spaces[bridge["netns"]], bridge)
    for cable in network["cables"]:
        _cable(spaces, cable)
    for space in spaces.values():
        space.send()  # the ends elsewhere have to be there before anything is done with them
    for cable in network["cables"]:
        _configure(spaces, cable)
    for route in network["routes"]:
        spaces[route["netns"]].add(_route(route["dst"], route["via"]))
    for space in spaces.values():
        space.send()


def _bridge(space: _Namespace, bridge: t.Mapping[str, str]) -> None:
    index = space.number(bridge["name"])
    space.add(_link(_NEW, _named(bridge["name"]) + _kind(b"bridge"), index, _IFF_UP))
    if bridge["address"]:
        space.add(_address(bridge["address"], index))


def _cable(spaces: t.Mapping[str, _Namespace], cable: t.Mapping[str, t.Any]) -> None:
    left, right = (
        _End(spaces[end["netns"]], end["name"], spaces[end["netns"]].number(end["name"]))
        for end in (cable["left"], cable["right"])
    )
    master = cable["left"]["master"]
    descriptor = _open(right.netns.name)
    left.netns.add(_veth(left, right, descriptor, left.netns.index(master) if master else 0), descriptor)


def _configure(spaces: t.Mapping[str, _Namespace], cable: t.Mapping[str, t.Any]) -> None:
    right, space = cable["right"], spaces[cable["right"]["netns"]]
    master = _on(space.index(right["master"])) if right["master"] else b""
    space.add(_link(_REQUEST_ACK, master, space.index(right["name"]), _IFF_UP))
    for end in (cable["left"], right):
        if end["address"]:
            spaces[end["netns"]].add(_address(end["address"], spaces[end["netns"]].index(end["name"])))


def change(port: t.Mapping[str, t.Any]) -> None:
    """Give an interface another MTU."""
    space = _Namespace(port["netns"], False, False)
    mtu = _attribute(_MTU, struct.pack("=I", port["mtu"]))
    space.add(_link(_REQUEST_ACK, mtu, space.index(port["name"]), _IFF_UP))
    space.send()


def remove(network: t.Mapping[str, t.Any]) -> None:
    """Take the names away; the kernel does the rest when it has time."""
    for name in network["namespaces"]:
        _call("umount2", f"{_NETNS}/{name}".encode(), _MNT_DETACH)
        os.unlink(f"{_NETNS}/{name}")


def _allow_files() -> None:
    """A socket in each namespace is open at once."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> None:
    """Do what the standard input says."""
    network = json.load(sys.stdin)
    os.makedirs(_NETNS, exist_ok=True)
    _allow_files()
    if network["task"] == "build":
        build(network)
    elif network["task"] == "change":
        change(network)
    else:
        remove(network)


if __name__ == "__main__":
    main()
