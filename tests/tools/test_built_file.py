# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in the file that is published, and what Ansible and its tools read from it once it is installed."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import tarfile
import typing as t

import built_file
import pytest
import run_ansible_test
import yaml
from labmachine import BIN

#: All that a user of the collection has a use for.
DIRECTORIES = ["LICENSES", "changelogs", "docs", "extensions", "inventory", "meta", "playbooks", "plugins", "roles"]
TEXTS = ["CODE_OF_CONDUCT.md", "CONTRIBUTING.md", "LICENSE", "README.md", "REUSE.toml", "SECURITY.md", "bindep.txt"]
#: What ansible-galaxy adds.
LISTS = ["FILES.json", "MANIFEST.json"]
ATTRIBUTES = {"action_group", "check_mode", "diff_mode", "idempotent", "platform"}


def said(collections: pathlib.Path, *command: str) -> str:
    """What a program of Ansible's prints about the collections there."""
    env = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(collections)}
    words = [str(BIN / command[0]), *command[1:]]
    return subprocess.run(words, env=env, cwd=collections, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def collections(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A directory of collections, in which the built file has been installed."""
    place = tmp_path_factory.mktemp("collections")
    file = built_file.build(tmp_path_factory.mktemp("built"))
    said(place, "ansible-galaxy", "collection", "install", "--offline", "--collections-path", str(place), str(file))
    return place


@pytest.fixture(scope="module")
def lab(collections: pathlib.Path) -> pathlib.Path:
    """The installed collection."""
    return collections / "ansible_collections/tcpip/lab"


def modules(lab: pathlib.Path) -> list[str]:
    return sorted(path.stem for path in (lab / "plugins/modules").glob("*.py"))


def test_only_what_is_of_use_is_published(lab: pathlib.Path) -> None:
    assert sorted(path.name for path in lab.iterdir()) == sorted([*DIRECTORIES, *TEXTS, *LISTS, "tests"])
    assert sorted(path.name for path in (lab / "tests").iterdir()) == ["config.yml", "integration"]


def test_a_report_in_the_checkout_is_not_published(tmp_path: pathlib.Path) -> None:
    with run_ansible_test.copy_of_collection() as place:
        (place / "report.html").touch()
        said(place, "ansible-galaxy", "collection", "build", "--output-path", str(tmp_path))
    (file,) = tmp_path.iterdir()
    with tarfile.open(file) as archive:
        names = archive.getnames()
    assert "README.md" in names
    assert [name for name in names if name.endswith(".html")] == []


def test_every_module_is_in_the_action_group(lab: pathlib.Path) -> None:
    runtime = yaml.safe_load((lab / "meta/runtime.yml").read_text(encoding="utf-8"))
    assert sorted(runtime["action_groups"]["lab"]) == modules(lab)


def test_every_module_says_what_it_can(collections: pathlib.Path, lab: pathlib.Path) -> None:
    names = [f"tcpip.lab.{name}" for name in modules(lab)]
    told: dict[str, t.Any] = json.loads(said(collections, "ansible-doc", "--json", *names))
    assert sorted(told) == names
    for name, each in told.items():
        assert each["doc"]["attributes"].keys() == ATTRIBUTES, name
        assert each["doc"]["attributes"]["action_group"]["membership"] == ["tcpip.lab.lab"], name


def test_an_execution_environment_gets_what_labs_need(collections: pathlib.Path) -> None:
    told = yaml.safe_load(said(collections, "ansible-builder", "introspect", str(collections)))
    packages = {kind: {line.partition("  #")[0] for line in told[kind]} for kind in ("python", "system")}
    assert packages["python"] == {"jmespath", "pyroute2>=0.7.2"}
    assert {"iproute2 [platform:dpkg]", "iproute [platform:rpm]", "tcpdump"} <= packages["system"]
