# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""dnsmasq in a namespace: what it answers and leases, that it is repaired, and that a stranger's is left alone."""

from __future__ import annotations

import typing as t

import pytest
import snapshot
from labs import refused, run_as_predicted
from processes import RUNTIME, alive

if t.TYPE_CHECKING:
    from labmachine import LabMachine

Options = dict[str, t.Any]

DHCP: Options = {
    "netns": "server",
    "interfaces": ["s-veth0"],
    "ranges": [{"start": "192.0.2.100", "end": "192.0.2.200"}],
    "options": {"router": "192.0.2.254"},
}
DNS: Options = {
    "netns": "server",
    "interfaces": ["s-veth0"],
    "dns": True,
    "records": [{"name": "www.example.com", "addresses": ["192.0.2.80", "2001:db8::80"]}],
}
COMMAND = "dnsmasq --keep-in-foreground --conf-file=dnsmasq.conf"
PLACE = f"{RUNTIME}/.machine/server/dnsmasq_dhcp.dnsmasq"


@pytest.fixture
def lan(machine: LabMachine) -> LabMachine:
    """A machine with a server's and a client's namespace."""
    for name in ("server", "client"):
        machine.module("netns", name=name)
    peer = {"name": "c-veth0", "netns": "client", "mac": "00:00:5e:00:53:01"}
    machine.module("veth", name="s-veth0", netns="server", addresses=["192.0.2.254/24"], peer=peer)
    return machine


def ask(machine: LabMachine, *query: str) -> tuple[str, list[str]]:
    """The status of an answer, and the data in it."""
    machine.run(["ip", "-n", "client", "addr", "replace", "192.0.2.1/24", "dev", "c-veth0"])
    dig = [
        "ip",
        "netns",
        "exec",
        "client",
        "dig",
        "@192.0.2.254",
        "+time=2",
        "+tries=1",
        "+noall",
        "+comments",
        "+answer",
    ]
    lines = machine.run([*dig, *query]).stdout.splitlines()
    status = next(line.split("status: ")[1].split(",")[0] for line in lines if "status: " in line)
    return status, [line.split()[-1] for line in lines if line and not line.startswith(";")]


def lease(machine: LabMachine) -> str:
    """What a client says that gets an address."""
    client = ["busybox", "udhcpc", "-f", "-n", "-q", "-i", "c-veth0", "-s", "/bin/true", "-t", "5", "-T", "1"]
    return machine.run(["ip", "netns", "exec", "client", *client]).stderr


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_names(lan: LabMachine, transport: str) -> None:
    lan.module("dnsmasq_dhcp", **DNS)
    assert ask(lan, "www.example.com", "A", transport) == ("NOERROR", ["192.0.2.80"])
    assert ask(lan, "www.example.com", "AAAA", transport) == ("NOERROR", ["2001:db8::80"])
    assert ask(lan, "www.example.com", "TXT", transport) == ("NOERROR", [])
    assert ask(lan, "other.example.com", "A", transport) == ("NXDOMAIN", [])
    assert ask(lan, "localhost", "A", transport) == ("NXDOMAIN", [])  # of /etc/hosts nothing is known


def test_leases(lan: LabMachine) -> None:
    before = lan.snapshot()
    run_as_predicted(lan, "dnsmasq_dhcp", **DHCP)
    assert "lease of 192.0.2." in lease(lan)
    (found,) = lan.module("dnsmasq_dhcp", **DHCP)["dnsmasq_dhcp"]["leases"]
    assert found["mac"] == "00:00:5e:00:53:01"
    assert 100 <= int(found["address"].rpartition(".")[2]) <= 200
    assert found["expires"] > 0
    assert ":53 " not in lan.run(["ip", "netns", "exec", "server", "ss", "-Hlnut"]).stdout
    run_as_predicted(lan, "dnsmasq_dhcp", netns="server", state="absent")
    lan.run(["ip", "-n", "server", "neigh", "flush", "all"])
    assert snapshot.diff(before, lan.snapshot()) == []


def test_an_address_is_kept_for_a_client_and_leases_outlast_a_change(lan: LabMachine) -> None:
    first = lan.module("dnsmasq_dhcp", **DHCP)["dnsmasq_dhcp"]
    lease(lan)
    hosts = [{"mac": "00:00:5e:00:53:01", "address": "192.0.2.10", "name": "printer"}]
    second = run_as_predicted(lan, "dnsmasq_dhcp", **DHCP, hosts=hosts)["dnsmasq_dhcp"]
    assert second["pid"] != first["pid"]
    assert len(second["leases"]) == 1
    assert "lease of 192.0.2.10 " in lease(lan)
    found = lan.module("dnsmasq_dhcp", **DHCP, hosts=hosts)["dnsmasq_dhcp"]["leases"]
    assert [(each["address"], each["name"]) for each in found] == [("192.0.2.10", "printer")]


