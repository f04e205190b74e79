# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A graph drawn by Graphviz, as SVG that can stand in the middle of a page of HTML."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ET

from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError

#: Seconds after which a graph is too large to wait for.
_PATIENCE_S = 30.0
_SVG = "http://www.w3.org/2000/svg"
#: What Graphviz draws with, and the only things that come into the page.
_SHAPES = frozenset(f"{{{_SVG}}}{name}" for name in ("svg", "g", "polygon", "polyline", "path", "ellipse", "text"))
#: Below this part of its size a drawing is not made smaller, lest it become illegible: the page scrolls instead.
_SMALLEST = 0.7


def drawn(graph: str, title: str) -> str:
    """The graph as an element of HTML with a title for those who do not see it.

    Raises LabError if Graphviz is not on this machine, does not understand the graph, or takes too long.
    """
    try:
        done = subprocess.run(
            ["dot", "-Tsvg"], input=graph.encode(), capture_output=True, timeout=_PATIENCE_S, check=True
        )
    except FileNotFoundError:
        raise LabError("Graphviz is not on the machine where Ansible runs", hint="install graphviz there") from None
    except PermissionError as error:
        raise LabError(f"Graphviz cannot be started: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise LabError(f"Graphviz was not done with so large a lab after {_PATIENCE_S:.0f} seconds") from None
    except subprocess.CalledProcessError as error:
        raise LabError(f"Graphviz says: {error.stderr.decode(errors='replace').strip()}") from None
    return embedded(done.stdout, title)


def embedded(svg: bytes, title: str) -> str:
    """The drawing without what is of no use in a page: names that only the graph has, links, comments."""
    try:
        root = ET.fromstring(svg)  # noqa: S314 - Graphviz wrote it
    except ET.ParseError as error:
        raise LabError(f"what Graphviz has drawn cannot be read: {error}") from None
    _clean(root)
    root.set("role", "img")
    root.set("aria-labelledby", "drawing-title")
    width = root.get("width", "0pt").removesuffix("pt")
    root.set("style", f"max-width:{width}pt;min-width:{float(width) * _SMALLEST:.0f}pt")
    named = ET.Element(f"{{{_SVG}}}title", {"id": "drawing-title"})
    named.text = title
    root.insert(0, named)
    ET.register_namespace("", _SVG)
    return ET.tostring(root, encoding="unicode")


def _clean(element: ET.Element) -> None:
    for name in ("id", "class"):
        element.attrib.pop(name, None)
    for child in list(element):
        if child.tag in _SHAPES:
            _clean(child)
        else:
            element.remove(child)
