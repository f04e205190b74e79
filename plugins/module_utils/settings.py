# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel settings: /proc/sys, of whose part under net every thread sees that of its own namespace."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator

from . import namespaces
from .kinds.sysctl import normal
from .values import setting_parts


def read_settings(netns: str, names: Iterable[str]) -> dict[str, str]:
    """The values of settings in a namespace; those that cannot be read are left out. A C(*) stands for any folder."""
    found = {}
    with namespaces.inside(netns):
        for name in _expand(names):
            try:
                found[name] = read_setting(name)
            except OSError:
                continue
    return found


def _expand(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if "*" not in name:
            yield name
            continue
        for path in glob.iglob(setting_path(name)):
            yield ".".join(part.replace(".", "/") for part in path.split("/")[3:])


def write_setting(name: str, value: str) -> None:
    """Set a kernel setting in this thread's namespace. Raises OSError with the kernel's reason."""
    descriptor = os.open(setting_path(name), os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, f"{value}\n".encode())  # an empty value alone would be nothing to write
    finally:
        os.close(descriptor)


def read_setting(name: str) -> str:
    """The value of a kernel setting in this thread's namespace. Raises OSError when it cannot be read."""
    with open(setting_path(name), encoding="utf-8", errors="replace") as stream:
        return normal(stream.read())


def setting_path(name: str) -> str:
    """The file of a kernel setting."""
    return os.path.join("/proc/sys", *setting_parts(name))
