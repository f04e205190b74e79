# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every declared attribute of processes and of rules, and of what has no namespace of the lab's, changed by hand.

Many at once, since each has to be found by itself: the diff of the repair must tell of every one.
"""

from __future__ import annotations

import shlex
import time
import typing as t

import pytest
import snapshot

if t.TYPE_CHECKING:
    from labmachine import LabMachine
    from labs import Items

NAMESPACES = ("server", "client", "router")
PLACE = "/run/tcpip.lab/process/drift"
CONFIGURATION = f"{PLACE}/server/dnsmasq_dhcp.dnsmasq/files/dnsmasq.conf"
CAPTURED, TREAT = "/tmp/drift.pcap", "/tmp/treat.py"
TCP = {"protocol": "tcp"}

LAB: Items = {
    "netns": [{"name": name, "loopback": True} for name in NAMESPACES],
    "veth": [
        {
            "name": "s-veth0",
            "netns": "server",
            "addresses": ["192.0.2.254/24"],
            "peer": {"name": "c-veth0", "netns": "client", "mac": "00:00:5e:00:53:01"},
        },
        {"name": "s-veth1", "netns": "server", "peer": {"name": "s-veth2", "netns": "server"}},
        {"name": "lan5", "netns": "router", "peer": {"name": "lan6", "netns": "router"}},
    ],
    "dnsmasq_dhcp": [
        {
            "netns": "server",
            "interfaces": ["s-veth0"],
            "ranges": [
                {"start": "192.0.2.100", "end": "192.0.2.200", "netmask": "255.255.255.0", "lease_time": "12h"},
                {"start": "192.0.2.210", "end": "192.0.2.220", "netmask": "255.255.255.0", "lease_time": "13h"},
                {"start": "192.0.2.230", "end": "192.0.2.235", "netmask": "255.255.255.0", "lease_time": "14h"},
                {"start": "192.0.2.240", "end": "192.0.2.245", "netmask": "255.255.255.0", "lease_time": "15h"},
            ],
            "options": {"router": "192.0.2.254"},
            "hosts": [
                {"mac": "00:00:5e:00:53:01", "address": "192.0.2.10", "name": "printer"},
                {"mac": "00:00:5e:00:53:02", "address": "192.0.2.11", "name": "scanner"},
                {"mac": "00:00:5e:00:53:03", "address": "192.0.2.12", "name": "plotter"},
            ],
            "dns": True,
            "records": [
                {"name": "www.example.com", "addresses": ["192.0.2.80"]},
                {"name": "ftp.example.com", "addresses": ["192.0.2.21"]},
            ],
            "user": "nobody",
        }
    ],
    "dhcp_client": [{"netns": "client", "dev": "c-veth0"}],
    "process": [
        {
            "name": "nap",
            "netns": "client",
            "command": ["sleep", "1000"],
            "user": "daemon",
            "directory": "/usr",
            "environment": {"LABEL": "nap"},
            "capabilities": ["net_raw"],
            "files": [{"name": "greeting", "content": "Hello\n"}, {"name": "farewell", "content": "Good bye\n"}],
        }
    ],
    "capture": [
        {
            "name": "all",
            "netns": "client",
            "dev": "c-veth0",
            "filter": "udp port 67",
            "snaplen": 200,
            "path": CAPTURED,
        }
    ],
    "vswitch": [
        {"name": "sw", "netns": "server", "ports": ["s-veth1", "s-veth2"], "ageing_time": 60, "hook": TREAT},
    ],
    "iptables_nat": [
        {
            "netns": "router",
            "name": "all",
            "rules": [
                {"jump": "MASQUERADE", "source": "10.1.0.0/16"},
                {"jump": "SNAT", "source": "10.2.0.0/16", "to_source": "203.0.113.2", "chain": "POSTROUTING"},
                {"jump": "MASQUERADE", "source": "10.3.0.0/16"},
                {"jump": "MASQUERADE", "destination": "10.4.0.0/16"},
                {"jump": "REDIRECT", "destination": "10.5.0.0/16", "in_interface": "lan5", **TCP, "to_ports": 8005},
                {"jump": "MASQUERADE", "destination": "10.6.0.0/16", "out_interface": "lan6"},
                {"jump": "MASQUERADE", "source": "10.7.0.0/16", **TCP},
                {"jump": "MASQUERADE", "source": "10.8.0.0/16", **TCP, "source_port": "1008"},
                {"jump": "MASQUERADE", "source": "10.9.0.0/16", **TCP, "destination_port": "1009"},
                {"jump": "SNAT", "source": "10.10.0.0/16", "to_source": "203.0.113.10"},
                {"jump": "DNAT", "source": "10.11.0.0/16", "to_destination": "192.0.2.11"},
                {"jump": "REDIRECT", "source": "10.12.0.0/16", **TCP, "to_ports": 8012},
                {"jump": "MASQUERADE", "ip_version": "ipv6"},
            ],
        }
    ],
    "sysctl": [{"name": "net.ipv4.ip_forward", "value": "1"}],
    "route": [{"dst": "203.0.113.0/24", "type": "blackhole"}],
}


class Drift(t.NamedTuple):
    """What is done by hand, and what lines of the diff must have in them: of one that goes, of one that comes."""

    command: str
    goes: str
    comes: str


def line(old: str, new: str) -> Drift:
    """Another line in the configuration of dnsmasq."""
    return Drift(f"sed -i 's|^{old}$|{new}|' {CONFIGURATION}", f"dnsmasq.conf: {new}", f"dnsmasq.conf: {old}")


def rule(source: str, old: str, new: str) -> Drift:
    """Other words in the rule that has C(source) in it."""
    edit = f"iptables-save -t nat | sed '/{source}/s|{old}|{new}|' | iptables-restore"
    return Drift(f"ip netns exec router sh -c {shlex.quote(edit)}", new, old)


def dead(words: str, *comes: str) -> list[Drift]:
    """What is killed has to come back with all that it was given at its start."""
    return [Drift(f"pkill -KILL -f '^{words}'", "", each) for each in comes]


SWITCH = f"cd {PLACE}/server/vswitch.sw/files; ip netns exec server python3 -m vswitch"
NAP = dead(
    "sleep 1000",
    "process nap: sleep 1000",
    "process nap: user daemon",
    "process nap: directory /usr",
    "process nap: environment LABEL ",
    "process nap: capability net_raw",
)
SNIFFER = dead("[^ ]*python[^ ]* -I sniffer.py", "c-veth0 200 nobody 'udp port 67'", f"output {CAPTURED}")

#: Of each round the options of the modules, what is done by hand against them, and how the diff tells of it.
DRIFTS: dict[str, dict[str, Drift]] = {
    "configuration": {
        "dnsmasq_dhcp.interfaces": line("interface=s-veth0", "interface=lo"),
        "dnsmasq_dhcp.ranges.start": line(
            "dhcp-range=192.0.2.100,192.0.2.200,255.255.255.0,12h",
            "dhcp-range=192.0.2.101,192.0.2.200,255.255.255.0,12h",
        ),
        "dnsmasq_dhcp.ranges.end": line(
            "dhcp-range=192.0.2.210,192.0.2.220,255.255.255.0,13h",
            "dhcp-range=192.0.2.210,192.0.2.221,255.255.255.0,13h",
        ),
        "dnsmasq_dhcp.ranges.netmask": line(
            "dhcp-range=192.0.2.230,192.0.2.235,255.255.255.0,14h", "dhcp-range=192.0.2.230,192.0.2.235,255.255.0.0,14h"
        ),
        "dnsmasq_dhcp.ranges.lease_time": line(
            "dhcp-range=192.0.2.240,192.0.2.245,255.255.255.0,15h",
            "dhcp-range=192.0.2.240,192.0.2.245,255.255.255.0,2m",
        ),
        "dnsmasq_dhcp.options": line("dhcp-option=option:router,192.0.2.254", "dhcp-option=option:router,192.0.2.66"),
        "dnsmasq_dhcp.hosts.mac": line(
            "dhcp-host=00:00:5e:00:53:01,192.0.2.10,printer", "dhcp-host=00:00:5e:00:53:77,192.0.2.10,printer"
        ),
        "dnsmasq_dhcp.hosts.address": line(
            "dhcp-host=00:00:5e:00:53:02,192.0.2.11,scanner", "dhcp-host=00:00:5e:00:53:02,192.0.2.77,scanner"
        ),
        "dnsmasq_dhcp.hosts.name": line(
            "dhcp-host=00:00:5e:00:53:03,192.0.2.12,plotter", "dhcp-host=00:00:5e:00:53:03,192.0.2.12,other"
        ),
        "dnsmasq_dhcp.dns": line("port=53", "port=0"),
        "dnsmasq_dhcp.records.name": line(
            "host-record=www.example.com,192.0.2.80", "host-record=web.example.com,192.0.2.80"
        ),
        "dnsmasq_dhcp.records.addresses": line(
            "host-record=ftp.example.com,192.0.2.21", "host-record=ftp.example.com,192.0.2.66"
        ),
        "dnsmasq_dhcp.user": line("user=nobody", "user=root"),
    },
    "rules": {
        "iptables_nat.rules.jump": rule("10.1.0.0", "-j MASQUERADE", "-j ACCEPT"),
        "iptables_nat.rules.chain": rule("10.2.0.0", "-A POSTROUTING -s 10.2.0.0/16", "-A INPUT -s 10.2.0.0/16"),
        "iptables_nat.rules.source": rule("10.3.0.0", "-s 10.3.0.0/16", "-s 10.3.0.0/17"),
        "iptables_nat.rules.destination": rule("10.4.0.0", "-d 10.4.0.0/16", "-d 10.4.0.0/17"),
        "iptables_nat.rules.in_interface": rule("10.5.0.0", "-i lan5", "-i lan55"),
        "iptables_nat.rules.out_interface": rule("10.6.0.0", "-o lan6", "-o lan66"),
        "iptables_nat.rules.protocol": rule("10.7.0.0", "-s 10.7.0.0/16 -p tcp", "-s 10.7.0.0/16 -p udp"),
        "iptables_nat.rules.source_port": rule("10.8.0.0", "--sport 1008", "--sport 2008"),
        "iptables_nat.rules.destination_port": rule("10.9.0.0", "--dport 1009", "--dport 2009"),
        "iptables_nat.rules.to_source": rule("10.10.0.0", "--to-source 203.0.113.10", "--to-source 203.0.113.66"),
        "iptables_nat.rules.to_destination": rule("10.11.0.0", "-destination 192.0.2.11", "-destination 192.0.2.66"),
        "iptables_nat.rules.to_ports": rule("10.12.0.0", "--to-ports 8012", "--to-ports 8066"),
        "iptables_nat.rules.ip_version": Drift("ip netns exec router ip6tables -t nat -F", "", "ip6tables -t nat -A"),
    },
    "killed": {
        "process.command": NAP[0],
        "process.user": NAP[1],
        "process.directory": NAP[2],
        "process.environment": NAP[3],
        "process.capabilities": NAP[4],
        "capture.dev, capture.filter, capture.snaplen": SNIFFER[0],
        "capture.path: written to": SNIFFER[1],
        "dhcp_client.dev": dead("(busybox )?udhcpc", "dhcp_client c-veth0: ")[0],
        "dnsmasq_dhcp: killed": dead("dnsmasq", "dnsmasq_dhcp dnsmasq: dnsmasq ")[0],
        "vswitch: killed": dead("[^ ]*python[^ ]* .*-m vswitch", "vswitch sw: port s-veth2")[0],
    },
    "edited": {
        "process.files.content": Drift(
            f"echo Bye >{PLACE}/client/process.nap/files/greeting", "Bye", "greeting: Hello"
        ),
        "process.files.name": Drift(f"rm {PLACE}/client/process.nap/files/farewell", "", "farewell: Good bye"),
        "vswitch.hook": Drift(
            f"echo pass >>{PLACE}/server/vswitch.sw/files/hook.py", "hook.py: pass", "hook.py: def treat(frame, port):"
        ),
        "vswitch.ports": Drift(f"{SWITCH} delete s-veth1", "", "vswitch sw: port s-veth1"),
        "vswitch.ports: added": Drift(f"{SWITCH} add s-veth0", "vswitch sw: port s-veth0", ""),
        "vswitch.ageing_time": Drift(f"{SWITCH} age 77", "ageing_time 77", "ageing_time 60"),
        "capture.path: the file removed": Drift(f"rm {CAPTURED}", "", f"output {CAPTURED}"),
        "dhcp_client: address": Drift("ip -n client addr flush dev c-veth0", "c-veth0 has lost 192.0.2.", ""),
        "sysctl.value: of the machine": Drift("sysctl -qw net.ipv4.ip_forward=0", "", "net.ipv4.ip_forward = 1"),
        "route.type: of the machine": Drift(
            "ip route del blackhole 203.0.113.0/24", "", "route blackhole 203.0.113.0/24"
        ),
    },
    "removed": {
        "dnsmasq_dhcp: configuration": Drift(f"rm {CONFIGURATION}", "", "dnsmasq.conf: interface=s-veth0"),
        "dhcp_client: route": Drift("ip -n client route del default", "the default route is lost", ""),
        "capture.path: another file": Drift(
            f"mv {CAPTURED} {CAPTURED}.old; touch {CAPTURED}", "", f"output {CAPTURED}"
        ),
        "vswitch: hook": Drift(f"rm {PLACE}/server/vswitch.sw/files/hook.py", "", "hook.py: def treat(frame, port):"),
    },
    "made anew": {
        "capture.dev: made anew": Drift("ip -n client link del c-veth0", "", "c-veth0 200 nobody 'udp port 67'"),
    },
}

#: What can be seen of the lab from outside: of each process what it was given, files, addresses, routes, rules.
SHOW = f"""
for netns in {" ".join(NAMESPACES)}; do
    for pid in $(ip netns pids $netns); do
        cd /proc/$pid 2>/dev/null || continue
        echo "$netns: $(tr '\\0' ' ' <cmdline) in $(readlink cwd) to $(readlink fd/1)" \
            $(grep -E '^(Uid|CapEff)' status) $(tr '\\0' '\\n' <environ | grep LABEL)
    done
    ip -n $netns -o -4 addr | sed 's/  *valid.*//; s/^[0-9]*//'
    ip -n $netns -4 route | sed 's/ linkdown//'
    ip netns exec $netns sh -c 'iptables-save -t nat; ip6tables-save -t nat' | grep ^-A
