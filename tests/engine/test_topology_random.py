# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random labs: each is predicted, made as asked for, repaired, changed into another one, removed without a trace.

And random labs with one fault each: they are refused, and nothing is changed. A failure says the seed; with it and
the same ``--topologies`` the same ones are drawn again, on a kernel that has the same. At the end it says what was
tried.
"""

from __future__ import annotations

import contextlib
import math
import typing as t

import asked
import kernel_rules
import pytest
from hypothesis import HealthCheck, Phase, given, note, seed, settings
from hypothesis import strategies as st
from labs import same, settled
from served import ServedMachine
from spoiled import Fault, spoiled
from topologies import IMPAIRMENTS, Items, altered, ends_of, topologies
from wear import Drift, drifts

if t.TYPE_CHECKING:
    import snapshot

LAB = "lab"
#: What else is on the machine, and has to stay as it is.
FOREIGN = ("far0", "far1")
FOREIGN_COMMANDS = """
ip link add far0 type veth peer name far1
ip link set far0 addrgenmode none
ip link set far1 addrgenmode none
ip addr add 172.16.0.1/24 dev far0
ip -6 addr add 2001:db8:f::1/64 dev far0 nodad
ip link set far0 up
ip link set far1 up
iptables -t nat -A POSTROUTING -s 172.16.0.0/24 -j MASQUERADE
until ip -6 route show table local | grep -q 2001:db8:f::1; do sleep 0.05; done
"""
#: In how many parts they are drawn, so that workers of pytest share them.
PARTS = 2


class Trial:
    """A machine for one lab after another; after a failure it is another machine."""

    def __init__(self) -> None:
        self.tried: dict[str, int] = {}
        self._begin()

    def _begin(self) -> None:
        self.machine = ServedMachine.start()
        self.machine.run(["sh", "-ec", FOREIGN_COMMANDS])
        self.run(_check=True, netns=[{"name": "a"}])  # now the process is there that will run all modules
        self.before = settled(self.machine)

    def run(self, **options: t.Any) -> dict[str, t.Any]:
        """Run the module for the lab; the result has its diff."""
        return self.machine.module("topology", name=LAB, _diff=True, **options)

    @contextlib.contextmanager
    def clean(self) -> t.Iterator[None]:
        """The block leaves the machine as it was, or there will be a new one."""
        try:
            yield
        except BaseException:
            self.machine.stop()
            self._begin()
            raise

    def become(self, items: Items) -> bool:
        """Make a lab what it is to be: as predicted, exactly, and for good. Returns whether anything was changed."""
        predicted = self.run(_check=True, **items)
        result = self.run(**items)
        for word in ("changed", "changes", "diff"):
            assert predicted[word] == result[word], f"the prediction of {word} was wrong"
        self.compare(items)
        again = self.run(**items)
        assert (again["changed"], again["changes"]) == (False, [])
        changed: bool = result["changed"]
        return changed

    def compare(self, items: Items) -> None:
        """Assert that the machine has what is asked for, and nothing besides."""
        differences = asked.differences(self.machine, LAB, items, FOREIGN)
        assert not differences, "\n".join(differences)

    def remove(self) -> None:
        """Take the lab away; nothing is left."""
        predicted = self.run(_check=True, state="absent")
        result = self.run(state="absent")
        assert (predicted["changes"], predicted["diff"]) == (result["changes"], result["diff"])
        same(self.before, self.machine.snapshot(), "left behind")

    def note(self, what: str, times: int = 1) -> None:
        """Note that something was tried."""
        self.tried[what] = self.tried.get(what, 0) + times

    def note_built(self, items: Items) -> None:
        """Note a topology, and what there is in it."""
        bridges = items.get("bridge_vlan", [])
        self.note("topologies")
        for kind, found in items.items():
            self.note(kind, len(found))
        self.note("interfaces with netem", sum(bool(IMPAIRMENTS.keys() & end.keys()) for end in ends_of(items)))
        self.note("bridges that mind VLANs", sum(bridge.get("vlan_filtering", False) for bridge in bridges))
        self.note("bridges with VLANs of their own", sum("vlans" in bridge for bridge in bridges))
        self.note("ports with VLANs", sum("vlans" in port for bridge in bridges for port in bridge["ports"]))


@pytest.fixture(scope="module")
def common_trial() -> t.Iterator[Trial]:
    """The machine of all tests."""
    found = Trial()
    try:
        yield found
    finally:
        found.machine.stop()


@pytest.fixture
def trial(common_trial: Trial, record_property: t.Callable[[str, t.Any], None]) -> Trial:
    """The machine, and what this test tries on it, for the summary."""
    common_trial.tried = {}
    record_property("random topologies", common_trial.tried)
    return common_trial


def labs() -> st.SearchStrategy[Items]:
    """What this machine's kernel can have."""
    return topologies(netem=kernel_rules.has_netem(), vlans=kernel_rules.has_vlan_filtering())


