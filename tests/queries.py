# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions of docs/queries.md, their answers, and what is to be done before they are asked."""

from __future__ import annotations

import json
import re
import typing as t

from labmachine import ROOT

_PAGE = (ROOT / "docs/queries.md").read_text(encoding="utf-8")
#: Each question with its answer.
ALL: dict[str, t.Any] = {
    question.strip(): json.loads(answer)
    for question, answer in re.findall(r"```jmespath\n(.*?)```\n```json\n(.*?)```", _PAGE, re.DOTALL)
}
#: The one that is asked of a lab with VLANs.
OF_VLANS = next(question for question in ALL if "vlans" in question)
#: The play that asks.
(PLAY,) = re.findall(r"```yaml\n(.*?)```", _PAGE, re.DOTALL)
#: What somebody changes by hand in the lab router.
BY_HAND = re.findall(r"^ip .*$", _PAGE, re.MULTILINE)
