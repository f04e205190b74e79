# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A page of a web server. How it is fetched is in C(checks/web.py)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ... import values
from ...lean import dataclass
from ...options import Option, Options
from .. import web
from ..subject import HOST, NETNS, Flow, Kind, Traffic, family, netns_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..outcome import Outcome

_PATH = re.compile(r"/[!-~]*")
_MEDIA_TYPE = re.compile(r"[!-.0-~]+/[!-:<-~]+")


def _path(value: str) -> str:
    if not _PATH.fullmatch(value):
        raise ValueError(f"{value!r} is not a path such as /index.html, without blanks")
    return value


def _media_type(value: str) -> str:
    if not _MEDIA_TYPE.fullmatch(value):
        raise ValueError(f"{value!r} is not a content type such as text/html")
    return value.lower()


OPTIONS: Options = {
    "from": NETNS,
    "to": HOST,
    "port": Option("int", value=values.port, default=80),
    "path": Option(value=_path, default="/"),
    "version": Option(choices=("1.0", "1.1"), default="1.1"),
    "status": Option("int", value=values.between(100, 599, "a status"), default=200),
    "content_type": Option(value=_media_type),
    "body": Option(value=values.regex),
}


@dataclass(frozen=True)
class Http(Traffic):
    """A GET request, and the answer that must come; None is not looked at."""

    from_: str
    to: str
    port: int
    path: str
    version: str
    status: int
    content_type: str | None
    body: str | None

    def describe(self) -> str:
        """From where to what address, and which page."""
        return f"http from {netns_words(self.from_)} to {self.to} port {self.port}: GET {self.path} HTTP/{self.version}"

    def expected(self) -> str:
        """The status, and what else is looked at."""
        words = [f"status {self.status}", *([self.content_type] if self.content_type else [])]
        return ", ".join([*words, *([f"a body that matches {self.body!r}"] if self.body else [])])

    @property
    def request(self) -> bytes:
        """What is sent. HTTP/1.1 has to name the host, and keeps the connection unless told otherwise."""
        address = f"[{self.to.partition('%')[0]}]" if family(self.to) == 6 else self.to
        host = address if self.port == 80 else f"{address}:{self.port}"
        more = f"Host: {host}\r\nConnection: close\r\n" if self.version == "1.1" else ""
        return f"GET {self.path} HTTP/{self.version}\r\n{more}\r\n".encode()

    def once(self) -> tuple[bool, Outcome]:
        """Ask once."""
        page, outcome = web.attempt(self)
        if page is None:
            return False, outcome
        faults = list(self.faults(page))
        return not faults, replace(outcome, got="; ".join([outcome.got, *faults]))

    def faults(self, page: web.Page) -> Iterator[str]:
        """What is not as expected, as phrases."""
        if page.status != self.status:
            yield f"the status is not {self.status}"
        if self.content_type not in (None, page.type):
            yield f"the content type is not {self.content_type}"
        if self.body is not None and not re.search(self.body, page.body):
            yield f"the body does not match {self.body!r}"

    def flow(self) -> Flow:
        """The packets to the server."""
        return Flow(self.from_, self.to, "tcp", port=self.port)

    @property
    def works(self) -> bool:
        """A page that is not there is an answer, too."""
        return True


def _build(given: dict[str, Any], _place: str) -> Http:
    return Http(from_=given.pop("from"), **given)


KIND = Kind(OPTIONS, _build)
