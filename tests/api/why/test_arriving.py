"""Why nothing came of an event: it never came, waits, was set aside, or moved nothing."""

from dataclasses import replace

import httpx

from service.api import create_app
from service.log import LogUnavailable
from tests.api.samples import SOURCE, consume, measure, rate, verdict


async def test_it_never_arrived(journey):
    await journey.follow()
    verdict, stage, setting, said = await journey.stop("e-unknown")
    assert (verdict, stage, setting) == ("not_told", "source", None)
    assert "'e-unknown' ever arrived" in said
    assert SOURCE in (await journey.stop(f"{SOURCE} e-unknown"))[3]


async def test_it_was_accepted_and_not_read_yet(journey, desk):
    await journey.follow()
    await journey.accept(measure("e1"))
    verdict, stage, _, said = await journey.stop("e1")
    assert (verdict, stage) == ("not_yet", "source")
    assert "accepted records are not read yet" in said
    await consume(desk)
    assert (await journey.ask("e1"))["stages"][2]["state"] == "passed"


class AwayLog:
    """A log that nothing can be written to."""

    def __init__(self, log):
        self._log = log

    def __getattr__(self, name):
        return getattr(self._log, name)

    async def append(self, _topic, _records):
        raise LogUnavailable


async def test_it_waits_in_the_outbox(journey, desk):
    await journey.follow()
    away = replace(desk, log=AwayLog(desk.log))
    transport = httpx.ASGITransport(app=create_app(away))
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
        sent = await client.post("/v1/events", json=measure("e1"))
        assert sent.status_code == 202, sent.text
    verdict, stage, setting, said = await journey.stop(f"{SOURCE} e1")
    assert (verdict, stage, setting) == ("not_yet", "source", "TARIFFWIRE_LOG_URL")
    assert "outbox" in said


async def test_it_was_set_aside_with_its_fault_and_how_to_mend_it(journey):
    await journey.follow()
    event = measure("e1")
    await journey.give(event)
    await journey.give(event | {"id": "e2"} | {"data": event["data"] | {"importer": "CN"}})
    claim = verdict("test-1", "c9") | {"handling": "live"}
    await journey.give(measure("test-1") | {"handling": "test"})
    await journey.give(claim)
    verdict_, stage, setting, said = await journey.stop("c9")
    assert (verdict_, stage, setting) == ("not_told", "event", "quarantine")
    assert "it assesses a test event" in said
    assert "/replay" in said
    [entry] = (await journey.api.get("/v1/quarantine")).json()["items"]
    await journey.api.delete(f"/v1/quarantine/{entry['id']}")
    assert "dismissed by a person" in (await journey.stop("c9"))[3]


async def test_a_claim_waits_for_what_it_is_about(journey):
    await journey.follow()
    await journey.give(verdict("e-later", "c1"))
    verdict_, stage, setting, said = await journey.stop("c1")
    assert (verdict_, stage, setting) == ("not_yet", "event", "about")
    assert "e-later, which has not been seen yet" in said


async def test_a_claim_that_had_waited_for_a_test_was_refused(journey):
    await journey.follow()
    await journey.give(verdict("t1", "c1"))
    await journey.give(measure("t1") | {"handling": "test"})
    verdict_, stage, _, said = await journey.stop("c1")
    assert (verdict_, stage) == ("not_told", "event")
    assert "it assesses a test event" in said


async def test_it_made_no_change_and_what_stood_already_is_named(journey):
    await journey.follow()
    await journey.tell(measure("e1"))
    await journey.tell(measure("e2"))
    verdict_, stage, setting, said = await journey.stop("e2")
    assert (verdict_, stage, setting) == ("not_told", "change", "evidence_only")
    assert "nothing observable moved" in said
    assert f"event e1 of {SOURCE}" in said
    found = await journey.ask("e2")
    assert "id=e1" in found["stages"][2]["href"]


async def test_what_stood_already_is_not_a_later_step_of_the_same_measure(journey):
    await journey.follow()
    await journey.tell(measure("e1"))
    dearer = {"action": "increased", "duty": rate("60"), "effective_at": "2025-06-01"}
    await journey.tell(measure("e2", **dearer))
    await journey.tell(measure("e3"))
    assert f"event e1 of {SOURCE}" in (await journey.stop("e3"))[3]


async def test_history_alerts_nobody(journey):
    await journey.follow()
    await journey.tell(measure("e1") | {"handling": "history"})
    verdict_, stage, setting, said = await journey.stop("e1")
    assert (verdict_, stage, setting) == ("not_told", "change", "handling")
    assert "alerts nobody" in said


async def test_the_same_event_again_is_the_same_event(journey):
    await journey.follow()
    await journey.tell(measure("e1"))
    await journey.tell(measure("e1"))
    assert (await journey.ask("e1"))["about"]["number"] == 1
