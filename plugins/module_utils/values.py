# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validators of primitive values: each returns the normal form or raises ValueError with the reason.

Pure, and the only place where such a rule stands.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from decimal import Decimal
from functools import lru_cache
from typing import Any, Callable, TypeVar

#: Longest name in bytes: IFNAMSIZ less the closing zero (linux/if.h). Namespaces keep to it too, since
#: interfaces are named after their nodes.
NAME_BYTES = 15
LAB_BYTES = 63
_FILE_BYTES = 200
#: A byte that is a space in Latin-1, which is what the kernel reads names by (lib/ctype.c), and part of other letters.
_NO_BREAK = b"\xa0"
_LETTERS = "letters, digits, '_', '.', '-', beginning with a letter or a digit"

_NAME_REFUSED = re.compile(r"[\s/:%\x00-\x1f\x7f]")
_LAB = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SYSCTL = re.compile(r"[A-Za-z0-9_-]+([./][A-Za-z0-9_.:@-]+)+")
_RATE = re.compile(r"([0-9]+(?:\.[0-9]+)?)((?:[kmgt]i?)?bit)?", re.ASCII | re.IGNORECASE)

_Number = TypeVar("_Number", int, float)

#: The same names and addresses stand in many items, and in the ledger again.
_repeated = lru_cache(maxsize=1 << 16)
#: As in the standard library, whose parsers take as long as a question to the kernel.
ip_interface, ip_address = _repeated(ipaddress.ip_interface), _repeated(ipaddress.ip_address)


@_repeated
def name(value: str) -> str:
    """A name of an interface or a namespace (C(dev_valid_name) in net/core/dev.c, and what a file name allows)."""
    if not value:
        raise ValueError("a name must not be empty")
    size = len(value.encode())
    if size > NAME_BYTES:
        raise ValueError(f"{value!r} has {size} bytes, a name has at most {NAME_BYTES}")
    if value in (".", "..") or value.startswith("-"):
        raise ValueError(f"{value!r} is not a name")
    refused = _NAME_REFUSED.search(value)
    if refused:
        raise ValueError(f"{value!r} has {refused.group()!r}, which is not allowed in a name")
    if _NO_BREAK in value.encode():
        raise ValueError(f"{value!r} has a letter in which the kernel sees a space")
    return value


def link_name(value: str) -> str:
    """A name for an interface that can be made: not C(lo), which every namespace has, nor the kernel's words."""
    if value in ("lo", "all", "default"):
        raise ValueError(f"{value!r} is reserved")
    return name(value)


def namespace(value: str) -> str:
    """A name of a network namespace; the empty string is not one. What begins with a dot is a word of ours."""
    if name(value).startswith("."):
        raise ValueError(f"{value!r} is not a namespace's name: it begins with a dot")
    return value


def namespace_or_root(value: str) -> str:
    """A name of a network namespace, or the empty string for the root namespace."""
    return namespace(value) if value else value


def lab(value: str) -> str:
    """The name of a lab: a file name and part of marks, so letters, digits, C(_), C(.) and C(-) only."""
    if not is_lab(value):
        raise ValueError(f"{value!r} is not a lab's name: 1 to {LAB_BYTES} {_LETTERS}")
    return value


def is_lab(value: str) -> bool:
    """Whether a lab can have this name."""
    return len(value) <= LAB_BYTES and _LAB.fullmatch(value) is not None


def process_name(value: str) -> str:
    """The name of a process of ours: part of a file name, so as that of a lab."""
    if not is_lab(value):
        raise ValueError(f"{value!r} is not a name: 1 to {LAB_BYTES} {_LETTERS}")
    return value


def file_name(value: str) -> str:
    """The name of a file in a directory of ours, perhaps in directories below it: it cannot lead out of there."""
    if len(value) > _FILE_BYTES or not all(_PART.fullmatch(part) for part in value.split("/")):
        raise ValueError(
            f"{value!r} is not a file's name: up to {_FILE_BYTES} letters, digits, '_', '.', '-', and '/' between"
            " directories, each name beginning with a letter, a digit or '_'"
        )
    return value


def directory(value: str) -> str:
    """An absolute path."""
    if not value.startswith("/") or "\0" in value:
        raise ValueError(f"{value!r} is not an absolute path")
    return value


def text(value: str) -> str:
    """A text that a program can be given: without the zero that ends texts in C."""
    if "\0" in value:
        raise ValueError("a zero byte is not allowed in a text")
    return value


