# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DHCP client of the machine's on an interface of a namespace, with a script of ours in place of its own. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Callable, ClassVar

from .. import values
from ..command import FILES, Command, File, Ready, Spot
from ..errors import LabError
from ..lean import dataclass
from ..operations import Operation, RemoveAddress, RemoveRoute, StopProcess
from ..options import Option, Options, read
from ..scope import Ask, Topic
from ..state import BY_DHCP, ROOT, LinkName, Process, Route, State
from . import interface
from .base import Claim, at
from .service import Service

LEASE = "lease"
_CAPABILITIES = ("net_admin", "net_bind_service", "net_raw")
_IP = "ip"

#: What a client's own script would do, but for files outside its directory. What servers send is data, never words of
#: a command: every value is quoted, and stands behind a word that says what it is. What it configures can be told from
#: what others do: each address has an end, even of an infinite lease, and the route has the protocol of DHCP.
_COMMON = """\
forget() {
    [ -f ../data/lease ] || return 0
    while IFS='=' read -r name value; do
        case $name in
            address) old=$value ;;
            router) ip -4 route del default via "$value" dev "$dev" proto 16 2>/dev/null ;;
        esac
    done <../data/lease
    [ -z "$(ip -4 addr show dev "$dev" dynamic to "${old%%/*}" 2>/dev/null)" ] || ip -4 addr del "$old" dev "$dev"
    rm -f ../data/lease
}

configure() {
    told=$router
    grep -qx "address=$address" ../data/lease 2>/dev/null && grep -qx "told=$told" ../data/lease || forget
    lasts=$seconds
    [ "$lasts" != 4294967295 ] || lasts=4294967294
    ip -4 addr replace "$address" dev "$dev" valid_lft "$lasts" preferred_lft "$lasts"
    if [ -n "$router" ] && ! ip -4 route add default via "$router" dev "$dev" proto 16 2>/dev/null &&
        [ -z "$(ip -4 route show default via "$router" dev "$dev" proto 16)" ]; then
        echo "there is another default route, it stays"
        router=
    fi
    {
        echo "address=$address"
        [ -z "$router" ] || echo "router=$router"
        echo "told=$told"
        echo "server=$server"
        echo "seconds=$seconds"
        echo "dns=$dns"
    } >../data/lease.new
    mv ../data/lease.new ../data/lease
    echo "configured $address"
}
"""
_UDHCPC_LEASE = """\
. ./common
dev=$interface address=$ip/${subnet:-255.255.255.0} router=${router%% *} server=$serverid seconds=$lease dns=$dns
configure
"""
_UDHCPC_FORGET = ". ./common\ndev=$interface\nforget\n"
_DHCLIENT_SCRIPT = """\
#!/bin/sh
cd "${0%/*}" || exit 1
. ./common
dev=$interface
case $reason in
    BOUND | RENEW | REBIND | REBOOT)
        address=$new_ip_address/${new_subnet_mask:-255.255.255.0} router=${new_routers%% *}
        server=$new_dhcp_server_identifier seconds=$new_dhcp_lease_time dns=$new_domain_name_servers
        configure
        ;;
    PREINIT | RELEASE | EXPIRE | FAIL | STOP) forget ;;
esac
exit 0
"""
#: dhclient does not release its lease when it is asked to end.
_DHCLIENT = """\
dev=$1
: >>../data/leases
set -- -4 -cf /dev/null -lf ../data/leases -pf ../data/pid -sf "$PWD/script"
trap 'trap "" TERM; dhclient -r "$@" "$dev"; exit 0' TERM
dhclient -d "$@" "$dev" &
wait
"""


@dataclass(frozen=True)
class _Client:
    """One of the clients that can be used: the words that start it on an interface, and the files that it needs."""

    words: Callable[[str], tuple[str, ...]]
    files: tuple[File, ...]


def _udhcpc(*program: str) -> _Client:
    """Its script is a shell, which finds, named after the event, what to do in the directory of its files.

    So nothing there has to be executable, which /run does not allow everywhere.
    """
    events = {"bound": _UDHCPC_LEASE, "renew": _UDHCPC_LEASE, "deconfig": _UDHCPC_FORGET}
    nothing = dict.fromkeys(("nak", "leasefail"), ":\n")
    files = [File(name, content, quiet=True) for name, content in {"common": _COMMON, **events, **nothing}.items()]
    options = ("-f", "-R", "-t", "5", "-T", "1", "-A", "3", "-s", "/bin/sh")
    return _Client(lambda dev: (*program, *options, "-i", dev), tuple(files))


_CLIENTS = {
    "udhcpc": _udhcpc("udhcpc"),
    "busybox udhcpc": _udhcpc("busybox", "udhcpc"),
    "dhclient": _Client(
        lambda dev: ("/bin/sh", "client", dev),
        (
            File("common", _COMMON, quiet=True),
            File("script", _DHCLIENT_SCRIPT, quiet=True, executable=True),
            File("client", _DHCLIENT, quiet=True),
        ),
    ),
}


