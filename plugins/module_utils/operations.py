# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps that change the kernel, each with its undo, its place in the order, and its lines in the diff. Pure.

C(lost) and C(gained) are what a step takes away and brings, as lines for people. Diff, prediction and messages are made
of nothing else, so that they cannot disagree with what is done.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import field, replace
from enum import IntEnum
from typing import Any, ClassVar

from . import impairment, nat
from .command import Command, Spot, file_lines
from .lean import dataclass
from .state import FdbEntry, LinkName, Qdisc, Route, Vlan


class Phase(IntEnum):
    """The order of the work: things go before their ground goes, and come after their ground came."""

    STOP_CLIENT = 0
    STOP = 1
    STOP_CAPTURE = 2
    RESTORE = 3
    UNROUTE = 4
    UNADDRESS = 5
    UNLINK = 6
    UNSPACE = 7
    SPACE = 8
    LEAD = 9
    TUNE = 10
    LINK = 11
    WIDEN = 12
    WIDEN_OVERLAY = 13
    OVERLAY = 14
    TUNE_LINK = 15
    CAPTURE = 16
    CONFIGURE = 17
    WIDEN_STATION = 18
    TUNE_MTU = 19
    START = 20
    PLUG = 21
    START_CLIENT = 22


@dataclass(frozen=True)
class Operation:
    """One step in one namespace."""

    phase: ClassVar[Phase] = Phase.CONFIGURE
    verb: ClassVar[str] = "add"
    #: The kernel's error for a removal that finds nothing to remove.
    gone: ClassVar[int] = 0
    netns: str

    @property
    def takes_along(self) -> bool:
        """Whether the kernel may remove more than the step names."""
        return False

    @property
    def lost(self) -> tuple[str, ...]:
        """Lines that describe what the step takes away."""
        return ()

    @property
    def gained(self) -> tuple[str, ...]:
        """Lines that describe what the step brings."""
        return ()

    def undo(self) -> tuple[Operation, ...]:
        """The steps that bring back what was there before."""
        raise NotImplementedError

    @property
    def title(self) -> str:
        """The step in one line, as the user reads it in errors and in the list of changes."""
        if self.lost and self.gained:
            return f"change {self.lost[0]} to {self.gained[0]}"
        return f"remove {self.lost[0]}" if self.lost else f"{self.verb} {self.gained[0]}"


_NO_ROUTE, _NO_VLAN, _NO_ENTRY, _NO_QDISC = Route("", 4, ""), Vlan(1), FdbEntry("", ""), Qdisc("")


class Direct(Operation):
    """A step that is no rtnetlink request."""


def where(netns: str, thing: str) -> str:
    """A thing in its namespace, in one line: the root namespace goes without saying."""
    return f"{netns}: {thing}" if netns else thing


@dataclass(frozen=True)
class CreateNamespace(Direct):
    """Make a namespace, marked before anybody can see it."""

    phase = Phase.SPACE
    alias: str = ""
    loopback: bool = False

    @property
    def gained(self) -> tuple[str, ...]:
        named = f"namespace {self.netns}"
        return (named, where(self.netns, "lo up")) if self.loopback else (named,)

    def undo(self) -> tuple[Operation, ...]:
        return (RemoveNamespace(self.netns),)


@dataclass(frozen=True)
class RemoveNamespace(Direct):
    """Take a namespace's name away; a descriptor is held until the run is over, so that it can come back whole."""

    phase = Phase.UNSPACE

    @property
    def lost(self) -> tuple[str, ...]:
        return (f"namespace {self.netns}",)

    def undo(self) -> tuple[Operation, ...]:
        return (RestoreNamespace(self.netns),)


@dataclass(frozen=True)
class RestoreNamespace(Direct):
    """Give a namespace that this run removed its name again."""

    phase = Phase.SPACE

    @property
    def gained(self) -> tuple[str, ...]:
        return (f"namespace {self.netns}",)

    def undo(self) -> tuple[Operation, ...]:
        return (RemoveNamespace(self.netns),)


@dataclass(frozen=True)
class Creation(Operation):
    """Make an interface with what can be given at its birth; C(mtu) and C(mac) None leave them to the kernel."""

    phase = Phase.LINK
    name: str = ""
    mtu: int | None = None
    mac: str | None = None

    def undo(self) -> tuple[Operation, ...]:
        return (RemoveLink(self.netns, self.name),)


