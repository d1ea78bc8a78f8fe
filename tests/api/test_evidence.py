"""Evidence: what a subscription was told, proved from real books after a real journey."""

import asyncio
import io
import json
import random
import zipfile
from datetime import timedelta
from hashlib import sha256

import httpx
import pytest
from sqlalchemy import update

import service.api.evidence.writing as module
from service.api.evidence import routes
from service.core.destination.preferences import Preferences, write_preferences
from service.core.proof.bundle import verify_bundle
from service.core.proof.signing import public_of
from service.core.sending.steering import Act, Gate
from service.dispatch.chores import Gatherer
from service.dispatch.http import WebhookSender
from service.dispatch.plan import Planner
from service.store.delivery.tables import Receipt
from service.store.evidence.tables import EvidenceKey
from service.store.following.tables import Destination, Subscription
from service.store.mail.consents import ConsentRow, note_consent
from service.telemetry import Metrics
from tests.api.conftest import NOW
from tests.api.samples import NDJSON, consume, lines
from tests.books import add_receiver, rows, silent, subscribe
from tests.core.builders import claim, measure, threat
from tests.dispatch.office import make_dispatcher, send_all
from tests.dispatch.steering import say
from tests.receivers import http_receiver

PLACE = "/v1/subscriptions/{}/evidence"
SPAN = {"from": "2025-04-09", "to": "2025-04-10"}
QUOTE = {"kind": "press_report", "publisher": "Wire", "quote": "up to 60 %", "sha256": "ab" * 32}


def rumour(name="said", **fields):
    evidence = {"evidence": [QUOTE]}
    return measure(name, "increased", **{"certainty": "rumour", "rate": "60"} | evidence | fields)


@pytest.fixture
async def tell(api, desk, db, clock):
    """Accept these events, fold them, plan, and send what is due."""
    async with WebhookSender(loopback_allowed=True, deadline=5) as webhooks:
        dispatcher = make_dispatcher(db, clock, {"webhook": webhooks})

        async def run(*events, gate=None, send=True):
            if events:
                answer = await api.post("/v1/events", content=lines(*events), headers=NDJSON)
                assert answer.status_code == 202, answer.text
                await consume(desk)
            planner = Planner(db, clock, Metrics(), silent, **({"gate": gate} if gate else {}))
            while await planner.step():
                pass
            if send:
                await send_all(dispatcher)

        yield run


class Read:
    """A bundle as it was answered, and what is in it."""

    def __init__(self, raw):
        self.raw = raw
        self.files = zipfile.ZipFile(io.BytesIO(raw))

    def lines(self, folder):
        names = sorted(name for name in self.files.namelist() if name.startswith(f"{folder}/"))
        return [json.loads(line) for name in names for line in self.files.read(name).splitlines()]

    def json(self, name):
        return json.loads(self.files.read(name))


async def bundle(api, name="all", **span):
    answer = await api.get(PLACE.format(name), params=SPAN | span)
    assert answer.status_code == 200, answer.text
    raw = answer.content
    keys = (await api.get("/.well-known/tariffwire/evidence-keys.json")).json()["keys"]
    verdict = verify_bundle(lambda at, size: raw[at : at + size], len(raw), [keys[0]["whpk"]])
    assert verdict.findings == ()
    return Read(raw)


async def test_a_bundle_has_the_very_bytes_that_the_receiver_got(api, db, tell):
    async with http_receiver() as receiver:
        await subscribe(db, "all", [await add_receiver(db, "desk", receiver.url)])
        await tell(rumour())
        await tell(claim("no", "said", "denied"))
        found = await bundle(api)
    first, second = found.lines("alerts")
    assert [one["body"].encode() for one in (first, second)] == [
        one.body for one in receiver.requests
    ]
    assert [one["webhook-id"] for one in (first, second)] == [
        one.headers["webhook-id"] for one in receiver.requests
    ]
    assert first["receipt"]["sha256"] == first["body_sha256"]
    assert first["is_as_sent"] is True
    assert (first["state"], first["attempts"][0]["status"]) == ("delivered", 204)
    assert first["attempts"][0]["request"]["url"] == receiver.url
    assert first["matched"][0]["subscription"] == "all"
    assert first["destination"] == {"id": "desk", "kind": "webhook", "address": receiver.url}
    assert found.lines("silence") == []


