# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""dnsmasq without dnsmasq: what is read, the configuration that comes of it, and leases read back."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils.command import Spot
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.module_utils.kinds.dnsmasq_dhcp import DnsmasqDhcp
from ansible_collections.tcpip.lab.plugins.module_utils.leases import read_leases
from ansible_collections.tcpip.lab.plugins.module_utils.state import State
from hypothesis import given
from hypothesis import strategies as st

SPOT = Spot("lab", "dnsmasq_dhcp", "server", "dnsmasq")
RANGE = {"start": "192.0.2.100", "end": "192.0.2.200"}
HOST = {"mac": "00:00:5E:00:53:01", "address": "192.0.2.10"}
BASE: dict[str, t.Any] = {"netns": "server", "interfaces": ["s-veth0"], "ranges": [RANGE]}


def declared(**changes: t.Any) -> DnsmasqDhcp:
    return DnsmasqDhcp.parse({**BASE, **changes}, "")


def configuration(**changes: t.Any) -> list[str]:
    (command,) = declared(**changes).choices(SPOT, State(commands=frozenset({"dnsmasq"})))
    (file,) = command.files
    return file.content.splitlines()


def test_dhcp_alone_opens_no_dns_port() -> None:
    assert configuration(options={"router": "192.0.2.254"}) == [
        "# Written by tcpip.lab. What is changed here is changed back.",
        "port=0",
        "user=nobody",
        "pid-file=",
        "log-facility=-",
        "no-resolv",
        "no-hosts",
        "no-poll",
        "bind-dynamic",
        "interface=s-veth0",
        "dhcp-authoritative",
        "no-ping",
        "dhcp-leasefile=/run/tcpip.lab/process/lab/server/dnsmasq_dhcp.dnsmasq/data/leases",
        "dhcp-range=192.0.2.100,192.0.2.200,255.255.255.0,1h",
        "dhcp-option=option:router,192.0.2.254",
    ]


def test_dns_alone_leases_nothing_and_says_of_other_names_that_they_do_not_exist() -> None:
    record = {"name": "WWW.example.com", "addresses": ["192.0.2.80", "2001:DB8::80"]}
    lines = configuration(ranges=[], dns=True, records=[record])
    assert lines[1] == "port=53"
    assert lines[-3:] == [
        "local=/#/",
        "host-record=www.example.com,192.0.2.80",
        "host-record=www.example.com,2001:db8::80",
    ]
    assert not any(line.startswith("dhcp") for line in lines)


def test_options_hosts_and_several_ranges() -> None:
    second = {"start": "198.51.100.1", "end": "198.51.100.9", "netmask": "255.255.255.240", "lease_time": "45m"}
    options = {"dns": ["192.0.2.1", "192.0.2.2"], "mtu": 1400, "42": [], "option:domain-name": "example.com"}
    lines = configuration(ranges=[RANGE, second], options=options, hosts=[{**HOST, "name": "printer"}])
    assert lines[-6:] == [
        "dhcp-range=198.51.100.1,198.51.100.9,255.255.255.240,45m",
        "dhcp-option=option:dns-server,192.0.2.1,192.0.2.2",
        "dhcp-option=option:mtu,1400",
        "dhcp-option=42",
        "dhcp-option=option:domain-name,example.com",
        "dhcp-host=00:00:5e:00:53:01,192.0.2.10,printer",
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"interfaces": ["eth*"]}, "interfaces[0]: 'eth*' is a name that dnsmasq's configuration cannot hold"),
        ({"interfaces": ["a,b"]}, "interfaces[0]: 'a,b' is a name that dnsmasq's configuration cannot hold"),
        ({"ranges": [{**RANGE, "start": "2001:db8::1"}]}, "ranges[0].start: '2001:db8::1' is not an IPv4 address"),
        ({"ranges": [{**RANGE, "end": "192.0.2.1"}]}, "ranges[0].end: 192.0.2.1 is before 192.0.2.100"),
        ({"ranges": [{**RANGE, "end": "192.0.3.1"}]}, "ranges[0].end: 192.0.3.1 is not in 192.0.2.0/24, where "),
        ({"ranges": [{**RANGE, "netmask": "255.0.255.0"}]}, "ranges[0].netmask: '255.0.255.0' is not a netmask"),
        ({"ranges": [{**RANGE, "lease_time": "1y"}]}, "ranges[0].lease_time: '1y' is not a lease time"),
        ({"hosts": [{**HOST, "address": "10.0.0.1"}]}, "hosts[0].address: 10.0.0.1 is in the network of no range"),
        ({"hosts": [HOST, HOST]}, "hosts[1].mac: 00:00:5e:00:53:01 has a lease already"),
        ({"hosts": [{**HOST, "name": "a b"}]}, "hosts[0].name: 'a b' is not a host's name"),
        ({"hosts": [{**HOST, "name": "ignore"}]}, "hosts[0].name: 'ignore' is no name for dnsmasq here"),
        ({"hosts": [{**HOST, "name": "45m"}]}, "hosts[0].name: '45m' is no name for dnsmasq here"),
        ({"options": {"router": None}}, "options: None is not a value of router"),
        ({"options": {"router": ["192.0.2.1", True]}}, "options: True is not a value of router"),
        ({"options": {"gateway": "1"}}, "options: 'gateway' is neither router, dns, mtu, a number, nor such as"),
        (
            {"options": {"router": "1\nlog-facility=/etc/x"}},
            "options: '1\\nlog-facility=/etc/x' is not a value of router",
        ),
        ({"options": {"router": "192.0.2.1", "option:router": "192.0.2.2"}}, "options: 'option:router' is given twice"),
        ({"records": [{"name": "a", "addresses": ["192.0.2.1"]}]}, "records: need dns: true"),
        ({"dns": True, "records": [{"name": "a/b", "addresses": []}]}, "records[0].name: 'a/b' is not a host's name"),
        ({"user": "no body"}, "user: 'no body' is not a user's name"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(change: dict[str, t.Any], message: str) -> None:
    with pytest.raises(LabError) as error:
        declared(**change)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"interfaces": []}, "interfaces: is required"), ({"ranges": []}, "nothing is served")],
)
def test_what_is_needed_to_start_it(change: dict[str, t.Any], message: str) -> None:
    with pytest.raises(LabError) as error:
        declared(**change).complete()
    assert str(error.value).startswith(message)


def test_it_says_where_dnsmasq_comes_from() -> None:
    with pytest.raises(LabError, match=r"the command 'dnsmasq' is not on this machine \(apt install dnsmasq-base"):
        declared().choices(SPOT, State())


def test_leases_are_read() -> None:
    text = "1795246000 00:00:5e:00:53:01 192.0.2.10 printer ff:1\n0 00:00:5e:00:53:02 192.0.2.100 * *\nduid 00:01\n"
    assert read_leases(text) == [
        {"mac": "00:00:5e:00:53:01", "address": "192.0.2.10", "name": "printer", "expires": 1795246000},
        {"mac": "00:00:5e:00:53:02", "address": "192.0.2.100", "name": "", "expires": 0},
    ]


@given(st.text())
def test_whatever_is_in_the_lease_file_is_read(text: str) -> None:
    read_leases(text)


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=30) | st.lists(st.text(max_size=20))))
def test_no_value_of_an_option_is_more_than_a_value(options: dict[str, t.Any]) -> None:
    try:
        lines = configuration(options=options)
    except LabError:
        return
    assert [line.partition("=")[0] for line in lines[14:]] == ["dhcp-option"] * len(options)
    assert not any(set(line) & set("\"'\\# \t") for line in lines[14:])