@dataclass(frozen=True)
class CreateVeth(Creation):
    """Make a pair, the peer right in its own namespace: moving it there would cost 20 ms."""

    peer: LinkName = ("", "")
    peer_mtu: int | None = None
    peer_mac: str | None = None

    @property
    def gained(self) -> tuple[str, ...]:
        netns, name = self.peer
        return (
            _interface(self.netns, f"veth {self.name} peer {_far(netns, name)}", self.mtu, self.mac),
            _interface(netns, f"veth {name} peer {_far(self.netns, self.name)}", self.peer_mtu, self.peer_mac),
        )


@dataclass(frozen=True)
class CreateDevice(Creation):
    """Make an interface of C(kind), in C(netns), out of C(base): the namespace whose interfaces its settings name."""

    kind: str = ""
    base: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def gained(self) -> tuple[str, ...]:
        words = [f"{key} {_word(value)}" for key, value in self.settings.items() if value is not None]
        over = [] if self.base == self.netns else [f"over {self.base or 'the root namespace'}"]
        return (_interface(self.netns, " ".join([self.kind, self.name, *words, *over]), self.mtu, self.mac),)


@dataclass(frozen=True)
class CreateOverlay(CreateDevice):
    """Make an interface that stands on another one, which has to be there first."""

    phase = Phase.OVERLAY


@dataclass(frozen=True)
class RemoveLink(Operation):
    """Remove an interface (a pair goes together); C(rebuild) makes what was observed again."""

    phase = Phase.UNLINK
    gone = errno.ENODEV
    name: str = ""
    lines: tuple[str, ...] = ()
    rebuild: tuple[Operation, ...] = ()

    @property
    def lost(self) -> tuple[str, ...]:
        return self.lines or (where(self.netns, f"interface {self.name}"),)

    def undo(self) -> tuple[Operation, ...]:
        return self.rebuild


#: What a bridge has that has lost its last port. The kernel lets nobody give it.
_NO_STATION = ("mac", "00:00:00:00:00:00")


@dataclass(frozen=True)
class SetLink(Operation):
    """Change attributes of an interface in place.

    C(kind) and C(base) are needed where the attributes are settings of a kind.
    """

    verb = "set"
    name: str = ""
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    kind: str = ""
    base: str = ""

    @property
    def takes_along(self) -> bool:
        return self.after.get("up") is False

    @property
    def lost(self) -> tuple[str, ...]:
        return self._line(self.before)

    @property
    def gained(self) -> tuple[str, ...]:
        return self._line(self.after)

    def _line(self, attributes: dict[str, Any]) -> tuple[str, ...]:
        words = [_setting(name, value) for name, value in attributes.items()]
        return (where(self.netns, " ".join([self.name, *words])),) if words else ()

    def undo(self) -> tuple[Operation, ...]:
        back = {name: value for name, value in self.before.items() if (name, value) != _NO_STATION}
        return (replace(self, before=self.after, after=back),) if back else ()


@dataclass(frozen=True)
class Widen(SetLink):
    """Give an interface a larger MTU."""

    phase = Phase.WIDEN


@dataclass(frozen=True)
class WidenOverlay(Widen):
    """The same, once what it stands on, in whichever namespace that is, has a larger one."""

    phase = Phase.WIDEN_OVERLAY


@dataclass(frozen=True)
class WidenStation(Widen):
    """The same for a new station, whose parent has got its MTU with all else that it was given, as a bridge does."""

    phase = Phase.WIDEN_STATION


@dataclass(frozen=True)
class MovePort(SetLink):
    """Put an interface into a bridge, or take it out of one, where it loses its VLANs; C(regain) gives them back."""

    regain: tuple[Operation, ...] = ()

    def undo(self) -> tuple[Operation, ...]:
        return (*super().undo(), *self.regain)


@dataclass(frozen=True)
class _Address(Operation):
    """C(peer) is the address at the other end of a point-to-point link, empty for most."""

    link: str = ""
    address: str = ""
    peer: str = ""

    @property
    def _line(self) -> tuple[str, ...]:
        own, _slash, length = self.address.partition("/")
        shown = f"{own} peer {self.peer}/{length}" if self.peer else self.address
        return (where(self.netns, f"{self.link} address {shown}"),)


