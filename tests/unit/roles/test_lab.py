# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role's files say twice, they say alike."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
import yaml

ROLES = pathlib.Path(__file__).parents[3] / "roles"


def load(path: str) -> t.Any:
    return yaml.safe_load((ROLES / path).read_text(encoding="utf-8"))


@pytest.mark.parametrize("role", ["lab", "machine"])
def test_documented_defaults_are_the_defaults(role: str) -> None:
    defaults = load(f"{role}/defaults/main.yml")
    options = load(f"{role}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    documented = {name: option["default"] for name, option in options.items() if "default" in option}
    assert documented.keys() <= defaults.keys() <= options.keys()
    templates = {name for name, value in defaults.items() if isinstance(value, str) and "{{" in value}
    assert {name: value for name, value in documented.items() if name not in templates} == {
        name: value for name, value in defaults.items() if name not in templates
    }


@pytest.mark.parametrize("role", ["lab", "machine"])
def test_the_readme_has_all_options_and_their_defaults(role: str) -> None:
    readme = (ROLES / role / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(rf"^\| `({role}_\w+)` \| (.*?) \| ", readme, re.MULTILINE))
    assert [*rows] == [*load(f"{role}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]]
    literals = {name: cell[1:-1] for name, cell in rows.items() if re.fullmatch("`[^`]+`", cell) and "{{" not in cell}
    defaults = load(f"{role}/defaults/main.yml")
    wrong = {name: text for name, text in literals.items() if yaml.safe_load(text) != defaults[name]}
    assert not wrong


def test_all_that_can_be_given_is_known_lest_it_be_taken_for_misspelt() -> None:
    *known, machines, walkthrough = load("lab/vars/main.yml")["lab_variables"]
    assert known == [*load("lab/meta/argument_specs.yml")["argument_specs"]["main"]["options"]]
    assert (machines, walkthrough) == ("lab_machines", "walkthrough")


def test_what_the_role_reads_it_has_as_an_option_or_sets_itself() -> None:
    files = [*(ROLES / "lab/tasks").glob("*.yml"), ROLES / "lab/vars/main.yml"]
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    text = re.sub(r"^ *#.*", "", text, flags=re.MULTILINE)
    read = {*re.findall(r"(?<!\.)\blab_\w+", text)}
    own = {*re.findall(r"^ *(?:(?:register|loop_var): )?(lab_\w+)", text, re.MULTILINE)}
    options = {*load("lab/meta/argument_specs.yml")["argument_specs"]["main"]["options"]}
    assert read - own - options == {"lab_machines"}, "which playbooks read"


@pytest.mark.parametrize("playbook", sorted((ROLES.parent / "playbooks").glob("*.yml")), ids=lambda path: path.stem)
def test_what_playbooks_tell_is_text(playbook: pathlib.Path) -> None:
    """YAML makes a mapping of an item of a list with a colon and a blank in it, and Ansible a text of that."""
    (play, *_more) = yaml.safe_load(playbook.read_text(encoding="utf-8"))
    said = play.get("vars", {})
    told = [*said.get("lab_try", ()), *(stage["title"] for stage in said.get("lab_stages", ()))]
    assert [line for line in told if not isinstance(line, str)] == []
