"""Several changes in one message: the worst first, nothing left out in silence."""

import html
import json
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import jsonschema_rs
import pytest

from service.core.change import Severity
from service.core.event import Handling
from service.core.message import prepare, to_bytes
from service.core.message.body import LONGEST_BODY, Told
from service.core.message.digest import (
    MOST_IN_MAIL,
    Bundle,
    Member,
    digest_body,
    digest_letter,
)
from service.core.message.letter import Doors
from tests.core.message.golden.written import ADDRESSED, TOLD, change_of, changes_of_2025, expect
from tests.core.message.test_alert_schema import SCHEMA
from tests.core.message.test_letter import words_of

AT = datetime(2025, 4, 11, 7, tzinfo=UTC)
DOORS = Doors("https://w.example/a/1", "https://w.example/m/p", "https://w.example/m/u")
SAID = ("us-cn-50-threat", "us-cn-recip-125", "us-annex1-suspended/vn")


def member(change, number=0, matched=(TOLD,), previous=None):
    return Member(prepare(change), UUID(int=100 + number), matched, previous)


def bundle_of(changes, cause="digest:2025-04-11", more=0, **members):
    ranks = list(Severity)
    ordered = sorted(changes, key=lambda one: ranks.index(one.severity))
    many = Counter(one.severity.value for one in ordered)
    many[ordered[-1].severity.value] += more
    return Bundle(
        cause,
        many,
        tuple(member(one, number, **members) for number, one in enumerate(ordered)),
        AT,
    )


WEEK = bundle_of([change_of(one) for one in SAID])


def body_of(bundle, addressed=ADDRESSED):
    return json.loads(to_bytes(digest_body(bundle, addressed)))


def letter_of(bundle, doors=None):
    pages = {one.change.id: f"https://w.example/a/{one.change.id}" for one in bundle.members}
    return digest_letter(bundle, ADDRESSED, pages, doors)


def test_the_digest_is_as_written_down():
    written = letter_of(WEEK, DOORS)
    expect("digest.txt", f"Subject: {written.subject}\n\n{written.text}")
    expect("digest.html", written.html)
    expect("digest.json", json.dumps(body_of(WEEK), indent=1, ensure_ascii=False) + "\n")


def test_every_change_of_a_year_at_once_is_as_the_schema_says_and_small():
    for many in (1, 2, 7, len(changes_of_2025())):
        body = body_of(bundle_of(changes_of_2025()[:many]))
        jsonschema_rs.validator_for(SCHEMA).validate(body)
        assert len(to_bytes(body)) < LONGEST_BODY
        data = body["data"]
        assert data["count"] == sum(data["severities"].values()) == many
        assert len(data["changes"]) + data.get("changes_more", 0) == many
    assert data["changes_more"] > 0
    assert data["href"] == f"https://tariffwire.example/v1/deliveries/{UUID(int=1)}"


def test_a_schema_refuses_a_digest_without_its_changes():
    body = body_of(WEEK)
    del body["data"]["changes"]
    with pytest.raises(jsonschema_rs.ValidationError, match="changes"):
        jsonschema_rs.validator_for(SCHEMA).validate(body)


def test_each_change_says_what_its_own_alert_would_have_said():
    one = body_of(WEEK)["data"]["changes"][0]
    own = prepare(change_of("us-cn-recip-125"))
    assert one["summary"] == own.summaries[1 if own.change.assessment else 0]
    assert one["delivery"] == str(UUID(int=100))
    assert one["effective_at"] == own.data["effective_at"]
    assert one["matched"][0]["reason"] == TOLD.reason
    assert one["href"].endswith(f"/v1/changes/{own.change.id}")


def test_many_and_long_reasons_are_shortened_and_said_to_be():
    long = Told("sub", "n" * 900, "r" * 900)
    data = body_of(bundle_of([change_of(one) for one in SAID], matched=(long,) * 5))["data"]
    assert data["changes"][0]["matched_more"] >= 3
    assert data["shortened"][0].startswith("changes[0].")


@pytest.mark.parametrize(
    ("cause", "head"),
    [
        ("digest:2025-04-11", "3 tariff changes in your digest of 11 Apr 2025"),
        ("quiet:2025-04-11T06:30", "3 tariff changes from your quiet hours"),
        ("cap:2025-04-11T14", "3 tariff changes beyond your hourly limit"),
        ("instrument:executive_order:EO 14266", "3 tariff changes by EO 14266"),
    ],
)
def test_the_heading_says_why_they_come_together(cause, head):
    bundle = replace(WEEK, cause=cause)
    written = letter_of(bundle)
    assert written.text.startswith(f"{head}\n")
    assert html.escape(head) in written.html
    assert body_of(bundle)["data"]["summary"].startswith(f"{head}: US duty on goods of China")
    law = " by EO 14266" if cause.startswith("instrument") else ""
    assert written.subject.startswith(f"3 tariff changes{law}, ")


def test_the_subject_is_one_line_that_counts_and_says_the_worst():
    written = letter_of(WEEK)
    start = "3 tariff changes, 1 critical: US duty on goods of China, Hong Kong and Macau: 84 % →"
    assert written.subject.startswith(f"{start} 125 % from 10 Apr 2025")
    calm = letter_of(bundle_of([change_of(SAID[0])]))
    assert calm.subject.startswith("1 tariff change: Threat, not law: US duty")
    played = replace(change_of(SAID[0]), mode=Handling.SIMULATED)
    assert letter_of(bundle_of([played])).subject.startswith("[SIMULATED] 1 tariff change: ")


@pytest.mark.parametrize("doors", [None, DOORS])
@pytest.mark.parametrize("more", [0, 5])
def test_text_and_html_say_the_same(doors, more):
    written = letter_of(bundle_of([change_of(one) for one in SAID], more=more), doors)
    said = re.sub(r"https?://\S+|(?m:^\d+\. )", " ", written.text).split()
    seen = words_of(written.html)
    unsaid = {"takes", "effect", "change", "why", "you", "got", "this"}
    plain = [[word.strip(":").lower() for word in words] for words in (said, seen)]
    assert Counter(w for w in plain[0] if w not in unsaid) == Counter(
        w for w in plain[1] if w not in unsaid
    )


def test_a_long_mail_ends_before_it_is_cut_off_and_says_so():
    written = letter_of(bundle_of(changes_of_2025()), DOORS)
    assert len(written.html.encode()) < 102_000
    assert f"And {len(changes_of_2025()) - MOST_IN_MAIL} more" in written.text
    assert DOORS.unsubscribe in written.html
    assert "/v1/deliveries/" in written.html


def test_whatever_a_subscription_is_called_stays_text():
    evil = replace(TOLD, name="<img src=x>\nX: y")
    written = letter_of(bundle_of([change_of(SAID[0])], matched=(evil, TOLD)))
    assert "<img" not in written.html
    assert "; and 1 more" in written.text


def test_a_verdict_is_worded_for_who_heard_of_the_claim():
    verdict = next(one for one in changes_of_2025() if one.assessment and one.previous)
    told = body_of(bundle_of([verdict], previous=UUID(int=5)))["data"]["changes"][0]
    new = body_of(bundle_of([verdict]))["data"]["changes"][0]
    assert told["previous_alert"] == str(UUID(int=5))
    assert new["previous_alert"] is None
    assert told["summary"] != new["summary"]
