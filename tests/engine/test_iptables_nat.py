# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Address translation against the kernel, by both back ends of iptables."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import snapshot
from labmachine import ROOT, LabMachine
from labs import Items, changed, killed, refused, run_as_predicted, same, settled
from processes import wait_for

MASQUERADE = {"jump": "MASQUERADE", "source": "192.0.2.0/24", "out_interface": "gw-veth1"}
SNAT = {"jump": "SNAT", "source": "192.0.2.7", "to_source": "203.0.113.7"}
DNAT = {"jump": "DNAT", "protocol": "tcp", "destination_port": 54321, "to_destination": "192.0.2.1"}
MASQUERADE6 = {"jump": "MASQUERADE", "source": "2001:db8:1::/64", "out_interface": "gw-veth1"}

#: An inside and an outside that has no way back, with a router between them.
LAB: Items = {
    "netns": [{"name": name} for name in ("ns1", "router", "ns2")],
    "sysctl": [{"netns": "router", "name": "net.ipv4.ip_forward", "value": 1}],
    "veth": [
        {
            "name": "ns1-veth0",
            "netns": "ns1",
            "addresses": ["192.0.2.1/24"],
            "peer": {"name": "gw-veth0", "netns": "router", "addresses": ["192.0.2.254/24"]},
        },
        {
            "name": "ns2-veth0",
            "netns": "ns2",
            "addresses": ["203.0.113.1/24"],
            "peer": {"name": "gw-veth1", "netns": "router", "addresses": ["203.0.113.254/24"]},
        },
    ],
    "route": [{"netns": "ns1", "dst": "default", "via": "192.0.2.254"}],
    "iptables_nat": [{"netns": "router", "rules": [SNAT, MASQUERADE, DNAT, MASQUERADE6]}],
}
OURS = '-m comment --comment "tcpip.lab:nat" -j'
PLACED = [
    f"-A PREROUTING -p tcp -m tcp --dport 54321 {OURS} DNAT --to-destination 192.0.2.1",
    f"-A POSTROUTING -s 192.0.2.7/32 {OURS} SNAT --to-source 203.0.113.7",
    f"-A POSTROUTING -s 192.0.2.0/24 -o gw-veth1 {OURS} MASQUERADE",
]
PLACED6 = [f"-A POSTROUTING -s 2001:db8:1::/64 -o gw-veth1 {OURS} MASQUERADE"]


#: For tests of what differs between the two.
both = pytest.mark.parametrize("machine", ["nft", "legacy"], indirect=True)


@pytest.fixture
def machine(machine: LabMachine, request: pytest.FixtureRequest) -> LabMachine:
    """A machine whose iptables has one back end: the programs take their names from how they are called."""
    back_end = getattr(request, "param", "nft")
    wanted = f"/usr/sbin/xtables-{back_end}-multi"
    for program in ("iptables", "ip6tables"):
        used = machine.run(["readlink", "-f", f"/usr/sbin/{program}"]).stdout.strip()
        if used != wanted:
            machine.run(["mount", "--bind", wanted, used])
    said = {"nft": "(nf_tables)", "legacy": "(legacy)"}[back_end]
    assert said in machine.run(["iptables", "--version"]).stdout
    return machine


def rules(machine: LabMachine, netns: str = "router", program: str = "iptables") -> list[str]:
    """The rules of the table nat as iptables-save prints them, in a namespace or on the machine itself."""
    inside = ["ip", "netns", "exec", netns] if netns else []
    lines = machine.run([*inside, f"{program}-save"]).stdout.splitlines()
    return [line for line in lines if line.startswith("-A ")]


def by_hand(machine: LabMachine, *lines: str, netns: str = "router") -> None:
    """Change the table nat as an administrator does, a line each."""
    inside = ["ip", "netns", "exec", netns] if netns else []
    for line in lines:
        machine.run(["sh", "-c", f"{' '.join(inside)} iptables -w -t nat {line}"])


def has_nft(machine: LabMachine) -> bool:
    return "(nf_tables)" in machine.run(["iptables", "--version"]).stdout


