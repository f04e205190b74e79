# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Items read by a table of options: the normal form, and the place of each fault."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from ansible_collections.tcpip.lab.plugins.module_utils.kinds import KINDS
from ansible_collections.tcpip.lab.plugins.module_utils.options import Option, argument_spec, read

TABLE = {
    "name": Option(value=str.lower, required=True),
    "size": Option("int"),
    "up": Option("bool", default=True),
    "kind": Option(choices=("a", "b"), default="a"),
    "words": Option("list", elements="str", value=str.strip, default=[]),
    "peer": Option("dict", options={"mac": Option(), "mtu": Option("int")}),
    "items": Option("list", elements="dict", options={"id": Option("int", required=True)}),
}
DEFAULTS: dict[str, t.Any] = {"size": None, "up": True, "kind": "a", "words": [], "peer": None, "items": None}


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ({"name": "A"}, {"name": "a"}),
        ({"name": 5}, {"name": "5"}),
        ({"name": "a", "size": "12", "up": "no"}, {"name": "a", "size": 12, "up": False}),
        ({"name": "a", "up": 0, "size": None}, {"name": "a", "up": False}),
        ({"name": "a", "words": [" x "]}, {"name": "a", "words": ["x"]}),
        ({"name": "a", "peer": {"mtu": 5.0}}, {"name": "a", "peer": {"mac": None, "mtu": 5}}),
        ({"name": "a", "items": [{"id": 1}]}, {"name": "a", "items": [{"id": 1}]}),
    ],
)
def test_normal_form(given: dict[str, t.Any], normal: dict[str, t.Any]) -> None:
    assert read(given, TABLE, "thing[0]") == {**DEFAULTS, **normal}


def test_a_default_list_is_not_shared() -> None:
    read({"name": "a"}, TABLE, "")["words"].append("x")
    assert read({"name": "a"}, TABLE, "")["words"] == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "x[3].name: is required"),
        ({"name": None}, "x[3].name: is required"),
        ("name=a", "x[3]: 'name=a' is not a mapping of options"),
        ({"name": "a", "sise": 1}, "x[3]: 'sise' is not an option (did you mean 'size'?)"),
        (
            {"name": "a", "qqqq": 1},
            "x[3]: 'qqqq' is not an option (there are: name, size, up, kind, words, peer, items)",
        ),
        ({"name": "a", "peer": {"mtuu": 1}}, "x[3].peer: 'mtuu' is not an option (did you mean 'mtu'?)"),
        ({"name": "a", "peer": "b"}, "x[3].peer: 'b' is not a mapping of options"),
        ({"name": ["a"]}, "x[3].name: ['a'] is not a text"),
        ({"name": True}, "x[3].name: True is not a text"),
        ({"name": "a", "size": "12x"}, "x[3].size: '12x' is not a whole number"),
        ({"name": "a", "size": 1.5}, "x[3].size: 1.5 is not a whole number"),
        ({"name": "a", "size": True}, "x[3].size: True is not a whole number"),
        ({"name": "a", "up": "perhaps"}, "x[3].up: 'perhaps' is neither true nor false"),
        ({"name": "a", "kind": "c"}, "x[3].kind: 'c' is none of a, b"),
        ({"name": "a", "words": "x"}, "x[3].words: 'x' is not a list"),
        ({"name": "a", "words": ["x", {}]}, "x[3].words[1]: {} is not a text"),
        ({"name": "a", "items": [{"id": 1}, {}]}, "x[3].items[1].id: is required"),
        ({"name": "a", "items": [{"id": 1, "ID": 2}]}, "x[3].items[0]: 'ID' is not an option (there are: id)"),
    ],
)
def test_faults_have_their_place(given: t.Any, message: str) -> None:
    with pytest.raises(LabError) as error:
        read(given, TABLE, "x[3]")
    assert str(error.value) == message


def test_a_module_of_its_own_has_no_place_before_the_option() -> None:
    with pytest.raises(LabError, match=r"^size: 'x' is not a whole number$"):
        read({"name": "a", "size": "x"}, TABLE, "")


def test_argument_spec() -> None:
    assert argument_spec(TABLE) == {
        "name": {"type": "str", "required": True},
        "size": {"type": "int"},
        "up": {"type": "bool", "default": True},
        "kind": {"type": "str", "choices": ["a", "b"], "default": "a"},
        "words": {"type": "list", "elements": "str", "default": []},
        "peer": {"type": "dict", "options": {"mac": {"type": "str"}, "mtu": {"type": "int"}}},
        "items": {"type": "list", "elements": "dict", "options": {"id": {"type": "int", "required": True}}},
    }


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_reads_its_own_defaults(kind: str) -> None:
    """What Ansible fills in by the argument spec is what is read where the option is omitted."""
    spec = argument_spec(KINDS[kind].OPTIONS)
    required = {name: "10.0.0.0/8" if name == "dst" else "net.x" for name, each in spec.items() if each.get("required")}
    omitted = read(required, KINDS[kind].OPTIONS, "")
    filled = {name: each.get("default") for name, each in spec.items()} | required
    assert read(filled, KINDS[kind].OPTIONS, "") == omitted
