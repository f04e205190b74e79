# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: query
short_description: Ask what is there of labs, in JMESPath
version_added: 0.1.0
description:
  - Answers a question about what M(tcpip.lab.lab_info) has found, such as which nodes have no default route. The
    question is an expression in JMESPath.
  - The expression sees all that M(tcpip.lab.lab_info) returns. JMESPath cannot join lists, and much of a network is in
    what they have in common. So it sees two lists more, in which they are joined, C(nodes) and C(interfaces).
  - C(nodes) has an item for each namespace. It has C(lab) and C(name), the node's C(interfaces), and those items of
    RV(tcpip.lab.lab_info#module:labs[].live) that belong to it, in the same form, in lists named C(route), C(sysctl),
    C(iptables_nat), C(capture), C(process), C(vswitch), C(dnsmasq_dhcp) and C(dhcp_client). A list can be empty.
  - C(interfaces) has an item for each interface, both ends of a cable among them, also those in the root namespace. It
    has C(lab), C(node), which is empty for the root namespace, and C(kind), which is C(veth), C(vxlan), C(macvlan),
    C(bridge_vlan) or what C(ip-link(8)) calls it; what is told of it there, such as C(name), C(addresses), C(mac),
    C(mtu) and C(up); C(switch), the bridge or learning switch that it is a port of, or C(null); C(vlans), a list with
    C(vid), C(pvid) and C(untagged) of each VLAN that it is in, which is empty for ports of a bridge that does not mind
    VLANs; and C(peer), the other end of its cable in the same form, but for its own C(peer), or C(null).
  - C(lab) is C(null) for what belongs to no lab.
positional: expression
options:
  _input:
    description: What M(tcpip.lab.lab_info) has returned.
    type: dict
    required: true
  expression:
    description: The question, in JMESPath.
    type: str
    required: true
requirements:
  - jmespath where Ansible runs
seealso:
  - module: tcpip.lab.lab_info
  - name: JMESPath
    description: The language.
    link: https://jmespath.org
author:
  - Contributors to the tcpip.lab collection (@tcpip-lab)
"""

EXAMPLES = r"""
- name: Look at all labs
  tcpip.lab.lab_info:
  register: found
  become: true

- name: Name the nodes that have no default route
  ansible.builtin.debug:
    msg: "{{ found | tcpip.lab.query(question) }}"
  vars:
    question: "nodes[?!(route[?dst == 'default'])].name"

- name: Stop if the ends of a cable differ in their MTU
  ansible.builtin.assert:
    that: not (found | tcpip.lab.query(question))
    fail_msg: "{{ found | tcpip.lab.query(question) }}"
  vars:
    question: "interfaces[?peer && mtu != peer.mtu].{node: node, name: name, mtu: mtu, other: peer.mtu}"

- name: Name the nodes in VLAN 100
  ansible.builtin.debug:
    msg: "{{ found | tcpip.lab.query('interfaces[?contains(vlans[].vid, `100`)].peer.node') }}"

- name: Say what is not as it was declared
  ansible.builtin.debug:
    msg: "{{ found | tcpip.lab.query('labs[?drift].{lab: name, changes: drift[].change}') }}"
"""

RETURN = r"""
_value:
  description:
    - The answer, in whatever form the expression gives it. C(null) if what it names is not there.
    - The filter fails if the list that the expression begins with is misspelt.
  type: raw
  sample: [ns2, router]
"""

from collections.abc import Mapping
from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.tcpip.lab.plugins.module_utils.hints import did_you_mean, like
from ansible_collections.tcpip.lab.plugins.plugin_utils.plain import plain

#: Parts of an expression that go on with what their first part has found.
_BEGINNING = (
    "filter_projection",
    "flatten",
    "index_expression",
    "pipe",
    "projection",
    "subexpression",
    "value_projection",
)


def query(found: Any, expression: Any) -> Any:
    """The answer. Raises AnsibleFilterError with what is wrong with the question, and where in it."""
    # All filters of a collection are imported when one is used, and labs need none of these.
    from ansible_collections.tcpip.lab.plugins.plugin_utils import view  # noqa: PLC0415

    try:
        import jmespath  # noqa: PLC0415
    except ImportError as error:
        raise AnsibleFilterError(
            f"the Python package jmespath is missing where Ansible runs: {error} (pip install jmespath)"
        ) from None
    known = plain(_result(found))
    if not isinstance(expression, str):
        raise AnsibleFilterError(f"{expression!r} is not an expression in JMESPath, which is a text")
    try:
        question = jmespath.compile(plain(expression))
    except jmespath.exceptions.JMESPathError as error:
        raise AnsibleFilterError(f"the expression cannot be read: {error}") from None
    seen = {**known, **view.of(known)}
    _must_be_there(question.parsed, seen)
    try:
        return question.search(seen)
    except jmespath.exceptions.JMESPathError as error:
        raise AnsibleFilterError(f"the expression {plain(expression)!r} has no answer: {error}") from None


def _must_be_there(parsed: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
    """The list that the question begins with is not misspelt. Of nothing that is like it the answer is null."""
    while parsed["type"] in _BEGINNING:
        parsed = parsed["children"][0]
    word = parsed["value"] if parsed["type"] == "field" else None
    close = like(word, seen) if word is not None and word not in seen else ""
    if close:
        raise AnsibleFilterError(f"there is no {word!r} ({did_you_mean(close)})")


def _result(found: Any) -> Mapping[str, Any]:
    """The same, if it is a result of lab_info."""
    if not isinstance(found, Mapping):
        raise AnsibleFilterError(f"{found!r:.80} is not what tcpip.lab.lab_info returns, which is a dictionary")
    missing = [name for name in ("labs", "orphans", "machine") if name not in found]
    if missing:
        raise AnsibleFilterError(
            f"this is not what tcpip.lab.lab_info returns: it has no {', '.join(missing)}, but {', '.join(found)}"
        )
    return found


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters by name."""
        return {"query": query}
