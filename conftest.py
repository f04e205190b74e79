# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For every test in this repository, also those beside the molecule scenarios."""

from __future__ import annotations

import pytest

# These have assertions that are to say what they have seen.
pytest.register_assert_rewrite("bare_machine", "connected", "labs", "life", "machines")
pytest_plugins = [
    "session_rules",
    "kernel_rules",
    "ansible_collections.tcpip.lab.extensions.pytest.netns",
]