async def test_a_bundle_has_the_change_its_event_and_its_quotes(api, db, tell):
    await subscribe(db, "all", [await add_receiver(db, "desk")])
    sent = rumour(citations=[{"kind": "other", "number": "a letter"}])
    await tell(sent, send=False)
    (one,) = (await bundle(api)).lines("changes")
    assert json.loads(one["event"])["id"] == "said"
    assert sha256(one["change"].encode()).hexdigest() == one["change_sha256"]
    assert json.loads(one["change"])["kinds"] == ["claim_made"]
    assert one["quotes"] == [
        {
            "publisher": "Wire",
            "kind": "press_report",
            "url": None,
            "title": None,
            "source_sha256": "ab" * 32,
            "quote": "up to 60 %",
            "quote_sha256": sha256(b"up to 60 %").hexdigest(),
        }
    ]


async def test_a_change_told_twice_stands_there_once(api, db, tell):
    await subscribe(db, "all", [await add_receiver(db, "desk"), await add_receiver(db, "other")])
    await tell(rumour(), send=False)
    found = await bundle(api)
    assert (len(found.lines("alerts")), len(found.lines("changes"))) == (2, 1)
    about = found.json("manifest.json")
    assert (about["alerts"], about["changes"], about["silence"]) == (2, 1, 0)


async def test_the_rule_stands_there_as_it_then_was(api, db, clock, tell):
    await subscribe(db, "all", [await add_receiver(db, "desk")])
    clock.advance(hours=1)
    patched = await api.patch("/v1/subscriptions/all", json={"min_certainty": "reported"})
    assert patched.status_code == 200, patched.text
    clock.advance(hours=1)
    await api.post("/v1/subscriptions/all/pause")
    clock.advance(hours=1)
    await api.post("/v1/subscriptions/all/resume")
    clock.advance(days=2)
    assert (await api.delete("/v1/subscriptions/all")).status_code == 204
    versions = (await bundle(api)).json("subscription.json")["versions"]
    assert [(one["act"], one["state"]) for one in versions] == [
        ("made", "active"),
        ("changed", "active"),
        ("paused", "paused"),
        ("resumed", "active"),
    ]
    assert [one["rule"].get("min_certainty") for one in versions[:2]] == [None, "reported"]
    assert versions[1]["at"] == (NOW + timedelta(hours=1)).isoformat()
    assert versions[0]["destinations"] == ["desk"]
    later = (await bundle(api, **{"from": "2025-04-10", "to": "2025-04-12"})).json(
        "subscription.json"
    )
    assert [one["act"] for one in later["versions"]] == ["resumed", "removed"]


async def test_what_people_did_is_there(api, db, tell):
    async with http_receiver() as receiver:
        await subscribe(db, "all", [await add_receiver(db, "desk", receiver.url)])
        await tell(rumour())
        ((identity,),) = await rows(db, Receipt, "delivery_id")
        answer = await api.post(f"/v1/deliveries/{identity}/acknowledge", json={"who": "kim"})
        assert answer.status_code < 300, answer.text
        await api.post(f"/v1/deliveries/{identity}/resend", json={"reason": "again"})
        await tell()
        (one,) = (await bundle(api)).lines("alerts")
    assert [deed["action"] for deed in one["deeds"]] == ["acknowledge", "resend"]
    assert [former["outcome"] for former in one["former_receipts"]] == ["delivered"]
    assert len(one["attempts"]) == 2


async def test_what_was_not_sent_is_there_with_its_reason(api, db, clock, tell):
    await subscribe(db, "all", [await add_receiver(db, "desk")])
    await tell(rumour(), send=False)
    await say(db, clock, Act.RECALL, reason="a slip")
    found = await bundle(api)
    (silence,) = found.lines("silence")
    assert (silence["state"], silence["reason"]) == ("cancelled", "recalled: a slip")
    (alert,) = found.lines("alerts")
    assert (alert["is_as_sent"], "body" in alert) == (None, False)
    assert [deed["action"] for deed in found.lines("changes")[0]["deeds"]] == ["recall"]


async def test_what_a_person_stopped_before_it_was_planned_is_there_for_whom_it_would_match(
    api, db, clock, tell
):
    for name, country in (("all", "CN"), ("other", "VN")):
        lane = {"country": country}
        await subscribe(db, name, [await add_receiver(db, f"to-{name}")], lane)
        await subscribe(db, f"more-{name}", [await add_receiver(db, f"more-{name}")], lane)
    await tell(rumour(), gate=Gate(audience=1, new_events=10), send=False)
    await say(db, clock, Act.REJECT, reason="not true")
    (silence,) = (await bundle(api)).lines("silence")
    assert (silence["state"], silence["reason"]) == ("rejected", "not true")
    assert silence["would_have_matched"] == "it is on goods of China"
    assert (await bundle(api, "other")).lines("silence") == []


