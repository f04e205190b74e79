# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variable C(omit), by which a playbook leaves an option out, in what a filter is given.

Ansible drops it from the arguments of a task, at any depth. A filter sees it, and has to drop it by itself.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Callable

from jinja2 import pass_context
from jinja2.runtime import Context


def understanding(filter_: Callable[..., Any]) -> Callable[..., Any]:
    """The filter with arguments that have nothing where C(omit) was."""

    @pass_context
    @functools.wraps(filter_)
    def understood(context: Context, *given: Any, **named: Any) -> Any:
        omit = context.resolve("omit")  # a text before ansible-core 2.19, and an object of its own since
        return filter_(*kept(given, omit), **kept(named, omit))

    return understood


def kept(value: Any, omit: Any) -> Any:
    """The value without what is omitted in it."""
    if isinstance(value, Mapping):
        return {key: kept(each, omit) for key, each in value.items() if each != omit}
    if isinstance(value, (list, tuple)):
        return [kept(each, omit) for each in value if each != omit]
    return value
