# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a check that one machine has while another one has the rest: it is begun, and later asked what it saw.

In between it is a process of its own, which waits at a Unix socket in the abstract namespace (unix(7)): no file is
made, and all that there is of it goes with the process. Whoever asks must be root, and so must be who answers.
"""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import socket
import struct
import threading
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Callable, NamedTuple, NoReturn

from ..errors import LabError, understood
from ..lean import dataclass
from ..state import ROOT
from . import capture, exchange, run
from .kinds.exchange import CALLS, LISTENS
from .look import View
from .outcome import Outcome, Result
from .subject import netns_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .kinds.exchange import Exchange
    from .model import Capture

#: Seconds after which one ends that nobody asks: whoever began it has been interrupted.
LIMIT_S = 120.0
#: Seconds for an earlier one of the same name to end.
_END_S = 15.0
#: Seconds for a text that is still missing when the traffic is over, and for one that must not come.
_PATIENCE_S, _SETTLE_S = 2.0, 0.2
_TELL = b"tell"
_CREDENTIALS = struct.Struct("3i")


@dataclass(frozen=True)
class Witness:
    """What a machine does for a check: it captures, and is one of the two ends of an exchange, if there is one.

    C(id) tells it from others on this machine, C(check) is the check's sentence. C(again): it may send a datagram
    several times.
    """

    id: str
    check: str
    captures: tuple[Capture, ...] = ()
    exchange: Exchange | None = None
    part: str = ""
    again: bool = False

    def describe(self) -> str:
        """What is done here."""
        if self.exchange and self.part == CALLS:
            return self.exchange.describe()
        if self.exchange:
            port = f"{self.exchange.protocol} port {self.exchange.port}"
            return f"listen on {port} in {netns_words(self.exchange.at or ROOT)}"
        return f"capture on {', '.join(map(capture.title, self.captures))}"

    def expected(self) -> str:
        """What must be seen here."""
        if self.exchange and self.part == CALLS:
            return f"{len(self.exchange.payload)} bytes sent"
        if self.exchange:
            return self.exchange.expected() if self.exchange.works else "nothing arrives"
        return "; ".join(each.packets.words() for each in self.captures)

    def failed(self, error: LabError) -> Result:
        """The result when it could not be done."""
        return Result(self.check, False, self.describe(), self.expected(), error.reason, cause=error.hint)


#: Tells what came of the exchange: whether that was right, how it ended, and the tries before.
_Seen = Callable[[], tuple[bool, Outcome, list[str]]]


class _Begun(NamedTuple):
    """What goes on, and what finishes it."""

    finish: Callable[[], Result]
    watches: Sequence[capture.Watch] = ()


def begin(witness: Witness) -> None:
    """Let it watch from now on. What keeps it from that is told at the end. Returns once nothing can be missed."""
    with _reserved(witness.id) as control:
        ready, told = os.pipe()
        child = os.fork()
        if child == 0:
            _detach(witness, control, told)
        os.close(told)
        os.waitpid(child, 0)
        while os.read(ready, 1):  # its end is the sign
            pass
        os.close(ready)


def end(witness: Witness) -> Result:
    """Ask what it saw; it is gone then."""
    try:
        with _connected(witness.id) as asking, understood("what it says"):
            asking.sendall(_TELL)
            answer = b"".join(iter(lambda: asking.recv(65536), b""))
            return Result(**json.loads(answer))
    except (OSError, LabError):
        gone = f"what watched on this machine is gone: it was ended, or not asked for {LIMIT_S:g} s"
        return witness.failed(LabError(gone))


def _address(identity: str) -> str:
    return f"\0tcpip.lab/witness/{identity}"


def _reserved(identity: str) -> socket.socket:
    """The socket at which it can be asked. One that was left by an interrupted run is sent away."""
    control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    limit = time.monotonic() + _END_S
    while True:
        try:
            control.bind(_address(identity))
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > limit:
                control.close()
                raise LabError(f"the socket {_address(identity)[1:]!r} is not to be had: {error.strerror}") from None
            with suppress(OSError):
                _connected(identity).close()
            time.sleep(0.02)
        else:
            control.listen()
            return control


def _connected(identity: str) -> socket.socket:
    asking = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        asking.connect(_address(identity))
        if not _is_roots(asking):
            raise PermissionError(errno.EPERM, "whoever answers there is not root")
    except OSError:
        asking.close()
        raise
    return asking


def _is_roots(peer: socket.socket) -> bool:
    """Whether root is at the other side."""
    _pid, uid, _gid = _CREDENTIALS.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return bool(uid == 0)


def _detach(witness: Witness, control: socket.socket, told: int) -> None:
    """The child: it leaves a grandchild, which nobody waits for and which keeps nobody waiting. Never returns."""
    try:
        os.setsid()
        if os.fork() == 0:
            _let_go(keep=(control.fileno(), told))
            signal.signal(signal.SIGTERM, _leave)
            _live(witness, control, told)
    finally:
        os._exit(0)


def _leave(*_signal: object) -> NoReturn:
    """End by way of all that is to be closed."""
    raise SystemExit


def _let_go(keep: tuple[int, ...]) -> None:
    """Close what was inherited, so that nobody waits at the other end of it."""
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) not in keep:
            with suppress(OSError):
                os.close(int(name))
    os.chdir("/")


def _live(witness: Witness, control: socket.socket, told: int) -> None:
    """Watch, and say so; be asked, and tell when nothing is left of it that others could see."""
    with ExitStack() as stack:
        try:
            begun = _watch(witness, stack)
        except LabError as error:
            begun = _Begun(_failing(witness, error))
        os.close(told)
        asked = _asked(control, begun.watches, time.monotonic() + LIMIT_S)
        result = begun.finish() if asked else None
    if asked and result:
        with asked:
            asked.sendall(json.dumps(result.as_dict()).encode())


def _failing(witness: Witness, error: LabError) -> Callable[[], Result]:
    return lambda: witness.failed(error)


def _asked(control: socket.socket, watches: Sequence[capture.Watch], limit: float) -> socket.socket | None:
    """Whoever asks, None if nobody does, or if it is to end without a word."""
    with suppress(OSError):
        while _wait(control, watches, limit):
            asked, _address = control.accept()
            if _is_roots(asked):
                asked.settimeout(_PATIENCE_S)
                return asked if asked.recv(len(_TELL)) == _TELL else None
            asked.close()
    return None


def _wait(control: socket.socket, watches: Sequence[capture.Watch], limit: float) -> bool:
    """Wait for somebody, and whether he came. What is seen is taken meanwhile, lest tcpdump stop at a full pipe."""
    while time.monotonic() < limit:
        going = {each.lines.fileno(): each for each in watches if not each.lines.ended}
        ready = select.select([control.fileno(), *going], [], [], max(0.0, limit - time.monotonic()))[0]
        if control.fileno() in ready:
            return True
        for number in ready:
            going[number].read(0)
    return False


def _watch(witness: Witness, stack: ExitStack) -> _Begun:
    """Begin all that is to be done, and what finishes it. Raises LabError when it cannot be begun."""
    if witness.exchange:
        run.wait_for_addresses([witness.exchange])
    watches = [stack.enter_context(capture.watching(each)) for each in witness.captures]
    for watch in watches:
        watch.wait_until_listening()
    seen = _take_part(witness, stack)

    def finish() -> Result:
        ok, outcome, earlier = seen()
        faults, packets = capture.told((watch.capture, watch.finish()) for watch in watches)
        return _result(witness, ok and not faults, outcome, [*earlier, *outcome.evidence, *packets], faults)

    return _Begun(finish, watches)


def _result(witness: Witness, ok: bool, outcome: Outcome, evidence: list[str], faults: list[str]) -> Result:
    got = "; ".join(filter(None, [outcome.got, *faults])) or "the packets are as expected"
    what, expected = witness.describe(), witness.expected()
    result = Result(witness.check, ok, what, expected, got, evidence, outcome=outcome.kind)
    if witness.exchange and witness.part == CALLS:
        run.find_cause(View(), witness.exchange, result)
    return result


def _take_part(witness: Witness, stack: ExitStack) -> _Seen:
    if witness.exchange is None:
        return lambda: (True, Outcome("", ""), [])
    if witness.part == LISTENS:
        return _listen(witness.exchange, stack)
    return _call(witness.exchange, witness.again, stack)


class _Inbox:
    """What comes to a listener, taken at once: the other side of a connection waits for its end."""

    def __init__(self, wanted: Exchange, listener: socket.socket) -> None:
        self._end, end = socket.socketpair()
        self._coming = exchange.arrivals(wanted, listener, end, time.monotonic() + LIMIT_S)
        self._came = threading.Event()
        self._last: Outcome | None = None
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def _take(self) -> None:
        for outcome in self._coming:
            self._last = outcome
            self._came.set()

    def read(self, seconds: float) -> Outcome | None:
        """What came, None if there is nothing for so many seconds."""
        self._came.wait(seconds)
        return self._last

    def close(self) -> None:
        """Take no more. As long as somebody waits at a socket it is there, closed or not."""
        self._end.send(_TELL)
        self._thread.join(_PATIENCE_S)


def _listen(wanted: Exchange, stack: ExitStack) -> _Seen:
    inbox = _Inbox(wanted, stack.enter_context(exchange.listening(wanted, wanted.at or ROOT)))
    stack.callback(inbox.close)

    def seen() -> tuple[bool, Outcome, list[str]]:
        outcome = inbox.read(_PATIENCE_S if wanted.works else _SETTLE_S)
        ok = bool(outcome) == wanted.works and (outcome is None or outcome.kind == "delivered")
        nothing = Outcome("silence", f"nothing arrived in {netns_words(wanted.at or ROOT)}")
        return ok, outcome or nothing, []

    return seen


def _call(wanted: Exchange, again: bool, stack: ExitStack) -> _Seen:
    clients: list[socket.socket] = []

    def once() -> tuple[bool, Outcome]:
        try:
            clients.append(stack.enter_context(exchange.opened(wanted)))
        except OSError as error:
            return False, exchange.failed(wanted, error)
        return True, Outcome("connected", "connected")

    connected, opening, earlier = run.tried(once, run.patience(wanted))

    def seen() -> tuple[bool, Outcome, list[str]]:
        outcome = _deliver(wanted, clients[0], again) if connected else opening
        return outcome.kind == "sent", outcome, earlier

    return seen


def _deliver(wanted: Exchange, client: socket.socket, again: bool) -> Outcome:
    try:
        return exchange.deliver(wanted, client, again)
    except OSError as error:
        return exchange.failed(wanted, error)
