# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of rules of address translation: how they are read, and what is planned for them."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils import plan, topology
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.module_utils.kinds import IptablesNat
from ansible_collections.tcpip.lab.plugins.module_utils.operations import ArrangeNat
from ansible_collections.tcpip.lab.plugins.module_utils.state import Namespace, Nat, State

COMMENT = '-m comment --comment "x" '
COMMANDS = frozenset({"iptables-restore", "ip6tables-restore"})


def declared(*rules: dict[str, t.Any], **options: t.Any) -> IptablesNat:
    return IptablesNat.parse({"netns": "router", "rules": list(rules), **options}, "iptables_nat[0]")


def read(**options: t.Any) -> list[str]:
    """The rules that one rule means, without what all have."""
    lines = [(family, rule.line("x")) for family, rules in declared(options).rules.items() for rule in rules]
    return [f"{family} {line[3:].replace(COMMENT, '')}" for family, line in lines]


def state(*rules: str, owner: str | None = None, lab: str = "") -> State:
    tables = {4: Nat(there=True, rules=rules), 6: Nat()}
    return State({"router": Namespace("router", owner=owner, nat=tables)}, commands=COMMANDS, lab=lab)


@pytest.mark.parametrize(
    ("options", "rules"),
    [
        ({"jump": "MASQUERADE"}, ["4 POSTROUTING -j MASQUERADE"]),
        ({"jump": "MASQUERADE", "ip_version": "ipv6"}, ["6 POSTROUTING -j MASQUERADE"]),
        ({"jump": "MASQUERADE", "source": "0.0.0.0/0"}, ["4 POSTROUTING -j MASQUERADE"]),
        ({"jump": "MASQUERADE", "source": "::/0"}, ["6 POSTROUTING -j MASQUERADE"]),
        (
            {"jump": "MASQUERADE", "source": "192.0.2.0/24, 10.0.0.1", "destination": "!192.0.2.0/24"},
            [
                "4 POSTROUTING -s 192.0.2.0/24 ! -d 192.0.2.0/24 -j MASQUERADE",
                "4 POSTROUTING -s 10.0.0.1/32 ! -d 192.0.2.0/24 -j MASQUERADE",
            ],
        ),
        (
            {"jump": "SNAT", "protocol": "tcp", "to_source": "203.0.113.1-203.0.113.9:1024-2047"},
            ["4 POSTROUTING -p tcp -j SNAT --to-source 203.0.113.1-203.0.113.9:1024-2047"],
        ),
        (
            {"jump": "SNAT", "chain": "INPUT", "in_interface": "eth0", "to_source": "2001:DB8::1"},
            ["6 INPUT -i eth0 -j SNAT --to-source 2001:db8::1"],
        ),
        (
            {"jump": "DNAT", "protocol": "tcp", "destination_port": 54321, "to_destination": "[2001:db8::1]:80"},
            ["6 PREROUTING -p tcp -m tcp --dport 54321 -j DNAT --to-destination [2001:db8::1]:80"],
        ),
        (
            {"jump": "DNAT", "protocol": "udp", "destination_port": "80-80, 90-99", "to_destination": "[2001:db8::1]"},
            ["6 PREROUTING -p udp -m multiport --dports 80,90:99 -j DNAT --to-destination 2001:db8::1"],
        ),
        (
            {"jump": "REDIRECT", "chain": "OUTPUT", "protocol": "tcp", "source_port": "!1:5", "to_ports": "8080"},
            ["4 OUTPUT -p tcp -m tcp ! --sport 1:5 -j REDIRECT --to-ports 8080"],
        ),
    ],
)
def test_what_is_declared_means_these_rules(options: dict[str, t.Any], rules: list[str]) -> None:
    assert read(**options) == rules


