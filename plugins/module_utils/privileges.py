# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process becomes another user and keeps the few capabilities that it needs (capabilities(7), prctl(2))."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
from collections.abc import Iterable

#: linux/capability.h
CAPABILITIES = {"net_bind_service": 10, "net_admin": 12, "net_raw": 13}

# linux/prctl.h
_PDEATHSIG, _KEEPCAPS, _CAPBSET_DROP, _NO_NEW_PRIVS, _CAP_AMBIENT, _AMBIENT_RAISE = 1, 8, 24, 38, 47, 2
_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Sets(ctypes.Structure):
    """32 capabilities each; there are two of these."""

    _fields_ = [
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    ]


def become(uid: int, gid: int, capabilities: Iterable[str]) -> None:
    """Become the user for good, in no other group, with these capabilities alone, which last over exec.

    Raises OSError when the kernel refuses.
    """
    kept = sorted(CAPABILITIES[name] for name in capabilities)
    _drop_bounding(kept)
    _prctl(_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    _set(kept)
    for number in kept:
        _prctl(_CAP_AMBIENT, _AMBIENT_RAISE, number)
    _prctl(_NO_NEW_PRIVS, 1)


def _drop_bounding(kept: Iterable[int]) -> None:
    """No program that it starts can ever have more, whatever that program's file says."""
    for number in range(64):
        if number in kept:
            continue
        try:
            _prctl(_CAPBSET_DROP, number)
        except OSError as error:
            if error.errno == errno.EINVAL:  # the kernel knows no more
                return
            raise


def _set(numbers: Iterable[int]) -> None:
    mask = sum(1 << number for number in numbers)
    halves = [mask & 0xFFFFFFFF, mask >> 32]
    sets = (_Sets * 2)(*(_Sets(half, half, half) for half in halves))
    if _libc.capset(ctypes.byref(_Header(_VERSION_3, 0)), sets) != 0:
        raise _failed("capset")


def end_with_parent() -> None:
    """Let the kernel kill this process when its parent ends."""
    _prctl(_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, second: int, third: int = 0) -> None:
    if _libc.prctl(option, *(ctypes.c_ulong(each) for each in (second, third, 0, 0))) != 0:
        raise _failed("prctl")


def _failed(what: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{what}: {os.strerror(number)}")
