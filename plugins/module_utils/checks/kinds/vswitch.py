# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ports and the table of a switch in user space, as it tells them itself."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ... import values
from ...errors import LabError
from ...lean import dataclass
from ...options import Option, Options
from .. import services
from ..outcome import Result
from ..subject import NETNS, PRESENT, Fact, Kind, netns_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..look import View

#: Seconds that a station which must not be known is given to be forgotten, at most.
_PATIENCE_S, _PAUSE_S = 10.0, 0.1
#: Seconds for which it is asked again for what must be there: its answer may overtake a frame.
_AGAIN_S = 1.2

OPTIONS: Options = {
    "netns": NETNS,
    "name": Option(value=values.process_name, required=True),
    "ports": Option("list", value=values.name),
    "mac": Option(value=values.mac),
    "port": Option(value=values.name),
    "present": PRESENT,
}


@dataclass(frozen=True)
class VswitchFact(Fact):
    """Exactly these ports, and the station C(mac) behind C(port), or not known at all. None is not looked at."""

    netns: str
    name: str
    ports: tuple[str, ...] | None
    mac: str | None
    port: str | None
    present: bool

    def describe(self) -> str:
        """Which switch."""
        return f"switch {self.name} in {netns_words(self.netns)}"

    def expected(self) -> str:
        """The ports and the station."""
        ports = [f"the ports {', '.join(self.ports)}"] if self.ports is not None else []
        behind = f" behind {self.port}" if self.port else ""
        known = f"{self.mac} known{behind}" if self.present else f"{self.mac} not known"
        return "; ".join([*ports, *([known] if self.mac else [])])

    def look(self, name: str, view: View) -> Result:  # noqa: ARG002 - it is not asked by ip(8)
        """Whether it tells so. What must not be known any more is given the time that it is remembered for."""
        began, told = time.monotonic(), self._told()
        first, limit = self._entry(told), began + self._patience(told)
        while not self._is_met_by(told) and time.monotonic() < limit:
            time.sleep(_PAUSE_S)
            told = self._told()
        ports = ", ".join(each["name"] for each in told["ports"])
        got = [f"the ports {ports or 'none'}"] if self.ports is not None else []
        if self.mac:
            gone = f"forgotten {time.monotonic() - began:.1f} s later" if first else f"{self.mac} is not known"
            got.append(self._entry(told) or "; ".join(filter(None, [first, gone])))
        return Result(name, self._is_met_by(told), self.describe(), self.expected(), "; ".join(got), _lines(told))

    def _patience(self, told: Mapping[str, Any]) -> float:
        """Seconds for it to become as declared."""
        if not self.mac or self.present:
            return _AGAIN_S
        return min(float(told["ageing_time"]) + 1, _PATIENCE_S)

    def _told(self) -> Mapping[str, Any]:
        told = services.find("vswitch", self.netns, self.name).told
        if told is None:
            raise LabError(f"{self.describe()} does not answer", hint="it was killed, or it hangs")
        return told

    def _entry(self, told: Mapping[str, Any]) -> str:
        """What is known of the station, empty if nothing is."""
        return next((_line(each) for each in told["table"] if each["mac"] == self.mac), "")

    def _is_met_by(self, told: Mapping[str, Any]) -> bool:
        ports = [each["name"] for each in told["ports"]]
        if self.ports is not None and sorted(ports) != sorted(self.ports):
            return False
        found = [each["port"] for each in told["table"] if each["mac"] == self.mac]
        return not self.mac or (bool(found) == self.present and self.port in (None, *found))


def _line(entry: Mapping[str, Any]) -> str:
    return f"{entry['mac']} is behind {entry['port']}, heard {entry['age']} s ago"


def _lines(told: Mapping[str, Any]) -> list[str]:
    """As the switch's own command C(show) words it."""
    ports = [f"port {each['name']}" for each in told["ports"]]
    return [f"ageing time {told['ageing_time']:g} s", *ports, *map(_line, told["table"])]


def _build(given: dict[str, Any], place: str) -> VswitchFact:
    if given["ports"] is None and given["mac"] is None:
        raise LabError("needs 'ports' or 'mac', else there is nothing to look for", place)
    if given["port"] and (given["mac"] is None or not given["present"]):
        raise LabError("is where a station is, so it needs 'mac', and not 'present: false'", f"{place}.port")
    ports = given.pop("ports")
    return VswitchFact(ports=None if ports is None else tuple(ports), **given)


KIND = Kind(OPTIONS, _build)
