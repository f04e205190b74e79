# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What testinfra has to see of a namespace. ``connected.py`` gives it to pytest, with the hosts and the user."""

from __future__ import annotations

import os
import typing as t

import pytest
import testinfra

if t.TYPE_CHECKING:
    from testinfra.host import Host

USER, MISSING = os.environ["EXPECTED_USER"], os.environ["MISSING_HOST"]
WORDS = "grüße, ★, $HOME, `id`, %s ' and \""


def test_it_is_that_namespace(host: Host) -> None:
    name = host.check_output("ip netns identify")
    assert host.backend.get_pytest_id().endswith(f"/{name}")
    (address,) = host.interface("veth0", "inet").addresses
    assert address == {"ns1": "192.0.2.1", "ns2": "192.0.2.2"}[name]


def test_words_and_exit_codes_come_as_they_were_sent(host: Host) -> None:
    command = host.run("printf %s %s; echo to stderr >&2; exit 125", "%s", WORDS)
    assert (command.rc, command.stdout, command.stderr) == (125, WORDS, "to stderr\n")


def test_it_is_the_user_who_asks(host: Host) -> None:
    assert host.user().name == USER


@pytest.mark.skipif(USER == "root", reason="is root already")
def test_sudo_stays_in_the_namespace(host: Host) -> None:
    with host.sudo():
        assert host.user().name == "root"
        assert host.backend.get_pytest_id().endswith(host.check_output("ip netns identify"))


def test_one_that_is_not_there_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="there is no network namespace ns9"):
        testinfra.get_host(MISSING).run("true")
