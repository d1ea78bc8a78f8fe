"""Who was told of the first is told of the second: verdicts, what carries out, what takes back."""

import json
import random
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete
from sqlmodel import col

import service.dispatch.plan as module
from service.core.certainty import Certainty
from service.core.change import read_change
from service.core.match import Match, facts_of, match
from service.core.match.following import followed_by
from service.core.match.subscription import Rule
from service.core.sending.delivery import State
from service.core.sending.steering import Act
from service.dispatch.page import read_rule
from service.dispatch.plan import Planner
from service.store.delivery.holding import disable
from service.store.delivery.tables import Alert, Delivery, Held, Receipt
from service.store.following.accounts import DEFAULT
from service.store.following.destinations import find_destination
from service.store.following.subscriptions import (
    change_state,
    change_subscription,
    find_subscription,
    remove_subscription,
)
from service.store.following.tables import Subscription
from service.store.mail.tables import Returned
from service.store.standings.tables import Change
from service.store.steering.errands import Kind, Task, begin, name_destination
from service.telemetry import Metrics
from tests.books import add_receiver, consumer_of, rows, silent, subscribe, take
from tests.core.builders import claim, measure, ref, step, threat
from tests.dispatch.gathering import DAILY, let_go, wish
from tests.dispatch.office import send_all
from tests.dispatch.steering import again, run_errands, say, tell
from tests.receivers import http_receiver

RUMOURS = {"kinds": ["claim_made", "threat_issued"]}
DENIED = "you were told on 9 Apr 2025 of the rumour that this denies"


HARD = ["claim_denied", "measure_announced", "rate_increased"]


def rumour(name="said", **fields):
    return measure(name, "increased", **{"certainty": "rumour", "rate": "60"} | fields)


LAW = measure("law", "increased", rate="60", realises=ref("said"))


@pytest.fixture
def give(db, log, clock):
    """Fold these events, and plan all that they changed."""

    async def hand(*events):
        await take(consumer_of(db, log, clock), db, *events)
        planner = Planner(db, clock, Metrics(), silent)
        while await planner.step():
            pass

    return hand


async def reasons(db, number):
    """destination → (subscription, lane, reason) of its alerts of the change with this number."""
    found = {}
    for destination, matched, change in await rows(
        db, Alert, "destination_id", "matched", "change_id", order="number"
    ):
        if change == await id_of(db, number):
            listed = [
                (one["subscription"], one["lane"], one["reason"]) for one in json.loads(matched)
            ]
            found.setdefault(destination, []).extend(listed)
    return found


async def id_of(db, number):
    return {row[0]: row[1] for row in await rows(db, Change, "number", "id")}[number]


async def settle(db, clock, outcome, *, number=1):
    """All alerts of a change ended so, an hour ago."""
    change = await id_of(db, number)
    ids = [one for one, of in await rows(db, Alert, "id", "change_id") if of == change]
    for one in ids:
        await end(db, clock, one, outcome)
    return ids


