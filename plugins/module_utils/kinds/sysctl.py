# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel settings at run time (sysctl(8), Documentation/networking/ip-sysctl.rst). Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any, ClassVar

from .. import values
from ..errors import LabError
from ..hints import meant
from ..lean import cached_property, dataclass
from ..operations import (
    Operation,
    RestoreSysctl,
    WriteLeadingSysctl,
    WriteLinkSysctl,
    WriteMtuSysctl,
    WriteSysctl,
)
from ..options import Option, Options, read
from ..scope import Ask, Topic
from ..state import ROOT, LinkName, State
from . import interface
from .base import Claim, Resource, at


def normal(value: str) -> str:
    """A value as the kernel shows it, whatever white space lies between its words."""
    return " ".join(value.split())


def link_of(name: str) -> str | None:
    """The interface whose setting it is: net.<family>.(conf|neigh).<interface>.<setting>."""
    found = values.setting_parts(name)
    if len(found) == 5 and found[2] in ("conf", "neigh") and found[3] not in ("all", "default"):
        return found[3]
    return None


#: What the kernel changes along with a setting, and not back again with it (inet_forward_change in net/ipv4/devinet.c,
#: addrconf_sysctl_forward and its like in net/ipv6/addrconf.c).
_IPV4_FORWARDING = ("net.ipv4.conf.*.forwarding", "net.ipv4.conf.all.accept_redirects")
_OF_ALL = ("addr_gen_mode", "disable_ipv6", "force_forwarding", "forwarding", "ignore_routes_with_linkdown")
_ALONG = {
    "net.ipv4.ip_forward": _IPV4_FORWARDING,
    "net.ipv4.conf.all.forwarding": _IPV4_FORWARDING,
    **{f"net.ipv6.conf.all.{name}": (f"net.ipv6.conf.*.{name}",) for name in _OF_ALL},
}


#: They come with the kernel's connection tracking, which the first rule of NAT brings along, and with MPLS, which has
#: settings of each interface and none of those that will come.
_BY_MODULE = ("net.netfilter.", "net.mpls.")


