# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Primitive values: the normal form, or the reason in words that a user can act on."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import values

GOOD: list[tuple[t.Callable[[t.Any], t.Any], t.Any, t.Any]] = [
    (values.name, "ns1-veth0", "ns1-veth0"),
    (values.name, "a23456789012345", "a23456789012345"),
    (values.name, "ä2345678901234", "ä2345678901234"),  # 15 bytes
    (values.name, "a.b", "a.b"),
    (values.namespace, "lo", "lo"),
    (values.namespace_or_root, "", ""),
    (values.lab, "vxlan-2.b_c", "vxlan-2.b_c"),
    (values.lab, "a" * 63, "a" * 63),
    (values.mac, "00-00-5E-00-53-01", "00:00:5e:00:53:01"),
    (values.mac, "00:00:00:00:00:00", "00:00:00:00:00:00"),
    (values.station, "02:00:00:00:00:01", "02:00:00:00:00:01"),
    (values.address, "2001:DB8:0::1", "2001:db8::1"),
    (values.address, "0.0.0.0", "0.0.0.0"),
    (values.somebodys, "239.0.0.1", "239.0.0.1"),
    (values.interface_address, "192.0.2.1/24", "192.0.2.1/24"),
    (values.interface_address, "2001:0db8::1/64", "2001:db8::1/64"),
    (values.interface_address, "::ffff:192.0.2.1/128", "::ffff:192.0.2.1/128"),
    (values.interface_address, "::192.0.2.1/128", "::192.0.2.1/128"),
    (values.interface_address, "2001:db8:0:1:0:1:0:1/64", "2001:db8:0:1:0:1:0:1/64"),
    (values.destination, "default", "default"),
    (values.destination, "198.51.100.0/24", "198.51.100.0/24"),
    (values.destination, "::/0", "::/0"),
    (values.unicast, "192.0.2.1", "192.0.2.1"),
    (values.multicast, "FF02::1", "ff02::1"),
    (values.sysctl_name, "net.ipv4.conf.eth0/100.forwarding", "net.ipv4.conf.eth0/100.forwarding"),
    (values.sysctl_name, "net/ipv4/conf/eth0.100/forwarding", "net/ipv4/conf/eth0.100/forwarding"),
    (values.vni, 2**24 - 1, 16777215),
    (values.vni, 0, 0),
    (values.port, 65535, 65535),
    (values.mtu, 68, 68),
    (values.metric, 2**32 - 1, 2**32 - 1),
    (values.delay, 0.5, 0.5),
    (values.jitter, 2147, 2147),
    (values.percent, 100, 100),
    (values.rate, "10mbit", "10mbit"),
    (values.rate, "10000kbit", "10mbit"),
    (values.rate, "1.5Mbit", "1500kbit"),
    (values.rate, "1000000", "1mbit"),
    (values.rate, "8bit", "8bit"),
    (values.rate, "1001", "1kbit"),
    (values.rate, "1mibit", "1048576bit"),
    (values.rate, "2tbit", "2tbit"),
    (values.rate, "0", "0bit"),
]

#: How a lab's name is to be.
LETTERS = "1 to 63 letters, digits, '_', '.', '-', beginning with a letter or a digit"

