# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run says in the end, and how little it says of failed checks."""

from __future__ import annotations

import json
import sys
import typing as t

from shown import examples

if t.TYPE_CHECKING:
    import pathlib

    from labmachine import LabMachine, Run

Task = dict[str, t.Any]
LAB = "playbooks/namespace.yml"
REASON = "helloworld has a filter that refuses: '-A INPUT -j DROP' (ip netns exec helloworld iptables-save)"
#: A task that builds the lab, one that cannot, and one that checks it.
BUILD: Task = {"tcpip.lab.topology": {"name": "namespace", "netns": [{"name": "a"}]}}
FAULTY: Task = {"tcpip.lab.topology": {"name": "namespace", "netns": [{"name": "a", "loopback": "?"}]}}
CHECK: Task = {"tcpip.lab.check": {"checks": [{"name": "a is there", "netns": {"name": "a"}}]}}
BUILT = ["Changed: 1 step:", "  add namespace a"]


def played(machine: LabMachine, place: pathlib.Path, *tasks: Task, _fails: bool = False, **play: t.Any) -> Run:
    """A run of a play with these tasks."""
    page = place / "play.yml"
    page.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks, **play}]))
    return machine.playbook(page, _fails=_fails)


def end(run: Run) -> list[str]:
    """The lines of the summary."""
    _before, title, after = run.stdout.rpartition("LAB namespace ***")
    assert title, run.stdout
    return [line for line in after.splitlines()[1:] if line]


def test_a_run_ends_with_what_became_of_the_lab(machine: LabMachine) -> None:
    assert end(machine.playbook(LAB, "--check"))[0].startswith("Would change: ")
    assert end(machine.playbook(LAB)) == ["Changed: 1 step:", "  add namespace helloworld", "Checks: 4 passed"]
    assert end(machine.playbook(LAB, lab_checks=False)) == ["Changed: nothing"]
    assert end(machine.playbook(LAB, lab_state="absent")) == ["Removed: 1 step:", "  remove namespace helloworld"]
    assert end(machine.playbook(LAB, lab_state="absent")) == ["Removed: nothing"]


def test_what_is_not_to_be_told_is_not_told(machine: LabMachine, tmp_path: pathlib.Path) -> None:
    said = played(machine, tmp_path, {**BUILD, "no_log": True}).stdout
    assert "changed=1" in said
    assert "LAB " not in said


def test_what_a_loop_has_made_is_told_once(machine: LabMachine, tmp_path: pathlib.Path) -> None:
    asked = {**BUILD["tcpip.lab.topology"], "state": "{{ item }}"}
    task = {"tcpip.lab.topology": asked, "loop": ["absent", "present"]}
    assert end(played(machine, tmp_path, task, CHECK)) == [*BUILT, "Checks: 1 passed"]


def test_of_a_job_in_the_background_only_its_checks_are_known(machine: LabMachine, tmp_path: pathlib.Path) -> None:
    job: Task = {**BUILD, "async": 60, "poll": 0, "register": "job"}
    wait: Task = {"ansible.builtin.async_status": {"jid": "{{ job.ansible_job_id }}"}, "register": "done"}
    wait |= {"until": "done is finished", "retries": 60, "delay": 1}
    assert "LAB " not in played(machine, tmp_path, job, wait).stdout
    assert end(played(machine, tmp_path, job, wait, CHECK)) == ["Checks: 1 passed"]


def test_what_has_failed_and_was_made_in_the_end_is_made(machine: LabMachine, tmp_path: pathlib.Path) -> None:
    assert end(played(machine, tmp_path, {**FAULTY, "ignore_errors": True}, BUILD)) == BUILT
    remove = {"tcpip.lab.topology": {"name": "namespace", "state": "absent"}}
    (said,) = end(played(machine, tmp_path, {"block": [FAULTY], "rescue": [remove]}))
    assert said == "Failed: localhost: netns[0].loopback: '?' is neither true nor false"