def test_it_drops_privileges(lan: LabMachine) -> None:
    pid = lan.module("dnsmasq_dhcp", **{**DHCP, "dns": True})["dnsmasq_dhcp"]["pid"]
    found = lan.run(["grep", "-E", "^(Uid|CapEff)", f"/proc/{pid}/status"]).stdout.split()
    nobody = lan.run(["id", "-u", "nobody"]).stdout.strip()
    assert found[1:5] == [nobody] * 4
    assert int(found[6], 16) & ~0x3400 == 0, "more than the network's capabilities are kept"


def test_killed_it_is_started_with_its_leases(lan: LabMachine) -> None:
    first = lan.module("dnsmasq_dhcp", **DHCP)["dnsmasq_dhcp"]
    lease(lan)
    lan.run(["kill", "-KILL", str(first["pid"])])
    result = run_as_predicted(lan, "dnsmasq_dhcp", **DHCP)
    assert result["changes"] == [f"start server: dnsmasq_dhcp dnsmasq: {COMMAND}"]
    assert len(result["dnsmasq_dhcp"]["leases"]) == 1


def test_an_edited_configuration_is_repaired(lan: LabMachine) -> None:
    first = lan.module("dnsmasq_dhcp", **DHCP)["dnsmasq_dhcp"]
    lan.run(["sed", "-i", "s/192.0.2.254/192.0.2.66/", f"{PLACE}/files/dnsmasq.conf"])
    result = run_as_predicted(lan, "dnsmasq_dhcp", **DHCP)
    assert "dnsmasq.conf: dhcp-option=option:router,192.0.2.66\n" in result["diff"]["before"]
    assert "dnsmasq.conf: dhcp-option=option:router,192.0.2.254\n" in result["diff"]["after"]
    assert result["dnsmasq_dhcp"]["pid"] == first["pid"]


def test_on_an_interface_made_anew_it_serves_again(lan: LabMachine) -> None:
    lan.module("dnsmasq_dhcp", **DHCP)
    lan.run(["ip", "-n", "server", "link", "delete", "s-veth0"])
    peer = {"name": "c-veth0", "netns": "client"}
    lan.module("veth", name="s-veth0", netns="server", addresses=["192.0.2.254/24"], peer=peer)
    assert run_as_predicted(lan, "dnsmasq_dhcp", **DHCP)["changed"]
    assert "lease of 192.0.2." in lease(lan)


def test_what_dnsmasq_refuses_leaves_the_running_one_alone(lan: LabMachine) -> None:
    first = lan.module("dnsmasq_dhcp", **DHCP)["dnsmasq_dhcp"]
    message = refused(lan, "dnsmasq_dhcp", **{**DHCP, "options": {"option:no-such-option": "x"}})
    assert "what is declared is refused: dnsmasq: bad dhcp-option at line 15 of dnsmasq.conf" in message
    assert lan.module("dnsmasq_dhcp", **DHCP)["dnsmasq_dhcp"]["pid"] == first["pid"]


def test_a_port_that_is_taken_is_an_error_with_dnsmasqs_words_and_a_strangers_is_left_alone(lan: LabMachine) -> None:
    stranger = "dnsmasq --port=53 --no-resolv --no-hosts --conf-file=/dev/null --pid-file=/tmp/dnsmasq.pid"
    lan.run(["sh", "-c", f"ip netns exec server {stranger} --listen-address=192.0.2.254 --bind-interfaces"])
    message = refused(lan, "dnsmasq_dhcp", **DNS)
    assert "failed to create listening socket for" in message
    assert "Address already in use" in message
    run_as_predicted(lan, "dnsmasq_dhcp", **DHCP)
    run_as_predicted(lan, "dnsmasq_dhcp", netns="server", state="absent")
    assert len(alive(lan)) == 1
    assert alive(lan)[0].startswith("dnsmasq --port=53")


def test_in_a_lab(machine: LabMachine) -> None:
    before = machine.snapshot()
    lab: Options = {
        "netns": [{"name": "server"}, {"name": "client"}],
        "veth": [
            {
                "name": "s-veth0",
                "netns": "server",
                "addresses": ["192.0.2.254/24"],
                "peer": {"name": "c-veth0", "netns": "client"},
            }
        ],
        "dnsmasq_dhcp": [{**DHCP, "dns": True}],
    }
    run_as_predicted(machine, "topology", name="lab", **lab)
    assert "lease of 192.0.2." in lease(machine)
    machine.module("topology", name="lab", state="absent")
    assert snapshot.diff(before, machine.snapshot()) == []