@dataclass(frozen=True)
class AddAddress(_Address):
    """Give an interface an address."""

    @property
    def gained(self) -> tuple[str, ...]:
        return self._line

    def undo(self) -> tuple[Operation, ...]:
        return (RemoveAddress(self.netns, self.link, self.address, self.peer),)


@dataclass(frozen=True)
class RemoveAddress(_Address):
    """Take an address from an interface."""

    phase = Phase.UNADDRESS
    gone = errno.EADDRNOTAVAIL

    @property
    def takes_along(self) -> bool:
        return True

    @property
    def lost(self) -> tuple[str, ...]:
        return self._line

    def undo(self) -> tuple[Operation, ...]:
        return (AddAddress(self.netns, self.link, self.address, self.peer),)


@dataclass(frozen=True)
class _Vlan(Operation):
    """C(own): the VLAN is the bridge's own, not a port's."""

    link: str = ""
    vlan: Vlan = _NO_VLAN
    own: bool = False

    def _line(self, vlan: Vlan) -> tuple[str, ...]:
        flags = [word for word, given in (("pvid", vlan.pvid), ("untagged", vlan.untagged)) if given]
        return (where(self.netns, " ".join([self.link, "vlan", str(vlan.vid), *flags])),)


@dataclass(frozen=True)
class AddVlan(_Vlan):
    """Put a port of a bridge, or the bridge itself, into a VLAN."""

    @property
    def gained(self) -> tuple[str, ...]:
        return self._line(self.vlan)

    def undo(self) -> tuple[Operation, ...]:
        return (RemoveVlan(self.netns, self.link, self.vlan, self.own),)


@dataclass(frozen=True)
class ChangeVlan(AddVlan):
    """Change how a port of a bridge, or the bridge itself, is in a VLAN."""

    former: Vlan = _NO_VLAN

    @property
    def lost(self) -> tuple[str, ...]:
        return self._line(self.former)

    def undo(self) -> tuple[Operation, ...]:
        return (replace(self, vlan=self.former, former=self.vlan),)


@dataclass(frozen=True)
class RemoveVlan(_Vlan):
    """Take a port of a bridge, or the bridge itself, out of a VLAN."""

    @property
    def lost(self) -> tuple[str, ...]:
        return self._line(self.vlan)

    def undo(self) -> tuple[Operation, ...]:
        return (AddVlan(self.netns, self.link, self.vlan, self.own),)


@dataclass(frozen=True)
class _Fdb(Operation):
    """C(base) is the namespace that the VXLAN stands in, whose interfaces its entries name."""

    link: str = ""
    base: str = ""
    entry: FdbEntry = _NO_ENTRY

    @property
    def _line(self) -> tuple[str, ...]:
        via = [f"via {self.entry.via}"] if self.entry.via else []
        return (where(self.netns, " ".join([self.link, "fdb", self.entry.mac, "dst", self.entry.dst, *via])),)


@dataclass(frozen=True)
class AddFdb(_Fdb):
    """Add an entry to the forwarding database of a VXLAN device."""

    @property
    def gained(self) -> tuple[str, ...]:
        return self._line

    def undo(self) -> tuple[Operation, ...]:
        return (RemoveFdb(self.netns, self.link, self.base, self.entry),)


@dataclass(frozen=True)
class RemoveFdb(_Fdb):
    """Remove an entry from the forwarding database of a VXLAN device."""

    gone = errno.ENOENT

    @property
    def lost(self) -> tuple[str, ...]:
        return self._line

    def undo(self) -> tuple[Operation, ...]:
        return (AddFdb(self.netns, self.link, self.base, self.entry),)