def without_empty_tables(found: snapshot.Snapshot, machine: LabMachine) -> snapshot.Snapshot:
    """As it is, but for the older back end without tables in which there is nothing: it cannot remove them."""
    if has_nft(machine):
        return found
    programs = ("iptables-save", "ip6tables-save")
    return {**found, **{name: [line for line in found[name] if line.startswith("-A")] for name in programs}}


def without_ip6tables(machine: LabMachine) -> None:
    """From now on, every change of IPv6 is refused."""
    directory = machine.run(["mktemp", "-d"]).stdout.strip()
    machine.run(["ln", "-s", "/bin/false", f"{directory}/ip6tables-restore"])
    machine.run(["mount", "--bind", directory, "/usr/local/sbin"])


def slow_restore(machine: LabMachine) -> None:
    """From now on, a change of IPv4 says in /tmp/begun that it is under way, and waits for /tmp/go."""
    directory = machine.run(["mktemp", "-d"]).stdout.strip()
    script = (
        '#!/bin/sh\ntouch /tmp/begun\nuntil [ -e /tmp/go ]; do sleep 0.02; done\nexec /usr/sbin/iptables-restore "$@"\n'
    )
    machine.run(["tee", f"{directory}/iptables-restore"], input=script)
    machine.run(["chmod", "755", f"{directory}/iptables-restore"])
    machine.run(["mount", "--bind", directory, "/usr/local/sbin"])


def ping(machine: LabMachine, netns: str, to: str) -> bool:
    return machine.run(["ip", "netns", "exec", netns, "ping", "-c1", "-W2", to], check=False).returncode == 0


# A lab


@both
def test_a_lab_translates_as_predicted_and_is_removed_without_a_trace(machine: LabMachine) -> None:
    before = settled(machine)
    run_as_predicted(machine, "topology", name="nat", **LAB)
    assert (rules(machine), rules(machine, program="ip6tables")) == (PLACED, PLACED6)
    assert ping(machine, "ns1", "203.0.113.1")
    assert not machine.run(["ip", "-n", "ns2", "route", "show", "default"]).stdout
    run_as_predicted(machine, "topology", name="nat", state="absent")
    same(before, settled(machine))


EDITED = f"-s 192.0.2.0/24 -o gw-veth0 {OURS.replace(chr(34), '')} MASQUERADE"
#: What is done by hand, and the lines of the diff of the repair: -what goes, +what comes.
DRIFTS: dict[str, tuple[list[str], list[str]]] = {
    "deleted": (["-D POSTROUTING 1"], [f"+{PLACED[1]}"]),
    "flushed": (["-F"], [f"+{line}" for line in PLACED]),
    "edited": (
        [f"-R POSTROUTING 2 {EDITED}"],
        [f"-{PLACED[2].replace('gw-veth1', 'gw-veth0')}", f"+{PLACED[2]}"],
    ),
    "moved": (["-D POSTROUTING 1", PLACED[1]], [f"-{PLACED[1]}", f"+{PLACED[1]}"]),
    "twice": ([PLACED[1]], [f"-{PLACED[1]}", f"-{PLACED[1]}", f"+{PLACED[1]}"]),
    "added": ([EDITED.join(["-A POSTROUTING ", ""])], [f"-{PLACED[2].replace('gw-veth1', 'gw-veth0')}"]),
}


@pytest.mark.parametrize(
    ("machine", "drift"),
    [("nft", drift) for drift in DRIFTS] + [("legacy", drift) for drift in ("moved", "twice")],
    indirect=["machine"],
)
def test_drift_is_found_and_repaired(machine: LabMachine, drift: str) -> None:
    lab = changed(LAB, "iptables_nat", 0, rules=[SNAT, MASQUERADE, DNAT])
    machine.module("topology", name="nat", **lab)
    commands, lines = DRIFTS[drift]
    by_hand(machine, *commands)
    assert rules(machine) != PLACED

    result = run_as_predicted(machine, "topology", name="nat", **lab)

    assert rules(machine) == PLACED
    for sign, side in (("-", "before"), ("+", "after")):
        shown = [line.removeprefix("router: iptables -t nat ") for line in result["diff"][side].splitlines()]
        assert shown == [line[1:] for line in lines if line[0] == sign]


