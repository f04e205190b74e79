# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plants faults in a copy of the collection, one at a time, and sees that the tests catch each: ``mutants.py`` (root).

It fails if a fault survives, if the text to be spoilt is not there any more, and if a test that is to catch one fails
without it, too.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
import typing as t

import run_ansible_test

BIN = pathlib.Path(sys.prefix) / "bin"
UTILS = "plugins/module_utils"
RANDOM = "tests/engine/test_topology_random.py"
FAULTS = "tests/engine/test_faults.py"
PURE = "tests/unit/plugins/module_utils"


class Mutant(t.NamedTuple):
    """A fault: the text of a file that it spoils, what it makes of it, and the tests that have to notice."""

    name: str
    file: str
    sound: str
    spoilt: str
    tests: tuple[str, ...]


MUTANTS = (
    Mutant(
        "an undo left out: namespaces stay after a failure",
        f"{UTILS}/operations.py",
        'return (named, where(self.netns, "lo up")) if self.loopback else (named,)\n\n'
        "    def undo(self) -> tuple[Operation, ...]:\n        return (RemoveNamespace(self.netns),)",
        'return (named, where(self.netns, "lo up")) if self.loopback else (named,)\n\n'
        "    def undo(self) -> tuple[Operation, ...]:\n        return ()",
        ("tests/engine/test_undo.py::test_a_new_lab_is_undone[gateway]",),
    ),
    Mutant(
        "an ownership check removed: other labs' namespaces are taken",
        f"{UTILS}/verify.py",
        "if name != ROOT and namespace and namespace.owner != claims.lab:",
        "if False:",
        ("tests/engine/test_ownership.py::test_another_labs_things_are_refused_with_its_name",),
    ),
    Mutant(
        "a lock not taken: two runs for one lab go on at once",
        f"{UTILS}/ledger.py",
        "_wait_for(descriptor)\n        if _is_current(descriptor, _lock_file(lab)):",
        "if _is_current(descriptor, _lock_file(lab)):",
        ("tests/engine/test_locks.py::test_a_run_waits_for_the_one_before_it",),
    ),
    Mutant(
        "a drift not noticed: MTUs are not compared",
        f"{UTILS}/kinds/interface.py",
        'declared = {"mac": want.mac, "mtu": want.mtu, "up": want.up, "alias": alias}',
        'declared = {"mac": want.mac, "up": want.up, "alias": alias}',
        ("tests/engine/test_topology_drift.py::test_drift_is_found_and_repaired[veth.mtu]",),
    ),
    Mutant(
        "a drift not noticed: sources of routes are not compared",
        f"{UTILS}/kinds/route.py",
        'for name in ("via", "dev", "source"))\n\n\ndef _family',
        'for name in ("via", "dev"))\n\n\ndef _family',
        ("tests/engine/test_topology_drift.py::test_drift_is_found_and_repaired[route.source]",),
    ),
    Mutant(
        "the identity of a namespace not checked: one of the same name is taken for the lab's",
        f"{UTILS}/ledger.py",
        "return namespaces.identity(netns) == identity",
        "return bool(namespaces.identity(netns))",
        ("tests/engine/test_ownership.py::test_a_namespace_made_anew_by_hand_is_not_the_labs",),
    ),
    Mutant(
        "an overlap with the machine's own networks not refused",
        f"{UTILS}/verify.py",
        "if network(prefix).overlaps(network(other)):",
        "if False:",
        (f"{RANDOM}::test_any_lab_with_a_fault_is_refused[on an empty machine]",),
    ),
    Mutant(
        "a setting not given back when the lab goes",
        f"{UTILS}/kinds/sysctl.py",
        "if (before, now) != (first, firsts):",
        "if False:",
        (f"{RANDOM}::test_any_lab_is_made_repaired_changed_and_removed[0]",),
    ),
    Mutant(
        "addresses that are not declared any more stay",
        f"{UTILS}/kinds/interface.py",
        "return purged or address in want.stale or _is_in_the_way(address, want)",
        "return purged or _is_in_the_way(address, want)",
        (f"{RANDOM}::test_any_lab_is_made_repaired_changed_and_removed[0]",),
    ),
    Mutant(
        "rules of address translation stay",
        f"{UTILS}/kinds/iptables_nat.py",
        "yield from self._steps(state, self._mark(state), {}, RemoveNat)",
        "yield from ()",
        (f"{RANDOM}::test_any_lab_is_made_repaired_changed_and_removed[0]",),
    ),
    Mutant(
        "a link followed that others have planted: a directory of a lab leads elsewhere",
        f"{UTILS}/rundir.py",
        "_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC",
        "_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC",
        ("tests/engine/test_process.py::test_no_planted_link_is_followed[/run/tcpip.lab/process/.machine]",),
    ),
    Mutant(
        "a stranger that was given the number of a process is stopped",
        f"{UTILS}/records.py",
        "ours = found and found.started == self.started and procfs.namespace(self.pid) == self.netns",
        "ours = found",
        ("tests/engine/test_process.py::test_a_stranger_with_its_number_is_left_alone[started]",),
    ),
    Mutant(
        "a record without its word is believed: every younger process would be a child of its process",
        f"{UTILS}/records.py",
        "if not record.nonce or",
        "if",
        ("tests/unit/test_foreign.py::test_no_signal_is_sent_by_a_record_that_was_spoilt[{'nonce': ''}]",),
    ),
    Mutant(
        "secrets in the machine's system log",
        f"{UTILS}/runner.py",
        "about = {name: self.params.get(name) for name in _ABOUT}",
        "about = {name: str(value) for name, value in self.params.items()}",
        ("tests/engine/test_security.py::test_no_secret_is_in_the_system_log_or_in_the_result[topology-False]",),
    ),
    Mutant(
        "a ledger written where it is: a crash leaves half of it",
        f"{UTILS}/ledger.py",
        'new = f"{file}.new"',
        "new = file",
        (f"{FAULTS}::test_files_of_the_ledger_and_of_namespaces[build]",),
    ),
    Mutant(
        "an undo left out: a namespace whose name cannot be removed is lost",
        f"{UTILS}/namespaces.py",
        '_mount(f"/proc/self/fd/{descriptor}", path(name), _MS_BIND)\n        raise',
        "raise",
        (f"{FAULTS}::test_files_of_the_ledger_and_of_namespaces[removal]",),
    ),
    Mutant(
        "a drift not noticed: a link that is delayed, but not as it is declared",
        f"{UTILS}/kinds/interface.py",
        "elif netem and not (qdisc and qdisc.netem == netem):",
        "elif netem and not qdisc:",
        (f"{PURE}/test_impairment.py::test_what_differs_is_changed_in_place",),
    ),
    Mutant(
        "VLANs that are not declared any more stay: who is to be apart is not",
        f"{UTILS}/kinds/vlans.py",
        "if vlan.vid not in kept:",
        "if False:",
        (f"{PURE}/kinds/test_bridge_vlan.py::test_vlans_are_added_and_removed_and_come_back",),
    ),
    Mutant(
        "a signal heeded while all is taken back: a run that is interrupted leaves half a lab",
        f"{UTILS}/apply.py",
        "interruption.disregard()\n        done, self._done",
        "done, self._done",
        ("tests/engine/test_interrupted.py::test_while_it_waits_for_a_process_that_does_not_get_ready[INT]",),
    ),
    Mutant(
        "links of two labs with one number: frames get from one lab into the other, between machines",
        f"{UTILS}/spread.py",
        'words = "/".join([lab, *(word for end in key for word in end)])',
        'words = "/".join(word for end in key for word in end)',
        (f"{PURE}/test_spread.py::test_a_vni_depends_on_the_lab_and_the_link_alone",),
    ),
    Mutant(
        "a forged lease believed: an address goes that was given by hand",
        f"{UTILS}/kinds/dhcp_client.py",
        'if lease and link and lease["address"] in link.leased:',
        'if lease and link and lease["address"] in link.addresses:',
        (f"{PURE}/kinds/test_dhcp_client.py::test_a_forged_lease_takes_nothing_along_that_no_client_makes",),
    ),
)


