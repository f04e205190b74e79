# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Delay, loss and rate of links against a kernel that has netem, which may be an emulated one: few tests, and light."""

from __future__ import annotations

import re
import runpy
import shlex
import typing as t

import pytest
import rendered
from labmachine import ROOT, LabMachine
from labs import changed

pytestmark = pytest.mark.netem

Options = dict[str, t.Any]
FULL = {"delay": 20, "jitter": 5, "loss": 0.1, "rate": "100mbit"}
#: Every kind of interface, each with something to do to what it sends.
LAB: dict[str, t.Any] = {
    "netns": [{"name": "ns1"}, {"name": "ns2"}],
    "veth": [
        {
            "name": "ns1-veth0",
            "netns": "ns1",
            "addresses": ["192.0.2.1/24"],
            **FULL,
            "peer": {"name": "ns2-veth0", "netns": "ns2", "addresses": ["192.0.2.2/24"], **FULL},
        }
    ],
    "vxlan": [{"name": "x0", "netns": "ns1", "id": 1, "dev": "ns1-veth0", "remote": "192.0.2.2", **FULL}],
    "bridge_vlan": [{"name": "br0", "netns": "ns2", **FULL}],
    "macvlan": [{"name": "m0", "netns": "ns2", "parent": "ns2-veth0", **FULL}],
}
ENDS = [("ns1", "ns1-veth0"), ("ns1", "x0"), ("ns2", "ns2-veth0"), ("ns2", "br0"), ("ns2", "m0")]


def seen(machine: LabMachine, netns: str, name: str) -> Options:
    """What tc(8) shows at the root of an interface, in the options' units; with C(handle), its number."""
    qdisc = machine.json(["tc", "-n", netns, "-j", "qdisc", "show", "dev", name, "root"])[0]
    if qdisc["kind"] != "netem":
        return {"kind": qdisc["kind"]}
    given = qdisc["options"]
    others = given.keys() - {"limit", "delay", "loss-random", "rate", "seed", "ecn", "gap"}
    found = {
        "delay": round(given.get("delay", {}).get("delay", 0) * 1000, 6),
        "jitter": round(given.get("delay", {}).get("jitter", 0) * 1000, 6),
        "loss": round(given.get("loss-random", {}).get("loss", 0) * 100, 6),
        "rate": given.get("rate", {}).get("rate", 0) * 8,
        **{name: given[name] for name in others},
    }
    return {"handle": qdisc["handle"], **{name: value for name, value in found.items() if value}}


def doing(machine: LabMachine, netns: str, name: str) -> Options:
    """The same without the number."""
    return {key: value for key, value in seen(machine, netns, name).items() if key != "handle"}


AS_SEEN = {**FULL, "rate": 100_000_000}


@pytest.fixture
def built(common_machine: LabMachine) -> LabMachine:
    """The lab."""
    common_machine.module("topology", name="slow", **LAB)
    return common_machine


def test_a_lab_is_made_as_predicted_and_told_and_removed(common_machine: LabMachine) -> None:
    machine = common_machine
    predicted = machine.module("topology", name="slow", _check=True, **LAB)
    made = machine.module("topology", name="slow", **LAB)
    assert (predicted["changes"], predicted["diff"]) == (made["changes"], made["diff"])
    assert "ns1: ns1-veth0 netem delay 20ms 5ms loss 0.1% rate 100mbit" in made["diff"]["after"].splitlines()
    assert {end: doing(machine, *end) for end in ENDS} == dict.fromkeys(ENDS, AS_SEEN)
    assert machine.module("topology", name="slow", **LAB)["changes"] == []
    (lab,) = machine.module("lab_info", name="slow")["labs"]
    assert lab["drift"] == []
    (veth,) = lab["live"]["veth"]
    told = [veth, veth["peer"], *(lab["live"][kind][0] for kind in ("vxlan", "bridge_vlan", "macvlan"))]
    assert [{name: each.get(name) for name in FULL} for each in told] == [FULL] * 5
    assert machine.module("topology", name="slow", _check=True, **lab["live"])["changes"] == []
    machine.module("topology", name="slow", state="absent")
    assert machine.json(["ip", "-j", "netns"]) == []


def test_values_change_in_place_and_go_when_they_are_dropped(built: LabMachine) -> None:
    before = seen(built, "ns1", "ns1-veth0")
    slower = changed(LAB, "veth", 0, delay=50, jitter=None, rate=None)
    done = built.module("topology", name="slow", **slower)
    assert done["changes"] == [
        "change ns1: ns1-veth0 netem delay 20ms 5ms loss 0.1% rate 100mbit to ns1: ns1-veth0 netem delay 50ms loss 0.1%"
    ]
    assert seen(built, "ns1", "ns1-veth0") == {"handle": before["handle"], "delay": 50, "loss": 0.1}
    plain = changed(LAB, "veth", 0, **dict.fromkeys(FULL))
    done = built.module("topology", name="slow", **plain)
    assert done["changes"] == ["remove ns1: ns1-veth0 netem delay 50ms loss 0.1%"]
    assert seen(built, "ns1", "ns1-veth0") == {"kind": "noqueue"}
    assert doing(built, "ns2", "ns2-veth0") == AS_SEEN


