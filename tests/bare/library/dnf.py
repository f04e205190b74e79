# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for Ansible's module dnf, which needs dnf's own libraries: asks the command dnf."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Entry point."""
    module = AnsibleModule({"name": {"type": "list", "elements": "str"}, "update_cache": {"type": "bool"}})
    module.run_command(["dnf", "-y", "install", *module.params["name"]], check_rc=True)
    module.exit_json(changed=True)


if __name__ == "__main__":
    main()