@both
def test_strangers_rules_stay_where_they_are(machine: LabMachine) -> None:
    lab = changed(LAB, "iptables_nat", 0, rules=[SNAT, MASQUERADE])
    machine.module("topology", name="nat", **lab)
    by_hand(
        machine,
        "-I POSTROUTING 1 -s 10.0.0.1 -j ACCEPT",
        "-I POSTROUTING 3 -s 10.0.0.2 -j ACCEPT",
        '-A POSTROUTING -s 10.0.0.3 -m comment --comment "it\'s \\"odd\\"" -j ACCEPT',
        "-N theirs",
        "-A theirs -j RETURN",
        "-A POSTROUTING -j theirs",
    )
    strangers = [line for line in rules(machine) if "tcpip.lab" not in line]
    assert len(strangers) == 5

    other = {**MASQUERADE, "source": "192.0.2.128/25"}
    machine.module("topology", name="nat", **changed(LAB, "iptables_nat", 0, rules=[other, SNAT, DNAT]))
    found = [line.split()[3] for line in rules(machine) if line.startswith("-A POSTROUTING -s")]
    assert found == ["10.0.0.1/32", "192.0.2.128/25", "192.0.2.7/32", "10.0.0.2/32", "10.0.0.3/32"]
    assert [line for line in rules(machine) if "tcpip.lab" not in line] == strangers

    machine.module("topology", name="nat", **{**LAB, "iptables_nat": []})
    assert rules(machine) == strangers


def test_rules_that_are_right_keep_their_counters(machine: LabMachine) -> None:
    machine.module("topology", name="nat", **changed(LAB, "iptables_nat", 0, rules=[MASQUERADE]))
    assert ping(machine, "ns1", "203.0.113.1")
    machine.module("topology", name="nat", **changed(LAB, "iptables_nat", 0, rules=[SNAT, MASQUERADE]))
    counted = machine.run(["ip", "netns", "exec", "router", "iptables-save", "-c", "-t", "nat"]).stdout
    (line,) = [line for line in counted.splitlines() if "MASQUERADE" in line]
    assert not line.startswith("[0:"), counted


# The machine's own namespace


@both
def test_two_labs_and_a_module_share_the_machines_own_table(machine: LabMachine) -> None:
    before = settled(machine)
    for name, source in (("lab", "10.1.0.0/16"), ("lab2", "10.2.0.0/16")):
        machine.module("topology", name=name, iptables_nat=[{"rules": [{"jump": "MASQUERADE", "source": source}]}])
    machine.module("iptables_nat", rules=[{"jump": "MASQUERADE", "source": "10.3.0.0/16"}])
    machine.module("iptables_nat", name="lab", rules=[{"jump": "MASQUERADE", "source": "10.4.0.0/16"}])
    assert [line.split()[3] for line in rules(machine, "")] == [f"10.{n}.0.0/16" for n in (1, 2, 3, 4)]

    machine.module("topology", name="lab", state="absent")
    machine.module("iptables_nat", state="absent")
    assert [line.split()[3] for line in rules(machine, "")] == ["10.2.0.0/16", "10.4.0.0/16"]
    machine.module("iptables_nat", name="lab", state="absent")
    machine.module("topology", name="lab2", state="absent")
    same(without_empty_tables(before, machine), without_empty_tables(settled(machine), machine))


@both
def test_a_table_that_was_there_stays(machine: LabMachine) -> None:
    by_hand(machine, "-A POSTROUTING -s 10.9.0.0/16 -j MASQUERADE", netns="")
    machine.run(["ip6tables", "-w", "-t", "nat", "-L", "-n"])
    before = settled(machine)
    run_as_predicted(machine, "iptables_nat", rules=[{"jump": "MASQUERADE", "source": "10.1.0.0/16"}])
    assert len(rules(machine, "")) == 2
    run_as_predicted(machine, "iptables_nat", state="absent")
    same(before, settled(machine))


