# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The namespaces of a machine that is reached by SSH, as a user with sudo: by the connection and by testinfra."""

from __future__ import annotations

import typing as t

import connected
import machines
import pytest
from machines import USER, Bed

if t.TYPE_CHECKING:
    import pathlib


@pytest.fixture
def bed(tmp_path: pathlib.Path) -> t.Iterator[Bed]:
    """A machine with two namespaces and a cable, and the controller."""
    with Bed.made(1, share=[str(tmp_path)]) as made:
        for line in connected.PAIR.strip().splitlines():
            made.machines[0].run(["ip", *line.split()])
        yield made


def test_it_does_what_a_connection_has_to_do(bed: Bed, tmp_path: pathlib.Path) -> None:
    labs = bed.inventory(USER)["labs"]
    way = {"ansible_netns_via": "ssh", **labs["vars"], **labs["hosts"]["lab1"]}
    connected.does_what_it_has_to(bed.controller, tmp_path, USER, f"/home/{USER}", **way)


def test_testinfra_sees_the_namespaces(bed: Bed, tmp_path: pathlib.Path) -> None:
    # To connect anew for each command would take long.
    lines = [f"UserKnownHostsFile {machines.KNOWN}", f"ControlPath {machines.PLACE}/testinfra"]
    bed.controller.run(["tee", f"{machines.PLACE}/config"], input="".join(f"{line}\n" for line in lines))
    options = f"ssh_config={machines.PLACE}/config&ssh_identity_file={machines.KEY}"
    pattern = f"netns://{USER}@{bed.machines[0].address}/NETNS?{options}"
    connected.testinfra_sees_it(bed.controller, tmp_path, USER, pattern)