@dataclass(frozen=True)
class SetQdisc(Operation):
    """Make what an interface sends wait, be lost or be slow, in place of what was done to it C(before)."""

    verb = "set"
    link: str = ""
    qdisc: Qdisc = _NO_QDISC
    before: Qdisc | None = None

    @property
    def lost(self) -> tuple[str, ...]:
        return (_qdisc_line(self.netns, self.link, self.before),) if self.before else ()

    @property
    def gained(self) -> tuple[str, ...]:
        return (_qdisc_line(self.netns, self.link, self.qdisc),)

    def undo(self) -> tuple[Operation, ...]:
        if self.before is None:
            return (RemoveQdisc(self.netns, self.link, self.qdisc),)
        return (replace(self, qdisc=self.before, before=self.qdisc),)


@dataclass(frozen=True)
class RemoveQdisc(Operation):
    """Let an interface send as the kernel would by itself."""

    gone = errno.ENOENT
    link: str = ""
    qdisc: Qdisc = _NO_QDISC

    @property
    def lost(self) -> tuple[str, ...]:
        return (_qdisc_line(self.netns, self.link, self.qdisc),)

    def undo(self) -> tuple[Operation, ...]:
        return (SetQdisc(self.netns, self.link, self.qdisc),)


@dataclass(frozen=True)
class AddRoute(Operation):
    """Add a route."""

    route: Route = _NO_ROUTE

    @property
    def gained(self) -> tuple[str, ...]:
        return (route_line(self.route),)

    def undo(self) -> tuple[Operation, ...]:
        return (RemoveRoute(self.netns, self.route),)


@dataclass(frozen=True)
class ReplaceRoute(Operation):
    """Put a route in the place of the one with the same destination, table and metric."""

    route: Route = _NO_ROUTE
    former: Route = _NO_ROUTE

    @property
    def lost(self) -> tuple[str, ...]:
        return (route_line(self.former),)

    @property
    def gained(self) -> tuple[str, ...]:
        return (route_line(self.route),)

    def undo(self) -> tuple[Operation, ...]:
        return (ReplaceRoute(self.netns, self.former, self.route),)


@dataclass(frozen=True)
class RemoveRoute(Operation):
    """Remove a route."""

    phase = Phase.UNROUTE
    gone = errno.ESRCH
    route: Route = _NO_ROUTE

    @property
    def lost(self) -> tuple[str, ...]:
        return (route_line(self.route),)

    def undo(self) -> tuple[Operation, ...]:
        return (AddRoute(self.netns, self.route),)


@dataclass(frozen=True)
class WriteSysctl(Direct):
    """Write a kernel setting; C(before) None means that nobody has read it: its namespace is new.

    C(along) are other settings, which the kernel changes along with this one, as they were before; C(then) those that
    are written after it, to be what they were once, or are declared to be.
    """

    phase = Phase.TUNE
    verb = "set"
    name: str = ""
    value: str = ""
    before: str | None = None
    along: Mapping[str, str] = field(default_factory=dict)
    then: Mapping[str, str] = field(default_factory=dict)

    @property
    def takes_along(self) -> bool:
        """Where IPv6 is off for the moment between this setting and those behind it, its addresses and routes go."""
        return bool(self.then) and self.name.endswith(".disable_ipv6")

    @property
    def lost(self) -> tuple[str, ...]:
        return () if self.before is None else (where(self.netns, f"{self.name} = {self.before}"),)

    @property
    def gained(self) -> tuple[str, ...]:
        return (where(self.netns, f"{self.name} = {self.value}"),)

    def undo(self) -> tuple[Operation, ...]:
        if self.before is None:
            return ()
        return (type(self)(self.netns, self.name, self.before, self.value, self.then, self.along),)


@dataclass(frozen=True)
class WriteLeadingSysctl(WriteSysctl):
    """Write a setting before those that the kernel changes along with it."""

    phase = Phase.LEAD


@dataclass(frozen=True)
class WriteLinkSysctl(WriteSysctl):
    """Write a setting of one interface, which is there, and neither switched on nor addressed yet.

    Whether it has IPv6, and how it comes by addresses of its own, is settled by then.
    """

    phase = Phase.TUNE_LINK


@dataclass(frozen=True)
class WriteMtuSysctl(WriteSysctl):
    """Write the MTU of IPv6, which becomes that of the interface when this is switched on or gets another one."""

    phase = Phase.TUNE_MTU


@dataclass(frozen=True)
class RestoreSysctl(WriteSysctl):
    """Write the value that a setting had before we first changed it."""

    phase = Phase.RESTORE


