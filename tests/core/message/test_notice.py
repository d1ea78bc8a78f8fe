"""What notices say, in a webhook and in a mail."""

import json
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from uuid import UUID

import jsonschema_rs
import pytest

from service.core.message import to_bytes
from service.core.message.notice import TYPES, Copy, notice_body, notice_letter
from service.core.message.wording import say
from service.core.sending.notice import NOTICES, Disabled, Failing, Heartbeat, Recovered, place_of

NOW = datetime(2025, 4, 11, 20, tzinfo=UTC)
SINCE = NOW - timedelta(hours=48)
HOOK = place_of("dst_1", "orders", "webhook", "https://hooks.example.com/secret")
BOX = place_of("dst_2", "", "email", "ops@example.org")
COPY = Copy(UUID(int=7), "urn:tariffwire:test", "https://alerts.example/")
SCHEMA = json.loads((files("service.core.message") / "notice.schema.json").read_text("utf-8"))
TROUBLE = {"failures": 12, "last_error": "answered 500", "waiting": 14, "keep_days": 30}


def failing(**more):
    given = {"about": HOOK, "at": NOW, "zone": "Europe/Berlin", "since": SINCE, "percent": 50}
    end = SINCE + timedelta(hours=72)
    return Failing(**given | TROUBLE | {"disabled_at": end} | more)


def disabled(**more):
    given = {"about": HOOK, "at": NOW, "since": None, "disabled_at": NOW, "reason": "it is gone"}
    return Disabled(**given | TROUBLE | more)


def recovered(**more):
    given = {"about": HOOK, "at": NOW, "since": SINCE, "is_enabled": False, "waiting": 0}
    return Recovered(**given | more)


def heartbeat(**more):
    given = {"about": BOX, "at": NOW, "since": SINCE, "lanes": 14, "last_event_at": NOW}
    return Heartbeat(**given | more)


ALL = {
    "failing": failing(),
    "failing without a word": failing(last_error=""),
    "disabled": disabled(),
    "disabled after failing": disabled(since=SINCE),
    "suppressed": disabled(about=BOX, is_suppressed=True),
    "recovered": recovered(),
    "enabled": recovered(is_enabled=True, waiting=3),
    "heartbeat": heartbeat(),
    "out of reach": heartbeat(behind=None),
    "behind": heartbeat(behind=3, stopped=1, muted=2, last_event_at=None),
}


@pytest.mark.parametrize("notice", ALL.values(), ids=ALL)
def test_every_notice_is_as_its_schema_says_and_survives_its_row(notice):
    body = json.loads(to_bytes(notice_body(UUID(int=1), notice, COPY)))
    jsonschema_rs.validator_for(SCHEMA).validate(body)
    assert body["type"] == TYPES[notice.kind]
    assert body["subject"] == f"destination:{notice.about.id}"
    assert body["data"]["delivery"] == str(COPY.delivery_id)
    assert NOTICES.validate_json(NOTICES.dump_json(notice)) == notice


@pytest.mark.parametrize("notice", ALL.values(), ids=ALL)
def test_text_and_html_say_the_same_and_nothing_secret(notice):
    letter = notice_letter(notice, COPY, [("Unsubscribe", "https://alerts.example/m/u/1")])
    said = say(notice)
    for part in (letter.text, letter.html):
        assert "secret" not in part
        assert "https://alerts.example/m/u/1" in part
        for words in (said.summary, said.rest, *(value for _, value in said.facts)):
            assert words.replace("`", "") in part.replace("&#39;", "'").replace("`", "")
        for deed in said.deeds:
            assert deed.command in part
            assert f"{deed.method} https://alerts.example{deed.path}" in part


def test_a_warning_says_all_that_its_reader_needs():
    said = say(failing())
    assert said.subject == (
        "Nothing reaches orders (https://hooks.example.com):"
        " it will be disabled on 12 Apr 2025 22:00 Berlin"
    )
    assert dict(said.facts) == {
        "Destination": "orders (https://hooks.example.com), dst_1",
        "Failing since": "9 Apr 2025 22:00 Berlin",
        "Attempts failed": "12 in a row",
        "Last error": "answered 500",
        "Alerts waiting": "14",
        "Will be disabled": "12 Apr 2025 22:00 Berlin, unless something arrives",
    }
    assert "held, not lost: each for 30 days" in said.rest
    assert [deed.path for deed in said.deeds] == [
        "/v1/destinations/dst_1/test",
        "/v1/destinations/dst_1",
    ]


def test_a_dead_mail_address_is_trusted_again_rather_than_enabled():
    (deed,) = say(disabled(about=BOX, is_suppressed=True)).deeds
    assert (deed.method, deed.path) == ("DELETE", "/v1/suppressions/ops@example.org")
    (deed,) = say(disabled(about=BOX)).deeds
    assert (deed.method, deed.path) == ("PATCH", "/v1/destinations/dst_2")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"behind": None}, "the event log is out of reach"),
        ({"behind": 3}, "up to 3 events came in that are not worked up yet"),
        ({"stopped": 2}, "2 changes wait for the word of an operator"),
        ({"muted": 2}, "2 alerts were kept quiet, as was asked for"),
    ],
)
def test_a_heartbeat_claims_nothing_that_is_not_known(more, said):
    doubtful = say(heartbeat(**more))
    assert "Nothing changed" not in doubtful.subject + doubtful.summary
    assert said in doubtful.summary


def test_a_heartbeat_tells_a_quiet_world_from_a_silent_source():
    assert (
        say(heartbeat()).summary == "Nothing changed in your 14 lanes since 9 Apr 2025 20:00 UTC."
    )
    assert "none has" not in dict(say(heartbeat()).facts)["Last event"]
    old = say(heartbeat(lanes=1, last_event_at=SINCE - timedelta(days=3)))
    assert "in your 1 lane since" in old.subject
    assert dict(old.facts)["Last event"] == "6 Apr 2025 20:00 UTC: none has come in since"
