# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks give to the modules, stage by stage, by Ansible's own templates and the role lab's own variables.

Ansible takes minutes to start under emulation, so it is noted before: ``rendered.py`` notes it, and ``read()`` needs no
Ansible.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import typing as t

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOTED = ROOT / ".cache/rendered.json"
_WORDS = "{{ {'title': lab_stage.title, 'text': lab_stage.text | default('')} }}"

Items = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class Lab:
    """A scenario's lab: for each stage the topology at its end, its checks, and its title and text."""

    name: str
    topologies: list[Items]
    checks: list[list[Items]]
    words: list[Items] = dataclasses.field(default_factory=list)


def scenarios() -> list[str]:
    """All scenarios, by the names of their playbooks. Over several machines, molecule tries some of them again."""
    names = {path.parent.name for path in (ROOT / "molecule").glob("*/molecule.yml")}
    return sorted(names & {path.stem for path in (ROOT / "playbooks").glob("*.yml")})


def write() -> None:
    """Render all playbooks, and note what comes of it; in a process of its own, whose imports Ansible may change."""
    from ansible.plugins.loader import init_plugin_loader

    init_plugin_loader([str(ROOT / ".collections")])
    NOTED.parent.mkdir(exist_ok=True)
    new = NOTED.with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps({name: dataclasses.asdict(_render(name)) for name in scenarios()}), encoding="utf-8")
    new.rename(NOTED)


def read(scenario: str) -> Lab:
    """What was noted of a scenario."""
    return Lab(**json.loads(NOTED.read_text(encoding="utf-8"))[scenario])


def on_page(page: str) -> Items:
    """The topology that the first playbook in the text of a page gives to the module topology in its only task."""
    import yaml

    (play,) = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)[0])
    (task,) = play["tasks"]
    return t.cast("Items", task["tcpip.lab.topology"])


def _render(scenario: str) -> Lab:
    """A playbook's lab as it is run by default.

    Of the variables, those of the role are stronger than the play's, its defaults weaker.
    """
    (play,) = _load(f"playbooks/{scenario}.yml")
    variables = {**_load("roles/lab/defaults/main.yml"), **play["vars"], **_load("roles/lab/vars/main.yml")}
    variables["ansible_play_hosts_all"] = ["localhost"]
    numbers = range(1, len(variables["lab_stages"]) + 1)
    return Lab(
        variables["lab_name"],
        [_template("{{ lab_topology }}", variables, number) for number in numbers],
        [_template("{{ lab_stage.checks }}", variables, number) for number in numbers],
        [_template(_WORDS, variables, number) for number in numbers],
    )


def _load(path: str) -> t.Any:
    from ansible.parsing.dataloader import DataLoader

    return DataLoader().load_from_file(str(ROOT / path), trusted_as_template=True)


def _template(template: str, variables: Items, stage: int) -> t.Any:
    from ansible.parsing.dataloader import DataLoader
    from ansible.template import Templar, trust_as_template

    templar = Templar(DataLoader(), {**variables, "lab_stage_number": stage})
    return templar.template(trust_as_template(template))


if __name__ == "__main__":
    write()