@dataclass(frozen=True)
class ArrangeNat(Direct):
    """Put rules of the table nat that bear the mark C(mine) into their places, all at once.

    C(before) and C(after) are all rules of the table, those of others included, between which ours stand. C(new): the
    table is not there yet.
    """

    family: int = 4
    mine: str = ""
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    new: bool = False

    @property
    def lost(self) -> tuple[str, ...]:
        return tuple(self._line(line) for line in self._changes.lost)

    @property
    def gained(self) -> tuple[str, ...]:
        return tuple(self._line(line) for _number, line in self._changes.gained)

    @property
    def title(self) -> str:
        words = [("remove ", self.lost), ("add ", self.gained)]
        return ", ".join(word + "; ".join(lines) for word, lines in words if lines)

    @property
    def _changes(self) -> nat.Changes:
        return nat.changes(self.before, self.after, self.mine)

    def _line(self, rule: str) -> str:
        return where(self.netns, f"{nat.PROGRAMS[self.family]} -t nat {rule}")

    def undo(self) -> tuple[Operation, ...]:
        return (replace(self, before=self.after, after=self.before),)


@dataclass(frozen=True)
class RemoveNat(ArrangeNat):
    """Take all rules of a set away."""

    phase = Phase.UNROUTE


_NO_SPOT = Spot("", "", "", "")
_NO_COMMAND = Command(_NO_SPOT, ())


@dataclass(frozen=True)
class StartProcess(Direct):
    """Start a command and wait until it is ready; C(former) is the one whose place it takes, with what that wrote."""

    phase = Phase.START
    command: Command = _NO_COMMAND
    former: Command | None = None

    @property
    def gained(self) -> tuple[str, ...]:
        return self.command.lines

    @property
    def title(self) -> str:
        return f"start {self.command.title}"

    def undo(self) -> tuple[Operation, ...]:
        return (StopProcess(self.netns, self.command.spot, self.command, self.former, discard=True),)


@dataclass(frozen=True)
class StopProcess(Direct):
    """End a process with its children, and take its files away, but for those that C(successor) goes on with.

    C(command) is None if nobody knows any more what it was. C(amiss) says why one that runs cannot stay. C(alive) is
    false if only its files are left. C(discard): what it wrote elsewhere goes, too, if it was made for it. C(taught)
    are the steps that would tell a new one what it was told while it ran.
    """

    phase = Phase.STOP
    spot: Spot = _NO_SPOT
    command: Command | None = None
    successor: Command | None = None
    amiss: str = ""
    alive: bool = True
    discard: bool = False
    taught: tuple[Operation, ...] = ()

    @property
    def lost(self) -> tuple[str, ...]:
        lines = self.command.lines if self.command else (f"{self.spot.title}: unknown command",)
        amiss = (f"{self.spot.title}: {self.amiss}",) if self.amiss else ()
        return (*lines, *amiss, *(line for step in self.taught for line in step.gained))

    @property
    def title(self) -> str:
        return f"stop {self.lost[0]}{f' ({self.amiss})' if self.amiss else ''}"

    def undo(self) -> tuple[Operation, ...]:
        if not self.command or not self.alive:
            return ()
        return (StartProcess(self.netns, self.command, self.successor), *self.taught)


@dataclass(frozen=True)
class AmendProcess(Direct):
    """Write files of a process as they were given, and note how it is to be stopped, while it goes on running.

    C(altered) are the present contents of the files in question, None if one is gone.
    """

    phase = Phase.START
    former: Command = _NO_COMMAND
    command: Command = _NO_COMMAND
    altered: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def lost(self) -> tuple[str, ...]:
        return self._lines(self.former, self.altered)

    @property
    def gained(self) -> tuple[str, ...]:
        return self._lines(self.command, {file.name: file.content for file in self.command.files})

    def _lines(self, command: Command, contents: Mapping[str, str | None]) -> tuple[str, ...]:
        lines = [] if self.former.stop == self.command.stop else [command.stop_line]
        for file in self.command.files:
            content = contents[file.name] if file.name in self.altered else None
            found = [] if content is None else file_lines(file, content)
            lines += [f"{self.command.spot.title}: {line}" for line in found]
        return tuple(lines)

    @property
    def title(self) -> str:
        what = [*self.altered, *([] if self.former.stop == self.command.stop else ["how it is stopped"])]
        return f"amend {self.command.spot.title}: {', '.join(what)}"

    @property
    def contents(self) -> dict[str, str | None]:
        """What the files are to hold, None if one is to go."""
        return {file.name: file.content for file in self.command.files if file.name in self.altered}

    def undo(self) -> tuple[Operation, ...]:
        return (RevertProcess(self.netns, self.former, self.former, self.altered),)


