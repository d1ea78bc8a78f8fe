"""Who asked for the latest alone: what was not sent gives way, and what was told stays honest."""

import asyncio
import json
from contextlib import contextmanager
from email import message_from_bytes, policy

import pytest
from sqlalchemy import Engine, event, text, update

from service.core.sending.steering import Act, NotPossible
from service.dispatch.plan import Planner
from service.dispatch.render import Renderer
from service.store.database import open_database
from service.store.delivery.holding import disable, release
from service.store.delivery.tables import Delivery, Held, Receipt, Superseded
from service.store.following.tables import Destination, Subscription
from service.store.plans.fanouts import record_pages
from service.telemetry import Metrics
from service.verify.alerts import check_alerts, check_receipts, check_superseded
from service.verify.books import Books
from tests.books import NOW, add_receiver, consumer_of, count, rows, silent, subscribe, take
from tests.core.builders import measure
from tests.dispatch.office import HEAD, claim_for, send_all
from tests.dispatch.steering import again, alerts, run_errands, say
from tests.receivers import Answer, http_receiver

START = "2025-04-10T00:01:00-04:00"


async def follow_latest(db, name, receiver=None, *, steps="latest", **more):
    """Everything, to one destination, and only what holds by now."""
    address = {"address": receiver.url} if receiver else {}
    await add_receiver(db, name, **address, **more)
    await subscribe(db, f"all-{name}", [name])
    await set_steps(db, f"all-{name}", steps)


async def set_steps(db, subscription, steps):
    async with db.write() as session:
        named = Subscription.id == subscription
        await session.execute(update(Subscription).where(named).values(steps=steps))


@contextmanager
def listening():
    """The statements that are written meanwhile."""
    seen = []

    def note(_connection, _cursor, statement, *_):
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def ends(db):
    """By alert, in their order: how it ended, "held", or None for what is on its way."""
    ended = dict(await rows(db, Receipt, "delivery_id", "outcome"))
    held = {one for (one,) in await rows(db, Held, "delivery_id")}
    ids = [one for (one,) in await alerts(db, "id")]
    return [ended.get(one) or ("held" if one in held else None) for one in ids]


async def faults(db):
    async with db.read() as session:
        books = Books(session, NOW, NOW)
        checks = (check_alerts, check_receipts, check_superseded)
        found = [one for check in checks async for one in check(books)]
    return [str(one) for one in found if "counter" not in str(one)]


@pytest.fixture(autouse=True)
async def _books_add_up(db):
    yield
    assert await faults(db) == []


async def pause(db, clock, name="desk"):
    async with db.write() as session:
        await disable(session, name, "by its owner", clock(), "paused")


async def resume(db, clock, name="desk"):
    async with db.write() as session:
        active = update(Destination).where(Destination.id == name).values(state="active")
        await session.execute(active)
        await release(session, name, clock())


async def said_of(db, one):
    """The data of one alert as a webhook."""
    async with db.read() as session:
        bodies = await Renderer(HEAD).bodies(session, [one])
    return json.loads(bodies[one])["data"]


async def test_what_was_not_sent_gives_way_to_the_latest(db, alert, dispatch):
    async with http_receiver() as receiver:
        await follow_latest(db, "desk", receiver)
        await alert(3)
        assert await ends(db) == ["superseded", "superseded", None]
        first, second, third = [one for (one,) in await alerts(db, "id")]
        reasons = dict(await rows(db, Receipt, "delivery_id", "reason"))
        assert str(second) in reasons[first]
        assert str(third) in reasons[second]
        assert set(await rows(db, Superseded)) == {(first, third), (second, third)}
        await send_all(dispatch())
    assert [one.headers["webhook-id"] for one in receiver.requests] == [str(third)]


async def test_every_step_is_sent_to_who_does_not_ask_for_less(db, alert):
    await follow_latest(db, "desk", steps="every")
    await alert(2)
    assert await ends(db) == [None, None]


async def test_nothing_is_asked_where_nobody_wants_the_latest_alone(db, alert):
    await follow_latest(db, "desk", steps="every")
    await alert()
    with listening() as seen:
        await alert()
    assert not [one for one in seen if "superseded" in one]


