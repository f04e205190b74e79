# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what ping(8) prints."""

from __future__ import annotations

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils.checks import ping
from ansible_collections.tcpip.lab.plugins.module_utils.checks.kinds.ping import Ping
from ansible_collections.tcpip.lab.plugins.module_utils.checks.model import parse
from ansible_collections.tcpip.lab.plugins.module_utils.errors import LabError
from hypothesis import given
from hypothesis import strategies as st

END = ["", "--- x ping statistics ---"]


def _lost(errors: int = 0) -> list[str]:
    extra = f" +{errors} errors," if errors else ""
    return [*END, f"3 packets transmitted, 0 received,{extra} 100% packet loss, time 33ms", ""]


def _outcome(*lines: str, wanted: int = 3) -> tuple[str, str, str]:
    result = ping.outcome(ping.read_transcript(lines), wanted)
    return result.kind, result.got, result.by


@pytest.mark.parametrize(
    "line",
    [
        "64 bytes from 198.51.100.1: icmp_seq={n} ttl=63 time=0.156 ms",
        "64 bytes from 2001:db8:2::1: icmp_seq={n} ttl=63 time=0.054 ms",
        "64 bytes from fe80::fe%ns1-veth0: icmp_seq={n} ttl=63 time=0.054 ms",
        "64 bytes from ns2 (198.51.100.1): icmp_seq={n} ttl=63 time=0.156 ms",
        "8 bytes from 198.51.100.1: icmp_seq={n} ttl=63",
    ],
)
def test_replies(line: str) -> None:
    assert _outcome(*(line.format(n=n) for n in (1, 2, 3))) == ("reply", "3 of 3 replies, ttl 63", "")


def test_some_replies_are_a_loss() -> None:
    reply = "64 bytes from 198.51.100.1: icmp_seq=1 ttl=63 time=0.156 ms"
    twice = reply.replace("ms", "ms (DUP!)")
    summary = "3 packets transmitted, 1 received, +1 duplicates, 66.6667% packet loss, time 30ms"
    assert _outcome(reply, twice, summary) == ("loss", "1 of 3 replies, ttl 63", "")


def test_silence() -> None:
    kind, got, _by = _outcome("PING 198.51.100.1 (198.51.100.1) 56(84) bytes of data.", *_lost())
    assert (kind, got) == ("silence", "silence: 3 sent, no answer of any kind")


@pytest.mark.parametrize(
    ("line", "kind", "got", "by"),
    [
        ("ping: connect: Network is unreachable", "network_unreachable", "Network is unreachable", ""),
        ("connect: Network is unreachable", "network_unreachable", "Network is unreachable", ""),
        ("ping: sendmsg: Network is unreachable", "network_unreachable", "Network is unreachable", ""),
        (
            "From 192.0.2.254 icmp_seq=1 Destination Net Unreachable",
            "destination_net_unreachable",
            "Destination Net Unreachable from 192.0.2.254",
            "192.0.2.254",
        ),
        (
            "From 2001:db8:1::fe icmp_seq=1 Destination unreachable: No route",
            "destination_net_unreachable",
            "Destination unreachable: No route from 2001:db8:1::fe",
            "2001:db8:1::fe",
        ),
        (
            "From 192.0.2.254: icmp_seq=1 Destination Host Unreachable",
            "destination_host_unreachable",
            "Destination Host Unreachable from 192.0.2.254",
            "192.0.2.254",
        ),
        (
            "From 2001:db8:1::fe icmp_seq=1 Destination unreachable: Address unreachable",
            "destination_host_unreachable",
            "Destination unreachable: Address unreachable from 2001:db8:1::fe",
            "2001:db8:1::fe",
        ),
        (
            "From fe80::1%ns1-veth0 icmp_seq=1 Destination unreachable: Address unreachable",
            "destination_host_unreachable",
            "Destination unreachable: Address unreachable from fe80::1",
            "fe80::1",
        ),
        (
            "From 192.0.2.254 icmp_seq=1 Destination Port Unreachable",
            "destination_port_unreachable",
            "Destination Port Unreachable from 192.0.2.254",
            "192.0.2.254",
        ),
        ("From 192.0.2.254 icmp_seq=1 Packet filtered", "filtered", "Packet filtered from 192.0.2.254", "192.0.2.254"),
        (
            "From 192.0.2.254 icmp_seq=1 Time to live exceeded",
            "ttl_exceeded",
            "Time to live exceeded from 192.0.2.254",
            "192.0.2.254",
        ),
        (
            "From 192.0.2.254 icmp_seq=1 Frag needed and DF set (mtu = 1400)",
            "message_too_long",
            "Frag needed and DF set (mtu = 1400) from 192.0.2.254",
            "192.0.2.254",
        ),
        ("ping: local error: message too long, mtu=1500", "message_too_long", "message too long, mtu=1500", ""),
        ("ping: local error: Message too long, mtu: 1400", "message_too_long", "Message too long, mtu: 1400", ""),
        (
            "From 2001:db8:1::fe icmp_seq=1 Packet too big: mtu=1400",
            "message_too_long",
            "Packet too big: mtu=1400 from 2001:db8:1::fe",
            "2001:db8:1::fe",
        ),
        ("ping: bind: Cannot assign requested address", "error", "Cannot assign requested address", ""),
    ],
)
def test_errors(line: str, kind: str, got: str, by: str) -> None:
    assert _outcome(line, *_lost(errors=1)) == (kind, got, by)


