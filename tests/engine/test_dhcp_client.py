# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DHCP client in a namespace: configured as the server says, repaired, released, and nothing else touched."""

from __future__ import annotations

import os
import shutil
import typing as t

import pytest
import snapshot
from labs import refused, run_as_predicted, settled
from processes import RUNTIME, alive, wait_for

if t.TYPE_CHECKING:
    from labmachine import LabMachine

Options = dict[str, t.Any]

CLIENT: Options = {"netns": "client", "dev": "c-veth0"}
SERVER: Options = {
    "netns": "server",
    "interfaces": ["s-veth0"],
    "ranges": [{"start": "192.0.2.100", "end": "192.0.2.200"}],
    "options": {"router": "192.0.2.254", "dns": ["192.0.2.53"]},
}
CABLE: Options = {
    "name": "s-veth0",
    "netns": "server",
    "addresses": ["192.0.2.254/24"],
    "peer": {"name": "c-veth0", "netns": "client"},
}
LAB: Options = {
    "netns": [{"name": "server"}, {"name": "client"}],
    "veth": [CABLE],
    "dnsmasq_dhcp": [SERVER],
    "dhcp_client": [CLIENT],
}
#: The clients in the order in which they are preferred.
CLIENTS = ("udhcpc", "busybox", "dhclient")


@pytest.fixture
def lan(machine: LabMachine) -> LabMachine:
    """A machine with a DHCP server in one namespace, and another namespace beside it."""
    for name in ("server", "client"):
        machine.module("netns", name=name)
    machine.module("veth", **CABLE)
    machine.module("dnsmasq_dhcp", **SERVER)
    return machine


def hide(machine: LabMachine, name: str) -> None:
    """Let the machine be one without this command."""
    path = shutil.which(name)
    assert path is not None
    top = os.path.dirname(os.path.realpath(os.path.dirname(path)) + "/")
    place = f"/run/hidden/{name}"
    machine.run(["mkdir", "-p", f"{place}/upper", f"{place}/work"])
    layers = f"lowerdir={top},upperdir={place}/upper,workdir={place}/work"
    machine.run(["mount", "-t", "overlay", "overlay", "-o", layers, top])
    machine.run(["rm", f"{top}/{name}"])


def addresses(machine: LabMachine) -> list[str]:
    links = machine.json(["ip", "-n", "client", "-j", "-4", "addr", "show", "dev", "c-veth0"])
    return [f"{each['local']}/{each['prefixlen']}" for link in links for each in link.get("addr_info", [])]


def default_routes(machine: LabMachine) -> list[str]:
    return [route["gateway"] for route in machine.json(["ip", "-n", "client", "-j", "route", "show", "default"])]


def leases(machine: LabMachine) -> list[Options]:
    found: list[Options] = machine.module("dnsmasq_dhcp", **SERVER)["dnsmasq_dhcp"]["leases"]
    return found


@pytest.mark.parametrize("client", CLIENTS)
def test_it_configures_and_gives_back(lan: LabMachine, client: str) -> None:
    for better in CLIENTS[: CLIENTS.index(client)]:
        hide(lan, better)
    before = settled(lan)
    result = run_as_predicted(lan, "dhcp_client", **CLIENT)["dhcp_client"]
    assert any(each.startswith(client) for each in alive(lan))
    lease = result["lease"]
    assert addresses(lan) == [lease["address"]]
    assert 100 <= int(lease["address"].partition("/")[0].rpartition(".")[2]) <= 200
    assert lease["address"].endswith("/24")
    assert default_routes(lan) == ["192.0.2.254"]
    assert (lease["router"], lease["server"]) == ("192.0.2.254", "192.0.2.254")
    assert (lease["seconds"], lease["dns"]) == (3600, ["192.0.2.53"])
    assert [each["address"] for each in leases(lan)] == [lease["address"].partition("/")[0]]
    lan.run(["ip", "netns", "exec", "client", "ping", "-c1", "-W2", "192.0.2.254"])
    run_as_predicted(lan, "dhcp_client", **CLIENT, state="absent")
    wait_for(lan, "sh", "-c", f"! grep -q . {RUNTIME}/.machine/server/dnsmasq_dhcp.dnsmasq/data/leases")
    lan.run(["sh", "-c", "for each in server client; do ip -n $each neigh flush all; done"])
    after = [line for line in snapshot.diff(before, lan.snapshot()) if "dnsmasq_dhcp.dnsmasq" not in line]
    assert after == [], "more is left than the server's own notes"


