# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What holds for every filter that draws a lab, in whatever language."""

    DOCUMENTATION = r"""
options:
  _input:
    description:
      - The topology, as M(tcpip.lab.topology) takes it, a dictionary of lists of items by kind.
      - Or what is there, one of the RV(tcpip.lab.lab_info#module:labs) that M(tcpip.lab.lab_info) returns.
    type: dict
    required: true
  machines:
    description:
      - On which machine each namespace is, by its name, as the filter P(tcpip.lab.placement#filter) tells as C(nodes).
        Each machine is a frame then. A cable between two of them is dashed, since it becomes a VXLAN.
    type: dict
    default: {}
  failed:
    description:
      - The namespaces in which a check has failed, by their names. They are in a colour of their own. The empty name is
        the root namespace.
    type: list
    elements: str
    default: []
notes:
  - Namespaces are boxes, with their interfaces, addresses, bridges and learning switches, and with what is said of
    them, such as address translation, DHCP, forwarding and default routes. Cables are lines. VXLANs are dashed lines
    with their VNI, and macvlan interfaces hang on dotted ones. Ports have their VLANs, and interfaces the MAC
    addresses that were declared. Link-local addresses are left out.
  - The delay, jitter, loss and rate of an interface stand at its end of the line, such as C(100 ms ±10, loss 20 %,
    1 mbit), and concern what it sends.
  - Of what is there it shows what is not as it was declared in one colour, and what was declared and is not there in
    another one. What is in colour has a word, too, which is C(changed), C(missing) or C(failed).
  - The same input gives the same text.
"""