async def test_few_statements_however_many_give_way(db, log, clock, alert):
    for number in range(30):
        await follow_latest(db, f"desk-{number:02}")
    await alert()
    with listening() as seen:
        await alert()
    assert await ends(db) == ["superseded"] * 30 + [None] * 30
    assert 0 < len([one for one in seen if "superseded" in one or "held" in one]) <= 8


async def test_one_who_wants_every_step_keeps_it_for_all_behind_the_same_alert(db, alert):
    await follow_latest(db, "desk")
    await subscribe(db, "too", ["desk"])
    await alert(2)
    assert await ends(db) == [None, None]


@pytest.mark.parametrize("steps", ["every", "latest"])
async def test_destinations_have_nothing_to_do_with_each_other(db, alert, steps):
    await follow_latest(db, "a-desk")
    await follow_latest(db, "b-desk", steps=steps)
    await alert(2)
    second = None if steps == "every" else "superseded"
    assert await ends(db) == ["superseded", second, None, None]


async def test_what_waits_for_a_paused_destination_gives_way_too(db, clock, alert, dispatch):
    async with http_receiver() as receiver:
        await follow_latest(db, "desk", receiver)
        await alert()
        await pause(db, clock)
        await alert(2)
        assert await ends(db) == ["superseded", "superseded", "held"]
        await resume(db, clock)
        await send_all(dispatch())
    assert await ends(db) == ["superseded", "superseded", "delivered"]
    assert len(receiver.requests) == 1


async def test_what_waits_in_a_lane_gives_way_too(db, clock, alert, dispatch):
    async with http_receiver() as receiver:
        await follow_latest(db, "desk", receiver, rate=0.001)
        await alert()
        await send_all(dispatch())
        await alert()
        await send_all(dispatch())
        assert await rows(db, Delivery, "lane") == [("desk",)]
        await alert()
    assert await ends(db) == ["delivered", "superseded", None]


async def test_news_is_not_held_for_one_who_had_no_say_in_what_it_overtakes(db, alert):
    """The first is on its way; the second waits for the paused subscription alone."""
    await add_receiver(db, "desk")
    await subscribe(db, "imposed", ["desk"], kinds=["measure_announced"])
    await subscribe(db, "raised", ["desk"], kinds=["rate_increased"], state="paused")
    for one in ("imposed", "raised"):
        await set_steps(db, one, "latest")
    await alert(2)
    assert await ends(db) == [None, "held"]


async def test_what_was_tried_is_tried_again(db, clock, alert, dispatch):
    async with http_receiver(Answer(status=500)) as receiver:
        await follow_latest(db, "desk", receiver)
        await alert()
        await send_all(dispatch())
        await alert()
    assert await ends(db) == [None, None]
    assert len(receiver.requests) == 1


async def test_what_a_sender_has_claimed_is_sent(db, clock, alert):
    await follow_latest(db, "desk")
    await alert()
    async with db.write() as session:
        assert len(await claim_for(session, "them", clock())) == 1
    await alert()
    assert await ends(db) == [None, None]


async def test_a_test_takes_the_place_of_nothing_real(db, log, clock):
    await follow_latest(db, "desk")
    planner = Planner(db, clock, Metrics(), silent)
    law = measure("law", rate="25", effective_at=START)
    trial = measure("trial", "increased", rate="90", effective_at=START, handling="test")
    for one in (law, trial):
        await take(consumer_of(db, log, clock), db, one)
        while await planner.step():
            pass
    assert await ends(db) == [None, None]


# What people decide


async def test_a_halted_one_stays_halted(db, clock, alert):
    await follow_latest(db, "desk")
    await alert()
    await say(db, clock, Act.HALT)
    await alert()
    assert await ends(db) == ["held", None]


async def test_a_correction_neither_gives_way_nor_takes_a_place(db, clock, alert, dispatch):
    async with http_receiver() as receiver:
        await follow_latest(db, "desk", receiver)
        await alert()
        await send_all(dispatch())
        await say(db, clock, Act.RECALL)
        await alert()
        assert await ends(db) == ["delivered", None, None]
        await send_all(dispatch())
    assert len(receiver.requests) == 3