def test_it_runs_as_nobody_with_the_networks_capabilities_alone(lan: LabMachine) -> None:
    pid = lan.module("dhcp_client", **CLIENT)["dhcp_client"]["pid"]
    found = lan.run(["grep", "-E", "^(Uid|CapEff|CapBnd)", f"/proc/{pid}/status"]).stdout.split()
    nobody = lan.run(["id", "-u", "nobody"]).stdout.strip()
    assert found == ["Uid:", *[nobody] * 4, "CapEff:", f"{0x3400:016x}", "CapBnd:", f"{0x3400:016x}"]


def test_a_lab_with_server_and_client_comes_and_goes(machine: LabMachine) -> None:
    before = settled(machine)
    capture = {"name": "dhcp", **CLIENT, "filter": "udp port 67", "path": "/tmp/dhcp.pcap"}
    result = run_as_predicted(machine, "topology", name="lab", **LAB, capture=[capture])
    assert result["changes"][-1].startswith("start client: dhcp_client c-veth0")
    removal = run_as_predicted(machine, "topology", name="lab", state="absent")["changes"]
    assert [each.split(": ")[1].split()[0] for each in removal[:3]] == ["dhcp_client", "dnsmasq_dhcp", "capture"]
    seen = machine.run(["tcpdump", "-vnr", "/tmp/dhcp.pcap"]).stdout
    words = [line.split()[-1] for line in seen.splitlines() if "DHCP-Message" in line]
    # on a busy machine the client asks again before it is answered
    assert list(dict.fromkeys(words)) == ["Discover", "Offer", "Request", "ACK", "Release"]
    assert words[-1] == "Release"
    machine.run(["rm", "/tmp/dhcp.pcap"])
    assert snapshot.diff(before, machine.snapshot()) == []


@pytest.mark.parametrize(
    "drift",
    ["kill -KILL {pid}", "ip -n client addr flush dev c-veth0", "ip -n client route del default"],
    ids=["killed", "address removed", "route removed"],
)
def test_it_is_repaired(lan: LabMachine, drift: str) -> None:
    pid = lan.module("dhcp_client", **CLIENT)["dhcp_client"]["pid"]
    lan.run(drift.format(pid=pid).split())
    assert run_as_predicted(lan, "dhcp_client", **CLIENT)["changed"]
    assert len(addresses(lan)) == 1
    assert default_routes(lan) == ["192.0.2.254"]


def test_killed_what_it_configured_is_removed_all_the_same(lan: LabMachine) -> None:
    pid = lan.module("dhcp_client", **CLIENT)["dhcp_client"]["pid"]
    lan.run(["kill", "-KILL", str(pid)])
    run_as_predicted(lan, "dhcp_client", **CLIENT, state="absent")
    assert (addresses(lan), default_routes(lan)) == ([], [])


def test_a_default_route_and_an_address_of_others_stay(lan: LabMachine) -> None:
    for words in ("addr add 198.51.100.1/24", "route add default via 198.51.100.254"):
        lan.run(["ip", "-n", "client", *words.split(), "dev", "c-veth0"])
    result = run_as_predicted(lan, "dhcp_client", **CLIENT)["dhcp_client"]
    assert result["lease"]["router"] == ""
    assert default_routes(lan) == ["198.51.100.254"]
    run_as_predicted(lan, "dhcp_client", **CLIENT, state="absent")
    assert (addresses(lan), default_routes(lan)) == (["198.51.100.1/24"], ["198.51.100.254"])


def test_another_default_route_and_it_come_to_rest(lan: LabMachine) -> None:
    """The machine's owner replaces the route that the client has added, and later takes it away."""
    pid = lan.module("dhcp_client", **CLIENT)["dhcp_client"]["pid"]
    route: Options = {"netns": "client", "dst": "default", "via": "192.0.2.253"}
    for _time in range(2):
        lan.module("route", **route)
        assert lan.module("dhcp_client", **CLIENT)["changed"] is False
        assert default_routes(lan) == ["192.0.2.253"]
    lan.module("route", **route, state="absent")
    result = run_as_predicted(lan, "dhcp_client", **CLIENT)
    assert result["dhcp_client"]["pid"] != pid
    assert default_routes(lan) == ["192.0.2.254"]


def with_address(**options: t.Any) -> Options:
    """The lab, with an address of the client's own in the same network."""
    return {**LAB, "veth": [{**CABLE, "peer": {**CABLE["peer"], "addresses": ["192.0.2.5/24"], **options}}]}