async def edit(db, name, **changed):
    async with db.write() as session:
        held = await find_subscription(session, DEFAULT, name)
        await change_subscription(session, replace(held, **changed))


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (claim("no", "said", "denied"), "denies"),
        (claim("so", "said", "confirmed"), "confirms"),
        (claim("hm", "said", "disputed"), "disputes"),
        (claim("out", "said", "retracted"), "retracts"),
        (measure("law", "increased", rate="60", realises=ref("said")), "carries out"),
        (
            measure("back", "threat_withdrawn", certainty="rumour", withdraws=ref("said")),
            "takes back",
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
async def test_whatever_speaks_of_a_rumour_reaches_who_was_told_it(db, give, second, said):
    await subscribe(db, "rumours", [await add_receiver(db, "desk")], kinds=["claim_made"])
    await give(rumour())
    await give(second)
    reason = f"you were told on 9 Apr 2025 of the rumour that this {said}"
    assert await reasons(db, 2) == {"desk": [("rumours", 0, reason)]}


@pytest.mark.parametrize(
    ("first", "noun"),
    [
        (threat("said", rate="60"), "threat"),
        (measure("said", certainty="reported", rate="9"), "report"),
        (measure("said", certainty="official_statement", rate="9"), "statement"),
        (measure("said", certainty="announced", rate="9"), "announcement"),
        (measure("said", rate="9"), "law"),
        (step("said", "outreach"), "statement"),
    ],
)
async def test_the_reason_says_what_one_was_told_of(db, give, first, noun):
    await subscribe(db, "all", [await add_receiver(db, "desk")], min_certainty="official_statement")
    await subscribe(db, "any", ["desk"], min_certainty="reported")
    await give(first)
    await give(claim("no", "said", "denied", certainty="rumour"))
    ((_, _, reason), *_) = (await reasons(db, 2))["desk"]
    assert reason == f"you were told on 9 Apr 2025 of the {noun} that this denies"


async def test_a_verdict_on_a_verdict_reaches_who_was_told_of_that(db, give):
    await subscribe(db, "denials", [await add_receiver(db, "desk")], kinds=["claim_denied"])
    await give(rumour(), claim("no", "said", "denied"))
    await give(claim("so", "no", "retracted"))
    ((_, _, reason),) = (await reasons(db, 3))["desk"]
    assert reason == "you were told on 9 Apr 2025 of the denial that this retracts"


async def test_no_minimum_and_no_lane_that_moved_stops_it(db, give):
    await add_receiver(db, "desk")
    await subscribe(db, "moved", ["desk"], {"country": "CN"})
    await give(rumour())
    held_rule = {"lanes": [{"country": "VN"}], "min_certainty": "instrument", "min_delta_pp": "50"}
    await edit(db, "moved", rule=Rule.model_validate(held_rule))
    await give(claim("no", "said", "denied"))
    assert await reasons(db, 2) == {"desk": [("moved", 0, DENIED)]}


async def test_it_goes_once_to_each_destination_whatever_else_matches(db, give):
    await add_receiver(db, "desk")
    await subscribe(db, "rumours", ["desk"], **RUMOURS)
    await give(rumour())
    await subscribe(db, "late", ["desk"])
    await give(claim("no", "said", "denied"))
    ((rumours, late),) = (await reasons(db, 2)).values()
    assert late[0] == "rumours" or rumours[0] == "late"
    assert {rumours[0]: rumours[1], late[0]: late[1]} == {"late": 1, "rumours": 0}
    assert len(await rows(db, Alert)) == 2


async def test_whose_filters_match_is_told_for_that_reason(db, give):
    await subscribe(db, "all", [await add_receiver(db, "desk")])
    await give(rumour())
    await give(claim("no", "said", "denied"))
    ((name, lane, _),) = (await reasons(db, 2))["desk"]
    assert (name, lane) == ("all", 1)


async def test_who_was_never_told_is_asked_by_their_filters_alone(db, give):
    await subscribe(db, "laws", [await add_receiver(db, "desk")], min_certainty="announced")
    await give(rumour())
    await give(claim("no", "said", "denied"))
    assert await rows(db, Alert) == []


async def test_first_and_second_in_one_batch_reach_the_same(db, give):
    await subscribe(db, "rumours", [await add_receiver(db, "desk")], kinds=["claim_made"])
    await give(rumour(), claim("no", "said", "denied"))
    assert list(await reasons(db, 2)) == ["desk"]


async def test_a_law_that_carries_out_what_another_measure_threatened_reaches_them_too(db, give):
    await subscribe(db, "threats", [await add_receiver(db, "desk")], **RUMOURS)
    await give(threat("said", measure="us-threat"), measure("law", realises=ref("said")))
    ((_, _, reason),) = (await reasons(db, 2))["desk"]
    assert reason == "you were told on 9 Apr 2025 of the threat that this carries out"


@pytest.mark.parametrize("told_otherwise", [False, True])
async def test_it_is_threaded_to_what_another_measure_threatened(
    db, clock, give, dispatch, told_otherwise
):
    """Rather than to the last step of its own measure, if both were told."""
    wanted = {"kinds": ["threat_issued", "rate_increased", "measure_announced"]}
    elsewhere = measure("law", "increased", rate="60", measure="us-other", realises=ref("said"))
    async with http_receiver() as receiver:
        await subscribe(db, "all", [await add_receiver(db, "desk", receiver.url)], **wanted)
        if told_otherwise:
            await give(measure("base", rate="10", effective_at="2025-04-01", measure="us-other"))
        await give(threat("said", rate="60"), elsewhere)
        while await send_all(dispatch()):
            pass
        said = [json.loads(request.body)["data"] for request in receiver.requests]
        first, second = (one for one in said if one["cause"]["id"] in {"said", "law"})
        if first["cause"]["id"] == "law":
            first, second = second, first
        assert second["previous_alert"] == first["delivery"]
        assert second["carries_out"]["change"] == first["change"]


async def test_a_subscription_that_is_paused_holds_it(db, clock, give):
    await subscribe(db, "rumours", [await add_receiver(db, "desk")], **RUMOURS)
    await give(rumour())
    async with db.write() as session:
        await change_state(session, "rumours", "paused", clock())
    await give(claim("no", "said", "denied"))
    assert [owner for (owner,) in await rows(db, Held, "owner_id")] == ["rumours"]


async def test_a_disabled_destination_holds_both(db, clock, give):
    await subscribe(db, "rumours", [await add_receiver(db, "desk")], **RUMOURS)
    async with db.write() as session:
        await disable(session, "desk", "gone", clock())
    await give(rumour())
    await give(claim("no", "said", "denied"))
    assert [owner for (owner,) in await rows(db, Held, "owner_id")] == ["desk", "desk"]


async def test_who_unsubscribed_is_not_written_to(db, clock, give):
    for name in ("mail", "removed", "untied"):
        await add_receiver(db, name)
        await subscribe(db, f"of-{name}", [name], **RUMOURS)
    await give(rumour())
    await settle(db, clock, "delivered")
    async with db.write() as session:
        await disable(session, "mail", "unsubscribed", clock(), "unsubscribed")
        await remove_subscription(session, "of-removed", clock())
        assert await find_destination(session, DEFAULT, "removed")
    await add_receiver(db, "other")
    await edit(db, "of-untied", destinations=("other",))
    await give(claim("no", "said", "denied"))
    assert await reasons(db, 2) == {}


@pytest.mark.parametrize("outcome", [one for one in State if one not in {"pending", "held"}])
async def test_who_was_not_told_of_the_first_is_none_of_them(db, clock, give, outcome):
    await subscribe(db, "rumours", [await add_receiver(db, "desk")], **RUMOURS)
    await give(rumour())
    await settle(db, clock, outcome)
    await give(claim("no", "said", "denied"))
    told = outcome in {"delivered", "listed", "digested"}
    assert list(await reasons(db, 2)) == (["desk"] if told else [])


async def test_what_a_halt_keeps_back_was_not_told(db, clock, give):
    await subscribe(db, "rumours", [await add_receiver(db, "desk")], **RUMOURS)
    await give(rumour())
    await say(db, clock, Act.HALT)
    await give(claim("no", "said", "denied"))
    assert await reasons(db, 2) == {}


async def let_on_after_a_halt(db, clock):
    await say(db, clock, Act.HALT)
    yield
    await say(db, clock, Act.RESUME)
    await run_errands(db, clock)


async def sent_again_after_it_failed(db, clock):
    (one,) = await settle(db, clock, "failed")
    yield
    await again(db, clock, one)


async def recovered_after_it_failed(db, clock):
    await settle(db, clock, "failed")
    yield
    task = Task(
        object=name_destination("desk"),
        kind=Kind.RECOVER,
        who="kim",
        since=clock() - timedelta(days=1),
        begun_at=clock(),
        due_at=clock(),
    )
    async with db.write() as session:
        await begin(session, task)
    await run_errands(db, clock)


LATE = [let_on_after_a_halt, sent_again_after_it_failed, recovered_after_it_failed]


@pytest.mark.parametrize("late", LATE)
@pytest.mark.parametrize(
    "second",
    [claim("no", "said", "denied"), LAW, LAW | {"data": LAW["data"] | {"measure": "us-other"}}],
    ids=["denial", "law", "law on another measure"],
)
async def test_who_is_told_the_first_late_is_told_the_second_then(db, clock, give, late, second):
    """Those who had the second by their own filters have it once."""
    await subscribe(db, "rumours", [await add_receiver(db, "desk")], **RUMOURS)
    await subscribe(db, "rest", [await add_receiver(db, "rest")], kinds=HARD)
    await give(rumour())
    told = late(db, clock)
    await anext(told)
    await give(second)
    assert list(await reasons(db, 2)) == ["rest"]
    assert await anext(told, None) is None
    await give()
    assert sorted(await reasons(db, 2)) == ["desk", "rest"]
    ((_, lane, reason),) = (await reasons(db, 2))["desk"]
    assert lane == 0
    assert reason.startswith("you were told on 9 Apr 2025 of the rumour that this ")
    assert len(await rows(db, Alert)) == 3


async def test_who_is_told_the_first_by_hand_is_told_the_second_then(db, clock, give):
    await add_receiver(db, "desk")
    await give(rumour(), claim("no", "said", "denied"))
    await tell(db, clock, "desk")
    await give()
    assert await reasons(db, 2) == {"desk": [("replay", 0, DENIED)]}


async def test_what_was_stopped_itself_is_not_planned_again(db, clock, give):
    await subscribe(db, "rumours", [await add_receiver(db, "desk")], **RUMOURS)
    await give(rumour())
    await say(db, clock, Act.HALT)
    await give(claim("no", "said", "denied"))
    await say(db, clock, Act.RECALL, 2)
    await say(db, clock, Act.RESUME)
    await give()
    assert await reasons(db, 2) == {}


async def test_what_a_recall_stopped_was_not_told_and_what_it_corrected_was(
    db, clock, give, dispatch
):
    async with http_receiver() as receiver:
        await subscribe(db, "rumours", [await add_receiver(db, "told", receiver.url)], **RUMOURS)
        await give(rumour())
        await send_all(dispatch())
        assert len(receiver.requests) == 1
        await say(db, clock, Act.RECALL)
        await give(claim("no", "said", "denied"))
        assert list(await reasons(db, 2)) == ["told"]


async def test_a_recall_before_anything_was_sent_leaves_nobody_to_follow(db, clock, give):
    await subscribe(db, "rumours", [await add_receiver(db, "desk")], **RUMOURS)
    await give(rumour())
    await say(db, clock, Act.RECALL)
    await give(claim("no", "said", "denied"))
    assert await reasons(db, 2) == {}


async def test_what_came_back_was_not_told(db, clock, give):
    await subscribe(db, "rumours", [await add_receiver(db, "desk")], **RUMOURS)
    await give(rumour())
    (sent,) = await settle(db, clock, "delivered")
    async with db.write() as session:
        session.add(Returned(delivery_id=sent, kind="soft", reason="full", at=clock()))
    await give(claim("no", "said", "denied"))
    assert await reasons(db, 2) == {}


async def test_what_came_back_the_second_time_was_told_the_first(db, clock, give):
    await subscribe(db, "rumours", [await add_receiver(db, "desk")], **RUMOURS)
    await give(rumour())
    (sent,) = await settle(db, clock, "delivered")
    await again(db, clock, sent)
    await settle(db, clock, "delivered")
    async with db.write() as session:
        session.add(Returned(delivery_id=sent, kind="soft", reason="full", at=clock()))
    await give(claim("no", "said", "denied"))
    assert list(await reasons(db, 2)) == ["desk"]


@pytest.mark.parametrize("arrives", [True, False])
async def test_what_was_told_in_a_digest_was_told_if_that_arrived(
    db, clock, give, dispatch, arrives
):
    async with http_receiver() as receiver:
        await subscribe(db, "rumours", [await add_receiver(db, "desk", receiver.url)], **RUMOURS)
        await wish(db, "desk", **DAILY)
        await give(rumour(), rumour("too", measure="us-other"))
        await send_all(dispatch())
        clock.advance(hours=24)
        await let_go(db, clock)
        ((bundle,),) = await rows(db, Delivery, "id")
        await wish(db, "desk")
        if arrives:
            await send_all(dispatch())
            assert len(receiver.requests) == 1
        else:
            async with db.write() as session:
                session.add(
                    Receipt(
                        delivery_id=bundle,
                        outcome="failed",
                        reason="",
                        attempts=1,
                        finished_at=clock(),
                    )
                )
        await give(claim("no", "said", "denied"))
        assert list(await reasons(db, 3)) == (["desk"] if arrives else [])


async def test_whom_a_person_told_is_told_the_second_though_nobody_subscribed(db, clock, give):
    await add_receiver(db, "desk")
    await give(rumour())
    await tell(db, clock, "desk")
    await give(claim("no", "said", "denied"))
    assert await reasons(db, 2) == {"desk": [("replay", 0, DENIED)]}
    assert len(await rows(db, Delivery)) == 2


async def test_a_test_speaks_of_tests_alone(db, give):
    await subscribe(db, "rumours", [await add_receiver(db, "desk")], kinds=["claim_made"])
    await give(rumour(), claim("no", "said", "denied") | {"handling": "test"})
    assert await reasons(db, 2) == {}
    await give(rumour("trial", measure="us-trial") | {"handling": "test"})
    await give(claim("again", "trial", "denied") | {"handling": "test"})
    assert list(await reasons(db, 4)) == ["desk"]


@pytest.mark.parametrize("wide", [2, 5000])
@pytest.mark.parametrize("page", [1, 3, 1000])
async def test_they_are_paged_through_like_all_destinations(db, give, monkeypatch, wide, page):
    monkeypatch.setattr(module, "WIDE", wide)
    monkeypatch.setattr(module, "DESTINATIONS", page)
    names = [f"d{place}" for place in range(8)]
    for name in names:
        await subscribe(db, f"of-{name}", [await add_receiver(db, name)], **RUMOURS)
    await subscribe(db, "denials", ["d3", await add_receiver(db, "e")], kinds=["claim_denied"])
    await give(rumour())
    await give(claim("no", "said", "denied"))
    found = await reasons(db, 2)
    assert list(found) == [*names, "e"]
    assert [one[0] for one in found["d3"]] == ["denials", "of-d3"]


async def test_who_was_stopped_from_hearing_the_first_hears_the_second_as_new(
    db, clock, give, dispatch
):
    async with http_receiver() as receiver:
        await subscribe(db, "all", [await add_receiver(db, "desk", receiver.url)])
        await give(rumour())
        await say(db, clock, Act.RECALL)
        clock.advance(minutes=1)
        await give(claim("so", "said", "confirmed"))
        await send_all(dispatch())
        (request,) = receiver.requests
        said = json.loads(request.body)["data"]
        assert said["previous_alert"] is None
        assert said["summary"].startswith("Rumour confirmed by a named official: ")


def a_stream(chance, length=24):
    """Rumours, threats and laws, and whatever is said of those that came before."""
    names = []
    for number in range(length):
        name = f"e{number}"
        of = ref(chance.choice(names)) if names and chance.random() < 0.6 else None
        if of and chance.random() < 0.5:
            verdict = chance.choice(["confirmed", "denied", "disputed", "retracted"])
            yield claim(name, of["id"], verdict, certainty=chance.choice(list(Certainty)))
        else:
            fields = {chance.choice(["realises", "withdraws"]): of} if of else {}
            makes = chance.choice([rumour, threat, measure])
            key = chance.choice(["us-a", "us-b"])
            yield makes(name, rate=chance.choice(["5", "10", "25"]), measure=key, **fields)
        names.append(name)


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_comes_who_was_told_the_first_is_told_the_second_once(
    db, clock, give, monkeypatch, seed
):
    chance = random.Random(seed)
    monkeypatch.setattr(module, "WIDE", chance.choice([3, 5000]))
    monkeypatch.setattr(module, "DESTINATIONS", chance.choice([2, 1000]))
    rules = {f"s{number}": a_rule(chance) for number in range(9)}
    for name, rule in rules.items():
        await subscribe(db, name, [await add_receiver(db, f"to-{name}")], **rule)
    told = {}
    settled = {}
    for event in a_stream(chance):
        await give(event)
        for row in await rows(db, Alert, "id", "change_id", "destination_id"):
            if row[0] not in settled:
                settled[row[0]] = chance.choice(["delivered", "muted", "failed", None])
                if settled[row[0]]:
                    await end(db, clock, row[0], settled[row[0]])
                if settled[row[0]] in {"delivered", None}:
                    told.setdefault(row[1], set()).add(row[2])
    alerts = await rows(db, Alert, "change_id", "destination_id")
    assert len(set(alerts)) == len(alerts)
    known = {name: read_rule(rule) for name, rule in await rows(db, Subscription, "id", "rule")}
    changes = [read_change(body) for (body,) in await rows(db, Change, "body", order="number")]
    by_event = {one.event: one.id for one in changes}
    followed = 0
    for one in changes:
        firsts = [by_event[first] for first in followed_by(one) if first in by_event]
        before = set().union(*(told.get(first, set()) for first in firsts))
        facts = facts_of(one)
        asked = {f"to-{name}" for name in known if isinstance(match(facts, known[name]), Match)}
        assert {to for change, to in alerts if change == one.id} == asked | before
        followed += len(before - asked)
    assert followed > 0


def a_rule(chance):
    rule = {"kinds": chance.sample(["claim_made", "threat_issued", "claim_denied", "ended"], 2)}
    if chance.random() < 0.3:
        rule = {"min_certainty": chance.choice(["announced", "reported"])}
    return rule


async def end(db, clock, alert, outcome):
    async with db.write() as session:
        await session.execute(delete(Delivery).where(col(Delivery.id) == alert))
        session.add(
            Receipt(delivery_id=alert, outcome=outcome, reason="", attempts=1, finished_at=clock())
        )
