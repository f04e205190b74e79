# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces are hosts for testinfra."""

pytest_plugins = ["ansible_collections.tcpip.lab.extensions.pytest.netns"]
