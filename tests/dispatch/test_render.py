"""From a claimed delivery to its bytes."""

import json
from base64 import b64decode
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy

import pytest

import service.dispatch.render as module
from service.core.proof.link import Links, Purpose
from service.dispatch.plan import Planner
from service.dispatch.post import Letterhead
from service.dispatch.render import Renderer
from service.telemetry import Metrics
from tests.books import add_receiver, consumer_of, silent, subscribe, take
from tests.core.builders import claim as verdict
from tests.core.builders import measure, ref, threat
from tests.dispatch.gathering import wish
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
    assert b64decode(first["Thread-Index"])[6:] == b64decode(second["Thread-Index"])[6:]
    assert second["To"] == "ops@example.org"
    assert "25 %" in second["Subject"]
    assert "50 %" in second["Subject"]
    assert second["Auto-Submitted"] == "auto-generated"
    assert {part.get_content_type() for part in second.iter_parts()} == {"text/plain", "text/html"}


async def test_an_email_on_a_law_answers_the_one_on_another_measure_that_it_carries_out(
    db, clock, claimed
):
    await subscribe(db, "all", [await add_receiver(db, "box", "ops@example.org", "email")])
    due = await claimed(measure("base", rate="25", effective_at=START, measure="other"))
    due += await claimed(threat("said", rate="60"))
    law = measure("law", "increased", rate="60", measure="other", realises=ref("said"))
    due += await claimed(law | {"data": law["data"] | {"effective_at": START}})
    base, said, done = [
        message_from_bytes(body, policy=policy.default)
        for body in await rendered(db, Renderer(HEAD), due)
    ]
    assert done["In-Reply-To"] == said["Message-ID"]
    assert done["References"].split() == [base["Message-ID"], said["Message-ID"]]
    assert said["In-Reply-To"] is None


async def test_of_a_long_domain_a_thread_names_as_many_as_there_is_room_for(db, clock, claimed):
    await subscribe(db, "all", [await add_receiver(db, "box", "ops@example.org", "email")])
    domain = ".".join(["d" * 60] * 4)
    long = Renderer(replace(HEAD, mail_from=f"desk@{domain}"))
    due = []
    for place in range(6):
        due += await claimed(measure(f"e{place}", "increased", rate=f"{place}", effective_at=START))
    last = message_from_bytes((await rendered(db, long, due))[-1], policy=policy.default)
    named = [one.partition("@")[0].strip("<") for one in last["References"].split()]
    assert named == [str(due[0].id), str(due[3].id), str(due[4].id)]
    assert last["In-Reply-To"] == f"<{due[4].id}@{domain}>"


async def test_a_thread_names_its_first_mail_and_the_latest(db, clock, claimed):
    await subscribe(db, "all", [await add_receiver(db, "box", "ops@example.org", "email")])
    await subscribe(db, "too", [await add_receiver(db, "else", "else@example.org", "email")])
    due = []
    for number in range(12):
        action = "increased" if number else "imposed"
        found = await claimed(
            measure(f"e{number}", action, rate=str(10 + number), effective_at=START),
            measure(f"o{number}", action, measure="other", rate=str(10 + number)),
        )
        due += [one for one in found if one.destination_id == "box" and b"e" in one.matched]
    mails = [
        message_from_bytes(body, policy=policy.default)
        for body in await rendered(db, Renderer(HEAD), due)
    ]
    thread = [one for one in mails if one["Thread-Index"][-22:] == mails[0]["Thread-Index"][-22:]]
    ids = [one["Message-ID"] for one in thread]
    assert len(ids) == 12
    for place, mail in enumerate(thread[1:], start=1):
        named = ids[:place] if place < 11 else [ids[0], *ids[place - 9 : place]]
        assert mail["References"].split() == named
        assert mail["In-Reply-To"] == ids[place - 1]


async def test_a_mail_can_be_stopped_with_one_click(db, clock, claimed):
    await subscribe(db, "all", [await add_receiver(db, "box", "ops@example.org", "email")])
    links = Links(b"key", "https://a-rather-long-name-of-a-host.importer.example")
    (due,) = await claimed(measure("law", rate="25", effective_at=START))
    (raw,) = await rendered(db, Renderer(replace(HEAD, links=links)), [due])
    mail = message_from_bytes(raw, policy=policy.default)
    url = mail["List-Unsubscribe"].strip("<>")
    assert f"\r\nList-Unsubscribe: <{url}>\r\n".encode() in raw  # plain, however long it is
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    token = url.rpartition("/")[2]
    reader = links.read(Purpose.UNSUBSCRIBE, token, clock() + timedelta(days=1000))
    assert reader.destination == "box"
    assert reader.is_at("ops@example.org")
    for part in mail.iter_parts():
        assert url in part.get_content()
        assert links.forward(due.change_id) in part.get_content()


async def test_without_https_one_click_is_not_promised(db, clock, claimed):
    await subscribe(db, "all", [await add_receiver(db, "box", "ops@example.org", "email")])
    head = replace(HEAD, links=Links(b"key", "http://127.0.0.1:8320"))
    (due,) = await claimed(measure("law", rate="25", effective_at=START))
    (raw,) = await rendered(db, Renderer(head), [due])
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["List-Unsubscribe"].startswith("<http://")
    assert mail["List-Unsubscribe-Post"] is None


async def test_each_reads_in_the_language_and_by_the_clocks_that_it_asked_for(db, clock, claimed):
    wishes = {
        "desk": {},
        "tisch": {"language": "de", "timezone": "Europe/Berlin"},
        "tisch-2": {"language": "de"},
        "tsukue": {"language": "ja"},
    }
    for name, asked in wishes.items():
        await wish(db, await add_receiver(db, name), **asked)
    await wish(
        db,
        await add_receiver(db, "post", "post@example.org", "email"),
        language="de",
        timezone="Europe/Berlin",
    )
    await subscribe(db, "all", [*wishes, "post"], {"country": "CN"})
    renderer = Renderer(HEAD)
    due = await claimed(measure("law", rate="2.5", effective_at=START))
    bodies = dict(
        zip([one.destination_id for one in due], await rendered(db, renderer, due), strict=True)
    )
    assert {key[1].value for key in renderer._prepared} == {"en", "de", "ja"}
    mail = message_from_bytes(bodies.pop("post"), policy=policy.default)
    assert mail["Subject"].startswith("US-Zoll auf Waren aus China: bisher keiner → 2,5 %")
    text = mail.get_body(("plain",)).get_content()
    assert "Inkrafttreten: 10. Apr. 2025, 00:01 Uhr (New York); 04:01 Uhr UTC, 06:01 Uhr" in text
    assert "- all: betrifft Waren aus China" in text
    said = {name: json.loads(body)["data"] for name, body in bodies.items()}
    assert [said[name]["lang"] for name in wishes] == ["en", "de", "de", "ja"]
    assert said["desk"]["summary"].startswith("US duty on goods of China: none → 2.5 %")
    assert said["tisch"]["summary"].startswith("US-Zoll auf Waren aus China: bisher keiner")
    assert said["tsukue"]["matched"][0]["reason"] == "中国原産品が対象"
    amounts = [one["new"]["components"][0]["amount"] for one in said.values()]
    assert amounts == ["2.5"] * 4


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