def test_a_lab_without_a_name_is_none(machine: LabMachine, tmp_path: pathlib.Path) -> None:
    for asked in ({"netns": [{"name": "a"}]}, {"name": "{{ nothing }}", "netns": [{"name": "a"}]}):
        said = played(machine, tmp_path, {"tcpip.lab.topology": asked}, _fails=True).stdout
        assert "failed=1" in said
        assert "LAB " not in said


def test_modules_may_be_called_by_their_short_names(machine: LabMachine, tmp_path: pathlib.Path) -> None:
    build, check = ({name.rpartition(".")[2]: asked for name, asked in task.items()} for task in (BUILD, CHECK))
    run = played(machine, tmp_path, build, check, build, check, collections=["tcpip.lab"])
    assert end(run) == [*BUILT, "Checks: 2 passed"]


def test_who_is_lost_is_said(machine: LabMachine, tmp_path: pathlib.Path) -> None:
    lost = {"ansible_connection": "tcpip.lab.netns", "ansible_netns": "nobody"}
    here = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    inventory = tmp_path / "inventory.json"
    inventory.write_text(json.dumps({"all": {"hosts": {"here": here, "lost": lost}}}), encoding="utf-8")
    build = {"tcpip.lab.topology": {"name": "namespace", "netns": [{"name": "a"}]}, "check_mode": True}
    check = {"tcpip.lab.witness": {"actions": []}, "loop": ["here", "lost"], "delegate_to": "{{ item }}"}
    play = tmp_path / "play.yml"
    play.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [build, check]}]), encoding="utf-8")
    said = end(machine.playbook(play, "-i", str(inventory), _fails=True))
    assert [line.partition(":")[2].partition(":")[0] for line in said] == [" lost", " here -> lost"]
    assert [line.endswith("there is no network namespace nobody") for line in said] == [True, True]


def test_what_failed_is_said_with_its_reason(machine: LabMachine) -> None:
    machine.run(["ip", "netns", "add", "helloworld"])
    (said,) = end(machine.playbook(LAB, _fails=True))
    assert said.startswith("Failed: localhost: lab_stages[0].topology.netns[0].name: namespace 'helloworld' exists")
    machine.run(["ip", "netns", "del", "helloworld"])
    machine.playbook(LAB, lab_checks=False)
    machine.run(["ip", "netns", "exec", "helloworld", "iptables", "-A", "INPUT", "-j", "DROP"])
    run = machine.playbook(LAB, _fails=True)
    first, second, name, seen, cause = end(run)
    assert (first, second) == ("Changed: nothing", "Checks: 1 of 4 failed:")
    assert seen == "    expected: 3 of 3 replies, ttl 64; got: silence: 3 sent, no answer of any kind"
    assert cause == f"    likely cause: {REASON}"
    # By its message, which Ansible shows twice by itself, and in the end. All that was returned is for -v.
    assert run.stdout.count(name.strip()) == 2
    assert "outcome:" not in run.stdout
    assert "evidence:" not in run.stdout
    assert "evidence:" in machine.playbook(LAB, "-v", _fails=True).stdout


def test_who_needs_a_password_is_told_how_to_give_it(machine: LabMachine, tmp_path: pathlib.Path) -> None:
    sudo = tmp_path / "sudo"
    sudo.write_text("#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n", encoding="utf-8")
    sudo.chmod(0o755)
    run = machine.playbook(LAB, _fails=True, ansible_become_exe=str(sudo), ansible_become_user="nobody")
    assert "\nLabs need root, and a password is asked for on the way: add --ask-become-pass\n" in run.stdout


def test_the_documentation_shows_what_is_said(machine: LabMachine) -> None:
    (shown,) = examples("docs/report.md", "text")
    machine.playbook("playbooks/veth.yml", lab_checks=False)
    machine.run(["ip", "-n", "ns1", "link", "set", "ns1-veth0", "down"])
    machine.run(["ip", "netns", "exec", "ns2", "iptables", "-A", "INPUT", "-p", "icmp", "-j", "DROP"])
    assert shown in machine.playbook("playbooks/veth.yml", _fails=True).stdout