def regex(value: str) -> str:
    """A regular expression of Python's."""
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"{value!r} is not a regular expression: {error}") from None
    return value


def user(value: str) -> str:
    """The name of a user, as passwd(5) could have it."""
    if not value or ":" in text(value) or value.startswith("-"):
        raise ValueError(f"{value!r} is not a user's name")
    return value


def environment(value: dict[str, Any]) -> dict[str, str]:
    """Variables by name."""
    for name, each in value.items():
        if not _VARIABLE.fullmatch(str(name)):
            raise ValueError(f"{name!r} is not the name of a variable: letters, digits and '_'")
        if each is None:
            raise ValueError(f"{name!r} has no value")
    return {str(name): text(str(each)) for name, each in value.items()}


def mac(value: str) -> str:
    """A MAC address in lower case with colons."""
    normal = value.lower().replace("-", ":")
    if not _MAC.fullmatch(normal):
        raise ValueError(f"{value!r} is not a MAC address such as 00:00:5e:00:53:01")
    return normal


def is_group(mac: str) -> bool:
    """Whether several stations can have the MAC address (IEEE 802, the I/G bit)."""
    return bool(int(mac[:2], 16) & 1)


#: What a VXLAN has instead of the address of a station that it does not know.
UNKNOWN_STATION = "00:00:00:00:00:00"


def is_flooded(mac: str) -> bool:
    """Whether a VXLAN sends frames for it to all its entries; a station is behind one VTEP."""
    return mac == UNKNOWN_STATION or is_group(mac)


def station(value: str) -> str:
    """A MAC address that an interface can have: neither a group address nor all zeros."""
    normal = mac(value)
    if is_group(normal):
        raise ValueError(f"{value!r} is a group address, an interface needs a unicast one")
    if normal == "00:00:00:00:00:00":
        raise ValueError("an interface cannot have the MAC address 00:00:00:00:00:00")
    return normal


@_repeated
def address(value: str) -> str:
    """An IPv4 or IPv6 address without a prefix."""
    return parsed(ip_address, value, "an IP address")


@_repeated
def somebodys(value: str) -> str:
    """The same, and not the one that stands for none (RFC 1122, section 3.2.1.3; RFC 4291, section 2.5.2)."""
    if ip_address(address(value)).is_unspecified:
        raise ValueError(f"{value!r} is nobody's address")
    return address(value)


@_repeated
def interface_address(value: str) -> str:
    """An address with its prefix, as an interface has it: C(192.0.2.1/24)."""
    if "/" not in value:
        raise ValueError(f"{value!r} lacks the prefix length, as in '{value}/24'")
    normal = parsed(ip_interface, value, "an address with prefix, such as 192.0.2.1/24")
    somebodys(normal.partition("/")[0])
    return normal


#: The networks that are all addresses, IPv4 and IPv6. A route to one is a default route.
EVERYWHERE = ("0.0.0.0/0", "::/0")


def is_default(dst: Any) -> bool:
    """Whether a route to it is a default route, whatever it is called (ip-route(8))."""
    return dst == "default" or dst in EVERYWHERE


@_repeated
def destination(value: str) -> str:
    """What a route leads to: C(default), or a network in CIDR form without host bits."""
    if value == "default":
        return value
    if "/" not in value:
        raise ValueError(f"{value!r} lacks the prefix length; a single host is '{value}/{_host_bits(value)}'")
    return parsed(ipaddress.ip_network, value, "a network such as 198.51.100.0/24 (no bits set behind the prefix)")


@_repeated
def unicast(value: str) -> str:
    """A unicast IP address."""
    if ip_address(somebodys(value)).is_multicast:
        raise ValueError(f"{value!r} is a multicast address, a unicast one is needed")
    return address(value)


@_repeated
def multicast(value: str) -> str:
    """A multicast IP address."""
    if not ip_address(address(value)).is_multicast:
        raise ValueError(f"{value!r} is not a multicast address (224.0.0.0/4 or ff00::/8)")
    return address(value)


def setting_parts(name: str) -> list[str]:
    """The folders and the file of a setting under /proc/sys.

    As sysctl(8) reads it: the first separator rules, and the other one stands for itself, so that
    C(net.ipv4.conf.eth0/100.forwarding) names the interface C(eth0.100).
    """
    slashes = "/" in name and ("." not in name or name.index("/") < name.index("."))
    return name.split("/") if slashes else [part.replace("/", ".") for part in name.split(".")]


