# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules need of the machine that they run on. Imports nothing of the engine, so that all can ask."""

from __future__ import annotations

import importlib.util
import os
import re
from contextlib import suppress

#: The first release of pyroute2 that can delete links on kernels since 5.19.
PYROUTE2_MINIMUM = "0.7.2"
#: What to do where a command is missing.
IPROUTE2 = "install iproute2: 'apt install iproute2' on the Debian family, 'dnf install iproute' on Red Hat's"
IPUTILS = "install iputils: 'apt install iputils-ping' on the Debian family, 'dnf install iputils' on Red Hat's"


_WRITTEN = re.compile(r"""^__version__ *= *["']([^"']+)""", re.MULTILINE)


def pyroute2_version() -> str:
    """The release in this interpreter, empty if there is none. It is not imported for it, that takes 0.1 s."""
    found = importlib.util.find_spec("pyroute2")
    if found is None or found.origin is None:  # of one that was removed, directories may have stayed
        return ""
    with suppress(OSError), open(f"{os.path.dirname(found.origin)}/config/version.py", encoding="utf-8") as file:
        written = _WRITTEN.search(file.read())
        if written:
            return written[1]
    metadata = importlib.import_module("importlib.metadata")  # Debian's package has no such file
    try:
        return str(metadata.version("pyroute2"))
    except metadata.PackageNotFoundError:  # it is not whole
        return ""


def suffices(version: str) -> bool:
    """Whether a release of pyroute2 is new enough; the empty text is none at all."""
    return _numbers(version) >= _numbers(PYROUTE2_MINIMUM)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])