done
cd {PLACE} && find . -path '*/files/*' ! -path '*__pycache__*' -type f -exec sha256sum {{}} +
({SWITCH} show 2>&1 | grep -oE '^(ageing time .*|port [^:]*)')
sysctl net.ipv4.ip_forward
ip route
"""


def seen(machine: LabMachine) -> snapshot.Snapshot:
    """The lab from outside."""
    return {"lab": sorted(machine.run(["sh", "-c", SHOW]).stdout.splitlines())}


def drifted(machine: LabMachine, before: snapshot.Snapshot) -> snapshot.Snapshot:
    """The lab from outside once something has happened to it, and is over."""
    deadline = time.monotonic() + 20
    found = before
    while found == before or found != (again := seen(machine)):
        assert time.monotonic() < deadline, "the drift changed nothing, or goes on and on"
        found = seen(machine)
    return again


def tells(drift: Drift, diff: dict[str, str]) -> bool:
    """Whether the diff has what goes, and what comes."""
    sides = ((drift.goes, diff["before"]), (drift.comes, diff["after"]))
    return all(any(words in line for line in text.splitlines()) for words, text in sides if words)


@pytest.mark.parametrize("round_", DRIFTS)
def test_drift_is_found_and_repaired(common_machine: LabMachine, round_: str) -> None:
    machine, drifts = common_machine, DRIFTS[round_]
    machine.run(["tee", TREAT], input="def treat(frame, port):\n    return frame\n")
    machine.module("topology", name="drift", **LAB)
    before = seen(machine)
    for command in dict.fromkeys(drift.command for drift in drifts.values()):
        machine.run(["sh", "-ec", command])
    damaged = drifted(machine, before)

    predicted = machine.module("topology", _check=True, _diff=True, name="drift", **LAB)
    assert snapshot.diff(damaged, seen(machine)) == []
    result = machine.module("topology", _diff=True, name="drift", **LAB)

    assert (predicted["changes"], predicted["diff"]) == (result["changes"], result["diff"])
    assert [option for option, drift in drifts.items() if not tells(drift, result["diff"])] == [], result["diff"]
    assert snapshot.diff(before, seen(machine)) == []
    assert not machine.module("topology", name="drift", **LAB)["changed"]
