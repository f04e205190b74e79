# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A page fetched by HTTP/1.0 (RFC 1945) or HTTP/1.1 (RFC 9112) through a socket of a namespace."""

from __future__ import annotations

import http.client
import io
import time
from typing import TYPE_CHECKING

from ..lean import dataclass
from . import connection
from .outcome import Outcome
from .subject import netns_words

if TYPE_CHECKING:
    from .kinds.web import Http

#: Seconds for all of an answer, and the bytes of it that are read.
_PATIENCE_S = 3.0
_MOST = 1 << 20
#: Lines of a page that a person is shown.
_SHOWN = 8


@dataclass(frozen=True)
class Page:
    """What a server has answered. C(type) is the media type without its parameters, "" if there is none."""

    status: int
    reason: str
    type: str
    body: str


def attempt(wanted: Http) -> tuple[Page | None, Outcome]:
    """Ask once. Raises LabError when the namespace is not there."""
    line = f"{netns_words(wanted.from_)}: {wanted.request.decode().splitlines()[0]}"
    try:
        with connection.opened("tcp", wanted.from_, wanted.to, wanted.port, _PATIENCE_S) as client:
            client.sendall(wanted.request)
            received = connection.receive(client, _MOST, time.monotonic() + _PATIENCE_S)
        cut = len(received) == _MOST
        page, head = read(received, cut)
    except http.client.HTTPException as error:
        return None, Outcome("malformed", f"what came is not HTTP: {error!r}", (line, repr(received[:100])))
    except OSError as error:
        return None, connection.failed(line, error)
    size = f"{'the first ' if cut else ''}{len(page.body)} characters"
    got = f"{page.status} {page.reason}, {page.type or 'no content type'}, {size}"
    return page, Outcome("response", got, (line, *head, *page.body.splitlines()[:_SHOWN]))


class _Received:
    """In the place of a socket: what has come from one."""

    def __init__(self, received: bytes) -> None:
        self._received = received

    def makefile(self, _mode: str) -> io.BytesIO:
        """All of it as a file."""
        return io.BytesIO(self._received)


def read(received: bytes, cut: bool = False) -> tuple[Page, list[str]]:
    """The page, and the lines before its body; C(cut) says that no more of it was read.

    Raises http.client.HTTPException if there is none, or not the whole.
    """
    response = http.client.HTTPResponse(_Received(received), method="GET")  # type: ignore[arg-type]
    response.begin()
    content_type = response.headers.get("Content-Type", "")
    charset = response.headers.get_content_charset("utf-8")
    try:
        content = response.read()
    except http.client.IncompleteRead as short:
        if not cut:
            raise
        content = short.partial
    version = f"HTTP/{response.version // 10}.{response.version % 10}"
    head = [f"{version} {response.status} {response.reason}", *map(": ".join, response.headers.items())]
    type_ = content_type.partition(";")[0].strip().lower()
    return Page(response.status, response.reason, type_, decode(content, charset)), head


def decode(body: bytes, charset: str) -> str:
    """The body as a text, whatever the server says of it."""
    try:
        return body.decode(charset, "replace")
    except (LookupError, ValueError):  # the latter of codecs that are not for texts, such as that for names of hosts
        return body.decode("utf-8", "replace")