@dataclass(frozen=True)
class RevertProcess(AmendProcess):
    """Give files of a process the contents back that somebody had given them."""

    @property
    def contents(self) -> dict[str, str | None]:
        return dict(self.altered)


@dataclass(frozen=True)
class StartCapture(StartProcess):
    """Start to capture, before the interface is switched on."""

    phase = Phase.CAPTURE


@dataclass(frozen=True)
class StopCapture(StopProcess):
    """Stop to capture, when all others have said their last."""

    phase = Phase.STOP_CAPTURE


@dataclass(frozen=True)
class StartClient(StartProcess):
    """Start what asks a server, when all servers are ready."""

    phase = Phase.START_CLIENT


@dataclass(frozen=True)
class StopClient(StopProcess):
    """Stop what says good-bye to a server, while that is still there."""

    phase = Phase.STOP_CLIENT


@dataclass(frozen=True)
class _SwitchPort(Direct):
    spot: Spot = _NO_SPOT
    port: str = ""

    @property
    def _line(self) -> tuple[str, ...]:
        return (f"{self.spot.title}: port {self.port}",)


@dataclass(frozen=True)
class AddPort(_SwitchPort):
    """Make an interface a port of a running switch."""

    phase = Phase.PLUG

    @property
    def gained(self) -> tuple[str, ...]:
        return self._line

    def undo(self) -> tuple[Operation, ...]:
        return (DeletePort(self.netns, self.spot, self.port),)


@dataclass(frozen=True)
class DeletePort(_SwitchPort):
    """Take a port from a running switch."""

    phase = Phase.STOP

    @property
    def lost(self) -> tuple[str, ...]:
        return self._line

    def undo(self) -> tuple[Operation, ...]:
        return (AddPort(self.netns, self.spot, self.port),)


@dataclass(frozen=True)
class SetAgeing(Direct):
    """Change the seconds that a running switch remembers a station for; C(before) None: it has just been started."""

    phase = Phase.PLUG
    verb = "set"
    spot: Spot = _NO_SPOT
    seconds: float = 0
    before: float | None = None

    @property
    def lost(self) -> tuple[str, ...]:
        return () if self.before is None else (f"{self.spot.title}: ageing_time {self.before:g}",)

    @property
    def gained(self) -> tuple[str, ...]:
        return (f"{self.spot.title}: ageing_time {self.seconds:g}",)

    def undo(self) -> tuple[Operation, ...]:
        return () if self.before is None else (SetAgeing(self.netns, self.spot, self.before, self.seconds),)


def route_line(route: Route) -> str:
    """A route as ip-route(8) writes it."""
    words = [route.dst if route.type == "unicast" else f"{route.type} {route.dst}"]
    for word, value in (("via", route.via), ("dev", route.dev), ("src", route.source), ("metric", route.metric)):
        if value:
            words.append(f"{word} {value}")
    if route.table != 254:
        words.append(f"table {route.table}")
    return where(route.netns, "route " + " ".join(words))


def _qdisc_line(netns: str, link: str, qdisc: Qdisc) -> str:
    return where(netns, f"{link} {impairment.words(qdisc)}")


def _interface(netns: str, text: str, mtu: int | None, mac: str | None) -> str:
    settings = (("mtu", mtu), ("address", mac))
    return where(netns, " ".join([text, *(f"{key} {value}" for key, value in settings if value is not None)]))


def _far(netns: str, name: str) -> str:
    return f"{name} in {netns}" if netns else f"{name} in the root namespace"


def _setting(attribute: str, value: Any) -> str:
    if attribute == "up":
        return "up" if value else "down"
    return f"{attribute} {_word(value)}"


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value in (None, "") else str(value)
