"""The letter: text and HTML that say the same, nothing unescaped, no header that breaks out."""

import email
import html
import re
from dataclasses import replace
from datetime import UTC, datetime
from email import policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.event import Handling
from service.core.message.letter import BadHeader, Letter, compose, letter
from tests.core.builders import TRACK, claim, entry, measure, replay, step
from tests.core.message.golden.written import ADDRESSED, TOLD, change_of, changes_of_2025, expect

DATE = datetime(2025, 4, 9, 12, tzinfo=UTC)
SENDER = "Tariffwire <alerts@example.org>"
SMALL = Letter("84 % → 125 %", "text\n", "<p>text</p>\n")


def last(*events, subject="measure:us-test-cn"):
    entries = [entry(one, f"2025-04-{place + 2:02}") for place, one in enumerate(events)]
    change = replay(entries, subject)[1][-1].change
    assert change is not None
    return change


def composed(written=SMALL, sender=SENDER, recipient="buyer@example.com", headers=None, **named):
    raw = compose(
        written,
        sender,
        recipient,
        **{"message_id": "a.1@example.org", "date": DATE, "headers": headers or {}} | named,
    )
    return email.message_from_bytes(raw, policy=policy.default)


def words_of(page):
    """What a reader of the HTML sees, white space aside."""
    body = page.partition("<body")[2].partition(">")[2]
    plain = re.sub(r"</?q[^>]*>", '"', body)
    return html.unescape(re.sub(r"<[^>]+>", " ", plain)).replace('"', "").split()


def test_the_letter_is_as_written_down():
    written = letter(change_of("us-cn-recip-125"), ADDRESSED)
    expect("letter_us-cn-recip-125.txt", f"Subject: {written.subject}\n\n{written.text}")
    expect("letter_us-cn-recip-125.html", written.html)


@pytest.mark.parametrize("change", changes_of_2025(), ids=lambda one: one.event[1])
def test_text_and_html_say_the_same(change):
    written = letter(change, ADDRESSED)
    seen = words_of(written.html)
    said = re.sub(r"https?://\S+", " ", written.text).replace('"', "")
    said = re.sub(r"(?m)^- |^\*\*\* | \*\*\*$", "", said).replace("Full record:", "Full record")
    assert [word.strip(":") for word in said.split()] == [
        word.strip(":") for word in seen if word != ":"
    ]
    assert written.text.splitlines()[0] in html.unescape(written.html)


def test_why_you_got_it_is_told_with_its_doubts():
    told = replace(TOLD, possible=True, six_digits=True)
    written = letter(last(measure("m", rate="9")), replace(ADDRESSED, matched=(told,) * 12))
    assert (
        "- Everything of China: it is on goods of China; only possibly yours; compared on"
        in written.text
    )
    assert "and 2 more of your subscriptions" in written.text
    assert "and 2 more of your subscriptions" in written.html


def test_sources_are_linked_quoted_and_counted():
    evidence = [
        {
            "kind": "press_report",
            "publisher": "The Wire",
            "title": "Duties up",
            "url": "https://w.example/1",
            "quote": "They go <up>.",
        },
        *({"kind": "social_post"} for _ in range(9)),
    ]
    written = letter(last(measure("m", rate="9", evidence=evidence)), ADDRESSED)
    assert (
        '- The Wire: Duties up\n  https://w.example/1\n  "They go <up>."\n- social post\n'
        in written.text
    )
    assert '<a href="https://w.example/1">The Wire: Duties up</a>' in written.html
    assert "They go &lt;up&gt;." in written.html
    assert "- and 2 more: see the full record" in written.text


def test_what_is_payable_is_said_where_it_moves_and_where_it_stays():
    law = measure("m", rate="9", effective_at="2025-04-01")
    raised = letter(
        last(law, measure("n", "increased", rate="10", effective_at="2025-04-02")), ADDRESSED
    )
    report = letter(
        last(law, measure("r", "increased", rate="99", certainty="reported")), ADDRESSED
    )
    assert "\nPayable: 9 % → 10 %\n" in raised.text
    assert "\nPayable: 9 %, unchanged\n" in report.text


def test_without_a_source_the_letter_says_so():
    assert "- no source was given" in letter(last(measure("m", rate="9")), ADDRESSED).text


@pytest.mark.parametrize(
    ("mode", "mark", "banner"),
    [
        (Handling.TEST, "[TEST] US duty", "*** TEST: nothing has changed ***"),
        (Handling.SIMULATED, "[SIMULATED] US duty", "*** SIMULATED: replayed from the past"),
        (Handling.LIVE, "US duty", "US duty"),
    ],
)
def test_what_is_not_live_says_so_before_anything_else(mode, mark, banner):
    written = letter(replace(last(measure("m", rate="9")), mode=mode), ADDRESSED)
    assert written.subject.startswith(mark)
    assert written.text.startswith(banner)