async def test_what_carried_an_alert_is_there_although_it_was_sent_later(api, db, clock, tell):
    digest = write_preferences(
        Preferences.model_validate({"digest": {"every": "day", "at": "07:00"}})
    )
    async with http_receiver() as receiver:
        await subscribe(db, "all", [await add_receiver(db, "desk", receiver.url)])
        async with db.write() as session:
            await session.execute(update(Destination).values(preferences=digest))
        await tell(rumour(), rumour("other", measure="other"))
        clock.advance(hours=12)
        while await Gatherer(db, clock, silent).step():
            pass
        await tell()
        until = (clock() - timedelta(hours=1)).isoformat()
        found = await bundle(api, to=until)
        late = await bundle(api, **{"from": until})
    [first, second, carrier] = found.lines("alerts")
    assert {first["told_in"], second["told_in"]} == {carrier["webhook-id"]}
    assert carrier["body"].encode() == receiver.requests[0].body
    assert carrier["created_at"] > until
    assert [one["webhook-id"] for one in late.lines("alerts")] == [carrier["webhook-id"]]
    assert len((await bundle(api)).lines("alerts")) == 3


async def test_what_took_its_place_is_there_although_it_was_made_later(api, db, clock, tell):
    await subscribe(db, "all", [await add_receiver(db, "desk")])
    async with db.write() as session:
        await session.execute(update(Subscription).values(steps="latest"))
    instants = []
    for number in range(3):
        await tell(rumour(f"r{number}", rate=str(40 + number)), send=False)
        instants.append(clock())
        clock.advance(hours=1)
    found = await bundle(api, to=(instants[0] + timedelta(minutes=1)).isoformat())
    [first, last] = found.lines("alerts")
    assert (first["gave_way_to"], first["state"]) == (last["webhook-id"], "superseded")
    assert last["created_at"] == instants[2].isoformat()


async def test_where_the_bytes_cannot_be_made_again_their_hash_is_there(api, db, tell):
    async with http_receiver() as receiver:
        await subscribe(db, "all", [await add_receiver(db, "desk", receiver.url)])
        await tell(rumour())
        async with db.write() as session:
            ((identity,),) = await rows(db, Receipt, "delivery_id")
            (await session.get(Receipt, identity)).sha256 = "0" * 64
        (one,) = (await bundle(api)).lines("alerts")
    assert (one["is_as_sent"], one["body_sha256"], "body" in one) == (False, "0" * 64, False)


async def test_what_readers_have_said_by_then_is_there(api, db):
    await subscribe(db, "all", [await add_receiver(db, "desk", "a@b.example", "email")])
    async with db.write() as session:
        for days, act in enumerate(["confirmed", "unsubscribed"]):
            said = ConsentRow(act, "a@b.example", "", NOW + timedelta(days=2 * days))
            await note_consent(session, "desk", said)
    (line,) = (await bundle(api)).files.read("consents.jsonl").splitlines()
    assert json.loads(line) == {
        "destination": "desk",
        "act": "confirmed",
        "address": "a@b.example",
        "note": "",
        "at": NOW.isoformat(),
    }


async def test_the_same_books_are_the_same_bytes(api, db, tell):
    await subscribe(db, "all", [await add_receiver(db, "desk")])
    await tell(rumour(), threat("t"), send=False)
    assert (await bundle(api)).raw == (await bundle(api)).raw


async def test_only_what_is_the_subscriptions_own_and_of_the_span_is_there(api, db, clock, tell):
    await add_receiver(db, "desk")
    await subscribe(db, "all", ["desk"])
    await subscribe(db, "denials", ["desk"], kinds=["claim_denied"])
    await tell(rumour(), send=False)
    clock.advance(days=3)
    await tell(claim("no", "said", "denied"), send=False)
    assert (await bundle(api, "denials")).lines("alerts") == []
    later = {"from": "2025-04-12", "to": "2025-04-13"}
    (one,) = (await bundle(api, "denials", **later)).lines("alerts")
    assert one["matched"][1]["subscription"] == "denials"
    assert len((await bundle(api, **later)).lines("alerts")) == 1