def main() -> int:
    """Plant all; the exit status."""
    with run_ansible_test.copy_of_collection() as place:
        shutil.copytree(run_ansible_test.ROOT / ".collections", place / ".collections", symlinks=True)
        tests = sorted({test for mutant in MUTANTS for test in mutant.tests})
        print("without a fault: ", end="", flush=True)
        failed = failing(place, tests)
        print(f"{', '.join(failed)} fails" if failed else f"{len(tests)} tests pass")
        survivors = [mutant.name for mutant in MUTANTS if not is_caught(place, mutant)]
    print(f"{len(MUTANTS) - len(survivors)} of {len(MUTANTS)} faults were caught")
    return 1 if failed or survivors else 0


def is_caught(place: pathlib.Path, mutant: Mutant) -> bool:
    """Whether a test fails once the fault is planted. Says which one."""
    file = place / mutant.file
    sound = file.read_text(encoding="utf-8")
    print(f"{mutant.name}: ", end="", flush=True)
    if sound.count(mutant.sound) != 1:
        print(f"NOT PLANTED, {mutant.file} has not once what it spoils: {mutant.sound}")
        return False
    file.write_text(sound.replace(mutant.sound, mutant.spoilt), encoding="utf-8")
    try:
        failed = failing(place, mutant.tests)
    finally:
        file.write_text(sound, encoding="utf-8")
    print(f"caught by {', '.join(failed)}" if failed else "SURVIVED", flush=True)
    return bool(failed)


def failing(place: pathlib.Path, tests: t.Iterable[str]) -> list[str]:
    """Those of the tests that fail in the copy of the collection."""
    command = [str(BIN / "pytest"), "-q", "--topologies=60", *tests]
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}  # a spoilt file's must not be taken for a sound one's
    done = subprocess.run(command, cwd=place, env=env, capture_output=True, text=True, check=False)
    failed = re.findall(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", done.stdout, re.MULTILINE)
    if done.returncode not in (0, 1) or bool(failed) != bool(done.returncode):
        raise SystemExit(f"{' '.join(command)} gave {done.returncode}:\n{done.stdout}{done.stderr}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