async def test_what_is_taken_back_unsent_gives_its_place_back(db, clock, alert, dispatch):
    async with http_receiver() as receiver:
        await follow_latest(db, "desk", receiver)
        await alert(3)
        await say(db, clock, Act.RECALL, 3)
        assert await ends(db) == ["superseded", None, "cancelled"]
        first, second, _ = [one for (one,) in await alerts(db, "id")]
        assert await rows(db, Superseded) == [(first, second)]
        await send_all(dispatch())
    assert [one.headers["webhook-id"] for one in receiver.requests] == [str(second)]


async def test_what_was_recalled_too_does_not_come_back(db, clock, alert):
    await follow_latest(db, "desk")
    await alert(2)
    await say(db, clock, Act.RECALL, 1)
    await say(db, clock, Act.RECALL, 2)
    assert await ends(db) == ["superseded", "cancelled"]


async def test_what_is_newer_and_waits_answers_for_it(db, clock, alert):
    """The second is recalled while the third waits, and then the third: the first holds again."""
    await follow_latest(db, "desk")
    await alert(2)
    await say(db, clock, Act.HALT, 2)
    await alert()
    clock.advance(minutes=5)
    await say(db, clock, Act.RECALL, 2)
    first, _, third = [one for (one,) in await alerts(db, "id")]
    assert await rows(db, Superseded) == [(first, third)]
    await say(db, clock, Act.RECALL, 3)
    assert await ends(db) == [None, "cancelled", "cancelled"]


async def test_what_was_overtaken_does_not_come_back(db, clock, alert):
    await follow_latest(db, "desk")
    await alert(2)
    await say(db, clock, Act.HALT, 2)
    await alert()
    clock.advance(minutes=5)
    await say(db, clock, Act.RECALL, 2)
    assert await ends(db) == ["superseded", "cancelled", None]


async def test_what_was_halted_meanwhile_comes_back_halted(db, clock, alert):
    await follow_latest(db, "desk")
    await alert(2)
    await say(db, clock, Act.HALT, 1)
    await say(db, clock, Act.RECALL, 2)
    assert await ends(db) == ["held", "cancelled"]
    await say(db, clock, Act.RESUME, 1)
    await run_errands(db, clock)
    assert await ends(db) == [None, "cancelled"]


async def test_who_wants_a_superseded_one_is_told_which_to_send(db, clock, alert):
    await follow_latest(db, "desk")
    await alert(2)
    (first,), (second,) = await alerts(db, "id")
    with pytest.raises(NotPossible, match=str(second)):
        await again(db, clock, first)


# What a receiver reads


async def test_the_latest_says_what_its_receiver_last_knew(db, alert, dispatch):
    async with http_receiver() as receiver:
        await follow_latest(db, "desk", receiver)
        await alert()
        await send_all(dispatch())
        await alert(3)
        told, second, third, latest = [one for (one,) in await alerts(db, "id")]
        said = await said_of(db, latest)
    assert said["previous_alert"] == str(told)
    assert said["supersedes"] == [str(second), str(third)]
    assert said["last_told"]["alert"] == str(told)
    assert said["last_told"]["said"] == "11 %"
    assert "13 % → 14 %" in said["summary"]
    assert said["summary"].endswith(
        " You were last told: 11 %; 2 steps since then gave way to this, the latest."
    )


async def test_who_was_told_nothing_before_is_told_so(db, alert):
    await follow_latest(db, "desk")
    await alert(2)
    said = await said_of(db, (await alerts(db, "id"))[1][0])
    assert (said["previous_alert"], said["last_told"]) == (None, None)
    assert "1 step before this you were not told" in said["summary"]


async def test_the_next_step_follows_the_one_that_was_sent(db, alert, dispatch):
    async with http_receiver() as receiver:
        await follow_latest(db, "desk", receiver)
        await alert(2)
        await send_all(dispatch())
        await alert()
    _, (second,), (third,) = await alerts(db, "id")
    said = await said_of(db, third)
    assert said["previous_alert"] == str(second)
    assert "supersedes" not in said


