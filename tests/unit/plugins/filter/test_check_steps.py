# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot be cut into steps is refused by its name. How checks are cut see tests/unit/checks/test_steps.py."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.tcpip.lab.plugins.filter.check_steps import check_steps

NODES = {"a": "lab1"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((None, NODES), "checks: is required"),
        (("x", NODES), "checks: 'x' is not a list"),
        (([], None), "nodes: is required"),
        (([], ["a"]), "nodes: ['a'] is not a mapping"),
        (([], NODES, "lab1"), "machines: 'lab1' is not a list"),
        (([None], NODES), "checks[0]: None is not a mapping of options"),
    ],
)
def test_what_is_no_list_of_checks_or_machines_is_refused(given: tuple[t.Any, ...], message: str) -> None:
    with pytest.raises(AnsibleFilterError) as error:
        check_steps(*given)
    assert str(error.value) == message
