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
    "netem: needs a kernel with netem; tests/emulated.py runs it where this one has none",
    "every_kernel: tests/emulated.py runs it, whatever this machine's kernel has",
)
#: What such tests need, by their marker, with what tries it in a network of its own, and how the kernel says no.
_TRIALS = {
    "vlan": ("ip link add trial type bridge vlan_filtering 1", "not supported"),
    "netem": ("tc qdisc add dev lo root netem", "qdisc kind is unknown"),
}
_NAMES = {"vlan": "bridge VLAN filtering", "netem": "netem"}


def has_vlan_filtering() -> bool:
    """Whether this machine's kernel has bridge VLAN filtering."""
    return _has("vlan")


def has_netem() -> bool:
    """Whether it has netem."""
    return _has("netem")


@functools.cache
def _has(marker: str) -> bool:
    """Whether this machine's kernel has what a test with the marker needs. Needs root.

    :raises AssertionError: when it cannot be found out.
    """
    command, refusal = _TRIALS[marker]
    done = subprocess.run(["unshare", "--net", *command.split()], capture_output=True, text=True, check=False)
    assert done.returncode == 0 or refusal in done.stderr, done.stderr
    return done.returncode == 0


def missing() -> list[str]:
    """The markers of the tests that this machine's kernel cannot run. Needs root."""
    return [marker for marker in _TRIALS if not _has(marker)]


def chosen() -> str:
    """The tests that run under emulation, as an expression of markers."""
    return " or ".join([*_TRIALS, "every_kernel"])


def pytest_addoption(parser: pytest.Parser) -> None:
    """Under emulation a kernel that lacks something is the wrong one."""
    parser.addoption("--emulated", action="store_true", help="fail where the kernel lacks what a test needs")


def pytest_configure(config: pytest.Config) -> None:
    """The markers."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave a test to the emulation if it needs what this kernel does not have."""
    marked = [marker for marker in _TRIALS if item.get_closest_marker(marker)]
    if os.geteuid() != 0:
        return  # it is the machine that cannot be had
    for marker in marked:
        if not _has(marker):
            end = pytest.fail if item.config.getoption("--emulated") else pytest.skip
            end(f"this kernel has no {_NAMES[marker]}")