def share_of(request: pytest.FixtureRequest, parts: int) -> int:
    """How many of the wanted number of topologies are each part's; all parts have as many at least."""
    topologies_in_all: int = request.config.getoption("--topologies")
    return math.ceil(topologies_in_all / parts)


def drawn(request: pytest.FixtureRequest, part: int, number: int) -> t.Callable[[t.Any], t.Any]:
    """Draw a number of topologies, always the same ones for a seed."""
    chosen = f"{request.config.getoption('--topology-seed')}/{part}"
    often = settings(
        max_examples=number,
        deadline=None,
        database=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, *([Phase.shrink] if request.config.getoption("--topology-shrink") else [])],
    )

    def decorate(test: t.Any) -> t.Any:
        return seed(chosen)(often(given(st.data())(test)))

    return decorate


@pytest.mark.parametrize("part", range(PARTS))
def test_any_lab_is_made_repaired_changed_and_removed(request: pytest.FixtureRequest, trial: Trial, part: int) -> None:
    number = share_of(request, 2 * PARTS)

    @drawn(request, part, number)
    def lives(data: st.DataObject) -> None:
        note(f"--topology-seed={request.config.getoption('--topology-seed')}")
        sound = labs().filter(bool)
        first = data.draw(sound)
        second = data.draw(altered(first, kernel_rules.has_vlan_filtering()) | sound)
        with trial.clean():
            life(trial, first, second, data)

    lives()
    assert trial.tried["topologies"] >= 2 * number


def life(trial: Trial, first: Items, second: Items, data: st.DataObject) -> None:
    """Two labs of one name, one after the other."""
    check_only(trial, first)
    trial.become(first)
    trial.note_built(first)
    possible = drifts(first)
    if possible:
        name = data.draw(st.sampled_from(sorted({drift.name for drift in possible})))  # one is as likely as another
        suffer(trial, first, data.draw(st.sampled_from([drift for drift in possible if drift.name == name])))
    trial.become(second)
    trial.note_built(second)
    trial.remove()


def suffer(trial: Trial, items: Items, drift: Drift) -> None:
    """What somebody does to a lab by hand is repaired."""
    trial.machine.run(["sh", "-ec", drift.command])
    assert trial.become(items), f"not noticed: {drift.command}"
    trial.note(f"drift repaired: {drift.name}")


def check_only(trial: Trial, items: Items) -> None:
    """A prediction changes nothing."""
    trial.run(_check=True, **items)
    same(trial.before, trial.machine.snapshot(), "check mode changed something")


@pytest.mark.parametrize("standing", [False, True], ids=["on an empty machine", "instead of a lab"])
def test_any_lab_with_a_fault_is_refused(request: pytest.FixtureRequest, trial: Trial, standing: bool) -> None:
    @drawn(request, int(standing), share_of(request, 2))
    def refused(data: st.DataObject) -> None:
        note(f"--topology-seed={request.config.getoption('--topology-seed')}")
        fault: Fault = data.draw(spoiled(labs()))
        with trial.clean():
            refuse(trial, fault, data.draw(labs().filter(bool)) if standing else None)

    refused()


def refuse(trial: Trial, fault: Fault, lab: Items | None) -> None:
    """A lab with a fault, where there is nothing, or instead of a sound one."""
    if lab:
        trial.run(**lab)
    before = trial.before if not lab else record(trial)
    for check in (True, False):
        message = trial.run(_check=check, _fails=True, **fault.items)["msg"]
        assert message.startswith(fault.message), f"{message!r} should begin with {fault.message!r}"
        assert "undone" not in message, "the kernel was touched"
    if lab:
        same(before, record(trial))
        trial.remove()
    same(trial.before, trial.machine.snapshot())
    trial.note(f"refused: {fault.name}")


def record(trial: Trial) -> snapshot.Snapshot:
    """All that is there of a lab, without what follows a moment after it was made."""
    found = asked.seen(trial.machine, FOREIGN)
    lines = [
        f"{space} {what} {key} {value}"
        for space, kinds in found.items()
        for what, each in kinds.items()
        for key, value in sorted(each.items(), key=str)
    ]
    files = trial.machine.run(["sh", "-c", "cd /run; find . | sort; cat tcpip.lab/*.json; sysctl -a -r forward"]).stdout
    return {"network": lines, "files": files.splitlines()}