BAD: list[tuple[t.Callable[[t.Any], t.Any], t.Any, str]] = [
    (values.name, "", "a name must not be empty"),
    (values.name, "a234567890123456", "'a234567890123456' has 16 bytes, a name has at most 15"),
    (values.name, "ä23456789012345", "'ä23456789012345' has 16 bytes, a name has at most 15"),
    (values.name, "../x", "'../x' has '/', which is not allowed in a name"),
    (values.name, "a b", "'a b' has ' ', which is not allowed in a name"),
    (values.name, "a\n", r"'a\n' has '\n', which is not allowed in a name"),
    (values.name, "a:1", "'a:1' has ':', which is not allowed in a name"),
    (values.name, "veth%d", "'veth%d' has '%', which is not allowed in a name"),
    (values.name, "a\x00", r"'a\x00' has '\x00', which is not allowed in a name"),
    (values.name, "..", "'..' is not a name"),
    (values.name, ".", "'.' is not a name"),
    (values.name, "-n", "'-n' is not a name"),
    (values.namespace, ".root", "'.root' is not a namespace's name: it begins with a dot"),
    (values.namespace_or_root, ".ns1", "'.ns1' is not a namespace's name: it begins with a dot"),
    (values.link_name, "lo", "'lo' is reserved"),
    (values.link_name, "all", "'all' is reserved"),
    (values.lab, "../lab", f"'../lab' is not a lab's name: {LETTERS}"),
    (values.lab, "", f"'' is not a lab's name: {LETTERS}"),
    (values.lab, ".machine", f"'.machine' is not a lab's name: {LETTERS}"),
    (values.lab, "lab\n", rf"'lab\n' is not a lab's name: {LETTERS}"),
    (values.lab, "a" * 64, f"'{'a' * 64}' is not a lab's name: {LETTERS}"),
    (values.mac, "00:00:5e:00:53", "'00:00:5e:00:53' is not a MAC address such as 00:00:5e:00:53:01"),
    (values.mac, "00:00:5e:00:53:0g", "'00:00:5e:00:53:0g' is not a MAC address such as 00:00:5e:00:53:01"),
    (values.station, "01:00:5e:00:00:01", "'01:00:5e:00:00:01' is a group address, an interface needs a unicast one"),
    (values.station, "00:00:00:00:00:00", "an interface cannot have the MAC address 00:00:00:00:00:00"),
    (values.address, "192.0.2.1/24", "'192.0.2.1/24' is not an IP address"),
    (values.address, "fe80::1%eth0", "'fe80::1%eth0' is not an IP address"),
    (values.interface_address, "192.0.2.1", "'192.0.2.1' lacks the prefix length, as in '192.0.2.1/24'"),
    (
        values.interface_address,
        "300.0.2.1/24",
        "'300.0.2.1/24' is not an address with prefix, such as 192.0.2.1/24",
    ),
    (values.interface_address, "192.0.2.1/33", "'192.0.2.1/33' is not an address with prefix, such as 192.0.2.1/24"),
    (values.interface_address, "192.0.2.01/24", "'192.0.2.01/24' is not an address with prefix, such as 192.0.2.1/24"),
    (values.destination, "198.51.100.1", "'198.51.100.1' lacks the prefix length; a single host is '198.51.100.1/32'"),
    (values.destination, "2001:db8::1", "'2001:db8::1' lacks the prefix length; a single host is '2001:db8::1/128'"),
    (
        values.destination,
        "198.51.100.1/24",
        "'198.51.100.1/24' is not a network such as 198.51.100.0/24 (no bits set behind the prefix)",
    ),
    (values.name, "voilà", "'voilà' has a letter in which the kernel sees a space"),
    (values.interface_address, "0.0.0.0/24", "'0.0.0.0' is nobody's address"),
    (values.interface_address, "::/64", "'::' is nobody's address"),
    (values.somebodys, "::", "'::' is nobody's address"),
    (values.unicast, "0.0.0.0", "'0.0.0.0' is nobody's address"),
    (values.unicast, "239.0.0.1", "'239.0.0.1' is a multicast address, a unicast one is needed"),
    (values.multicast, "192.0.2.1", "'192.0.2.1' is not a multicast address (224.0.0.0/4 or ff00::/8)"),
    (
        values.sysctl_name,
        "net.ipv4.../../x",
        "'net.ipv4.../../x' is not the name of a kernel setting such as net.ipv4.ip_forward",
    ),
    (values.sysctl_name, "/etc/x", "'/etc/x' is not the name of a kernel setting such as net.ipv4.ip_forward"),
    (values.sysctl_name, "hostname", "'hostname' is not the name of a kernel setting such as net.ipv4.ip_forward"),
    (values.vni, 2**24, "16777216 is not a VNI: 0 to 16777215"),
    (values.vni, -1, "-1 is not a VNI: 0 to 16777215"),
    (values.port, 70000, "70000 is not a port: 1 to 65535"),
    (values.port, 0, "0 is not a port: 1 to 65535"),
    (values.ttl, 256, "256 is not a TTL: 0 to 255"),
    (values.mtu, 67, "67 is not an MTU: 68 to 65535"),
    (values.table, 0, "0 is not a routing table: 1 to 4294967295"),
    (values.table, 255, "255 is the table that the kernel fills, with the machine's addresses: declare the address"),
    (values.delay, -1, "-1 is not a delay in milliseconds: 0 to 3600000"),
    (values.delay, float("nan"), "nan is not a delay in milliseconds: 0 to 3600000"),
    (values.jitter, 2148, "2148 is not a jitter in milliseconds: 0 to 2147"),
    (values.percent, 100.1, "100.1 is not a percentage: 0 to 100"),
    *(
        (values.rate, word, f"{word!r} is not a rate in bits a second, such as 10mbit")
        for word in ("fast", "1mbps", "")
    ),
    *((values.rate, word, f"{word!r} is not a rate in bits a second, such as 10mbit") for word in ("-1mbit", "1 mbit")),
    (values.rate, "7bit", "'7bit' is not a rate from 8bit a second on that the kernel can count"),
    (values.rate, "99999999tbit", "'99999999tbit' is not a rate from 8bit a second on that the kernel can count"),
]


@pytest.mark.parametrize(("rule", "given", "normal"), GOOD)
def test_good(rule: t.Callable[[t.Any], t.Any], given: t.Any, normal: t.Any) -> None:
    assert rule(given) == normal


@pytest.mark.parametrize(("rule", "given", "reason"), BAD)
def test_bad(rule: t.Callable[[t.Any], t.Any], given: t.Any, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)) as error:
        rule(given)
    assert str(error.value) == reason
