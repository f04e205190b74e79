# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that need more than every kernel has: run where this kernel has it, left to tests/emulated.py elsewhere.

Those that are left are skipped here, by a name in tests/skips.toml. Under emulation (``--emulated``) nothing is.
"""

from __future__ import annotations

import functools
import os
import subprocess

import pytest

#: The scenarios that need such a kernel, their tests marked so, too.
VLAN_SCENARIOS = ("vlan", "vlan_isolation")

_MARKERS = (
    "vlan: needs a kernel with bridge VLAN filtering; tests/emulated.py runs it where this one has none",
    "every_kernel: tests/emulated.py runs it, whatever this machine's kernel has",
)
_TRIAL = ["unshare", "--net", "ip", "link", "add", "trial", "type", "bridge", "vlan_filtering", "1"]


@functools.cache
def has_vlan_filtering() -> bool:
    """Whether this machine's kernel has bridge VLAN filtering, tried in a network of its own. Needs root.

    :raises AssertionError: when it cannot be found out.
    """
    done = subprocess.run(_TRIAL, capture_output=True, text=True, check=False)
    assert done.returncode == 0 or "not supported" in done.stderr, done.stderr
    return done.returncode == 0


def pytest_addoption(parser: pytest.Parser) -> None:
    """Under emulation a kernel that lacks something is the wrong one."""
    parser.addoption("--emulated", action="store_true", help="fail where the kernel lacks what a test needs")


def pytest_configure(config: pytest.Config) -> None:
    """The markers."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave a test to the emulation if it needs what this kernel does not have."""
    if item.get_closest_marker("vlan") is None or os.geteuid() != 0 or has_vlan_filtering():
        return  # without root it is the machine that cannot be had
    if item.config.getoption("--emulated"):
        pytest.fail("this kernel has no bridge VLAN filtering")
    pytest.skip("this kernel has no bridge VLAN filtering")
