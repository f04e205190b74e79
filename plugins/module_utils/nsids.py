# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which namespace is meant by a number in another one (ip-netns(8), nsid).

The kernel tells in which namespace the peer of an interface is by a number that only the interface's own namespace
knows. To ask a thousand namespaces about a thousand others would take a million questions. Here a namespace without a
name gives each a number of its own, and the kernel translates theirs into these: one question each, but for those that
know very many. In none of them anything is changed.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress

from . import namespaces
from .codecs import attributes, signed
from .encode import nsid_message, number
from .netlink import AT_ONCE, GETNSID, NEWNSID, Socket

_ATTRIBUTES_AT = 20  # struct rtgenmsg behind the header, and the padding
_NSID = number("NETNSA_NSID")
# linux/net_namespace.h: NETNSA_CURRENT_NSID, NETNSA_NSID_NOT_ASSIGNED
_CURRENT_NSID, _NONE = 5, b"\xff\xff\xff\xff"
#: Kernels may end a dump without a word where the first 32 KiB of it are full, which takes some 900 numbers.
WHOLE = 800


class Nsids:
    """The numbers of namespaces, the root namespace (the empty name) among them.

    Raises OSError when the kernel does not give them: an interface whose peer nobody can tell looks like one without.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = list(names)
        self._numbers = {name: ours for ours, name in enumerate(self._names)}
        self._first: dict[int, str] = {}
        with namespaces.anonymous():
            self._socket = Socket()
        try:
            for start in range(0, len(self._names), AT_ONCE):
                self._give(self._names[start : start + AT_ONCE])
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Forget the numbers."""
        self._socket.close()

    def known(self, netns: str) -> dict[int, str]:
        """The numbers by which C(netns) knows the namespaces, with their names."""
        target = ("NETNSA_TARGET_NSID", self._numbers[netns])
        try:
            answers = self._socket.dump(nsid_message(GETNSID, [target]))
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return {}  # it has gone
        if len(answers) >= WHOLE:
            singly = [nsid_message(GETNSID, [("NETNSA_NSID", ours), target]) for ours in self._numbers.values()]
            answers = [message for answer in self._socket.execute(singly) for message in answer.messages]
        return dict(self._translated(answers))

    def _give(self, names: Sequence[str]) -> None:
        """Number them, each once, whatever names it has.

        One that has gone in the meantime stays without, and so does a file on which no namespace is mounted yet, or
        any more, for which the kernel answers that it is not valid.
        """
        with ExitStack() as opened:
            requests = []
            for name in names:
                with suppress(FileNotFoundError):
                    descriptor = os.open(namespaces.path(name), os.O_RDONLY | os.O_CLOEXEC)
                    opened.callback(os.close, descriptor)
                    first = self._first.setdefault(os.fstat(descriptor).st_ino, name)
                    self._numbers[name] = self._numbers[first]
                    if first != name:
                        continue
                    asked = [("NETNSA_NSID", self._numbers[name]), ("NETNSA_FD", descriptor)]
                    requests.append(nsid_message(NEWNSID, asked))
            refusals = [answer.refusal for answer in self._socket.execute(requests) if answer.refusal]
        for refusal in refusals:
            if refusal.number != errno.EINVAL:
                raise OSError(refusal.number, str(refusal))

    def _translated(self, messages: Iterable[bytes]) -> Iterator[tuple[int, str]]:
        for message in messages:
            found = attributes(message, _ATTRIBUTES_AT)
            theirs, ours = (signed(found.get(each, _NONE)) for each in (_NSID, _CURRENT_NSID))
            if 0 <= ours < len(self._names) and theirs >= 0:
                yield theirs, self._names[ours]
