# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every kind of check has in common: the words for places, the options that many have, and what runs it."""

from __future__ import annotations

import ipaddress
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Callable, ClassVar, NamedTuple, Union

from .. import values
from ..lean import dataclass
from ..options import Option, Options
from ..state import ROOT

if TYPE_CHECKING:
    from .look import View
    from .outcome import Outcome, Result


def netns_words(netns: str) -> str:
    """The namespace as a person says it, within a sentence."""
    return netns or "the root namespace"


def family(address: str) -> int:
    """4 or 6."""
    return 6 if ":" in address else 4


@dataclass(frozen=True)
class Flow:
    """The packets of a check. C(protocol) is icmp, tcp or udp; C(size) is that of the largest packet in
    bytes (0: it fits everywhere), which must not be cut into fragments under C(df). C(ttl) is what answers are to come
    with (0: any).
    """

    netns: str
    to: str
    protocol: str
    source: str = ""
    port: int = 0
    size: int = 0
    df: bool = False
    ttl: int = 0

    @property
    def version(self) -> int:
        """4 or 6."""
        return family(self.to)


class _Subject(ABC):
    """What a check asks."""

    @abstractmethod
    def describe(self) -> str:
        """What is tried, from where and to what address; also the sentence for a check that was given none."""

    @abstractmethod
    def expected(self) -> str:
        """What must be seen, as a phrase."""

    @abstractmethod
    def home(self) -> str:
        """The namespace where it is asked: on which machine that is, is for others to know."""

    def namespaces(self) -> set[str]:
        """Those that have a part in it, and have to be there."""
        return {self.home()}


class Fact(_Subject):
    """What is there or not without any traffic of ours. It is looked at when the traffic of all checks is over."""

    netns: str

    def home(self) -> str:
        """Where it is looked."""
        return self.netns

    @abstractmethod
    def look(self, name: str, view: View) -> Result:
        """Whether it is so. Raises LabError when the namespace is not there."""


class Traffic(_Subject):
    """What sends packets, so that one can capture them, and follow their way when they do not arrive."""

    #: Whether its packets can be told from others, so that one can look for them.
    can_be_captured: ClassVar[bool] = True
    from_: str

    def home(self) -> str:
        """Where its packets come from."""
        return self.from_

    @abstractmethod
    def once(self) -> tuple[bool, Outcome]:
        """Try once, and whether it was as expected. Raises LabError when it cannot be tried."""

    @abstractmethod
    def flow(self) -> Flow | None:
        """The packets that it sends, None for what no route leads anywhere."""

    @property
    @abstractmethod
    def works(self) -> bool:
        """Whether it is expected to work: then it may be tried again."""

    def listens(self) -> tuple[object, ...] | None:
        """Where it listens: two that say the same take turns."""
        return None


Subject = Union[Fact, Traffic]


class Kind(NamedTuple):
    """A kind of check: its options, and what makes its subject of what was given, or raises LabError."""

    options: Options
    build: Callable[[dict[str, Any], str], Subject]


def _netns(value: str) -> str:
    return values.namespace(value) if value else ROOT


def _host(value: str) -> str:
    """An address, with the interface after C(%) where it is IPv6's link-local one (RFC 4007)."""
    address, mark, zone = value.partition("%")
    normal = values.address(address)
    link_local = ipaddress.ip_address(normal).is_link_local and ":" in normal
    if not link_local:
        if mark:
            raise ValueError(f"{value!r} names an interface, which only a link-local IPv6 address has")
        return normal
    if not zone:
        raise ValueError(f"{value!r} is a link-local address: name its interface, as in '{value}%eth0'")
    return f"{normal}%{values.name(zone)}"


NETNS = Option(value=_netns, default=ROOT)
#: A namespace that may be omitted, which is not the root one then.
SOME_NETNS = Option(value=_netns)
HOST = Option(value=_host, required=True)
LINK_NAME = Option(value=values.name, required=True)
PORT = Option("int", value=values.port, required=True)
PRESENT = Option("bool", default=True)