def test_a_test_has_no_place_in_the_count_and_a_first_alert_follows_none():
    change = replace(last(measure("m", rate="9")), sequence=0)
    written = letter(change, replace(ADDRESSED, previous_alert=None))
    assert "\nmeasure:us-test-cn. Alert 00000000-" in written.text


def test_a_verdict_is_worded_for_who_never_heard_of_the_claim():
    change = last(measure("m", rate="9", certainty="reported"), claim("v", "m", "denied"))
    assert letter(change, ADDRESSED).text.startswith("Denied by")
    assert letter(change, replace(ADDRESSED, told_before=False)).text.startswith(
        "Report, denied by"
    )


def test_a_step_is_dated_where_its_first_party_is():
    change = last(step("s", "framework", occurs_at="2025-04-05T12:00:00+00:00"), subject=TRACK)
    assert "Takes effect" not in letter(change, ADDRESSED).text
    assert "On: 5 Apr 2025 08:00 New York" in letter(change, ADDRESSED).text


HOSTILE = '<script>alert("x")</script>&\r\nBcc: all@example.org'


def test_nothing_that_an_event_or_a_receiver_says_reaches_the_html_unescaped():
    event = measure(
        "m",
        duty={"text": HOSTILE},
        programme=HOSTILE,
        product={"scope": "described", "text": HOSTILE},
        citations=[{"kind": "other", "number": HOSTILE, "url": 'https://x.example/"onclick="y'}],
        evidence=[
            {"kind": "press_report", "publisher": HOSTILE, "title": HOSTILE, "quote": HOSTILE}
        ],
    )
    told = replace(TOLD, name=HOSTILE, reason=HOSTILE)
    written = letter(last(event), replace(ADDRESSED, matched=(told,)))
    assert "<script" not in written.html
    assert 'onclick="' not in written.html
    assert "\nBcc:" not in written.text
    assert "\n" not in written.subject


@given(st.text(min_size=1, max_size=200))
def test_tags_in_the_html_are_ours_whatever_is_said(text):
    plain, odd = (
        letter(
            last(measure("m", programme="p", product={"scope": "described", "text": said})),
            ADDRESSED,
        )
        for said in ("goods", text)
    )
    assert re.findall(r"<[^>]*>", odd.html.partition("<body")[2]) == re.findall(
        r"<[^>]*>", plain.html.partition("<body")[2]
    )


def test_a_message_has_both_parts_and_the_headers_given():
    written = letter(change_of("us-cn-recip-125"), ADDRESSED)
    message = composed(written, headers={"List-Unsubscribe": "<https://example.org/u/1>"})
    assert message["Subject"] == written.subject
    assert message["From"] == SENDER
    assert message["To"] == "buyer@example.com"
    assert message["Message-ID"] == "<a.1@example.org>"
    assert message["List-Unsubscribe"] == "<https://example.org/u/1>"
    assert message["Date"].datetime == DATE
    assert message.get_content_type() == "multipart/alternative"
    text, page = message.iter_parts()
    assert text.get_content().splitlines() == written.text.splitlines()
    assert page.get_content().splitlines() == written.html.splitlines()


def test_the_same_letter_makes_the_same_bytes():
    same = [
        compose(SMALL, SENDER, "b@example.com", message_id="a@b.c", date=DATE, headers={})
        for _ in "12"
    ]
    assert same[0] == same[1]
    assert all(len(line) <= 998 for line in same[0].split(b"\r\n"))


@pytest.mark.parametrize(
    "bad",
    [
        {"recipient": "a@example.com\r\nBcc: b@example.com"},
        {"recipient": "a@example.com, b@example.com"},
        {"recipient": ""},
        {"recipient": "nobody"},
        {"sender": "A\n <a@example.com>"},
        {"sender": "a@b@c"},
        {"message_id": "a@b>\r\nBcc: c"},
        {"message_id": "no-at-sign"},
        {"headers": {"X-A": "1\r\nBcc: b@example.com"}},
        {"headers": {"X A": "1"}},
        {"headers": {"Subject": "another"}},
        {"headers": {"bcc": "b@example.com"}},
        {"headers": {"X-A": "1", "x-a": "2"}},
    ],
    ids=str,
)
def test_a_header_that_breaks_out_is_refused(bad):
    with pytest.raises(BadHeader):
        composed(**bad)


@given(st.text(max_size=400))
def test_no_subject_starts_another_header(subject):
    message = composed(Letter(subject, "t", "h"))
    assert message["Bcc"] is None
    assert [part.get_content().strip() for part in message.iter_parts()] == ["t", "h"]