def _tc(netns: str, dev: str, words: str) -> str:
    return f"tc -n {netns} qdisc {words.format(f'dev {dev} root')}"


_SLOW = "rate 100mbit"
#: What is done by hand, by the options that it is about.
DRIFTS = {
    "veth.delay": _tc("ns1", "ns1-veth0", f"change {{}} netem delay 99ms 5ms loss 0.1% {_SLOW}"),
    "veth.jitter": _tc("ns1", "ns1-veth0", f"change {{}} netem delay 20ms 2ms loss 0.1% {_SLOW}"),
    "veth.loss": _tc("ns1", "ns1-veth0", f"change {{}} netem delay 20ms 5ms loss 0.2% {_SLOW}"),
    "veth.rate": _tc("ns1", "ns1-veth0", "change {} netem delay 20ms 5ms loss 0.1% rate 1mbit"),
    "veth.peer.delay, veth.peer.jitter, veth.peer.loss, veth.peer.rate: removed": _tc("ns2", "ns2-veth0", "del {}"),
    "vxlan.delay, vxlan.jitter, vxlan.loss, vxlan.rate: another kind": _tc(
        "ns1", "x0", "replace {} tbf rate 1mbit burst 10kb latency 10ms"
    ),
    "bridge_vlan.delay, bridge_vlan.jitter, bridge_vlan.loss, bridge_vlan.rate: more than that": _tc(
        "ns2",
        "br0",
        f"change {{}} netem delay 20ms 5ms 25% loss 0.1% 25% duplicate 1% corrupt 1% reorder 25% 50% {_SLOW} slot 1ms",
    ),
    "macvlan.delay, macvlan.jitter, macvlan.loss, macvlan.rate: made anew": "ip -n ns2 link del m0",
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_what_is_changed_by_hand_is_found_and_repaired(built: LabMachine, drift: str) -> None:
    built.run(["sh", "-ec", DRIFTS[drift]])
    (lab,) = built.module("lab_info", name="slow")["labs"]
    repaired = built.module("topology", name="slow", **LAB)
    assert [each["change"] for each in lab["drift"]] == repaired["changes"] != []
    assert {end: doing(built, *end) for end in ENDS} == dict.fromkeys(ENDS, AS_SEEN)
    assert built.module("topology", name="slow", **LAB)["changes"] == []


def test_a_run_that_fails_brings_back_what_was_done_to_links(built: LabMachine) -> None:
    built.run(["sh", "-ec", "; ".join([DRIFTS["veth.loss"], *map(DRIFTS.__getitem__, list(DRIFTS)[5:7])])])
    before = {end: seen(built, *end) for end in ENDS}
    queue = built.run(["tc", "-n", "ns1", "qdisc", "show", "dev", "x0"]).stdout
    refused = {**changed(LAB, "veth", 0, delay=7, loss=None), "macvlan": []}
    refused["route"] = [{"netns": "ns1", "dst": "10.0.0.0/8", "via": "192.0.2.255"}]
    message = built.module("topology", name="slow", _fails=True, **refused)["msg"]
    assert "Nexthop has invalid gateway" in message
    assert message.endswith("(what was done before it is undone)")
    after = {end: seen(built, *end) for end in ENDS}
    for found in (before, after):
        del found[ENDS[-1]]["handle"]  # it was made anew
    assert after == before
    assert built.run(["tc", "-n", "ns1", "qdisc", "show", "dev", "x0"]).stdout == queue


def echo(machine: LabMachine, *words: str) -> tuple[int, list[float]]:
    """How many echo requests of ns1 were answered, and the milliseconds that each took."""
    command = ["ip", "netns", "exec", "one", "ping", "-n", *words, "198.51.100.2"]
    said = machine.run(command, check=False).stdout
    received = re.search(r"(\d+) received", said)
    assert received, said
    return int(received.group(1)), [float(each) for each in re.findall(r"time=([0-9.]+)", said)]


def know_each_other(machine: LabMachine, *ends: tuple[str, str, str]) -> None:
    """Let each of two interfaces know the other's MAC address, so that no ARP is lost where only echoes are counted."""
    for (netns, dev, _own), (other, far, address) in (ends, ends[::-1]):
        (link,) = machine.json(["ip", "-n", other, "-j", "link", "show", far])
        known = ["neigh", "replace", address, "lladdr", link["address"], "dev", dev, "nud", "permanent"]
        machine.run(["ip", "-n", netns, *known])


def test_packets_wait_are_lost_and_take_turns(common_machine: LabMachine) -> None:
    """As they are said to, one way each; and a module alone leaves alone what is not its own."""
    machine = common_machine
    for name in ("one", "two"):
        machine.module("netns", name=name)
    cable: Options = {"name": "eth0", "netns": "one", "addresses": ["198.51.100.1/24"]}
    far: Options = {"name": "eth0", "netns": "two", "addresses": ["198.51.100.2/24"]}
    result = machine.module("veth", **cable, delay=200, peer={**far, "delay": 300})
    assert (result["veth"]["delay"], result["veth"]["peer"]["delay"]) == (200, 300)
    know_each_other(machine, ("one", "eth0", "198.51.100.1"), ("two", "eth0", "198.51.100.2"))
    answered, times = echo(machine, "-c", "3", "-i", "0.2", "-W", "5")
    assert answered == 3
    assert 500 <= min(times) < 900
    machine.module("veth", **cable, loss=100, peer=far)
    assert doing(machine, "two", "eth0") == {"delay": 300}  # nothing is said of it, so it stays
    assert echo(machine, "-c", "2", "-i", "0.2", "-W", "2")[0] == 0
    machine.module("veth", **cable, loss=50, peer={**far, "delay": 0})
    assert doing(machine, "two", "eth0") == {"kind": "noqueue"}
    assert 20 <= echo(machine, "-c", "100", "-i", "0.01", "-W", "1")[0] <= 80
    machine.module("veth", **cable, rate="100kbit", peer=far)
    answered, times = echo(machine, "-c", "10", "-l", "10", "-s", "1208", "-W", "10")  # 1250 bytes, 0.1 s each
    assert answered == 10
    assert 900 <= max(times) < 3000
    machine.run(["sh", "-c", _tc("one", "eth0", "replace {} tbf rate 1mbit burst 9kb limit 9kb")])
    assert machine.module("veth", **cable, peer=far)["changes"] == []
    message = machine.module("veth", _fails=True, **cable, delay=1, peer=far)["msg"]
    assert message.startswith("delay: 'eth0' in namespace 'one' has the queueing discipline 'tbf' already")
    for name in ("one", "two"):
        machine.module("netns", name=name, state="absent")


#: What test_examples.py knows of the modules' documentation.
DOCUMENTED = runpy.run_path(str(ROOT / "tests/engine/test_examples.py"))


def test_the_examples_of_the_modules_do_what_they_say(common_machine: LabMachine) -> None:
    machine = common_machine
    found = [each for module in DOCUMENTED["GROUND"] for each in DOCUMENTED["examples"](module)]
    impaired = [(title, used, options) for title, used, options in found if DOCUMENTED["is_impaired"](options)]
    assert {used for _title, used, _options in impaired} == {"veth"}
    machine.module("topology", name="slow", state="absent")  # which the tests before this one leave
    for name in ("ns1", "ns2"):
        machine.module("netns", name=name)
    machine.module("veth", name="ns1-veth0", netns="ns1", peer={"name": "ns2-veth0", "netns": "ns2"})
    for title, used, options in impaired:
        prediction = machine.module(used, _check=True, **options)
        result = machine.module(used, **options)
        assert result["changed"], title
        assert (result["changes"], result["diff"]) == (prediction["changes"], prediction["diff"]), title
        assert DOCUMENTED["undeclared"](result, used) == [], title
        assert machine.module(used, **options)["changes"] == [], title
        given = {name: options[name] for name in FULL if options.get(name)}
        assert {name: result[used].get(name) for name in given} == given
    for name in ("ns1", "ns2"):
        machine.module("netns", name=name, state="absent")


def without_figures(output: str) -> str:
    """What a command prints, without what differs from run to run, and from kernel to kernel."""
    output = re.sub(r"netem [0-9a-f]+:", "netem 0:", re.sub(r" seed \d+", "", output))  # a handle is hexadecimal
    lines = [line.rstrip() for line in output.strip().splitlines()]
    return re.sub(r"\d+(\.\d+)?", "#", "\n".join(lines))


def test_what_the_documentation_shows_is_seen(common_machine: LabMachine) -> None:
    """The figures are those of some run; here they are within the bounds that the text gives."""
    machine = common_machine
    page = (ROOT / "docs/impairments.md").read_text(encoding="utf-8")
    topology = rendered.on_page(page)
    machine.module("topology", **topology)
    know_each_other(machine, ("near", "near0", "192.0.2.1"), ("far", "far0", "192.0.2.2"))
    shown = re.findall(r"```console\n# (.*?)\n(.*?)```", page, re.DOTALL)
    printed = [machine.run(shlex.split(command), check=False).stdout for command, _output in shown]
    assert [without_figures(each) for each in printed] == [without_figures(output) for _command, output in shown], (
        "\n".join(printed)
    )
    for lossy, burst, counted in (printed, [output for _command, output in shown]):
        assert 25 <= int(re.findall(r"(\d+) received", lossy)[0]) <= 48
        assert 250 <= float(re.findall(r"= ([0-9.]+)/", lossy)[0]) < 400
        least, _mean, most = (float(each) for each in re.findall(r"= ([0-9.]+)/([0-9.]+)/([0-9.]+)/", burst)[0])
        assert most - least > 30  # though some of the answers may be lost
        assert int(re.findall(r"dropped (\d+)", counted)[0]) > 0
    del topology["veth"][0]["rate"]
    (diff,) = re.findall(r"```diff\n(.*?)```", page, re.DOTALL)
    changed = machine.module("topology", _check=True, _diff=True, **topology)["diff"]
    assert f"-{changed['before']}+{changed['after']}" == diff
    machine.module("topology", name=topology["name"], state="absent")