async def test_a_mail_answers_what_was_sent(db, alert):
    await follow_latest(db, "box", address="ops@example.org", kind="email")
    await alert(2)
    latest = (await alerts(db, "id"))[1][0]
    async with db.read() as session:
        bodies = await Renderer(HEAD).bodies(session, [latest])
    mail = message_from_bytes(bodies[latest], policy=policy.default)
    assert mail["In-Reply-To"] is None
    text = " ".join(mail.get_body(["plain"]).get_content().split())
    assert "1 step before this you were not told" in text


async def test_a_minimum_is_measured_against_what_was_told(db, clock, alert, dispatch):
    """11 % was told, 15 % gave way to 17 %: 18 % is one point away from what they will know."""
    async with http_receiver() as receiver:
        await add_receiver(db, "desk", receiver.url)
        await subscribe(db, "big", ["desk"], min_delta_pp="2")
        await set_steps(db, "big", "latest")
        await alert()
        await send_all(dispatch())
        await alert(4)
    assert await alerts(db, "told_pp") == [("11",), ("13",), ("15",)]
    assert await ends(db) == ["delivered", "superseded", None]


# At the same moment


async def plan_beside(db, clock, between):
    """Write a page that was planned before `between` happened."""
    planner = Planner(db, clock, Metrics(), silent)
    turn = await db.run_write(planner._turn_pages)
    await between()
    await db.run_write(lambda session: record_pages(session, turn.pages, clock()))


async def test_a_sender_that_claims_it_meanwhile_has_it(db, log, clock, alert):
    await follow_latest(db, "desk")
    await alert()
    more = measure("more", "increased", rate="50", effective_at=START)
    await take(consumer_of(db, log, clock), db, more)

    async def claim():
        async with db.write() as session:
            assert len(await claim_for(session, "them", clock())) == 1

    await plan_beside(db, clock, claim)
    assert await ends(db) == [None, None]


async def test_a_claim_that_is_not_committed_yet_is_not_waited_for(server_database, log, clock):
    async with open_database(server_database) as server:
        await _claim_beside(server, log, clock)


async def _claim_beside(server, log, clock):
    await follow_latest(server, "desk")
    planner = Planner(server, clock, Metrics(), silent)
    await take(
        consumer_of(server, log, clock), server, measure("law", rate="25", effective_at=START)
    )
    await planner.step()
    more = measure("more", "increased", rate="50", effective_at=START)
    await take(consumer_of(server, log, clock), server, more)
    async with server.write() as session:
        assert len(await claim_for(session, "them", clock())) == 1
        await asyncio.wait_for(planner.step(), 10)
    assert await ends(server) == [None, None]


async def test_what_arrives_after_it_gave_way_is_delivered(db, clock, alert, dispatch):
    """Paused while it is in the air: it is held, gives way, and arrives all the same."""
    async with http_receiver(answer=Answer(delay=0.2)) as receiver:
        await follow_latest(db, "desk", receiver)
        await alert()
        sender = dispatch()
        await sender.turn()
        await pause(db, clock)
        await alert()
        assert await ends(db) == ["superseded", "held"]
        await sender.drain()
    assert len(receiver.requests) == 1
    assert await ends(db) == ["delivered", "held"]
    assert await count(db, Superseded) == 0
    (first,), (second,) = await alerts(db, "id")
    assert (await said_of(db, second))["previous_alert"] == str(first)


DAMAGES = {
    "nobody": (
        "UPDATE superseded SET successor_id = '00000000000000000000000000000001'",
        "which is not there",
    ),
    "itself": ("UPDATE superseded SET successor_id = delivery_id", "which is older"),
    "nowhere": ("DELETE FROM superseded", "not to which alert"),
    "otherwise ended": ("UPDATE receipt SET outcome = 'muted'", "and is muted"),
    "another subject": (
        "UPDATE alert SET subject = 'x' WHERE number = 2",
        "tells something else, or somebody else",
    ),
}


@pytest.mark.parametrize(("statement", "said"), DAMAGES.values(), ids=DAMAGES)
async def test_damage_is_found_and_explained(db, alert, statement, said):
    await follow_latest(db, "desk")
    await alert(2)
    async with db.write() as session:
        await session.execute(text(statement))
        found = [str(one) async for one in check_superseded(Books(session, NOW, NOW))]
        await session.rollback()
    assert len(found) == 1
    assert said in found[0]
