# Copyright: Contributors to the tcpip.lab collection
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages of DNS, byte by byte as RFC 1035 has them, and what is none."""

from __future__ import annotations

import pytest
from ansible_collections.tcpip.lab.plugins.module_utils.checks import dns, dnsmessage, model
from ansible_collections.tcpip.lab.plugins.module_utils.checks.dnsmessage import Record
from ansible_collections.tcpip.lab.plugins.module_utils.checks.kinds.dns import Dns
from hypothesis import given
from hypothesis import strategies as st

#: Number 0x1234, recursion desired, one question: A of www.example.com in class IN.
QUERY = bytes.fromhex("1234 0100 0001 0000 0000 0000 03777777 07 6578616d706c65 03 636f6d 00 0001 0001")
QUESTION = QUERY[12:]
#: Its name points to the question's.
ADDRESS = bytes.fromhex("c00c 0001 0001 0000000a 0004 c0000250")


def response(flags: int = 0x8580, answers: bytes = ADDRESS, number: int = 1, question: bytes = QUESTION) -> bytes:
    return bytes.fromhex(f"1234 {flags:04x} 0001 {number:04x} 0000 0000") + question + answers


def test_a_query() -> None:
    assert dnsmessage.query(0x1234, "www.example.com", "A") == QUERY
    assert dnsmessage.query(0x1234, "www.example.com.", "A") == QUERY
    assert dnsmessage.query(0x1234, "www.example.com", "AAAA")[-4:] == bytes.fromhex("001c 0001")


@pytest.mark.parametrize("name", ["", ".", "a..b", ".a", "a" * 64, ".".join(["a" * 63] * 4), "a b", "ä.example"])
def test_no_name(name: str) -> None:
    with pytest.raises(ValueError, match="is not a name"):
        dnsmessage.encode_name(name)


def test_the_longest_name() -> None:
    assert len(dnsmessage.encode_name(".".join(["a" * 63] * 3 + ["a" * 61]))) == 255


def test_an_answer() -> None:
    found = dnsmessage.read(response(), QUERY)
    assert (found.code, found.flags) == ("NOERROR", ("aa", "rd", "ra"))
    assert found.answers == (Record("www.example.com.", 10, "A", "192.0.2.80"),)
    assert dns.outcome(found, "x").evidence[1] == "www.example.com. 10 IN A 192.0.2.80"


def test_several_records_one_of_another_type() -> None:
    alias = bytes.fromhex("c00c 0005 0001 0000000a 0006 03667470 c010")
    six = bytes.fromhex("03667470 c010 001c 0001 0000000a 0010 20010db8000000000000000000000080")
    found = dnsmessage.read(response(answers=alias + six + ADDRESS, number=3), QUERY)
    assert [record.line() for record in found.answers] == [
        r"www.example.com. 10 IN TYPE5 \# 6 03667470c010",
        "ftp.example.com. 10 IN AAAA 2001:db8::80",
        "www.example.com. 10 IN A 192.0.2.80",
    ]


@pytest.mark.parametrize(
    ("flags", "kind", "got"),
    [
        (0x8583, "nxdomain", "NXDOMAIN without an answer"),
        (0x8585, "answer", "REFUSED without an answer"),
        (0x8580, "answer", "NOERROR without an answer"),
        (0x858B, "answer", "RCODE11 without an answer"),
        (0x8780, "answer", "NOERROR, truncated"),
    ],
)
def test_how_a_response_ends(flags: int, kind: str, got: str) -> None:
    found = dns.outcome(dnsmessage.read(response(flags, b"", 0), QUERY), "x")
    assert (found.kind, found.got) == (kind, got)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (b"", "ends too early, after 0 bytes"),
        (response()[:-1], "ends too early, after 48 bytes"),
        (response(number=2), "ends too early"),
        (b"\0" + response()[1:], "no response to the query"),
        (response(flags=0x0100), "no response to the query"),
        (response(question=QUESTION.replace(b"www", b"wwx")), "repeats another question"),
        (response(answers=b"\xc0\x21" + ADDRESS[2:]), "a name in the message does not point back"),
        (response(answers=b"\x80\x0c" + ADDRESS[2:]), "a label of an unknown kind"),
        (response(answers=ADDRESS[:10] + b"\0\3abc"), "3 != 4"),
    ],
)
def test_no_response(message: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        dnsmessage.read(message, QUERY)


@given(st.binary(max_size=60), st.integers(0, 3))
def test_any_bytes_are_read_or_refused(answers: bytes, number: int) -> None:
    try:
        found = dnsmessage.read(response(answers=answers, number=number), QUERY)
    except ValueError:
        return
    assert len(found.answers) == number


@pytest.mark.parametrize(
    ("flags", "met"), [(0x8580, True), (0x8780, False), (0x8583, False)], ids=["whole", "truncated", "NXDOMAIN"]
)
def test_when_an_answer_is_as_expected(flags: int, met: bool) -> None:
    (check,) = model.parse([{"dns": {"to": "192.0.2.2", "name": "www.example.com", "answers": ["192.0.2.80"]}}])
    assert isinstance(check.subject, Dns)
    assert check.subject.met_by(dnsmessage.read(response(flags), QUERY)) is met