def sysctl_name(value: str) -> str:
    """The name of a kernel setting, in sysctl(8)'s form with dots or with slashes."""
    if not _SYSCTL.fullmatch(value) or ".." in value:
        raise ValueError(f"{value!r} is not the name of a kernel setting such as net.ipv4.ip_forward")
    return value


def between(low: int, high: int, what: str) -> Callable[[_Number], _Number]:
    """A validator of numbers from C(low) to C(high)."""

    def check(value: _Number) -> _Number:
        if not low <= value <= high:
            raise ValueError(f"{value} is not {what}: {low} to {high}")
        return value

    return check


vid = between(1, 4094, "a VLAN id")  # IEEE 802.1Q: 0 and 4095 are reserved
ageing = between(0, 1_000_000, "an ageing time in seconds")  # IEEE 802.1D, table 7-5: up to 10^6 s
vni = between(0, 2**24 - 1, "a VNI")  # RFC 7348, section 5: 24 bits
port = between(1, 65535, "a port")
#: The UDP port that IANA assigned to VXLAN (RFC 7348, section 5).
VXLAN_PORT = 4789
ttl = between(0, 255, "a TTL")
mtu = between(68, 65535, "an MTU")  # RFC 791: every IPv4 link carries 68 bytes
snaplen = between(64, 262144, "a number of bytes to keep of a packet")
seconds = between(1, 3600, "a number of seconds")
metric = between(0, 2**32 - 1, "a metric")
delay = between(0, 3_600_000, "a delay in milliseconds")
#: The kernel cuts a longer one off (netem_change in net/sched/sch_netem.c: nanoseconds in 31 bits).
jitter = between(0, 2147, "a jitter in milliseconds")
percent = between(0, 100, "a percentage")
#: The table that the kernel fills: RT_TABLE_LOCAL in linux/rtnetlink.h.
LOCAL_TABLE = 255
_any_table = between(1, 2**32 - 1, "a routing table")


def table(value: int) -> int:
    """A routing table that people have routes in."""
    if value == LOCAL_TABLE:
        raise ValueError(
            f"{value} is the table that the kernel fills, with the machine's addresses: declare the address"
        )
    return _any_table(value)


#: tc(8): bits a second, by the prefixes of SI and of IEC; without a unit they are bits.
_RATE_UNITS: dict[str, int] = {
    **{f"{prefix}bit": 1000**power for power, prefix in enumerate(("", "k", "m", "g", "t"))},
    **{f"{prefix}ibit": 1024**power for power, prefix in enumerate(("k", "m", "g", "t"), 1)},
}
_MOST_BYTES = 2**62


@_repeated
def rate(value: str) -> str:
    """A rate in bits a second in the normal form of C(rate_text): whole bytes, since the kernel counts those."""
    found = _RATE.fullmatch(value)
    if not found:
        raise ValueError(f"{value!r} is not a rate in bits a second, such as 10mbit")
    number, unit = found.groups()
    bits = int(Decimal(number) * _RATE_UNITS[(unit or "bit").lower()])
    if 0 < bits < 8 or bits // 8 > _MOST_BYTES:
        raise ValueError(f"{value!r} is not a rate from 8bit a second on that the kernel can count")
    return rate_text(bits // 8)


def rate_text(size: int) -> str:
    """A rate of C(size) bytes a second as people write it: C(10mbit)."""
    bits = size * 8
    unit = next((unit for unit in ("tbit", "gbit", "mbit", "kbit") if bits and bits % _RATE_UNITS[unit] == 0), "bit")
    return f"{bits // _RATE_UNITS[unit]}{unit}"


def rate_bytes(text: str) -> int:
    """The bytes a second of a rate in its normal form."""
    unit = text.lstrip("0123456789")
    return int(text[: -len(unit)]) * _RATE_UNITS[unit] // 8


def parsed(parse: Callable[[str], Any], value: str, what: str) -> str:
    """The normal form by a parser of the module ipaddress; C(what) is what the value should have been."""
    try:
        if "%" in value:
            raise ValueError("a zone belongs to an option of its own")
        return _as_the_kernel_does(str(parse(value)))
    except ValueError:
        raise ValueError(f"{value!r} is not {what}") from None


def _as_the_kernel_does(text: str) -> str:
    """An address as it is read from the kernel: Python's own form of IPv4 in IPv6 differs between its releases."""
    host, slash, prefix = text.partition("/")
    if ":" not in host:
        return text
    return socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, host)) + slash + prefix


def _host_bits(value: str) -> int:
    return 128 if ":" in value else 32