DNAT = {"jump": "DNAT", "to_destination": "192.0.2.1"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"jump": "ACCEPT"}, ".jump: 'ACCEPT' is none of MASQUERADE, SNAT, DNAT, REDIRECT"),
        ({"jump": "DNAT"}, ".to_destination: is required for DNAT"),
        ({**DNAT, "to_ports": 80}, ".to_ports: is not for DNAT, which takes to_destination"),
        ({**DNAT, "chain": "POSTROUTING"}, ".chain: DNAT cannot stand in POSTROUTING, but in PREROUTING or OUTPUT"),
        ({**DNAT, "out_interface": "a"}, ".out_interface: is not known in PREROUTING (use the other direction's)"),
        ({**DNAT, "destination_port": 80}, ".destination_port: needs a protocol with ports: tcp, udp, sctp"),
        (
            {"jump": "DNAT", "to_destination": "192.0.2.1:80", "protocol": "icmp"},
            ".to_destination: needs a protocol with ports: tcp, udp, sctp",
        ),
        (
            {"jump": "SNAT", "to_source": "[2001:db8::1]:80"},
            ".to_source: needs a protocol with ports: tcp, udp, sctp",
        ),
        ({"jump": "MASQUERADE", "to_ports": 80}, ".to_ports: needs a protocol with ports: tcp, udp, sctp"),
        (
            {**DNAT, "source": "2001:db8::/32"},
            ": source and to_destination are of different IP versions",
        ),
        (
            {"jump": "MASQUERADE", "protocol": "icmpv6", "ip_version": "ipv4"},
            ": protocol and ip_version are of different IP versions",
        ),
        (
            {"jump": "MASQUERADE", "source": "192.0.2.0/24,2001:db8::/32"},
            ".source: '192.0.2.0/24,2001:db8::/32' holds both IP versions",
        ),
        (
            {"jump": "MASQUERADE", "source": "192.0.2.1/24"},
            ".source: '192.0.2.1/24' is not a network such as 192.0.2.0/24 (no bits set behind the prefix)",
        ),
        (
            {"jump": "MASQUERADE", "source": "!0.0.0.0/0"},
            ".source: '!0.0.0.0/0' cannot be: '!' takes one network that is not everywhere",
        ),
        (
            {"jump": "MASQUERADE", "out_interface": "a b"},
            ".out_interface: 'a b' is not an interface's name, nor the beginning of names with '+' behind it",
        ),
        (
            {"jump": "REDIRECT", "protocol": "tcp", "destination_port": "90-80"},
            ".destination_port: '90-80' ends before it begins",
        ),
        (
            {"jump": "REDIRECT", "protocol": "tcp", "destination_port": "http"},
            ".destination_port: 'http' is neither a port nor a range such as 8000-8010",
        ),
        (
            {"jump": "REDIRECT", "protocol": "tcp", "destination_port": "1024:"},
            ".destination_port: '1024:' is neither a port nor a range such as 8000-8010",
        ),
        (
            {"jump": "MASQUERADE", "protocol": "tcp", "to_ports": "1024-"},
            ".to_ports: '1024-' is neither a port nor a range such as 8000-8010",
        ),
        (
            {"jump": "SNAT", "to_source": "203.0.113.10-"},
            ".to_source: '' is not an IP address",
        ),
        (
            {"jump": "REDIRECT", "protocol": "tcp", "destination_port": "0"},
            ".destination_port: 0 is not a port: 1 to 65535",
        ),
        (
            {"jump": "REDIRECT", "protocol": "tcp", "destination_port": ",".join(map(str, range(1, 17)))},
            f".destination_port: '{','.join(map(str, range(1, 17)))}' has more than 15 ports (a range counts as two)",
        ),
        (
            {"jump": "SNAT", "to_source": "203.0.113.9-203.0.113.1"},
            ".to_source: '203.0.113.9-203.0.113.1' is not a range of addresses",
        ),
        (
            {"jump": "SNAT", "to_source": "224.0.0.1"},
            ".to_source: '224.0.0.1' is a multicast address, a unicast one is needed",
        ),
        (
            {"jump": "SNAT", "to_source": "[2001:db8::1]80"},
            ".to_source: '[2001:db8::1]80' is not an address and a port such as [2001:db8::1]:8080",
        ),
        ({"jump": "SNAT", "to-source": "203.0.113.9"}, ": 'to-source' is not an option (did you mean 'to_source'?)"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(options: dict[str, t.Any], message: str) -> None:
    with pytest.raises(LabError) as error:
        declared(options)
    assert str(error.value) == f"iptables_nat[0].rules[0]{message}"


def test_the_same_rule_twice_is_refused() -> None:
    with pytest.raises(LabError, match=r"^iptables_nat\[0\].rules\[1\]: says what iptables_nat\[0\].rules\[0\] says"):
        declared({"jump": "MASQUERADE", "source": "10.0.0.1"}, {"jump": "MASQUERADE", "source": "10.0.0.1/32"})


def test_an_interface_that_the_lab_does_not_have_is_refused() -> None:
    items: dict[str, t.Any] = {"netns": [{"name": "router"}]}
    rule = {"jump": "MASQUERADE", "out_interface": "gw-veth9"}
    with pytest.raises(LabError) as error:
        topology.parse({**items, "iptables_nat": [{"netns": "router", "rules": [rule]}]})
    place = "iptables_nat[0].rules[0].out_interface"
    assert str(error.value) == f"{place}: 'gw-veth9' is not an interface of 'router' in this topology (there is none)"
    topology.parse({**items, "iptables_nat": [{"netns": "router", "rules": [{**rule, "out_interface": "gw-veth+"}]}]})


def test_two_sets_of_one_name_are_refused() -> None:
    rules = [{"jump": "MASQUERADE"}]
    items = [{"netns": "router", "name": "a", "rules": rules}, {"netns": "router", "name": "a", "rules": rules}]
    with pytest.raises(LabError, match="is declared already"):
        topology.parse({"netns": [{"name": "router"}], "iptables_nat": items})


def test_rules_are_needed_to_be_present_and_not_to_be_absent() -> None:
    with pytest.raises(LabError) as error:
        declared().complete()
    assert str(error.value) == "iptables_nat[0].rules: is required (state: absent takes all of them away)"
    assert plan.make([], [declared()], state()) == []


def test_without_iptables_nothing_is_planned() -> None:
    have = state()
    have.commands = frozenset({"iptables-restore"})
    with pytest.raises(LabError, match="'ip6tables-restore' is not on this machine"):
        plan.make([declared({"jump": "MASQUERADE", "ip_version": "ipv6"})], [], have)


RULE = '-A POSTROUTING -s 10.0.0.1/32 -m comment --comment "{}" -j MASQUERADE'
ONE = {"jump": "MASQUERADE", "source": "10.0.0.1"}


def titles(*args: t.Any) -> list[str]:
    return [step.title for step in plan.make(*args)]


def test_a_set_is_known_by_its_mark() -> None:
    strangers = [RULE.format(mark) for mark in ("tcpip.lab/a", "tcpip.lab:lab/b", "tcpip.lab:other", "mine")]
    nobodys, labs = RULE.format("tcpip.lab"), RULE.format("tcpip.lab:lab")
    assert titles([declared(ONE)], [], state(nobodys, *strangers)) == []
    assert titles([declared(ONE)], [], state(*strangers)) == [f"add router: iptables -t nat {nobodys}"]
    assert titles([], [declared()], state(nobodys, *strangers)) == [f"remove router: iptables -t nat {nobodys}"]
    have = state(labs, nobodys, *strangers)
    assert titles([declared(ONE), declared(ONE, name="b")], [], have, "lab") == []


def test_a_rule_of_the_lab_that_it_does_not_declare_is_removed() -> None:
    left = RULE.format("tcpip.lab:lab/old")
    have = state(left, RULE.format("tcpip.lab:lab"), RULE.format("tcpip.lab:other"), owner="lab")
    assert titles([declared(ONE)], [], have, "lab") == [f"remove router: iptables -t nat {left}"]


def test_a_change_is_undone_by_what_was_there() -> None:
    first, second = RULE.format("tcpip.lab"), RULE.format("tcpip.lab").replace("10.0.0.1", "10.0.0.2")
    (step,) = plan.make([declared(ONE, {**ONE, "source": "10.0.0.2"})], [], state(second, first))
    moved = step.lost
    assert moved in {(f"router: iptables -t nat {rule}",) for rule in (first, second)}
    assert step.gained == moved
    (back,) = step.undo()
    assert isinstance(back, ArrangeNat)
    assert (back.before, back.after) == ((first, second), (second, first))


def test_what_is_there_is_told() -> None:
    rule = RULE.format("tcpip.lab")
    told = declared(ONE).live(state(rule, RULE.format("tcpip.lab/b")))
    assert told == {"netns": "router", "name": "", "rules": [f"iptables -t nat {rule}"]}
    assert declared(ONE).live(state()) is None
