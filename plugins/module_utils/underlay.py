# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network that joins the machines of a lab, as one of them sees it. Nothing is changed."""

from __future__ import annotations

import errno
import re
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from . import ledger, namespaces, values
from .errors import LabError, understood
from .kinds import Netns
from .output import output_of
from .requirements import IPROUTE2, IPUTILS
from .state import ROOT

#: Addresses that nobody has, so that the way to them is the way to the outside, and no lab either (RFC 2544, RFC 5180).
#: Nothing is sent to them.
_OUTSIDE = ((socket.AF_INET, "198.18.0.1"), (socket.AF_INET6, "2001:2::1"))
#: What IP and ICMP take of a packet with an echo request, by the IP version, in bytes.
_HEADERS = {4: 20 + 8, 6: 40 + 8}
#: The least that a link has to carry (RFC 791; RFC 8200, section 5), in bytes.
_LEAST = {4: 576, 6: 1280}
#: From linux/in.h and linux/in6.h, which Python does not name.
_IP_MTU, _IPV6_MTU = 14, 24
#: How often a machine is asked where it matters: a packet may be lost, as when its neighbour is still looked for.
_TRIES = 3
#: Seconds that ping and ss may take to start and to end.
_LIMIT_S = 20.0


def own_address(given: str | None) -> str:
    """The machine's address on the underlay: the given one, or the one that it has towards the outside.

    Raises LabError if the given one is not the machine's, or there is none.
    """
    address = given or next(filter(None, (_source(family, outside) for family, outside in _OUTSIDE)), "")
    if not address:
        raise LabError("this machine has no route to an outside, so that its address is not known", "address")
    try:
        with socket.socket(_family(address), socket.SOCK_DGRAM) as trial:
            trial.bind((address, 0))
    except OSError as error:
        hint = "if ansible_host is what others reach it by, set lab_address for this machine in the inventory"
        raise LabError(f"{address} is no address of this machine: {error.strerror}", "address", hint) from None
    return address


def _source(family: int, outside: str) -> str:
    """The address that the kernel would send from."""
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as trial:
        trial.connect((outside, 9))
        return str(trial.getsockname()[0])
    return ""


def _family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def nodes(lab: str) -> list[str]:
    """The lab's namespaces on this machine. Raises LabError when the lab's ledger cannot be read."""
    known = ledger.load(lab)
    items = [known.resources, *known.earlier] if known else []
    with understood(ledger.file(lab)):
        names = [values.namespace(str(item["name"])) for each in items for item in each.get(Netns.KIND) or ()]
    return [name for name in dict.fromkeys(names) if namespaces.exists(name)]


def check_port(port: int, address: str) -> None:
    """Raise LabError if a program has the UDP port. VXLAN devices of the kernel share one."""
    try:
        with socket.socket(_family(address), socket.SOCK_DGRAM) as trial:
            if trial.family == socket.AF_INET6:
                trial.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            trial.bind(("", port))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise LabError(f"UDP port {port} cannot be used: {error.strerror}", "port") from None
        holder = _holder(port)
        if holder:
            raise LabError(f"UDP port {port} is taken by {holder}", "port", "stop that, or use another port") from None


def _holder(port: int) -> str:
    """The program that has the port open, by ss(8), empty if it is the kernel itself."""
    words = ["ss", "-H", "-u", "-l", "-n", "-p", f"sport = :{port}"]
    sockets = output_of(words, ROOT, IPROUTE2, _LIMIT_S)
    found = re.search(r'users:\(\("(?P<name>[^"]*)",pid=(?P<pid>\d+)', sockets)
    return f"{found['name']} (process {found['pid']})" if found else ""


def mtu(address: str, peers: Sequence[str]) -> int:
    """The largest packet, in bytes, that goes from the address to each of the others without being cut into fragments.

    Raises LabError for a peer that cannot be reached, and ValueError where there is none.
    """
    with ThreadPoolExecutor(max_workers=len(peers)) as pool:
        return min(pool.map(lambda peer: _mtu(address, peer), peers))


def _mtu(address: str, peer: str) -> int:
    version = 6 if ":" in peer else 4
    least, most = _LEAST[version], _route_mtu(address, peer)
    if not _passes(address, peer, least, _TRIES):
        hint = "if it has another address there, set lab_address for that machine in the inventory"
        raise LabError(f"{peer} does not answer echo requests (ping) from {address}", "peers", hint)
    return most if _passes(address, peer, most, _TRIES) else _search(address, peer, least, most)


def _search(address: str, peer: str, passes: int, fails: int) -> int:
    """The largest packet between one that passes and one that does not."""
    while fails - passes > 1:
        middle = (passes + fails) // 2
        passes, fails = (middle, fails) if _passes(address, peer, middle, 1) else (passes, middle)
    return passes


def _route_mtu(address: str, peer: str) -> int:
    """The largest packet that the kernel would send there, in bytes, as far as it knows (ip(7), ipv6(7))."""
    level, option = (socket.IPPROTO_IPV6, _IPV6_MTU) if ":" in peer else (socket.IPPROTO_IP, _IP_MTU)
    try:
        with socket.socket(_family(peer), socket.SOCK_DGRAM) as trial:
            trial.bind((address, 0))
            trial.connect((peer, 9))
            return trial.getsockopt(level, option)
    except OSError as error:
        raise LabError(f"there is no way from {address} to {peer}: {error.strerror}", "peers") from None


def _passes(address: str, peer: str, size: int, tries: int) -> bool:
    """Whether one of so many echo requests of a size in bytes, which must not be cut into fragments, is answered."""
    data = size - _HEADERS[6 if ":" in peer else 4]
    words = ["ping", "-n", "-q", "-c", "1", "-W", "1", "-M", "do", "-I", address, "-s", str(data), peer]
    return any(output_of(words, ROOT, IPUTILS, _LIMIT_S) for _try in range(tries))