def test_a_table_of_ours_stays_while_anybody_uses_it(machine: LabMachine) -> None:
    machine.module("iptables_nat", rules=[{"jump": "MASQUERADE", "source": "10.1.0.0/16"}])
    by_hand(machine, "-A PREROUTING -s 10.9.0.0/16 -j ACCEPT", netns="")
    machine.module("iptables_nat", state="absent")
    assert rules(machine, "") == ["-A PREROUTING -s 10.9.0.0/16 -j ACCEPT"]
    by_hand(machine, "-F", netns="")
    machine.module("netns", name="any")
    assert ("*nat" in machine.run(["iptables-save"]).stdout) is not has_nft(machine)


def test_a_place_is_looked_for_once_no_other_run_changes_anything(machine: LabMachine) -> None:
    """A lab's rules go while another lab, which has seen them, waits to put a rule behind its first one."""
    gone, first, second = ({"jump": "MASQUERADE", "source": f"10.{number}.0.0/16"} for number in (1, 2, 3))
    machine.module("topology", name="lab", iptables_nat=[{"rules": [gone]}])
    machine.module("topology", name="lab2", iptables_nat=[{"rules": [first]}])
    by_hand(machine, "-A POSTROUTING -s 10.9.0.0/16 -j ACCEPT", netns="")
    slow_restore(machine)
    with ThreadPoolExecutor() as pool:
        removal = pool.submit(machine.module, "topology", name="lab", state="absent")
        wait_for(machine, "test", "-e", "/tmp/begun")
        change = pool.submit(machine.module, "topology", name="lab2", iptables_nat=[{"rules": [first, second]}])
        wait_for(machine, "grep", "-qe", "->", "/proc/locks")
        machine.run(["touch", "/tmp/go"])
        assert removal.result()["changed"]
        assert change.result()["changed"]
    assert [line.split()[3] for line in rules(machine, "")] == ["10.2.0.0/16", "10.3.0.0/16", "10.9.0.0/16"]


def test_rules_go_by_their_mark_alone(machine: LabMachine) -> None:
    sets = [
        {"rules": [{"jump": "MASQUERADE", "source": "10.1.0.0/16"}]},
        {"name": "web", "rules": [{"jump": "REDIRECT", "protocol": "tcp", "destination_port": 80, "to_ports": 8080}]},
    ]
    machine.module("topology", name="lab", iptables_nat=sets)
    machine.module("topology", name="lab2", iptables_nat=sets[:1])
    machine.run(["rm", "-r", "/run/tcpip.lab"])
    machine.module("topology", name="lab", state="absent")
    assert rules(machine, "") == ['-A POSTROUTING -s 10.1.0.0/16 -m comment --comment "tcpip.lab:lab2" -j MASQUERADE']


# Refusals and undo


def test_a_set_of_a_lab_is_refused_to_others(machine: LabMachine) -> None:
    machine.module("topology", name="nat", **LAB)
    said = refused(machine, "iptables_nat", netns="router", rules=[MASQUERADE])
    assert said.startswith("netns: namespace 'router' belongs to lab 'nat' (change it there, or remove that lab: ")
    said = refused(machine, "iptables_nat", netns="router", state="absent")
    assert said.startswith("netns: namespace 'router' belongs to lab 'nat' (change it there, or remove that lab: ")


def test_what_fails_later_leaves_the_rules_as_they_were(machine: LabMachine) -> None:
    machine.module("topology", name="nat", **LAB)
    by_hand(machine, "-I POSTROUTING 2 -s 10.0.0.2 -j ACCEPT", "-D PREROUTING 1")
    before = rules(machine)
    without_ip6tables(machine)
    other = changed(LAB, "iptables_nat", 0, rules=[{**MASQUERADE6, "source": "2001:db8:2::/64"}, DNAT])
    message = machine.module("topology", _fails=True, name="nat", **other)["msg"]
    assert message == (
        "could not remove router: ip6tables -t nat -A POSTROUTING -s 2001:db8:1::/64 -o gw-veth1 "
        '-m comment --comment "tcpip.lab:nat" -j MASQUERADE, '
        "add router: ip6tables -t nat -A POSTROUTING -s 2001:db8:2::/64 -o gw-veth1 "
        '-m comment --comment "tcpip.lab:nat" -j MASQUERADE: '
        "ip6tables-restore ended with status 1 (what was done before it is undone)"
    )
    assert rules(machine) == before


