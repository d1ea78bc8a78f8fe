"""Delivery reports as servers write them, and what else lands in their mailbox."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.sending.report import Report, read_report

ID = UUID("0196d0c4-58a0-5000-8000-000000000001")
REFUSED = "smtp; 550 5.1.1 <desk@importer.example>: user unknown"


def report(
    *,
    status="5.1.1",
    action="failed",
    diagnostic=f"Diagnostic-Code: {REFUSED}\r\n",
    returned=f"Content-Type: message/rfc822\r\n\r\nMessage-ID: <{ID}@alerts.example>\r\n\r\nbody",
    kind="multipart/report; report-type=delivery-status",
    to="bounce@alerts.example",
    more="",
):
    return (
        f"From: MAILER-DAEMON@mx.example\r\nTo: {to}\r\nSubject: Undelivered\r\n{more}"
        f'MIME-Version: 1.0\r\nContent-Type: {kind}; boundary="cut"\r\n\r\n'
        "--cut\r\n\r\nWe are sorry.\r\n"
        "--cut\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; desk@importer.example\r\nAction: {action}\r\n"
        f"Status: {status}\r\n{diagnostic}"
        f"\r\n--cut\r\n{returned}\r\n--cut--\r\n"
    ).encode()


def test_a_report_names_the_mail_and_why():
    assert read_report(report()) == Report(ID, "5.1.1", REFUSED)


def test_only_the_headers_may_have_come_back():
    headers = f"Content-Type: text/rfc822-headers\r\n\r\nMessage-ID: <{ID}@alerts.example>\r\nX: y"
    assert read_report(report(returned=headers)) == Report(ID, "5.1.1", REFUSED)


@pytest.mark.parametrize(
    "more",
    [
        {"to": f"bounce+{ID}@alerts.example"},
        {"more": f"Delivered-To: bounce+{ID}@alerts.example\r\n"},
        {"more": f"X-Original-To: <bounce+{ID}@alerts.example>\r\n"},
        {"more": f"In-Reply-To: <{ID}@alerts.example>\r\n"},
    ],
    ids=str,
)
def test_without_the_mail_it_is_known_by_where_it_came_back_to(more):
    nothing = "Content-Type: text/plain\r\n\r\nthe original was left out"
    assert read_report(report(returned=nothing, **more)) == Report(ID, "5.1.1", REFUSED)


@pytest.mark.parametrize(
    "more",
    [
        {"to": '"'},
        {"more": "Message-ID: <>\r\n"},
        {"more": "Delivered-To: <\r\nIn-Reply-To: [\r\n"},
        {"diagnostic": f"Diagnostic-Code: {REFUSED}\x00\r\n"},
    ],
    ids=str,
)
def test_headers_that_are_broken_hide_no_failure(more):
    assert read_report(report(**more)) == Report(ID, "5.1.1", REFUSED)


def test_a_diagnosis_may_be_folded_or_absent():
    folded = "Diagnostic-Code: smtp; 550 5.1.1\r\n  user\r\n  unknown\r\n"
    assert read_report(report(diagnostic=folded)).diagnostic == "smtp; 550 5.1.1 user unknown"
    assert read_report(report(diagnostic="")).diagnostic == ""


@pytest.mark.parametrize(
    "raw",
    [
        report(action="delayed"),
        report(action="delivered"),
        report(kind="multipart/mixed"),
        report(returned="Content-Type: text/plain\r\n\r\nnothing"),
        report(returned="Content-Type: message/rfc822\r\n\r\nMessage-ID: <a@b.example>\r\n\r\n"),
        b"From: desk@importer.example\r\nAuto-Submitted: auto-replied\r\n"
        b"Subject: I am away\r\nIn-Reply-To: <" + str(ID).encode() + b"@alerts.example>\r\n\r\nHi",
        (
            b"Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\n"
            b"Content-Type: message/delivery-status\r\n\r\n--x--"
        ),
        b"Content-Type: multipart/report; report-type=disposition-notification\r\n\r\nread",
        b"",
        bytes(range(256)),
    ],
    ids=lambda raw: str(raw[:30]),
)
def test_what_is_no_failure_of_ours_is_left_alone(raw):
    assert read_report(raw) is None


@given(st.binary(max_size=300))
def test_nothing_that_is_sent_to_it_breaks_it(junk):
    read_report(junk)
    read_report(report(returned=junk.decode("latin-1")))
    read_report(report().replace(b"failed", junk))
