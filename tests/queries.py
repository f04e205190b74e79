# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions of docs/queries.md, their answers, and what is to be done before they are asked."""

from __future__ import annotations

import json
import re
import typing as t

import shown
from labmachine import ROOT

_PAGE = "docs/queries.md"
#: Each question with its answer.
ALL: dict[str, t.Any] = {
    question.strip(): json.loads(answer)
    for question, answer in zip(shown.examples(_PAGE, "jmespath"), shown.examples(_PAGE, "json"), strict=True)
}
#: The one that is asked of a lab with VLANs.
OF_VLANS = next(question for question in ALL if "vlans" in question)
#: The play that asks.
(PLAY,) = shown.examples(_PAGE, "yaml")
#: The lab is built, somebody changes it by hand, and it is asked for the first time, with its answer.
BUILD, *BY_HAND, ASK = shown.lines(_PAGE)
(FIRST,) = map(
    json.loads, re.findall("the answer to the last command is `(.*?)`", (ROOT / _PAGE).read_text(encoding="utf-8"))
)
#: What is said of a question that cannot be read, which is a part of it.
(REFUSAL,) = shown.examples(_PAGE, "text")
