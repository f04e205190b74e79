# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a filter refuses what it is given."""

from __future__ import annotations

import functools
from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError


def refusing(filter_: Callable[..., Any]) -> Callable[..., Any]:
    """The filter, which raises AnsibleFilterError, with the place of the fault, where it would raise LabError."""

    @functools.wraps(filter_)
    def refused(*given: Any, **named: Any) -> Any:
        try:
            return filter_(*given, **named)
        except LabError as error:
            raise AnsibleFilterError(str(error)) from None

    return refused
