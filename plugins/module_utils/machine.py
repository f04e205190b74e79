# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine has of what labs need. Works without pyroute2, and changes nothing.

Nothing of the engine is imported: its codecs come from pyroute2, and this has to say that pyroute2 is missing.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import importlib.util
import os
import re
import socket
import struct
import sys
import threading
from collections.abc import Iterable, Sequence
from typing import Any

from .errors import LabError, understood
from .requirements import pyroute2_version, suffices

#: The interpreters for which a distribution packages its Python libraries.
_DISTRIBUTIONS_PYTHON = ("/usr/bin/python3", "/usr/libexec/platform-python")
_FAMILIES = {"debian": "debian", "rhel": "redhat", "fedora": "redhat"}

_CLONE_NEWNET = 0x40000000
# linux/rtnetlink.h, linux/netlink.h, linux/if_link.h
_NEWLINK, _REQUEST_ACK_CREATE_EXCLUSIVE = 16, 0x1 | 0x4 | 0x400 | 0x200
_IFLA_LINKINFO, _IFLA_INFO_KIND = 18, 1
_HEADER, _ATTRIBUTE = struct.Struct("=IHHII"), struct.Struct("=HH")
_LINK = bytes(16)  # struct ifinfomsg: any family, any type, a new index
_ERROR_AT = _HEADER.size
# linux/route.h, linux/sockios.h
_RTF_GATEWAY, _SIOCGIFADDR = 0x2, 0x8915


def family() -> str:
    """The family of the distribution: C(debian), C(redhat) or C(other), by os-release(5)."""
    try:
        with open("/etc/os-release", encoding="utf-8") as file:
            return family_of(file.read())
    except FileNotFoundError:
        return "other"


def family_of(os_release: str) -> str:
    """The family that a text in the form of os-release(5) tells of."""
    fields = dict(re.findall(r"^(ID|ID_LIKE)=[\"']?([^\"'\n]*)", os_release, re.MULTILINE))
    words = f"{fields.get('ID', '')} {fields.get('ID_LIKE', '')}".split()
    return next((_FAMILIES[word] for word in words if word in _FAMILIES), "other")


def python() -> dict[str, Any]:
    """The interpreter that runs this, whether the distribution's packages are for it, whose it is, and its pip."""
    own = sys.prefix == sys.base_prefix
    packaged = {os.path.realpath(path) for path in _DISTRIBUTIONS_PYTHON}
    place = os.stat(sys.prefix)
    return {
        "executable": sys.executable,
        "version": ".".join(map(str, sys.version_info[:3])),
        "distribution": own and os.path.realpath(sys.executable) in packaged,
        "owner": {"uid": place.st_uid, "gid": place.st_gid},
        "pip": importlib.util.find_spec("pip") is not None,
    }


def pyroute2() -> dict[str, Any]:
    """The version of pyroute2 in this interpreter (empty if it has none), and whether that suffices."""
    version = pyroute2_version()
    return {"version": version, "sufficient": suffices(version)}


def uplink() -> dict[str, str]:
    """The interface of the machine's IPv4 default route, the gateway, and the interface's address; empty if none."""
    with open("/proc/net/route", encoding="ascii", errors="replace") as table:
        found = uplink_of(table.read())
    return {**found, "address": _address(found["dev"])} if found else {}


def uplink_of(table: str) -> dict[str, str]:
    """Interface and gateway of the best default route in a text in the form of /proc/net/route (proc(5)).

    Raises LabError when it has another form.
    """
    with understood("/proc/net/route"):
        lines = [line.split() for line in table.splitlines()[1:]]
        routes = [line for line in lines if line[1] == line[7] == "00000000" and int(line[3], 16) & _RTF_GATEWAY]
        if not routes:
            return {}
        best = min(routes, key=lambda route: int(route[6]))
        return {"dev": best[0], "via": socket.inet_ntoa(struct.pack("=I", int(best[2], 16)))}


def _address(dev: str) -> str:
    """The first IPv4 address of an interface (netdevice(7)), empty if it has none."""
    request = struct.pack("256s", dev.encode())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            answer = fcntl.ioctl(any_socket, _SIOCGIFADDR, request)
        except OSError:
            return ""
    return socket.inet_ntoa(answer[20:24])


def lacking_link_kinds(kinds: Sequence[str]) -> list[str]:
    """Those of C(kinds), as ip-link(8) names them, that the kernel does not know and has no module for.

    Each is tried in a network namespace without a name, which ends with the thread that made it.
    Raises LabError when no namespace can be made.
    """
    if not kinds:
        return []
    answers: dict[str, int] = {}
    failures: list[OSError] = []
    thread = threading.Thread(target=_try_all, args=(kinds, answers, failures))
    thread.start()
    thread.join()
    for failure in failures:
        raise LabError(
            f"network namespaces cannot be made here: {os.strerror(failure.errno or 0)}",
            hint="the kernel needs CONFIG_NET_NS, and a container CAP_SYS_ADMIN",
        )
    return [kind for kind in kinds if answers[kind] == errno.EOPNOTSUPP]


def _try_all(kinds: Iterable[str], answers: dict[str, int], failures: list[OSError]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) != 0:
        failures.append(OSError(ctypes.get_errno(), "unshare"))
        return
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as rtnetlink:
        for kind in kinds:
            rtnetlink.send(new_link(kind))
            (number,) = struct.unpack_from("=i", rtnetlink.recv(65536), _ERROR_AT)
            answers[kind] = -number


def new_link(kind: str) -> bytes:
    """A request for a new interface of C(kind) that says nothing more.

    A kind that needs more refuses it with another error than EOPNOTSUPP, which stands for an unknown kind.
    """
    info = _attribute(_IFLA_LINKINFO, _attribute(_IFLA_INFO_KIND, kind.encode() + b"\0"))
    length = _HEADER.size + len(_LINK) + len(info)
    return _HEADER.pack(length, _NEWLINK, _REQUEST_ACK_CREATE_EXCLUSIVE, 1, 0) + _LINK + info


def _attribute(type_: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), type_) + value + bytes(-len(value) % 4)