async def test_a_long_story_comes_in_files_of_bounded_length(api, db, tell, monkeypatch):
    monkeypatch.setattr(module, "PAGE", 2)
    monkeypatch.setattr(module, "LINES", 3)
    await subscribe(db, "all", [await add_receiver(db, "desk")])
    await tell(*[rumour(f"r{place}", measure=f"m{place}") for place in range(7)], send=False)
    found = await bundle(api)
    names = [name for name in found.files.namelist() if name.startswith("alerts/")]
    assert names == ["alerts/00001.jsonl", "alerts/00002.jsonl"]
    assert len(found.lines("alerts")) == len(found.lines("changes")) == 7


async def test_the_key_is_made_once_and_sealed(api, desk, db, tell):
    await subscribe(db, "all", [await add_receiver(db, "desk")])
    keys = "/.well-known/tariffwire/evidence-keys.json"
    assert (await api.get(keys)).json() == {"keys": []}
    await bundle(api)
    await bundle(api)
    ((public, sealed),) = await rows(db, EvidenceKey, "public", "sealed")
    assert "whsk_" not in sealed
    assert sealed.startswith(desk.vault.newest)
    (key,) = (await api.get(keys)).json()["keys"]
    assert (key["whpk"], key["kty"], key["crv"]) == (public, "OKP", "Ed25519")
    (opened,) = desk.vault.open("evidence:1", sealed).keys
    assert public_of(opened.text) == public


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"from": "2025-04-09"}, "query.to"),
        ({"from": "soon", "to": "2025-04-09"}, "is no date"),
        ({"from": "2025-04-10", "to": "2025-04-09"}, "it must lie after `from`"),
        ({"from": "2024-04-10", "to": "2025-04-12"}, "at most 366 days at once"),
        ({"from": "2025-04-09", "until": "2025-04-10"}, "until"),
    ],
)
async def test_a_span_that_is_none_is_refused(api, db, params, said):
    await subscribe(db, "all", [await add_receiver(db, "desk")])
    answer = await api.get(PLACE.format("all"), params=params)
    assert answer.status_code in {400, 422}
    assert said in answer.text


async def test_only_so_many_are_written_at_once(api, db):
    await subscribe(db, "all", [await add_receiver(db, "desk")])
    turns = api._transport.app.state.evidence
    async with turns, turns:
        answer = await api.get(PLACE.format("all"), params=SPAN)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "10")
    assert "2 bundles are being written" in answer.text
    await bundle(api)
    assert not turns.locked()


async def test_a_reader_who_stalls_keeps_nobody_out(api, db, monkeypatch):
    await subscribe(db, "all", [await add_receiver(db, "desk")])
    monkeypatch.setattr(routes, "PATIENCE", 0.05)
    app, url = api._transport.app, httpx.URL(PLACE.format("all"), params=SPAN)
    scope = {"type": "http", "method": "GET", "path": url.path, "query_string": url.query}
    scope |= {"headers": [], "http_version": "1.1", "asgi": {"spec_version": "2.3"}}
    taken = []

    async def receive():
        await asyncio.Event().wait()

    async def send(message):
        taken.append(message)
        if len(taken) > 2:
            await asyncio.Event().wait()  # as while the network takes no more

    async with asyncio.timeout(10):
        await app(scope, receive, send)
    assert taken[0]["status"] == 200
    assert taken[-1]["more_body"]
    turns = app.state.evidence
    async with asyncio.timeout(1), turns, turns:
        pass


async def test_a_subscription_that_never_was_is_said_so(api):
    answer = await api.get(PLACE.format("sub_nobody"), params=SPAN)
    assert answer.status_code == 404
    assert "nothing is known of a subscription 'sub_nobody'" in answer.text


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_bundle_verifies_after_every_stream_of_events(api, db, clock, tell, seed):
    chance = random.Random(seed)
    async with http_receiver() as receiver:
        await subscribe(db, "all", [await add_receiver(db, "desk", receiver.url)])
        names = []
        for number in range(12):
            name = f"e{number}"
            if names and chance.random() < 0.4:
                verdict = chance.choice(["confirmed", "denied", "disputed", "retracted"])
                event = claim(name, chance.choice(names), verdict)
            else:
                makes = chance.choice([rumour, measure, threat])
                event = makes(name, rate=chance.choice(["5", "10", "25"]))
            names.append(name)
            await tell(event, send=chance.random() < 0.7)
            clock.advance(minutes=1)
            if chance.random() < 0.2:
                await api.post(f"/v1/subscriptions/all/{chance.choice(['pause', 'resume'])}")
            found = await bundle(api)
            alerts = [one for one in found.lines("alerts") if "body" in one]
            assert {one["webhook-id"]: one["body"] for one in alerts} == {
                one.headers["webhook-id"]: one.body.decode() for one in receiver.requests
            }
