# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pyroute2's message codecs, when they are needed, without the rest of the package: all of it takes 0.1 s to import."""

from __future__ import annotations

import importlib.util
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import Any

from .errors import LabError

_PACKAGE = "pyroute2"


@contextmanager
def _bare_package() -> Iterator[None]:
    """For the time of the block the package is a directory: its __init__, which imports everything, is not run."""
    spec = None if _PACKAGE in sys.modules else importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.submodule_search_locations is None:
        yield
        return
    bare = ModuleType(_PACKAGE)
    bare.__path__ = list(spec.submodule_search_locations)
    sys.modules[_PACKAGE] = bare
    try:
        yield
    finally:
        del sys.modules[_PACKAGE]  # who imports it later gets all of it


def __getattr__(name: str) -> Any:
    """A codec of pyroute2's (PEP 562), which not every run needs. Raises LabError where pyroute2 is not whole."""
    if name not in ("ifinfmsg", "ndmsg"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _codec(name)


@cache
def _codec(name: str) -> Any:
    try:
        with _bare_package():
            return getattr(importlib.import_module(f"{_PACKAGE}.netlink.rtnl.{name}"), name)
    except ImportError as error:
        raise LabError(f"{_PACKAGE} cannot be imported: {error}", hint="install it anew") from error


_ATTRIBUTE = struct.Struct("=HH")
_TYPE = 0x3FFF  # NLA_TYPE_MASK in linux/netlink.h


def decoded(codec: Any, data: bytes) -> Any:
    """A message as pyroute2 has it. Raises ValueError if it is none: pyroute2's errors are many, by its version."""
    try:
        message = codec(data)
        message.decode()
    except Exception as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
    return message


def attributes(data: bytes, offset: int = 0) -> dict[int, bytes]:
    """The attributes from C(offset) to the end, by their numbers; what is nested in one is read by the next call."""
    found = {}
    unpack, head, last = _ATTRIBUTE.unpack_from, _ATTRIBUTE.size, len(data) - _ATTRIBUTE.size
    while offset <= last:
        length, type_ = unpack(data, offset)
        if length < head:
            break
        found[type_ & _TYPE] = data[offset + head : offset + length]
        offset += (length + 3) & ~3
    return found


def signed(value: bytes) -> int:
    """A number that may be negative."""
    return int.from_bytes(value, sys.byteorder, signed=True)
