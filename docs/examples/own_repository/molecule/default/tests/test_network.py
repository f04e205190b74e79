# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be seen of the network."""

import testinfra

CLIENT, GATEWAY = testinfra.get_host("netns://client"), testinfra.get_host("netns://gateway")


def test_the_gateway_forwards() -> None:
    assert GATEWAY.sysctl("net.ipv4.ip_forward") == 1


def test_the_client_reaches_the_service_by_one_router() -> None:
    assert "ttl=63" in CLIENT.check_output("ping -c 1 -W 10 203.0.113.1")
