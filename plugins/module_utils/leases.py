# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a dnsmasq has lent, by the file that it keeps of it. Pure."""

from __future__ import annotations

import re
from typing import Any

#: The file, among the data of the process.
LEASES = "leases"
_SECONDS = re.compile(r"[0-9]{1,15}")


def read_leases(text: str) -> list[dict[str, Any]]:
    """The leases of IPv4 in dnsmasq's file: expiry in seconds since 1970, MAC, address, name, client id."""
    found = []
    for line in text.splitlines():
        words = line.split()
        if len(words) == 5 and _SECONDS.fullmatch(words[0]):
            name = "" if words[3] == "*" else words[3]
            found.append({"mac": words[1], "address": words[2], "name": name, "expires": int(words[0])})
    return found
