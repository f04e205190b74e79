# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time of creation by the number of nodes, as a picture."""

from __future__ import annotations

import pathlib
import sys

import pygal
from pygal.style import CleanStyle

from .means.base import Phase
from .measure import Case, Plan, Results

# pygal adds a finder of an old kind, by which every look for a module that is not there becomes a warning.
sys.meta_path[:] = [finder for finder in sys.meta_path if hasattr(finder, "find_spec")]


def write(plan: Plan, results: Results, work: str, directory: pathlib.Path) -> str:
    """A picture of one kind of network; returns the name of the file."""
    sizes = sorted(plan.sizes)
    chart = pygal.Line(
        title=f"{work}: seconds to create",
        x_title="nodes",
        x_labels=[f"{size:,}" for size in sizes],
        logarithmic=True,
        style=CleanStyle,
        js=(),  # it would be fetched from elsewhere
        disable_xml_declaration=False,
    )
    for means in plan.means:
        medians = [results.median(Case(work, size, means.name, Phase.CREATE)) for size in sizes]
        if any(medians):
            chart.add(means.name, medians)
    name = f"benchmark-{work}.svg"
    chart.render_to_file(str(directory / name))
    return name
