# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection tcpip.lab.netns on this machine; that by SSH is in tests/bare, where there is a machine behind it."""

from __future__ import annotations

import typing as t

import connected
import pytest
from check_networks import ip

if t.TYPE_CHECKING:
    import pathlib

    from labmachine import LabMachine


@pytest.fixture
def pair(machine: LabMachine) -> LabMachine:
    """Two namespaces and a cable."""
    ip(machine, connected.PAIR)
    return machine


def test_it_does_what_a_connection_has_to_do(pair: LabMachine, tmp_path: pathlib.Path) -> None:
    connected.does_what_it_has_to(pair, tmp_path, user="root", home="/root")


def test_ordinary_modules_work_in_namespaces(pair: LabMachine, tmp_path: pathlib.Path) -> None:
    pair.playbook("tests/connection/ordinary.yml", "-i", connected.inventory(tmp_path, {}, {"ns1": {}, "ns2": {}}))