@dataclass(frozen=True)
class Sysctl(Resource):
    """A setting of a namespace or of the machine."""

    KIND = "sysctl"
    OPTIONS: ClassVar[Options] = {
        "netns": interface.NETNS,
        "name": Option(value=values.sysctl_name, required=True),
        "value": Option(value=normal),
    }

    netns: str
    name: str
    value: str | None

    @classmethod
    def parse(cls, item: Mapping[str, Any], place: str) -> Sysctl:
        options = read(item, cls.OPTIONS, place)
        name = ".".join(part.replace(".", "/") for part in values.setting_parts(options["name"]))
        if options["netns"] and not name.startswith("net."):
            raise LabError(f"{name!r} belongs to the machine, not to a namespace", at(place, "name"), "net.* does")
        return cls(place=place, given=item, netns=options["netns"] or "", name=name, value=options["value"])

    def spaces(self) -> Iterator[tuple[str, str]]:
        yield self.netns, at(self.place, "netns")

    def devices(self) -> Iterator[tuple[LinkName, str]]:
        link = link_of(self.name)
        if link:
            yield (self.netns, link), at(self.place, "name")

    def asks(self) -> Iterator[Ask]:
        yield Ask(Topic.SETTING, self.netns, self.name)
        # A lab's own namespaces end with the lab: what nobody declares of them need not be known.
        for pattern in _ALONG.get(self.name, ()) if self.netns == ROOT else ():
            yield Ask(Topic.SETTING, self.netns, pattern)
        yield Ask(Topic.FOLDER, self.netns, self._file[0])

    @cached_property
    def _file(self) -> tuple[str, str]:
        """Folder and name. Of an interface, which may be still to come, they are those of all that will come."""
        *folders, name = values.setting_parts(self.name)
        if link_of(self.name):
            folders[3] = "default"
        return "/".join(["/proc/sys", *folders]), name

    def known(self, state: State) -> None:
        """Raises LabError if the kernel has no such setting."""
        folder, name = self._file
        names = state.folders.get((self.netns == ROOT, folder))
        if names is not None and name not in names and not self.name.startswith(_BY_MODULE):
            hint = meant(name, sorted(names)) if names else ""
            raise LabError(f"there is no setting {self.name!r}", at(self.place, "name"), hint)

    def unmarked(self) -> Iterator[Claim]:
        if self.netns == ROOT:
            yield Claim(self.key, f"this {self.KIND} of the root namespace", self.place)

    def complete(self) -> Resource:
        self._wanted()
        return self

    def _wanted(self) -> str:
        if self.value is None:
            raise LabError("is required", at(self.place, "value"))
        return self.value

    def present(self, state: State, alias: str | None) -> Iterator[Operation]:
        before, wanted = self._current(state), self._wanted()
        if before != wanted:
            yield self._step(self.netns, self.name, wanted, before, self._changed_along(state))

    @property
    def _step(self) -> type[WriteSysctl]:
        if self.name in _ALONG:
            return WriteLeadingSysctl
        if not link_of(self.name):
            return WriteSysctl
        return WriteMtuSysctl if fnmatchcase(self.name, "net.ipv6.conf.*.mtu") else WriteLinkSysctl

    def live(self, state: State) -> dict[str, Any] | None:
        value = self._current(state)
        return None if value is None else {"netns": self.netns, "name": self.name, "value": value}

    def absent(self, state: State) -> Iterator[Operation]:
        before, first = self._current(state), state.first_values.get((self.netns, self.name))
        if before is None or first is None:
            return
        now = self._changed_along(state)
        firsts = {name: state.first_values.get((self.netns, name), value) for name, value in now.items()}
        if (before, now) != (first, firsts):
            yield RestoreSysctl(self.netns, self.name, first, before, now, firsts)

    def _changed_along(self, state: State) -> dict[str, str]:
        """Of what is known of its namespace, what the kernel changes along with it."""
        namespace = state.namespaces.get(self.netns)
        values = namespace.sysctls if namespace else {}
        return {
            name: value
            for name, value in values.items()
            if name != self.name and any(fnmatchcase(name, pattern) for pattern in self._along)
        }

    @property
    def _along(self) -> tuple[str, ...]:
        """Patterns of what the kernel changes along with it, whether or not back again with it.

        A default of IPv4 is that of all interfaces which have no address and were never set (devinet_copy_dflt_conf).
        """
        if fnmatchcase(self.name, "net.ipv4.conf.default.*"):
            return (self.name.replace("default", "*", 1),)
        return _ALONG.get(self.name, ())

    def _current(self, state: State) -> str | None:
        """The value now; None where the namespace, or the interface that has the setting, is still to be made."""
        namespace, link = state.namespaces.get(self.netns), link_of(self.name)
        if namespace is None or (link and link not in namespace.links):
            return None
        return namespace.sysctls.get(self.name)


def keeping(steps: Sequence[Operation], desired: Iterable[Resource]) -> Iterator[Operation]:
    """The steps, but what is as declared, and changes along with another setting, is written again behind that one.

    What is not as declared has a step of its own, which comes later.
    """
    declared = {(each.netns, each.name): each.value for each in desired if isinstance(each, Sysctl)}
    restored = {(step.netns, step.name) for step in steps if isinstance(step, RestoreSysctl)}
    for step in steps:
        kept = _keeping(step, declared) if declared and isinstance(step, WriteSysctl) else step
        if not (isinstance(kept, RestoreSysctl) and _is_idle(kept, restored)):
            yield kept


def _keeping(step: WriteSysctl, declared: Mapping[tuple[str, str], str | None]) -> WriteSysctl:
    then = {name: value for name, value in step.then.items() if (step.netns, name) not in declared}
    then.update({name: value for name, value in step.along.items() if declared.get((step.netns, name)) == value})
    leading_first = sorted(then, key=lambda name: name not in _ALONG)
    return replace(step, then={name: then[name] for name in leading_first})


def _is_idle(step: WriteSysctl, restored: Collection[tuple[str, str]]) -> bool:
    """Whether it changes nothing that is not restored by a step of its own."""
    rest = [name for name, value in step.then.items() if value != step.along[name]]
    return step.before == step.value and all((step.netns, name) in restored for name in rest)