def test_the_first_error_counts() -> None:
    """A path MTU is learned from the router's error; the local ones follow from it."""
    first = "From 192.0.2.254 icmp_seq=1 Frag needed and DF set (mtu = 1400)"
    assert _outcome(first, "ping: local error: message too long, mtu=1400", *_lost(2))[2] == "192.0.2.254"


def test_a_redirect_is_no_error() -> None:
    assert _outcome("From 192.0.2.254 icmp_seq=1 Redirect Host(New nexthop: 192.0.2.253)", *_lost())[0] == "silence"


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["ping: invalid argument: '0.01'"],
        ["ping: socktype: SOCK_RAW", "ping: socket: Operation not permitted"],
        # Words of another language are not taken for silence or success: LC_ALL=C is missing.
        ["64 Bytes von 198.51.100.1: icmp_seq=1 ttl=63 Zeit=0,1 ms"],
        ["3 Pakete übertragen, 0 empfangen, 100% Paketverlust, Zeit 30ms"],
    ],
)
def test_what_is_no_ping_is_an_error(lines: list[str]) -> None:
    with pytest.raises(LabError, match="ping did not work"):
        _outcome(*lines)


def _ping(**options: object) -> Ping:
    (check,) = parse([{"ping": {"from": "ns1", "to": "198.51.100.1", **options}}])
    assert isinstance(check.subject, Ping)
    return check.subject


@pytest.mark.parametrize(
    ("options", "line", "ok"),
    [
        ({"count": 1}, "64 bytes from 198.51.100.1: icmp_seq=1 ttl=63", True),
        ({"count": 1, "ttl": 63}, "64 bytes from 198.51.100.1: icmp_seq=1 ttl=63", True),
        ({"count": 1, "ttl": 64}, "64 bytes from 198.51.100.1: icmp_seq=1 ttl=63", False),
        ({"expect": "silence"}, "64 bytes from 198.51.100.1: icmp_seq=1 ttl=63", False),
        ({"expect": "silence"}, "From 192.0.2.254 icmp_seq=1 Destination Net Unreachable", False),
        ({"expect": "silence"}, "3 packets transmitted, 0 received, 100% packet loss, time 30ms", True),
        ({"expect": "network_unreachable"}, "From 192.0.2.254 icmp_seq=1 Destination Net Unreachable", False),
        ({"expect": "destination_net_unreachable"}, "From 192.0.2.254 icmp_seq=1 Destination Net Unreachable", True),
        (
            {"expect": "destination_net_unreachable", "by": "192.0.2.253"},
            "From 192.0.2.254 icmp_seq=1 Destination Net Unreachable",
            False,
        ),
    ],
)
def test_verdict(options: dict[str, object], line: str, ok: bool) -> None:
    wanted = _ping(**options)
    transcript = ping.read_transcript([line])
    assert wanted.met_by(transcript, ping.outcome(transcript, 1)) is ok


def test_the_command_takes_everything_as_an_argument() -> None:
    words = ping.command(_ping(source="192.0.2.1", size=1472, df=True), 3, 0.01, 1.0)
    assert words == [
        *("ping", "-4", "-n", "-c", "3", "-s", "1472", "-i", "0.01", "-W", "1.0", "-M", "do", "-I", "192.0.2.1"),
        "198.51.100.1",
    ]


def test_an_interface_to_send_by() -> None:
    assert ping.command(_ping(dev="gw-veth0"), 3, 0.01, 1.0)[-3:] == ["-I", "gw-veth0", "198.51.100.1"]


PIECES = st.sampled_from(
    [
        "64 bytes from ", "From ", "icmp_seq=", "ttl=", "ping: ", "connect: ", "local error: ", "9" * 30, "²", ":", " ",
        "packets transmitted, ", "received", "Network is unreachable", "(DUP!)", "Redirect", "192.0.2.1",
    ]
)  # fmt: skip


@given(st.lists(st.lists(PIECES | st.text(max_size=5), max_size=8).map("".join) | st.text(), max_size=6))
def test_any_text_is_read_without_a_fault(lines: list[str]) -> None:
    transcript = ping.read_transcript(lines)
    try:
        ping.outcome(transcript, 3)
    except LabError:
        assert not transcript.replies
        assert not transcript.errors
