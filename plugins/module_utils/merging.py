# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Topologies that add up, and what tells their items apart. Pure.

It imports nothing of the kinds: Ansible's templates need it on the controller, where each import costs every run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Callable

from . import values

#: A topology as written: items by kind.
Items = Mapping[str, Sequence[Mapping[str, Any]]]
#: What was written of an item at one place.
Part = tuple[str, Mapping[str, Any]]
#: An item's options as they were written, to what tells it from others of its kind.
Identify = Callable[[Mapping[str, Any]], "tuple[Any, ...]"]

#: The routing table that routes are in if nothing else is said (RT_TABLE_MAIN in linux/rtnetlink.h).
MAIN_TABLE = 254
#: The name of a dnsmasq that is given none.
DNSMASQ = "dnsmasq"


def identity(kind: str, item: Mapping[str, Any]) -> tuple[Any, ...]:
    """What tells the item from others of its kind.

    Raises KeyError for an unknown kind, ValueError or TypeError for an item that is too faulty to have an identity.
    """
    return IDENTITIES[kind](item)


def named(key: Iterable[Any]) -> str:
    """A kind and an identity, for people."""
    return " ".join(str(word) for word in key if word not in (None, ""))


def merge(topologies: Iterable[Items]) -> dict[str, list[dict[str, Any]]]:
    """One topology out of several: a later item completes and overrides the earlier one of the same identity."""
    found = gathered(("", topology) for topology in topologies)
    return {kind: [_sum(parts) for parts in items] for kind, items in found.items()}


def gathered(topologies: Iterable[tuple[str, Items]]) -> dict[str, list[list[Part]]]:
    """The items of topologies that have places, in the order of the sum: each as the parts that were written of it."""
    found: dict[str, dict[tuple[Any, ...], list[Part]]] = {}
    for place, topology in topologies:
        for kind, items in topology.items():
            known = found.setdefault(kind, {})
            for number, item in enumerate(items):
                key = identify(kind, item) or ("unknown", len(known))
                known.setdefault(key, []).append((f"{place}.{kind}[{number}]", item))
    return {kind: list(known.values()) for kind, known in found.items()}


def _sum(parts: Iterable[Part]) -> dict[str, Any]:
    (_place, item), *later = parts
    for _place, part in later:
        item = _override(item, part)
    return item  # type: ignore[return-value]


def _by(option: str, default: str | None = None) -> Identify:
    """Items that are told apart by their namespace and one option."""
    return lambda item: (item.get("netns") or "", item.get(option) or default)


def _route(item: Mapping[str, Any]) -> tuple[Any, ...]:
    family = 6 if any(":" in str(item.get(name)) for name in ("dst", "via", "source")) else 4
    dst = "default" if values.is_default(item.get("dst")) else item.get("dst")
    return item.get("netns") or "", family, dst, int(item.get("table") or MAIN_TABLE), item.get("metric")


def _sysctl(item: Mapping[str, Any]) -> tuple[Any, ...]:
    return item.get("netns") or "", "/".join(values.setting_parts(str(item.get("name"))))


#: Of each kind, by its name in a topology.
IDENTITIES: dict[str, Identify] = {
    "netns": lambda item: (item.get("name"),),
    "veth": _by("name"),
    "macvlan": _by("name"),
    "vxlan": _by("name"),
    "bridge_vlan": _by("name"),
    "route": _route,
    "iptables_nat": _by("name", ""),
    "sysctl": _sysctl,
    "capture": _by("name"),
    "process": _by("name"),
    "vswitch": _by("name"),
    "dnsmasq_dhcp": _by("name", DNSMASQ),
    "dhcp_client": _by("dev"),
}


def identify(kind: str, item: Any) -> tuple[Any, ...] | None:
    """What tells the item from others; None for one so faulty that it has to stand for itself, until it is parsed."""
    try:
        found = identity(kind, item)
        hash(found)
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
        return None
    return found


def _override(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(earlier)
    for name, value in later.items():
        known = result.get(name)
        nested = isinstance(value, Mapping) and isinstance(known, Mapping)
        result[name] = _override(known, value) if nested else value  # type: ignore[arg-type]
    return result
