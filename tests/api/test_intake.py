"""`POST /v1/events`: all or nothing, and durable before the 202."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from service.api import create_app
from service.api.intake import pieces
from service.api.intake.pieces import MAX_BODY, MAX_EVENTS
from service.api.intake.recall import Accepted, Recall
from service.api.problems import TooLarge
from service.core.codes import MOST_HINTED, countries
from service.core.event.envelope import MAX_BYTES
from service.log import open_log
from tests.api.samples import NDJSON, SOURCE, consume, lines, logged, measure, step, verdict

ONE = {"content-type": "application/cloudevents+json"}
MANY = {"content-type": "application/cloudevents-batch+json"}


async def test_one_event_is_in_the_log_with_its_own_bytes_when_it_is_accepted(api, desk):
    body = json.dumps(measure(), indent=2).encode()
    answer = await api.post("/v1/events", content=body, headers=ONE)
    assert answer.status_code == 202
    assert answer.json() == {
        "accepted": 1,
        "duplicates": 0,
        "events": [{"source": SOURCE, "id": "e1", "status": "accepted"}],
    }
    assert await logged(desk, "tariffs") == [body]


@pytest.mark.parametrize("headers", [MANY, {"content-type": "application/json; charset=utf-8"}])
async def test_an_array_is_taken_event_by_event_in_order(api, desk, headers):
    events = [measure(f"e{number}", text="Zölle") for number in range(3)]
    for event in events:
        del event["data"]["text"]
    answer = await api.post("/v1/events", content=json.dumps(events), headers=headers)
    assert answer.json()["accepted"] == 3
    assert [json.loads(value) for value in await logged(desk, "tariffs")] == events


async def test_of_very_many_slips_in_a_request_the_first_are_answered_with_what_is_nearest(
    api, monkeypatch
):
    compared, real = [], countries.get_close_matches
    monkeypatch.setattr(
        countries,
        "get_close_matches",
        lambda *given, **named: compared.append(given) or real(*given, **named),
    )
    origin = {"kind": "country", "members": ["CN"], "except": [f"Vietnm{n}" for n in range(3)]}
    events = [measure(f"e{number}", origin=origin) for number in range(20)]
    answer = await api.post("/v1/events", json=events)
    assert answer.status_code == 422
    assert "(and 59 more faults)" in answer.json()["detail"]
    hinted = ["Did you mean" in one["what"] for one in answer.json()["errors"]]
    assert hinted == [True] * MOST_HINTED + [False] * 50
    assert len(compared) == MOST_HINTED


@pytest.mark.parametrize(
    ("body", "media"),
    [
        (b"[" + b"0," * 100_000 + b"0]", "application/json"),
        (b"[" + b"0," * 100_000 + b"0]", MANY["content-type"]),
        (b"0\n" * 100_000, NDJSON["content-type"]),
    ],
)
def test_past_the_limit_no_event_is_made(body, media, monkeypatch):
    made, real = [], pieces.Piece
    monkeypatch.setattr(pieces, "Piece", lambda *given: made.append(given) or real(*given))
    with pytest.raises(TooLarge, match=f"a request may have {MAX_EVENTS} events, this has more"):
        pieces.cut(body, media)
    assert len(made) == MAX_EVENTS + 1


def test_of_blank_lines_only_the_numbers_are_left():
    found = pieces.cut(b"\n \r\n\t\n  {} \r\n\n" + b" \n" * 3 + b"[]", NDJSON["content-type"])
    assert [(one.place, one.raw) for one in found] == [("line 4", b"{}"), ("line 9", b"[]")]


async def test_lines_keep_their_own_bytes_and_blank_ones_are_skipped(api, desk):
    first, second = json.dumps(measure("e1")).encode(), json.dumps(measure("e2")).encode()
    body = b"\n" + first + b"\r\n\n  " + second
    answer = await api.post("/v1/events", content=body, headers=NDJSON)
    assert answer.json()["accepted"] == 2
    assert await logged(desk, "tariffs") == [first, second]


async def test_negotiations_have_their_own_topic_and_each_record_its_subject_as_key(api, desk):
    body = lines(measure("e1"), step("s1"))
    await api.post("/v1/events", content=body, headers=NDJSON)
    assert len(await logged(desk, "tariffs")) == len(await logged(desk, "negotiations")) == 1


async def test_a_claim_follows_what_it_is_about(api, desk):
    await api.post("/v1/events", json=step("s1"))
    await api.post("/v1/events", json=verdict("s1", "c1"))
    await consume(desk)
    desk_again = await api.post("/v1/events", json=verdict("s1", "c2", "confirmed"))
    assert desk_again.status_code == 202
    assert len(await logged(desk, "negotiations")) == 3
    await api.post("/v1/events", json=verdict("unseen", "c3"))
    assert len(await logged(desk, "tariffs")) == 1


async def test_the_same_event_again_is_a_duplicate_and_not_appended(api, desk):
    await api.post("/v1/events", json=measure())
    again = await api.post("/v1/events", json=dict(reversed(measure().items())))
    assert (again.status_code, again.json()["duplicates"]) == (202, 1)
    assert again.json()["events"][0]["status"] == "duplicate"
    assert len(await logged(desk, "tariffs")) == 1


async def test_the_books_know_what_the_process_has_forgotten(api, desk):
    await api.post("/v1/events", json=measure())
    await consume(desk)
    api._transport.app.state.intake._recall = Recall()
    again = await api.post("/v1/events", json=measure())
    assert again.json()["duplicates"] == 1
    other = await api.post("/v1/events", json=measure(action="decreased"))
    assert other.status_code == 409


async def test_one_request_may_repeat_an_event_but_not_contradict_itself(api, desk):
    twice = await api.post("/v1/events", json=[measure(), measure()])
    assert (twice.json()["accepted"], twice.json()["duplicates"]) == (1, 1)
    body = lines(measure("e2"), measure("e3"), measure("e3", action="decreased"))
    answer = await api.post("/v1/events", content=body, headers=NDJSON)
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["where"] == "line 3: id"
    assert len(await logged(desk, "tariffs")) == 1


async def test_other_content_under_the_same_identity_is_a_conflict_that_names_it(api):
    await api.post("/v1/events", json=measure())
    answer = await api.post("/v1/events", json=[measure("new"), measure(action="decreased")])
    assert answer.status_code == 409
    assert "e1" in answer.json()["detail"]
    assert answer.json()["errors"][0]["where"] == "[1].id"


async def test_one_fault_keeps_the_whole_request_out(api, desk):
    bad = measure("e2")
    bad["data"]["dutty"] = bad["data"].pop("duty")
    answer = await api.post("/v1/events", json=[measure("e1"), bad])
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"where": "[1].data.dutty", "what": "no such field; did you mean `duty`?"}
    ]
    assert await logged(desk, "tariffs") == []
    body = lines(measure("e1")) + b"\n\n" + lines(bad)
    answer = await api.post("/v1/events", content=body, headers=NDJSON)
    assert answer.json()["errors"][0]["where"] == "line 3: data.dutty"


async def test_every_fault_of_every_event_is_told_at_once(api):
    wrong = [measure("e1", importer="USA"), measure("e2", action="raised")]
    answer = await api.post("/v1/events", json=wrong)
    assert {one["where"] for one in answer.json()["errors"]} == {
        "[0].data.importer",
        "[1].data.action",
    }
    assert "more faults" in answer.json()["detail"]


async def test_nothing_is_known_before_it_is_said(api, clock):
    soon, late = clock.now + timedelta(minutes=4), clock.now + timedelta(minutes=6)
    answer = await api.post("/v1/events", json=measure() | {"knownfrom": soon.isoformat()})
    assert answer.status_code == 202
    answer = await api.post("/v1/events", json=measure("e2") | {"knownfrom": late.isoformat()})
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, "knownfrom")


async def test_a_body_is_cut_off_at_its_limit(api):
    sent = 0

    async def endless():
        nonlocal sent
        while True:
            sent += 1
            yield b" " * 1_048_576

    answer = await api.post("/v1/events", content=endless(), headers=NDJSON)
    assert answer.status_code == 413
    assert str(MAX_BODY) in answer.json()["detail"]
    assert sent < 20


async def test_an_event_and_their_number_have_limits(api):
    large = measure("e2") | {"note": "x" * MAX_BYTES}
    answer = await api.post("/v1/events", content=lines(measure(), large), headers=NDJSON)
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (413, "line 2")
    answer = await api.post("/v1/events", content=b"{}\n" * (MAX_EVENTS + 1), headers=NDJSON)
    assert answer.status_code == 413


async def test_many_events_leave_room_for_others(api):
    body = lines(*(measure(f"e{number}", measure=f"m-{number % 7}") for number in range(900)))
    answers = await asyncio.gather(
        *(api.post("/v1/events", content=body, headers=NDJSON) for _ in range(3)), api.get("/livez")
    )
    assert sum(one.json()["accepted"] for one in answers[:3]) == 900
    assert {one.status_code for one in answers[:3]} == {202}


async def test_two_requests_at_once_with_one_identity_cannot_both_win(api, desk):
    rivals = [measure("same", action=action) for action in ("increased", "decreased")]
    answers = await asyncio.gather(*(api.post("/v1/events", json=one) for one in rivals))
    assert sorted(one.status_code for one in answers) == [202, 409]
    assert len(await logged(desk, "tariffs")) == 1


async def test_what_neither_log_nor_outbox_took_was_never_accepted(desk, clock, tmp_path):
    async with open_log(f"sqlite:///{tmp_path}/closed.db", clock) as closed:
        pass
    none = desk.settings.model_copy(update={"outbox_limit": 0})
    app = create_app(replace(desk, log=closed, settings=none))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as api:
        answers = await asyncio.gather(*(api.post("/v1/events", json=measure()) for _ in range(2)))
        assert [one.status_code for one in answers] == [503, 503]
        assert answers[0].headers["retry-after"]
        assert (await api.get("/livez")).status_code == 200
    assert app.state.intake._recall.find((SOURCE, "e1")) is None


async def test_the_recall_lets_go_of_the_oldest():
    recall = Recall(size=2)
    durable = asyncio.get_running_loop().create_future()
    for name in ("a", "b", "c"):
        recall.remember((SOURCE, name), Accepted("digest", "tariffs", durable))
    assert recall.find((SOURCE, "a")) is None
    assert recall.find((SOURCE, "c")) is not None
    durable.set_result(None)