def test_a_failure_leaves_no_table(machine: LabMachine) -> None:
    without_ip6tables(machine)
    both = [{"jump": "MASQUERADE"}, {"jump": "MASQUERADE", "ip_version": "ipv6"}]
    before = settled(machine)
    assert "ended with status 1" in machine.module("iptables_nat", _fails=True, rules=both)["msg"]
    same(before, settled(machine))


def test_a_failure_is_heard_of_where_whoever_started_us_ignores_the_ends_of_processes(machine: LabMachine) -> None:
    """The kernel forgets them then, unless we say otherwise, and Python takes each for a success."""
    without_ip6tables(machine)
    order = machine.order("iptables_nat", {"rules": [{"jump": "MASQUERADE", "ip_version": "ipv6"}]})
    ignoring = (
        "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    )
    command = [machine.module_python, "-c", ignoring, machine.module_python, str(ROOT / "tests/run_module.py")]
    done = machine.run(command, check=False, input=json.dumps(order))
    assert "ended with status 1" in done.stdout


def test_a_machine_without_iptables_is_told_so(machine: LabMachine) -> None:
    empty = machine.run(["mktemp", "-d"]).stdout.strip()
    for directory in ("/usr/sbin", "/usr/local/sbin", "/usr/local/bin"):
        machine.run(["mount", "--bind", empty, directory])
    said = refused(machine, "iptables_nat", rules=[{"jump": "MASQUERADE"}])
    assert said == (
        "the command 'iptables-restore' is not on this machine "
        "(install iptables, which is iptables-nft on the Red Hat family)"
    )
    machine.module("topology", name="lab", netns=[{"name": "ns1"}])


@pytest.mark.parametrize("listing", ["#!/bin/sh\necho no memory >&2\nexit 1\n", ""], ids=["fails", "is not there"])
def test_rules_that_cannot_be_listed_are_not_taken_for_gone(machine: LabMachine, listing: str) -> None:
    before = settled(machine)
    machine.module("topology", name="lab", iptables_nat=[{"rules": [{"jump": "MASQUERADE", "source": "10.1.0.0/16"}]}])
    there = rules(machine, "")
    directory = machine.run(["mktemp", "-d"]).stdout.strip()
    for program in ("iptables-save", "ip6tables-save"):
        if listing:
            machine.run(["tee", f"{directory}/{program}"], input=listing)
            machine.run(["chmod", "755", f"{directory}/{program}"])
    machine.run(["mount", "--bind", directory, "/usr/local/sbin" if listing else "/usr/sbin"])
    said = refused(machine, "topology", name="lab", state="absent")
    reason = "no memory" if listing else "the command 'iptables-save' is not on this machine"
    reason += " (as root, 'iptables-save' has to list them)"
    assert said == f"ledger of lab: iptables_nat[0]: its rules cannot be seen: {reason}"
    if listing:  # else nothing says that there ever were any
        said = refused(machine, "iptables_nat", name="other", state="absent")
        assert said == f"its rules cannot be seen: {reason}"
    machine.run(["umount", "/usr/local/sbin" if listing else "/usr/sbin"])
    machine.run(["rm", "-r", directory])
    assert rules(machine, "") == there
    machine.module("topology", name="lab", state="absent")
    same(without_empty_tables(before, machine), without_empty_tables(settled(machine), machine))


@both
def test_killed_at_any_point(machine: LabMachine) -> None:
    before = settled(machine)
    lab = {"iptables_nat": [{"rules": [{"jump": "MASQUERADE", "source": "10.1.0.0/16"}]}]}
    act = 1
    while killed(machine, act, "topology", name="lab", **lab):
        machine.module("topology", name="lab", state="absent")
        now = settled(machine)
        same(without_empty_tables(before, machine), without_empty_tables(now, machine), f"killed before act {act}")
        act += 2
    assert act > 9