@dataclass(frozen=True)
class DhcpClient(Service):
    """A client on one interface, which is its name."""

    KIND = "dhcp_client"
    NAME = "dev"
    PROGRAMS = tuple(_CLIENTS)
    INSTALL = "apt install udhcpc on the Debian family, dnf install dhcp-client on Red Hat's"
    OPTIONS: ClassVar[Options] = {
        "netns": interface.NETNS,
        "dev": Option(value=values.link_name, required=True),
        "timeout": Option("int", value=values.seconds, default=15),
    }

    timeout: int

    @classmethod
    def parse(cls, item: Mapping[str, Any], place: str) -> DhcpClient:
        options = read(item, cls.OPTIONS, place)
        return cls(place, item, options["netns"] or "", options["dev"], options["timeout"])

    def devices(self) -> Iterator[tuple[LinkName, str]]:
        yield (self.netns, self.name), at(self.place, "dev")

    def unmarked(self) -> Iterator[Claim]:
        if self.netns == ROOT:
            yield Claim(self.key, f"the DHCP client on {self.name!r} in the root namespace", at(self.place, "dev"))

    def asks(self) -> Iterator[Ask]:
        yield from super().asks()
        yield Ask(Topic.COMMAND, self.netns, _IP)

    def choices(self, spot: Spot, state: State) -> Sequence[Command]:
        if _IP not in state.commands:
            raise LabError("the command 'ip' is not on this machine", self.place, "install iproute2, or iproute")
        return [self._command(spot, _CLIENTS[name]) for name in self.available(state)]

    def _command(self, spot: Spot, client: _Client) -> Command:
        return Command(
            spot,
            client.words(self.name),
            user="nobody",
            directory=f"{spot.directory}/{FILES}",
            capabilities=_CAPABILITIES,
            files=client.files,
            devices=(self.name,),
            ready=Ready(log="^configured ", timeout=self.timeout),
        )

    def amiss(self, have: Process, state: State) -> str:
        """What it has configured has to be there, too."""
        lease, link = _lease(have), state.link((self.netns, self.name))
        if lease is None:
            return "it has no lease"
        if link is None or lease["address"] not in link.leased:
            return f"{self.name} has lost {lease['address']}"
        return "the default route is lost" if self._is_cut_off(have, lease, state) else super().amiss(have, state)

    def _is_cut_off(self, have: Process, lease: Mapping[str, Any], state: State) -> bool:
        """Whether there is no default route, neither the client's nor another one, which it would have left alone."""
        default = Route(self.netns, 4, "default").key
        if any(route.key == default for route in state.routes(self.netns)):
            return False
        offered, near = _offered(have), ipaddress.IPv4Interface(lease["address"]).network
        return bool(lease["router"]) or (offered is not None and offered in near)

    def _routes(self, lease: Mapping[str, Any], state: State) -> list[Route]:
        where = ("default", lease["router"], self.name, BY_DHCP)
        return [each for each in state.routes(self.netns) if (each.dst, each.via, each.dev, each.protocol) == where]

    def present(self, state: State, alias: str | None) -> Iterator[Operation]:
        for step in super().present(state, alias):
            yield step
            if isinstance(step, StopProcess):
                yield from self._leave(state)

    def absent(self, state: State) -> Iterator[Operation]:
        yield from super().absent(state)
        yield from self._leave(state)

    def _leave(self, state: State) -> Iterator[Operation]:
        """What it has configured goes, also where it was killed and can do nothing for it any more.

        Others of its user may have written the lease: nothing goes that is not such as a client makes it.
        """
        have, link = self.found(state), state.link((self.netns, self.name))
        lease = _lease(have) if have else None
        if lease and link and lease["address"] in link.leased:
            for route in self._routes(lease, state):
                yield RemoveRoute(self.netns, route)
            yield RemoveAddress(self.netns, self.name, lease["address"])

    def running(self, have: Process, command: Command) -> dict[str, Any]:
        return {"timeout": command.ready.timeout}

    def live(self, state: State) -> dict[str, Any] | None:
        have, found = self.found(state), super().live(state)
        if have and found:
            found["lease"] = _lease(have)
        return found


def _lease(have: Process) -> dict[str, Any] | None:
    return read_lease(have.data.get(LEASE, ""))


def _offered(have: Process) -> ipaddress.IPv4Address | None:
    """The router that the server has named, whether the client has made it the default route or not."""
    try:
        return ipaddress.IPv4Address(_lines(have.data.get(LEASE, "")).get("told", ""))
    except ValueError:
        return None


def _lines(text: str) -> dict[str, str]:
    return dict(line.partition("=")[::2] for line in text.splitlines())


def read_lease(text: str) -> dict[str, Any] | None:
    """What the client has been told, from the lines that the script has written; None if they are not whole."""
    found = _lines(text)
    try:
        return {
            "address": str(ipaddress.IPv4Interface(found["address"])),
            "router": str(ipaddress.IPv4Address(found["router"])) if "router" in found else "",
            "server": str(ipaddress.IPv4Address(found["server"])),
            "seconds": int(found["seconds"]),
            "dns": [str(ipaddress.IPv4Address(each)) for each in found["dns"].split()],
        }
    except (KeyError, ValueError):
        return None
