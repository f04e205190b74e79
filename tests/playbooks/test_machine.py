# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How pyroute2 comes to a Python that is somebody's own, such as that of a virtual environment."""

from __future__ import annotations

import typing as t

import pytest

if t.TYPE_CHECKING:
    from labmachine import LabMachine, Run

#: In the machine's own /tmp, where others may go, too.
VENV, PYTHON = "/tmp/venv", "/tmp/venv/bin/python"
LIBRARIES = f"{VENV}/lib/python3/site-packages"
NOBODY = "65534"
#: In place of pip, which would ask a registry.
PIP = """
import pathlib, sys
place = pathlib.Path(__file__).parents[1] / "pyroute2/config"
place.mkdir(parents=True)
(place.parent / "__init__.py").touch()
(place / "version.py").write_text(f"__version__ = {sys.argv[-1].partition('>=')[2]!r}")
"""


@pytest.fixture
def own(machine: LabMachine) -> LabMachine:
    """A machine with a virtual environment that has no pip."""
    machine.run(["/usr/bin/python3", "-m", "venv", "--without-pip", VENV])
    machine.run(["sh", "-c", f"cd {VENV}/lib && ln -s python3.* python3"])
    return machine


def make_ready(machine: LabMachine, fails: bool = False) -> Run:
    return machine.playbook("playbooks/machine.yml", _fails=fails, ansible_python_interpreter=PYTHON)


@pytest.mark.parametrize("owner", ["0", NOBODY])
def test_pip_is_run_by_those_whose_the_python_is(own: LabMachine, owner: str) -> None:
    own.run(["mkdir", f"{LIBRARIES}/pip"])
    own.run(["tee", f"{LIBRARIES}/pip/__main__.py"], input=PIP)
    own.run(["chown", "--recursive", f"{owner}:{owner}", VENV])
    assert make_ready(own).changed == 1
    assert own.run(["stat", "--format=%u %g", f"{LIBRARIES}/pyroute2/config/version.py"]).stdout.split() == [owner] * 2
    assert make_ready(own).changed == 0


def test_without_a_pip_it_is_said_what_to_do(own: LabMachine) -> None:
    said = " ".join(make_ready(own, fails=True).stdout.split())
    assert f"The Python that the modules use here, {PYTHON}, has no pyroute2" in said
    assert f"uv pip install --python {PYTHON} 'pyroute2>=0.7.2'" in said