def test_what_is_leased_is_not_purged(machine: LabMachine) -> None:
    lab = with_address(purge_addresses=True)
    machine.module("topology", name="lab", **lab)
    assert len(addresses(machine)) == 2
    assert machine.module("topology", name="lab", **lab)["changed"] is False
    machine.run(["ip", "-n", "client", "addr", "add", "198.51.100.1/24", "dev", "c-veth0"])
    assert len(run_as_predicted(machine, "topology", name="lab", **lab)["changes"]) == 1
    assert len(addresses(machine)) == 2


def test_a_leased_address_that_goes_with_another_one_is_leased_anew(machine: LabMachine) -> None:
    """The kernel takes the secondary addresses of a network along with the first one."""
    machine.module("topology", name="lab", **with_address())
    machine.module("topology", name="lab", **LAB)
    (leased,) = addresses(machine)
    assert leased != "192.0.2.5/24"
    assert machine.module("topology", name="lab", **LAB)["changed"] is False
    directory = f"{RUNTIME}/lab/client/dhcp_client.c-veth0"
    assert set(machine.run(["ls", f"{directory}/files"]).stdout.split()) >= {"common", "bound"}
    assert machine.run(["ip", "-n", "client", "addr", "show", "dev", "c-veth0", "dynamic"]).stdout.count("inet ") == 1


@pytest.mark.parametrize("end", ["killed", "asked"])
def test_a_forged_lease_takes_nothing_along_that_others_have_made(lan: LabMachine, end: str) -> None:
    """Whoever is the same user, such as a process of another lab, can write it."""
    lan.run(["ip", "-n", "client", "addr", "add", "192.0.2.7/24", "dev", "c-veth0"])
    pid = lan.module("dhcp_client", **CLIENT)["dhcp_client"]["pid"]
    lan.run(["ip", "-n", "client", "route", "replace", "default", "via", "192.0.2.254", "dev", "c-veth0"])
    forge = "setpriv --reuid=nobody --clear-groups sed -i s,^address=.*,address=192.0.2.7/24, lease"
    lan.run(forge.split(), cwd=f"{RUNTIME}/.machine/client/dhcp_client.c-veth0/data")
    if end == "killed":
        lan.run(["kill", "-KILL", str(pid)])
    lan.module("dhcp_client", **CLIENT, state="absent")
    assert "192.0.2.7/24" in addresses(lan)
    assert default_routes(lan) == ["192.0.2.254"]


def test_an_address_without_an_end_is_given_back_too(lan: LabMachine) -> None:
    ranges = [{**SERVER["ranges"][0], "lease_time": "infinite"}]
    lan.module("dnsmasq_dhcp", **{**SERVER, "ranges": ranges})
    pid = lan.module("dhcp_client", **CLIENT)["dhcp_client"]["pid"]
    assert lan.module("dhcp_client", **CLIENT)["changed"] is False
    lan.run(["kill", "-KILL", str(pid)])
    lan.module("dhcp_client", **CLIENT, state="absent")
    assert (addresses(lan), default_routes(lan)) == ([], [])


def test_without_a_server_nothing_stays(lan: LabMachine) -> None:
    lan.module("dnsmasq_dhcp", netns="server", state="absent")
    message = refused(lan, "dhcp_client", **CLIENT, timeout=2)
    assert "it is not ready after 2 s, and its log says: " in message
    assert "discover" in message


def test_what_a_server_sends_is_no_command(lan: LabMachine) -> None:
    """A server that is not ours may send anything."""
    lan.module("dnsmasq_dhcp", netns="server", state="absent")
    words = ["$(touch /tmp/owned)", "`touch /tmp/owned`", "; touch /tmp/owned", "' touch /tmp/owned '"]
    options = [f'dhcp-option-force={number},"{word}"' for number, word in zip((12, 15, 17, 67), words)]
    general = ["port=0", "pid-file=", "interface=s-veth0", "bind-interfaces", "no-ping"]
    leased = ["dhcp-range=192.0.2.100,192.0.2.200,255.255.255.0", "dhcp-leasefile=/tmp/leases"]
    lan.run(["tee", "/tmp/evil.conf"], input="\n".join([*general, *leased, *options, ""]))
    lan.run(["ip", "netns", "exec", "server", "dnsmasq", "--conf-file=/tmp/evil.conf"])
    lan.module("dhcp_client", **CLIENT)
    assert lan.run(["ls", "/tmp/owned"], check=False).returncode != 0
