"""What is said of codes that change, in a webhook and in a mail."""

import json
from datetime import UTC, date, datetime
from importlib.resources import files
from uuid import UUID

import jsonschema_rs
import pytest

from service.core.message import to_bytes
from service.core.message.notice import Copy, notice_body, notice_letter
from service.core.message.succession import say_code_change
from service.core.sending.notice import (
    NOTICES,
    ChangedCode,
    CodeChanged,
    NamedCode,
    place_of,
    subject_of,
)

SCHEMA = json.loads((files("service.core.message") / "notice.schema.json").read_text("utf-8"))
COPY = Copy(UUID(int=7), "urn:tariffwire:test", "https://alerts.example/")
CARS = "Vehicles; with only spark-ignition engine"


def code(digits, *following, old=None, is_retired=False):
    heirs = tuple(NamedCode(code=one, description=CARS) for one in following)
    return ChangedCode(
        code=digits,
        description=CARS,
        lane=1,
        old=old or digits,
        is_retired=is_retired,
        following=heirs,
    )


def notice(*codes, **more):
    given = {
        "about": place_of("dst_1", "orders", "webhook", "https://hooks.example.com/secret"),
        "at": datetime(2026, 6, 1, tzinfo=UTC),
        "subscription": "sub_1",
        "subscription_name": "cars",
        "correlation": "cor_1",
        "title": "HTS 2026 revision 12",
        "nomenclature": "HTS",
        "effective": date(2026, 7, 1),
        "codes": codes or (code("87032301", "87032302", "87032303"),),
    }
    return CodeChanged(**given | more)


ALL = {
    "split": notice(),
    "moved": notice(code("8703230110", "87032302", old="87032301")),
    "retired": notice(code("87032301", is_retired=True)),
    "held": notice(code("87032301")),
    "many": notice(*(code(f"870323{place:02d}", "87042101") for place in range(1, 16))),
    "more": notice(codes_more=4_000, title="", subscription_name=""),
    "unknown": notice(
        code("99030125").model_copy(
            update={"following": (NamedCode(code="99030126", description=""),)}
        )
    ),
}


@pytest.mark.parametrize("one", ALL.values(), ids=ALL)
def test_the_body_is_as_its_schema_says_and_the_mail_says_the_same(one):
    body = json.loads(to_bytes(notice_body(UUID(int=8), one, COPY)))
    jsonschema_rs.validate(SCHEMA, body)
    assert (body["type"], body["subject"]) == ("tariffwire.code.changed", "subscription:sub_1")
    letter = notice_letter(one, COPY)
    said = say_code_change(one)
    assert letter.subject == said.subject
    assert said.summary in letter.text
    assert all(value in letter.text for _, value in said.facts)
    assert NOTICES.validate_json(NOTICES.dump_json(one)) == one
    assert subject_of(one) == "subscription:sub_1"


@pytest.mark.parametrize(
    ("name", "summary"),
    [
        ("split", "HTS 8703.23.01 changes on 1 Jul 2026: 8703.23.01 → 8703.23.02 and 8703.23.03."),
        ("moved", "HTS 8703.23.01.10 changes on 1 Jul 2026: 8703.23.01.10 → 8703.23.02."),
        (
            "retired",
            "HTS 8703.23.01 changes on 1 Jul 2026: 8703.23.01 is retired, and nothing follows.",
        ),
        (
            "held",
            (
                "HTS 8703.23.01 changes on 1 Jul 2026: you follow already what takes the place of"
                " 8703.23.01."
            ),
        ),
        (
            "many",
            (
                "HTS 8703.23.01 and 14 more of your codes change on 1 Jul 2026: 8703.23.01 →"
                " 8704.21.01."
            ),
        ),
    ],
)
def test_the_first_sentence_says_what_changes_when_and_what_follows(name, summary):
    assert say_code_change(ALL[name]).summary == summary


def test_facts_say_each_code_in_words():
    facts = dict(say_code_change(ALL["moved"]).facts)
    assert facts["8703.23.01.10"] == f"{CARS} (through 8703.23.01) → 8703.23.02 ({CARS})"
    assert dict(say_code_change(ALL["retired"]).facts)["8703.23.01"].endswith(
        ": 8703.23.01 is retired, and nothing follows"
    )
    assert dict(say_code_change(ALL["unknown"]).facts)["9903.01.25"].endswith("→ 9903.01.26")
    assert facts["Subscription"] == "cars, sub_1"
    bare = dict(say_code_change(ALL["more"]).facts)
    assert bare["Subscription"] == "sub_1"
    assert "By" not in bare
    assert bare["Further codes"].startswith("4,000, ")
    assert dict(say_code_change(ALL["many"]).facts)["Further codes"].startswith("5, ")


def test_what_to_do_is_said_by_command_and_by_request():
    deeds = say_code_change(ALL["split"]).deeds
    assert deeds[0].command == "tariffwire subscriptions accept-codes sub_1 --correlation cor_1"
    assert json.loads(deeds[1].body) == {"decision": "decline", "correlation": "cor_1"}
    assert deeds[2].path == "/v1/subscriptions/sub_1/code-changes"
