"""From a claimed delivery to its bytes."""

import json
from dataclasses import replace
from email import message_from_bytes, policy

import pytest

import service.dispatch.render as module
from service.dispatch.plan import Planner
from service.dispatch.render import Letterhead, Renderer
from service.telemetry import Metrics
from tests.books import add_receiver, consumer_of, silent, subscribe, take
from tests.core.builders import claim as verdict
from tests.core.builders import measure, threat
from tests.dispatch.office import claim_for

HEAD = Letterhead("urn:tariffwire:test", "http://here/schema", "http://here/", "Wire <w@mail.test>")
START = "2025-04-10T00:01:00-04:00"


@pytest.fixture
async def claimed(db, log, clock):
    """What is due after these events have been folded and planned."""

    async def run(*events):
        await take(consumer_of(db, log, clock), db, *events)
        planner = Planner(db, clock, Metrics(), silent)
        while await planner.step():
            pass
        async with db.write() as session:
            return await claim_for(session, "lease", clock(), 100, 30)

    return run


async def rendered(db, renderer, claimed):
    async with db.read() as session:
        drafts = await renderer.draft(session, claimed)
    bodies = {draft.claimed.id: renderer.write(draft) for draft in drafts}
    return [bodies[one.id] for one in claimed]


async def test_a_webhook_says_what_changed_and_who_matched(db, clock, claimed):
    await subscribe(db, "cars", [await add_receiver(db, "desk")], {"country": "CN"})
    (due,) = await claimed(measure("law", rate="25", effective_at=START))
    (body,) = await rendered(db, Renderer(HEAD), [due])
    said = json.loads(body)
    assert said["source"] == "urn:tariffwire:test"
    assert said["data"]["delivery"] == str(due.id)
    assert said["data"]["cause"]["id"] == "law"
    assert [one["subscription"] for one in said["data"]["matched"]] == ["cars"]
    assert said["data"]["href"].startswith("http://here/v1/changes/")


async def test_a_follow_up_names_the_alert_before_it_to_those_who_got_that(db, clock, claimed):
    await subscribe(db, "first", [await add_receiver(db, "old")])
    renderer = Renderer(HEAD)
    (before,) = await claimed(measure("law", rate="25", effective_at=START))
    await rendered(db, renderer, [before])
    await subscribe(db, "second", [await add_receiver(db, "young")])
    due = await claimed(measure("more", "increased", rate="50", effective_at=START))
    bodies = [json.loads(body)["data"] for body in await rendered(db, renderer, due)]
    previous = {
        one.destination_id: said["previous_alert"] for one, said in zip(due, bodies, strict=True)
    }
    assert previous == {"old": str(before.id), "young": None}


async def test_a_verdict_on_a_claim_one_never_heard_of_is_worded_as_new(db, clock, claimed):
    await subscribe(db, "first", [await add_receiver(db, "old")])
    renderer = Renderer(HEAD)
    await claimed(threat("said", rate="60"))
    await subscribe(db, "second", [await add_receiver(db, "young")])
    due = await claimed(verdict("so", "said", "confirmed"))
    bodies = await rendered(db, renderer, due)
    told = {
        one.destination_id: json.loads(body)["data"]["summary"]
        for one, body in zip(due, bodies, strict=True)
    }
    assert told["old"] != told["young"]


async def test_emails_about_one_subject_make_a_thread(db, clock, claimed):
    await subscribe(db, "all", [await add_receiver(db, "box", "ops@example.org", "email")])
    renderer = Renderer(HEAD)
    due = await claimed(measure("law", rate="25", effective_at=START))
    due += await claimed(measure("more", "increased", rate="50", effective_at=START))
    first, second = [
        message_from_bytes(body, policy=policy.default)
        for body in await rendered(db, renderer, due)
    ]
    assert first["Message-ID"] == f"<{due[0].id}@mail.test>"
    assert first["In-Reply-To"] is None
    assert second["In-Reply-To"] == second["References"] == first["Message-ID"]
    assert second["To"] == "ops@example.org"
    assert "25 %" in second["Subject"]
    assert "50 %" in second["Subject"]
    assert second["Auto-Submitted"] == "auto-generated"
    assert {part.get_content_type() for part in second.iter_parts()} == {"text/plain", "text/html"}


async def test_a_retry_has_the_bytes_it_had(db, clock, claimed):
    await subscribe(db, "all", [await add_receiver(db, "desk")])
    (due,) = await claimed(measure("law", rate="25", effective_at=START))
    again = replace(due, rendered=b"as it was", attempt=2)
    assert await rendered(db, Renderer(HEAD), [again]) == [b"as it was"]


async def test_a_full_memory_forgets_the_oldest_and_renders_the_same(
    db, clock, claimed, monkeypatch
):
    await subscribe(db, "all", [await add_receiver(db, "desk")])
    due = await claimed(*[measure(f"e{n}", rate=str(n + 1), measure=f"k{n}") for n in range(5)])
    whole = await rendered(db, Renderer(HEAD), due)
    monkeypatch.setattr(module, "CACHED", 2)
    small = Renderer(HEAD)
    assert await rendered(db, small, due) == whole
    assert len(small._prepared) == 2
    assert await rendered(db, small, due) == whole
