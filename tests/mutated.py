# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others might say in place of what they do say: anything at all, and real samples that were spoilt a little."""

from __future__ import annotations

import copy
import functools
import typing as t

from hypothesis import strategies as st

#: What parsers of texts have stumbled over.
WORDS = (
    *(
        "",
        " ",
        "\n",
        "\r",
        "\0",
        "\t",
        "\x0b",
        "\x1c",
        "\x85",
        "\u2028",
        "-",
        "--",
        "!",
        '"',
        "'",
        "\\",
        "/",
        "../",
        ":",
    ),
    *("::", ",", "=", "%", "{", "}", "[", "]", "(", ")", "*", ".", "0", "-1", "00", "007", "1e9", "0x", "٣", "²", "½"),
    *(
        "9" * 30,
        "9" * 5000,
        "NaN",
        "null",
        "true",
        "-A ",
        "*nat",
        "COMMIT",
        "\ud800",
        "\udcff",
        "\ufeff",
        "é",
        "a" * 300,
    ),
)
#: The same for bytes: lengths that are too small, too large and odd, and names that point at themselves.
PIECES = (
    b"",
    b"\0",
    b"\xff",
    b"\0\0\0\0",
    b"\1\0",
    b"\4\0\0\0",
    b"\xff\xff",
    b"\x10\0\0\0",
    b"\xc0\x0c",
    b"\x81\0" * 9,
)
#: What JSON can hold, the values first that a number or a text may be taken for.
SCALARS = st.one_of(
    st.sampled_from(
        [None, True, False, 0, 1, -1, 2**63, 1.5, float("nan"), float("inf"), "", "0", "a", "\ud800", "9" * 5000]
    ),
    st.integers(),
    st.text(max_size=10),
)
JSON: st.SearchStrategy[t.Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)

Sequence_ = t.TypeVar("Sequence_", str, bytes)


@st.composite
def _spoilt(draw: st.DrawFn, samples: t.Sequence[Sequence_], pieces: st.SearchStrategy[Sequence_]) -> Sequence_:
    """A sample in which a few pieces were cut out, put in, or said again."""
    found = draw(st.sampled_from(samples))
    for _edit in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(found)))
        end = min(len(found), start + draw(st.integers(0, 12)))
        middle = draw(st.one_of(pieces, st.just(found[start:end] * 2), st.just(found[:0])))
        found = found[:start] + middle + found[end:]
    return found


def texts(samples: t.Sequence[str]) -> st.SearchStrategy[str]:
    """Any text, and samples that were spoilt."""
    anything = st.text(st.characters(), max_size=200)
    return st.one_of(_spoilt(samples, st.sampled_from(WORDS) | st.text(max_size=4)), anything)


def octets(samples: t.Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Any bytes, and samples that were spoilt."""
    return st.one_of(_spoilt(samples, st.sampled_from(PIECES) | st.binary(max_size=4)), st.binary(max_size=200))


@st.composite
def documents(draw: st.DrawFn, samples: t.Sequence[t.Any]) -> t.Any:
    """Any data that JSON can hold, and samples in which something is missing, is there besides, or is another."""
    if draw(st.integers(0, 4)) == 0:
        return draw(JSON)
    found = [copy.deepcopy(draw(st.sampled_from(samples)))]
    for _edit in range(draw(st.integers(1, 3))):
        places = list(_places(found))
        holder, key = draw(st.sampled_from(places))
        what = draw(st.sampled_from(("change", "take", "add")))
        if what == "take" and holder is not found:
            del holder[key]
        elif what == "add" and isinstance(holder[key], dict):
            holder[key][draw(st.text(max_size=6))] = draw(JSON)
        elif what == "add" and isinstance(holder[key], list):
            holder[key].append(draw(JSON))
        else:
            holder[key] = draw(JSON)
    return found[0]


def _places(holder: t.Any) -> t.Iterator[tuple[t.Any, t.Any]]:
    """Each value in it, as what holds it and the key there."""
    for key in holder if isinstance(holder, dict) else range(len(holder)):
        yield holder, key
        if isinstance(holder[key], (dict, list)):
            yield from _places(holder[key])


@functools.lru_cache
def deep(opening: str, depth: int = 100_000) -> str:
    """A text that nests deeper than a parser that calls itself can follow."""
    return opening * depth
