# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation has one type that only others' machines do, or that other tests do, is there to be done."""

from __future__ import annotations

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import typing as t

import prove
import pytest
import run_ansible_test
import yaml
from labmachine import BIN, ROOT
from shown import examples, file, lines

import docs

#: What make hands on to what it starts.
HANDED_ON = {"ARGS", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
#: Makes a repository of a directory.
COMMIT = "git init -qb main; git add .; git -c user.name=a -c user.email=a@example.org commit -qm all"
SCENARIOS = sorted(path.stem for path in (ROOT / "docs/scenarios").glob("*.md"))


def would_do(command: str, place: pathlib.Path = ROOT) -> str:
    """What `make` would start."""
    make, *words = shlex.split(command, comments=True)
    env = {name: value for name, value in os.environ.items() if name not in HANDED_ON}
    done = subprocess.run([make, "-n", *words], cwd=place, env=env, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return done.stdout


@pytest.mark.parametrize("command", [*lines("README.md", "make test"), *lines("CONTRIBUTING.md")])
def test_what_contributors_type_starts_what_there_is(command: str) -> None:
    """The workflow of CI does the same, all of it."""
    said = would_do(command)
    programs = re.findall(r"\bscripts/\S+", said)
    assert programs
    assert [program for program in programs if not (ROOT / program).exists()] == []
    assert [step for step in re.findall(r"prove\.py (\w+)", said) if not hasattr(prove, step)] == []


def started(command: str, place: pathlib.Path = ROOT) -> str:
    """What a `make` of a lab would have Ansible do."""
    (found,) = re.findall(r"\.venv/bin/ansible-playbook (.*)", would_do(command, place))
    return str(found).replace("$ask ", "").strip()


@pytest.mark.parametrize("word", ["-e", ""])
def test_variables_of_a_lab_are_handed_on_where_make_takes_them_for_its_own(word: str) -> None:
    said = started(f"make veth {word} lab_state=absent lab_report='of mine.html' ARGS=--check")
    given = ["-e", "lab_report=of mine.html", "-e", "lab_state=absent"]
    assert shlex.split(said) == ["playbooks/veth.yml", *given, "--check"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["veht"], "There is no 'veht': did you mean 'veth'? (make help says more)"),
        (["tets"], "There is no 'tets': did you mean 'test'?"),
        (["a_lab_of_mine"], "There is no 'a_lab_of_mine': there are: bridge, "),
        (["veth", "walktrough=true"], "walktrough is no variable of make here, did you mean 'walkthrough'?"),
    ],
)
def test_what_is_misspelt_is_told_and_nothing_is_started(words: list[str], said: str) -> None:
    env = {name: value for name, value in os.environ.items() if name not in HANDED_ON}
    done = subprocess.run(["make", *words], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert said in done.stderr
    assert done.returncode == 2
    assert not done.stdout


#: Of a checkout, a user's commands, and what setup and Ansible are given there.
STAND_INS = {
    "bin/id": "echo 1000",
    "scripts/setup.sh": 'echo "setup by $PYTHON"',
    ".venv/bin/ansible-playbook": 'echo "ansible-playbook $*"',
}
#: After a password was given in this terminal: what Ansible starts has none, and would be asked for it again.
TICKET = '[ "$1" = -n ]'


def typed(place: pathlib.Path, command: str, sudo: str) -> str:
    """What is said to a user with such a sudo in a checkout of stand-ins."""
    for name, text in {**STAND_INS, "bin/sudo": sudo, "playbooks/office.yml": ""}.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (place / name).chmod(0o755)
    shutil.copy(ROOT / "Makefile", place)
    env = {name: value for name, value in os.environ.items() if name not in HANDED_ON}
    env["PATH"] = f"{place / 'bin'}{os.pathsep}{env['PATH']}"
    done = subprocess.run(shlex.split(command), cwd=place, env=env, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize(("sudo", "asks"), [("exit 1", True), (TICKET, True), ("exit 0", False)])
def test_a_password_is_asked_for_where_ansible_would_have_to_give_one(
    sudo: str, asks: bool, tmp_path: pathlib.Path
) -> None:
    said = typed(tmp_path, "make office", sudo)
    assert said.splitlines()[-1].split() == [
        "ansible-playbook",
        "playbooks/office.yml",
        *(["--ask-become-pass"] if asks else []),
    ]


def test_the_python_that_setup_asks_for_can_be_given(tmp_path: pathlib.Path) -> None:
    assert "setup by python3.12\n" in typed(tmp_path, "make office PYTHON=python3.12", "exit 0")


def test_make_help_names_as_labs_what_builds_one() -> None:
    """Each of them has a page. What else there is to run has a line of its own."""
    told = would_do("make help")
    (labs,) = re.findall(r"^echo 'make SCENARIO .*: (.*)'$", told, re.MULTILINE)
    others = {path.stem for path in (ROOT / "playbooks").glob("*.yml")} - {*SCENARIOS}
    assert labs.split() == SCENARIOS
    assert [name for name in others if f"echo 'make {name} " not in told] == []


def test_make_clean_removes_what_the_tests_leave() -> None:
    assert {".cache", ".hypothesis", ".pytest_cache", "tests/output"} <= {*would_do("make clean").split()}


def test_a_lab_of_ones_own_is_a_target_of_make(tmp_path: pathlib.Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks/office.yml").touch()
    build, predict, _look, remove = lines("docs/own_lab.md", "make")
    said = [started(command, tmp_path).split() for command in (build, predict, remove)]
    office = "playbooks/office.yml"
    assert said == [[office], [office, "--check", "--diff"], [office, "-e", "lab_state=absent"]]


def test_a_report_is_asked_for_alike_in_a_checkout_and_elsewhere() -> None:
    checkout, installed = lines("docs/report.md")
    assert f"ansible-playbook {started(checkout)}".replace("playbooks/vxlan.yml", "tcpip.lab.vxlan") == " ".join(
        shlex.split(installed, comments=True)
    )


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_labs_page_has_one_type_what_molecule_does(name: str) -> None:
    """Its steps: the playbook, a walkthrough, and the removal."""
    build, walk, remove = lines(f"docs/scenarios/{name}.md")
    assert build.split("#")[1] == f" from a checkout: make {name}"
    for command, step in ((build, None), (walk, "walkthrough"), (remove, "teardown")):
        given = yaml.safe_load((ROOT / f"molecule/shared/{step}.yml").read_text(encoding="utf-8"))[0] if step else {}
        words = [f"-e {key}={value}".replace("=True", "=true") for key, value in given.get("vars", {}).items()]
        assert shlex.split(command, comments=True) == " ".join([f"ansible-playbook tcpip.lab.{name}", *words]).split()
    assert (ROOT / f"playbooks/{name}.yml").exists()
    assert (ROOT / f"molecule/{name}/molecule.yml").exists()


@pytest.mark.parametrize("page", ["README.md", "scripts/docsite/index.md"])
def test_the_checkout_is_fetched_from_where_it_is(page: str) -> None:
    fetch = lines(page, "git clone")[0]
    assert fetch == f"git clone {docs.repository()} && cd {docs.repository().rpartition('/')[2]}"


def test_it_is_installed_by_a_list_of_requirements(tmp_path: pathlib.Path) -> None:
    """The README's list, with a repository of the same files in place of the forge's."""
    wanted = tmp_path / "requirements.yml"
    with run_ansible_test.copy_of_collection() as place:
        subprocess.run(["sh", "-ec", COMMIT], cwd=place, check=True)
        text = file("README.md", wanted.name).replace(docs.repository(), f"file://{place}")
        wanted.write_text(text, encoding="utf-8")
        install = ["collection", "install", "-r", wanted.name, "-p", "installed"]
        env = {**os.environ, "ANSIBLE_HOME": str(tmp_path)}
        subprocess.run([str(BIN / "ansible-galaxy"), *install], cwd=tmp_path, env=env, check=True, capture_output=True)
    assert (tmp_path / "installed/ansible_collections/tcpip/lab/MANIFEST.json").is_file()


def test_the_first_page_says_what_it_is_tested_on_as_the_readme_does() -> None:
    readme, first = ((ROOT / page).read_text(encoding="utf-8") for page in ("README.md", "scripts/docsite/index.md"))
    (said,) = re.findall(r"^The collection is tested on .*$", readme, re.MULTILINE)
    assert said in first


def test_a_scenario_of_molecule_is_as_short_as_the_guide_says() -> None:
    (shown,) = examples("docs/testing.md", "yaml")
    whole = (ROOT / "molecule/veth/molecule.yml").read_text(encoding="utf-8")
    assert re.sub(r"^# .*\n", "", whole, flags=re.MULTILINE) == re.sub(r"^# .*\n", "", shown, flags=re.MULTILINE)


def workflow(jobs: t.Any) -> dict[str, t.Any]:
    return {"on": "push", "jobs": jobs}


def job(steps: t.Any) -> dict[str, t.Any]:
    return workflow({"lab": {"runs-on": "ubuntu-24.04", "steps": steps}})


@pytest.mark.parametrize(
    ("page", "beginning", "schema", "whole"),
    [
        ("docs/report.md", "      - ", "github-workflows", job),
        ("docs/report.md", "lab:", "gitlab-ci", dict),
        ("docs/testing_labs.md", "jobs:", "github-workflows", lambda shown: workflow(shown["jobs"])),
    ],
)
def test_what_is_for_a_forge_is_what_it_understands(
    page: str, beginning: str, schema: str, whole: t.Callable[[t.Any], t.Any], tmp_path: pathlib.Path
) -> None:
    (shown,) = [block for block in examples(page, "yaml") if block.startswith(beginning)]
    file = tmp_path / "workflow.yml"
    file.write_text(yaml.safe_dump(whole(yaml.safe_load(shown))), encoding="utf-8")
    command = [str(BIN / "check-jsonschema"), "--builtin-schema", f"vendor.{schema}", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stdout + done.stderr
